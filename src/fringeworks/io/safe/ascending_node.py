"""When the satellite last crossed the equator northward, from its state vectors alone.

The check on the ascending node that a product states: burst numbers hang on it, and it has been wrong in products.
State vectors of a slice end long before the node, so the motion is integrated back to it under the Earth's central
and zonal field (J2 to J6).  What is left out (tesseral field, drag, Sun and Moon) moves the crossing by some
hundredths of a second over one orbit, where a burst number needs a second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import WGS84_SEMI_MAJOR
from fringeworks.errors import CalculationError
from fringeworks.model.acquisition import StateVectors

_GRAVITY: Final = 3.986004418e14
"""Geocentric gravitational constant [m^3/s^2] (IERS Conventions 2010, table 1.1)."""

_EARTH_RATE: Final = 7.2921150e-5
"""Mean angular velocity of the Earth [rad/s] (IERS Conventions 2010, table 1.2)."""

_ZONAL: Final = (1.0826362e-3, -2.5324e-6, -1.6199e-6, -2.278e-7, 5.407e-7)
"""J2 to J6 (EGM2008, unnormalised)."""

_STEP: Final = 10.0
_LONGEST: Final = 7_000.0
_FARTHEST: Final = 120.0

Vector = NDArray[np.float64]


def time_of_node(orbit: StateVectors, *, before: float) -> float:
    """Return when the satellite last crossed the equator northward, at or before an instant.

    Parameters
    ----------
    orbit : StateVectors
        Earth-fixed state vectors, one of them not far from ``before``.
    before : float
        Instant [s since the epoch of the state vectors].

    Returns
    -------
    float
        Seconds since the epoch of the state vectors.

    Raises
    ------
    CalculationError
        No crossing within 7000 s: the vectors are not of a satellite in low polar orbit.
    """
    nearest = int(np.argmin(np.abs(orbit.time - before)))
    lead = before - float(orbit.time[nearest])
    if abs(lead) > _FARTHEST:
        raise CalculationError(
            f"state vectors that end {abs(lead):.0f} s away from the acquisition",
            expected=f"one within {_FARTHEST:.0f} s",
        )
    position = orbit.position[nearest]
    state = np.concatenate([position, orbit.velocity[nearest] + _turn(position)])
    if lead:
        state = _runge_kutta(state, lead)
    time = before
    for _ in range(round(_LONGEST / _STEP)):
        earlier = _runge_kutta(state, -_STEP)
        if earlier[2] <= 0.0 < state[2]:
            return time - _STEP + _crossing(earlier)
        state, time = earlier, time - _STEP
    raise CalculationError(
        "state vectors that lead to no ascending node within 7000 s",
        expected="a satellite in low polar orbit",
    )


def _crossing(state: Vector) -> float:
    """Return the seconds from a state just south of the equator to the crossing (secant steps)."""
    elapsed = 0.0
    for _ in range(4):
        shift = -float(state[2] / state[5])
        state = _runge_kutta(state, shift)
        elapsed += shift
    return elapsed


def _turn(position: Vector) -> Vector:
    """Velocity of an Earth-fixed point in the inertial frame that coincides with it at this instant."""
    return np.array([-_EARTH_RATE * position[1], _EARTH_RATE * position[0], 0.0])


def _runge_kutta(state: Vector, step: float) -> Vector:
    k1 = _rate(state)
    k2 = _rate(state + 0.5 * step * k1)
    k3 = _rate(state + 0.5 * step * k2)
    k4 = _rate(state + step * k3)
    return state + step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def _rate(state: Vector) -> Vector:
    """Return velocity and acceleration; the zonal field is symmetric about the axis, so the frame does not matter."""
    position = state[:3]
    radius = float(np.sqrt(position @ position))
    sine = float(position[2]) / radius
    radial, polar = -_GRAVITY / radius**2, 0.0
    legendre, slope = _legendre(sine)
    for n, coefficient in enumerate(_ZONAL, start=2):
        scale = _GRAVITY / radius**2 * coefficient * (WGS84_SEMI_MAJOR / radius) ** n
        radial += scale * ((n + 1) * legendre[n] + sine * slope[n])
        polar -= scale * slope[n]
    acceleration = radial / radius * position
    acceleration[2] += polar
    return np.concatenate([state[3:], acceleration])


def _legendre(x: float) -> tuple[list[float], list[float]]:
    """Return the Legendre polynomials of degree 0 to 6 and their derivatives."""
    value, slope = [1.0, x], [0.0, 1.0]
    for n in range(2, len(_ZONAL) + 2):
        value.append(((2 * n - 1) * x * value[-1] - (n - 1) * value[-2]) / n)
        slope.append(slope[-2] + (2 * n - 1) * value[n - 1])
    return value, slope
