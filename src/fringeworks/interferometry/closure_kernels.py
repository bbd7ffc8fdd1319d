"""Compiled sums over triplets, pixel by pixel."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int64]


@njit(parallel=True, cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sum_triplets(phase: Singles, triplets: Counts, constants: Reals) -> tuple[Reals, Reals]:
    """Close every triplet in every pixel.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad]; NaN where there is no data.
    triplets : int64, (triplet, 3)
        Indices of the pairs (1,2), (2,3), (1,3).
    constants : float64, (triplet)
        Constant to take out of each closure [rad].

    Returns
    -------
    pixels : float64, (6, row, col)
        Number of triplets; sums of squared closure, wrapped closure, cosine, sine; number with whole cycles.
    lines : float64, (row, triplet, 4)
        Number of pixels; sums of closure and squared closure; number with whole cycles.
    """
    rows, cols = phase.shape[1:]
    pixels = np.zeros((6, rows, cols))
    lines = np.zeros((rows, triplets.shape[0], 4))
    turn = 2.0 * np.pi
    for row in prange(rows):
        for k in range(triplets.shape[0]):
            first, second, third = triplets[k]
            for col in range(cols):
                value = np.float64(phase[first, row, col]) + phase[second, row, col]
                value -= phase[third, row, col] + constants[k]
                if not np.isfinite(value):
                    continue
                cycles = np.floor(value / turn + 0.5)
                small = value - turn * cycles
                pixels[0, row, col] += 1.0
                pixels[1, row, col] += value * value
                pixels[2, row, col] += small
                pixels[3, row, col] += np.cos(small)
                pixels[4, row, col] += np.sin(small)
                lines[row, k, 0] += 1.0
                lines[row, k, 1] += value
                lines[row, k, 2] += value * value
                if cycles != 0.0:
                    pixels[5, row, col] += 1.0
                    lines[row, k, 3] += 1.0
    return pixels, lines
