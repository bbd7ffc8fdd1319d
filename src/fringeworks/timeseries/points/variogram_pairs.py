"""Pairs of points by their distance, and what they tell of the semivariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import kernel

Doubles: TypeAlias = NDArray[np.float64]
Longs: TypeAlias = NDArray[np.int64]

_ALL_PAIRS_OF: Final = 1200
"""Of more points, a part spread evenly over the area stands for all at long distances."""
_NEAREST: Final = 8
"""And every point with its nearest ones for short distances."""
_SAMPLE: Final = 80
"""Pairs of a class that stand for it where pairs of pairs are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmpiricalVariogram:
    """Semivariances by date and class of distance.

    Attributes
    ----------
    distance : float64, (class,)
        Mean distance of the pairs [m]; NaN in empty classes.
    semivariance : float64, (date, class)
        Half the mean square difference; NaN without pairs.
    n_pairs : int64, (date, class)
        Pairs with values at both ends.
    sample : float64, (class, pair, 4)
        Ends x, y, x, y of some pairs of each class [m]; NaN where there are fewer.
    """

    distance: Doubles
    semivariance: Doubles
    n_pairs: Longs
    sample: Doubles

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Classes that hold pairs at some date, (class,)."""
        return np.asarray(np.isfinite(self.distance) & (self.n_pairs.sum(axis=0) > 0))

    def pooled(self) -> tuple[Doubles, Doubles, float]:
        """Return distances and mean semivariances of filled classes, and of how many like dates they are the mean."""
        filled = self.filled
        count = self.n_pairs[:, filled]
        value = np.nan_to_num(self.semivariance[:, filled])
        total = count.sum(axis=0)
        mean = (value * count).sum(axis=0) / total if total.size else np.zeros(0)
        level = (value * count).sum(axis=1) / np.maximum(count.sum(axis=1), 1)
        square = float((level**2).sum())
        like = float(level.sum()) ** 2 / square if square > 0.0 else float(len(level))
        return self.distance[filled], mean, like


def measure_variogram(
    x: Doubles, y: Doubles, values: NDArray[np.floating], *, longest: float | None = None, n_bins: int = 15
) -> EmpiricalVariogram:
    """Measure the semivariance by date and distance.

    Parameters
    ----------
    x, y : float64, (point,)
        Coordinates in a plane [m].
    values : floating, (date, point)
        In any unit; NaN where missing.
    longest : float, optional
        Longest distance [m]; a third of the largest extent by default, beyond which few pairs say little.
    n_bins : int
        Classes of distance, equal in logarithm, from half the usual distance of nearest points.

    Returns
    -------
    EmpiricalVariogram

    Raises
    ------
    ShapeMismatchError
        Coordinates and values do not belong to the same points.
    OutOfRangeError
        A coordinate is not finite, or fewer than one class is asked for.

    Notes
    -----
    All pairs up to 1200 points; of more, all pairs of a part of them that is spread evenly (in Morton order), and every
    point with its eight nearest.  Cost grows with dates times pairs, at most 0.8 million and eight a point.
    """
    if x.shape != y.shape or x.ndim != 1 or values.ndim != 2 or values.shape[1:] != x.shape:
        raise ShapeMismatchError(
            f"x of {x.shape}, y of {y.shape}, values of {values.shape}",
            expected="(point,), (point,), (date, point)",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or n_bins < 1:
        raise OutOfRangeError(
            "coordinates that are not finite, or no class", expected="metres; at least one class"
        )
    places = np.stack([x, y], axis=1).astype(np.float64)
    first, second = _pairs(places)
    apart: Doubles = np.linalg.norm(places[second] - places[first], axis=1)
    extent = float(np.ptp(places, axis=0).max(initial=0.0)) if len(places) else 0.0
    longest = extent / 3.0 if longest is None else longest
    near = apart[apart > 0.0]
    shortest = max(0.5 * _usual_neighbour(places), 1e-6 * longest) if near.size else 1.0
    borders = (
        np.geomspace(min(shortest, 0.9 * longest), longest, n_bins + 1)
        if longest > 0.0
        else np.ones(n_bins + 1)
    )
    number: Longs = np.asarray(np.searchsorted(borders, apart, side="left"), np.int64) - 1
    number[(apart <= 0.0) | (apart > longest)] = -1
    number[(number < 0) & (apart > 0.0) & (apart <= longest)] = 0
    kept = number >= 0
    first, second, apart, number = first[kept], second[kept], apart[kept], number[kept]
    n_dates = len(values)
    total: Doubles = np.zeros((n_dates, n_bins))
    count: Longs = np.zeros((n_dates, n_bins), np.int64)
    _add_pairs(np.ascontiguousarray(values, np.float64), first, second, number, total, count)
    with np.errstate(invalid="ignore"):
        semivariance = 0.5 * total / count
        n_in = np.bincount(number, minlength=n_bins)
        distance = np.bincount(number, weights=apart, minlength=n_bins) / n_in
    sample = _sampled(places, first, second, number, n_bins)
    return EmpiricalVariogram(distance=distance, semivariance=semivariance, n_pairs=count, sample=sample)


def _usual_neighbour(places: Doubles) -> float:
    """Return the median distance of points to their nearest [m]."""
    apart = cKDTree(places).query(places, k=2)[0][:, 1]
    return float(np.median(apart[np.isfinite(apart)]))


def _pairs(places: Doubles) -> tuple[Longs, Longs]:
    """Return pairs of points, lower number first, each once."""
    n_points = len(places)
    if n_points < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if n_points <= _ALL_PAIRS_OF:
        first, second = np.triu_indices(n_points, 1)
        return first.astype(np.int64), second.astype(np.int64)
    order = np.argsort(_morton(places), kind="stable")
    some = np.sort(order[np.linspace(0, n_points - 1, _ALL_PAIRS_OF).astype(np.int64)])
    i, j = np.triu_indices(_ALL_PAIRS_OF, 1)
    nearest = cKDTree(places).query(places, k=_NEAREST + 1)[1][:, 1:]
    own = np.repeat(np.arange(n_points), _NEAREST)
    low = np.concatenate([some[i], np.minimum(own, nearest.ravel())])
    high = np.concatenate([some[j], np.maximum(own, nearest.ravel())])
    code = np.unique(low[low != high] * n_points + high[low != high])
    return code // n_points, code % n_points


def _morton(places: Doubles) -> Longs:
    """Return the place of each point along a curve that keeps neighbours together."""
    scaled = places - places.min(axis=0)
    whole = (scaled / max(float(scaled.max()), 1e-300) * 65535.0).astype(np.int64)
    code = np.zeros(len(places), np.int64)
    for bit in range(16):
        code |= ((whole[:, 0] >> bit) & 1) << (2 * bit)
        code |= ((whole[:, 1] >> bit) & 1) << (2 * bit + 1)
    return code


def _sampled(places: Doubles, first: Longs, second: Longs, number: Longs, n_bins: int) -> Doubles:
    """Return the ends of evenly picked pairs of every class, (class, pair, 4)."""
    sample = np.full((n_bins, _SAMPLE, 4), np.nan)
    for k in range(n_bins):
        inside = np.flatnonzero(number == k)
        # A step of the golden ratio through the pairs, which are in order of their points, spreads them evenly.
        picks = np.unique(((np.arange(_SAMPLE) * 0.6180339887498949) % 1.0 * len(inside)).astype(np.int64))
        chosen = inside[picks] if len(inside) else inside
        sample[k, : len(chosen), :2] = places[first[chosen]]
        sample[k, : len(chosen), 2:] = places[second[chosen]]
    return sample


@kernel
def _add_pairs(
    values: Doubles, first: Longs, second: Longs, number: Longs, total: Doubles, count: Longs
) -> None:
    """Add squared differences and counts of pairs to their classes, (date, class)."""
    for date in range(len(values)):
        for pair in range(len(first)):
            difference = values[date, first[pair]] - values[date, second[pair]]
            if np.isfinite(difference):
                total[date, number[pair]] += difference * difference
                count[date, number[pair]] += 1
