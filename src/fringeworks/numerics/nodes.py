"""Values on a coarse grid over an image, and their linear expansion; for compiled callers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Doubles: TypeAlias = NDArray[np.float64]

FARTHEST: Final = 1e9
"""Values of this size and more are taken for unknown where a span of values is asked for."""


class Nodes(NamedTuple):
    """Values on a coarse grid: node (a, b) lies at output row ``row_start + a row_step``, and likewise in columns."""

    values: NDArray[Any]
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
    low, high = np.full(b1 - b0, FARTHEST), np.full(b1 - b0, -FARTHEST)
    for a in range(a0, a1):  # column by column: this order compiles to vector code
        line = nodes.values[a, b0:b1]
        for b in range(b1 - b0):
            value = float(line[b])
            known = abs(value) < FARTHEST
            low[b] = value if known and value < low[b] else low[b]
            high[b] = value if known and value > high[b] else high[b]
    least, most = low.min(), high.max()
    if least > most:
        return 0, 0
    return int(np.floor(least)), int(np.ceil(most))


@kernel
def _cell(place: int, start: int, step: int, n_nodes: int) -> int:
    """Return the node below a place, the last but one at most."""
    return min(max((place - start) // step, 0), max(n_nodes - 2, 0))


@kernel
def expand_line(nodes: Nodes, row: int, first_col: int, out: Doubles) -> None:
    """Interpolate nodes linearly along an output line; beyond the outermost nodes the last two go on."""
    n_rows, n_cols = nodes.values.shape
    a = _cell(row, nodes.row_start, nodes.row_step, n_rows)
    f = (row - nodes.row_start - a * nodes.row_step) / nodes.row_step
    above, below = nodes.values[a], nodes.values[min(a + 1, n_rows - 1)]
    k, n = 0, out.size
    if nodes.col_step == 1 and n_cols > 1:
        _expand_samples(above, below, f, first_col - nodes.col_start, out)
        return
    while k < n:
        b = _cell(first_col + k, nodes.col_start, nodes.col_step, n_cols)
        b1 = min(b + 1, n_cols - 1)
        left = _between(float(above[b]), float(below[b]), f)
        right = _between(float(above[b1]), float(below[b1]), f)
        start = nodes.col_start + b * nodes.col_step - first_col
        end = n if b >= n_cols - 2 else min(n, start + nodes.col_step)
        _fill_cell(left, right, start, nodes.col_step, out[k:end], k)
        k = end


@kernel
def _fill_cell(left: float, right: float, start: int, step: int, out: Doubles, first: int) -> None:
    """Interpolate between two nodes, the left one at ``start``; ``out`` begins at ``first``.

    On a node, the other is not asked: it may be NaN.
    """
    slope, before = (right - left) / step, first - start
    for j in range(out.size):
        out[j] = left + slope * (before + j)
    if 0 <= -before < out.size:
        out[-before] = left
    if 0 <= step - before < out.size:
        out[step - before] = right


@kernel
def _expand_samples(above: NDArray[Any], below: NDArray[Any], share: float, first: int, out: Doubles) -> None:
    """Interpolate between two rows with a node at each sample; beyond the outermost nodes their values go on."""
    low, high = max(-first, 0), min(above.size - first, out.size)
    upper, lower = above[max(first, 0) :], below[max(first, 0) :]
    inner = out[low:high]
    for j in range(high - low):
        inner[j] = _between(float(upper[j]), float(lower[j]), share)
    for j in range(low):
        out[j] = inner[0]
    for j in range(high, out.size):
        out[j] = inner[high - low - 1]


@kernel
def _between(first: float, second: float, share: float) -> float:
    """Interpolate linearly; on an end, the other end is not asked: it may be NaN."""
    value = first + share * (second - first)
    value = first if share == 0.0 else value
    return second if share == 1.0 else value
