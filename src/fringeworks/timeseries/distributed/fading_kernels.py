"""Compiled interferograms over the windows of cells, all samples or those that are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel


@kernel
def look_pairs(
    stack: NDArray[np.complex64],
    pairs: NDArray[np.int64],
    words: NDArray[np.uint64],
    row: int,
    cells: tuple[int, int, int, int],
    interferograms: NDArray[np.complex64],
) -> None:
    """Fill the sums of reference times conjugate of secondary over the windows of a row of cells.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Images; not finite or 0 where there is nothing.
    pairs : int64, (pair, 2)
        Reference and secondary date.
    words : uint64, (row, column, word)
        Samples to use; no rows: all.
    row : int
        Row of cells.
    cells : tuple of int
        Lines and samples of a cell, and of a window.
    interferograms : complex64, (pair, row, column)
        To be filled; NaN where no sample has both dates.
    """
    _, n_lines, n_samples = stack.shape
    along, across, height, width = cells
    top, left = row * along + (along - height) // 2, (across - width) // 2
    lines, samples = np.empty(height * width, np.int64), np.empty(height * width, np.int64)
    for col in range(interferograms.shape[2]):
        start, n = col * across + left, 0
        for dy in range(max(-top, 0), min(height, n_lines - top)):
            for dx in range(max(-start, 0), min(width, n_samples - start)):
                place = dy * width + dx
                if len(words) == 0 or (words[row, col, place >> 6] >> np.uint64(place & 63)) & np.uint64(1):
                    lines[n], samples[n] = top + dy, start + dx
                    n += 1
        for k in range(len(pairs)):
            reference, secondary = stack[pairs[k, 0]], stack[pairs[k, 1]]
            real, imag, count = 0.0, 0.0, 0
            for m in range(n):
                a, b = reference[lines[m], samples[m]], secondary[lines[m], samples[m]]
                x = a.real * b.real + a.imag * b.imag
                y = a.imag * b.real - a.real * b.imag
                # false for NaN, infinity and zero
                if 0.0 < abs(x) + abs(y) < np.inf:
                    real += x
                    imag += y
                    count += 1
            interferograms[k, row, col] = complex(real, imag) if count > 0 else complex(np.nan, np.nan)
