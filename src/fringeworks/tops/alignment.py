"""Where each sample of a common grid lies on the ground and in every other acquisition, from orbits alone.

For one burst all that geometry says is smooth in three variables: line and sample of the common grid, and height of
the ground.  So it is computed exactly at some hundred nodes and carried as polynomials
(:mod:`fringeworks.numerics.boxpolynomial`); relief enters through the third variable, pixel by pixel.

Line times are those of the annotation: zero-Doppler time minus the residual bistatic delay
(:func:`fringeworks.geometry.timing.bistatic_residual`), on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.geometry.timing import bistatic_residual
from fringeworks.model.grids import RadarGrid, Window
from fringeworks.model.identity import Instant
from fringeworks.numerics.boxpolynomial import BoxPolynomial, fit_box

GROUND_ORDER = (3, 6, 3)
OFFSET_ORDER = (2, 5, 2)
GROUND_TOLERANCE = (1e-8, 1e-8)
"""Longitude and latitude [rad]: 0.06 m, a fifth of a hundredth of a 30 m cell."""
OFFSET_TOLERANCE = (2e-5, 2e-5, 1e-5, 1e-2)
"""Line, sample (0.001 rad of TOPS carrier), range difference [m] (0.002 rad), perpendicular baseline [m]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass:
    """One acquisition's flight and timing.

    Attributes
    ----------
    orbit : OrbitCurve
        Clipped to the pass.
    reference_range : float
        Range at which the processor's bistatic correction is exact [m].
    """

    orbit: OrbitCurve
    reference_range: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BurstOffsets:
    """Where the samples of a window of the common grid lie in one acquisition's burst.

    Attributes
    ----------
    polynomial : BoxPolynomial
        Of (line, sample of the common grid, height [m]) to: line and sample in the burst; range of this acquisition
        minus range of the reference [m]; perpendicular baseline [m], signed as
        :mod:`fringeworks.geometry.baseline` says (positive toward growing look angle).
    """

    polynomial: BoxPolynomial


def _box(window: Window, heights: tuple[float, float]) -> tuple[tuple[float, float, float], ...]:
    lower = (window.row - 0.5, window.col - 0.5, heights[0])
    return lower, (window.row + window.rows - 0.5, window.col + window.cols - 0.5, heights[1])


def radar_coordinates(
    grid: RadarGrid, line: NDArray[np.float64], sample: NDArray[np.float64], *, seen_by: Pass
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give zero-Doppler time [s since the orbit's epoch] and slant range [m] of lines and samples of a grid."""
    distance = grid.range_start + np.asarray(sample, np.float64) * grid.range_step
    shift = Instant.parse(grid.epoch).seconds_since(seen_by.orbit.epoch)
    annotated = grid.azimuth_start + np.asarray(line, np.float64) * grid.azimuth_step
    return annotated + shift + bistatic_residual(distance, reference_range=seen_by.reference_range), distance


def grid_coordinates(
    grid: RadarGrid, time: NDArray[np.float64], distance: NDArray[np.float64], *, seen_by: Pass
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give line and sample of a grid for zero-Doppler times [s since the orbit's epoch] and slant ranges [m]."""
    shift = Instant.parse(seen_by.orbit.epoch).seconds_since(grid.epoch)
    annotated = time + shift - bistatic_residual(distance, reference_range=seen_by.reference_range)
    line = (annotated - grid.azimuth_start) / grid.azimuth_step
    return line, (distance - grid.range_start) / grid.range_step


def fit_ground(
    grid: RadarGrid, reference: Pass, *, window: Window, heights: tuple[float, float]
) -> BoxPolynomial:
    """Fit longitude and latitude [rad] of a window of the common grid as polynomials of (line, sample, height).

    Parameters
    ----------
    grid : RadarGrid
        The common grid.
    reference : Pass
        The acquisition whose grid it is.
    window : Window
        Part of the grid.
    heights : tuple of float
        Lowest and highest ground [m above the ellipsoid].

    Raises
    ------
    OutOfRangeError
        The orbit does not cover the window, or a range does not reach the ground.
    """
    middle = project_at_height(
        reference.orbit,
        azimuth_time=radar_coordinates(grid, *_middle(window), seen_by=reference)[0],
        slant_range=radar_coordinates(grid, *_middle(window), seen_by=reference)[1],
    ).longitude[0]

    def ground(
        line: NDArray[np.float64], sample: NDArray[np.float64], height: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        time, distance = radar_coordinates(grid, line, sample, seen_by=reference)
        found = project_at_height(reference.orbit, azimuth_time=time, slant_range=distance, height=height)
        around = 2.0 * np.pi * np.round((found.longitude - middle) / (2.0 * np.pi))
        return np.stack([found.longitude - around, found.latitude])

    lower, upper = _box(window, heights)
    return fit_box(ground, lower=lower, upper=upper, order=GROUND_ORDER, tolerance=GROUND_TOLERANCE)


def _middle(window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([window.row + 0.5 * window.rows]), np.array([window.col + 0.5 * window.cols])


def fit_offsets(
    grid: RadarGrid,
    reference: Pass,
    *,
    secondary: Pass,
    secondary_grid: RadarGrid,
    window: Window,
    heights: tuple[float, float],
) -> BurstOffsets:
    """Fit where the samples of a window lie in a burst of another acquisition.

    Parameters
    ----------
    grid : RadarGrid
        The common grid.
    reference, secondary : Pass
        The acquisition whose grid it is, and the other one (the same one is allowed).
    secondary_grid : RadarGrid
        The other acquisition's burst.
    window : Window
        Part of the common grid.
    heights : tuple of float
        Lowest and highest ground [m above the ellipsoid].

    Raises
    ------
    OutOfRangeError
        An orbit does not cover the window.
    """

    def offsets(
        line: NDArray[np.float64], sample: NDArray[np.float64], height: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        time, distance = radar_coordinates(grid, line, sample, seen_by=reference)
        ground = project_at_height(reference.orbit, azimuth_time=time, slant_range=distance, height=height)
        points = geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)
        seen = find_baselines(reference.orbit, secondary.orbit, points=points)
        if not seen.secondary.converged.all():
            raise OutOfRangeError(
                "an orbit does not cover the ground of a burst",
                expected="state vectors around the whole burst",
            )
        there_line, there_sample = grid_coordinates(
            secondary_grid, seen.secondary.azimuth_time, seen.secondary.slant_range, seen_by=secondary
        )
        return np.stack([there_line, there_sample, seen.secondary.slant_range - distance, seen.perpendicular])

    lower, upper = _box(window, heights)
    return BurstOffsets(
        polynomial=fit_box(offsets, lower=lower, upper=upper, order=OFFSET_ORDER, tolerance=OFFSET_TOLERANCE)
    )
