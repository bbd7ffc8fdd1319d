"""Compiled coherence over a window that moves cell by cell."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Complexes: TypeAlias = NDArray[np.complex64]
Singles: TypeAlias = NDArray[np.float32]


@kernel
def _step(later: Complexes, earlier: Complexes) -> complex:
    """Return the phasor that undoes the mean step of the phase between neighbours; 1 where noise may have made it."""
    total, size = 0.0 + 0.0j, 0.0
    for i in range(later.shape[0]):
        for j in range(later.shape[1]):
            value = later[i, j] * np.conj(earlier[i, j])
            total += value
            size += abs(value)
    # Of n steps of noise the squared mean phasor exceeds 9 / n once in exp(9) times.
    if abs(total) * np.sqrt(float(later.size)) <= 3.0 * size:
        return 1.0 + 0.0j
    return total.conjugate() / abs(total)


@kernel
def _sum_along_slope(product: Complexes) -> complex:
    """Sum the products of a window, (row, col), with the slope of their phase taken out."""
    rows, cols = product.shape
    step_down, step_across = _step(product[1:], product[:-1]), _step(product[:, 1:], product[:, :-1])
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
