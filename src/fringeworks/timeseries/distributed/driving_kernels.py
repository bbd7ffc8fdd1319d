"""The kernel that links whole pieces of an image: covariance, weights, phases and their quality, cell by cell."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.bound_kernels import scale_weights
from fringeworks.timeseries.distributed.coherence_kernels import (
    fit_lag,
    fit_loss,
    fit_quality,
    model_coherence,
    start_coherence,
    turned_coherence,
)
from fringeworks.timeseries.distributed.matrix_kernels import (
    factor,
    invert_factor,
    order_of,
    solve,
    square_inverse,
)
from fringeworks.timeseries.distributed.phase_kernels import (
    factor_hermitian,
    gradient,
    information,
    multiply,
    normalise,
    settle,
    solve_hermitian,
    start_vector,
    turn,
    unit,
    weigh,
)

F32 = NDArray[np.float32]
ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
ML: Final = 0
EMI: Final = 1
EVD: Final = 2

TOO_FEW: Final = 1
REPAIRED: Final = 2
NOT_CONVERGED: Final = 4
DATES_MISSING: Final = 8

SMALLEST_PIVOT: Final = 1e-4
REPAIRS: Final = 12
MOST_POWERS: Final = 200
MOST_INVERSES: Final = 120
TOLERANCE: Final = 1e-7
STARTING_INVERSES: Final = 5
SHIFT: Final = np.float32(0.8)
OUTER: Final = 2  # events are looked for in the second
INNER: Final = 8
STILL: Final = 0.02
"""A step is the last whose square, in units of the phases' own noise and summed over the dates, is below this."""


@kernel
def prepare(
    sums: F32,
    counts: F32,
    minimum: int,
    share: float,
    scales: F32,
    present: F32,
    looks: F32,
    flags: NDArray[np.uint8],
) -> None:
    """Turn sums of products into coherence, and say which dates are there and how many looks there are.

    Parameters
    ----------
    sums : float32, (2, element, lane)
        Sums of products; replaced by coherence, ones on the diagonal, 0 where a date is missing.
    counts : float32, (element, lane)
        Samples that both dates have.
    minimum : int
        A date with fewer samples, or less than half of those of the best date, is missing.
    share : float
        Independent samples per sample.
    scales : float32, (date, lane)
        Scratch.
    present : float32, (date, lane)
        Filled with 1 or 0.
    looks : float32, (lane)
        Filled with the mean number of independent samples of the dates present.
    flags : uint8, (lane)
        Filled.
    """
    n, n_lanes = present.shape
    for lane in range(n_lanes):
        most, used, total = ZERO, 0, ZERO
        for i in range(n):
            d = i * (i + 1) // 2 + i
            most = max(most, counts[d, lane])
        for i in range(n):
            d = i * (i + 1) // 2 + i
            enough = counts[d, lane] >= max(np.float32(minimum), np.float32(0.5) * most)
            there = enough and sums[0, d, lane] > ZERO
            present[i, lane] = ONE if there else ZERO
            used += 1 if there else 0
            total += counts[d, lane] if there else ZERO
        looks[lane] = np.float32(share) * total / np.float32(max(used, 1))
        flags[lane] = 0
        if used < n:
            flags[lane] |= DATES_MISSING
        if used < 2:
            flags[lane] |= TOO_FEW
    for i in range(n):
        d = i * (i + 1) // 2 + i
        for lane in range(n_lanes):
            there = present[i, lane] > ZERO
            power = sums[0, d, lane] if there else ONE
            scales[i, lane] = np.sqrt(counts[d, lane] / power) if there else ZERO
    e = 0
    least = np.float32(minimum)
    for i in range(n):
        for j in range(i):
            for lane in range(n_lanes):
                # sqrt(n_i n_j) / n_ij over the root of the powers
                scale = scales[i, lane] * scales[j, lane] / max(counts[e, lane], ONE)
                scale = scale if counts[e, lane] >= least else ZERO
                sums[0, e, lane] *= scale
                sums[1, e, lane] *= scale
            e += 1
        for lane in range(n_lanes):
            sums[0, e, lane] = ONE
            sums[1, e, lane] = ZERO
        e += 1


