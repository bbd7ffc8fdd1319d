"""The scatterers of a scene: a lattice on the ground, the same for all dates.

Its places are those of all bursts and sub-swaths of a track; its amplitudes are drawn for each burst of each sub-swath.  The
ground is white: what it sends back in one Doppler band says nothing about another band, and the bursts that show one place
see it thousands of hertz apart, in bands of some 300 Hz.  A lattice with one set of amplitudes would show it under
several of these bands at once, for its rows repeat the spectrum (540 times a second in full bursts).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.scene.beams import CALIBRATION_CONSTANT
from fringeworks.simulate.scene.ground import Ground
from fringeworks.simulate.scene.layout import Layout
from fringeworks.simulate.scene.sight import locate, look
from fringeworks.simulate.streams import Streams

Values = NDArray[np.float64]

ROW_STEP, COLUMN_STEP = 0.9, 0.75
"""Scatterers lie this many lines and samples apart on the flat Earth: closer than the bandwidths resolve, so that their sum
is a stationary circular Gaussian field, also on slopes that face away."""
TILE_ROWS, TILE_COLUMNS = 64, 128
_ROW_POWERS, _COLUMN_POWERS = 5, 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattice:
    """Scatterers at regular zero-Doppler times and ranges of the ellipsoid at height 0.

    Attributes
    ----------
    near : float
        Range of column 0 [m].
    n_columns : int
        Columns.
    time, distance : tuple of float
        Middle and half width of the scaled coordinates [s], [m].
    longitude, latitude : float64, (row power, column power)
        Angles [rad] as polynomials of the scaled coordinates.
    strength : float32, (column)
        Amplitude of a scatterer of unit backscatter, for a kernel of unit peak and one scatterer a sample.
    row_step, column_step : float
        Between rows [s] and columns [m].
    """

    near: float
    n_columns: int
    time: tuple[float, float]
    distance: tuple[float, float]
    longitude: Values
    latitude: Values
    strength: NDArray[np.float32]
    row_step: float
    column_step: float

    def rows(self, first: int, count: int) -> tuple[Values, Values]:
        """Return times [s] of some rows and their scaled coordinates."""
        time = np.asarray((first + np.arange(count)) * self.row_step, np.float64)
        return time, (time - self.time[0]) / self.time[1]

    def columns(self, first: int, count: int) -> Values:
        """Return scaled coordinates of some columns."""
        distance = self.near + (first + np.arange(count)) * self.column_step
        return np.asarray((distance - self.distance[0]) / self.distance[1], np.float64)

    def place(self, time: Values, distance: Values) -> tuple[Values, Values]:
        """Return longitude and latitude [rad] at times and ranges of the ellipsoid, each (time, distance)."""
        u, v = (time - self.time[0]) / self.time[1], (distance - self.distance[0]) / self.distance[1]
        grid = np.polynomial.polynomial.polygrid2d
        return np.asarray(grid(u, v, self.longitude)), np.asarray(grid(u, v, self.latitude))


def lay_lattice(layout: Layout, ground: Ground) -> Lattice:
    """Span the lattice under a scene; heights move scatterers in range, so it is wider than the images."""
    start, stop, near, far = layout.extent()
    low, high = lift_of(float(ground.height.min()), float(ground.height.max()))
    near, far = near + low - 100.0, far + high + 100.0
    start, stop = start - 0.2, stop + 0.2
    arc = layout.overflights[0].arc
    beam = layout.swaths[0].beam
    column_step = COLUMN_STEP * beam.range_step
    middles, halves = (0.5 * (start + stop), 0.5 * (near + far)), (0.5 * (stop - start), 0.5 * (far - near))
    u = np.cos(np.pi * (np.arange(9) + 0.5) / 9)
    v = np.cos(np.pi * (np.arange(14) + 0.5) / 14)
    time, distance = np.meshgrid(middles[0] + halves[0] * u, middles[1] + halves[1] * v, indexing="ij")
    longitude, latitude = locate(arc, time, distance, np.zeros_like(time))
    n_columns = int((far - near) / column_step)
    across = near + np.arange(n_columns) * column_step
    coarse = np.linspace(near, far, 33)
    seen = locate(arc, np.zeros(33), coarse, np.zeros(33))
    _, incidence = look(arc, *seen, np.zeros(33))
    brightness = CALIBRATION_CONSTANT / np.sqrt(np.sin(incidence))
    density = 1.0 / (ROW_STEP * COLUMN_STEP)
    return Lattice(
        near=near,
        n_columns=n_columns,
        time=(middles[0], halves[0]),
        distance=(middles[1], halves[1]),
        longitude=_fit(u, v, longitude),
        latitude=_fit(u, v, latitude),
        strength=(np.interp(across, coarse, brightness) / np.sqrt(density)).astype(np.float32),
        row_step=ROW_STEP * beam.line_interval,
        column_step=column_step,
    )


def lift_of(low: float, high: float) -> tuple[float, float]:
    """Return the least and the most by which the ellipsoid's range exceeds that of the ground between two heights [m].

    It is about the height times the cosine of the incidence, which lies between 0.6 and 0.9.
    """
    return low * (0.6 if low > 0.0 else 0.9), high * (0.9 if high > 0.0 else 0.6)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiles:
    """Tiles of a lattice and the heights of the ground under each."""

    lattice: Lattice
    ground: Ground

    @property
    def row_time(self) -> float:
        """Duration of a tile [s]."""
        return self.lattice.row_step * TILE_ROWS

    @cached_property
    def n_columns(self) -> int:
        """Tiles across."""
        return -(-self.lattice.n_columns // TILE_COLUMNS)

    def reach(self, row: int) -> tuple[Values, Values]:
        """Return the nearest and the farthest range [m] at which each tile of a row can be seen, (tile)."""
        if row not in self._reaches:
            self._reaches[row] = self._reach(row)
        return self._reaches[row]

    @cached_property
    def _reaches(self) -> dict[int, tuple[Values, Values]]:
        return {}

    def _reach(self, row: int) -> tuple[Values, Values]:
        lattice, grid = self.lattice, self.ground.grid
        first = TILE_COLUMNS * np.arange(self.n_columns + 1)
        edges = np.asarray(lattice.near + first * lattice.column_step, np.float64)
        time = self.row_time * np.array([row, row + 0.5, row + 1.0])
        longitude, latitude = lattice.place(time, edges)
        x = (np.degrees(longitude) - self.ground.longitude[0]) / grid.x_step
        y = (np.degrees(latitude) - self.ground.latitude[0]) / grid.y_step
        near, far = np.full(self.n_columns, np.inf), np.full(self.n_columns, -np.inf)
        for k in range(self.n_columns):
            rows, cols = (
                slice(
                    max(math.floor(v[:, k : k + 2].min()) - 1, 0),
                    max(math.ceil(v[:, k : k + 2].max()) + 2, 0),
                )
                for v in (y, x)
            )
            under = self.ground.height[rows, cols]
            if under.size:
                low, high = lift_of(float(under.min()), float(under.max()))
                near[k], far[k] = edges[k] - high, edges[k + 1] - low
        return near, far


def _fit(u: Values, v: Values, values: Values) -> Values:
    """Return the polynomial through values on a product grid, (u power, v power); centimetres over a whole slice."""
    left = np.linalg.pinv(np.vander(u, _ROW_POWERS, increasing=True))
    right = np.linalg.pinv(np.vander(v, _COLUMN_POWERS, increasing=True))
    return np.ascontiguousarray(left @ values @ right.T)


def check_bands(layout: Layout) -> None:
    """Refuse dates whose Doppler frequencies lie so far apart that the lattice would repeat the band of one in the other's.

    Raises
    ------
    OutOfRangeError
        The centroids of a scene's dates spread over more than the rows' frequency less the band.
    """
    levels = [o.flown.doppler for o in layout.overflights]
    beams = [swath.beam for swath in layout.swaths]
    limit = min(1.0 / (ROW_STEP * beam.line_interval) - beam.azimuth_bandwidth for beam in beams)
    if max(levels) - min(levels) > limit:
        raise OutOfRangeError(
            f"Doppler centroids that differ by {max(levels) - min(levels):.0f} Hz between dates",
            expected=f"at most {limit:.0f} Hz",
        )


def tile_fields(
    streams: Streams, look: tuple[str, int, int], tile: tuple[int, int], n_fields: int
) -> NDArray[np.complex64]:
    """Return the first independent circular Gaussian fields of a tile, (field, row, column), of unit power.

    The first one lasts, the others belong to one date each; those of an earlier date are the same for every later one.

    Parameters
    ----------
    streams : Streams
        Of the scene.
    look : tuple of str and int
        Polarisation, number of the sub-swath and index of the burst: a band of the ground's spectrum that no other look shows.
    tile : tuple of int
        Row and column.
    n_fields : int
        How many.
    """
    polarisation, swath, burst = look
    # rows may be negative; the index of a stream may not
    rng = streams.of(f"speckle {polarisation}", swath, burst, tile[0] + 2**20, tile[1])
    drawn = rng.standard_normal((n_fields, TILE_ROWS, 2 * TILE_COLUMNS), dtype=np.float32)
    drawn *= np.float32(np.sqrt(0.5))
    return drawn.view(np.complex64)
