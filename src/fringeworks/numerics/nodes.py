"""Values on a coarse grid over an image, and their linear expansion; for compiled callers."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Doubles: TypeAlias = NDArray[np.float64]

FARTHEST: Final = 1e9
"""Values of this size and more are taken for unknown where a span of values is asked for."""


class Nodes(NamedTuple):
    """Values on a coarse grid: node (a, b) lies at output row ``row_start + a row_step``, and likewise in columns."""

    values: Doubles
    row_start: int
    row_step: int
    col_start: int
    col_step: int


@kernel
def span_of(nodes: Nodes, top: int, bottom: int, left: int, right: int) -> tuple[int, int]:
    """Return whole numbers below and above all values that a window of the output can meet; NaN is left out."""
    n_rows, n_cols = nodes.values.shape
    a0 = _cell(top, nodes.row_start, nodes.row_step, n_rows)
    a1 = min(_cell(bottom - 1, nodes.row_start, nodes.row_step, n_rows) + 2, n_rows)
    b0 = _cell(left, nodes.col_start, nodes.col_step, n_cols)
    b1 = min(_cell(right - 1, nodes.col_start, nodes.col_step, n_cols) + 2, n_cols)
    low, high = np.inf, -np.inf
    for a in range(a0, a1):
        for b in range(b0, b1):
            value = nodes.values[a, b]
            if abs(value) < FARTHEST:
                low, high = min(low, value), max(high, value)
    if low > high:
        return 0, 0
    return int(np.floor(low)), int(np.ceil(high))


@kernel
def _cell(place: int, start: int, step: int, n_nodes: int) -> int:
    """Return the node below a place, the last but one at most."""
    return min(max((place - start) // step, 0), max(n_nodes - 2, 0))


@kernel
def expand_line(nodes: Nodes, row: int, first_col: int, out: Doubles) -> None:
    """Interpolate nodes linearly along an output line."""
    n_rows, n_cols = nodes.values.shape
    a = _cell(row, nodes.row_start, nodes.row_step, n_rows)
    f = (row - nodes.row_start - a * nodes.row_step) / nodes.row_step
    above, below = nodes.values[a], nodes.values[min(a + 1, n_rows - 1)]
    k, n = 0, out.size
    while k < n:
        b = _cell(first_col + k, nodes.col_start, nodes.col_step, n_cols)
        b1 = min(b + 1, n_cols - 1)
        left, right = _between(above[b], below[b], f), _between(above[b1], below[b1], f)
        start = nodes.col_start + b * nodes.col_step - first_col
        end = n if b >= n_cols - 2 else min(n, start + nodes.col_step)
        for j in range(k, end):
            out[j] = _between(left, right, (j - start) / nodes.col_step)
        k = end


@kernel
def _between(first: float, second: float, share: float) -> float:
    """Interpolate linearly; on an end, the other end is not asked: it may be NaN."""
    value = first + share * (second - first)
    value = first if share == 0.0 else value
    return second if share == 1.0 else value
