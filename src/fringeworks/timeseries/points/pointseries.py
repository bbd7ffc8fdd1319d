"""Series of points in metres, without height error and atmosphere, relative to the datum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.points.adjustment import PointFits
from fringeworks.timeseries.points.design import TimeDesign

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PointSeries:
    """What a network gives for each point, relative to its datum.

    Attributes
    ----------
    velocity, velocity_std : float64, (point)
        m/yr.
    height, height_std : float64, (point)
        Height error [m].
    season : float64, (2, point)
        Cosine and sine of the year [m].
    phase : float32, (date, point)
        Unwrapped [rad].
    atmosphere : float32, (date, point), optional
        Phase of the atmosphere [rad].
    displacement : float32, (date, point)
        Metres toward the satellite, zero at the reference date.
    rmse : float64, (point)
        Root mean square of the displacement about velocity and season [m].
    """

    velocity: Reals
    velocity_std: Reals
    height: Reals
    height_std: Reals
    season: Reals
    phase: Singles
    atmosphere: Singles | None
    displacement: Singles
    rmse: Reals


def make_series(
    phase: Singles,
    fits: PointFits,
    *,
    sensitivity: Singles,
    atmosphere: Singles | None,
    design: TimeDesign,
    wavelength: float,
    reference: int,
    point: int = -1,
) -> PointSeries:
    """Turn phases into displacement, and everything relative to a point if one is the datum.

    Parameters
    ----------
    phase : float32, (point, date)
        Unwrapped, relative to the network's mean [rad].
    fits : PointFits
        Velocity and height error.
    sensitivity : float32, (point, date)
        Phase of one metre of height error [rad/m].
    atmosphere : float32, (point, date), optional
        Phase of the atmosphere [rad]; 0 at the reference date.
    design : TimeDesign
        Parameters.
    wavelength : float
        Radar wavelength [m].
    reference : int
        Index of the reference date.
    point : int
        The datum, -1 for the network's mean.

    Returns
    -------
    PointSeries
        Displacement is wavelength / 4 pi (phase - height error's - atmosphere's).
    """
    metres = wavelength / (4.0 * math.pi)
    height = np.nan_to_num(fits.height)[:, None]
    own = phase - height * (sensitivity - sensitivity[:, reference : reference + 1])
    if atmosphere is not None:
        own = own - atmosphere
    velocity, season, error = fits.velocity, metres * fits.season, fits.height
    velocity_std, height_std = fits.velocity_std, fits.height_std
    if point >= 0:
        phase, own = phase - phase[point], own - own[point]
        velocity, season, error = (
            velocity - velocity[point],
            season - season[:, point : point + 1],
            error - error[point],
        )
        velocity_std, height_std = _relative(velocity_std, point), _relative(height_std, point)
        atmosphere = None if atmosphere is None else atmosphere - atmosphere[point]
    own = own - own[:, reference : reference + 1]
    displacement = metres * own
    model = velocity[:, None] * metres * design.line + season.T @ design.columns[2:4]
    rest = displacement - model
    known = np.isfinite(rest)
    count = np.maximum(known.sum(axis=1), 1)
    rest = np.where(known, rest, 0.0)
    square = (rest**2).sum(axis=1) / count - (rest.sum(axis=1) / count) ** 2
    return PointSeries(
        velocity=velocity,
        velocity_std=velocity_std,
        height=error,
        height_std=height_std,
        season=season,
        phase=np.ascontiguousarray(phase.T, np.float32),
        atmosphere=None if atmosphere is None else np.ascontiguousarray(atmosphere.T, np.float32),
        displacement=np.ascontiguousarray(displacement.T, np.float32),
        rmse=np.sqrt(np.maximum(square, 0.0)),
    )


def _relative(std: Reals, point: int) -> Reals:
    """Return sigmas relative to a point, whose own is zero."""
    both: Reals = np.hypot(std, std[point])
    both[point] = 0.0
    return both
