"""Kernels that learn the coherence of all pairs of dates: a function of the time apart times a quality of each date.

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


@kernel
def start_coherence(cr: F32, ci: F32, looks: F32, a: F32) -> None:
    """Fill ``a`` with the squared coherence of each pair, freed of its bias in the mean: may be negative.

    ``E |c|^2 = g^2 + (1 - g^2) / looks`` to first order.
    """
    for e in range(a.shape[0]):
        for lane in range(a.shape[1]):
            square = cr[e, lane] * cr[e, lane] + ci[e, lane] * ci[e, lane]
            share = ONE / max(looks[lane], np.float32(2.0))
            a[e, lane] = (square - share) / (ONE - share)


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
def fit_lag(a: F32, q: F32, bins: NDArray[np.int32], smooth: F32, sums: F32, f: F32) -> None:
    """Fill ``f`` with the coherence as a function of the time apart, given the dates' quality.

    Parameters
    ----------
    a : float32, (element, lane)
        Coherence of each pair, or its square.
    q : float32, (date, lane)
        Quality.
    bins : int32, (element)
        Which time apart; anything on the diagonal.
    smooth : float32, (bin, bin)
        Weight of the second bin's pairs in the value of the first.
    sums : float32, (3, bin, lane)
        Scratch.
    f : float32, (bin, lane)
        Filled: weighted least squares over the pairs of alike times apart.
    """
    n, n_lanes = q.shape
    sums[:] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            top, bottom = sums[0, bins[e + j]], sums[1, bins[e + j]]
            for lane in range(n_lanes):
                w = q[i, lane] * q[j, lane]
                top[lane] += a[e + j, lane] * w
                bottom[lane] += w * w
        e += i + 1
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
def fit_quality(a: F32, f: F32, bins: NDArray[np.int32], looks: F32, sums: F32, present: F32, q: F32) -> None:
    """Improve the quality of each date, given the coherence as a function of the time apart.

    Parameters
    ----------
    a, f, bins
        As in :func:`fit_lag`.
    looks : float32, (lane)
        Independent samples of the window.
    sums : float32, (2, date, lane)
        Scratch.
    present : float32, (date, lane)
        1 where the date has data, else 0.
    q : float32, (date, lane)
        Improved: half a step of the least-squares fit, drawn toward 1 by as much as its noise asks for.

    Notes
    -----
    The spread of true qualities is what is left of the spread of the fitted ones when their noise, 1/(2 looks) over
    the sum of squared weights, is taken off: where all dates are alike, no noise is fitted.
    """
    n, n_lanes = q.shape
    sums[:] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            g = f[bins[e + j]]
            for lane in range(n_lanes):
                sums[0, i, lane] += a[e + j, lane] * g[lane] * q[j, lane]
                sums[1, i, lane] += g[lane] * g[lane] * q[j, lane] * q[j, lane]
            for lane in range(n_lanes):
                sums[0, j, lane] += a[e + j, lane] * g[lane] * q[i, lane]
                sums[1, j, lane] += g[lane] * g[lane] * q[i, lane] * q[i, lane]
        e += i + 1
    for lane in range(n_lanes):
        spread, count, mean = ZERO, ZERO, ZERO
        noise = np.float32(0.5) / max(looks[lane], ONE)
        for i in range(n):
            if present[i, lane] > ZERO:
                sums[0, i, lane] /= max(sums[1, i, lane], SMALL)
                count += ONE
                mean += min(max(sums[0, i, lane], ZERO), MOST_QUALITY)
        mean /= max(count, ONE)
        for i in range(n):
            if present[i, lane] > ZERO:
                d = min(max(sums[0, i, lane], ZERO), MOST_QUALITY) - mean
                spread += d * d - noise / max(sums[1, i, lane], SMALL)
        spread = max(spread / max(count, ONE), np.float32(1e-4))
        square = ZERO
        for i in range(n):
            own = noise / max(sums[1, i, lane], SMALL)
            value = min(max(sums[0, i, lane], ZERO), MOST_QUALITY)
            value = mean + (value - mean) * spread / (spread + own)
            value = max(np.float32(0.5) * (q[i, lane] + value), LEAST_QUALITY)
            q[i, lane] = value if present[i, lane] > ZERO else ZERO
            square += q[i, lane] * q[i, lane]
        scale = np.sqrt(max(count, ONE) / max(square, SMALL))
        for i in range(n):
            q[i, lane] *= scale


@kernel
def model_coherence(q: F32, f: F32, bins: NDArray[np.int32], squared: int, t: F32) -> None:
    """Fill ``t`` with the coherence that quality and time apart imply, ones on the diagonal.

    ``squared``: quality and function describe the squared coherence.
    """
    n, n_lanes = q.shape
    e = 0
    for i in range(n):
        for j in range(i):
            g = f[bins[e]]
            for lane in range(n_lanes):
                value = g[lane] * q[i, lane] * q[j, lane]
                if squared:
                    value = np.sqrt(value)
                t[e, lane] = min(value, HIGHEST)
            e += 1
        for lane in range(n_lanes):
            t[e, lane] = ONE
        e += 1
