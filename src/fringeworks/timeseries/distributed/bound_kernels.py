"""Kernels of standard deviations: the bound where weights are the inverse of the coherence, and what other weights reach.

Arrays end in ``lane``; matrices are lower triangles, see :mod:`fringeworks.timeseries.distributed.matrix_kernels`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.matrix_kernels import (
    factor,
    invert_factor,
    order_of,
    square_inverse,
)

F32 = NDArray[np.float32]
ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
TWO: Final = np.float32(2.0)
UNIFORM: Final = np.float32(np.pi / np.sqrt(3.0))
"""Standard deviation of a phase about which nothing is known [rad]."""


@kernel
def least_deviations(x: F32, looks: F32, excess: float, std: F32) -> None:
    """Fill the Cramer-Rao bound, mended where it is large, times a factor; float32 (date, lane) [rad].

    Parameters
    ----------
    x : float32, (element, lane)
        Factors of ``t o inverse(t) - 1`` with the reference held; used up.
    looks : float32, (lane)
        Independent samples.
    excess : float
        Factor.
    std : float32, (date, lane)
        Filled.

    Notes
    -----
    The bound s holds for small noise.  The next term of the expansion of an angle in its noise is of order s^3:
    ``s (1 + s^2)``; a phase about which nothing is known is uniform, and deviates by pi over the root of 3.
    """
    n, n_lanes = std.shape
    invert_factor(x, std[0])
    std[:] = ZERO
    for k in range(n):
        row = k * (k + 1) // 2
        for i in range(k + 1):
            for lane in range(n_lanes):
                std[i, lane] += x[row + i, lane] * x[row + i, lane]
    for i in range(n):
        for lane in range(n_lanes):
            variance = std[i, lane] / (TWO * max(looks[lane], ONE))
            std[i, lane] = min(np.float32(excess) * np.sqrt(variance) * (ONE + variance), UNIFORM)


@kernel
def deviations(
    t: F32, m: F32, looks: F32, reference: int, excess: float, x: F32, scores: F32, total: F32, std: F32
) -> None:
    """Fill the standard deviations that weights ``m`` reach where ``t`` is the coherence, float32 (date, lane) [rad].

    Parameters
    ----------
    t, m : float32, (element, lane)
        Coherence and weights; the weights are used up.
    looks : float32, (lane)
        Independent samples.
    excess : float
        Factor.
    reference : int
        Date whose phase is held.
    x, scores, total : float32, (element, lane) twice, (2, lane)
        Scratch.
    std : float32, (date, lane)
        Filled.

    Notes
    -----
    With half the curvature ``H = t o m - diag(row sums)`` and the covariance of half the gradient,
    ``G = (t o (m t m) - (m t) o (m t)^T) / (2 looks)``, the phases have the covariance ``H^-1 G H^-1``.
    """
    n, n_lanes = std.shape
    product = np.empty((n, n, n_lanes), np.float32)
    _multiply(m, t, product)
    _score_covariance(t, m, product, scores)
    _curvature(t, m, reference, x)
    sound = np.ones(n_lanes, np.bool_)
    factor(x, total, sound, 1e-6)
    invert_factor(x, total[0])
    square_inverse(x, m)
    _multiply(m, scores, product)
    for i in range(n):
        for lane in range(n_lanes):
            std[i, lane] = ZERO
        for j in range(n):
            e = i * (i + 1) // 2 + j if i >= j else j * (j + 1) // 2 + i
            for lane in range(n_lanes):
                std[i, lane] += product[i, j, lane] * m[e, lane]
    for i in range(n):
        for lane in range(n_lanes):
            variance = max(std[i, lane], ZERO) / (TWO * max(looks[lane], ONE))
            value = min(np.float32(excess) * np.sqrt(variance), UNIFORM)
            std[i, lane] = value if sound[lane] else UNIFORM


@kernel
def _multiply(m: F32, t: F32, product: F32) -> None:
    """Fill the product of two symmetric matrices, (date, date, lane); two terms at a time, to spare loads."""
    n, n_lanes = product.shape[0], product.shape[2]
    for i in range(n):
        first = product[i]
        first[:] = ZERO
        for k in range(0, n, 2):
            more = k + 1 if k + 1 < n else k
            weight = ONE if k + 1 < n else ZERO
            p = i * (i + 1) // 2 + k if i >= k else k * (k + 1) // 2 + i
            r = i * (i + 1) // 2 + more if i >= more else more * (more + 1) // 2 + i
            for j in range(n):
                e = j * (j + 1) // 2 + k if j >= k else k * (k + 1) // 2 + j
                d = j * (j + 1) // 2 + more if j >= more else more * (more + 1) // 2 + j
                for lane in range(n_lanes):
                    first[j, lane] += m[p, lane] * t[e, lane] + weight * m[r, lane] * t[d, lane]


@kernel
def _score_covariance(t: F32, m: F32, product: F32, scores: F32) -> None:
    """Fill ``t o (m t m) - (m t) o (m t)^T``."""
    n, n_lanes = product.shape[0], product.shape[2]
    e = 0
    for i in range(n):
        for j in range(i + 1):
            for lane in range(n_lanes):
                scores[e, lane] = ZERO
            for k in range(n):
                p = j * (j + 1) // 2 + k if j >= k else k * (k + 1) // 2 + j
                for lane in range(n_lanes):
                    scores[e, lane] += product[i, k, lane] * m[p, lane]
            for lane in range(n_lanes):
                scores[e, lane] = t[e, lane] * scores[e, lane] - product[i, j, lane] * product[j, i, lane]
            e += 1


@kernel
def _curvature(t: F32, m: F32, reference: int, x: F32) -> None:
    """Fill ``t o m - diag(row sums)`` with the reference held."""
    n_lanes = t.shape[1]
    n = order_of(t.shape[0])
    for i in range(n):
        for lane in range(n_lanes):
            x[i * (i + 1) // 2 + i, lane] = np.float32(1e-6)
    e = 0
    for i in range(n):
        d = i * (i + 1) // 2 + i
        for j in range(i):
            c = j * (j + 1) // 2 + j
            for lane in range(n_lanes):
                value = t[e, lane] * m[e, lane]
                x[d, lane] -= value
                x[c, lane] -= value
                x[e, lane] = ZERO if reference in (i, j) else value
            e += 1
        e += 1
    for lane in range(n_lanes):
        x[reference * (reference + 1) // 2 + reference, lane] = ONE


@kernel
def scale_weights(m: F32, xr: F32, xi: F32) -> None:
    """Multiply weights by the lengths of the vector's elements: an eigenvector's phases are weighted by its lengths."""
    e = 0
    for i in range(xr.shape[0]):
        for j in range(i + 1):
            for lane in range(xr.shape[1]):
                a = xr[i, lane] * xr[i, lane] + xi[i, lane] * xi[i, lane]
                b = xr[j, lane] * xr[j, lane] + xi[j, lane] * xi[j, lane]
                m[e, lane] *= np.sqrt(a * b)
            e += 1
