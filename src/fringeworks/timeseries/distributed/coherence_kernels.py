"""Kernels that learn the coherence of all pairs of dates: a function of the time apart, a quality of each date, losses.

The model of dates i after j is ``f(t_i - t_j) u_i w_j`` with ``u_i = q_i p_i`` and ``w_j = q_j / p_j``: q is the
quality of a date, and p falls, once and for all, at an event that pairs across it feel and others do not.

Arrays end in ``lane``; see :mod:`fringeworks.timeseries.distributed.matrix_kernels` for the order of elements.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

F32 = NDArray[np.float32]
ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
HIGHEST: Final = np.float32(0.999)
SMALL: Final = np.float32(1e-9)
LEAST_QUALITY: Final = np.float32(0.02)
MOST_QUALITY: Final = np.float32(2.0)
LEAST_KEPT: Final = np.float32(0.05)
"""An event leaves at least this share of the coherence across it."""
LEAST_LEFT: Final = np.float32(1e-4)
SIGNIFICANT: Final = np.float32(4.5)
STARTING: Final = np.float32(6.0)
"""Standard deviations that an event must explain to count; the second, for squared coherence, whose noise has long tails."""
BESIDE_EVENT: Final = 3
"""Dates on each side of an event, at least: fewer are a matter of their quality."""


@kernel
def start_coherence(cr: F32, ci: F32, looks: F32, a: F32) -> None:
    """Fill ``a`` with the squared coherence of each pair, freed of its bias in the mean: may be negative.

    ``E |c|^2 = g^2 + (1 - g^2) / looks`` to first order.
    """
    bias = np.empty(a.shape[1], np.float32)
    gain = np.empty(a.shape[1], np.float32)
    for lane in range(a.shape[1]):
        bias[lane] = ONE / max(looks[lane], np.float32(2.0))
        gain[lane] = ONE / (ONE - bias[lane])
    for e in range(a.shape[0]):
        for lane in range(a.shape[1]):
            square = cr[e, lane] * cr[e, lane] + ci[e, lane] * ci[e, lane]
            a[e, lane] = (square - bias[lane]) * gain[lane]


@kernel
def turned_coherence(cr: F32, ci: F32, vr: F32, vi: F32, a: F32) -> None:
    """Fill ``a`` with the real part of each pair's coherence, its phase turned back by ``v``: free of bias."""
    n = vr.shape[0]
    e = 0
    for i in range(n):
        for j in range(i + 1):
            for lane in range(a.shape[1]):
                turn_r = vr[i, lane] * vr[j, lane] + vi[i, lane] * vi[j, lane]
                turn_i = vi[i, lane] * vr[j, lane] - vr[i, lane] * vi[j, lane]
                a[e, lane] = cr[e, lane] * turn_r + ci[e, lane] * turn_i
            e += 1


@kernel
def fit_lag(a: F32, u: F32, w: F32, bins: NDArray[np.int32], smooth: F32, sums: F32, f: F32) -> None:
    """Fill ``f`` with the coherence as a function of the time apart, given all else: least squares over alike times.

    Parameters
    ----------
    a : float32, (element, lane)
        Coherence of each pair, or its square.
    u, w : float32, (date, lane)
        Factors of the later and the earlier date.
    bins : int32, (element)
        Which time apart; anything on the diagonal.
    smooth : float32, (bin, bin)
        Weight of the second bin's pairs in the value of the first.
    sums : float32, (3, bin, lane)
        Scratch.
    f : float32, (bin, lane)
        Filled, 0 to 1.
    """
    n, n_lanes = u.shape
    sums[:, : f.shape[0]] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            top, bottom = sums[0, bins[e]], sums[1, bins[e]]
            for lane in range(n_lanes):
                g = u[i, lane] * w[j, lane]
                top[lane] += a[e, lane] * g
                bottom[lane] += g * g
            e += 1
        e += 1
    f[:] = ZERO
    for b in range(f.shape[0]):
        for k in range(f.shape[0]):
            s = smooth[b, k]
            if s == ZERO:
                continue
            for lane in range(n_lanes):
                f[b, lane] += s * sums[0, k, lane]
                sums[2, b, lane] += s * sums[1, k, lane]
        for lane in range(n_lanes):
            value = f[b, lane] / max(sums[2, b, lane], SMALL)
            f[b, lane] = min(max(value, ZERO), ONE)


