"""Samples to interpolate, and windows of them as planes of real and imaginary parts; for compiled callers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Singles: TypeAlias = NDArray[np.float32]

SPARE: Final = 32
"""Columns of zeros behind a plane: loops over whole pieces of a run may read them."""


class Source(NamedTuple):
    """Samples to interpolate: real and imaginary parts, where they lie in their image, and which are valid."""

    samples: NDArray[Any]
    row: int
    col: int
    first_valid: NDArray[np.int64]
    last_valid: NDArray[np.int64]


class Planes(NamedTuple):
    """Parts of samples, apart, row after row; the first lies at (row, col) of the image.

    Each row has ``width`` numbers, of which the last ``SPARE`` are no samples.
    """

    real: Singles
    imaginary: Singles
    row: int
    col: int
    n_rows: int
    width: int


@kernel
def cut_planes(source: Source, top: int, bottom: int, left: int, right: int) -> Planes:
    """Cut a window, clipped to what there is, out of the samples; what is not finite becomes NaN in both parts."""
    top, left = max(top, source.row), max(left, source.col)
    bottom = max(min(bottom, source.row + source.samples.shape[0]), top)
    right = max(min(right, source.col + source.samples.shape[1]), left)
    width = right - left + SPARE
    real, imaginary = (
        np.empty((bottom - top) * width, np.float32),
        np.empty((bottom - top) * width, np.float32),
    )
    for r in range(bottom - top):
        _cut_row(source.samples, top - source.row + r, left - source.col, real, imaginary, r * width, width)
    return Planes(real, imaginary, top, left, bottom - top, width)


@kernel
def _cut_row(
    samples: NDArray[Any], row: int, first: int, real: Singles, imaginary: Singles, start: int, width: int
) -> None:
    n = width - SPARE
    given = samples[row, first : first + n]
    re, im = real[start : start + width], imaginary[start : start + width]
    for k in range(n):
        a, b = np.float32(given[k, 0]), np.float32(given[k, 1])
        missing = (a - a) + (b - b)  # 0, or NaN where a part is NaN or infinite
        re[k], im[k] = a + missing, b + missing
    re[n:] = 0.0
    im[n:] = 0.0