@kernel
def invert_coherence(t: F32, x: F32, m: F32, total: F32, flags: NDArray[np.uint8]) -> None:
    """Fill ``m`` with the inverse of ``t``; where ``t`` is not positive definite, its off-diagonal is halved and flagged.

    ``t`` holds afterwards what was inverted.  All arrays float32 (element, lane) but ``total`` (2, lane).
    """
    n_lanes = t.shape[1]
    sound = np.ones(n_lanes, np.bool_)
    for _ in range(REPAIRS):
        sound[:] = True
        x[:] = t
        factor(x, total, sound, smallest=SMALLEST_PIVOT)
        if sound.all():
            break
        for lane in range(n_lanes):
            total[0, lane] = ONE if sound[lane] else np.float32(0.5)
            if not sound[lane]:
                flags[lane] |= REPAIRED
        e = 0
        n = order_of(t.shape[0])
        for i in range(n):
            for _j in range(i):
                for lane in range(n_lanes):
                    t[e, lane] *= total[0, lane]
                e += 1
            e += 1
    invert_factor(x, total[0])
    square_inverse(x, m)


@kernel
def largest_eigenvector(cr: F32, ci: F32, xr: F32, xi: F32, yr: F32, yi: F32, moving: F32) -> None:
    """Replace ``x``, the start, by the eigenvector of the largest eigenvalue of Hermitian matrices (power iteration)."""
    scale = np.empty(xr.shape[1], np.float32)
    normalise(xr, xi, scale)
    moving[:] = ONE
    for _ in range(MOST_POWERS):
        multiply(cr, ci, xr, xi, yr, yi)
        normalise(yr, yi, scale)
        if not settle(xr, xi, yr, yi, moving, TOLERANCE):
            break


@kernel
def smallest_eigenvector(
    m: F32, cr: F32, ci: F32, hr: F32, hi: F32, xr: F32, xi: F32, yr: F32, yi: F32, total: F32, moving: F32,
    most: int,
) -> None:  # fmt: skip
    """Replace ``x``, the start, by the eigenvector of the smallest eigenvalue of ``m o c``.

    Inverse iteration, ``most`` times at most; ``h`` is scratch; ``moving`` stays 1 where the last step was larger than the
    tolerance.  The smallest eigenvalue is 1 where m is the inverse of abs(c) and seldom much less: a shift to below it
    speeds up the iteration; where it is too much, there is none.
    """
    sound = np.ones(xr.shape[1], np.bool_)
    shift = total[1]
    shift[:] = SHIFT
    weigh(m, cr, ci, shift, hr, hi)
    factor_hermitian(hr, hi, yr, sound)
    if not sound.all():
        for lane in range(sound.size):
            shift[lane] = SHIFT if sound[lane] else ZERO
        sound[:] = True
        weigh(m, cr, ci, shift, hr, hi)
        factor_hermitian(hr, hi, yr, sound)
    normalise(xr, xi, total[0])
    moving[:] = ONE
    for _ in range(most):
        yr[:] = xr
        yi[:] = xi
        solve_hermitian(hr, hi, yr, yi)
        normalise(yr, yi, total[0])
        if not settle(xr, xi, yr, yi, moving, TOLERANCE):
            break
    for lane in range(xr.shape[1]):
        if not sound[lane]:
            moving[lane] = ONE


@kernel
def learn_coherence(
    a: F32, bins: NDArray[np.int32], smooth: F32, looks: F32, present: F32, model: F32, f: F32, work: F32,
    t: F32, squared: int, rounds: int, events: int,
) -> None:  # fmt: skip
    """Fill ``t`` with the coherence of the model that fits ``a`` best; ``model`` is the start and the result.

    ``model``: float32, (5, date, lane), quality q, share kept p, 1/p, and the factors u and w.  Events are looked for if
    ``events``: once the phases are known, for phases that are wrong look like one.
    """
    q, p, r, u, w = model[0], model[1], model[2], model[3], model[4]
    for _ in range(rounds):
        fit_lag(a, u, w, bins, smooth, work, f)
        if events:
            fit_loss(a, f, bins, looks, squared, q, p, r, work, u, w)
        fit_quality(a, f, bins, looks, squared, present, p, r, work, q, u, w)
    fit_lag(a, u, w, bins, smooth, work, f)
    model_coherence(u, w, f, bins, squared, t)


