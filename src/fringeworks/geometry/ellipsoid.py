"""The WGS84 ellipsoid: geodetic and Earth-fixed coordinates, local directions.

Angles are radians, lengths metres.  Earth-fixed (ECEF) axes: x through latitude 0, longitude 0; z
through the north pole.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.compiled import kernel, parallel_kernel

_A = WGS84_SEMI_MAJOR
_F = WGS84_FLATTENING
_E2 = _F * (2.0 - _F)
_B = _A * (1.0 - _F)
_SECOND_E2 = _E2 / (1.0 - _E2)
_BOWRING_STEPS = 3  # two reach 1e-9 m up to 10 000 km of height; the third is rounding


def geodetic_to_ecef(longitude: ArrayLike, latitude: ArrayLike, height: ArrayLike) -> NDArray[np.float64]:
    """Convert geodetic coordinates to Earth-fixed positions.

    Parameters
    ----------
    longitude, latitude : float64, any shapes that broadcast
        Radians; longitudes need no wrapping.
    height : float64
        Metres above the ellipsoid.

    Returns
    -------
    float64, (..., 3)
        Metres; NaN where an input is NaN.
    """
    lon, lat, hgt = np.broadcast_arrays(
        np.asarray(longitude, np.float64), np.asarray(latitude, np.float64), np.asarray(height, np.float64)
    )
    sin_lat = np.sin(lat)
    cos_lat = np.cos(lat)
    normal = _A / np.sqrt(1.0 - _E2 * sin_lat * sin_lat)
    across = (normal + hgt) * cos_lat
    return np.stack(
        [across * np.cos(lon), across * np.sin(lon), (normal * (1.0 - _E2) + hgt) * sin_lat], axis=-1
    )


def ecef_to_geodetic(
    position: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Convert Earth-fixed positions to geodetic coordinates.

    Parameters
    ----------
    position : float64, (..., 3)
        Metres.

    Returns
    -------
    longitude, latitude : float64, (...)
        Radians in (-pi, pi] and [-pi/2, pi/2]; longitude is 0 on the axis.
    height : float64, (...)
        Metres above the ellipsoid.

    Raises
    ------
    ShapeMismatchError
        The last axis has not three values.

    Notes
    -----
    Bowring's iteration on the parametric latitude [Bowring1976], carried to rounding; the height is
    ``p cos(lat) + z sin(lat) - a sqrt(1 - e2 sin(lat)^2)``, which holds at the poles.
    """
    points = np.asarray(position, np.float64)
    if points.ndim == 0 or points.shape[-1] != 3:
        raise ShapeMismatchError(f"positions of shape {points.shape}", expected="(..., 3)")
    flat = np.ascontiguousarray(points).reshape(-1, 3)
    out = np.empty_like(flat)
    _convert_all(flat, out)
    shape = points.shape[:-1]
    return out[:, 0].reshape(shape), out[:, 1].reshape(shape), out[:, 2].reshape(shape)


def local_axes(
    longitude: ArrayLike, latitude: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give the unit vectors east, north and up (ellipsoid normal) in Earth-fixed axes.

    Parameters
    ----------
    longitude, latitude : float64, (...)
        Radians.  At the poles east and north follow the given longitude.

    Returns
    -------
    east, north, up : float64, (..., 3)
    """
    lon, lat = np.broadcast_arrays(np.asarray(longitude, np.float64), np.asarray(latitude, np.float64))
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon), np.cos(lon), np.sin(lat), np.cos(lat)
    zero = np.zeros_like(lon)
    east = np.stack([-sin_lon, cos_lon, zero], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return east, north, up


def curvature_radii(latitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the meridian and the prime-vertical radius of curvature [m] at a latitude [rad]."""
    lat = np.asarray(latitude, np.float64)
    w2 = 1.0 - _E2 * np.sin(lat) ** 2
    return _A * (1.0 - _E2) / w2**1.5, _A / np.sqrt(w2)


def wrap_longitude(longitude: ArrayLike, *, near: float = 0.0) -> NDArray[np.float64]:
    """Give longitudes [rad] shifted by whole turns to within half a turn of ``near`` [rad].

    Areas across the antimeridian are handled by counting longitudes continuously around their centre.
    """
    turn = 2.0 * np.pi
    lon = np.asarray(longitude, np.float64)
    return np.asarray(lon - turn * np.round((lon - near) / turn), np.float64)


@kernel
def geodetic_of(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Convert one Earth-fixed position; for compiled callers (see :func:`ecef_to_geodetic`)."""
    p = math.sqrt(x * x + y * y)
    u, v = p * _B, z * _A  # cosine and sine of the parametric latitude, times a length
    sin_lat, cos_lat = 0.0, 1.0
    for _ in range(_BOWRING_STEPS):
        length = math.sqrt(u * u + v * v)
        cos_beta, sin_beta = u / length, v / length
        sin_lat = z + _SECOND_E2 * _B * sin_beta * sin_beta * sin_beta
        cos_lat = p - _E2 * _A * cos_beta * cos_beta * cos_beta
        u, v = cos_lat, (1.0 - _F) * sin_lat
    length = math.sqrt(sin_lat * sin_lat + cos_lat * cos_lat)
    sin_lat, cos_lat = sin_lat / length, cos_lat / length
    height = p * cos_lat + z * sin_lat - _A * math.sqrt(1.0 - _E2 * sin_lat * sin_lat)
    return math.atan2(y, x), math.atan2(sin_lat, cos_lat), height


@parallel_kernel
def _convert_all(points: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in prange(points.shape[0]):
        out[i, 0], out[i, 1], out[i, 2] = geodetic_of(points[i, 0], points[i, 1], points[i, 2])
