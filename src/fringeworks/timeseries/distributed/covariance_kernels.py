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
    stack: NDArray[np.complex64], line: int, sample: int, stride: int, real: F32, imag: F32, valid: F32
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
    real, imag, valid : float32, (date, line, position)
        Filled; ``valid`` is 1 where there is a sample, else 0.

    Returns
    -------
    bool
        Whether some sample is there at some dates and missing at others.
    """
    n_dates, n_lines, width = real.shape
    columns = width // stride
    for i in range(n_dates):
        for y in range(n_lines):
            row = line + y
            for o in range(stride):
                for c in range(columns):
                    col, k = sample + c * stride + o, o * columns + c
                    inside = 0 <= row < stack.shape[1] and 0 <= col < stack.shape[2]
                    value = stack[i, row, col] if inside else np.complex64(0.0)
                    good = np.isfinite(value.real) and np.isfinite(value.imag) and value != 0.0
                    real[i, y, k] = value.real if good else np.float32(0.0)
                    imag[i, y, k] = value.imag if good else np.float32(0.0)
                    valid[i, y, k] = np.float32(1.0) if good else np.float32(0.0)
    for i in range(1, n_dates):
        for y in range(n_lines):
            for k in range(width):
                if valid[i, y, k] != valid[0, y, k]:
                    return True
    return False


@kernel
def sum_products(
    real: F32, imag: F32, strides: tuple[int, int], window: tuple[int, int], work: F32, sums: F32
) -> None:
    """Sum the products of every two dates over the windows of a tile of cells.

    Parameters
    ----------
    real, imag : float32, (date, line, position)
        From :func:`pack`; line 0 is the first of the first row of cells.
    strides, window : tuple of int
        Lines and samples between cells, and in a window.
    work : float32, (4, line, position)
        Scratch.
    sums : float32, (row, 2, element, lane)
        Filled with real and imaginary part of ``sum z_i conj(z_j)``.
    """
    n_dates = real.shape[0]
    element = 0
    for i in range(n_dates):
        for j in range(i + 1):
            if strides[0] == 1 and window[0] > FEW:
                _products(real[i], imag[i], real[j], imag[j], work[0], work[1])
                _double_lines(work[0], work[2], window=window[0])
                _double_lines(work[1], work[3], window=window[0])
            else:
                _sum_lines(
                    real[i], imag[i], real[j], imag[j], work[2], work[3],
                    stride=strides[0], window=window[0], n_rows=sums.shape[0],
                )  # fmt: skip
            for part in range(2):
                _sum_samples(
                    work[2 + part], work[part], sums, part, element, stride=strides[1], window=window[1]
                )
            element += 1


@kernel
def _products(ar: F32, ai: F32, br: F32, bi: F32, pr: F32, pi: F32) -> None:
    """Fill a conj(b), (line, position)."""
    for y in range(ar.shape[0]):
        for k in range(ar.shape[1]):
            pr[y, k] = ar[y, k] * br[y, k] + ai[y, k] * bi[y, k]
        for k in range(ar.shape[1]):
            pi[y, k] = ai[y, k] * br[y, k] - ar[y, k] * bi[y, k]


@kernel
def _sum_lines(
    ar: F32, ai: F32, br: F32, bi: F32, vr: F32, vi: F32, stride: int, window: int, n_rows: int
) -> None:
    """Fill rows with the sum of a conj(b) over the lines of each row's window."""
    width = ar.shape[1]
    for row in range(n_rows):
        for k in range(width):
            vr[row, k] = np.float32(0.0)
            vi[row, k] = np.float32(0.0)
        for y in range(row * stride, row * stride + window):
            for k in range(width):
                vr[row, k] += ar[y, k] * br[y, k] + ai[y, k] * bi[y, k]
            for k in range(width):
                vi[row, k] += ai[y, k] * br[y, k] - ar[y, k] * bi[y, k]


