"""Bridges: components placed against each other by the smallest phase step across the gap between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.phase import TURN
from fringeworks.unwrap.gap_kernels import find_gaps, sum_steps
from fringeworks.unwrap.offsets import Votes, solve_offsets
from fringeworks.unwrap.protocol import Unwrapped
from fringeworks.unwrap.regions import join, number_by_size
from fringeworks.unwrap.tile_kernels import add_cycles

_FEWEST: Final = 3  # lines across a gap
_ENOUGH: Final = 100  # steps inside components before their scatter counts
_LINES: Final = 500  # lines and columns at most over which steps inside components are looked at
_SURE: Final = 1e9  # odds beyond which a bridge weighs no more


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBridge:
    """A bridge that a person asks for, as in NSBAS: two pixels and the whole cycles between them.

    Attributes
    ----------
    row, col, other_row, other_col : int
        The two pixels.
    cycles : int
        Phase of the second minus phase of the first is their wrapped difference, in [-pi, pi], plus these.
    """

    row: int
    col: int
    other_row: int
    other_col: int
    cycles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """How two components lie to each other.

    Attributes
    ----------
    row, col, other_row, other_col : int
        Where they face each other over the narrowest gap; the first pixel is in the larger component.
    gap : int
        Pixels from one to the other there; 1 = they touch.
    n_lines : int
        Rows and columns along which they face each other; 0 for a given bridge.
    cycles : int
        Whole cycles added to the second component, the first one staying as it was.
    reliability : float
        Probability that this number is right; 1 for a given bridge.
    used : bool
        Whether the two became one component.
    """

    row: int
    col: int
    other_row: int
    other_col: int
    gap: int
    n_lines: int
    cycles: int
    reliability: float
    used: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class _Facing:
    """Two components that face each other: cycles of the second by the step, and how sure."""

    first: int
    second: int
    cycles: int
    reliability: float
    gap: int
    n_lines: int
    place: tuple[int, int, int, int]


def bridge_components(
    unwrapped: Unwrapped, *, widest: int, reliability: float, given: Sequence[GivenBridge] = ()
) -> tuple[Unwrapped, tuple[Bridge, ...]]:
    """Place components against their neighbours, where that can be relied on, and make them one.

    Parameters
    ----------
    unwrapped : Unwrapped
        Components numbered from 1 without holes; left as it is.
    widest : int
        Widest gap to bridge [pixels]; 0 = none but the given ones.
    reliability : float
        Least probability of a bridge that is used.
    given : sequence of GivenBridge
        Used whatever the phase says, where both pixels are in components.

    Returns
    -------
    unwrapped : Unwrapped
        Bridged components are one; numbered by size again.
    bridges : tuple of Bridge
        Every two components that face each other, used or not, the largest gaps last.

    Raises
    ------
    OutOfRangeError
        A given bridge lies outside of the image.

    Notes
    -----
    Along each row and column that leads from one component to another, the step across the gap is taken, less the
    mean slope over the same distance on both sides where these are wide enough.  The same step inside components
    scatters by a sigma that grows with the distance: atmosphere, deformation, noise and unwrapping errors as they
    are in this image.  With x the median of the steps in cycles, n its nearest whole number and s the larger of
    sigma and the scatter of the steps, the probability of n is that of a normal distribution around x, among whole
    numbers.  Wide gaps thus become unreliable by themselves.
    """
    n = int(unwrapped.components.max(initial=0))
    if n < 2 or (widest < 1 and not given):
        return unwrapped, ()
    facing = list(_given(unwrapped, given))
    if widest >= 1:
        facing += _facing(unwrapped, widest)
    sure = [f for f in facing if f.reliability >= reliability]
    votes = _votes(sure)
    cycles = solve_offsets(votes, n_pieces=n)
    kept = cycles[votes.second] - cycles[votes.first] == votes.cycles
    group = join(n, votes.first[kept], votes.second[kept])
    phase = unwrapped.phase.copy()
    add_cycles(phase, unwrapped.components, np.concatenate([np.zeros(1, np.int64), cycles]))
    components, _ = number_by_size(unwrapped.components, minimum=1, merged=np.r_[0, group + 1])
    used = {id(f) for f, keep in zip(sure, kept, strict=True) if keep}
    bridges = tuple(_record(f, used=id(f) in used) for f in facing)
    return Unwrapped(phase=phase, components=components, cost=unwrapped.cost), bridges


def _votes(facing: list[_Facing]) -> Votes:
    odds = np.array([f.reliability / max(1.0 - f.reliability, 1.0 / _SURE) for f in facing])
    return Votes(
        np.array([f.first - 1 for f in facing], np.int64),
        np.array([f.second - 1 for f in facing], np.int64),
        np.array([f.cycles for f in facing], np.int64),
        # what it costs, in log likelihood, to be one cycle off
        np.log(np.maximum(odds, 1.0 + 1e-6)) * np.array([1.0 if f.n_lines else 1e3 for f in facing]),
    )


def _record(facing: _Facing, *, used: bool) -> Bridge:
    row, col, other_row, other_col = facing.place
    return Bridge(
        row=row,
        col=col,
        other_row=other_row,
        other_col=other_col,
        gap=facing.gap,
        n_lines=facing.n_lines,
        cycles=facing.cycles,
        reliability=facing.reliability,
        used=used,
    )


def _given(unwrapped: Unwrapped, given: Sequence[GivenBridge]) -> Iterator[_Facing]:
    rows, cols = unwrapped.phase.shape
    for bridge in given:
        here, there = (bridge.row, bridge.col), (bridge.other_row, bridge.other_col)
        for row, col in (here, there):
            if not (0 <= row < rows and 0 <= col < cols):
                raise OutOfRangeError(
                    f"bridge at ({row}, {col})", expected=f"inside of {rows} x {cols} pixels"
                )
        first, second = int(unwrapped.components[here]), int(unwrapped.components[there])
        if first == 0 or second in {0, first}:
            continue
        step = float(unwrapped.phase[there]) - float(unwrapped.phase[here])
        cycles = bridge.cycles - int(np.rint(step / TURN))
        gap = max(abs(here[0] - there[0]), abs(here[1] - there[1]))
        if first > second:
            first, second, cycles, here, there = second, first, -cycles, there, here
        yield _Facing(first, second, cycles, 1.0, gap, 0, (*here, *there))


def _facing(unwrapped: Unwrapped, widest: int) -> list[_Facing]:
    """Return every two components that face each other over a gap, narrow gaps first."""
    parts = []
    for images in ((unwrapped.phase, unwrapped.components), (unwrapped.phase.T, unwrapped.components.T)):
        n = find_gaps(*images, widest, np.zeros((0, 6), np.int64), np.zeros(0))
        places, steps = np.empty((n, 6), np.int64), np.empty(n)
        find_gaps(*images, widest, places, steps)
        along_rows = images[0] is unwrapped.phase
        ends = places[:, [2, 3, 2, 4]] if along_rows else places[:, [3, 2, 4, 2]]
        turned = places[:, 0] > places[:, 1]
        ends[turned] = ends[turned][:, [2, 3, 0, 1]]
        first, second = np.minimum(places[:, 0], places[:, 1]), np.maximum(places[:, 0], places[:, 1])
        gap = places[:, 4] - places[:, 3]
        table = np.column_stack([first, second, gap, places[:, 5], ends])
        parts.append((table, np.where(turned, -steps, steps)))
    table, steps = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    if not steps.size:
        return []
    sigma = _scatter_inside(unwrapped, int(table[:, 2].max()))[table[:, 3], table[:, 2]]
    order = np.lexsort((table[:, 2], table[:, 1], table[:, 0]))
    table, steps, sigma = table[order], steps[order], sigma[order]
    begins = np.flatnonzero(np.r_[True, np.any(np.diff(table[:, :2], axis=0) != 0, axis=1)])
    found = [
        _judge(table[at], steps[at], sigma[at]) for at in map(slice, begins, np.r_[begins[1:], steps.size])
    ]
    return sorted(found, key=lambda f: (f.gap, f.first, f.second))


def _judge(table: NDArray[np.int64], steps: NDArray[np.float64], sigma: NDArray[np.float64]) -> _Facing:
    """Weigh the steps between two components, narrowest gap first in the table."""
    weight = 1.0 / sigma**2
    place = tuple(int(v) for v in table[0, 4:])
    first, second, gap = (int(v) for v in table[0, :3])
    total = float(weight.sum())
    wanted = -steps / TURN
    if total > 0:
        middle = _weighted_median(wanted, weight)
        scatter = 1.4826 * _weighted_median(np.abs(wanted - middle), weight)
        spread = max(scatter, np.sqrt(steps.size / total) / TURN)
    else:
        middle, spread = float(np.median(wanted)), np.inf
    cycles = int(np.rint(middle))
    sure = _probability(middle - cycles, spread) if steps.size >= _FEWEST else 0.0
    return _Facing(first, second, cycles, sure, gap, steps.size, (place[0], place[1], place[2], place[3]))


def _probability(remainder: float, spread: float) -> float:
    """Return the probability of the nearest whole number, ``remainder`` away, among its neighbours."""
    if not np.isfinite(spread):
        return 0.0
    away = remainder + np.arange(-4, 5)
    return float(1.0 / np.exp((remainder**2 - away**2) / (2.0 * max(spread, 1e-3) ** 2)).sum())


def _weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(sums, 0.5 * sums[-1])])


def _scatter_inside(unwrapped: Unwrapped, widest: int) -> NDArray[np.float64]:
    """Return how steps scatter inside components, float64 (slope taken out, distance) [rad]; infinite where unknown.

    Looked at over distances of 1, 2, 4 ... pixels; those between take the next larger one's.
    """
    out = np.full((2, widest + 1), np.inf)
    distance, before = 1, 0
    while before < widest:
        sums = np.zeros(4)
        for images in ((unwrapped.phase, unwrapped.components), (unwrapped.phase.T, unwrapped.components.T)):
            sum_steps(*images, distance, max(1, images[0].shape[0] // _LINES), sums)
        for kind in (0, 1):
            n, square = sums[2 * kind], sums[2 * kind + 1]
            if n >= _ENOUGH:
                out[kind, before + 1 : distance + 1] = max(np.sqrt(square / n), 1e-3)
        before, distance = distance, 2 * distance
    return out
