"""Kernels that find the phases of all dates from coherence matrices: largest and smallest eigenvector, likelihood.

Arrays end in ``lane``; matrices are lower triangles, see :mod:`fringeworks.timeseries.distributed.matrix_kernels`.
A phasor ``v_i = exp(j phase_i)`` is kept as real part ``vr`` and imaginary part ``vi``, float32 (date, lane).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.matrix_kernels import order_of

F32 = NDArray[np.float32]
ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
LONGEST_STEP: Final = np.float32(0.7)
"""A phase moves by no more than this at once [rad]."""


@kernel
def multiply(hr: F32, hi: F32, xr: F32, xi: F32, yr: F32, yi: F32) -> None:
    """Fill y = H x of Hermitian matrices."""
    n, n_lanes = xr.shape
    e = 0
    for i in range(n):
        for lane in range(n_lanes):
            yr[i, lane] = ZERO
            yi[i, lane] = ZERO
        for j in range(i):
            for lane in range(n_lanes):
                yr[i, lane] += hr[e, lane] * xr[j, lane] - hi[e, lane] * xi[j, lane]
            for lane in range(n_lanes):
                yi[i, lane] += hr[e, lane] * xi[j, lane] + hi[e, lane] * xr[j, lane]
            for lane in range(n_lanes):
                yr[j, lane] += hr[e, lane] * xr[i, lane] + hi[e, lane] * xi[i, lane]
            for lane in range(n_lanes):
                yi[j, lane] += hr[e, lane] * xi[i, lane] - hi[e, lane] * xr[i, lane]
            e += 1
        for lane in range(n_lanes):
            yr[i, lane] += hr[e, lane] * xr[i, lane]
            yi[i, lane] += hr[e, lane] * xi[i, lane]
        e += 1


@kernel
def normalise(xr: F32, xi: F32, scale: F32) -> None:
    """Give vectors unit length; ``scale`` (lane) is filled with one over what it was."""
    n, n_lanes = xr.shape
    for lane in range(n_lanes):
        scale[lane] = np.float32(1e-30)
    for i in range(n):
        for lane in range(n_lanes):
            scale[lane] += xr[i, lane] * xr[i, lane] + xi[i, lane] * xi[i, lane]
    for lane in range(n_lanes):
        scale[lane] = ONE / np.sqrt(scale[lane])
    for i in range(n):
        for lane in range(n_lanes):
            xr[i, lane] *= scale[lane]
            xi[i, lane] *= scale[lane]


@kernel
def start_vector(a: F32, cr: F32, ci: F32, score: F32, xr: F32, xi: F32) -> None:
    """Fill the column of the coherence matrix that belongs to the date best connected with the others.

    ``score``: float32 (date, lane), scratch.
    """
    n, n_lanes = xr.shape
    score[:] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            for lane in range(n_lanes):
                score[i, lane] += a[e, lane]
                score[j, lane] += a[e, lane]
            e += 1
        e += 1
    for lane in range(n_lanes):
        best = 0
        for i in range(1, n):
            best = i if score[i, lane] > score[best, lane] else best
        for i in range(n):
            high, low = max(i, best), min(i, best)
            e = high * (high + 1) // 2 + low
            xr[i, lane] = cr[e, lane]
            xi[i, lane] = ci[e, lane] if i >= best else -ci[e, lane]


@kernel
def unit(xr: F32, xi: F32, vr: F32, vi: F32) -> None:
    """Fill phasors of unit length; 1 where the vector is 0."""
    for i in range(xr.shape[0]):
        for lane in range(xr.shape[1]):
            length = np.sqrt(xr[i, lane] * xr[i, lane] + xi[i, lane] * xi[i, lane])
            there = length > np.float32(1e-20)
            scale = ONE / (length if there else ONE)
            vr[i, lane] = xr[i, lane] * scale if there else ONE
            vi[i, lane] = xi[i, lane] * scale if there else ZERO


@kernel
def weigh(m: F32, cr: F32, ci: F32, shift: F32, hr: F32, hi: F32) -> None:
    """Fill the element-wise product of a real and a Hermitian matrix, less a shift (lane) on the diagonal."""
    e = 0
    for i in range(order_of(m.shape[0])):
        for _j in range(i + 1):
            for lane in range(m.shape[1]):
                hr[e, lane] = m[e, lane] * cr[e, lane]
            for lane in range(m.shape[1]):
                hi[e, lane] = m[e, lane] * ci[e, lane]
            e += 1
        for lane in range(m.shape[1]):
            hr[e - 1, lane] -= shift[lane]


@kernel
def gradient(m: F32, cr: F32, ci: F32, vr: F32, vi: F32, g: F32) -> None:
    """Fill half the gradient of ``f = sum_ij m_ij Re(conj(v_i) c_ij v_j)`` by the phases: ``sum_j Im(...)``."""
    n, n_lanes = vr.shape
    for i in range(n):
        for lane in range(n_lanes):
            g[i, lane] = ZERO
    e = 0
    for i in range(n):
        for j in range(i):
            for lane in range(n_lanes):
                turn_r = vr[i, lane] * vr[j, lane] + vi[i, lane] * vi[j, lane]
                turn_i = vi[i, lane] * vr[j, lane] - vr[i, lane] * vi[j, lane]
                # Im(c_ij conj(v_i) v_j), antisymmetric in i and j
                value = m[e, lane] * (ci[e, lane] * turn_r - cr[e, lane] * turn_i)
                g[i, lane] += value
                g[j, lane] -= value
            e += 1
        e += 1


@kernel
def information(t: F32, m: F32, x: F32, reference: int) -> None:
    """Fill ``t o m - 1``, half the curvature of ``f`` where ``t`` is true, with the reference's phase held.

    Notes
    -----
    2 looks times this is Fisher's information of the phases for ``m`` the inverse of ``t`` (specification 2.4).
    """
    n = order_of(t.shape[0])
    e = 0
    for i in range(n):
        for j in range(i + 1):
            for lane in range(t.shape[1]):
                value = t[e, lane] * m[e, lane]
                if i == j:
                    # a date without information stays where it is
                    value = max(value - ONE, np.float32(1e-6))
                if reference in (i, j):
                    value = ONE if i == j else ZERO
                x[e, lane] = value
            e += 1


@kernel
def turn(step: F32, slope: F32, looks: F32, vr: F32, vi: F32, moving: F32, tolerance: float) -> bool:
    """Turn phasors back by ``step`` [rad], cut to the longest step, where they still move.

    A lane comes to rest, ``moving`` (lane) becomes 0, when ``2 looks sum slope step``, the square of the step in units of
    the phases' own noise, is below the tolerance.  Returns whether any lane still moves.
    ``(1 - j s/2) / (1 + j s/2)`` has unit length and the phase -s to third order.
    """
    n, n_lanes = vr.shape
    some = False
    length = np.zeros(n_lanes, np.float32)
    for i in range(n):
        for lane in range(n_lanes):
            length[lane] += slope[i, lane] * step[i, lane]
    for i in range(n):
        for lane in range(n_lanes):
            s = min(max(step[i, lane], -LONGEST_STEP), LONGEST_STEP) * moving[lane]
            h = np.float32(0.5) * s
            scale = ONE / (ONE + h * h)
            c, d = (ONE - h * h) * scale, -s * scale
            re = vr[i, lane] * c - vi[i, lane] * d
            vi[i, lane] = vr[i, lane] * d + vi[i, lane] * c
            vr[i, lane] = re
    for lane in range(n_lanes):
        if np.float32(2.0) * looks[lane] * length[lane] < np.float32(tolerance):
            moving[lane] = ZERO
        some = some or moving[lane] > ZERO
    return some


@kernel
def factor_hermitian(hr: F32, hi: F32, total: F32, sound: NDArray[np.bool_]) -> None:
    """Replace Hermitian matrices by Cholesky factors, with the reciprocal of the diagonal on the diagonal.

    Parameters
    ----------
    hr, hi : float32, (element, lane)
        Replaced.
    total : float32, (2, lane)
        Scratch.
    sound : bool, (lane)
        Set to False where a matrix is not positive definite.
    """
    n_lanes = hr.shape[1]
    n = order_of(hr.shape[0])
    for i in range(n):
        p = i * (i + 1) // 2
        for j in range(i + 1):
            q = j * (j + 1) // 2
            for lane in range(n_lanes):
                total[0, lane] = hr[p + j, lane]
                total[1, lane] = hi[p + j, lane]
            for k in range(j):
                for lane in range(n_lanes):
                    total[0, lane] -= hr[p + k, lane] * hr[q + k, lane] + hi[p + k, lane] * hi[q + k, lane]
                for lane in range(n_lanes):
                    total[1, lane] -= hi[p + k, lane] * hr[q + k, lane] - hr[p + k, lane] * hi[q + k, lane]
            if j < i:
                for lane in range(n_lanes):
                    hr[p + j, lane] = total[0, lane] * hr[q + j, lane]
                    hi[p + j, lane] = total[1, lane] * hr[q + j, lane]
                continue
            for lane in range(n_lanes):
                pivot = total[0, lane]
                good = pivot > np.float32(1e-7)
                sound[lane] = sound[lane] and good
                hr[p + i, lane] = ONE / np.sqrt(pivot if good else ONE)
                hi[p + i, lane] = ZERO


@kernel
def solve_hermitian(hr: F32, hi: F32, xr: F32, xi: F32) -> None:
    """Replace right-hand sides by solutions, with factors of :func:`factor_hermitian`."""
    n, n_lanes = xr.shape
    for i in range(n):
        p = i * (i + 1) // 2
        for k in range(i):
            for lane in range(n_lanes):
                xr[i, lane] -= hr[p + k, lane] * xr[k, lane] - hi[p + k, lane] * xi[k, lane]
            for lane in range(n_lanes):
                xi[i, lane] -= hr[p + k, lane] * xi[k, lane] + hi[p + k, lane] * xr[k, lane]
        for lane in range(n_lanes):
            xr[i, lane] *= hr[p + i, lane]
            xi[i, lane] *= hr[p + i, lane]
    for i in range(n - 1, -1, -1):
        p = i * (i + 1) // 2
        for lane in range(n_lanes):
            xr[i, lane] *= hr[p + i, lane]
            xi[i, lane] *= hr[p + i, lane]
        for k in range(i):
            for lane in range(n_lanes):
                xr[k, lane] -= hr[p + k, lane] * xr[i, lane] + hi[p + k, lane] * xi[i, lane]
            for lane in range(n_lanes):
                xi[k, lane] -= hr[p + k, lane] * xi[i, lane] - hi[p + k, lane] * xr[i, lane]


@kernel
def settle(xr: F32, xi: F32, yr: F32, yi: F32, moving: F32, tolerance: float) -> bool:
    """Replace unit vectors x by y where they still move; a lane whose vector moves by less than a tolerance comes to rest.

    Parameters
    ----------
    xr, xi, yr, yi : float32, (date, lane)
        Vectors before and after a step, of unit length.
    moving : float32, (lane)
        1 where the lane moves, else 0; updated.
    tolerance : float
        Square of the distance between the two.

    Returns
    -------
    bool
        Whether any lane still moves.
    """
    n, n_lanes = xr.shape
    some = False
    for lane in range(n_lanes):
        if moving[lane] == ZERO:
            continue
        square = ZERO
        for i in range(n):
            re, im = yr[i, lane] - xr[i, lane], yi[i, lane] - xi[i, lane]
            square += re * re + im * im
            xr[i, lane] = yr[i, lane]
            xi[i, lane] = yi[i, lane]
        if square < np.float32(tolerance):
            moving[lane] = ZERO
        some = some or moving[lane] > ZERO
    return some