@kernel
def fit_quality(
    a: F32, f: F32, bins: NDArray[np.int32], looks: F32, squared: int, present: F32, p: F32, r: F32, sums: F32,
    q: F32, u: F32, w: F32,
) -> None:  # fmt: skip
    """Improve the quality of each date, given all else, and the factors ``u`` and ``w`` with it.

    Parameters
    ----------
    a, f, bins, u, w
        As in :func:`fit_lag`.
    looks : float32, (lane)
        Independent samples of the window.
    squared : int
        1 where ``a`` is squared coherence, else 0: they differ in noise.
    present : float32, (date, lane)
        1 where the date has data, else 0.
    p, r : float32, (date, lane)
        Share of coherence kept since the first date, and one over it.
    sums : float32, (3, at least date and 4, lane)
        Scratch.
    q : float32, (date, lane)
        Improved: half a step of the least-squares fit, drawn toward the mean by as much as its noise asks for.
    """
    n, n_lanes = q.shape
    sums[:, :n] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            g = f[bins[e]]
            for lane in range(n_lanes):
                part = g[lane] * p[i, lane] * w[j, lane]
                sums[0, i, lane] += a[e, lane] * part
                sums[1, i, lane] += part * part
            for lane in range(n_lanes):
                part = g[lane] * u[i, lane] * r[j, lane]
                sums[0, j, lane] += a[e, lane] * part
                sums[1, j, lane] += part * part
            e += 1
        e += 1
    _draw_quality(sums, looks, squared, present, q)
    follow(q, p, r, u, w)


@kernel
def follow(q: F32, p: F32, r: F32, u: F32, w: F32) -> None:
    """Fill the factors of the later and the earlier date, and one over p."""
    for i in range(q.shape[0]):
        for lane in range(q.shape[1]):
            r[i, lane] = ONE / p[i, lane]
            u[i, lane] = q[i, lane] * p[i, lane]
            w[i, lane] = q[i, lane] * r[i, lane]


@kernel
def _draw_quality(sums: F32, looks: F32, squared: int, present: F32, q: F32) -> None:
    """Move qualities half way to the fitted ones, drawn toward their mean.

    The spread of true qualities is what is left of the spread of the fitted ones when their noise is taken off: where
    all dates are alike, no noise is fitted.
    """
    n, n_lanes = q.shape
    value, noise = sums[0], sums[1]
    count, mean, spread, square = (
        sums[2, 0],
        sums[2, 1],
        np.zeros(n_lanes, np.float32),
        np.zeros(n_lanes, np.float32),
    )
    for lane in range(n_lanes):
        count[lane] = SMALL
        mean[lane] = ZERO
    for i in range(n):
        for lane in range(n_lanes):
            bottom = ONE / max(noise[i, lane], SMALL)
            share = ONE / max(looks[lane], ONE)
            # variance of one element: (1 - g^2)^2 / (2 looks), or about (2 g^2 + 1/looks) / looks of squares
            own = bottom * share * ((np.float32(0.3) + share) if squared else np.float32(0.5))
            fitted = value[i, lane] * bottom
            # the date's phase was chosen so that the sum is real: its noise has made it longer
            freed = np.sqrt(max(fitted * abs(fitted) - own, ZERO))
            value[i, lane] = min(max(fitted if squared else freed, ZERO), MOST_QUALITY)
            noise[i, lane] = own
            count[lane] += present[i, lane]
            mean[lane] += present[i, lane] * value[i, lane]
    for lane in range(n_lanes):
        mean[lane] /= count[lane]
    for i in range(n):
        for lane in range(n_lanes):
            d = value[i, lane] - mean[lane]
            spread[lane] += present[i, lane] * (d * d - noise[i, lane])
    for lane in range(n_lanes):
        spread[lane] = max(spread[lane] / count[lane], np.float32(1e-4))
    for i in range(n):
        for lane in range(n_lanes):
            pull = spread[lane] / (spread[lane] + noise[i, lane])
            drawn = mean[lane] + (value[i, lane] - mean[lane]) * pull
            drawn = max(np.float32(0.5) * (q[i, lane] + drawn), LEAST_QUALITY) * present[i, lane]
            q[i, lane] = drawn
            square[lane] += drawn * drawn
    for lane in range(n_lanes):
        square[lane] = np.sqrt(count[lane] / max(square[lane], SMALL))
    for i in range(n):
        for lane in range(n_lanes):
            q[i, lane] *= square[lane]


