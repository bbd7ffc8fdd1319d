"""The common radar grid of a stack: where each burst lies on it, and which of its samples the joined image takes.

The grid is that of the reference date: its line times (as annotated, without the residual bistatic delay) and slant
ranges.  A burst's window is placed to the nearest line and sample; what is left of a line or sample is taken up when
the reference itself is resampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import GridMismatchError, TooFewDataError
from fringeworks.model.acquisition import Burst
from fringeworks.model.grids import RadarGrid, Shape, Window
from fringeworks.model.identity import BurstId, Instant, Swath

NOMINAL_REFERENCE_RANGE = 0.5 * SPEED_OF_LIGHT * 5.845e-3
"""Mid range of IW2 [m] where a product holds no IW2: real products lie within 0.01 ms of this, 0.003 line."""
_STEP_TOLERANCE = 1e-7
"""Relative difference of line or sample spacings below which two grids are alike: 0.01 sample in 100,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBurst:
    """One burst's place on the common grid.

    Attributes
    ----------
    name : str
        Key in the store: OPERA's spelling of the burst, or the beam in strip map.
    id : BurstId, optional
        None in strip map.
    swath : Swath
        Sub-swath.
    window : Window
        Lines and samples of the whole burst.
    valid : Window
        Largest window of valid samples.
    keep : Window
        What the joined image takes from this burst; inside ``valid``, no two overlap.
    """

    name: str
    id: BurstId | None
    swath: Swath
    window: Window
    valid: Window
    keep: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Ground that two bursts of a sub-swath both show (azimuth), or bursts of two sub-swaths (range).

    Attributes
    ----------
    first, second : int
        Indices of the bursts: earlier and later, or nearer and farther sub-swath.
    window : Window
        Common valid samples on the common grid.
    """

    first: int
    second: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class RadarFrame:
    """The common grid and the bursts on it.

    Attributes
    ----------
    grid : RadarGrid
        Line times as annotated, one-way ranges.
    bursts : tuple of FrameBurst
        By sub-swath and time.
    """

    grid: RadarGrid
    bursts: tuple[FrameBurst, ...]

    def swaths(self) -> tuple[Swath, ...]:
        """Return the sub-swaths, in order."""
        return tuple(sorted({b.swath for b in self.bursts}))

    def of_swath(self, swath: Swath) -> tuple[int, ...]:
        """Return the indices of a sub-swath's bursts, in order of time."""
        found = [k for k, b in enumerate(self.bursts) if b.swath == swath]
        return tuple(sorted(found, key=lambda k: self.bursts[k].window.row))

    def azimuth_overlaps(self) -> tuple[Overlap, ...]:
        """Return the overlaps of consecutive bursts of each sub-swath that share at least one line."""
        pairs = [p for swath in self.swaths() for p in pairwise(self.of_swath(swath))]
        return self._shared(pairs)

    def range_overlaps(self) -> tuple[Overlap, ...]:
        """Return the overlaps of bursts of neighbouring sub-swaths."""
        pairs = [
            (a, b)
            for near, far in pairwise(self.swaths())
            for a in self.of_swath(near)
            for b in self.of_swath(far)
        ]
        return self._shared(pairs)

    def _shared(self, pairs: Sequence[tuple[int, int]]) -> tuple[Overlap, ...]:
        found = []
        for a, b in pairs:
            window = intersection(self.bursts[a].valid, self.bursts[b].valid)
            if window is not None:
                found.append(Overlap(first=a, second=b, window=window))
        return tuple(found)


def intersection(first: Window, second: Window) -> Window | None:
    """Return what two windows share, or None."""
    row, col = max(first.row, second.row), max(first.col, second.col)
    row_end = min(first.row + first.rows, second.row + second.rows)
    col_end = min(first.col + first.cols, second.col + second.cols)
    return Window(row, col, row_end - row, col_end - col) if row < row_end and col < col_end else None


def name_of(burst: Burst) -> str:
    """Return the key of a burst in store and reports."""
    return burst.id.opera if burst.id is not None else burst.swath.value


