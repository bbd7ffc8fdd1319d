"""From the radar to the map: the point on the ground that a line and a slant range show.

A sample at zero-Doppler time t and slant range r lies on a circle around the satellite, in the plane
normal to its velocity.  Where on the circle is decided by a height: a constant one, one for each
sample, or that of an elevation model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.geometry.ellipsoid import geodetic_of
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.model.grids import MapGrid
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import kernel, parallel_kernel
from fringeworks.numerics.interpolate import bilinear_at

LookSide: TypeAlias = Literal["right", "left"]
HEIGHT_TOLERANCE = 1e-7
"""Largest difference between a point's height and the wanted one [m]."""
MAX_STEPS = 30
_SCAN_STEP = 15.0  # metres along the circle: half a pixel of a 30 m elevation model
_SCAN_MARGIN = 5.0  # metres of height beyond the model's own range

_CONVERGED, _OUTSIDE_ORBIT, _NO_GROUND, _OUTSIDE_DEM, _STRAYED = 0, 1, 2, 3, 4
_REASONS = ("outside_orbit", "no_ground", "outside_dem", "not_converged")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundPositions:
    """Where radar samples lie on the ground, and how the search went.

    Attributes
    ----------
    longitude, latitude : float64, (line, sample)
        Radians, longitude in (-pi, pi]; NaN where no point was found.
    height : float64, (line, sample)
        Metres above the ellipsoid; NaN where no point was found.
    tally : Tally
        Samples considered and used; rejected as ``outside_orbit``, ``no_ground`` (the range does not
        reach the height, or an input is NaN), ``outside_dem`` or ``not_converged``.
    steps : int
        Largest number of steps any sample took.
    """

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    height: NDArray[np.float64]
    tally: Tally
    steps: int


def project_at_height(
    orbit: OrbitCurve,
    *,
    azimuth_time: ArrayLike,
    slant_range: ArrayLike,
    height: ArrayLike = 0.0,
    side: LookSide = "right",
) -> GroundPositions:
    """Find the points at given heights that given times and ranges show.

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the times.
    azimuth_time : float64
        Zero-Doppler time [s since the orbit's epoch].
    slant_range : float64
        One-way [m].
    height : float64
        Metres above the ellipsoid; the three arrays broadcast against each other.
    side : {"right", "left"}
        Side of the track the radar looks to; Sentinel-1 looks right.

    Raises
    ------
    OutOfRangeError
        The side has another name.

    Notes
    -----
    Closed form on a sphere of the local radius, then Newton's method on the look angle with the exact
    derivative of the geodetic height, to ``HEIGHT_TOLERANCE``.
    """
    time, distance, hgt = np.broadcast_arrays(
        np.asarray(azimuth_time, np.float64),
        np.asarray(slant_range, np.float64),
        np.asarray(height, np.float64),
    )
    frames = _frames(orbit, np.array(time).reshape(-1), side)
    out = np.empty((time.size, 3))
    status = np.zeros(time.size, np.uint8)
    steps = np.zeros(time.size, np.uint8)
    _project_all(
        frames,
        np.array(distance).reshape(-1),
        np.array(hgt).reshape(-1),
        out,
        status,
        steps,
    )
    return _report(out, status, steps, time.shape)


def project_on_dem(
    orbit: OrbitCurve,
    *,
    azimuth_time: ArrayLike,
    slant_range: ArrayLike,
    dem: NDArray[np.floating],
    dem_grid: MapGrid,
    start_height: float,
    side: LookSide = "right",
) -> GroundPositions:
    """Find the points of an elevation model that a grid of times and ranges shows.

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the times.
    azimuth_time : float64, (line)
        Zero-Doppler time of the lines [s since the orbit's epoch].
    slant_range : float64, (sample)
        One-way slant range of the samples [m].
    dem : float32 or float64, (y, x)
        Metres above the ellipsoid, taken as bilinear between pixel centres.
    dem_grid : MapGrid
        Its grid, in geographic degrees (EPSG:4326 or EPSG:4979); across the antimeridian longitudes may
        run past 180.
    start_height : float
        Where each search starts [m]; the same value for all blocks keeps blocks equal to the whole.
    side : {"right", "left"}
        Side of the track the radar looks to.

    Raises
    ------
    ShapeMismatchError
        Axes or grid do not fit.
    OutOfRangeError
        The side has another name, or the model's grid is not geographic.

    Notes
    -----
    Secant steps on the look angle; where these stray, the arc between the model's lowest and highest point
    is scanned from the far end and the first crossing is refined by bisection.  In layover several points
    share a time and a range; one of them is given, and the layover mask says so
    (:func:`fringeworks.geometry.visibility.find_layover`).
    """
    time = np.ascontiguousarray(azimuth_time, np.float64)
    distance = np.ascontiguousarray(slant_range, np.float64)
    if time.ndim != 1 or distance.ndim != 1 or dem.shape != (dem_grid.shape.rows, dem_grid.shape.cols):
        raise ShapeMismatchError(
            f"time {time.shape}, range {distance.shape}, model {dem.shape} on {dem_grid.shape}",
            expected="(line), (sample), (y, x) on its own grid",
        )
    if dem_grid.crs not in ("EPSG:4326", "EPSG:4979"):
        raise OutOfRangeError(f"an elevation model in {dem_grid.crs}", expected="EPSG:4326 or EPSG:4979")
    place = np.array([dem_grid.x_start, dem_grid.x_step, dem_grid.y_start, dem_grid.y_step])
    out = np.empty((time.size, distance.size, 3))
    status = np.zeros((time.size, distance.size), np.uint8)
    steps = np.zeros((time.size, distance.size), np.uint8)
    finite = dem[np.isfinite(dem)]
    limits = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    _project_dem(
        _frames(orbit, time, side),
        distance,
        np.ascontiguousarray(dem),
        place,
        np.array([*limits, start_height], np.float64),
        out,
        status,
        steps,
    )
    return _report(out, status, steps, status.shape)


