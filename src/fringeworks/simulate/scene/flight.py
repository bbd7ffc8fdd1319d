"""How an invented satellite flies: a free orbit in an oblate Earth's field, integrated from one state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from fringeworks.constants import WGS84_SEMI_MAJOR
from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.orbit import EARTH_GM, EARTH_ROTATION, Baseline, CircularOrbit

J2 = 1.0826362e-3
"""Oblateness of the Earth's field (EGM2008)."""

Vectors = NDArray[np.float64]
"""float64, (..., 3): Earth-fixed Cartesian vectors."""

_DEGREE = 10


def _rate(_: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return velocity and acceleration in inertial axes: central field and J2 (Montenbruck and Gill 2000, 3.2)."""
    place = state[:3]
    square = float(place @ place)
    pull = -EARTH_GM / square**1.5
    oblate = 1.5 * J2 * WGS84_SEMI_MAJOR**2 / square
    tilt = 5.0 * place[2] ** 2 / square
    factor = np.array([1.0 + oblate * (1.0 - tilt)] * 2 + [1.0 + oblate * (3.0 - tilt)])
    return np.concatenate([state[3:], pull * factor * place])


def _turned(vectors: Vectors, time: NDArray[np.float64]) -> Vectors:
    """Return inertial vectors in the axes that have turned with the Earth since time 0."""
    angle = EARTH_ROTATION * time
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=-1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flight:
    """A flight through one Earth-fixed state; time 0 is that of the state.

    Attributes
    ----------
    position, velocity : float64, (3)
        Earth-fixed [m], [m/s].
    """

    position: Vectors
    velocity: Vectors

    @classmethod
    def beside(cls, orbit: CircularOrbit, offset: Baseline) -> Flight:
        """Return the flight that starts over the scene as the given orbit does, shifted in its TCN frame."""
        now = np.array(0.0)
        _, cross, normal = orbit.frame(now)
        moved = orbit.position(now) + offset.cross * cross + offset.normal * normal
        drift = offset.cross_rate * cross + offset.normal_rate * normal
        return cls(position=moved, velocity=orbit.velocity(now) + drift)

    def states(self, time: NDArray[np.float64]) -> tuple[Vectors, Vectors]:
        """Return Earth-fixed positions [m] and velocities [m/s], each (n, 3), at times since the state [s].

        Notes
        -----
        Integrated with a Runge-Kutta method of order 8 to a relative error of 1e-12 a step; one orbit strays by less than
        a millimetre.
        """
        place, speed = self.position, self.velocity
        spin = np.array([-EARTH_ROTATION * place[1], EARTH_ROTATION * place[0], 0.0])
        state = np.concatenate([place, speed + spin])
        found = np.empty((time.size, 6))
        for side in (time < 0.0, time >= 0.0):
            if side.any():
                found[side] = _integrate(state, time[side])
        position = _turned(found[:, :3], time)
        velocity = _turned(found[:, 3:], time)
        velocity[:, 0] += EARTH_ROTATION * position[:, 1]
        velocity[:, 1] -= EARTH_ROTATION * position[:, 0]
        return position, velocity

    def node_before(self) -> float:
        """Return when the satellite last crossed the equator northward [s], negative."""
        coarse = np.arange(-6_000.0, 0.0, 20.0)
        height = self.states(coarse)[0][:, 2]
        rising = np.flatnonzero((height[:-1] <= 0.0) & (height[1:] > 0.0))
        if rising.size == 0:
            raise OutOfRangeError(
                "a flight without an ascending node in the last 6000 s", expected="a low polar orbit"
            )
        time = float(coarse[rising[-1]])
        for _ in range(4):
            position, velocity = self.states(np.array([time]))
            time -= float(position[0, 2] / velocity[0, 2])
        return time


def _integrate(state: NDArray[np.float64], time: NDArray[np.float64]) -> NDArray[np.float64]:
    end = float(time[np.argmax(np.abs(time))])
    if end == 0.0:
        return np.repeat(state[None], time.size, axis=0)
    order = np.argsort(np.abs(time), kind="stable")
    solution = solve_ivp(_rate, (0.0, end), state, method="DOP853", rtol=1e-12, atol=1e-6, t_eval=time[order])
    found = np.empty((time.size, 6))
    found[order] = solution.y.T
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arc:
    """A short piece of a flight as polynomials, for kernels: x(t) = sum c_k (t/half)^k.

    Attributes
    ----------
    half : float
        The arc spans -half to +half around the flight's time 0 [s].
    position : float64, (3, power)
        Coefficients [m].
    """

    half: float
    position: NDArray[np.float64]

    @classmethod
    def through(cls, time: NDArray[np.float64], position: Vectors) -> Arc:
        """Fit an arc to at least eleven states [s], [m] that surround time 0 (within micrometres over a minute)."""
        half = float(np.abs(time).max())
        degree = min(_DEGREE, time.size - 1)
        fitted = chebyshev.chebfit(time / half, position, degree)
        # a short arc needs fewer powers: what is left out stays below a tenth of a micrometre
        tails = np.abs(fitted).sum(axis=1)[::-1].cumsum()[::-1]
        fitted = fitted[: max(int(np.sum(tails > 1e-7)), 4)]
        powers = np.stack([chebyshev.cheb2poly(column) for column in fitted.T])
        return cls(half=half, position=np.ascontiguousarray(powers))

    @classmethod
    def of(cls, flight: Flight, half: float) -> Arc:
        """Return the arc of a flight from -half to half [s]."""
        nodes = half * np.cos(np.pi * (np.arange(24) + 0.5) / 24)[::-1]
        time = np.concatenate([[-half], nodes, [half]])
        return cls.through(time, flight.states(time)[0])

    @property
    def velocity(self) -> NDArray[np.float64]:
        """Coefficients of the velocity [m/s], (3, power), in the same variable."""
        n = np.arange(1, self.position.shape[1])
        return np.ascontiguousarray(self.position[:, 1:] * n / self.half)

    @property
    def acceleration(self) -> NDArray[np.float64]:
        """Coefficients of the Earth-fixed acceleration [m/s2], (3, power)."""
        velocity = self.velocity
        return np.ascontiguousarray(velocity[:, 1:] * np.arange(1, velocity.shape[1]) / self.half)

    def at(self, time: NDArray[np.float64] | float) -> tuple[Vectors, Vectors]:
        """Return positions [m] and velocities [m/s], (..., 3), at times [s]."""
        x = np.asarray(time, np.float64) / self.half
        found = (
            np.moveaxis(np.polynomial.polynomial.polyval(x, c.T), 0, -1)
            for c in (self.position, self.velocity)
        )
        position, velocity = found
        return np.asarray(position, np.float64), np.asarray(velocity, np.float64)
