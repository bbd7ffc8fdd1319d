"""Interpolation of a run whose rows change slowly: along columns of the image first, then along rows. For compiled callers.

The image at the curve of rows that the run follows is itself an image line, and known at its whole columns after the first
step; the second interpolates it.  Two short sums take the place of a product of two.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import turn_of
from fringeworks.numerics.planes import Place, width_of
from fringeworks.numerics.runs import (
    BEND_IM,
    BEND_RE,
    COL_WEIGHT,
    FRACTION,
    HALO,
    PART_IM,
    PART_RE,
    PLANE,
    ROW_WEIGHT,
    STEP_IM,
    STEP_RE,
    TOTAL_IM,
    TOTAL_RE,
    TURN_IM,
    TURN_RE,
    Reach,
    Run,
    add_turned,
    weigh,
    weigh_columns,
    whole_pieces,
)

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


@kernel
def interpolate_smooth(
    run: Run,
    line: Doubles,
    planes: Singles,
    place: Place,
    chirp: Doubles,
    middle: float,
    taps: Singles,
    reach: Reach,
    work: Singles,
    curve: Doubles,
) -> None:
    """Sum the weighted neighbours of a run: over the rows at each column, free of the carrier, then over the columns."""
    n_cols = run.size + 2 * reach.cols - 1
    n, width = whole_pieces(n_cols), width_of(place)
    first_row, first_col = run.row_below - (reach.rows - 1), run.col_below - (reach.cols - 1)
    before = HALO - (reach.cols - 1)
    _follow_rows(line, run.row + before, run.col + before, first_col, curve, n)
    _begin_sums(curve, run.row_below, work, n)
    weigh(taps, 0, reach.rows, work, n, ROW_WEIGHT)
    re = (first_row - place.top) * width + first_col - place.left
    im = re + (place.bottom - place.top) * width
    if chirp.size > 0:
        _begin_turns(curve, n_cols, chirp, middle, work, first_row, first_col)
        for r in range(2 * reach.rows):
            add_turned(work, ROW_WEIGHT + r * PLANE, planes, re + r * width, im + r * width, n, PART_RE)
    else:
        for r in range(0, 2 * reach.rows, 2):
            _add_two(planes, re + r * width, width, work, ROW_WEIGHT + r * PLANE, PART_RE, n)
            _add_two(planes, im + r * width, width, work, ROW_WEIGHT + r * PLANE, PART_IM, n)
    weigh_columns(run, line, taps, reach, work)
    _sum_columns(work, whole_pieces(run.size), 2 * reach.cols)


@kernel
def _follow_rows(line: Doubles, row_start: int, col_start: int, first: int, curve: Doubles, n: int) -> None:
    """Find the row of the run's curve at each whole column: the samples' rows, moved by their fractions of a column."""
    row, col = line[row_start : row_start + n + 1], line[col_start : col_start + n]
    for k in range(n):
        curve[k] = row[k] - (col[k] - (first + k)) * (row[k + 1] - row[k])


@kernel
def _begin_sums(curve: Doubles, row_below: int, work: Singles, n: int) -> None:
    for k in range(n):
        work[FRACTION + k] = curve[k] - row_below
        work[PART_RE + k] = 0.0
        work[PART_IM + k] = 0.0


@kernel
def _begin_turns(
    curve: Doubles, n: int, chirp: Doubles, middle: float, work: Singles, first_row: int, first_col: int
) -> None:
    """Set the turn that frees the first row of the carrier, the step to the next row, and how the step changes.

    At distance d from the position the carrier differs by f d + g d^2 / 2, f the frequency at the position.
    """
    frequency_at, rate_at = chirp[0, first_col : first_col + n], chirp[1, first_col : first_col + n]
    for k in range(n):
        rate = rate_at[k]
        frequency = frequency_at[k] + rate * (curve[k] - middle)
        d = first_row - curve[k]
        work[TURN_RE + k], work[TURN_IM + k] = turn_of(-d * (frequency + 0.5 * rate * d))
        work[STEP_RE + k], work[STEP_IM + k] = turn_of(-(frequency + rate * (d + 0.5)))
        work[BEND_RE + k], work[BEND_IM + k] = turn_of(-rate)


@kernel
def _add_two(plane: Singles, start: int, width: int, work: Singles, weight: int, total: int, n: int) -> None:
    """Add two weighted rows."""
    first, second = plane[start : start + n], plane[start + width : start + width + n]
    w, part = work[weight : weight + PLANE + n], work[total : total + n]
    for k in range(n):
        part[k] += w[k] * first[k] + w[PLANE + k] * second[k]


@kernel
def _sum_columns(work: Singles, n: int, n_taps: int) -> None:
    """Sum the weighted columns of the parts into the totals."""
    for k in range(n):
        work[TOTAL_RE + k] = 0.0
        work[TOTAL_IM + k] = 0.0
    c = 0
    while c + 4 <= n_taps:
        w, v = work[COL_WEIGHT + c * PLANE :], work[PART_RE + c :]
        for k in range(n):
            work[TOTAL_RE + k] += (w[k] * v[k] + w[PLANE + k] * v[k + 1]) + (
                w[2 * PLANE + k] * v[k + 2] + w[3 * PLANE + k] * v[k + 3]
            )
            work[TOTAL_IM + k] += (w[k] * v[PLANE + k] + w[PLANE + k] * v[PLANE + k + 1]) + (
                w[2 * PLANE + k] * v[PLANE + k + 2] + w[3 * PLANE + k] * v[PLANE + k + 3]
            )
        c += 4
    if c < n_taps:  # an even number
        w, v = work[COL_WEIGHT + c * PLANE :], work[PART_RE + c :]
        for k in range(n):
            work[TOTAL_RE + k] += w[k] * v[k] + w[PLANE + k] * v[k + 1]
            work[TOTAL_IM + k] += w[k] * v[PLANE + k] + w[PLANE + k] * v[PLANE + k + 1]
