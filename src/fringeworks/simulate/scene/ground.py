"""The ground of a scene on a map grid, what moves it and what the air above it does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.identity import Instant
from fringeworks.simulate.fields import patches
from fringeworks.simulate.geometry import LocalPlane, pixel_metres
from fringeworks.simulate.motion import years_since_2000
from fringeworks.simulate.orbit import local_axes
from fringeworks.simulate.scene.earth import tide
from fringeworks.simulate.scene.flight import Arc
from fringeworks.simulate.scene.layout import Layout
from fringeworks.simulate.scene.scenario import SceneScenario
from fringeworks.simulate.scene.sight import geodetic, locate, look
from fringeworks.simulate.streams import Streams

_MARGIN = 0.004
"""Of the map beyond the images [degrees]."""
LAYOVER_SLOPE, SHADOW_SLOPE = math.tan(math.radians(20.0)), math.tan(math.radians(40.0))
"""No beam sees less than 20 degrees of incidence or more than 50: gentler ground is never laid over, never dark [m/m]."""
_FINEST_AIR = 100.0
"""Spacing of the nodes at which turbulence is drawn at the finest [m]; it is linear between them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What the radar looks at; exactly bilinear between the nodes, which are the centres of the DEM's pixels.

    Attributes
    ----------
    scenario : SceneScenario
        What was asked for.
    grid : MapGrid
        In degrees.
    height : float32, (y, x)
        Above the WGS84 ellipsoid [m].
    cover : uint8, (y, x)
        Index of the land cover.
    sources : tuple of float32, (3, y, x)
        Movement east, north, up of one unit of each motion's history [m].
    units : float64, (motion, date)
        Units passed since the first date.
    epochs : tuple of Instant
        Of the dates.
    streams : Streams
        Randomness of the air.
    """

    scenario: SceneScenario
    grid: MapGrid
    height: NDArray[np.float32]
    cover: NDArray[np.uint8]
    sources: tuple[NDArray[np.float32], ...]
    units: NDArray[np.float64]
    epochs: tuple[Instant, ...]
    streams: Streams

    @property
    def longitude(self) -> NDArray[np.float64]:
        """Of the nodes [degrees], (x)."""
        return _centres(self.grid.x_start, self.grid.x_step, self.grid.shape.cols)

    @property
    def latitude(self) -> NDArray[np.float64]:
        """Of the nodes [degrees], (y), from north to south."""
        return _centres(self.grid.y_start, self.grid.y_step, self.grid.shape.rows)

    @cached_property
    def steepest(self) -> float:
        """Steepest slope between neighbouring nodes [m/m]."""
        east, north = pixel_metres(self.grid)
        slopes = (
            float(np.abs(np.diff(self.height, axis=axis)).max()) / abs(step)
            for axis, step in ((0, north), (1, east))
        )
        return math.hypot(*slopes)

    def shift(self, date_index: int) -> NDArray[np.float32]:
        """Return the movement since the first date, east, north, up [m], (3, y, x)."""
        total = np.zeros((3, *self.grid.shape), np.float32)
        for source, unit in zip(self.sources, self.units, strict=True):
            total += np.float32(unit[date_index]) * source
        return total

    def tide(self, date_index: int) -> NDArray[np.float32]:
        """Return the displacement by the solid Earth tide on a date, east, north, up [m], (3, y, x); not relative."""
        if not self.scenario.tides:
            return np.zeros((3, *self.grid.shape), np.float32)
        return self._smooth(lambda lon, lat: tide(self.epochs[date_index], lon, lat))

    def plate_velocity(self) -> NDArray[np.float32]:
        """Return the velocity of the plate, east, north, up [m/yr], (3, y, x)."""
        plate = self.scenario.plate
        if plate is None:
            return np.zeros((3, *self.grid.shape), np.float32)
        return self._smooth(plate.velocity)

    def moved(self, date_index: int) -> NDArray[np.float32]:
        """Return all movement on a date: the ground's own and the plate's since the first date, and the tide."""
        total = self.shift(date_index)
        if self.scenario.tides:
            total += self.tide(date_index)
        if self.scenario.plate is not None:
            total += np.float32(self.scenario.days[date_index] / DAYS_PER_YEAR) * self.plate_velocity()
        return total

    def _smooth(
        self, field: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    ) -> NDArray[np.float32]:
        """Return a field that bends over thousands of kilometres, (3, y, x), from 9 x 9 places between its corners."""
        lon, south = np.radians(self.longitude), -np.radians(self.latitude)
        places = [np.linspace(axis[0], axis[-1], 9) for axis in (south, lon)]
        coarse = field(*np.meshgrid(places[1], -places[0]))
        # weights of a linear interpolation, (node, place)
        left, right = (
            np.stack([np.interp(axis, nine, row) for row in np.eye(9)], axis=1)
            for axis, nine in zip((south, lon), places, strict=True)
        )
        return np.asarray(left @ coarse @ right.T, np.float32)

    def turbulent(self, date_index: int) -> NDArray[np.float32]:
        """Return the turbulent path of a date along the line of sight [m], (y, x)."""
        law = self.scenario.turbulence
        if law is None:
            return np.zeros(tuple(self.grid.shape), np.float32)
        metres = pixel_metres(self.grid)
        # air that is integrated over kilometres of height has no detail finer than this
        factor = max(int(_FINEST_AIR / abs(metres[1])), 1)
        rows, cols = (n // factor + 2 for n in self.grid.shape)
        coarse = law.draw(
            Shape(rows, cols),
            (factor * metres[1], factor * metres[0]),
            rng=self.streams.of("turbulence", date_index),
        )
        return _between_nodes(coarse, factor, self.grid.shape)

    def layered(self, date_index: int, incidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the path of layered air of a date along the line of sight [m], (y, x)."""
        air = self.scenario.layered
        if air is None:
            return np.zeros(tuple(self.grid.shape), np.float32)
        fractions = years_since_2000(self.scenario.dates)
        zenith = air.zenith(fractions, rng=self.streams.of("layered"))[date_index]
        return np.asarray(zenith * air.profile(self.height) / np.cos(incidence), np.float32)

    def ionosphere(self, date_index: int) -> tuple[float, float, float]:
        """Return the ionospheric path of a date: at the centre [m], and its slopes east and north [m/m]."""
        plane = self.scenario.ionosphere
        if plane is None:
            return 0.0, 0.0, 0.0
        drawn = self.streams.of("ionosphere", date_index).standard_normal(3)
        return plane.constant * drawn[0], 1e-3 * plane.slope * drawn[1], 1e-3 * plane.slope * drawn[2]

    def ionospheric(self, date_index: int) -> NDArray[np.float32]:
        """Return the ionospheric path of a date on the nodes [m], (y, x)."""
        centre, east, north = self.ionosphere(date_index)
        plane = LocalPlane.of(self.grid)
        return np.asarray(centre + east * plane.x + north * plane.y, np.float32)

    def ionospheric_plane(self, date_index: int) -> NDArray[np.float64]:
        """Return the ionospheric path of a date at node (0, 0) [m], and what a row and a column add, (3)."""
        centre, east, north = self.ionosphere(date_index)
        plane = LocalPlane.of(self.grid)
        x, y = np.ravel(plane.x), np.ravel(plane.y)
        return np.array([centre + east * x[0] + north * y[0], north * (y[1] - y[0]), east * (x[1] - x[0])])

    def ionospheric_rate(self, date_index: int, arc: Arc) -> float:
        """Return how fast the ionospheric path of a target changes while the satellite flies past it [m/s].

        The line of sight pierces the layer at the share a = height/altitude of the way from target to satellite: it moves
        there by a times the satellite's way, while from target to target it moves by (1 - a) of the ground's way and a of
        the satellite's.
        """
        plane = self.scenario.ionosphere
        if plane is None:
            return 0.0
        _, east, north = self.ionosphere(date_index)
        place, velocity = arc.at(0.0)
        lon, lat, altitude = geodetic(place)
        axes = local_axes(lon, lat)
        heading = np.array([velocity @ axes[0], velocity @ axes[1]])
        speed = float(np.hypot(*heading))
        share = plane.height / float(altitude)
        stretch = float(np.linalg.norm(place)) / (float(np.linalg.norm(place)) - float(altitude))
        slope = float(heading @ [east, north]) / speed
        return slope * share * speed / (1.0 - share + share * stretch)

    def velocity(self, los: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the slope of a line through the movement of all dates [m/yr toward the satellite], (y, x)."""
        years = self.scenario.days / DAYS_PER_YEAR
        centred = years - years.mean()
        square = float(centred @ centred)
        total = np.zeros(tuple(self.grid.shape), np.float32)
        for source, unit in zip(self.sources, self.units, strict=True):
            slope = float(centred @ unit) / square if square > 0.0 else 0.0
            total += np.float32(slope) * np.sum(source * los, axis=0)
        return total

    def place(self, east: NDArray[np.float64], north: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return longitude and latitude [degrees] of places in metres from the centre of the ground."""
        metres = pixel_metres(self.grid)
        middle = self.grid.centre_of(self.grid.shape.rows // 2, self.grid.shape.cols // 2)
        lon = middle[0] + east / metres[0] * self.grid.x_step
        lat = middle[1] - north / metres[1] * self.grid.y_step
        return lon, lat

    def interpolate(
        self, layer: NDArray[np.float32], longitude: NDArray[np.float64], latitude: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return a layer between its nodes, bilinear; NaN beyond them; degrees, any shape."""
        col = (longitude - self.grid.x_start) / self.grid.x_step - 0.5
        row = (latitude - self.grid.y_start) / self.grid.y_step - 0.5
        rows, cols = self.grid.shape
        inside = (col >= 0) & (row >= 0) & (col <= cols - 1.001) & (row <= rows - 1.001)
        i, j = np.where(inside, row, 0.0).astype(int), np.where(inside, col, 0.0).astype(int)
        fi, fj = row - i, col - j
        top = layer[i, j] * (1 - fj) + layer[i, j + 1] * fj
        bottom = layer[i + 1, j] * (1 - fj) + layer[i + 1, j + 1] * fj
        return np.where(inside, top * (1 - fi) + bottom * fi, np.nan)


def _between_nodes(coarse: NDArray[np.float32], factor: int, shape: Shape) -> NDArray[np.float32]:
    """Return a field between coarse nodes, linear, (y, x), every ``factor``-th node of it a coarse one."""
    found = coarse
    for count in shape:
        at, share = np.divmod(np.arange(count), factor)
        weight = (share / factor).astype(np.float32)[:, None]
        # rows first, then columns
        found = ((1.0 - weight) * found[at] + weight * found[at + 1]).T
    return np.ascontiguousarray(found, np.float32)


def _centres(start: float, step: float, count: int) -> NDArray[np.float64]:
    return np.asarray(start + (np.arange(count) + 0.5) * step, np.float64)


def lay_ground(layout: Layout, streams: Streams) -> Ground:
    """Draw the ground under a scene: heights, land cover and movement."""
    scenario = layout.scenario
    grid = _grid(layout)
    plane = LocalPlane.of(grid)
    metres = pixel_metres(grid)
    spacing = (metres[1], metres[0])
    height = scenario.terrain.draw(plane.x, plane.y, spacing, rng=streams.of("terrain"))
    shares = tuple(cover.share for cover in scenario.land)
    cover = patches(grid.shape, shares, spacing, rng=streams.of("land"))
    dates = scenario.dates
    units = np.array([m.history.values(dates) for m in scenario.motions]).reshape(-1, len(dates))
    return Ground(
        scenario=scenario,
        grid=grid,
        height=height,
        cover=cover,
        sources=tuple(np.asarray(m.source.enu(plane.x, plane.y), np.float32) for m in scenario.motions),
        units=units - units[:, :1],
        epochs=tuple(o.epoch for o in layout.overflights),
        streams=streams,
    )


def _grid(layout: Layout) -> MapGrid:
    """Return a map whose middle is the scene's centre and that holds the images, or of the size asked for."""
    scenario = layout.scenario
    step = scenario.arc_seconds / 3600.0
    lon, lat = scenario.centre
    west, south, east, north = _footprint(layout)
    half_x, half_y = max(lon - west, east - lon), max(lat - south, north - lat)
    if scenario.extent is not None:
        wide = scenario.extent[0] / (111_320.0 * math.cos(math.radians(lat)))
        high = scenario.extent[1] / 111_132.0
        if wide < half_x or high < half_y:
            needed = (half_x * 111_320.0 * math.cos(math.radians(lat)), half_y * 111_132.0)
            raise OutOfRangeError(
                f"a ground of {scenario.extent[0]:.0f} x {scenario.extent[1]:.0f} m, half sides",
                expected=f"at least {needed[0]:.0f} x {needed[1]:.0f} m for these images",
            )
        half_x, half_y = wide, high
    # pixel borders at whole steps, one pixel in the middle
    col, row = math.floor(lon / step), math.floor(lat / step)
    n_x, n_y = math.ceil(half_x / step) + 1, math.ceil(half_y / step) + 1
    return MapGrid(
        crs="EPSG:4326",
        x_start=(col - n_x) * step,
        y_start=(row + n_y + 1) * step,
        x_step=step,
        y_step=-step,
        shape=Shape(2 * n_y + 1, 2 * n_x + 1),
    )


def _footprint(layout: Layout) -> tuple[float, float, float, float]:
    """Return west, south, east, north [degrees] of what can fall into the images, with a margin."""
    start, stop, near, far = layout.extent()
    time, distance, height = np.meshgrid(
        np.linspace(start, stop, 9), np.linspace(near - 400.0, far + 400.0, 9), np.array([-200.0, 6_000.0])
    )
    top = 3.0 * _relief(layout.scenario)
    height = np.where(height > 0.0, layout.scenario.terrain.base + top, -100.0)
    longitude, latitude = locate(layout.overflights[0].arc, time, distance, height)
    lon, lat = np.degrees(longitude), np.degrees(latitude)
    return (
        float(lon.min()) - _MARGIN,
        float(lat.min()) - _MARGIN,
        float(lon.max()) + _MARGIN,
        float(lat.max()) + _MARGIN,
    )


def _relief(scenario: SceneScenario) -> float:
    """Return by how much the ground may rise above the plain [m], about."""
    rough = 0.0 if scenario.terrain.roughness is None else scenario.terrain.roughness.rms_difference
    return rough + max((cone.height for cone in scenario.terrain.cones), default=0.0) / 3.0


def sight_of_nodes(layout: Layout, ground: Ground) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the unit vector from each node to the satellite, (3, y, x), and the incidence [rad], (y, x)."""
    longitude, latitude = np.meshgrid(np.radians(ground.longitude), np.radians(ground.latitude))
    los, incidence = look(layout.overflights[0].arc, longitude, latitude, ground.height.astype(np.float64))
    return los.astype(np.float32), incidence.astype(np.float32)
