"""A satellite's path from a header's state vectors: points of closest approach, and baselines between two paths.

This is the little that a reader needs to check headers against each other; the science of geometry has a room of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from fringeworks.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.io.importers.gamma_headers import BaselineHeader, ImageHeader, StateVectors

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path3D:
    """Position over time, cubic between state vectors (10 s apart: exact to a millimetre).

    Attributes
    ----------
    curve : CubicHermiteSpline
        Earth-fixed position [m] over UTC seconds of the day.
    start, end : float
        First and last state vector [s].
    """

    curve: CubicHermiteSpline
    start: float
    end: float

    @classmethod
    def of(cls, orbit: StateVectors) -> Path3D:
        """Make the path of a header's state vectors."""
        curve = CubicHermiteSpline(orbit.time, orbit.position, orbit.velocity, axis=0)
        return cls(curve, float(orbit.time[0]), float(orbit.time[-1]))

    def closest(self, point: FloatArray, guess: FloatArray, *, steps: int) -> FloatArray:
        """Return the times at which points lie at right angles to the flight, by Newton's rule.

        Parameters
        ----------
        point : float64, (..., 3)
            Earth-fixed [m].
        guess : float64, (...)
            First guess [s].
        steps : int
            Newton steps; the error shrinks with its square at each.
        """
        time = np.array(guess, float)
        for _ in range(steps):
            away = point - self.curve(time)
            speed, bend = self.curve(time, 1), self.curve(time, 2)
            slope = np.sum(away * bend, axis=-1) - np.sum(speed * speed, axis=-1)
            time -= np.sum(away * speed, axis=-1) / slope
        return time

    def frame(self, time: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return position [m] and the unit vectors cross-track (to the right) and normal (down), each (..., 3)."""
        place, speed = self.curve(time), self.curve(time, 1)
        normal = -place / np.linalg.norm(place, axis=-1, keepdims=True)
        cross = np.cross(normal, speed)
        # right of the flight: flight x up = down x flight
        cross /= np.linalg.norm(cross, axis=-1, keepdims=True)
        return place, cross, normal


def earth_fixed(longitude: FloatArray, latitude: FloatArray, height: FloatArray) -> FloatArray:
    """Return earth-fixed positions [m], (..., 3), of WGS84 longitude, latitude [rad] and height [m]."""
    e2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
    radius = WGS84_SEMI_MAJOR / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
    flat = (radius + height) * np.cos(latitude)
    return np.stack(
        [
            flat * np.cos(longitude),
            flat * np.sin(longitude),
            (radius * (1.0 - e2) + height) * np.sin(latitude),
        ],
        axis=-1,
    )


def baseline_from_orbits(
    reference: ImageHeader, secondary: ImageHeader, *, point: FloatArray
) -> BaselineHeader | None:
    """Return the baseline that the state vectors of two headers give, or None where one has no state vectors.

    Parameters
    ----------
    reference, secondary : ImageHeader
        SLC-1 and SLC-2.
    point : float64, (3)
        A place in the scene, earth-fixed [m]: both satellites are taken where they see it at right angles to
        their flight, as coregistered images do.

    Notes
    -----
    Vector from SLC-1 to SLC-2, as GAMMA's baseline files have it; its rate from a second place 60 km farther along
    the flight.
    """
    if reference.orbit is None or secondary.orbit is None:
        return None
    one, two = Path3D.of(reference.orbit), Path3D.of(secondary.orbit)
    centre = np.array(reference.centre_time)
    seconds = 8.0
    speed = one.curve(centre, 1) * (np.linalg.norm(point) / np.linalg.norm(one.curve(centre)))
    places = np.stack([point, point + speed * seconds])
    first = one.closest(places, np.full(2, reference.centre_time), steps=8)
    second = two.closest(places, np.full(2, secondary.centre_time), steps=8)
    place, cross, normal = one.frame(first)
    vector = two.curve(second) - place
    c, n = np.sum(vector * cross, axis=-1), np.sum(vector * normal, axis=-1)
    span = first[1] - first[0]
    rate = ((c[1] - c[0]) / span, (n[1] - n[0]) / span)
    back = reference.centre_time - first[0]
    return BaselineHeader(
        path=secondary.path,
        cross=float(c[0] + rate[0] * back),
        normal=float(n[0] + rate[1] * back),
        cross_rate=float(rate[0]),
        normal_rate=float(rate[1]),
        precise=False,
    )
