"""Zero-Doppler geometry of the simulator: when and how far away a point is seen, and what lies at a time and range."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.simulate.orbit import ground_points, local_axes
from fringeworks.simulate.scene.compiled import kernel
from fringeworks.simulate.scene.flight import Arc

Values = NDArray[np.float64]
"""float64 of any shape."""

_E2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
_A = WGS84_SEMI_MAJOR


@kernel
def horner(coefficients: Values, x: float) -> float:
    """Return sum c_k x^k (compiled)."""
    total = 0.0
    for k in range(coefficients.size - 1, -1, -1):
        total = total * x + coefficients[k]
    return total


@kernel
def _at(coefficients: Values, x: float) -> tuple[float, float, float]:
    """Return three polynomials, (3, power), at one place (compiled)."""
    a, b, c = 0.0, 0.0, 0.0
    for k in range(coefficients.shape[1] - 1, -1, -1):
        a, b, c = a * x + coefficients[0, k], b * x + coefficients[1, k], c * x + coefficients[2, k]
    return a, b, c


@kernel
def seen_near(
    px: float, py: float, pz: float, guess: float, half: float, place: Values, speed: Values, pull: Values
) -> tuple[float, float, float]:
    """Return zero-Doppler time [s], range [m] and cosine from the zenith of one point (compiled).

    Newton steps on f = (P - S) . V = 0.  A last step s below 20 microseconds needs no further look at the orbit: the time
    is then true to 1e-13 s, and the range follows from R^2(t + s) = R^2(t) - f s to 1e-15 m.

    Parameters
    ----------
    px, py, pz : float
        The point, Earth-fixed [m].
    guess : float
        Where to start [s].
    half : float
        Unit of the arc's variable [s].
    place, speed, pull : float64, (3, power)
        Coefficients of position, velocity and acceleration.

    Returns
    -------
    time, distance, nadir : float
        ``nadir`` is the cosine of the angle at the satellite between the zenith and the point: it rises with the look angle.
    """
    time, distance, nadir = guess, 0.0, 0.0
    for _ in range(12):
        x = time / half
        sx, sy, sz = _at(place, x)
        vx, vy, vz = _at(speed, x)
        ax, ay, az = _at(pull, x)
        dx, dy, dz = px - sx, py - sy, pz - sz
        lean = dx * vx + dy * vy + dz * vz
        step = lean / (vx * vx + vy * vy + vz * vz - (dx * ax + dy * ay + dz * az))
        time += step
        if abs(step) < 2e-5:
            distance = math.sqrt(dx * dx + dy * dy + dz * dz - lean * step)
            nadir = (dx * sx + dy * sy + dz * sz) / (math.sqrt(sx * sx + sy * sy + sz * sz) * distance)
            break
    return time, distance, nadir


@kernel
def _seen(
    points: Values, half: float, place: Values, speed: Values, pull: Values, time: Values, distance: Values
) -> None:
    for i in range(points.shape[0]):
        time[i], distance[i], _ = seen_near(
            points[i, 0], points[i, 1], points[i, 2], 0.0, half, place, speed, pull
        )


def zero_doppler(arc: Arc, points: Values) -> tuple[Values, Values]:
    """Return zero-Doppler times [s] and one-way ranges [m], (...), of points (..., 3) [m]."""
    flat = np.ascontiguousarray(points, np.float64).reshape(-1, 3)
    time, distance = np.empty(len(flat)), np.empty(len(flat))
    _seen(flat, arc.half, arc.position, arc.velocity, arc.acceleration, time, distance)
    return time.reshape(points.shape[:-1]), distance.reshape(points.shape[:-1])


def geodetic(points: Values) -> tuple[Values, Values, Values]:
    """Return longitude, latitude [rad] and height [m] of Earth-fixed points, (..., 3).

    Notes
    -----
    Fixed-point iteration of the latitude (Heiskanen and Moritz 1967, section 5.3), eight rounds: 1e-12 rad near the ground.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    across = np.hypot(x, y)
    latitude = np.arctan2(z, across * (1.0 - _E2))
    height = np.zeros_like(latitude)
    for _ in range(8):
        normal = _A / np.sqrt(1.0 - _E2 * np.sin(latitude) ** 2)
        height = across * np.cos(latitude) + z * np.sin(latitude) - _A**2 / normal
        latitude = np.arctan2(z, across * (1.0 - _E2 * normal / (normal + height)))
    return np.arctan2(y, x), latitude, height


def locate(arc: Arc, time: Values, distance: Values, height: Values) -> tuple[Values, Values]:
    """Return longitude and latitude [rad] of what a right-looking radar sees at a time, range and height.

    Parameters
    ----------
    arc : Arc
        The flight.
    time, distance, height : float64, (...)
        Zero-Doppler time [s], one-way range [m], height above the ellipsoid [m]; broadcast.

    Returns
    -------
    longitude, latitude : float64, (...)

    Notes
    -----
    In the plane through the satellite normal to its velocity the point is S + R (cos(b) d + sin(b) c), with c to the right
    of the flight and d = V x c downward; b is found by Newton steps with a difference quotient of the height.
    """
    time, distance, height = np.broadcast_arrays(time, distance, height)
    place, speed = arc.at(time)
    track = speed / np.linalg.norm(speed, axis=-1, keepdims=True)
    right = np.cross(track, place)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    down = np.cross(track, right)

    def point(angle: Values) -> Values:
        sight = np.cos(angle)[..., None] * down + np.sin(angle)[..., None] * right
        found: Values = place + distance[..., None] * sight
        return found

    radius = np.linalg.norm(place, axis=-1)
    ground = _A * (1.0 - WGS84_FLATTENING * (place[..., 2] / radius) ** 2) + height
    cosine = (radius**2 + distance**2 - ground**2) / (2.0 * radius * distance)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    for _ in range(12):
        rise = geodetic(point(angle))[2] - height
        slope = (geodetic(point(angle + 1e-5))[2] - height - rise) / 1e-5
        angle = angle - rise / slope
        if np.abs(rise).max() < 1e-6:
            break
    longitude, latitude, _ = geodetic(point(angle))
    return longitude, latitude


def look(arc: Arc, longitude: Values, latitude: Values, height: Values) -> tuple[Values, Values]:
    """Return the unit vector from ground to satellite, (3, ...) east north up, and the incidence [rad] from the normal."""
    points = ground_points(longitude, latitude, height)
    time, _ = zero_doppler(arc, points)
    sight = arc.at(time)[0] - points
    sight /= np.linalg.norm(sight, axis=-1, keepdims=True)
    los = np.stack([np.sum(sight * axis, axis=-1) for axis in local_axes(longitude, latitude)])
    return los, np.arccos(np.clip(los[2], -1.0, 1.0))


def annotated_angles(
    arc: Arc, time: Values, longitude: Values, latitude: Values, height: Values
) -> tuple[Values, Values]:
    """Return incidence and elevation [rad] as the products state them: both from the geocentric normal.

    The incidence is the angle at the ground between its geocentric direction and the satellite; the elevation the angle at
    the satellite between the Earth's centre and the ground.
    """
    points = ground_points(longitude, latitude, height)
    place, _ = arc.at(time)
    sight = place - points
    sight /= np.linalg.norm(sight, axis=-1, keepdims=True)

    def between(vector: Values) -> Values:
        length = np.linalg.norm(vector, axis=-1)
        angle: Values = np.arccos(np.clip(np.sum(sight * vector, axis=-1) / length, -1.0, 1.0))
        return angle

    return between(points), between(place)
