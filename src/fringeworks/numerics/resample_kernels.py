"""The inner loops of the complex resampler: one strip of output lines, tile by tile, cut into runs."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.nodes import FARTHEST, Nodes, expand_line, span_of
from fringeworks.numerics.planes import Place, cut_planes, holds, overlap
from fringeworks.numerics.rough_run import interpolate_rough
from fringeworks.numerics.runs import (
    HALO,
    PIECE,
    PLANE,
    RUN,
    WORK_SPACE,
    Reach,
    Run,
    write_run,
    write_turned,
)
from fringeworks.numerics.smooth_run import interpolate_smooth

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Wholes: TypeAlias = NDArray[np.int64]

TILE: Final = 512
"""Samples of a tile: with some sixty lines, its samples stay in the second cache."""
_LARGEST: Final = 2**20  # samples of a tile's window; ten times what an unwarped tile needs
_STEEPEST: Final = 5e-5  # rows a column: slower changes let both axes be interpolated one after the other
# Planes of an output line of a tile, with positions of neighbours on both sides.  Keys are twice the row below a position,
# and twice the column below it minus the output column, plus one where the position lies on that row or column: it needs
# no neighbours along that axis.
_WIDE: Final = TILE + 2 * HALO + PIECE
_ROW, _COL, _ROW_KEY, _COL_KEY, _CYCLES = 0, _WIDE, 2 * _WIDE, 3 * _WIDE, 4 * _WIDE
_LINE: Final = 5 * _WIDE


class Source(NamedTuple):
    """What is interpolated: samples (row, 2 column), parts side by side, where they lie, and all that is known of them.

    ``valid`` is (2, row of the image): first and last valid column.  ``chirp`` is (2, column of the image): frequency
    [cycles/row] at row ``middle``, and its change [cycles/row^2]; or empty.  ``taps``: see :func:`runs.weigh`.
    """

    samples: NDArray[Any]
    place: Place
    valid: Wholes
    chirp: Doubles
    middle: float
    taps: Singles
    reach: Reach


@kernel
def resample_strip(
    source: Source,
    row_nodes: Nodes,
    col_nodes: Nodes,
    phase_nodes: Nodes,
    cycles_per_unit: float,
    out: Singles,
    first_row: int,
    first_col: int,
) -> None:
    """Fill output lines; ``out`` is (line, 2 sample), parts side by side, its origin at (first_row, first_col)."""
    n_rows, n_cols = out.shape[0], out.shape[1] // 2
    samples, place, valid, chirp, middle, taps, reach = source
    line, work, curve = np.zeros(_LINE), np.zeros(WORK_SPACE, np.float32), np.empty(PLANE)
    for left in range(0, n_cols, TILE):
        n = min(TILE, n_cols - left)
        col = first_col + left
        low, high = span_of(row_nodes, first_row, first_row + n_rows, col, col + n)
        near, far = span_of(col_nodes, first_row, first_row + n_rows, col, col + n)
        top, bottom = first_row + low - reach.rows, first_row + n_rows + high + reach.rows + 1
        cut = Place(top, bottom, col + near - reach.cols, col + n + far + reach.cols + 1)
        if (cut.bottom - cut.top) * (cut.right - cut.left) > _LARGEST:
            cut = Place(top, top, cut.left, cut.left)  # each run will cut what it needs
        cut = overlap(cut, place)
        planes = cut_planes(samples, place, cut)
        for r in range(n_rows):
            expand_line(row_nodes, first_row + r, col - HALO, line[_ROW : _ROW + n + 2 * HALO])
            expand_line(col_nodes, first_row + r, col - HALO, line[_COL : _COL + n + 2 * HALO])
            if phase_nodes.values.size:
                cycles = line[_CYCLES : _CYCLES + n]
                expand_line(phase_nodes, first_row + r, col, cycles)
                cycles *= cycles_per_unit
            _place(line, first_row + r, col - HALO, n + 2 * HALO)
            target, turned = out[r, 2 * left : 2 * (left + n)], phase_nodes.values.size > 0
            _fill_line(
                line,
                samples,
                place,
                valid,
                planes,
                cut,
                chirp,
                middle,
                taps,
                reach,
                work,
                curve,
                target,
                turned,
            )


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
    samples: NDArray[Any],
    place: Place,
    valid: Wholes,
    planes: Singles,
    cut: Place,
    chirp: Doubles,
    middle: float,
    taps: Singles,
    reach: Reach,
    work: Singles,
    curve: Doubles,
    out: Singles,
    turned: bool,  # noqa: FBT001 - compiled code takes its arguments by place
) -> None:
    """Cut a line into runs whose samples have their neighbours at the same place, and fill each."""
    n, k = out.size // 2, 0
    while k < n:
        end = _end_of_run(line, k, min(n, k + RUN))
        first, last = end, end
        if _is_known(line, k):
            first, last = _valid_part(_run_of(line, k, end), place, valid, reach, k)
        for j in range(2 * k, 2 * first):
            out[j] = np.nan
        for j in range(2 * last, 2 * end):
            out[j] = np.nan
        while first < last:
            stop, smooth = _even_part(line, first, last, reach.cols)
            run = _run_of(line, first, stop)
            need = overlap(_need_of(run, reach), place)
            if not holds(cut, need):
                planes, cut = cut_planes(samples, place, need), need
            if smooth:
                interpolate_smooth(run, line, planes, cut, chirp, middle, taps, reach, work, curve)
            else:
                interpolate_rough(run, line, planes, cut, chirp, middle, taps, reach, work)
            if turned:
                write_turned(work, run.size, out, first, line, _CYCLES + first)
            else:
                write_run(work, run.size, out, first)
            first = stop
        k = end


@kernel
def _is_known(line: Doubles, k: int) -> bool:
    """Return whether a position is a number within bounds."""
    return bool(abs(line[_ROW_KEY + HALO + k]) < FARTHEST and abs(line[_COL_KEY + HALO + k]) < FARTHEST)


@kernel
def _end_of_run(line: Doubles, start: int, stop: int) -> int:
    """Return where keys change, ``stop`` at most."""
    row_key, col_key = line[_ROW_KEY + HALO + start], line[_COL_KEY + HALO + start]
    end, size = start + 1, stop - start - 1
    while size > 0:
        size = min(size, stop - end)
        row_keys, col_keys = line[_ROW_KEY + HALO + end :], line[_COL_KEY + HALO + end :]
        n_other = 0
        for k in range(size):
            n_other += (row_keys[k] != row_key) | (col_keys[k] != col_key)
        if n_other == 0:
            end += size
        else:
            size //= 2
    return end


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
        _ROW + start,
        _COL + start,
        row_key >> 1,
        (col_key >> 1) + HALO + start,
        row_key & 1 == 1,
        col_key & 1 == 1,
    )


@kernel
def _need_of(run: Run, reach: Reach) -> Place:
    """Return the rows and columns that a run may need."""
    return Place(
        run.row_below - reach.rows + 1,
        run.row_below + reach.rows + 1,
        run.col_below - reach.cols + 1,
        run.col_below + run.size + reach.cols,
    )


@kernel
def _valid_part(run: Run, place: Place, valid: Wholes, reach: Reach, start: int) -> tuple[int, int]:
    """Return which of a run's samples, the first being number ``start``, have all their neighbours."""
    need = _need_of(run, reach)
    top, bottom = (run.row_below, run.row_below + 1) if run.on_row else (need.top, need.bottom)
    before, after = (0, 0) if run.on_col else (reach.cols - 1, reach.cols)
    end = start + run.size
    if top < place.top or bottom > place.bottom:
        return end, end
    low, high = place.left, place.right - 1
    for r in range(top, bottom):
        if valid[0, r] < 0:
            return end, end
        low, high = max(low, valid[0, r]), min(high, valid[1, r])
    first = min(max(low + before - run.col_below + start, start), end)
    return first, max(min(high - after - run.col_below + start + 1, end), first)
