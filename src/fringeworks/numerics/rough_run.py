"""Interpolation of a run whose rows may jump from sample to sample: both axes for each sample. For compiled callers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import turn_of
from fringeworks.numerics.planes import Planes
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
    Chirp,
    Run,
    Weights,
    add_turned,
    weigh_columns,
    weigh_rows,
)

Singles: TypeAlias = NDArray[np.float32]


@kernel
def interpolate_rough(run: Run, image: Planes, chirp: Chirp, weights: Weights, work: Singles) -> None:
    """Sum the weighted neighbours of each sample: along each row first, then over the rows, free of the carrier."""
    n = run.size
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    r0, r1, c0, c1 = 0, 2 * row_reach, 0, 2 * col_reach
    if run.on_row:
        r0, r1 = row_reach - 1, row_reach
    if run.on_col:
        c0, c1 = col_reach - 1, col_reach
    weigh_columns(run, weights, work)
    weigh_rows(run, weights, work)
    turned = chirp.rate.size > 0 and not run.on_row
    if turned:
        _begin_turns(run, chirp, work, row_reach)
    for k in range(n):
        work[TOTAL_RE + k] = 0.0
        work[TOTAL_IM + k] = 0.0
    start = (run.row_below - (row_reach - 1) - image.row) * image.width
    start += run.col_below - (col_reach - 1) - image.col + c0
    for r in range(r0, r1):
        at, weight = start + r * image.width, ROW_WEIGHT + r * PLANE
        _sum_row(image.real, at, work, n, c0, c1, PART_RE)
        _sum_row(image.imaginary, at, work, n, c0, c1, PART_IM)
        if turned:
            add_turned(work, weight, work, PART_RE, work, PART_IM, n, TOTAL_RE)
        else:
            _add_weighted(work, weight, n)


@kernel
def _add_weighted(work: Singles, start: int, n: int) -> None:
    weight = work[start : start + n]
    for k in range(n):
        work[TOTAL_RE + k] += weight[k] * work[PART_RE + k]
        work[TOTAL_IM + k] += weight[k] * work[PART_IM + k]


@kernel
def _begin_turns(run: Run, chirp: Chirp, work: Singles, row_reach: int) -> None:
    """Set the turn that frees the first row of the carrier, the step to the next row, and how the step changes.

    At distance d from the position the carrier differs by f d + g d^2 / 2, f the frequency at the position.
    """
    n, x = run.size, run.col_below
    x1 = x if run.on_col else x + 1
    f0, g0 = chirp.frequency[x : x + n], chirp.rate[x : x + n]
    f1, g1 = chirp.frequency[x1 : x1 + n], chirp.rate[x1 : x1 + n]
    first = run.row_below - (row_reach - 1)
    row, col = run.line[run.row + HALO :], run.line[run.col + HALO :]
    for k in range(n):
        share = col[k] - (x + k)
        rate = g0[k] + share * (g1[k] - g0[k])
        frequency = f0[k] + share * (f1[k] - f0[k]) + rate * (row[k] - chirp.middle)
        d = first - row[k]
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
