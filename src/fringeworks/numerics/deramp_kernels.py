"""Samples freed of a phase that is a parabola along rows, window by window; for compiled callers."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import turn_of

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


class Source(NamedTuple):
    """Samples to interpolate: real and imaginary parts, where they lie in their image, and which are valid."""

    samples: NDArray[Any]
    row: int
    col: int
    first_valid: NDArray[np.int64]
    last_valid: NDArray[np.int64]


class Chirp(NamedTuple):
    """A phase [cycles] c0 + c1 t + c2 t^2, t = row - middle, with coefficients (3, col); none where there are no columns."""

    cycles: Doubles
    middle: float


class Deramped(NamedTuple):
    """Samples freed of their carrier, as planes; (0, 0) lies at (row, col) of the image."""

    real: Singles
    imaginary: Singles
    row: int
    col: int


@kernel
def deramp_window(source: Source, chirp: Chirp, top: int, bottom: int, left: int, right: int) -> Deramped:
    """Cut a window, clipped to what there is, out of the samples and take the carrier away."""
    top, left = max(top, source.row), max(left, source.col)
    bottom = max(min(bottom, source.row + source.samples.shape[0]), top)
    right = max(min(right, source.col + source.samples.shape[1]), left)
    real = np.empty((bottom - top, right - left), np.float32)
    imaginary = np.empty((bottom - top, right - left), np.float32)
    n = right - left
    for r in range(bottom - top):
        given = source.samples[top - source.row + r, left - source.col : right - source.col]
        re, im = real[r], imaginary[r]
        if chirp.cycles.shape[1] == 0:
            for k in range(n):
                re[k], im[k] = given[k, 0], given[k, 1]
            continue
        c0, c1, c2 = chirp.cycles[0, left:right], chirp.cycles[1, left:right], chirp.cycles[2, left:right]
        t = top + r - chirp.middle
        for k in range(n):
            x = c0[k] + t * (c1[k] + t * c2[k])
            cosine, sine = turn_of(x)
            a, b = np.float32(given[k, 0]), np.float32(given[k, 1])
            re[k] = a * cosine + b * sine
            im[k] = b * cosine - a * sine
    return Deramped(real, imaginary, top, left)
