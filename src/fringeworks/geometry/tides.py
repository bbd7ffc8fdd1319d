"""The solid Earth tide: how Moon and Sun lift a point of the crust.

Displacement of the tide-generating potential of degree 2 (Moon, Sun) and 3 (Moon) with the Love and Shida
numbers of the IERS Conventions (2010), chapter 7, step 1 (equations 7.5 and 7.6) with their latitude dependence.
The out-of-phase and frequency-dependent terms of step 1 and 2, and the permanent tide's restitution, are left out:
together they stay below 1.5 cm.  Moon and Sun come from short series (Meeus, Astronomical Algorithms, chapters 25
and 47), good to 0.05 degrees in direction and 0.2 % in distance: 1 mm of tide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fringeworks.constants import WGS84_SEMI_MAJOR
from fringeworks.geometry.ellipsoid import geodetic_to_ecef, local_axes
from fringeworks.model.identity import Instant

_MOON_TO_EARTH = 0.0123000371  # mass ratios (IERS Conventions 2010, table 1.1)
_SUN_TO_EARTH = 332946.0487
_ASTRONOMICAL_UNIT = 149_597_870_700.0
_J2000 = Instant.parse("2000-01-01T12:00:00")
_DYNAMICAL_MINUS_UTC = 69.2  # s; it moved by 5 s in 20 years, 0.0007 degrees of the Moon's way

# Meeus, table 47.A: multiples of D, M, M', F; sine of longitude [1e-6 degree], cosine of distance [m]
_MOON_LONGITUDE = (
    (0, 0, 1, 0, 6288774, -20905355),
    (2, 0, -1, 0, 1274027, -3699111),
    (2, 0, 0, 0, 658314, -2955968),
    (0, 0, 2, 0, 213618, -569925),
    (0, 1, 0, 0, -185116, 48888),
    (0, 0, 0, 2, -114332, -3149),
    (2, 0, -2, 0, 58793, 246158),
    (2, -1, -1, 0, 57066, -152138),
    (2, 0, 1, 0, 53322, -170733),
    (2, -1, 0, 0, 45758, -204586),
    (0, 1, -1, 0, -40923, -129620),
    (1, 0, 0, 0, -34720, 108743),
    (0, 1, 1, 0, -30383, 104755),
    (2, 0, 0, -2, 15327, 10321),
    (0, 0, 1, 2, -12528, 0),
    (0, 0, 1, -2, 10980, 79661),
    (4, 0, -1, 0, 10675, -34782),
    (0, 0, 3, 0, 10034, -23210),
    (4, 0, -2, 0, 8548, -21636),
)
# Meeus, table 47.B: multiples of D, M, M', F; sine of latitude [1e-6 degree]
_MOON_LATITUDE = (
    (0, 0, 0, 1, 5128122),
    (0, 0, 1, 1, 280602),
    (0, 0, 1, -1, 277693),
    (2, 0, 0, -1, 173237),
    (2, 0, -1, 1, 55413),
    (2, 0, -1, -1, 46271),
    (2, 0, 0, 1, 32573),
    (0, 0, 2, 1, 17198),
    (2, 0, 1, -1, 9266),
    (0, 0, 2, -1, 8822),
    (2, -1, 0, -1, 8216),
    (2, 0, -2, -1, 4324),
    (2, 0, 1, 1, 4200),
)


def solid_tide(
    when: Instant, *, longitude: ArrayLike, latitude: ArrayLike, height: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Give the displacement of the solid Earth tide.

    Parameters
    ----------
    when : Instant
        UTC; one instant for all points (a scene takes half a minute, the tide moves 0.1 mm in that time).
    longitude, latitude, height : float64, (...)
        The points [rad, rad, m above the ellipsoid].

    Returns
    -------
    float64, (3, ...)
        East, north, up [m], with the permanent part (the convention of the IERS: "conventional tide free" positions
        plus this give instantaneous ones).
    """
    point = geodetic_to_ecef(longitude, latitude, height)
    radius = np.linalg.norm(point, axis=-1, keepdims=True)
    up = point / radius
    sine2 = up[..., 2:] ** 2
    shape = 0.5 * (3.0 * sine2 - 1.0)
    love, shida = 0.6078 - 0.0006 * shape, 0.0847 + 0.0002 * shape
    moon, sun = moon_position(when), sun_position(when)
    moved = _degree_two(up, moon, _MOON_TO_EARTH, love, shida)
    moved += _degree_two(up, sun, _SUN_TO_EARTH, love, shida)
    moved += _degree_three(up, moon, _MOON_TO_EARTH)
    return np.stack([np.sum(moved * axis, axis=-1) for axis in local_axes(longitude, latitude)])