def make_frame(bursts: Sequence[Burst]) -> RadarFrame:
    """Lay the bursts of the reference date on one grid and settle which samples the joined image takes.

    Parameters
    ----------
    bursts : sequence of Burst
        One of each piece of ground, of one pass, in any order.

    Raises
    ------
    TooFewDataError
        No burst.
    GridMismatchError
        The bursts differ in line or sample spacing.

    Notes
    -----
    The cut between two bursts is the middle of their common valid lines, between two sub-swaths the middle of their
    common valid samples.
    """
    if not bursts:
        raise TooFewDataError("no burst", expected="at least one")
    order = sorted(bursts, key=lambda b: (b.swath, _start(b, bursts[0])))
    first = order[0].grid
    for burst in order:
        _check_alike(burst, order[0])
    start = min(_start(b, order[0]) for b in order)
    near = min(b.grid.range_start for b in order)
    placed = []
    for burst in order:
        row = round((_start(burst, order[0]) - start) / first.azimuth_step)
        col = round((burst.grid.range_start - near) / first.range_step)
        window = Window(row, col, burst.grid.shape.rows, burst.grid.shape.cols)
        valid = Window(row + burst.valid.row, col + burst.valid.col, burst.valid.rows, burst.valid.cols)
        placed.append(
            FrameBurst(
                name=name_of(burst), id=burst.id, swath=burst.swath, window=window, valid=valid, keep=valid
            )
        )
    rows = max(b.window.row + b.window.rows for b in placed)
    cols = max(b.window.col + b.window.cols for b in placed)
    grid = replace(first, azimuth_start=start, range_start=near, shape=Shape(rows, cols))
    return RadarFrame(grid=grid, bursts=_cut_ranges(_cut_lines(placed)))


def _start(burst: Burst, other: Burst) -> float:
    shift = Instant.parse(burst.grid.epoch).seconds_since(other.grid.epoch)
    return burst.grid.azimuth_start + shift


def _check_alike(burst: Burst, other: Burst) -> None:
    here, there = burst.grid, other.grid
    for what, a, b in (
        ("line", here.azimuth_step, there.azimuth_step),
        ("sample", here.range_step, there.range_step),
    ):
        if abs(a / b - 1.0) > _STEP_TOLERANCE:
            raise GridMismatchError(
                f"{what} spacing {a:.9g} of {name_of(burst)}", expected=f"{b:.9g}, as {name_of(other)} has it"
            )


def _cut_lines(placed: Sequence[FrameBurst]) -> tuple[FrameBurst, ...]:
    keep = {k: b.keep for k, b in enumerate(placed)}
    for swath in sorted({b.swath for b in placed}):
        of_swath = sorted(
            (k for k, b in enumerate(placed) if b.swath == swath), key=lambda k: placed[k].window.row
        )
        for upper, lower in pairwise(of_swath):
            above, below = keep[upper], keep[lower]
            end = above.row + above.rows
            if below.row >= end:
                continue
            cut = (below.row + end) // 2
            keep[upper] = Window(above.row, above.col, cut - above.row, above.cols)
            keep[lower] = Window(cut, below.col, below.row + below.rows - cut, below.cols)
    return tuple(replace(b, keep=keep[k]) for k, b in enumerate(placed))


def _cut_ranges(placed: tuple[FrameBurst, ...]) -> tuple[FrameBurst, ...]:
    """Cut sub-swaths at one sample each, so that the joined image has one seam between two of them."""
    swaths = sorted({b.swath for b in placed})
    left = dict.fromkeys(swaths, 0)
    right = {s: max(b.valid.col + b.valid.cols for b in placed) for s in swaths}
    for near, far in pairwise(swaths):
        end = min(b.valid.col + b.valid.cols for b in placed if b.swath == near)
        begin = max(b.valid.col for b in placed if b.swath == far)
        if begin < end:
            right[near] = left[far] = (begin + end) // 2
    result = []
    for burst in placed:
        keep = intersection(
            burst.keep,
            Window(
                0, left[burst.swath], burst.keep.row + burst.keep.rows, right[burst.swath] - left[burst.swath]
            ),
        )
        result.append(replace(burst, keep=keep if keep is not None else replace(burst.keep, rows=0)))
    return tuple(result)


def reference_range_of(bursts: Mapping[Swath, Burst]) -> float:
    """Return the range at which the processor's bistatic correction is exact [m]: mid swath of IW2, or of a strip.

    Parameters
    ----------
    bursts : mapping of Swath to Burst
        Any burst of each sub-swath at hand; without IW2 a nominal value is taken.
    """
    burst = bursts.get(Swath.IW2)
    if burst is None:
        # strip map has one beam, and its own middle is the reference
        burst = next((b for s, b in bursts.items() if s.mode == "SM"), None)
    if burst is None:
        return NOMINAL_REFERENCE_RANGE
    return burst.grid.range_start + 0.5 * burst.grid.shape.cols * burst.grid.range_step
