"""Where an invented satellite flies, and how the ground looks from it.

A circular orbit over a turning Earth, points on the WGS84 ellipsoid, and the ranges between them, all from first
principles: nothing here is shared with the rooms that process data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.errors import OutOfRangeError

EARTH_GM = 3.986004418e14
"""Gravitational constant times mass of the Earth [m3/s2] (WGS84, NIMA TR8350.2)."""
EARTH_ROTATION = 7.292115e-5
"""Rate of turn of the Earth [rad/s] (WGS84, NIMA TR8350.2)."""
ORBIT_RADIUS = 7_073_900.0
"""Distance of Sentinel-1 from the Earth's centre, typical of low latitudes [m]."""
ORBIT_INCLINATION = math.radians(98.18)
"""Inclination of Sentinel-1's orbit [rad]."""

Vectors = NDArray[np.float64]
"""float64, (..., 3): Earth-fixed Cartesian vectors."""


def ground_points(longitude: Vectors, latitude: Vectors, height: Vectors) -> Vectors:
    """Return Earth-fixed positions of points of the WGS84 ellipsoid.

    Parameters
    ----------
    longitude, latitude : float64, (...)
        Geodetic [rad].
    height : float64, (...)
        Above the ellipsoid [m].

    Returns
    -------
    float64, (..., 3)
        Metres.
    """
    e2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
    prime_vertical = WGS84_SEMI_MAJOR / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
    across = (prime_vertical + height) * np.cos(latitude)
    up = (prime_vertical * (1.0 - e2) + height) * np.sin(latitude)
    return np.stack([across * np.cos(longitude), across * np.sin(longitude), up], axis=-1)


