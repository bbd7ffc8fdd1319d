"""An analytic orbit: circular in inertial space, over a turning Earth. It shares no code with the house."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from fringeworks.geometry.orbit import OrbitCurve, orbit_curve
from fringeworks.model.acquisition import StateVectors

EPOCH = "2020-06-01T14:00:00"
EARTH_RATE = 7.292115e-5
GRAVITY = 3.986004418e14


@dataclass(frozen=True)
class CircularOrbit:
    """Sentinel-1-like: radius, inclination, argument of latitude and node longitude at time 0."""

    argument: float
    node: float = 0.0
    radius: float = 7.0707e6
    inclination: float = np.radians(98.18)

    def state(self, time):
        t = np.asarray(time, float)
        rate = np.sqrt(GRAVITY / self.radius**3)
        u = self.argument + rate * t
        ci, si = np.cos(self.inclination), np.sin(self.inclination)
        p = self.radius * np.stack([np.cos(u), np.sin(u) * ci, np.sin(u) * si], -1)
        v = self.radius * rate * np.stack([-np.sin(u), np.cos(u) * ci, np.cos(u) * si], -1)
        a = self.node - EARTH_RATE * t
        c, s = np.cos(a), np.sin(a)
        position = np.stack([c * p[..., 0] - s * p[..., 1], s * p[..., 0] + c * p[..., 1], p[..., 2]], -1)
        velocity = np.stack([c * v[..., 0] - s * v[..., 1], s * v[..., 0] + c * v[..., 1], v[..., 2]], -1)
        velocity += EARTH_RATE * np.stack([position[..., 1], -position[..., 0], 0 * p[..., 2]], -1)
        return position, velocity

    def states(self, start=-100.0, stop=100.0, step=10.0):
        time = np.arange(start, stop + 0.5 * step, step)
        position, velocity = self.state(time)
        return StateVectors(epoch=EPOCH, time=time, position=position, velocity=velocity, source="precise")

    def curve(self) -> OrbitCurve:
        return orbit_curve(self.states())


# argument of latitude: ascending and descending, north and south, near both turning points and across 180 degrees
PASSES = {
    "ascending-north": CircularOrbit(np.radians(36.0)),
    "descending-north": CircularOrbit(np.radians(144.0)),
    "ascending-south": CircularOrbit(np.radians(-40.0)),
    "descending-south": CircularOrbit(np.radians(220.0)),
    "north-turn": CircularOrbit(np.radians(90.0)),
    "south-turn": CircularOrbit(np.radians(270.0)),
    "antimeridian": CircularOrbit(np.radians(10.0), node=np.radians(178.0)),
}


@pytest.fixture(params=PASSES, scope="session")
def each_pass(request) -> CircularOrbit:
    return PASSES[request.param]


@pytest.fixture(scope="session")
def one_pass() -> CircularOrbit:
    return PASSES["ascending-north"]