@kernel
def most_likely(
    cr: F32, ci: F32, bins: NDArray[np.int32], smooth: F32, looks: F32, present: F32, reference: int, known: F32,
    model: F32, f: F32, work: F32, t: F32, m: F32, x: F32, hr: F32, hi: F32,
    vr: F32, vi: F32, yr: F32, yi: F32, total: F32, moving: F32, flags: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill phasors ``v`` by maximum likelihood; ``t``, ``m`` and ``x`` end as coherence, its inverse and the information's factor.

    Coherence is learnt first from magnitudes, then, twice, from the sample coherence with its phase turned back by the
    phases found so far; or it is ``known``, float32 (element), empty where it is not.  Phases move by Fisher's scoring.
    """
    start_coherence(cr, ci, looks, hr)
    start_vector(hr, cr, ci, vr, yr, yi)
    unit(yr, yi, vr, vi)
    start_model(present, model)
    if known.size:
        know_coherence(known, present, t)
    else:
        learn_coherence(hr, bins, smooth, looks, present, model, f, work, t, 1, 4, 0)
    invert_coherence(t, x, m, total, flags)
    smallest_eigenvector(m, cr, ci, hr, hi, vr, vi, yr, yi, total, moving, STARTING_INVERSES)
    unit(vr, vi, vr, vi)
    model[:] = np.sqrt(model)
    sound = np.ones(moving.size, np.bool_)
    for outer in range(OUTER):
        if known.size == 0:
            turned_coherence(cr, ci, vr, vi, hr)
            learn_coherence(hr, bins, smooth, looks, present, model, f, work, t, 0, 3 + outer, outer)
        invert_coherence(t, x, m, total, flags)
        information(t, m, x, reference)
        factor(x, total, sound, 0.0)
        moving[:] = ONE
        for _step in range(INNER):
            gradient(m, cr, ci, vr, vi, yr)
            yr[reference] = ZERO
            yi[:] = yr
            solve(x, yr)
            if not turn(yr, yi, looks, vr, vi, moving, STILL):
                break
    for lane in range(moving.size):
        if moving[lane] > ZERO:
            flags[lane] |= NOT_CONVERGED


@kernel
def know_coherence(known: F32, present: F32, t: F32) -> None:
    """Fill ``t`` with a known coherence between the dates that are present."""
    e = 0
    for i in range(present.shape[0]):
        for j in range(i + 1):
            for lane in range(t.shape[1]):
                t[e, lane] = ONE if i == j else known[e] * present[i, lane] * present[j, lane]
            e += 1


@kernel
def describe(cr: F32, ci: F32, vr: F32, vi: F32, present: F32, temporal: F32, mean: F32) -> None:
    """Fill temporal coherence and mean coherence of the pairs whose dates are both there, each (lane)."""
    n, n_lanes = vr.shape
    count = np.zeros(n_lanes, np.float32)
    temporal[:] = ZERO
    mean[:] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            for lane in range(n_lanes):
                both = present[i, lane] * present[j, lane]
                size = np.sqrt(cr[e, lane] * cr[e, lane] + ci[e, lane] * ci[e, lane])
                turn_r = vr[i, lane] * vr[j, lane] + vi[i, lane] * vi[j, lane]
                turn_i = vi[i, lane] * vr[j, lane] - vr[i, lane] * vi[j, lane]
                along = cr[e, lane] * turn_r + ci[e, lane] * turn_i
                temporal[lane] += both * along / max(size, np.float32(1e-20))
                mean[lane] += both * size
                count[lane] += both
            e += 1
        e += 1
    for lane in range(n_lanes):
        temporal[lane] /= max(count[lane], ONE)
        mean[lane] /= max(count[lane], ONE)


@kernel
def by_eigenvector(
    cr: F32, ci: F32, bins: NDArray[np.int32], smooth: F32, looks: F32, present: F32, method: int,
    model: F32, f: F32, work: F32, t: F32, m: F32, x: F32, hr: F32, hi: F32,
    vr: F32, vi: F32, yr: F32, yi: F32, total: F32, moving: F32, flags: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill phasors ``v`` with the phases of the first eigenvector of C, or of the last of ``inverse of |C| o C``.

    ``t`` and ``m`` end as the coherence that is learnt, and the weights that the method gives to the pairs.
    """
    for e in range(t.shape[0]):
        for lane in range(t.shape[1]):
            hr[e, lane] = np.sqrt(cr[e, lane] * cr[e, lane] + ci[e, lane] * ci[e, lane])
    start_vector(hr, cr, ci, yr, vr, vi)
    if method == EVD:
        m[:] = -ONE
        largest_eigenvector(cr, ci, vr, vi, yr, yi, moving)
        scale_weights(m, vr, vi)
    else:
        t[:] = hr
        invert_coherence(t, x, m, total, flags)
        smallest_eigenvector(m, cr, ci, hr, hi, vr, vi, yr, yi, total, moving, MOST_INVERSES)
    for lane in range(moving.size):
        if moving[lane] > ZERO:
            flags[lane] |= NOT_CONVERGED
    unit(vr, vi, vr, vi)
    start_model(present, model)
    turned_coherence(cr, ci, vr, vi, hr)
    learn_coherence(hr, bins, smooth, looks, present, model, f, work, t, 0, 4, 1)


@kernel
def start_model(present: F32, model: F32) -> None:
    """Fill a model of dates that are all alike."""
    model[:] = ONE
    model[0] = present
    model[3] = present
    model[4] = present
