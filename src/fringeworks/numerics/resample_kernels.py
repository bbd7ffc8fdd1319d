"""The inner loops of the complex resampler: one strip of output lines, tile by tile, cut into runs."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.nodes import FARTHEST, Nodes, expand_line, span_of
from fringeworks.numerics.planes import SPARE, Planes, Source, cut_planes
from fringeworks.numerics.rough_run import interpolate_rough
from fringeworks.numerics.runs import (
    HALO,
    PIECE,
    PLANE,
    RUN,
    WORK_SPACE,
    Chirp,
    Run,
    Weights,
    write_run,
    write_turned,
)
from fringeworks.numerics.smooth_run import interpolate_smooth

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

TILE: Final = 512
"""Samples of a tile: with some sixty lines, its samples stay in the second cache."""
_LARGEST: Final = 2**20  # samples of a tile's window; ten times what an unwarped tile needs
_STEEPEST: Final = 2e-4  # rows a column: slower changes let both axes be interpolated one after the other
# Planes of an output line of a tile, with positions of neighbours on both sides.  Keys are twice the row below a position,
# and twice the column below it minus the output column, plus one where the position lies on that row or column: it needs
# no neighbours along that axis.
_WIDE: Final = TILE + 2 * HALO + PIECE
_ROW, _COL, _ROW_KEY, _COL_KEY, _CYCLES = 0, _WIDE, 2 * _WIDE, 3 * _WIDE, 4 * _WIDE
_LINE: Final = 5 * _WIDE


@kernel
def resample_strip(
    source: Source,
    row_nodes: Nodes,
    col_nodes: Nodes,
    phase_nodes: Nodes,
    cycles_per_unit: float,
    chirp: Chirp,
    weights: Weights,
    out: Singles,
    first_row: int,
    first_col: int,
) -> None:
    """Fill output lines; ``out`` is (line, 2 sample), parts side by side, its origin at (first_row, first_col)."""
    n_rows, n_cols = out.shape[0], out.shape[1] // 2
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    line, work, curve = np.zeros(_LINE), np.zeros(WORK_SPACE, np.float32), np.empty(PLANE)
    for left in range(0, n_cols, TILE):
        n = min(TILE, n_cols - left)
        col = first_col + left
        low, high = span_of(row_nodes, first_row, first_row + n_rows, col, col + n)
        near, far = span_of(col_nodes, first_row, first_row + n_rows, col, col + n)
        top, bottom = first_row + low - row_reach, first_row + n_rows + high + row_reach + 1
        image = _tile_image(source, top, bottom, col + near - col_reach, col + n + far + col_reach + 1)
        for r in range(n_rows):
            expand_line(row_nodes, first_row + r, col - HALO, line[_ROW : _ROW + n + 2 * HALO])
            expand_line(col_nodes, first_row + r, col - HALO, line[_COL : _COL + n + 2 * HALO])
            if phase_nodes.values.size:
                cycles = line[_CYCLES : _CYCLES + n]
                expand_line(phase_nodes, first_row + r, col, cycles)
                cycles *= cycles_per_unit
            _place(line, first_row + r, col - HALO, n + 2 * HALO)
            target = out[r, 2 * left : 2 * (left + n)]
            _fill_line(line, image, source, chirp, weights, work, curve, target, phase_nodes.values.size)


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
    curve: Doubles,
    out: Singles,
    n_phases: int,
) -> None:
    """Cut a line into runs whose samples have their neighbours at the same place, and fill each."""
    n, k = out.size // 2, 0
    while k < n:
        row_key, col_key = line[_ROW_KEY + HALO + k], line[_COL_KEY + HALO + k]
        end = _end_of_run(line, k, min(n, k + RUN))
        first, last = end, end
        if abs(row_key) < FARTHEST and abs(col_key) < FARTHEST:  # not so for NaN
            first, last = _valid_part(_run_of(line, k, end), source, weights, k)
        for j in range(2 * k, 2 * first):
            out[j] = np.nan
        for j in range(2 * last, 2 * end):
            out[j] = np.nan
        while first < last:
            middle, smooth = _even_part(line, first, last, len(weights.col_even))
            run = _run_of(line, first, middle)
            held = image
            if not _holds(image, run, source, weights):
                held = _run_image(run, source, weights)
            if smooth:
                interpolate_smooth(run, held, chirp, weights, work, curve)
            else:
                interpolate_rough(run, held, chirp, weights, work)
            if n_phases:
                write_turned(work, run.size, out, first, line, _CYCLES + first)
            else:
                write_run(work, run.size, out, first)
            first = middle
        k = end


@kernel
def _end_of_run(line: Doubles, start: int, stop: int) -> int:
    """Return where keys change, ``stop`` at most."""
    row_keys, col_keys = line[_ROW_KEY + HALO + start :], line[_COL_KEY + HALO + start :]
    end, size = 1, stop - start - 1
    while size > 0:
        size = min(size, stop - start - end)
        n_other = 0
        for k in range(end, end + size):
            n_other += (row_keys[k] != row_keys[0]) | (col_keys[k] != col_keys[0])
        if n_other == 0:
            end += size
        else:
            size //= 2
    return start + end


@kernel
def _even_part(line: Doubles, start: int, end: int, reach: int) -> tuple[int, bool]:
    """Return the end of the part of a run that is smooth throughout, or rough throughout, and which of both.

    A sample is smooth if rows change slowly between all columns of its neighbours; a property of its own, however runs are
    cut.  Positions on a row or column need one sum alone, which the general way does.
    """
    if int(line[_ROW_KEY + HALO + start]) & 1 == 1 or int(line[_COL_KEY + HALO + start]) & 1 == 1:
        return end, False
    if _is_smooth(line, start - reach, end + reach):
        return end, True
    smooth = _is_smooth(line, start - reach, start + 1 + reach)
    k = start + 1
    while k < end and _is_smooth(line, k - reach, k + 1 + reach) == smooth:
        k += 1
    return k, smooth


@kernel
def _is_smooth(line: Doubles, start: int, end: int) -> bool:
    row = line[_ROW + HALO + start : _ROW + HALO + end]
    n_steep = 0
    for k in range(row.size - 1):
        n_steep += not abs(row[k + 1] - row[k]) <= _STEEPEST  # also where one is NaN
    return n_steep == 0


@kernel
def _run_of(line: Doubles, start: int, end: int) -> Run:
    row_key, col_key = int(line[_ROW_KEY + HALO + start]), int(line[_COL_KEY + HALO + start])
    return Run(
        end - start,
        line,
        _ROW + start,
        _COL + start,
        row_key >> 1,
        (col_key >> 1) + HALO + start,
        row_key & 1 == 1,
        col_key & 1 == 1,
    )


@kernel
def _window_of(run: Run, source: Source, weights: Weights) -> tuple[int, int, int, int]:
    """Return the rows and columns (first and end of each) that a run may need, of those that there are."""
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    return (
        max(run.row_below - row_reach + 1, source.row),
        min(run.row_below + row_reach + 1, source.row + source.samples.shape[0]),
        max(run.col_below - col_reach + 1, source.col),
        min(run.col_below + run.size + col_reach, source.col + source.samples.shape[1]),
    )


@kernel
def _holds(image: Planes, run: Run, source: Source, weights: Weights) -> bool:
    """Return whether an image holds all neighbours of a run."""
    top, bottom, left, right = _window_of(run, source, weights)
    cols = image.width - SPARE
    inside = top >= image.row and left >= image.col
    return inside and bottom <= image.row + image.n_rows and right <= image.col + cols


@kernel
def _run_image(run: Run, source: Source, weights: Weights) -> Planes:
    top, bottom, left, right = _window_of(run, source, weights)
    return cut_planes(source, top, bottom, left, right)


@kernel
def _valid_part(run: Run, source: Source, weights: Weights, start: int) -> tuple[int, int]:
    """Return which of a run's samples, the first being number ``start``, have all their neighbours."""
    top, bottom, before, after = run.row_below, run.row_below, 0, 0
    end = start + run.size
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
