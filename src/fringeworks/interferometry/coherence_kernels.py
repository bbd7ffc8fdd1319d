"""Compiled coherence over a window that moves cell by cell."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Complexes: TypeAlias = NDArray[np.complex64]
Singles: TypeAlias = NDArray[np.float32]


@kernel
def _sum_along_slope(product: Complexes) -> complex:
    """Sum the products of a window, (row, col), with the slope of their phase taken out."""
    rows, cols = product.shape
    down, across = 0.0 + 0.0j, 0.0 + 0.0j
    for i in range(rows):
        for j in range(cols):
            if j + 1 < cols:
                across += product[i, j + 1] * np.conj(product[i, j])
            if i + 1 < rows:
                down += product[i + 1, j] * np.conj(product[i, j])
    step_down, step_across = np.exp(-1j * np.angle(down)), np.exp(-1j * np.angle(across))
    total, turn = 0.0 + 0.0j, 1.0 + 0.0j
    for i in range(rows):
        here = turn
        for j in range(cols):
            total += product[i, j] * here
            here *= step_across
        turn *= step_down
    return total


@kernel
def window_lines(
    product: Complexes,
    reference_power: Singles,
    secondary_power: Singles,
    count: Singles,
    half: tuple[int, int],
    least: float,
    along_fringes: int,
    lines: tuple[int, int],
    out: Singles,
) -> None:
    """Fill the coherence of a range of rows.

    Parameters
    ----------
    product : complex64, (row, col)
        Sums of products.
    reference_power, secondary_power, count : float32, (row, col)
        Sums of powers, and samples behind them.
    half : (int, int)
        Rows and columns of the window on each side of its centre.
    least : float
        Fewest samples for each cell of the window that lies inside the image.
    along_fringes : int
        1 = take out the slope of the phase inside the window.
    lines : (int, int)
        First row and end.
    out : float32, (row, col)
        Filled in these rows; NaN where there are too few samples.
    """
    rows, cols = product.shape
    for row in range(lines[0], lines[1]):
        top, bottom = max(row - half[0], 0), min(row + half[0] + 1, rows)
        for col in range(cols):
            if count[row, col] == 0:
                continue
            left, right = max(col - half[1], 0), min(col + half[1] + 1, cols)
            total, first, second, n = 0.0 + 0.0j, 0.0, 0.0, 0.0
            for i in range(top, bottom):
                for j in range(left, right):
                    total += product[i, j]
                    first += reference_power[i, j]
                    second += secondary_power[i, j]
                    n += count[i, j]
            wanted = max(least * (bottom - top) * (right - left), 1.0)
            if n < wanted or first <= 0 or second <= 0:
                continue
            size = abs(total)
            if along_fringes:
                size = max(size, abs(_sum_along_slope(product[top:bottom, left:right])))
            out[row, col] = min(size / np.sqrt(first * second), 1.0)
