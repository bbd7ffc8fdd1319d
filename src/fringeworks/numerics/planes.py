"""Samples to interpolate, and windows of them as planes of real and imaginary parts; for compiled callers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Singles: TypeAlias = NDArray[np.float32]

SPARE: Final = 32
"""Columns of zeros behind a plane: loops over whole pieces of a run may read them."""


class Place(NamedTuple):
    """Where samples lie in their image: rows ``top`` to ``bottom`` - 1, columns ``left`` to ``right`` - 1."""

    top: int
    bottom: int
    left: int
    right: int


@kernel
def overlap(first: Place, second: Place) -> Place:
    """Return what two places have in common; empty, at the first's side, where they do not meet."""
    top = min(max(first.top, second.top), second.bottom)
    left = min(max(first.left, second.left), second.right)
    bottom = max(min(first.bottom, second.bottom), top)
    return Place(top, bottom, left, max(min(first.right, second.right), left))


@kernel
def holds(outer: Place, inner: Place) -> bool:
    """Return whether one place lies within another."""
    rows = outer.top <= inner.top and inner.bottom <= outer.bottom
    return rows and outer.left <= inner.left and inner.right <= outer.right


@kernel
def width_of(place: Place) -> int:
    """Return the numbers in a row of a plane: its columns and the spare ones."""
    return place.right - place.left + SPARE


@kernel
def cut_planes(samples: NDArray[Any], given: Place, cut: Place) -> Singles:
    """Cut a window out of samples that lie at ``given``: real parts row after row, then imaginary parts likewise.

    What is not finite becomes NaN in both parts.
    """
    width, n_rows = width_of(cut), cut.bottom - cut.top
    planes = np.empty(2 * n_rows * width, np.float32)
    for r in range(n_rows):
        _cut_row(
            samples, cut.top - given.top + r, cut.left - given.left, planes, r * width, n_rows * width, width
        )
    return planes


@kernel
def _cut_row(
    samples: NDArray[Any], row: int, first: int, planes: Singles, start: int, size: int, width: int
) -> None:
    n = width - SPARE
    parts = samples[row, 2 * first : 2 * (first + n)]
    re, im = planes[start : start + width], planes[start + size : start + size + width]
    for k in range(n):
        a, b = np.float32(parts[2 * k]), np.float32(parts[2 * k + 1])
        missing = (a - a) + (b - b)  # 0, or NaN where a part is NaN or infinite
        re[k], im[k] = a + missing, b + missing
    re[n:] = 0.0
    im[n:] = 0.0
