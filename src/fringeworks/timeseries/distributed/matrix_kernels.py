"""Kernels of small matrices, many side by side: factors, inverses and solutions, with the lane as the last axis.

Lower triangles row by row: element (i, j), j <= i, is number ``i (i + 1) / 2 + j``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

F32 = NDArray[np.float32]


@kernel
def factor(a: F32, total: F32, sound: NDArray[np.bool_], smallest: float) -> None:
    """Replace symmetric matrices by their Cholesky factors L, with the reciprocal of L's diagonal on the diagonal.

    Parameters
    ----------
    a : float32, (element, lane)
        Positive definite matrices, replaced.
    total : float32, (2, lane)
        Scratch.
    sound : bool, (lane)
        Set to False where a pivot falls below ``smallest``; that lane's factor means nothing.
    smallest : float
        Smallest pivot that is accepted.
    """
    n = order_of(a.shape[0])
    least = np.float32(smallest)
    for i in range(n):
        for j in range(i + 1):
            _row_product(a, i * (i + 1) // 2, j * (j + 1) // 2, j, total[0])
            e, d = i * (i + 1) // 2 + j, j * (j + 1) // 2 + j
            if j < i:
                for lane in range(a.shape[1]):
                    a[e, lane] = (a[e, lane] - total[0, lane]) * a[d, lane]
                continue
            for lane in range(a.shape[1]):
                pivot = a[e, lane] - total[0, lane]
                good = pivot > least
                sound[lane] = sound[lane] and good
                a[e, lane] = np.float32(1.0) / np.sqrt(pivot if good else np.float32(1.0))


@kernel
def _row_product(a: F32, first: int, second: int, count: int, total: F32) -> None:
    """Fill ``total`` with ``sum_k a[first + k] a[second + k]``, four terms at a time to spare loads."""
    n_lanes = a.shape[1]
    for lane in range(n_lanes):
        total[lane] = np.float32(0.0)
    k = 0
    while k + 4 <= count:
        p, q = first + k, second + k
        for lane in range(n_lanes):
            total[lane] += (a[p, lane] * a[q, lane] + a[p + 1, lane] * a[q + 1, lane]) + (
                a[p + 2, lane] * a[q + 2, lane] + a[p + 3, lane] * a[q + 3, lane]
            )
        k += 4
    while k < count:
        p, q = first + k, second + k
        for lane in range(n_lanes):
            total[lane] += a[p, lane] * a[q, lane]
        k += 1


@kernel
def order_of(elements: int) -> int:
    """Return n of n (n + 1) / 2 elements."""
    return int((np.sqrt(8.0 * elements + 1.0) - 1.0) / 2.0 + 0.5)


@kernel
def invert_factor(a: F32, column: F32) -> None:
    """Replace factors of :func:`factor` by their inverses, lower triangles with a true diagonal.

    Parameters
    ----------
    a : float32, (element, lane)
        Factors, replaced.
    column : float32, (lane)
        Scratch.
    """
    n, n_lanes = order_of(a.shape[0]), a.shape[1]
    for i in range(n):
        row = i * (i + 1) // 2
        # row i of the inverse: x_j = -x_ii sum_{k=j..i-1} l_ik x_kj, from left to right l_ik is still needed for k > j
        for j in range(i):
            for lane in range(n_lanes):
                column[lane] = a[row + j, lane] * a[j * (j + 1) // 2 + j, lane]
            for k in range(j + 1, i):
                e = k * (k + 1) // 2 + j
                for lane in range(n_lanes):
                    column[lane] += a[row + k, lane] * a[e, lane]
            for lane in range(n_lanes):
                a[row + j, lane] = -a[row + i, lane] * column[lane]


@kernel
def square_inverse(x: F32, m: F32) -> None:
    """Fill symmetric ``m = x^T x`` of lower triangles ``x``: with the inverse of a factor, the inverse of the matrix.

    Parameters
    ----------
    x, m : float32, (element, lane)
        Lower triangles; ``m`` is filled.
    """
    n, n_lanes = order_of(x.shape[0]), x.shape[1]
    for e in range(m.shape[0]):
        for lane in range(n_lanes):
            m[e, lane] = np.float32(0.0)
    for k in range(n - 1, -1, -2):
        row = k * (k + 1) // 2
        before = row - k
        for i in range(k):
            for j in range(i + 1):
                e = i * (i + 1) // 2 + j
                for lane in range(n_lanes):
                    m[e, lane] += (
                        x[row + i, lane] * x[row + j, lane] + x[before + i, lane] * x[before + j, lane]
                    )
        for j in range(k + 1):
            e = row + j
            for lane in range(n_lanes):
                m[e, lane] += x[row + k, lane] * x[row + j, lane]


@kernel
def solve(a: F32, b: F32) -> None:
    """Replace right-hand sides by solutions, with factors of :func:`factor`.

    Parameters
    ----------
    a : float32, (element, lane)
        Factors.
    b : float32, (date, lane)
        Right-hand sides, replaced.
    """
    n, n_lanes = b.shape
    for i in range(n):
        row = i * (i + 1) // 2
        for k in range(i):
            for lane in range(n_lanes):
                b[i, lane] -= a[row + k, lane] * b[k, lane]
        for lane in range(n_lanes):
            b[i, lane] *= a[row + i, lane]
    for i in range(n - 1, -1, -1):
        row = i * (i + 1) // 2
        for lane in range(n_lanes):
            b[i, lane] *= a[row + i, lane]
        for k in range(i):
            for lane in range(n_lanes):
                b[k, lane] -= a[row + k, lane] * b[i, lane]
