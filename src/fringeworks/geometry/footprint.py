"""The outline of an image on the ground, also across the antimeridian and around a pole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.geometry.ground import LookSide, project_at_height
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.model.grids import RadarGrid
from fringeworks.model.identity import Instant

Ring: TypeAlias = NDArray[np.float64]
"""float64, (n, 2): longitude and latitude [degrees], closed (the last point is the first)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footprint:
    """Outline of an image on the ground.

    Attributes
    ----------
    outline : float64, (n, 2)
        Longitude and latitude [degrees], closed, longitudes continuous: they may run past 180.
    encloses_pole : int
        1 or -1 where the outline runs around the north or south pole, else 0.
    """

    outline: Ring
    encloses_pole: int

    def parts(self) -> tuple[Ring, ...]:
        """Return rings within longitudes of -180 to 180, cut at the antimeridian (RFC 7946, section 3.1.9)."""
        ring = self.outline
        if self.encloses_pole:
            ring = _over_pole(ring, 90.0 * self.encloses_pole)
        first = int(np.floor((ring[:, 0].min() + 180.0) / 360.0))
        last = int(np.ceil((ring[:, 0].max() + 180.0) / 360.0))
        pieces = []
        for turn in range(first, last):
            west = 360.0 * turn - 180.0
            piece = _clip(_clip(ring, west, sense=1.0), west + 360.0, sense=-1.0)
            if len(piece) > 3 and np.ptp(piece[:, 0]) > 0.0:
                pieces.append(piece - np.array([360.0 * turn, 0.0]))
        return tuple(pieces)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north [degrees]; east runs past 180 where the outline crosses the antimeridian."""
        low, high = self.outline.min(axis=0), self.outline.max(axis=0)
        if self.encloses_pole:
            south = -90.0 if self.encloses_pole < 0 else float(low[1])
            north = 90.0 if self.encloses_pole > 0 else float(high[1])
            return -180.0, south, 180.0, north
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def find_footprint(
    orbit: OrbitCurve,
    grid: RadarGrid,
    *,
    height: float = 0.0,
    side: LookSide = "right",
    points_per_side: int = 16,
) -> Footprint:
    """Find the outline of a radar grid on the ground.

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the grid's times.
    grid : RadarGrid
        The image; its line times are taken as zero-Doppler times.
    height : float
        Of the ground, above the ellipsoid [m].
    side : {"right", "left"}
        Side the radar looks to.
    points_per_side : int
        Points on each of the four sides.

    Raises
    ------
    TooFewDataError
        The orbit does not cover the grid.
    """
    shift = Instant.parse(grid.epoch).seconds_since(orbit.epoch)
    fraction = np.linspace(0.0, 1.0, points_per_side, endpoint=False)
    one, zero = np.ones_like(fraction), np.zeros_like(fraction)
    line = np.concatenate([zero, fraction, one, 1.0 - fraction]) * (grid.shape.rows - 1)
    sample = np.concatenate([fraction, one, 1.0 - fraction, zero]) * (grid.shape.cols - 1)
    ground = project_at_height(
        orbit,
        azimuth_time=grid.azimuth_start + shift + line * grid.azimuth_step,
        slant_range=grid.range_start + sample * grid.range_step,
        height=height,
        side=side,
    )
    if ground.tally.used < line.size:
        raise TooFewDataError(
            f"{line.size - ground.tally.used} of {line.size} points of the outline have no ground",
            expected="an orbit that covers the image",
            hint="give the orbit file of that day",
        )
    return outline_of(np.degrees(ground.longitude), np.degrees(ground.latitude))


def outline_of(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> Footprint:
    """Close an outline given by its corners [degrees], (n), and see what it runs around.

    Neighbouring points must be less than 180 degrees of longitude apart.

    Raises
    ------
    OutOfRangeError
        Fewer than three points, or one that is not finite.
    """
    if longitude.size < 3 or not np.isfinite(longitude).all() or not np.isfinite(latitude).all():
        raise OutOfRangeError(f"an outline of {longitude.size} points", expected="three finite ones at least")
    steps = np.diff(longitude, append=longitude[:1])
    steps -= 360.0 * np.round(steps / 360.0)
    lon = longitude[0] + np.concatenate([[0.0], np.cumsum(steps)])
    lat = np.concatenate([latitude, latitude[:1]])
    turns = round(float(lon[-1] - lon[0]) / 360.0)
    pole = 0 if turns == 0 else int(np.sign(lat.mean()))
    lon -= 360.0 * np.floor((lon.min() + 180.0) / 360.0)
    return Footprint(outline=np.stack([lon, lat], axis=-1), encloses_pole=pole)


def _over_pole(ring: Ring, pole: float) -> Ring:
    """Carry an outline that runs around a pole along the pole's parallel back to its start."""
    back = np.array([[ring[-1, 0], pole], [ring[0, 0], pole], ring[0]])
    return np.concatenate([ring, back])


def _clip(ring: Ring, meridian: float, *, sense: float) -> Ring:
    """Cut a closed ring at a meridian; ``sense`` 1 keeps what lies east of it (Sutherland and Hodgman)."""
    kept: list[NDArray[np.float64]] = []
    for here, there in pairwise(ring):
        inside, goes_inside = sense * (here[0] - meridian) >= 0, sense * (there[0] - meridian) >= 0
        if inside:
            kept.append(here)
        if inside != goes_inside:
            share = (meridian - here[0]) / (there[0] - here[0])
            kept.append(np.array([meridian, here[1] + share * (there[1] - here[1])]))
    return np.array([*kept, kept[0]]) if kept else np.empty((0, 2))
