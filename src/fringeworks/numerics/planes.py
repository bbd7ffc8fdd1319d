"""Samples to interpolate, and windows of them as planes of real and imaginary parts; for compiled callers."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Singles: TypeAlias = NDArray[np.float32]


class Source(NamedTuple):
    """Samples to interpolate: real and imaginary parts, where they lie in their image, and which are valid."""

    samples: NDArray[Any]
    row: int
    col: int
    first_valid: NDArray[np.int64]
    last_valid: NDArray[np.int64]


class Planes(NamedTuple):
    """Parts of samples, apart; (0, 0) lies at (row, col) of the image."""

    real: Singles
    imaginary: Singles
    row: int
    col: int


@kernel
def cut_planes(source: Source, top: int, bottom: int, left: int, right: int) -> Planes:
    """Cut a window, clipped to what there is, out of the samples; what is not finite becomes NaN in both parts."""
    top, left = max(top, source.row), max(left, source.col)
    bottom = max(min(bottom, source.row + source.samples.shape[0]), top)
    right = max(min(right, source.col + source.samples.shape[1]), left)
    real = np.empty((bottom - top, right - left), np.float32)
    imaginary = np.empty((bottom - top, right - left), np.float32)
    for r in range(bottom - top):
        given = source.samples[top - source.row + r, left - source.col : right - source.col]
        re, im = real[r], imaginary[r]
        for k in range(right - left):
            a, b = np.float32(given[k, 0]), np.float32(given[k, 1])
            missing = (a - a) + (b - b)  # 0, or NaN where a part is NaN or infinite
            re[k], im[k] = a + missing, b + missing
    return Planes(real, imaginary, top, left)