@kernel
def fit_loss(
    a: F32, f: F32, bins: NDArray[np.int32], looks: F32, squared: int, q: F32, p: F32, r: F32, sums: F32,
    u: F32, w: F32,
) -> None:  # fmt: skip
    """Look for the event that explains most, between two dates, and lower ``p`` there if it is significant.

    Parameters are those of :func:`fit_quality`; ``p`` gets one new event at most; ``r``, ``u`` and ``w`` follow.

    Notes
    -----
    With the model T, ``s = sum A T / sum T^2`` over the pairs that cross an interval is the share that is kept across
    it.  Sums over all pairs across an interval follow from those of one date after the other.
    """
    n, n_lanes = q.shape
    sums[:, :n] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            g = f[bins[e]]
            for lane in range(n_lanes):
                t = g[lane] * u[i, lane] * w[j, lane]
                sums[0, i, lane] -= a[e, lane] * t
                sums[0, j, lane] += a[e, lane] * t
                sums[1, i, lane] -= t * t
                sums[1, j, lane] += t * t
            e += 1
        e += 1
    for lane in range(n_lanes):
        _place_loss(sums, lane, ONE / max(looks[lane], ONE), squared, p)
    follow(q, p, r, u, w)


@kernel
def _place_loss(sums: F32, lane: int, share: float, squared: int, p: F32) -> None:
    """Mend the losses of one lane that are known, and add the one that explains most, if it is significant."""
    n = p.shape[0]
    one_look = np.float32(share)
    noise = one_look * (np.float32(0.3) + one_look) if squared else np.float32(0.5) * one_look
    top, bottom, best, most = ZERO, ZERO, -1, STARTING if squared else SIGNIFICANT
    for k in range(n - 1):
        top += sums[0, k, lane]
        bottom += sums[1, k, lane]
        safe = max(bottom, np.float32(1e-6))
        ratio = top / safe
        if not squared:
            # as in _draw_quality: the phase across the event was fitted
            ratio = np.sqrt(max(ratio * abs(ratio) - noise / safe, ZERO))
        old = p[k + 1, lane] / p[k, lane]
        sums[2, k, lane] = min(max(ratio * old, LEAST_KEPT), ONE) / old
        weight = (safe - top) / np.sqrt(noise * safe)
        known = old < np.float32(0.999)
        if not known and weight > most and BESIDE_EVENT - 1 <= k < n - BESIDE_EVENT:
            best, most = k, weight
        sums[0, k, lane] = ONE if known else ZERO
    lowered = ONE
    for k in range(n - 1):
        if k == best or sums[0, k, lane] > ZERO:
            lowered *= sums[2, k, lane]
        p[k + 1, lane] = max(p[k + 1, lane] * lowered, LEAST_LEFT)


@kernel
def model_coherence(u: F32, w: F32, f: F32, bins: NDArray[np.int32], squared: int, t: F32) -> None:
    """Fill ``t`` with the coherence of the model, ones on the diagonal.

    ``squared``: the model describes squared coherence.
    """
    n, n_lanes = u.shape
    e = 0
    for i in range(n):
        for j in range(i):
            g = f[bins[e]]
            for lane in range(n_lanes):
                value = g[lane] * u[i, lane] * w[j, lane]
                value = np.sqrt(value) if squared else value
                t[e, lane] = min(value, HIGHEST)
            e += 1
        for lane in range(n_lanes):
            t[e, lane] = ONE
        e += 1
