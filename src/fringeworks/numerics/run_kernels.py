"""One run of output samples whose neighbours begin at the same place: weights, sums, carrier; for compiled callers.

Work space is one flat array cut into planes of ``RUN`` numbers at places known when the code is compiled: so the compiler
sees that planes do not overlap, and turns the loops over a run into vector code.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import turn_of
from fringeworks.numerics.planes import Planes
from fringeworks.numerics.taps import LENGTHS

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

RUN: Final = 256
"""Most samples that are interpolated at once: weights and sums stay in the first cache."""

_PART_RE, _PART_IM = 0, RUN  # sums along one row
_TOTAL_RE, _TOTAL_IM = 2 * RUN, 3 * RUN
_TURN_RE, _TURN_IM = 4 * RUN, 5 * RUN  # frees a row of the carrier
_STEP_RE, _STEP_IM = 6 * RUN, 7 * RUN  # from one row's turn to the next
_BEND_RE, _BEND_IM = 8 * RUN, 9 * RUN  # from one step to the next
_FRACTION = 10 * RUN
_COL_WEIGHT = 11 * RUN
_ROW_WEIGHT = _COL_WEIGHT + LENGTHS[-1] * RUN
WORK_SPACE: Final = _ROW_WEIGHT + LENGTHS[-1] * RUN
"""Numbers of work space that a run needs."""


class Chirp(NamedTuple):
    """Carrier: frequency [cycles/row] at row ``middle`` and its change [cycles/row^2], both (col); none where empty."""

    frequency: Doubles
    rate: Doubles
    middle: float


class Weights(NamedTuple):
    """Coefficients of row and column taps."""

    row_even: Singles
    row_odd: Singles
    col_even: Singles
    col_odd: Singles


class Run(NamedTuple):
    """A run: positions (col counted in the image), the row and column below them, and whether they lie on them."""

    row: Doubles
    col: Doubles
    row_below: int
    col_below: int
    on_row: bool
    on_col: bool


@kernel
def interpolate_run(run: Run, image: Planes, chirp: Chirp, weights: Weights, work: Singles) -> None:
    """Sum the weighted neighbours of a run: along each row first, then over the rows, free of the carrier."""
    n = run.row.size
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    r0, r1, c0, c1 = 0, 2 * row_reach, 0, 2 * col_reach
    if run.on_row:
        r0, r1 = row_reach - 1, row_reach
    if run.on_col:
        c0, c1 = col_reach - 1, col_reach
    for k in range(n):
        work[_FRACTION + k] = run.row[k] - run.row_below
    _weigh(weights.row_even, weights.row_odd, work, n, _ROW_WEIGHT)
    for k in range(n):
        work[_FRACTION + k] = run.col[k] - (run.col_below + k)
    _weigh(weights.col_even, weights.col_odd, work, n, _COL_WEIGHT)
    turned = chirp.rate.size > 0 and not run.on_row
    if turned:
        _begin_turns(run, chirp, work, row_reach)
    for k in range(n):
        work[_TOTAL_RE + k] = 0.0
        work[_TOTAL_IM + k] = 0.0
    top, left = run.row_below - (row_reach - 1) - image.row, run.col_below - (col_reach - 1) - image.col + c0
    for r in range(r0, r1):
        _sum_row(image.real[top + r, left:], work, n, c0, c1, _PART_RE)
        _sum_row(image.imaginary[top + r, left:], work, n, c0, c1, _PART_IM)
        weight = work[_ROW_WEIGHT + r * RUN :]
        if turned:
            _add_turned(work, weight, n)
        else:
            for k in range(n):
                work[_TOTAL_RE + k] += weight[k] * work[_PART_RE + k]
                work[_TOTAL_IM + k] += weight[k] * work[_PART_IM + k]


@kernel
def _weigh(even: Singles, odd: Singles, work: Singles, n: int, start: int) -> None:
    """Evaluate the weights of all taps for a run."""
    half = len(even)
    for m in range(half):
        e0, e1, o0, o1 = even[m, 0], even[m, 1], odd[m, 0], odd[m, 1]
        left, right = work[start + m * RUN :], work[start + (2 * half - 1 - m) * RUN :]
        inner = np.float32(m == half - 1)
        for k in range(n):
            mu = work[_FRACTION + k]
            nu = mu - np.float32(0.5)
            s = nu * nu
            p = mu * (np.float32(1.0) - mu)
            e, o = e0 + e1 * s, nu * (o0 + o1 * s)
            left[k] = p * (e + o) + inner * (np.float32(1.0) - mu)
            right[k] = p * (e - o) + inner * mu


@kernel
def _begin_turns(run: Run, chirp: Chirp, work: Singles, row_reach: int) -> None:
    """Set the turn that frees the first row of the carrier, the step to the next row, and how the step changes.

    At distance d from the position the carrier differs by f d + g d^2 / 2, f the frequency at the position.
    """
    n, x = run.row.size, run.col_below
    x1 = x if run.on_col else x + 1
    f0, g0 = chirp.frequency[x : x + n], chirp.rate[x : x + n]
    f1, g1 = chirp.frequency[x1 : x1 + n], chirp.rate[x1 : x1 + n]
    first = run.row_below - (row_reach - 1)
    for k in range(n):
        share = run.col[k] - (x + k)
        rate = g0[k] + share * (g1[k] - g0[k])
        frequency = f0[k] + share * (f1[k] - f0[k]) + rate * (run.row[k] - chirp.middle)
        d = first - run.row[k]
        work[_TURN_RE + k], work[_TURN_IM + k] = turn_of(-d * (frequency + 0.5 * rate * d))
        work[_STEP_RE + k], work[_STEP_IM + k] = turn_of(-(frequency + rate * (d + 0.5)))
        work[_BEND_RE + k], work[_BEND_IM + k] = turn_of(-rate)


@kernel
def _sum_row(values: Singles, work: Singles, n: int, first: int, last: int, part: int) -> None:
    """Sum the weighted neighbours of one row, for one of the two parts."""
    total = work[part : part + n]
    total[:] = 0.0
    c = first  # the values begin at the first tap's
    while c + 4 <= last:
        v, w = values[c - first :], work[_COL_WEIGHT + c * RUN :]
        for k in range(n):
            total[k] += (w[k] * v[k] + w[RUN + k] * v[k + 1]) + (
                w[2 * RUN + k] * v[k + 2] + w[3 * RUN + k] * v[k + 3]
            )
        c += 4
    while c < last:
        v, w = values[c - first :], work[_COL_WEIGHT + c * RUN :]
        for k in range(n):
            total[k] += w[k] * v[k]
        c += 1


@kernel
def _add_turned(work: Singles, weight: Singles, n: int) -> None:
    """Add a weighted row freed of its carrier, and turn on to the next row."""
    for k in range(n):
        a, b = work[_TURN_RE + k], work[_TURN_IM + k]
        c, d = work[_STEP_RE + k], work[_STEP_IM + k]
        g, h = work[_BEND_RE + k], work[_BEND_IM + k]
        re, im, w = work[_PART_RE + k], work[_PART_IM + k], weight[k]
        work[_TOTAL_RE + k] += w * (a * re - b * im)
        work[_TOTAL_IM + k] += w * (a * im + b * re)
        work[_TURN_RE + k], work[_TURN_IM + k] = a * c - b * d, a * d + b * c
        work[_STEP_RE + k], work[_STEP_IM + k] = c * g - d * h, c * h + d * g


@kernel
def write_run(work: Singles, cycles: Doubles, out: Singles) -> None:
    """Write a run's parts side by side, turned by a phase where one is given."""
    n = out.size // 2
    if cycles.size == 0:
        for k in range(n):
            out[2 * k], out[2 * k + 1] = work[_TOTAL_RE + k], work[_TOTAL_IM + k]
        return
    for k in range(n):
        cosine, sine = turn_of(cycles[k])
        real, imaginary = work[_TOTAL_RE + k], work[_TOTAL_IM + k]
        out[2 * k] = real * cosine - imaginary * sine
        out[2 * k + 1] = real * sine + imaginary * cosine