def _frames(orbit: OrbitCurve, time: NDArray[np.float64], side: LookSide) -> NDArray[np.float64]:
    """Give position, downward and sideways unit vector of the zero-Doppler plane, (n, 3, 3)."""
    if side not in ("right", "left"):
        raise OutOfRangeError(f"side {side!r}", expected="right or left")
    position, velocity = orbit.position(time), orbit.velocity(time)
    forward = velocity / np.linalg.norm(velocity, axis=-1, keepdims=True)
    down = np.sum(position * forward, axis=-1, keepdims=True) * forward - position
    down /= np.linalg.norm(down, axis=-1, keepdims=True)
    across = np.cross(down, forward) if side == "right" else np.cross(forward, down)
    return np.ascontiguousarray(np.stack([position, down, across], axis=-2))


def _report(
    out: NDArray[np.float64], status: NDArray[np.uint8], steps: NDArray[np.uint8], shape: tuple[int, ...]
) -> GroundPositions:
    count = np.bincount(status.reshape(-1), minlength=5)
    rejected = {reason: int(n) for reason, n in zip(_REASONS, count[1:], strict=True)}
    return GroundPositions(
        longitude=out[..., 0].reshape(shape),
        latitude=out[..., 1].reshape(shape),
        height=out[..., 2].reshape(shape),
        tally=Tally("samples", int(status.size), int(count[_CONVERGED]), rejected),
        steps=int(steps.max(initial=0)),
    )


@kernel
def _point(frame: NDArray[np.float64], distance: float, angle: float) -> tuple[float, float, float]:
    c, s = distance * math.cos(angle), distance * math.sin(angle)
    return (
        frame[0, 0] + c * frame[1, 0] + s * frame[2, 0],
        frame[0, 1] + c * frame[1, 1] + s * frame[2, 1],
        frame[0, 2] + c * frame[1, 2] + s * frame[2, 2],
    )


@kernel
def _rise(frame: NDArray[np.float64], distance: float, angle: float, lon: float, lat: float) -> float:
    """Return the change of geodetic height with the look angle [m/rad]."""
    c, s = distance * math.cos(angle), distance * math.sin(angle)
    cos_lat = math.cos(lat)
    x = c * frame[2, 0] - s * frame[1, 0]
    y = c * frame[2, 1] - s * frame[1, 1]
    z = c * frame[2, 2] - s * frame[1, 2]
    return float(cos_lat * math.cos(lon) * x + cos_lat * math.sin(lon) * y + math.sin(lat) * z)


@kernel
def _angle_at(
    frame: NDArray[np.float64], distance: float, height: float
) -> tuple[float, float, float, int, int]:
    """Solve for the look angle at a height; returns angle, longitude, latitude, steps, status."""
    if not (math.isfinite(distance) and math.isfinite(height)):
        return np.nan, np.nan, np.nan, 0, _NO_GROUND
    if not math.isfinite(frame[0, 0]):
        return np.nan, np.nan, np.nan, 0, _OUTSIDE_ORBIT
    x, y, z = frame[0, 0], frame[0, 1], frame[0, 2]
    square = x * x + y * y + z * z
    above = -(x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2])
    _, _, altitude = geodetic_of(x, y, z)
    radius = math.sqrt(square) - altitude + height  # of a sphere through the ground below the satellite
    cosine = (square + distance * distance - radius * radius) / (2.0 * distance * above)
    if not -1.0 < cosine < 1.0:
        return np.nan, np.nan, np.nan, 0, _NO_GROUND
    angle = math.acos(cosine)
    for step in range(1, MAX_STEPS + 1):
        px, py, pz = _point(frame, distance, angle)
        lon, lat, now = geodetic_of(px, py, pz)
        if abs(now - height) < HEIGHT_TOLERANCE:
            return angle, lon, lat, step, _CONVERGED
        angle -= (now - height) / _rise(frame, distance, angle, lon, lat)
        if not 0.0 < angle < 0.5 * math.pi:
            return np.nan, np.nan, np.nan, step, _NO_GROUND
    return np.nan, np.nan, np.nan, MAX_STEPS, _STRAYED


