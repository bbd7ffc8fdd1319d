"""Where points of the common grid stand on the ground, how they are seen, and how their phases answer to height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.model.grids import RadarGrid
from fringeworks.tops.alignment import Pass, radar_coordinates
from fringeworks.workflow.scenes.stack import SceneStack

_NODES: Final = 9
"""Nodes of baselines each way: they bend by less than a millimetre between them across a frame."""
_EARTH: Final = 6_371_000.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """Points on the ground.

    Attributes
    ----------
    longitude, latitude : float64, (point)
        [degrees].
    height : float64, (point)
        Above the ellipsoid [m].
    slant_range : float64, (point)
        One way [m].
    incidence : float64, (point)
        [rad].
    look : float64, (3, point)
        Unit vectors from ground to satellite: east, north, up.
    """

    longitude: Values
    latitude: Values
    height: Values
    slant_range: Values
    incidence: Values
    look: Values

    def plane(self) -> tuple[Values, Values]:
        """Return metres east and north of the points' middle; good to a thousandth across a frame."""
        if not self.longitude.size:
            return np.zeros(0), np.zeros(0)
        lat = float(np.nanmedian(self.latitude))
        lon = float(np.nanmedian(self.longitude))
        metre = math.radians(1.0) * _EARTH
        return (self.longitude - lon) * metre * math.cos(math.radians(lat)), (self.latitude - lat) * metre


def stand(scenes: SceneStack, line: Values, sample: Values, *, height: Values) -> Standing:
    """Find where lines and samples of the common grid lie at given heights [m].

    Parameters
    ----------
    scenes : SceneStack
        The images.
    line, sample, height : float64, (point)
        Position on the common grid, height above the ellipsoid [m].
    """
    seen_by = scenes.dates[scenes.reference].seen_by
    return stand_on(scenes.frame.grid, line, sample, seen_by=seen_by, height=height)


def stand_on(
    grid: RadarGrid, line: Values, sample: Values, *, seen_by: Pass, height: Values | float
) -> Standing:
    """Find where lines and samples of a grid lie at given heights [m], as a pass sees them.

    Parameters
    ----------
    grid : RadarGrid
        What lines and samples count on.
    line, sample : float64, (point)
        Position on the grid.
    seen_by : Pass
        Flight and timing.
    height : float or float64, (point)
        Above the ellipsoid [m].
    """
    time, distance = radar_coordinates(grid, line, sample, seen_by=seen_by)
    ground = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance, height=height)
    look = look_vectors(
        seen_by.orbit,
        azimuth_time=time,
        longitude=ground.longitude,
        latitude=ground.latitude,
        height=ground.height,
    )
    return Standing(
        longitude=np.degrees(ground.longitude),
        latitude=np.degrees(ground.latitude),
        height=ground.height,
        slant_range=distance,
        incidence=incidence_angle(look),
        look=look,
    )


def height_to_phase(scenes: SceneStack, line: Values, sample: Values, *, at: Standing) -> NDArray[np.float32]:
    """Return what one metre above the height used adds to the phase of each date, (date, point) [rad/m].

    Notes
    -----
    ``+4 pi / wavelength * (B_date - B_first) / (R sin(incidence))`` for phases signed as those of images, B positive
    toward growing look angle (:mod:`fringeworks.geometry.baseline`).
    """
    n = len(scenes.dates)
    if not line.size:
        return np.zeros((n, 0), np.float32)
    lines, samples = (_nodes(values) for values in (line, sample))
    grid_line, grid_sample = np.meshgrid(lines, samples, indexing="ij")
    height = float(np.nanmedian(at.height))
    nodes = stand(scenes, grid_line.ravel(), grid_sample.ravel(), height=np.full(grid_line.size, height))
    points = geodetic_to_ecef(np.radians(nodes.longitude), np.radians(nodes.latitude), nodes.height)
    reference = scenes.dates[scenes.reference].seen_by.orbit
    places = np.column_stack([line, sample])
    factor = 4.0 * math.pi / scenes.wavelength / (at.slant_range * np.sin(at.incidence))
    out = np.empty((n, line.size), np.float32)
    first: Values | None = None
    for k, day in enumerate(scenes.dates):
        found = find_baselines(reference, day.seen_by.orbit, points=points).perpendicular
        apart = RegularGridInterpolator((lines, samples), found.reshape(grid_line.shape))(places)
        first = apart if first is None else first
        out[k] = factor * (apart - first)
    return out


def _nodes(values: Values) -> Values:
    low, high = float(values.min()), float(values.max())
    return np.linspace(low - 1.0, high + 1.0, _NODES)
