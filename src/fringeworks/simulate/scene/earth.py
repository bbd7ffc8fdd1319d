"""How the solid Earth moves under a scene: tides of Moon and Sun, and the plate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import WGS84_SEMI_MAJOR
from fringeworks.model.identity import Instant
from fringeworks.simulate.orbit import EARTH_GM, ground_points, local_axes

Values = NDArray[np.float64]

_J2000: Final = Instant.parse("2000-01-01T12:00:00")
_TERRESTRIAL_LEAD: Final = 69.184
"""Terrestrial time minus UTC since 2017 [s]."""
_MOON_GM, _SUN_GM = EARTH_GM * 0.0123000371, EARTH_GM * 332_946.0487
"""Gravitational constants times masses [m3/s2] (IERS Conventions 2010, table 1.1)."""
_OBLIQUITY: Final = math.radians(23.43929111)
_ARC = math.radians(1.0 / 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateMotion:
    """A plate that turns about a pole.

    Attributes
    ----------
    latitude, longitude : float
        Of the pole [degrees].
    rate : float
        Of turn, counter-clockwise seen from above the pole [degrees per million years].
    """

    latitude: float
    longitude: float
    rate: float

    def velocity(self, longitude: Values, latitude: Values) -> Values:
        """Return the velocity east, north, up [m/yr], (3, ...), at points of the ellipsoid [rad]: omega x r."""
        lon, lat = math.radians(self.longitude), math.radians(self.latitude)
        axis = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        turn = math.radians(self.rate) * 1e-6 * axis
        moved = np.cross(turn, ground_points(longitude, latitude, np.zeros_like(longitude)))
        return np.stack([np.sum(moved * a, axis=-1) for a in local_axes(longitude, latitude)])


def tide(when: Instant, longitude: Values, latitude: Values) -> Values:
    """Return the displacement east, north, up [m], (3, ...), of the ground by the solid Earth tide at an instant.

    Parameters
    ----------
    when : Instant
        UTC.
    longitude, latitude : float64, (...)
        Of the ellipsoid [rad].

    Notes
    -----
    Degree 2 with nominal Love and Shida numbers h = 0.6078, l = 0.0847 (IERS Conventions 2010, equation 7.5), the permanent
    part included; degree 3 (1.7 mm) and the frequency-dependent terms (a few millimetres) are left out.
    """
    place = ground_points(longitude, latitude, np.zeros_like(longitude))
    radius = np.linalg.norm(place, axis=-1, keepdims=True)
    zenith = place / radius
    total = np.zeros(place.shape)
    for gm, body in ((_MOON_GM, _moon(when)), (_SUN_GM, _sun(when))):
        distance = float(np.linalg.norm(body))
        toward = _earth_fixed(body / distance, when)
        cosine = np.sum(zenith * toward, axis=-1, keepdims=True)
        scale = gm / EARTH_GM * WGS84_SEMI_MAJOR**4 / distance**3
        radial = 0.6078 * zenith * (1.5 * cosine**2 - 0.5)
        total += scale * (radial + 3.0 * 0.0847 * cosine * (toward - cosine * zenith))
    return np.stack([np.sum(total * a, axis=-1) for a in local_axes(longitude, latitude)])


def _centuries(when: Instant) -> float:
    return (when.seconds_since(_J2000) + _TERRESTRIAL_LEAD) / (36_525.0 * 86_400.0)


def _equatorial(longitude: float, latitude: float, distance: float) -> Values:
    """Turn ecliptic angles of date [rad] into a vector of the equator of date [m]."""
    x = math.cos(latitude) * math.cos(longitude)
    y, z = math.cos(latitude) * math.sin(longitude), math.sin(latitude)
    cosine, sine = math.cos(_OBLIQUITY), math.sin(_OBLIQUITY)
    return distance * np.array([x, cosine * y - sine * z, sine * y + cosine * z])


def _earth_fixed(vector: Values, when: Instant) -> Values:
    """Turn a vector of the equator of date by sidereal time (universal time taken as UTC)."""
    days = when.seconds_since(_J2000) / 86_400.0
    angle = math.radians((280.46061837 + 360.98564736629 * days) % 360.0)
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([cosine * vector[0] + sine * vector[1], cosine * vector[1] - sine * vector[0], vector[2]])


def _sun(when: Instant) -> Values:
    """Return the Sun's place [m] (Montenbruck and Gill 2000, section 3.3.2), of date."""
    t = _centuries(when)
    anomaly = math.radians((357.5256 + 35_999.049 * t) % 360.0)
    longitude = math.radians(282.9400 + 1.3972 * t) + anomaly
    longitude += _ARC * (6_892.0 * math.sin(anomaly) + 72.0 * math.sin(2.0 * anomaly))
    distance = 149.619e9 - 2.499e9 * math.cos(anomaly) - 0.021e9 * math.cos(2.0 * anomaly)
    return _equatorial(longitude, 0.0, distance)