@parallel_kernel
def _project_all(
    frames: NDArray[np.float64],
    distance: NDArray[np.float64],
    height: NDArray[np.float64],
    out: NDArray[np.float64],
    status: NDArray[np.uint8],
    steps: NDArray[np.uint8],
) -> None:
    for i in prange(distance.size):
        _, lon, lat, n, flag = _angle_at(frames[i], distance[i], height[i])
        out[i, 0], out[i, 1] = lon, lat
        out[i, 2] = height[i] if flag == _CONVERGED else np.nan
        status[i], steps[i] = flag, n


@kernel
def _clearance(
    frame: NDArray[np.float64],
    distance: float,
    angle: float,
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Return the height of a point above the model (NaN outside it), its longitude, latitude and height."""
    px, py, pz = _point(frame, distance, angle)
    lon, lat, now = geodetic_of(px, py, pz)
    centre = place[0] + 0.5 * place[1] * dem.shape[1]
    degrees = math.degrees(lon)
    degrees -= 360.0 * round((degrees - centre) / 360.0)
    col = (degrees - place[0]) / place[1] - 0.5
    row = (math.degrees(lat) - place[2]) / place[3] - 0.5
    return now - bilinear_at(dem, row, col), lon, lat, now


@kernel
def _scan(
    frame: NDArray[np.float64],
    distance: float,
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> tuple[float, float, float, int]:
    """Walk the arc from the highest to the lowest height, then bisect the first crossing."""
    far, _, _, _, flag_far = _angle_at(frame, distance, limits[1] + _SCAN_MARGIN)
    near, _, _, _, flag_near = _angle_at(frame, distance, limits[0] - _SCAN_MARGIN)
    if flag_far != _CONVERGED or flag_near != _CONVERGED:
        return np.nan, np.nan, np.nan, max(flag_far, flag_near)
    pieces = int((far - near) * distance / _SCAN_STEP) + 2
    upper, before = far, _clearance(frame, distance, far, dem, place)[0]
    for k in range(1, pieces + 1):
        lower = far + (near - far) * k / pieces
        after = _clearance(frame, distance, lower, dem, place)[0]
        if before > 0.0 and after <= 0.0:
            break
        upper, before = lower, after
    else:
        return np.nan, np.nan, np.nan, _OUTSIDE_DEM
    for _ in range(60):
        middle = 0.5 * (upper + lower)
        gap, lon, lat, now = _clearance(frame, distance, middle, dem, place)
        if abs(gap) < HEIGHT_TOLERANCE:
            return lon, lat, now, _CONVERGED
        if gap > 0.0:
            upper = middle
        else:
            lower = middle
    return np.nan, np.nan, np.nan, _STRAYED


@parallel_kernel
def _project_dem(
    frames: NDArray[np.float64],
    distance: NDArray[np.float64],
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
    out: NDArray[np.float64],
    status: NDArray[np.uint8],
    steps: NDArray[np.uint8],
) -> None:
    for line in prange(frames.shape[0]):
        frame = frames[line]
        for sample in range(distance.size):
            lon, lat, now, n, flag = _on_dem(frame, distance[sample], dem, place, limits)
            out[line, sample, 0], out[line, sample, 1], out[line, sample, 2] = lon, lat, now
            status[line, sample], steps[line, sample] = flag, n


@kernel
def _on_dem(
    frame: NDArray[np.float64],
    distance: float,
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> tuple[float, float, float, int, int]:
    """Secant steps from the start height; where they stray, the scan."""
    angle, lon, lat, _, flag = _angle_at(frame, distance, limits[2])
    if flag != _CONVERGED:
        return np.nan, np.nan, np.nan, 0, flag
    slope = _rise(frame, distance, angle, lon, lat)
    gap, lon, lat, now = _clearance(frame, distance, angle, dem, place)
    for step in range(1, MAX_STEPS + 1):
        if abs(gap) < HEIGHT_TOLERANCE:
            return lon, lat, now, step, _CONVERGED
        move = -gap / slope
        if not abs(move) * distance < 20_000.0:
            break
        before, angle = gap, angle + move
        gap, lon, lat, now = _clearance(frame, distance, angle, dem, place)
        if gap != before:
            slope = (gap - before) / move
    lon, lat, now, flag = _scan(frame, distance, dem, place, limits)
    return lon, lat, now, MAX_STEPS, flag