def tide_range_change(displacement_enu: ArrayLike, *, look_enu: ArrayLike) -> NDArray[np.float64]:
    """Give the change of slant range [m] of points displaced by (3, ...) metres, seen along (3, ...) look vectors.

    Positive = the target looks farther away: minus the displacement toward the satellite.
    """
    toward = np.asarray(displacement_enu, np.float64) * np.asarray(look_enu, np.float64)
    return np.asarray(-np.sum(toward, axis=0), np.float64)


def sun_position(when: Instant) -> NDArray[np.float64]:
    """Give the Sun's Earth-fixed position [m], (3); good to 0.01 degrees."""
    t = _centuries(when)
    mean = np.radians(280.46646 + 36000.76983 * t)
    anomaly = np.radians(357.52911 + 35999.05029 * t)
    centre = np.radians(
        (1.914602 - 0.004817 * t) * np.sin(anomaly)
        + 0.019993 * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )
    eccentricity = 0.016708634 - 0.000042037 * t
    far = 1.000001018 * (1.0 - eccentricity**2) / (1.0 + eccentricity * np.cos(anomaly + centre))
    return _earth_fixed(mean + centre - np.radians(0.00569), 0.0, far * _ASTRONOMICAL_UNIT, when)


def moon_position(when: Instant) -> NDArray[np.float64]:
    """Give the Moon's Earth-fixed position [m], (3); good to 0.05 degrees and 0.2 % of the distance."""
    t = _centuries(when)
    mean = 218.3164477 + 481267.88123421 * t
    angles = np.radians(
        [
            297.8501921 + 445267.1114034 * t,
            357.5291092 + 35999.0502909 * t,
            134.9633964 + 477198.8675055 * t,
            93.2720950 + 483202.0175233 * t,
        ]
    )
    table, north = np.array(_MOON_LONGITUDE, np.float64), np.array(_MOON_LATITUDE, np.float64)
    phase = table[:, :4] @ angles
    longitude = np.radians(mean + 1e-6 * np.sum(table[:, 4] * np.sin(phase)))
    latitude = np.radians(1e-6 * np.sum(north[:, 4] * np.sin(north[:, :4] @ angles)))
    distance = 385_000_560.0 + np.sum(table[:, 5] * np.cos(phase))
    return _earth_fixed(float(longitude), float(latitude), float(distance), when)


def _centuries(when: Instant) -> float:
    return (when.seconds_since(_J2000) + _DYNAMICAL_MINUS_UTC) / (36525.0 * 86400.0)


def _earth_fixed(longitude: float, latitude: float, distance: float, when: Instant) -> NDArray[np.float64]:
    """Turn ecliptic coordinates of date into Earth-fixed ones by obliquity and sidereal time."""
    t = _centuries(when)
    tilt = np.radians(23.43929111 - 0.0130042 * t)
    x = np.cos(latitude) * np.cos(longitude)
    y = np.cos(latitude) * np.sin(longitude)
    z = np.sin(latitude)
    y, z = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
    days = when.seconds_since(_J2000) / 86400.0
    turn = np.radians((280.46061837 + 360.98564736629 * days) % 360.0)
    return distance * np.array([np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y, z])


def _degree_two(
    up: NDArray[np.float64],
    body: NDArray[np.float64],
    mass: float,
    love: NDArray[np.float64],
    shida: NDArray[np.float64],
) -> NDArray[np.float64]:
    distance = np.linalg.norm(body)
    toward = body / distance
    cosine = up @ toward[:, None]
    size = mass * WGS84_SEMI_MAJOR * (WGS84_SEMI_MAJOR / distance) ** 3
    radial = love * (1.5 * cosine**2 - 0.5) * up
    return np.asarray(size * (radial + 3.0 * shida * cosine * (toward - cosine * up)), np.float64)


def _degree_three(up: NDArray[np.float64], body: NDArray[np.float64], mass: float) -> NDArray[np.float64]:
    distance = np.linalg.norm(body)
    toward = body / distance
    cosine = up @ toward[:, None]
    size = mass * WGS84_SEMI_MAJOR * (WGS84_SEMI_MAJOR / distance) ** 4
    radial = 0.292 * (2.5 * cosine**3 - 1.5 * cosine) * up
    return np.asarray(size * (radial + 0.015 * (7.5 * cosine**2 - 1.5) * (toward - cosine * up)), np.float64)