def local_axes(longitude: Vectors, latitude: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    """Return the unit vectors east, north and up (ellipsoid's normal), each (..., 3); angles in radians."""
    sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(sin_lon * sin_lat)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return east, north, up


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Where a satellite is, seen from the reference satellite, in its track, cross-track, normal (TCN) frame.

    Track is the direction of flight; normal points to the Earth's centre; cross-track = normal x track, to the right
    of the flight.  This is the frame of GAMMA's ``*_base.par``.

    Attributes
    ----------
    cross, normal : float
        At the centre of the scene [m].
    cross_rate, normal_rate : float
        Change along the flight [m/s].
    """

    cross: float = 0.0
    normal: float = 0.0
    cross_rate: float = 0.0
    normal_rate: float = 0.0

    def minus(self, other: Baseline) -> Baseline:
        """Return the baseline seen from another one (differences of metres: the frames are taken as equal)."""
        return Baseline(
            cross=self.cross - other.cross,
            normal=self.normal - other.normal,
            cross_rate=self.cross_rate - other.cross_rate,
            normal_rate=self.normal_rate - other.normal_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CircularOrbit:
    """A circular orbit in Earth-fixed axes; time 0 is the centre of the scene.

    Attributes
    ----------
    radius : float
        Distance from the Earth's centre [m].
    inclination : float
        [rad].
    node : float
        Earth-fixed longitude of the ascending node at time 0 [rad].
    argument : float
        Angle from the node to the satellite at time 0 [rad].
    offset : Baseline
        Parallel shift of the path in its own TCN frame.
    """

    node: float
    argument: float
    radius: float = ORBIT_RADIUS
    inclination: float = ORBIT_INCLINATION
    offset: Baseline = Baseline()

    @property
    def angular_rate(self) -> float:
        """Angular rate by Kepler's third law [rad/s]."""
        return math.sqrt(EARTH_GM / self.radius**3)

    def _path(self, time: Vectors) -> tuple[Vectors, Vectors]:
        """Return position and velocity of the unshifted orbit, each (..., 3)."""
        u = self.argument + self.angular_rate * time
        node = self.node - EARTH_ROTATION * time
        cos_u, sin_u, cos_n, sin_n = np.cos(u), np.sin(u), np.cos(node), np.sin(node)
        cos_i, sin_i = math.cos(self.inclination), math.sin(self.inclination)
        x = cos_n * cos_u - sin_n * cos_i * sin_u
        y = sin_n * cos_u + cos_n * cos_i * sin_u
        dx = -cos_n * sin_u - sin_n * cos_i * cos_u
        dy = -sin_n * sin_u + cos_n * cos_i * cos_u
        rate, turn = self.angular_rate, EARTH_ROTATION
        position = np.stack([x, y, sin_i * sin_u], axis=-1)
        velocity = np.stack([rate * dx + turn * y, rate * dy - turn * x, rate * sin_i * cos_u], axis=-1)
        return self.radius * position, self.radius * velocity

    def frame(self, time: Vectors) -> tuple[Vectors, Vectors, Vectors]:
        """Return the unit vectors track, cross-track and normal of the unshifted orbit, each (..., 3)."""
        position, velocity = self._path(time)
        track = _unit(velocity)
        cross = _unit(np.cross(-position, track))
        return track, cross, np.cross(track, cross)

    def position(self, time: Vectors) -> Vectors:
        """Return Earth-fixed positions [m], (..., 3), at times since the scene centre [s]."""
        path, _ = self._path(time)
        if self.offset == Baseline():
            return path
        _, cross, normal = self.frame(time)
        along_c = self.offset.cross + self.offset.cross_rate * time
        along_n = self.offset.normal + self.offset.normal_rate * time
        shifted: Vectors = path + along_c[..., None] * cross + along_n[..., None] * normal
        return shifted

    def velocity(self, time: Vectors) -> Vectors:
        """Return Earth-fixed velocities [m/s], (..., 3); of a shifted path by a difference over 0.1 s."""
        if self.offset == Baseline():
            return self._path(time)[1]
        difference: Vectors = (self.position(time + 0.05) - self.position(time - 0.05)) / 0.1
        return difference

    def shifted(self, offset: Baseline) -> CircularOrbit:
        """Return the orbit flown beside this one."""
        return replace(self, offset=offset)

    def closest_time(self, points: Vectors) -> NDArray[np.float64]:
        """Return when each ground point, (..., 3), is seen at zero Doppler [s since the scene centre]."""
        time = np.zeros(points.shape[:-1])
        for _ in range(10):
            position, velocity = self.position(time), self.velocity(time)
            sight = points - position
            slope = -np.sum(velocity**2, axis=-1) - self.angular_rate**2 * np.sum(sight * position, axis=-1)
            step = np.sum(sight * velocity, axis=-1) / slope
            time = time - step
            if np.all(np.abs(step) < 1e-11):
                break
        return time

    def ranges(self, points: Vectors) -> NDArray[np.float64]:
        """Return the one-way zero-Doppler range to each ground point, (..., 3) [m]."""
        distance: NDArray[np.float64] = np.linalg.norm(
            points - self.position(self.closest_time(points)), axis=-1
        )
        return distance


def orbit_over(
    longitude: float, latitude: float, *, incidence: float, pass_direction: str = "ascending"
) -> CircularOrbit:
    """Return the orbit from which a right-looking radar sees a point at a given incidence.

    Parameters
    ----------
    longitude, latitude : float
        Geodetic position of a point of the ellipsoid [rad].
    incidence : float
        Angle there between the direction to the satellite and the ellipsoid's normal [rad].
    pass_direction : str
        ``ascending`` or ``descending``.

    Raises
    ------
    OutOfRangeError
        The direction is neither, or no such orbit exists (near the poles).
    """
    if pass_direction not in {"ascending", "descending"}:
        raise OutOfRangeError(f"pass direction {pass_direction!r}", expected="'ascending' or 'descending'")
    lon, lat = np.array(longitude), np.array(latitude)
    point = ground_points(lon, lat, np.array(0.0))
    _, _, up = local_axes(lon, lat)
    sine = min(1.0, max(-1.0, math.sin(latitude) / math.sin(ORBIT_INCLINATION)))
    argument = math.asin(sine)
    side = -1.0
    if pass_direction == "descending":
        argument, side = math.pi - argument, 1.0
    below = longitude + side * 0.75 * math.tan(incidence) * 0.13 / max(math.cos(latitude), 0.1)
    cos_i = math.cos(ORBIT_INCLINATION)
    node = below - math.atan2(cos_i * math.sin(argument), math.cos(argument))

    def misfit(unknown: NDArray[np.float64]) -> list[float]:
        orbit = CircularOrbit(node=float(unknown[0]), argument=float(unknown[1]))
        position, velocity = orbit.position(np.array(0.0)), orbit.velocity(np.array(0.0))
        to_satellite = _unit(position - point)
        found = math.acos(float(to_satellite @ up))
        return [found - incidence, float(to_satellite @ _unit(velocity))]

    solution = root(misfit, [node, argument], tol=1e-13)
    orbit = CircularOrbit(node=float(solution.x[0]), argument=float(solution.x[1]))
    _, cross, _ = orbit.frame(np.array(0.0))
    residual = max(abs(value) for value in misfit(solution.x))
    if residual > 1e-9 or float((point - orbit.position(np.array(0.0))) @ cross) <= 0.0:
        raise OutOfRangeError(
            f"no {pass_direction} orbit sees latitude {math.degrees(latitude):.2f} at "
            f"{math.degrees(incidence):.2f} degrees",
            expected="a latitude within 75 degrees and an incidence of 20 to 50 degrees",
        )
    return orbit


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
