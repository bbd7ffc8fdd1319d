"""Further points, attached to a network that is already unwrapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.densify_kernels import difference_points, unwrap_along
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.periodogram import ArcModels, Results, make_grid, pieces

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]

NEAR = 100.0
"""Distance [m] at which a neighbour counts half of one at the same place."""


@dataclass(frozen=True, slots=True)
class PointArrays:
    """Points as the kernels read them.

    Attributes
    ----------
    places : float64, (point, 2)
        Coordinates [m].
    phase, variance, sensitivity : float32, (point, date)
        Phase [rad], its variance [rad^2] and phase of a metre of height error [rad/m]; variance NaN where missing.
    """

    places: Reals
    phase: Singles
    variance: Singles
    sensitivity: Singles

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> PointArrays:
        """Return the points of an index."""
        return PointArrays(
            self.places[which], self.phase[which], self.variance[which], self.sensitivity[which]
        )


@dataclass(frozen=True, slots=True)
class Attached:
    """What was found for points against their neighbours in the network.

    Attributes
    ----------
    models : ArcModels
        Relative to the weighted mean of the neighbours.
    phase : float32, (point, date)
        Unwrapped phase, relative to what the network's is [rad]; NaN where missing.
    n_neighbours : int64, (point)
        Points of the network within reach.
    """

    models: ArcModels
    phase: Singles
    n_neighbours: NDArray[np.int64]


def attach(
    points: PointArrays,
    network: PointArrays,
    *,
    design: TimeDesign,
    neighbours: int,
    max_length: float,
    own: NDArray[np.int64] | None = None,
    date_level: Reals | None = None,
) -> Attached:
    """Estimate and unwrap points against several points of a network at once.

    Parameters
    ----------
    points : PointArrays
        With wrapped phases.
    network : PointArrays
        With unwrapped phases.
    design : TimeDesign
        Dates, parameters and limits.
    neighbours : int
        Nearest points of the network that are used.
    max_length : float
        Farther ones are not [m].
    own : int64, (point), optional
        Number that each point itself has in the network, -1 for none: a point is never its own neighbour.
    date_level : float64, (date), optional
        Variance of the atmosphere's difference for each metre of distance [rad^2/m]; zero where not given.

    Returns
    -------
    Attached

    Notes
    -----
    The phase of the neighbours' mean, unwrapped, holds their velocity, height errors and atmosphere, with a noise that is
    smaller by the root of their number; the point's phase minus it is searched as that of an arc is.  Neighbours
    weigh 1 / (1 + (distance / 100 m)).
    """
    n, n_dates = points.phase.shape
    near, share = _neighbours(points.places, network.places, neighbours, max_length, own)
    growth = _mean_distance(points.places, network.places, near, share)
    level = np.zeros(n_dates) if date_level is None else np.asarray(date_level, float)
    found = Results.empty(n)
    unwrapped = np.empty((n, n_dates), np.float32)
    grid = make_grid(design, float(np.ptp(points.sensitivity, axis=1).max(initial=0.0)))

    def work(first: int, last: int) -> None:
        for part in pieces(first, last):
            shape = (part.stop - part.start, n_dates)
            predicted, difference, weight = np.empty(shape), np.empty(shape), np.empty(shape)
            difference_points(
                points.phase[part],
                points.variance[part],
                network.phase,
                network.variance,
                near[part],
                share[part],
                growth[part],
                level,
                predicted,
                difference,
                weight,
            )
            sensitivity = points.sensitivity[part]
            found.search(part, difference, weight, sensitivity.astype(float), design=design, grid=grid)
            unwrap_along(
                points.phase[part],
                weight,
                predicted,
                design.line,
                sensitivity,
                design.n_columns,
                found.values[part],
                unwrapped[part],
            )

    if len(network.places):
        in_threads(work, n)
    return Attached(found.models(), unwrapped, np.count_nonzero(share, axis=1))


def _mean_distance(places: Reals, network: Reals, near: NDArray[np.int64], share: Reals) -> Reals:
    """Return the mean distance of neighbours with their weights, (point) [m]: more than the variance of their mean needs."""
    if not len(network):
        return np.zeros(len(places))
    distance = np.hypot(*np.moveaxis(network[near] - places[:, None], 2, 0))
    return np.asarray((share * distance).sum(axis=1) / np.maximum(share.sum(axis=1), 1e-12))


def _neighbours(
    places: Reals, network: Reals, neighbours: int, max_length: float, own: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], Reals]:
    """Return the nearest points of the network and their weights, (point, neighbour); weight 0 where there is none."""
    n_wanted = min(neighbours + (own is not None), len(network))
    if n_wanted == 0 or len(places) == 0:
        return np.zeros((len(places), 1), np.int64), np.zeros((len(places), 1))
    distance, near = cKDTree(network).query(places, k=n_wanted, distance_upper_bound=max_length)
    distance, near = distance.reshape(-1, n_wanted), near.reshape(-1, n_wanted).astype(np.int64)
    there = np.isfinite(distance)
    if own is not None:
        there &= near != own[:, None]
        # where the point itself is not among them, the farthest is one too many
        there[:, -1] &= np.count_nonzero(there, axis=1) <= neighbours
    share = np.where(there, 1.0 / (1.0 + np.where(there, distance, 0.0) / NEAR), 0.0)
    return np.where(there, near, 0), share
