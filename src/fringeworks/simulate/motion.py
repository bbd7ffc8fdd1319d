"""How the ground moves: where (a source, in three dimensions) times when (a history)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR

Plane = NDArray[np.float64]
"""float64, (y, x) or broadcastable: metres east or north of the centre of the scene."""


class Source(Protocol):
    """Where and in which direction the ground moves for one unit of history."""

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement east, north and up [m per unit of history], (3, y, x)."""
        ...


class History(Protocol):
    """How far a source has gone at each date."""

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return the units of history passed at each date, (date); only differences count."""
        ...


@dataclass(frozen=True, slots=True)
class Motion:
    """A source and its history."""

    source: Source
    history: History
    name: str = ""


# ---------------------------------------------------------------- sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """The whole scene moves as one: ``vector`` is (east, north, up) [m per unit]."""

    vector: tuple[float, float, float]

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement [m per unit], (3, y, x)."""
        shape = np.broadcast_shapes(x.shape, y.shape)
        return np.broadcast_to(np.array(self.vector).reshape(3, 1, 1), (3, *shape)).copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tilt:
    """A plane through the centre of the scene.

    Attributes
    ----------
    per_km_east, per_km_north : float
        Rise of the displacement [m per km per unit].
    direction : tuple of float
        Unit vector (east, north, up) of the movement.
    """

    per_km_east: float
    per_km_north: float
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement [m per unit], (3, y, x)."""
        rise = 1e-3 * (self.per_km_east * x + self.per_km_north * y)
        return np.stack([rise * part for part in self.direction])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bowl:
    """A Gaussian bowl of subsidence, as over a pumped aquifer or a mine.

    Attributes
    ----------
    east, north : float
        Centre [m].
    radius : float
        Standard deviation of the bowl [m].
    uplift : float
        Rise at the centre [m per unit]; negative for a bowl that sinks.
    inward : float
        Largest horizontal movement as a share of that at the centre; toward it where the ground sinks.
    """

    east: float
    north: float
    radius: float
    uplift: float
    inward: float = 0.3

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement [m per unit], (3, y, x): up = A g, horizontal = A inward sqrt(e) (r/s) g."""
        dx, dy = (x - self.east) / self.radius, (y - self.north) / self.radius
        up = self.uplift * np.exp(-0.5 * (dx**2 + dy**2))
        outward = self.inward * math.sqrt(math.e) * up
        return np.stack([outward * dx, outward * dy, up])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mogi:
    """A small sphere that swells in an elastic half space (Mogi 1958).

    Attributes
    ----------
    east, north : float
        Above the centre of the sphere [m].
    depth : float
        Of its centre [m].
    volume : float
        Change of its volume [m3 per unit].
    poisson : float
        Poisson's ratio.
    """

    east: float
    north: float
    depth: float
    volume: float
    poisson: float = 0.25

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement [m per unit], (3, y, x): (1 - nu) dV / pi * (x, y, d) / R^3."""
        dx, dy = x - self.east, y - self.north
        cube = (dx**2 + dy**2 + self.depth**2) ** 1.5
        factor = (1.0 - self.poisson) * self.volume / (math.pi * cube)
        return np.stack([factor * dx, factor * dy, factor * self.depth])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrewDislocation:
    """A long upright fault that slips sideways between two depths (Savage and Burford 1973).

    Attributes
    ----------
    east, north : float
        A point of the fault's trace [m].
    strike : float
        Direction of the trace, clockwise from north [rad].
    slip : float
        Right-lateral slip [m per unit]: the side on the right of the strike moves against it.
    top, bottom : float
        Depths between which the fault slips [m]; a locked fault slips from its locking depth to infinity.
    """

    strike: float
    slip: float
    top: float
    bottom: float = math.inf
    east: float = 0.0
    north: float = 0.0

    def enu(self, x: Plane, y: Plane) -> NDArray[np.float64]:
        """Return the displacement [m per unit], (3, y, x): along strike -s/pi (atan(w/top) - atan(w/bottom))."""
        along_e, along_n = math.sin(self.strike), math.cos(self.strike)
        across = (x - self.east) * along_n - (y - self.north) * along_e
        near = np.arctan2(across, self.top)
        far = np.arctan2(across, self.bottom) if math.isfinite(self.bottom) else np.zeros_like(across)
        along = -self.slip / math.pi * (near - far)
        return np.stack([along * along_e, along * along_n, np.zeros_like(along)])


# ---------------------------------------------------------------- histories


def years_since_2000(dates: tuple[date, ...]) -> NDArray[np.float64]:
    """Return decimal years since 1 January 2000 of 365.25 days each, (date); the fraction is that of the season."""
    return np.array([(day - date(2000, 1, 1)).days for day in dates], float) / DAYS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Steady:
    """One unit a year of 365.25 days."""

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return years, (date)."""
        return years_since_2000(dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seasonal:
    """One unit of amplitude, a cosine of ``period`` years largest at ``peak`` (fraction of the calendar year)."""

    peak: float = 0.25
    period: float = 1.0

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return cosines, (date)."""
        return np.cos(2 * np.pi * (years_since_2000(dates) - self.peak) / self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One unit at once on a day; an acquisition of that day is after the step."""

    day: date

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return 0 before and 1 from the day on, (date)."""
        return np.array([day >= self.day for day in dates], float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """After a day: 1 - exp(-t/tau), or log(1 + t/tau) with ``logarithmic``; ``tau`` in days."""

    day: date
    tau: float
    logarithmic: bool = False

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return the units passed, (date)."""
        ages = np.array([max((day - self.day).days, 0) for day in dates], float) / self.tau
        return np.log1p(ages) if self.logarithmic else -np.expm1(-ages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceleration:
    """t^2/2 with t in years since a day; also before it."""

    day: date

    def values(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return the units passed, (date)."""
        years = np.array([(day - self.day).days for day in dates], float) / DAYS_PER_YEAR
        return 0.5 * years**2
