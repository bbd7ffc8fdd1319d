"""Compiled weighted mean over a window that moves pixel by pixel and follows the local fringes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Singles: TypeAlias = NDArray[np.float32]


@kernel
def multiply_turn(real: Singles, imaginary: Singles, by_real: Singles, by_imaginary: Singles) -> None:
    """Multiply phasors by others, in place, (n)."""
    for k in range(real.size):
        r = real[k] * by_real[k] - imaginary[k] * by_imaginary[k]
        imaginary[k] = real[k] * by_imaginary[k] + imaginary[k] * by_real[k]
        real[k] = r


@kernel
def _add_turned(
    source: Singles, other: Singles, real: Singles, imaginary: Singles, weight: float, sums: Singles
) -> None:
    """Add weighted products of a row of phasors with turns, (2, n)."""
    w = np.float32(weight)
    first, second = sums[0], sums[1]
    for k in range(source.size):
        first[k] += w * (source[k] * real[k] - other[k] * imaginary[k])
    for k in range(source.size):
        second[k] += w * (source[k] * imaginary[k] + other[k] * real[k])


@kernel
def sum_along_fringes(
    planes: Singles,
    steps: Singles,
    down: Singles,
    across: Singles,
    lines: tuple[int, int],
    out: Singles,
) -> None:
    """Fill weighted sums of phasors around each pixel, the local slope of the phase taken out.

    Parameters
    ----------
    planes : float32, (2, row, col + 2 k)
        Real and imaginary part, 0 where there is no data; k = half the weights across, zeros at either end.
    steps : float32, (4, row, col)
        Cosine and sine of the phase step down and across, of length 1.
    down, across : float32, (n)
        Weights, of odd number.
    lines : (int, int)
        First row and end.
    out : float32, (2, row, col)
        Filled.
    """
    rows, cols = out.shape[1:]
    tall, wide = down.size // 2, across.size // 2
    real, imaginary = np.empty(cols, np.float32), np.empty(cols, np.float32)
    row_real, row_imaginary = np.empty(cols, np.float32), np.empty(cols, np.float32)
    back, level = np.empty((2, cols), np.float32), np.empty((2, cols), np.float32)
    sums = np.empty((2, cols), np.float32)
    for row in range(lines[0], lines[1]):
        sums[:] = np.float32(0.0)
        # A pixel d away is turned back by d steps: start d = (-tall, -wide) with all steps forward.
        row_real[:] = np.float32(1.0)
        row_imaginary[:] = np.float32(0.0)
        for k in range(cols):
            back[0, k], back[1, k] = steps[0, row, k], -steps[1, row, k]
            level[0, k], level[1, k] = steps[2, row, k], -steps[3, row, k]
        for _ in range(tall):
            multiply_turn(row_real, row_imaginary, steps[0, row], steps[1, row])
        for _ in range(wide):
            multiply_turn(row_real, row_imaginary, steps[2, row], steps[3, row])
        for i in range(down.size):
            source = row + i - tall
            if 0 <= source < rows:
                real[:] = row_real
                imaginary[:] = row_imaginary
                for j in range(across.size):
                    _add_turned(
                        planes[0, source, j : j + cols],
                        planes[1, source, j : j + cols],
                        real,
                        imaginary,
                        down[i] * across[j],
                        sums,
                    )
                    multiply_turn(real, imaginary, level[0], level[1])
            multiply_turn(row_real, row_imaginary, back[0], back[1])
        out[0, row] = sums[0]
        out[1, row] = sums[1]
