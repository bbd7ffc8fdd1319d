"""Compiled sums over closures of consecutive pairs and a long one, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel


@kernel
def sum_ladders(
    pixels: tuple[int, int],
    phase: NDArray[np.float32],
    shift: NDArray[np.float64],
    ladders: NDArray[np.int64],
    years: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Add up phasors of the closures of some pixels.

    ``phase`` is (pair, pixel) [rad], ``ladders`` (closure, pair), the last of each the long one, ``years`` (closure) the
    time each spans; ``out``, (4, pixel), takes sums of cosine and sine, number and years of the complete ones.
    """
    for k in range(ladders.shape[0]):
        last = ladders.shape[1] - 1
        for p in range(pixels[0], pixels[1]):
            value = shift[ladders[k, last]] - np.float64(phase[ladders[k, last], p])
            for step in range(last):
                value += np.float64(phase[ladders[k, step], p]) - shift[ladders[k, step]]
            if math.isfinite(value):
                out[0, p] += math.cos(value)
                out[1, p] += math.sin(value)
                out[2, p] += 1.0
                out[3, p] += years[k]
