"""Interpolation of a run whose rows may jump from sample to sample: both axes for each sample. For compiled callers."""

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
    weigh_columns,
    weigh_rows,
)

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


@kernel
def interpolate_rough(
    run: Run,
    line: Doubles,
    planes: Singles,
    place: Place,
    chirp: Doubles,
    middle: float,
    taps: Singles,
    reach: Reach,
    work: Singles,
) -> None:
    """Sum the weighted neighbours of each sample: along each row first, then over the rows, free of the carrier."""
    n, width = run.size, width_of(place)
    r0, r1 = (reach.rows - 1, reach.rows) if run.on_row else (0, 2 * reach.rows)
    c0, c1 = (reach.cols - 1, reach.cols) if run.on_col else (0, 2 * reach.cols)
    weigh_columns(run, line, taps, reach, work)
    weigh_rows(run, line, taps, reach, work)
    turned = chirp.size > 0 and not run.on_row
    first_row = run.row_below - (reach.rows - 1)
    if turned:
        _begin_turns(run, line, chirp, middle, work, first_row)
    for k in range(n):
        work[TOTAL_RE + k] = 0.0
        work[TOTAL_IM + k] = 0.0
    re = (first_row - place.top) * width + run.col_below - (reach.cols - 1) - place.left + c0
    im = re + (place.bottom - place.top) * width
    for r in range(r0, r1):
        _sum_row(planes, re + r * width, work, n, c0, c1, PART_RE)
        _sum_row(planes, im + r * width, work, n, c0, c1, PART_IM)
        if turned:
            add_turned(work, ROW_WEIGHT + r * PLANE, work, PART_RE, PART_IM, n, TOTAL_RE)
        else:
            _add_weighted(work, ROW_WEIGHT + r * PLANE, n)


@kernel
def _add_weighted(work: Singles, start: int, n: int) -> None:
    weight = work[start : start + n]
    for k in range(n):
        work[TOTAL_RE + k] += weight[k] * work[PART_RE + k]
        work[TOTAL_IM + k] += weight[k] * work[PART_IM + k]


@kernel
def _begin_turns(
    run: Run, line: Doubles, chirp: Doubles, middle: float, work: Singles, first_row: int
) -> None:
    """Set the turn that frees the first row of the carrier, the step to the next row, and how the step changes.

    At distance d from the position the carrier differs by f d + g d^2 / 2, f the frequency at the position.
    """
    n, x = run.size, run.col_below
    x1 = x if run.on_col else x + 1
    f0, g0 = chirp[0, x : x + n], chirp[1, x : x + n]
    f1, g1 = chirp[0, x1 : x1 + n], chirp[1, x1 : x1 + n]
    row, col = line[run.row + HALO :], line[run.col + HALO :]
    for k in range(n):
        share = col[k] - (x + k)
        rate = g0[k] + share * (g1[k] - g0[k])
        frequency = f0[k] + share * (f1[k] - f0[k]) + rate * (row[k] - middle)
        d = first_row - row[k]
        work[TURN_RE + k], work[TURN_IM + k] = turn_of(-d * (frequency + 0.5 * rate * d))
        work[STEP_RE + k], work[STEP_IM + k] = turn_of(-(frequency + rate * (d + 0.5)))
        work[BEND_RE + k], work[BEND_IM + k] = turn_of(-rate)


@kernel
def _sum_row(plane: Singles, start: int, work: Singles, n: int, first: int, last: int, part: int) -> None:
    """Sum the weighted neighbours of one row, for one of the two parts."""
    total = work[part : part + n]
    total[:] = 0.0
    c = first
    while c + 4 <= last:
        v, w = plane[start + c - first :], work[COL_WEIGHT + c * PLANE :]
        for k in range(n):
            total[k] += (w[k] * v[k] + w[PLANE + k] * v[k + 1]) + (
                w[2 * PLANE + k] * v[k + 2] + w[3 * PLANE + k] * v[k + 3]
            )
        c += 4
    while c < last:
        v, w = plane[start + c - first :], work[COL_WEIGHT + c * PLANE :]
        for k in range(n):
            total[k] += w[k] * v[k]
        c += 1
