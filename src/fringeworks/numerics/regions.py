"""Connected regions of equal value."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.compiled import kernel

Integers: TypeAlias = NDArray[np.int32]


def find_regions(values: Integers) -> Integers:
    """Give a number to each region of pixels that touch, by side or corner, and have the same value.

    Parameters
    ----------
    values : int32, (row, col)
        0 = belongs to no region.

    Returns
    -------
    int32, (row, col)
        Regions from 1, in order of their first pixel, row by row; 0 = none.
    """
    if values.ndim != 2:
        raise ShapeMismatchError(f"values of shape {values.shape}", expected="rows and columns")
    return _label(np.ascontiguousarray(values, np.int32))


@kernel
def _root(parent: Integers, k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@kernel
def _label(values: Integers) -> Integers:
    rows, cols = values.shape
    parent = np.arange(rows * cols).astype(np.int32)
    for row in range(rows):
        for col in range(cols):
            if values[row, col] == 0:
                continue
            here = _root(parent, row * cols + col)
            for down, right in ((0, -1), (-1, -1), (-1, 0), (-1, 1)):
                r, c = row + down, col + right
                if r >= 0 and 0 <= c < cols and values[r, c] == values[row, col]:
                    there = _root(parent, r * cols + c)
                    # the earlier pixel leads, so that numbers follow the order of first pixels
                    first, last = min(here, there), max(here, there)
                    parent[last] = first
                    here = first
    out = np.zeros((rows, cols), np.int32)
    number = np.zeros(rows * cols, np.int32)
    n = 0
    for row in range(rows):
        for col in range(cols):
            if values[row, col] == 0:
                continue
            top = _root(parent, row * cols + col)
            if number[top] == 0:
                n += 1
                number[top] = n
            out[row, col] = number[top]
    return out
