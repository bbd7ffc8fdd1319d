"""From the map to the radar: when, and how far away, a point on the ground passes the satellite.

The point P is imaged at the zero-Doppler time t, where (P - S(t)) . V(t) = 0 with the satellite's
Earth-fixed position S and velocity V; its slant range is ``|P - S(t)|``.  The way back is in
:mod:`fringeworks.geometry.ground`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.orbit import OrbitCurve, axis_state, piece_of
from fringeworks.model.grids import RadarGrid
from fringeworks.model.identity import Instant
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import kernel, parallel_kernel

STEP_TOLERANCE = 1e-5
"""A Newton step below this [s] is the last: convergence is quadratic with a factor under 1e-3 per second, so
what remains is under 1e-13 s in time and 1e-8 m in range."""
MAX_STEPS = 25
_CHUNK = 2048  # points that share a start; neighbours in memory are taken for neighbours on the ground

_E2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
_CONVERGED, _OUTSIDE, _INVALID, _STRAYED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadarPositions:
    """Where points lie in the radar's own coordinates, and how the search for them went.

    Attributes
    ----------
    epoch : str
        UTC instant (ISO 8601, whole second) from which times count: that of the orbit.
    azimuth_time : float64, shape of the input
        Zero-Doppler time [s since epoch]; NaN where the search did not converge.
    slant_range : float64, shape of the input
        One-way [m]; NaN where the search did not converge.
    tally : Tally
        Points considered and used; rejected as ``outside_orbit``, ``not_finite`` (the input) or
        ``not_converged``.
    steps : int
        Largest number of Newton steps any point took.
    """

    epoch: str
    azimuth_time: NDArray[np.float64]
    slant_range: NDArray[np.float64]
    tally: Tally
    steps: int

    @property
    def converged(self) -> NDArray[np.bool_]:
        """True where the position was found."""
        return np.isfinite(self.azimuth_time)

    def line_and_sample(self, grid: RadarGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give fractional line and sample in a radar grid; 0 is the centre of the first.

        The grid's lines are taken as zero-Doppler times; for products that lack the residual bistatic
        delay subtract :func:`fringeworks.geometry.timing.bistatic_residual` from the times first.
        """
        shift = Instant.parse(self.epoch).seconds_since(grid.epoch)
        line = (self.azimuth_time + (shift - grid.azimuth_start)) / grid.azimuth_step
        sample = (self.slant_range - grid.range_start) / grid.range_step
        return line, sample


