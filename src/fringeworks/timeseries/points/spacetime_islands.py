"""Points that at one date no arc joins to their reference point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def place_islands(
    unwrapped: NDArray[np.float32],
    away: NDArray[np.bool_],
    group: NDArray[np.int32],
    years: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Give islands the whole cycles that bring them nearest to their points' other dates.

    Parameters
    ----------
    unwrapped : float32, (date, point)
        Unwrapped phase relative to the reference point [rad]; changed in place where ``away``, by whole cycles.
    away : bool, (date, point)
        Phases that are not joined to the reference point at their date.
    group : int32, (date, point)
        Points of one number at a date are one island.
    years : float64, (date,)
        Time of the dates [yr].

    Returns
    -------
    bool, (date, point)
        Where cycles were found: the island and the reference point have phase, and some point of it is joined at
        another date.

    Notes
    -----
    A point's expected phase is interpolated in time between its nearest joined dates, and constant beyond them; the island
    takes the rounded median of its points.
    """
    placed = np.zeros(away.shape, np.bool_)
    order = np.argsort(years, kind="stable")
    times = years[order]
    for t in np.flatnonzero(away.any(axis=1)).tolist():
        points = np.flatnonzero(away[t])
        gap = np.array([_departure(unwrapped, away, order, times, years[t], t, p) for p in points.tolist()])
        for number in np.unique(group[t, points]):
            inside = group[t, points] == number
            known = gap[inside & np.isfinite(gap)]
            if known.size:
                turns = np.round(float(np.median(known)) / (2.0 * np.pi))
                unwrapped[t, points[inside]] += np.float32(2.0 * np.pi * turns)
                placed[t, points[inside]] = np.isfinite(unwrapped[t, points[inside]])
    return placed


def _departure(
    unwrapped: NDArray[np.float32],
    away: NDArray[np.bool_],
    order: NDArray[np.int64],
    times: NDArray[np.float64],
    when: float,
    date: int,
    point: int,
) -> float:
    """Return expected minus found phase of a point at a date [rad]; NaN where no joined date tells."""
    series = unwrapped[order, point]
    told = np.isfinite(series) & ~away[order, point]
    if not told.any():
        return float("nan")
    return float(np.interp(when, times[told], series[told]) - unwrapped[date, point])
