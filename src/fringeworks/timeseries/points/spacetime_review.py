"""A second look at every phase: whether it agrees with its own point in time and with its neighbours at its date."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.timeseries.points.spacetime_dates import Neighbours
from fringeworks.timeseries.points.timeweights import gaussian_weights

Reals: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int32]

_ROUNDS: Final = 3
_MOST_NEIGHBOURS = 32
_FEWEST_NEIGHBOURS = 3
_CLEAR = 0.6
"""Cycles by which a phase has to depart before it is changed: a tenth of a cycle is left to steep air at the border."""
_TURN = 2.0 * np.pi


def review_phases(
    unwrapped: Reals,
    prior: Reals | None = None,
    *,
    usable: NDArray[np.bool_],
    neighbours: Neighbours,
    component: Counts,
    references: NDArray[np.int64],
    years: Doubles,
    reference: int,
    smoothing_years: float,
) -> NDArray[np.int32]:
    """Change phases that are nearer to what is expected of them with other whole cycles; in place.

    Parameters
    ----------
    unwrapped : float32, (date, point)
        Phase relative to the reference point of each component [rad]; changed by whole cycles.
    prior : float32, (date, point), optional
        Phase that a model gives, relative to the same points [rad]; taken off before lines are fitted.
    usable : bool, (date, point)
        Phases that are joined to their reference point; no other is looked at or changed.
    neighbours : Neighbours
        The used arcs at every point.
    component : int32, (point,)
        From 1; 0 = none.
    references : int64, (component,)
        Reference point of each component.
    years : float64, (date,)
        Time of the dates [yr].
    reference : int
        Reference date, whose phases are never changed.
    smoothing_years : float
        Standard deviation of the Gaussian weights in time [yr].

    Returns
    -------
    int32, (date,)
        Phases that were changed.

    Notes
    -----
    What is expected is the line through the point's other dates (Gaussian weights in time) plus the median departure of its
    neighbours from theirs at this date, which is the atmosphere.  Neither depends on the noise of the phase itself, which
    makes most of the wrong cycles that a closed network is left with.  Up to three rounds, each with the lines of the
    one before; a point after the other within a date, so that two neighbours do not change places.
    """
    n_dates, n_points = unwrapped.shape
    total = np.zeros(n_dates, np.int32)
    window = gaussian_weights(years, smoothing_years, own=0.0)
    weights = window.weights.astype(np.float32)
    lists = (neighbours.start, neighbours.point)
    for _ in range(_ROUNDS):
        rest = unwrapped if prior is None else unwrapped - prior
        series = np.ascontiguousarray(np.where(usable, rest, np.float32(np.nan)).T)
        departure = np.empty((n_dates, n_points), np.float32)

        def depart(first: int, last: int, series: Reals = series, departure: Reals = departure) -> None:
            _depart(series, years, weights, window.reach, first, last, departure)

        in_threads(depart, n_points)
        changed = np.zeros(n_dates, np.int32)

        def change(first: int, last: int, departure: Reals = departure, changed: Counts = changed) -> None:
            for date in range(first, last):
                if date != reference:
                    changed[date] = _change(departure[date], unwrapped[date], lists)

        in_threads(change, n_dates)
        for number, point in enumerate(references.tolist()):
            # A reference point that changed stays zero: all others of its component change the other way.
            turns = np.float32(_TURN) * np.round(unwrapped[:, point] / np.float32(_TURN))
            moved = np.flatnonzero(np.nan_to_num(turns) != 0.0)
            inside = np.flatnonzero(component == number + 1)
            unwrapped[np.ix_(moved, inside)] -= turns[moved, None]
            unwrapped[moved, point] = 0.0
        total += changed
        if not changed.any():
            break
    return total


@kernel
def expected_from_others(
    series: Reals, years: Doubles, weights: Reals, reach: NDArray[np.int64], date: int
) -> float:
    """Return what a line through a point's other dates gives at a date; NaN without any."""
    s0, s1, s2, y0, y1 = 0.0, 0.0, 0.0, 0.0, 0.0
    for u in range(reach[0], reach[1]):
        if weights[u] > 0.0 and np.isfinite(series[u]):
            apart = years[u] - years[date]
            w = weights[u]
            s0 += w
            s1 += w * apart
            s2 += w * apart * apart
            y0 += w * series[u]
            y1 += w * apart * series[u]
    if s0 <= 0.0:
        return np.nan
    determinant = s0 * s2 - s1 * s1
    if determinant <= 1e-6 * s0 * s2:
        return y0 / s0
    return (s2 * y0 - s1 * y1) / determinant


@kernel
def _depart(
    series: Reals,
    years: Doubles,
    weights: Reals,
    reach: NDArray[np.int64],
    first: int,
    last: int,
    departure: Reals,
) -> None:
    """Fill phases minus what their point's other dates give, (date, point)."""
    for point in range(first, last):
        for date in range(len(years)):
            value = series[point, date]
            if np.isfinite(value):
                value -= expected_from_others(series[point], years, weights[date], reach[date], date)
            departure[date, point] = value


@kernel
def middle(values: Reals, n_values: int) -> float:
    """Return the median of the first values, which are put in order."""
    for k in range(1, n_values):
        value = values[k]
        place = k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    half = n_values // 2
    upper, lower = float(values[half]), float(values[half - 1])
    return upper if n_values % 2 else 0.5 * (lower + upper)


@kernel
def _change(departure: Reals, unwrapped: Reals, lists: tuple[Counts, Counts]) -> int:
    """Add whole cycles to phases of one date that depart by more than half a cycle from their neighbours' median."""
    start, points = lists
    beside = np.zeros(_MOST_NEIGHBOURS, np.float32)
    n_changed = 0
    for point in range(len(departure)):
        if not np.isfinite(departure[point]):
            continue
        n_beside = 0
        for link in range(start[point], start[point + 1]):
            value = departure[points[link]]
            if np.isfinite(value) and n_beside < _MOST_NEIGHBOURS:
                beside[n_beside] = value
                n_beside += 1
        if n_beside < _FEWEST_NEIGHBOURS:
            continue
        away = departure[point] - middle(beside, n_beside)
        turns = np.round(away / _TURN)
        if np.abs(away) > _CLEAR * _TURN:
            departure[point] -= np.float32(_TURN * turns)
            unwrapped[point] -= np.float32(_TURN * turns)
            n_changed += 1
    return n_changed