def locate_points(orbit: OrbitCurve, points: ArrayLike) -> RadarPositions:
    """Find zero-Doppler time and slant range of Earth-fixed points.

    Parameters
    ----------
    orbit : OrbitCurve
        Clipped to the pass that is meant: the nearest approach within the curve is taken.
    points : float64, (..., 3)
        Earth-fixed positions [m]; NaN gives NaN.

    Returns
    -------
    RadarPositions
        Arrays of shape (...).

    Raises
    ------
    ShapeMismatchError
        The last axis has not three values.

    Notes
    -----
    Newton's method on the zero-Doppler equation with the analytic derivative ``-|V|^2 + (P - S) . A``.
    Points next to each other in memory start from each other's solution.
    """
    xyz = np.asarray(points, np.float64)
    if xyz.ndim == 0 or xyz.shape[-1] != 3:
        raise ShapeMismatchError(f"positions of shape {xyz.shape}", expected="(..., 3)")
    flat = np.ascontiguousarray(xyz).reshape(-1, 3)
    time, distance, counts, steps = _outputs(flat.shape[0], -(-flat.shape[0] // _CHUNK))
    _locate_flat(orbit.knots, orbit.scale, orbit.coefficients, flat, time, distance, counts, steps)
    return _report(orbit, time.reshape(xyz.shape[:-1]), distance.reshape(xyz.shape[:-1]), counts, steps)


def locate(
    orbit: OrbitCurve, *, longitude: ArrayLike, latitude: ArrayLike, height: ArrayLike
) -> RadarPositions:
    """Find zero-Doppler time and slant range of points given by geodetic coordinates.

    Parameters
    ----------
    orbit : OrbitCurve
        Clipped to the pass that is meant.
    longitude, latitude : float64
        Radians; the three arrays broadcast against each other.
    height : float64 or float32
        Metres above the ellipsoid; NaN gives NaN.
    """
    return locate_points(orbit, geodetic_to_ecef(longitude, latitude, height))


def locate_grid(
    orbit: OrbitCurve, *, longitude: ArrayLike, latitude: ArrayLike, height: ArrayLike
) -> RadarPositions:
    """Find zero-Doppler time and slant range on a grid whose rows are parallels and columns meridians.

    Parameters
    ----------
    orbit : OrbitCurve
        Clipped to the pass that is meant.
    longitude : float64, (x)
        Of the columns [rad]; across the antimeridian they may run past pi.
    latitude : float64, (y)
        Of the rows [rad].
    height : float32 or float64, (y, x)
        Metres above the ellipsoid; NaN gives NaN.

    Returns
    -------
    RadarPositions
        Arrays of shape (y, x).

    Raises
    ------
    ShapeMismatchError
        The axes do not fit the heights.

    Notes
    -----
    The same equations as :func:`locate`, with sines and cosines computed once for each row and column, and
    each pixel's search started from the line through its two left neighbours.  Whole rows give the same
    numbers whether they come alone or in a larger block.
    """
    lon = np.ascontiguousarray(longitude, np.float64)
    lat = np.ascontiguousarray(latitude, np.float64)
    hgt = np.asarray(height)
    if hgt.dtype not in (np.float32, np.float64):
        hgt = hgt.astype(np.float64)
    if lon.ndim != 1 or lat.ndim != 1 or hgt.shape != (lat.size, lon.size):
        raise ShapeMismatchError(
            f"longitude {lon.shape}, latitude {lat.shape}, height {hgt.shape}", expected="(x), (y), (y, x)"
        )
    time, distance, counts, steps = _outputs(hgt.size, lat.size)
    time, distance = time.reshape(hgt.shape), distance.reshape(hgt.shape)
    normal = WGS84_SEMI_MAJOR / np.sqrt(1.0 - _E2 * np.sin(lat) ** 2)
    rows = np.stack([np.cos(lat), np.sin(lat), normal], axis=-1)
    columns = np.stack([np.cos(lon), np.sin(lon)], axis=-1)
    _locate_rows(
        orbit.knots,
        orbit.scale,
        orbit.coefficients,
        rows,
        columns,
        np.ascontiguousarray(hgt),
        time,
        distance,
        counts,
        steps,
    )
    return _report(orbit, time, distance, counts, steps)


def _outputs(
    n_points: int, n_jobs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    return (
        np.empty(n_points),
        np.empty(n_points),
        np.zeros((n_jobs, 4), np.int64),
        np.zeros(n_jobs, np.int64),
    )


def _report(
    orbit: OrbitCurve,
    time: NDArray[np.float64],
    distance: NDArray[np.float64],
    counts: NDArray[np.int64],
    steps: NDArray[np.int64],
) -> RadarPositions:
    total = counts.sum(axis=0)
    tally = Tally(
        "points",
        int(total.sum()),
        int(total[_CONVERGED]),
        {
            "outside_orbit": int(total[_OUTSIDE]),
            "not_finite": int(total[_INVALID]),
            "not_converged": int(total[_STRAYED]),
        },
    )
    return RadarPositions(
        epoch=orbit.epoch,
        azimuth_time=time,
        slant_range=distance,
        tally=tally,
        steps=int(steps.max(initial=0)),
    )


@kernel
def _nearest_knot(
    knots: NDArray[np.float64], coefficients: NDArray[np.float64], x: float, y: float, z: float
) -> float:
    """Return the time of the state vector nearest to a point: where a search starts that has no neighbour."""
    best, when = np.inf, float(knots[0])
    for i in range(coefficients.shape[0]):
        dx, dy, dz = x - coefficients[i, 0, 0], y - coefficients[i, 1, 0], z - coefficients[i, 2, 0]
        square = dx * dx + dy * dy + dz * dz
        if square < best:
            best, when = square, float(knots[i])
    return when


@kernel
def zero_doppler(
    knots: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    x: float,
    y: float,
    z: float,
    start: float,
    piece: int,
) -> tuple[float, float, int, int, int]:
    """Solve for one point from a start time; for compiled callers.

    Returns time [s], slant range [m], piece, Newton steps and a status (0 = converged, 1 = outside the
    orbit, 3 = not converged).
    """
    time = start
    clamped = 0
    for step in range(1, MAX_STEPS + 1):
        piece = piece_of(knots, time, piece)
        u = (time - knots[piece]) / scale[piece]
        sx, vx, ax = axis_state(coefficients[piece, 0], u)
        sy, vy, ay = axis_state(coefficients[piece, 1], u)
        sz, vz, az = axis_state(coefficients[piece, 2], u)
        dx, dy, dz = x - sx, y - sy, z - sz
        value = dx * vx + dy * vy + dz * vz
        slope = dx * ax + dy * ay + dz * az - (vx * vx + vy * vy + vz * vz)
        move = -value / slope * scale[piece]
        time += move
        if abs(move) < STEP_TOLERANCE and knots[0] <= time <= knots[-1]:
            return time, math.sqrt(dx * dx + dy * dy + dz * dz), piece, step, _CONVERGED
        if time < knots[0] or time > knots[-1]:
            time = min(max(time, knots[0]), knots[-1])
            clamped += 1
            if clamped > 2:
                return np.nan, np.nan, piece, step, _OUTSIDE
    return np.nan, np.nan, piece, MAX_STEPS, _STRAYED


@kernel
def _solve_next(
    knots: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    x: float,
    y: float,
    z: float,
    guess: float,
    piece: int,
) -> tuple[float, float, int, int, int]:
    """Solve from a neighbour's guess; where there is none, or it fails, from the nearest state vector."""
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        return np.nan, np.nan, piece, 0, _INVALID
    if math.isfinite(guess):
        time, distance, piece, steps, status = zero_doppler(knots, scale, coefficients, x, y, z, guess, piece)
        if status == _CONVERGED:
            return time, distance, piece, steps, status
    start = _nearest_knot(knots, coefficients, x, y, z)
    time, distance, piece, steps, status = zero_doppler(knots, scale, coefficients, x, y, z, start, piece)
    return time, distance, piece, steps, status


@parallel_kernel
def _locate_flat(
    knots: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    points: NDArray[np.float64],
    time: NDArray[np.float64],
    distance: NDArray[np.float64],
    counts: NDArray[np.int64],
    steps: NDArray[np.int64],
) -> None:
    for job in prange(counts.shape[0]):
        guess, piece = np.nan, 0
        for i in range(job * _CHUNK, min((job + 1) * _CHUNK, points.shape[0])):
            time[i], distance[i], piece, n_steps, status = _solve_next(
                knots, scale, coefficients, points[i, 0], points[i, 1], points[i, 2], guess, piece
            )
            counts[job, status] += 1
            steps[job] = max(steps[job], n_steps)
            if status == _CONVERGED:
                guess = time[i]


@parallel_kernel
def _locate_rows(
    knots: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    height: NDArray[np.floating],
    time: NDArray[np.float64],
    distance: NDArray[np.float64],
    counts: NDArray[np.int64],
    steps: NDArray[np.int64],
) -> None:
    for row in prange(rows.shape[0]):
        cos_lat, sin_lat, normal = rows[row]
        before, guess, piece = np.nan, np.nan, 0
        for col in range(columns.shape[0]):
            hgt = np.float64(height[row, col])
            across = (normal + hgt) * cos_lat
            z = (normal * (1.0 - _E2) + hgt) * sin_lat
            now, far, piece, n_steps, status = _solve_next(
                knots,
                scale,
                coefficients,
                across * columns[col, 0],
                across * columns[col, 1],
                z,
                guess,
                piece,
            )
            time[row, col], distance[row, col] = now, far
            counts[row, status] += 1
            steps[row] = max(steps[row], n_steps)
            if status == _CONVERGED:
                guess = 2.0 * now - before if math.isfinite(before) else now
                before = now
