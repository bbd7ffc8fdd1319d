"""Height errors that many points around share: of the atmosphere, not of the elevation model."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from fringeworks.errors import OutOfRangeError, ShapeMismatchError

Reals = NDArray[np.float64]

_FEWEST: Final = 5
"""Points of a cell whose median counts."""
_FEW: Final = 50
"""Points below which a scatter says little."""
_LEAST_WEIGHT: Final = 1e-3
"""Where smoothed weights are below this, no cell is near enough."""


def shared_heights(x: Reals, y: Reals, height: NDArray[np.floating], *, distance: float) -> Reals:
    """Return what points share with those around them, of their height errors.

    Parameters
    ----------
    x, y : float64, (point)
        Places in a plane [m].
    height : float, (point)
        Height errors [m]; NaN where unknown.
    distance : float
        What is alike over this distance is shared [m].

    Returns
    -------
    float64, (point)
        To be taken off [m]; the median of all where too few points are near.

    Raises
    ------
    ShapeMismatchError
        The arrays differ in length.
    OutOfRangeError
        The distance is not above zero.

    Notes
    -----
    Turbulence that happens to follow the baselines looks like a height error that changes over kilometres; an error of
    a modern elevation model, or a building, differs from its surroundings.  The median of the points in cells of half the
    distance, smoothed by a Gaussian of half the distance, is the former; the price is that an elevation model that is
    wrong alike over a larger distance stays wrong.
    """
    if not x.shape == y.shape == height.shape:
        raise ShapeMismatchError(f"{x.size} and {y.size} places", expected=f"one for each of {height.size}")
    if not distance > 0:
        raise OutOfRangeError(f"distance {distance} m", expected="above 0")
    known = np.isfinite(height) & np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return np.zeros(height.shape)
    middle = float(np.median(height[known]))
    cell = 0.5 * distance
    left, low = float(x[known].min()), float(y[known].min())
    col, row = (x - left) / cell, (y - low) / cell
    medians, weights = _cell_medians(row[known], col[known], np.asarray(height[known], np.float64) - middle)
    top = gaussian_filter(medians * weights, 1.0, mode="constant")
    under = gaussian_filter(weights, 1.0, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = np.where(under > _LEAST_WEIGHT, top / under, 0.0)
    at = np.where(known[None], np.stack([row, col]) - 0.5, 0.0)
    return np.asarray(middle + map_coordinates(smooth, at, order=1, mode="nearest"), np.float64)


def _cell_medians(row: Reals, col: Reals, height: Reals) -> tuple[Reals, Reals]:
    """Return median and weight of each cell, (row, column); cells of few points have no weight."""
    r, c = np.floor(row).astype(np.int64), np.floor(col).astype(np.int64)
    shape = int(r.max()) + 1, int(c.max()) + 1
    number = r * shape[1] + c
    order = np.lexsort((height, number))
    cells, first, count = np.unique(number[order], return_index=True, return_counts=True)
    medians, weights = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    sorted_height = height[order]
    lower, upper = first + (count - 1) // 2, first + count // 2
    medians[cells] = 0.5 * (sorted_height[lower] + sorted_height[upper])
    weights[cells] = np.where(count >= _FEWEST, np.sqrt(count), 0.0)
    return medians.reshape(shape), weights.reshape(shape)


def own_height_std(
    noise: NDArray[np.floating], *, years: Reals, height_to_phase: NDArray[np.floating], wavelength: float
) -> Reals:
    """Return the standard deviation of height errors against the points around, [m] (point).

    Parameters
    ----------
    noise : float, (point)
        Of each phase, without what points around share [rad].
    years : float64, (date)
        When [yr].
    height_to_phase : float, (date, point)
        Phase of one metre of height [rad/m].
    wavelength : float
        Radar wavelength [m].

    Notes
    -----
    Of a least squares fit of constant, velocity and height error to phases of equal, independent noise; NaN where the
    baselines cannot tell the height.
    """
    line = 4.0 * math.pi / wavelength * (years - years.mean())
    answer = np.asarray(height_to_phase, np.float64)
    answer = answer - answer.mean(axis=0)
    if len(years) < 3:
        return np.full(answer.shape[1], np.nan)
    along = line @ answer / float(line @ line)
    left = (answer**2).sum(axis=0) - along**2 * float(line @ line)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(left > 1e-12, noise / np.sqrt(left), np.nan)


def unshared_std(
    level: NDArray[np.floating], own: NDArray[np.floating], *, chosen: NDArray[np.bool_]
) -> float:
    """Return what height errors scatter beyond the points' own noise, after what they share was taken off [m].

    Parameters
    ----------
    level : float, (point)
        Height errors less what is shared [m].
    own : float, (point)
        Their standard deviations by the points' own noise [m].
    chosen : bool, (point)
        Points on the ground, for whom this scatter is atmosphere over short distances and error of the elevation model; all
        points count where fewer than 50 are chosen.

    Notes
    -----
    From the median absolute deviation, so that single outliers do not count.
    """
    known = np.isfinite(level) & np.isfinite(own)
    use = known & chosen if np.count_nonzero(known & chosen) >= _FEW else known
    if not use.any():
        return 0.0
    scatter = 1.4826 * float(np.median(np.abs(level[use] - np.median(level[use]))))
    return math.sqrt(max(scatter**2 - float(np.median(own[use] ** 2)), 0.0))
