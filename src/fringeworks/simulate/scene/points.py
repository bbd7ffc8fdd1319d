"""Single points of a scene: corner reflectors and persistent scatterers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.geometry import pixel_metres
from fringeworks.simulate.orbit import ground_points, local_axes
from fringeworks.simulate.scene.beams import CALIBRATION_CONSTANT, Beam
from fringeworks.simulate.scene.flight import Arc
from fringeworks.simulate.scene.ground import Ground
from fringeworks.simulate.scene.layout import Layout
from fringeworks.simulate.scene.sight import look, zero_doppler
from fringeworks.simulate.scene.splat import DELAY, EAST, NORTH, UP, Map, Path
from fringeworks.simulate.streams import Streams

Values = NDArray[np.float64]

PERSISTENT, REFLECTOR = 0, 1
_GROUND_SPEED = 6_790.0
"""Of the beam over the ground [m/s], for the area of a resolution cell of a reflector."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points that stay coherent; all arrays are (point).

    Attributes
    ----------
    kind : int64
        0 persistent scatterer, 1 reflector.
    longitude, latitude : float64
        [degrees].
    ground_height, above : float64
        Of the DEM there, and of the point above it [m].
    phase : float64
        Its own [rad].
    strength : float64
        Signal-to-clutter ratio [dB] of a persistent scatterer, cross-section [dB m2] of a reflector.
    clutter : float64
        Radar brightness of the ground around in VV [dB].
    cross : float64
        VH over VV [dB].
    """

    kind: NDArray[np.int64]
    longitude: Values
    latitude: Values
    ground_height: Values
    above: Values
    phase: Values
    strength: Values
    clutter: Values
    cross: Values

    def __len__(self) -> int:
        """Return how many points there are."""
        return int(self.kind.size)

    def amplitude(self, beam: Beam, polarisation: str) -> NDArray[np.complex128]:
        """Return complex peaks in digital numbers, (point).

        A reflector's brightness is its cross-section over the area of a resolution cell in the slant plane; a persistent
        scatterer's is its ratio times the mean of the clutter.
        """
        cell = 0.5 * SPEED_OF_LIGHT / beam.range_bandwidth * _GROUND_SPEED / beam.azimuth_bandwidth
        db = np.where(
            self.kind == REFLECTOR, self.strength - 10.0 * math.log10(cell), self.strength + self.clutter
        )
        if polarisation == "VH":
            db = db + np.where(self.kind == REFLECTOR, -40.0, self.cross)
        magnitude = CALIBRATION_CONSTANT * 10.0 ** (db / 20.0)
        return np.asarray(magnitude * np.exp(1j * self.phase), np.complex128)

    def seen(self, path: Path, world: Map) -> tuple[Values, Values, Values]:
        """Return zero-Doppler time [s], path of the phase but for the ionosphere [m], and ionospheric path [m]."""
        lon, lat = np.radians(self.longitude), np.radians(self.latitude)
        x, y = (lon - world.lon) / world.lon_step, (lat - world.lat) / world.lat_step
        layers = [_between(world.layers[..., k], y, x) for k in (EAST, NORTH, UP, DELAY)]
        move = np.stack(layers[:3], axis=-1)
        base = ground_points(lon, lat, self.ground_height + self.above)
        moved = base + sum(move[:, k, None] * axis for k, axis in enumerate(local_axes(lon, lat)))
        arc = Arc(half=path.half, position=path.place)
        time, distance = zero_doppler(arc, moved)
        ion = world.ion[0] + world.ion[1] * y + world.ion[2] * x
        return time, distance + layers[3], np.asarray(ion, np.float64)


def _between(layer: NDArray[np.float32], y: Values, x: Values) -> Values:
    i, j = y.astype(int), x.astype(int)
    fi, fj = y - i, x - j
    top = layer[i, j] * (1 - fj) + layer[i, j + 1] * fj
    bottom = layer[i + 1, j] * (1 - fj) + layer[i + 1, j + 1] * fj
    return np.asarray(top * (1 - fi) + bottom * fi, np.float64)


def strew(layout: Layout, ground: Ground, streams: Streams) -> Points:
    """Place the reflectors and persistent scatterers of a scene; those beyond the ground are left out."""
    scenario = ground.scenario
    reflectors = scenario.reflectors
    east, north, ratio, above = _persistent(ground, streams)
    x = np.concatenate([[r.east for r in reflectors], east])
    y = np.concatenate([[r.north for r in reflectors], north])
    kind = np.repeat([REFLECTOR, PERSISTENT], [len(reflectors), east.size])
    lon, lat = ground.place(x, y)
    height = ground.interpolate(ground.height, lon, lat)
    index_x = np.clip(
        np.rint((lon - ground.longitude[0]) / ground.grid.x_step), 0, ground.grid.shape.cols - 1
    )
    index_y = np.clip(np.rint((lat - ground.latitude[0]) / ground.grid.y_step), 0, ground.grid.shape.rows - 1)
    cover = ground.cover[index_y.astype(int), index_x.astype(int)]
    on = {c.name for c in scenario.land}
    if scenario.persistent is not None and scenario.persistent.on:
        on = set(scenario.persistent.on)
    named = np.array([c.name in on for c in scenario.land])
    kept = np.isfinite(height) & (named[cover] | (kind == REFLECTOR))
    # brightness is the backscatter coefficient over the sine of the incidence, on level ground
    level = np.where(np.isfinite(height), height, 0.0)
    _, incidence = look(layout.overflights[0].arc, np.radians(lon), np.radians(lat), level)
    bright = np.array([c.sigma0 for c in scenario.land])[cover] - 10.0 * np.log10(np.sin(incidence))
    return Points(
        kind=kind[kept],
        longitude=lon[kept],
        latitude=lat[kept],
        ground_height=height[kept],
        above=np.concatenate([[r.height for r in reflectors], above])[kept],
        phase=np.where(kind == REFLECTOR, 0.0, streams.of("point phase").uniform(-np.pi, np.pi, kind.size))[
            kept
        ],
        strength=np.concatenate([[r.cross_section for r in reflectors], ratio])[kept],
        clutter=bright[kept],
        cross=np.array([c.cross for c in scenario.land])[cover][kept],
    )


def _persistent(ground: Ground, streams: Streams) -> tuple[Values, Values, Values, Values]:
    wanted = ground.scenario.persistent
    if wanted is None:
        return (np.zeros(0),) * 4
    x_step, y_step = pixel_metres(ground.grid)
    wide, high = x_step * ground.grid.shape.cols, y_step * ground.grid.shape.rows
    rng = streams.of("points")
    count = round(wanted.per_km2 * wide * high * 1e-6)
    return (
        rng.uniform(-0.5 * wide, 0.5 * wide, count),
        rng.uniform(-0.5 * high, 0.5 * high, count),
        rng.uniform(*wanted.ratio, count),
        wanted.height * rng.standard_normal(count),
    )