@kernel
def _double_lines(p: F32, v: F32, window: int) -> None:
    """Fill ``v[y]`` with the sum of ``p[y : y + window]``; ``p`` is used up.

    Sums of 1, 2, 4, ... lines, of which the binary digits of the window pick some: the order of additions is the same
    for every row, so that a block gives what the whole gives, and nothing is subtracted.
    """
    n_rows, width = p.shape[0] - window + 1, p.shape[1]
    length, offset, filled, left = 1, 0, p.shape[0], window
    for y in range(n_rows):
        for k in range(width):
            v[y, k] = np.float32(0.0)
    while left:
        if left & 1:
            for y in range(n_rows):
                for k in range(width):
                    v[y, k] += p[y + offset, k]
            offset += length
        left >>= 1
        if left:
            filled -= length
            for y in range(filled):
                for k in range(width):
                    p[y, k] += p[y + length, k]
            length *= 2


@kernel
def _sum_samples(v: F32, work: F32, sums: F32, part: int, element: int, stride: int, window: int) -> None:
    """Fill ``sums[row, part, element, lane]`` with the sum over a window's samples, which lie side by side."""
    n_rows, _, _, n_lanes = sums.shape
    columns = v.shape[1] // stride
    for row in range(n_rows):
        total = sums[row, part, element]
        for lane in range(n_lanes):
            total[lane] = np.float32(0.0)
        if stride > 1 or window <= FEW:
            for d in range(window):
                first = (d % stride) * columns + d // stride
                for lane in range(n_lanes):
                    total[lane] += v[row, first + lane]
            continue
        length, offset, left, filled = 1, 0, window, n_lanes + window - 1
        line = v[row]
        while left:
            if left & 1:
                for lane in range(n_lanes):
                    total[lane] += line[offset + lane]
                offset += length
            left >>= 1
            if left:
                filled -= length
                for k in range(filled):
                    work[row, k] = line[k] + line[k + length]
                line = work[row]
                length *= 2


@kernel
def count_samples(
    valid: F32, strides: tuple[int, int], window: tuple[int, int], work: F32, counts: F32
) -> None:
    """Fill ``counts[row, 0]`` with the samples of each window, where all dates have the same samples."""
    n_elements = counts.shape[2]
    for row in range(counts.shape[0]):
        for k in range(valid.shape[2]):
            work[2, row, k] = np.float32(0.0)
        for y in range(row * strides[0], row * strides[0] + window[0]):
            for k in range(valid.shape[2]):
                work[2, row, k] += valid[0, y, k]
    _sum_samples(work[2], work[0], counts, 0, 0, stride=strides[1], window=window[1])
    for row in range(counts.shape[0]):
        for e in range(1, n_elements):
            counts[row, 0, e] = counts[row, 0, 0]


@kernel
def select_products(
    real: F32, imag: F32, valid: F32, words: NDArray[np.uint64], column: int, row: int,
    strides: tuple[int, int], window: tuple[int, int], sums: F32, counts: F32,
) -> None:  # fmt: skip
    """Sum the products of every two dates over the similar samples of each cell of a row.

    Parameters
    ----------
    real, imag, valid : float32, (date, line, position)
        From :func:`pack`.
    words : uint64, (column, word)
        Bit ``p & 63`` of word ``p >> 6`` says whether the window's sample p, counted line by line, is taken.
    column, row : int
        Column of the first lane in ``words``, and row of the cells in the tile.
    sums, counts : float32, (2, element, lane)
        Filled with the sums of products, and ``counts[0]`` with the samples that both dates have.
    """
    n_dates, n_lanes = real.shape[0], sums.shape[2]
    columns = real.shape[2] // strides[1]
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
                line = row * strides[0] + y
                ar, ai, br, bi = real[i, line], imag[i, line], real[j, line], imag[j, line]
                for d in range(window[1]):
                    k, use = (d % strides[1]) * columns + d // strides[1], taken[y, d]
                    for lane in range(n_lanes):
                        sr[lane] += use[lane] * (ar[k + lane] * br[k + lane] + ai[k + lane] * bi[k + lane])
                    for lane in range(n_lanes):
                        si[lane] += use[lane] * (ai[k + lane] * br[k + lane] - ar[k + lane] * bi[k + lane])
                    va, vb = valid[i, line], valid[j, line]
                    for lane in range(n_lanes):
                        count[lane] += use[lane] * va[k + lane] * vb[k + lane]
            element += 1
