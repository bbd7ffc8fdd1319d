"""Kernels of sample covariance: products of all pairs of dates, summed over the windows of many cells at once.

Cells that lie side by side are the lanes of a vector: every array ends in ``lane`` and the inner loops run over it.
A Hermitian matrix is kept as its lower triangle, row by row: element (i, j), j <= i, is number ``i (i + 1) / 2 + j``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

F32 = NDArray[np.float32]

FEW: Final = 5
"""A window of at most this many strides is summed directly, a wider one by doubling."""


@kernel
def pack(
    stack: NDArray[np.complex64],
    line: int,
    sample: int,
    lines: int,
    stride: int,
    real: F32,
    imag: F32,
    valid: F32,
) -> bool:
    """Copy a tile of a stack into planes of real and imaginary part, missing samples and the outside as 0.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Images; NaN or 0 where there is nothing.
    line, sample : int
        First line and sample of the tile, possibly negative.
    stride : int
        Samples between two cells: sample ``c stride + o`` goes to position ``o n_columns + c``, so that what
        neighbouring cells need at the same time lies side by side.
    lines : int
        Lines of the tile.
    real, imag, valid : float32, (date, place)
        Filled, line after line; ``valid`` is 1 where there is a sample, else 0.

    Returns
    -------
    bool
        Whether some sample is there at some dates and missing at others.
    """
    n_dates, width = real.shape[0], real.shape[1] // lines
    columns = width // stride
    for i in range(n_dates):
        for y in range(lines):
            row = line + y
            for o in range(stride):
                for c in range(columns):
                    col, k = sample + c * stride + o, y * width + o * columns + c
                    inside = 0 <= row < stack.shape[1] and 0 <= col < stack.shape[2]
                    value = stack[i, row, col] if inside else np.complex64(0.0)
                    good = np.isfinite(value.real) and np.isfinite(value.imag) and value != 0.0
                    real[i, k] = value.real if good else np.float32(0.0)
                    imag[i, k] = value.imag if good else np.float32(0.0)
                    valid[i, k] = np.float32(1.0) if good else np.float32(0.0)
    for i in range(1, n_dates):
        for k in range(valid.shape[1]):
            if valid[i, k] != valid[0, k]:
                return True
    return False


@kernel
def sum_products(
    real: F32, imag: F32, lines: int, strides: tuple[int, int], window: tuple[int, int], work: F32, sums: F32
) -> None:
    """Sum the products of every two dates over the windows of a tile of cells.

    Parameters
    ----------
    real, imag : float32, (date, place)
        From :func:`pack`, line after line; line 0 is the first of the first row of cells.
    lines : int
        Lines of the tile.
    strides, window : tuple of int
        Lines and samples between cells, and in a window.
    work : float32, (6, place)
        Scratch.
    sums : float32, (row, 2, element, lane)
        Filled with real and imaginary part of ``sum z_i conj(z_j)``.
    """
    n_dates, width = real.shape[0], real.shape[1] // lines
    n_rows, _, _, n_lanes = sums.shape
    element = 0
    for i in range(n_dates):
        for j in range(i + 1):
            if strides[0] == 1 and window[0] > FEW:
                _products(real, imag, i, j, work)
                for part in range(2):
                    _double(work, part, 2 + part, window[0], width, n_rows * width)
            else:
                _sum_lines(real, imag, i, j, work, strides[0], window[0], width, n_rows)
            for part in range(2):
                _sum_samples(work, part, strides[1], window[1], width, n_rows)
                for row in range(n_rows):
                    total = work[part, row * width : row * width + n_lanes]
                    for lane in range(n_lanes):
                        sums[row, part, element, lane] = total[lane]
            element += 1


@kernel
def _products(real: F32, imag: F32, i: int, j: int, work: F32) -> None:
    """Fill the first two rows of ``work`` with the products of two dates at every place."""
    ar, ai, br, bi, pr, pi = real[i], imag[i], real[j], imag[j], work[0], work[1]
    for k in range(ar.size):
        pr[k] = ar[k] * br[k] + ai[k] * bi[k]
    for k in range(ar.size):
        pi[k] = ai[k] * br[k] - ar[k] * bi[k]


@kernel
def _double(work: F32, source: int, target: int, window: int, step: int, count: int) -> None:
    """Fill ``work[target, :count]`` with sums of ``window`` values of ``work[source]`` that lie ``step`` apart.

    Sums of 1, 2, 4, ... values, of which the binary digits of the window pick some: the order of additions is the same
    everywhere, so that a block gives what the whole gives, and nothing is subtracted.  Rows 4 and 5 of ``work`` hold
    the sums: written where nothing is read, the loops can be done eight values at a time.
    """
    p, v = work[source], work[target]
    length, offset, left, begun, spare = 1, 0, window, False, 4
    while left:
        if left & 1:
            there = p[offset * step : offset * step + count]
            if begun:
                for k in range(count):
                    v[k] += there[k]
            else:
                for k in range(count):
                    v[k] = there[k]
            begun = True
            offset += length
        left >>= 1
        if left:
            longer, there = work[spare], p[length * step :]
            for k in range(count + (window - 2 * length) * step):
                longer[k] = p[k] + there[k]
            p, spare = longer, 9 - spare
            length *= 2


@kernel
def _sum_lines(
    real: F32, imag: F32, i: int, j: int, work: F32, stride: int, window: int, width: int, n_rows: int
) -> None:
    """Fill the last two rows of ``work`` with the sum of two dates' products over the lines of each row's window."""
    for row in range(n_rows):
        vr, vi = work[2, row * width : (row + 1) * width], work[3, row * width : (row + 1) * width]
        vr[:] = np.float32(0.0)
        vi[:] = np.float32(0.0)
        for y in range(row * stride, row * stride + window):
            here = slice(y * width, (y + 1) * width)
            ar, ai, br, bi = real[i, here], imag[i, here], real[j, here], imag[j, here]
            for k in range(width):
                vr[k] += ar[k] * br[k] + ai[k] * bi[k]
            for k in range(width):
                vi[k] += ai[k] * br[k] - ar[k] * bi[k]


@kernel
def _sum_samples(work: F32, part: int, stride: int, window: int, width: int, n_rows: int) -> None:
    """Fill ``work[part, row width + lane]`` with sums over a window's samples of ``work[2 + part]``."""
    count, columns = n_rows * width, width // stride
    if stride == 1 and window > FEW:
        # sums that run over the end of a line belong to no cell
        _double(work, 2 + part, part, window, 1, count - window + 1)
        return
    for row in range(n_rows):
        v, total = (
            work[2 + part, row * width : (row + 1) * width],
            work[part, row * width : (row + 1) * width],
        )
        total[:] = np.float32(0.0)
        for d in range(window):
            there = v[(d % stride) * columns + d // stride :]
            for k in range(columns - (window - 1) // stride):
                total[k] += there[k]


@kernel
def count_samples(
    valid: F32, lines: int, strides: tuple[int, int], window: tuple[int, int], work: F32, counts: F32
) -> None:
    """Fill ``counts[row, 0]`` with the samples of each window, where all dates have the same samples."""
    n_rows, _, n_elements, n_lanes = counts.shape
    width = valid.shape[1] // lines
    for row in range(n_rows):
        for k in range(width):
            total = np.float32(0.0)
            for y in range(row * strides[0], row * strides[0] + window[0]):
                total += valid[0, y * width + k]
            work[2, row * width + k] = total
    _sum_samples(work, 0, strides[1], window[1], width, n_rows)
    for row in range(n_rows):
        for e in range(n_elements):
            for lane in range(n_lanes):
                counts[row, 0, e, lane] = work[0, row * width + lane]


@kernel
def select_products(
    real: F32, imag: F32, valid: F32, lines: int, words: NDArray[np.uint64], column: int, row: int,
    strides: tuple[int, int], window: tuple[int, int], sums: F32, counts: F32,
) -> None:  # fmt: skip
    """Sum the products of every two dates over the similar samples of each cell of a row.

    Parameters
    ----------
    real, imag, valid : float32, (date, place)
        From :func:`pack`.
    lines : int
        Lines of the tile.
    words : uint64, (column, word)
        Bit ``p & 63`` of word ``p >> 6`` says whether the window's sample p, counted line by line, is taken.
    column, row : int
        Column of the first lane in ``words``, and row of the cells in the tile.
    sums, counts : float32, (2, element, lane)
        Filled with the sums of products, and ``counts[0]`` with the samples that both dates have.
    """
    n_dates, n_lanes = real.shape[0], sums.shape[2]
    width = real.shape[1] // lines
    columns = width // strides[1]
    taken = np.zeros((window[0], window[1], n_lanes), np.float32)
    for y in range(window[0]):
        for d in range(window[1]):
            p = y * window[1] + d
            for lane in range(min(n_lanes, words.shape[0] - column)):
                bit = (words[column + lane, p >> 6] >> np.uint64(p & 63)) & np.uint64(1)
                taken[y, d, lane] = np.float32(bit)
    element = 0
    for i in range(n_dates):
        for j in range(i + 1):
            sr, si, count = sums[0, element], sums[1, element], counts[0, element]
            for lane in range(n_lanes):
                sr[lane], si[lane], count[lane] = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for y in range(window[0]):
                line = (row * strides[0] + y) * width
                for d in range(window[1]):
                    use, k = taken[y, d], line + (d % strides[1]) * columns + d // strides[1]
                    ar, ai, va = real[i, k : k + n_lanes], imag[i, k : k + n_lanes], valid[i, k : k + n_lanes]
                    br, bi, vb = real[j, k : k + n_lanes], imag[j, k : k + n_lanes], valid[j, k : k + n_lanes]
                    for lane in range(n_lanes):
                        sr[lane] += use[lane] * (ar[lane] * br[lane] + ai[lane] * bi[lane])
                    for lane in range(n_lanes):
                        si[lane] += use[lane] * (ai[lane] * br[lane] - ar[lane] * bi[lane])
                    for lane in range(n_lanes):
                        count[lane] += use[lane] * va[lane] * vb[lane]
            element += 1
