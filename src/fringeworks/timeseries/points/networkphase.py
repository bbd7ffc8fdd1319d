"""Whole cycles of the network, about the models of its points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.points.densify import PointArrays
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.spacetime import unwrap_points
from fringeworks.timeseries.points.triangulation import triangulate

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]


def unwrap_network(
    network: PointArrays, *, velocity: Reals, height: Reals, years: Reals, design: TimeDesign, reference: int
) -> Singles:
    """Unwrap the phases of a network about the models of its points.

    Parameters
    ----------
    network : PointArrays
        Its points.
    velocity, height : float64, (point)
        Integrated along the arcs [m/yr, m].
    years : float64, (date)
        Time [yr].
    design : TimeDesign
        Parameters.
    reference : int
        Index of the reference date.

    Returns
    -------
    float32, (point, date)
        Phase that differs from the wrapped one by whole cycles [rad]; NaN where missing.

    Notes
    -----
    The model of each point is taken off before, so that only the atmosphere, what is not linear in time, and noise have to
    change by less than half a cycle from point to point (:func:`~fringeworks.timeseries.points.spacetime.unwrap_points`).
    """
    n = len(network.places)
    if n == 0:
        return np.zeros((0, len(years)), np.float32)
    prior = velocity[:, None] * design.line + height[:, None] * network.sensitivity
    prior = prior - prior[:, reference : reference + 1]
    x, y = network.places.T
    edges, triangles = triangulate(x, y)
    wrapped = np.where(np.isfinite(network.variance), network.phase, np.nan).astype(np.float32)
    unwrapped = unwrap_points(
        np.ascontiguousarray(wrapped.T),
        edges=edges,
        triangles=triangles,
        years=years,
        reference=reference,
        prior=np.ascontiguousarray(prior.T, np.float32),
        phase_std=np.sqrt(np.nanmean(network.variance, axis=1)).astype(np.float32),
        lengths=np.hypot(x[edges[:, 1]] - x[edges[:, 0]], y[edges[:, 1]] - y[edges[:, 0]]),
    )
    # absolute again, so that every phase differs from the wrapped one by whole cycles
    seed = network.phase[unwrapped.references[0]]
    return np.ascontiguousarray(unwrapped.phase.T + seed)
