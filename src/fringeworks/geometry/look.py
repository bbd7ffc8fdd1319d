"""Where the satellite stands in the sky of a point: look vectors, incidence, heading."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.ellipsoid import curvature_radii, geodetic_to_ecef, local_axes
from fringeworks.geometry.orbit import OrbitCurve


def look_vectors(
    orbit: OrbitCurve,
    *,
    azimuth_time: ArrayLike,
    longitude: ArrayLike,
    latitude: ArrayLike,
    height: ArrayLike,
) -> NDArray[np.float64]:
    """Give unit vectors from ground to satellite in local east, north, up.

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the times.
    azimuth_time : float64
        Zero-Doppler time of each point [s since the orbit's epoch].
    longitude, latitude, height : float64
        The points [rad, rad, m above the ellipsoid]; all four broadcast against each other.

    Returns
    -------
    float64, (3, ...)
        East, north, up; up is the ellipsoid's normal.  NaN where an input is NaN or the time lies outside the orbit.
    """
    lon, lat, hgt, time = np.broadcast_arrays(
        np.asarray(longitude, np.float64),
        np.asarray(latitude, np.float64),
        np.asarray(height, np.float64),
        np.asarray(azimuth_time, np.float64),
    )
    toward = orbit.position(time) - geodetic_to_ecef(lon, lat, hgt)
    toward /= np.linalg.norm(toward, axis=-1, keepdims=True)
    return np.stack([np.sum(toward * axis, axis=-1) for axis in local_axes(lon, lat)])


def incidence_angle(look_enu: ArrayLike) -> NDArray[np.float64]:
    """Give the incidence angle [rad] from the ellipsoid's normal of look vectors, (3, ...)."""
    look = _three(look_enu)
    return np.asarray(np.arctan2(np.hypot(look[0], look[1]), look[2]), np.float64)


def geocentric_incidence(
    look_enu: ArrayLike, *, longitude: ArrayLike, latitude: ArrayLike, height: ArrayLike
) -> NDArray[np.float64]:
    """Give the incidence angle [rad] from the direction away from the Earth's centre.

    This is what ESA's annotation calls incidence; it differs from the ellipsoidal one by up to 0.2 degrees.

    Parameters
    ----------
    look_enu : float64, (3, ...)
        Unit vectors from ground to satellite.
    longitude, latitude, height : float64, (...)
        The points [rad, rad, m].
    """
    look = _three(look_enu)
    point = geodetic_to_ecef(longitude, latitude, height)
    point /= np.linalg.norm(point, axis=-1, keepdims=True)
    out = np.stack([np.sum(point * axis, axis=-1) for axis in local_axes(longitude, latitude)])
    cosine = np.sum(look * out, axis=0)
    sine = np.linalg.norm(np.cross(look, out, axis=0), axis=0)
    return np.asarray(np.arctan2(sine, cosine), np.float64)


def local_incidence(
    look_enu: ArrayLike, *, slope_east: ArrayLike, slope_north: ArrayLike
) -> NDArray[np.float64]:
    """Give the angle [rad] between the look vector and the normal of the sloping ground.

    Parameters
    ----------
    look_enu : float64, (3, ...)
        Unit vectors from ground to satellite.
    slope_east, slope_north : float64, (...)
        Height gradient toward east and north [m/m] (:func:`terrain_slopes`).

    Returns
    -------
    float64, (...)
        In [0, pi]; above pi/2 the slope faces away from the satellite (shadow).
    """
    look = _three(look_enu)
    east, north = np.asarray(slope_east, np.float64), np.asarray(slope_north, np.float64)
    cosine = (look[2] - look[0] * east - look[1] * north) / np.sqrt(1.0 + east**2 + north**2)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)), np.float64)


def terrain_slopes(
    height: NDArray[np.floating], *, longitude: ArrayLike, latitude: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the height gradient toward east and north of a model on parallels and meridians.

    Parameters
    ----------
    height : float, (y, x)
        Metres; at least 2 x 2.
    longitude, latitude : float64, (x), (y)
        Of columns and rows [rad], in either direction.

    Returns
    -------
    slope_east, slope_north : float64, (y, x)
        Metres per metre, central differences, one-sided at the border; NaN next to NaN.

    Raises
    ------
    ShapeMismatchError
        The axes do not fit the heights.
    """
    lon, lat = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    if height.shape != (lat.size, lon.size) or min(height.shape) < 2:
        raise ShapeMismatchError(
            f"height {height.shape} on {lat.size} x {lon.size}", expected="(y, x) of at least 2 x 2"
        )
    meridian, normal = curvature_radii(lat)
    values = np.asarray(height, np.float64)
    east = np.gradient(values, lon, axis=1) / (normal * np.cos(lat))[:, None]
    north = np.gradient(values, lat, axis=0) / meridian[:, None]
    return east, north


def heading(orbit: OrbitCurve, azimuth_time: ArrayLike) -> NDArray[np.float64]:
    """Give the direction of flight over ground, clockwise from north [rad, in (-pi, pi]].

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the times.
    azimuth_time : float64, (...)
        Seconds since the orbit's epoch.

    Notes
    -----
    The Earth-fixed velocity in the horizon of the sub-satellite point: the direction in which the swath grows.
    """
    position, velocity = orbit.position(azimuth_time), orbit.velocity(azimuth_time)
    lon = np.arctan2(position[..., 1], position[..., 0])
    # the geodetic latitude of the nadir differs from this by 1e-5 rad at orbit height; headings by far less
    lat = np.arctan2(position[..., 2], 0.9939 * np.hypot(position[..., 0], position[..., 1]))
    east, north, _ = local_axes(lon, lat)
    return np.asarray(
        np.arctan2(np.sum(velocity * east, axis=-1), np.sum(velocity * north, axis=-1)), np.float64
    )


def _three(look_enu: ArrayLike) -> NDArray[np.float64]:
    look = np.asarray(look_enu, np.float64)
    if look.shape[:1] != (3,):
        raise ShapeMismatchError(f"look vectors of shape {look.shape}", expected="(3, ...): east, north, up")
    return look