_LONGITUDE = (
    (22_640.0, (1, 0, 0, 0)), (769.0, (2, 0, 0, 0)), (-4_586.0, (1, 0, 0, -2)), (2_370.0, (0, 0, 0, 2)),
    (-668.0, (0, 1, 0, 0)), (-412.0, (0, 0, 2, 0)), (-212.0, (2, 0, 0, -2)), (-206.0, (1, 1, 0, -2)),
    (192.0, (1, 0, 0, 2)), (-165.0, (0, 1, 0, -2)), (148.0, (1, -1, 0, 0)), (-125.0, (0, 0, 0, 1)),
    (-110.0, (1, 1, 0, 0)), (-55.0, (0, 0, 2, -2)),
)  # fmt: skip
_LATITUDE = (
    (-526.0, (0, 0, 1, -2)), (44.0, (1, 0, 1, -2)), (-31.0, (-1, 0, 1, -2)), (-25.0, (-2, 0, 1, 0)),
    (-23.0, (0, 1, 1, -2)), (21.0, (-1, 0, 1, 0)), (11.0, (0, -1, 1, -2)),
)  # fmt: skip
_DISTANCE = (
    (-20_905e3, (1, 0, 0, 0)), (-3_699e3, (-1, 0, 0, 2)), (-2_956e3, (0, 0, 0, 2)), (-570e3, (2, 0, 0, 0)),
    (246e3, (2, 0, 0, -2)), (-205e3, (0, 1, 0, -2)), (-171e3, (1, 0, 0, 2)), (-152e3, (1, 1, 0, -2)),
)  # fmt: skip
"""Amplitude (seconds of arc, metres) and multiples of the anomalies of Moon and Sun, of F and of D."""


def _moon(when: Instant) -> Values:
    """Return the Moon's place [m] (Montenbruck and Gill 2000, section 3.3.2), of date: to some minutes of arc."""
    t = _centuries(when)
    mean = 218.31617 + 481_267.88088 * t
    moon, sun = 134.96292 + 477_198.86753 * t, 357.52543 + 35_999.04944 * t
    node, elongation = 93.27283 + 483_202.01873 * t, 297.85027 + 445_267.11135 * t
    angles = np.radians(np.array([moon, sun, node, elongation]) % 360.0)

    def argument(multiples: tuple[int, ...]) -> float:
        return float(np.dot(multiples, angles))

    course = _ARC * sum(a * math.sin(argument(m)) for a, m in _LONGITUDE)
    bent = argument((0, 0, 1, 0)) + course
    bent += _ARC * (412.0 * math.sin(argument((0, 0, 2, 0))) + 541.0 * math.sin(argument((0, 1, 0, 0))))
    latitude = _ARC * (18_520.0 * math.sin(bent) + sum(a * math.sin(argument(m)) for a, m in _LATITUDE))
    distance = 385_000e3 + sum(a * math.cos(argument(m)) for a, m in _DISTANCE)
    return _equatorial(math.radians(mean % 360.0) + course, latitude, distance)
