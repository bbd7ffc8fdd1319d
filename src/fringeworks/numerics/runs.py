"""A run: output samples whose neighbours begin at the same place; weights and writing. For compiled callers.

Work space is one flat array cut into planes of ``PLANE`` numbers at places known when the code is compiled: so the
compiler sees that planes do not overlap, and turns the loops over a run into vector code.  Functions hand each other whole
arrays and where to begin, and records of plain numbers; arrays in records, and slices handed on, would be counted in and out
each time, which takes longer than a loop.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import turn_of
from fringeworks.numerics.taps import LENGTHS

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

RUN: Final = 256
"""Most samples that are interpolated at once: weights and sums stay in the first cache."""
HALO: Final = LENGTHS[-1] // 2
"""Positions known before and after a run."""
PIECE: Final = 32
"""Loops run over whole pieces: what lies beyond a run is worked out for nothing, but in vector code, and never written."""
PLANE: Final = RUN + 2 * HALO + PIECE

PART_RE, PART_IM = 0, PLANE  # sums along one axis
TOTAL_RE, TOTAL_IM = 2 * PLANE, 3 * PLANE
TURN_RE, TURN_IM = 4 * PLANE, 5 * PLANE  # frees a row of the carrier
STEP_RE, STEP_IM = 6 * PLANE, 7 * PLANE  # from one row's turn to the next
BEND_RE, BEND_IM = 8 * PLANE, 9 * PLANE  # from one step to the next
FRACTION = 10 * PLANE
_MIDDLE, _SQUARE, _INSIDE = 11 * PLANE, 12 * PLANE, 13 * PLANE  # nu, nu^2 and mu (1 - mu) of a fraction
COL_WEIGHT = 14 * PLANE
ROW_WEIGHT = COL_WEIGHT + LENGTHS[-1] * PLANE
WORK_SPACE: Final = ROW_WEIGHT + LENGTHS[-1] * PLANE
"""Numbers of work space that a run needs."""


class Reach(NamedTuple):
    """Half the number of row and of column taps."""

    rows: int
    cols: int


class Run(NamedTuple):
    """A run of ``size`` samples: where they and ``HALO`` samples before and after them lie in the image.

    Rows are ``line[row + k]``, columns ``line[col + k]``, sample 0 at k = HALO.  The first sample lies between
    ``row_below``, ``col_below`` and the next row and column, or on them; sample k likewise with ``col_below + k``.
    """

    size: int
    row: int
    col: int
    row_below: int
    col_below: int
    on_row: bool
    on_col: bool


@kernel
def whole_pieces(n: int) -> int:
    """Round a number up to whole pieces."""
    return (n + PIECE - 1) // PIECE * PIECE


@kernel
def weigh(taps: Singles, first: int, half: int, work: Singles, n: int, start: int) -> None:
    """Evaluate the weights of all taps for the n fractions in ``FRACTION``, into planes from ``start`` on.

    ``taps`` is (pair of taps, 4): even and odd coefficients; those of this axis are ``half`` pairs from ``first`` on.
    """
    for k in range(n):
        mu = work[FRACTION + k]
        nu = mu - np.float32(0.5)
        work[_MIDDLE + k] = nu
        work[_SQUARE + k] = nu * nu
        work[_INSIDE + k] = mu * (np.float32(1.0) - mu)
    for m in range(half):
        e0, e1, o0, o1 = taps[first + m, 0], taps[first + m, 1], taps[first + m, 2], taps[first + m, 3]
        left, right = work[start + m * PLANE :], work[start + (2 * half - 1 - m) * PLANE :]
        for k in range(n):
            s, p = work[_SQUARE + k], work[_INSIDE + k]
            e, o = e0 + e1 * s, work[_MIDDLE + k] * (o0 + o1 * s)
            left[k] = p * (e + o)
            right[k] = p * (e - o)
    left, right = work[start + (half - 1) * PLANE :], work[start + half * PLANE :]
    for k in range(n):
        left[k] += np.float32(1.0) - work[FRACTION + k]
        right[k] += work[FRACTION + k]


@kernel
def weigh_columns(run: Run, line: Doubles, taps: Singles, reach: Reach, work: Singles) -> None:
    """Evaluate the weights along columns at the samples of a run."""
    n = whole_pieces(run.size)
    _find_fractions(line, run.col + HALO, run.col_below, 1, work, n)
    weigh(taps, reach.rows, reach.cols, work, n, COL_WEIGHT)


@kernel
def weigh_rows(run: Run, line: Doubles, taps: Singles, reach: Reach, work: Singles) -> None:
    """Evaluate the weights along rows at the samples of a run."""
    n = whole_pieces(run.size)
    _find_fractions(line, run.row + HALO, run.row_below, 0, work, n)
    weigh(taps, 0, reach.rows, work, n, ROW_WEIGHT)


@kernel
def _find_fractions(line: Doubles, start: int, below: int, step: int, work: Singles, n: int) -> None:
    position = line[start : start + n]
    for k in range(n):
        work[FRACTION + k] = position[k] - (below + step * k)


@kernel
def add_turned(
    work: Singles, weight: int, values: Singles, re_start: int, im_start: int, n: int, total: int
) -> None:
    """Add a weighted row freed of its carrier to the planes at ``total``, and turn on to the next row."""
    total_re, total_im = work[total : total + n], work[total + PLANE : total + PLANE + n]
    re, im, w = values[re_start : re_start + n], values[im_start : im_start + n], work[weight : weight + n]
    for k in range(n):
        total_re[k] += w[k] * (work[TURN_RE + k] * re[k] - work[TURN_IM + k] * im[k])
        total_im[k] += w[k] * (work[TURN_RE + k] * im[k] + work[TURN_IM + k] * re[k])
    for k in range(n):
        a, b = work[TURN_RE + k], work[TURN_IM + k]
        c, d = work[STEP_RE + k], work[STEP_IM + k]
        g, h = work[BEND_RE + k], work[BEND_IM + k]
        work[TURN_RE + k], work[TURN_IM + k] = a * c - b * d, a * d + b * c
        work[STEP_RE + k], work[STEP_IM + k] = c * g - d * h, c * h + d * g


@kernel
def write_run(work: Singles, n: int, out: Singles, first: int) -> None:
    """Write the totals of a run side by side, from sample ``first`` of an output line on."""
    target = out[2 * first : 2 * (first + n)]
    for k in range(n):
        target[2 * k], target[2 * k + 1] = work[TOTAL_RE + k], work[TOTAL_IM + k]


@kernel
def write_turned(work: Singles, n: int, out: Singles, first: int, line: Doubles, cycles: int) -> None:
    """Write the totals of a run, turned by the phase [cycles] at ``line[cycles]`` and on."""
    target, angle = out[2 * first : 2 * (first + n)], line[cycles : cycles + n]
    for k in range(n):
        cosine, sine = turn_of(angle[k])
        real, imaginary = work[TOTAL_RE + k], work[TOTAL_IM + k]
        target[2 * k] = real * cosine - imaginary * sine
        target[2 * k + 1] = real * sine + imaginary * cosine
