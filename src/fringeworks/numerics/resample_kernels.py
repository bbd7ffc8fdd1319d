"""The inner loops of the complex resampler: one strip of output lines, tile by tile, cut into runs."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.nodes import FARTHEST, Nodes, expand_line, span_of
from fringeworks.numerics.planes import Planes, Source, cut_planes
from fringeworks.numerics.run_kernels import (
    RUN,
    WORK_SPACE,
    Chirp,
    Run,
    Weights,
    interpolate_run,
    write_run,
)

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

TILE: Final = 512
"""Samples of a tile: with some sixty lines, its samples stay in the second cache."""
_LARGEST: Final = 2**20  # samples of a tile's window; ten times what an unwarped tile needs
# Planes of an output line of a tile.  Keys are twice the row below a position, and twice the column below it minus the
# output column, plus one where the position lies on that row or column: it needs no neighbours along that axis.
_ROW, _COL, _ROW_KEY, _COL_KEY, _CYCLES = 0, TILE, 2 * TILE, 3 * TILE, 4 * TILE
_LINE: Final = 5 * TILE


@kernel
def resample_strip(
    source: Source,
    row_nodes: Nodes,
    col_nodes: Nodes,
    phase_nodes: Nodes,
    chirp: Chirp,
    weights: Weights,
    out: Singles,
    first_row: int,
    first_col: int,
) -> None:
    """Fill output lines; ``out`` is (line, 2 sample), parts side by side, its origin at (first_row, first_col)."""
    n_rows, n_cols = out.shape[0], out.shape[1] // 2
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    line, work = np.empty(_LINE), np.empty(WORK_SPACE, np.float32)
    for left in range(0, n_cols, TILE):
        n = min(TILE, n_cols - left)
        col = first_col + left
        low, high = span_of(row_nodes, first_row, first_row + n_rows, col, col + n)
        near, far = span_of(col_nodes, first_row, first_row + n_rows, col, col + n)
        top, bottom = first_row + low - row_reach, first_row + n_rows + high + row_reach + 1
        image = _tile_image(source, top, bottom, col + near - col_reach, col + n + far + col_reach + 1)
        for r in range(n_rows):
            expand_line(row_nodes, first_row + r, col, line[_ROW : _ROW + n])
            expand_line(col_nodes, first_row + r, col, line[_COL : _COL + n])
            if phase_nodes.values.size:
                expand_line(phase_nodes, first_row + r, col, line[_CYCLES : _CYCLES + n])
            _place(line, first_row + r, col, n)
            target = out[r, 2 * left : 2 * (left + n)]
            _fill_line(line, image, source, chirp, weights, work, target, phase_nodes.values.size)


@kernel
def _tile_image(source: Source, top: int, bottom: int, left: int, right: int) -> Planes:
    """Cut what a tile needs; nothing where offsets jump so much that it would be far more than a tile."""
    if (bottom - top) * (right - left) > _LARGEST:
        return cut_planes(source, source.row, source.row, source.col, source.col)
    return cut_planes(source, top, bottom, left, right)


@kernel
def _place(line: Doubles, row: int, first_col: int, n: int) -> None:
    """Turn the offsets of an output line into positions and keys; NaN stays NaN."""
    for k in range(n):
        y = row + line[_ROW + k]
        x = (first_col + k) + line[_COL + k]
        y0, x0 = np.floor(y), np.floor(x)
        line[_ROW + k], line[_COL + k] = y, x
        line[_ROW_KEY + k] = 2.0 * y0 + (1.0 if y == y0 else 0.0)
        line[_COL_KEY + k] = 2.0 * (x0 - k) + (1.0 if x == x0 else 0.0)


@kernel
def _fill_line(
    line: Doubles,
    image: Planes,
    source: Source,
    chirp: Chirp,
    weights: Weights,
    work: Singles,
    out: Singles,
    n_phases: int,
) -> None:
    """Cut a line into runs whose samples have their neighbours at the same place, and fill each."""
    n, k = out.size // 2, 0
    while k < n:
        row_key, col_key = line[_ROW_KEY + k], line[_COL_KEY + k]
        end, stop = k + 1, min(n, k + RUN)
        while end < stop and line[_ROW_KEY + end] == row_key and line[_COL_KEY + end] == col_key:
            end += 1
        first, last = end, end
        if abs(row_key) < FARTHEST and abs(col_key) < FARTHEST:  # not so for NaN
            run = _run_of(line, k, end)
            first, last = _valid_part(run, source, weights, k)
        for j in range(2 * k, 2 * first):
            out[j] = np.nan
        for j in range(2 * last, 2 * end):
            out[j] = np.nan
        if last > first:
            run = _run_of(line, first, last)
            interpolate_run(run, _run_image(run, image, source, weights), chirp, weights, work)
            cycles = line[_CYCLES + first : _CYCLES + last] if n_phases else line[:0]
            write_run(work, cycles, out[2 * first : 2 * last])
        k = end


@kernel
def _run_of(line: Doubles, start: int, end: int) -> Run:
    row_key, col_key = int(line[_ROW_KEY + start]), int(line[_COL_KEY + start])
    return Run(
        line[_ROW + start : _ROW + end],
        line[_COL + start : _COL + end],
        row_key >> 1,
        (col_key >> 1) + start,
        row_key & 1 == 1,
        col_key & 1 == 1,
    )


@kernel
def _run_image(run: Run, image: Planes, source: Source, weights: Weights) -> Planes:
    """Return the tile's samples if they hold all neighbours of a run, else the run's own."""
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    top, bottom = run.row_below - row_reach + 1, run.row_below + row_reach + 1
    left, right = run.col_below - col_reach + 1, run.col_below + run.col.size + col_reach
    top, left = max(top, source.row), max(left, source.col)
    bottom = min(bottom, source.row + source.samples.shape[0])
    right = min(right, source.col + source.samples.shape[1])
    rows, cols = image.real.shape
    if top >= image.row and left >= image.col and bottom <= image.row + rows and right <= image.col + cols:
        return image
    return cut_planes(source, top, bottom, left, right)


@kernel
def _valid_part(run: Run, source: Source, weights: Weights, start: int) -> tuple[int, int]:
    """Return which of a run's samples, the first being number ``start``, have all their neighbours."""
    top, bottom, before, after = run.row_below, run.row_below, 0, 0
    end = start + run.row.size
    if not run.on_row:
        top, bottom = top - len(weights.row_even) + 1, bottom + len(weights.row_even)
    if not run.on_col:
        before, after = len(weights.col_even) - 1, len(weights.col_even)
    if top < source.row or bottom >= source.row + source.samples.shape[0]:
        return end, end
    low, high = source.col, source.col + source.samples.shape[1] - 1
    for r in range(top, bottom + 1):
        if source.first_valid[r] < 0:
            return end, end
        low, high = max(low, source.first_valid[r]), min(high, source.last_valid[r])
    first = min(max(low + before - run.col_below + start, start), end)
    return first, max(min(high - after - run.col_below + start + 1, end), first)
