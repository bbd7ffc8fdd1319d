"""How each pixel of a simulated scene is seen: ranges, look vectors and baselines, computed from positions in space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.model.grids import MapGrid
from fringeworks.simulate.orbit import Baseline, CircularOrbit, ground_points, local_axes, orbit_over


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlane:
    """Metres east and north of the centre of a geographic grid, on the ellipsoid's tangent plane."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, grid: MapGrid) -> LocalPlane:
        """Return the plane of a grid in degrees: x is (1, col), y is (row, 1)."""
        x_step, y_step = pixel_metres(grid)
        x = (np.arange(grid.shape.cols) - (grid.shape.cols - 1) / 2) * x_step
        y = -(np.arange(grid.shape.rows) - (grid.shape.rows - 1) / 2) * y_step
        return cls(x=np.asarray(x[None, :], float), y=np.asarray(y[:, None], float))

    def rows(self, rows: slice) -> LocalPlane:
        """Return the plane of some rows."""
        return LocalPlane(x=self.x, y=self.y[rows])


def pixel_metres(grid: MapGrid) -> tuple[float, float]:
    """Return the size of a pixel eastward and along the meridian [m], at the centre of the grid."""
    _, latitude = grid.centre_of(grid.shape.rows // 2, grid.shape.cols // 2)
    e2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
    sine, cosine = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
    w = math.sqrt(1.0 - e2 * sine**2)
    meridian = WGS84_SEMI_MAJOR * (1.0 - e2) / w**3
    parallel = WGS84_SEMI_MAJOR * cosine / w
    return math.radians(abs(grid.x_step)) * parallel, math.radians(abs(grid.y_step)) * meridian


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How some rows of the scene are seen from the reference orbit; all float64, (y, x) unless said otherwise.

    Attributes
    ----------
    time : float64
        Zero-Doppler time since the scene centre [s].
    slant_range : float64
        One-way [m].
    incidence : float64
        From the ellipsoid's normal [rad].
    los_enu : float64, (3, y, x)
        Unit vector from the ground to the satellite.
    cross, normal : float64
        Components of the upward perpendicular to the line of sight along the cross-track and normal axes.
    lift : float64
        Vertical part of that unit perpendicular; close to the sine of the incidence.
    """

    time: NDArray[np.float64]
    slant_range: NDArray[np.float64]
    incidence: NDArray[np.float64]
    los_enu: NDArray[np.float64]
    cross: NDArray[np.float64]
    normal: NDArray[np.float64]
    lift: NDArray[np.float64]

    def perpendicular(self, baseline: Baseline) -> NDArray[np.float64]:
        """Return the perpendicular baseline of each pixel as GAMMA signs it [m].

        Positive where the secondary flies higher or to the right.

        Notes
        -----
        The baseline vector is ``(C + C' t) c + (N + N' t) n``; its component along the perpendicular to the line of sight
        that points up is ``B = C cos(look) - N sin(look)``.
        """
        along_c = baseline.cross + baseline.cross_rate * self.time
        along_n = baseline.normal + baseline.normal_rate * self.time
        return along_c * self.cross + along_n * self.normal

    def metres_per_height(self, baseline: Baseline) -> NDArray[np.float64]:
        """Return by how much range(secondary) - range(reference) changes when a scatterer is higher than was told [m/m].

        Notes
        -----
        A scatterer that lies ``h`` higher than the height told, at the same range and Doppler of the reference, is moved
        along the perpendicular ``p`` to the line of sight by ``d = h / p_up``.  From the secondary, which stands off by the
        baseline ``b``, the direction to the ground is ``(R l - b) / R``, so the range to it changes by
        ``d p . (R l - b) / R = -d (b . p) / R``: minus the perpendicular baseline over ``R p_up``, where ``p_up`` is the
        sine of the incidence.  With phase = 4 pi / lambda (R_secondary - R_reference) a positive baseline thus turns a
        height that was told too low into a negative phase.
        """
        return -self.perpendicular(baseline) / (self.slant_range * self.lift)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneGeometry:
    """The reference orbit, the path of every date beside it, and the grid below.

    Attributes
    ----------
    grid : MapGrid
        In degrees.
    orbit : CircularOrbit
        Of the first date.
    baselines : tuple of Baseline
        Of each date, seen from the first.
    """

    grid: MapGrid
    orbit: CircularOrbit
    baselines: tuple[Baseline, ...]

    @classmethod
    def over(
        cls, grid: MapGrid, baselines: tuple[Baseline, ...], *, incidence: float, pass_direction: str
    ) -> SceneGeometry:
        """Place the orbit so that the grid's centre is seen at the given incidence [rad]."""
        west, south, east, north = grid.bounds
        orbit = orbit_over(
            math.radians(0.5 * (west + east)),
            math.radians(0.5 * (south + north)),
            incidence=incidence,
            pass_direction=pass_direction,
        )
        return cls(grid=grid, orbit=orbit, baselines=baselines)

    def pair_baseline(self, reference: int, secondary: int) -> Baseline:
        """Return the baseline of a pair of date indices, secondary minus reference."""
        return self.baselines[secondary].minus(self.baselines[reference])

    def angles(self, rows: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitude, (1, col), and latitude, (row, 1), of pixel centres [rad]."""
        grid = self.grid
        longitude = grid.x_start + (np.arange(grid.shape.cols) + 0.5) * grid.x_step
        latitude = grid.y_start + (np.arange(grid.shape.rows)[rows] + 0.5) * grid.y_step
        return np.radians(longitude)[None, :], np.radians(latitude)[:, None]

    def look(self, rows: slice, height: NDArray[np.float32]) -> Look:
        """Return how some rows are seen; ``height`` is theirs, (row, col) [m above the ellipsoid]."""
        longitude, latitude = np.broadcast_arrays(*self.angles(rows))
        points = ground_points(longitude, latitude, height.astype(np.float64))
        time = self.orbit.closest_time(points)
        sight = self.orbit.position(time) - points
        slant_range = np.linalg.norm(sight, axis=-1)
        sight /= slant_range[..., None]
        axes = local_axes(longitude, latitude)
        los_enu = np.stack([np.sum(sight * axis, axis=-1) for axis in axes])
        track, cross, normal = self.orbit.frame(time)
        perpendicular = np.cross(track, sight)
        perpendicular /= np.linalg.norm(perpendicular, axis=-1, keepdims=True)
        lift = np.sum(perpendicular * axes[2], axis=-1)
        perpendicular *= np.sign(lift)[..., None]
        return Look(
            time=time,
            slant_range=slant_range,
            incidence=np.arccos(np.clip(los_enu[2], -1.0, 1.0)),
            los_enu=los_enu,
            cross=np.sum(perpendicular * cross, axis=-1),
            normal=np.sum(perpendicular * normal, axis=-1),
            lift=np.abs(lift),
        )


def draw_baselines(
    count: int, *, cross_spread: float, normal_spread: float, rate_spread: float, rng: np.random.Generator
) -> tuple[Baseline, ...]:
    """Draw the paths of some dates beside the first one, which has none: standard deviations in metres and m/s."""
    drawn = rng.standard_normal((count, 4))
    spreads = np.array([cross_spread, normal_spread, rate_spread, rate_spread])
    values = (drawn - drawn[:1]) * spreads
    return tuple(
        Baseline(cross=float(c), normal=float(n), cross_rate=float(dc), normal_rate=float(dn))
        for c, n, dc, dn in values
    )
