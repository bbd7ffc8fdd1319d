"""ESA's numbering of bursts: a clock that starts at the ascending node of track 1 and ticks once a beam cycle.

Sentinel-1 Level 1 Detailed Algorithm Definition (MPC-0307, issue 2.4), equations 9-89 to 9-91 and table 9-7: with
t_b the middle of the beam cycle, t_anx the ascending node of relative orbit r, and T_orb = 12 days / 175,

    number = 1 + floor((t_b - t_anx + (r - 1) T_orb - T_pre) / T_beam).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fringeworks.errors import OutOfRangeError
from fringeworks.model.identity import N_TRACKS, BurstId, Swath

ORBIT_PERIOD: Final = 12 * 86_400.0 / N_TRACKS
"""Nominal time between ascending nodes, T_orb [s]."""


@dataclass(frozen=True, slots=True)
class BeamCycle:
    """The clock of one burst mode.

    Attributes
    ----------
    preamble : float
        T_pre: from the node to the start of the first cycle [s].
    period : float
        T_beam: length of a cycle [s].
    to_middle : tuple of float
        From the start of a sub-swath's raw data to the middle of the cycle [s], by sub-swath number.
    """

    preamble: float
    period: float
    to_middle: tuple[float, ...]


def _to_middle(steps: tuple[float, ...]) -> tuple[float, ...]:
    """Seconds from each sub-swath's start to the middle of the middle one, from the start-to-start steps."""
    starts = [sum(steps[:k]) for k in range(len(steps))]
    centre = len(steps) // 2
    middle = starts[centre] + 0.5 * steps[centre]
    return tuple(middle - start for start in starts)


CYCLES: Final = MappingProxyType(
    {
        "IW": BeamCycle(2.299849, 2.758273, _to_middle((0.832203, 1.078037, 0.848037))),
        "EW": BeamCycle(2.299970, 3.038376, _to_middle((0.6827, 0.5587, 0.6123, 0.5654, 0.6192))),
    }
)
"""Steps of IW: differences of annotated sensing times; of EW: as the public burst tools state them."""


def cycle_of(swath: Swath) -> BeamCycle:
    """Return the clock of a sub-swath's mode.

    Raises
    ------
    OutOfRangeError
        Strip map has no bursts.
    """
    if swath.mode not in CYCLES:
        raise OutOfRangeError(f"a burst number for beam {swath}", expected="a sub-swath of IW or EW")
    return CYCLES[swath.mode]


def phase_of(*, relative_orbit: int, since_node: float, swath: Swath) -> float:
    """Return where in the repeat cycle a burst lies: its number minus 1, plus the fraction of the beam cycle.

    Parameters
    ----------
    relative_orbit : int
        Track whose ascending node the time counts from.
    since_node : float
        Start of the burst's raw data (sensing time) since that node [s].
    swath : Swath
        Sub-swath of IW or EW.

    Notes
    -----
    Since the bursts of all dates are synchronised the fraction stays within a few hundredths of 0.5; before (first
    year of S1A) it may be anything.
    """
    cycle = cycle_of(swath)
    middle = since_node + cycle.to_middle[swath.number - 1]
    return (middle + (relative_orbit - 1) * ORBIT_PERIOD - cycle.preamble) / cycle.period


def numbers_in_cycle(mode: str) -> int:
    """Return how many burst numbers one repeat cycle holds (375 887 for IW)."""
    return math.floor(N_TRACKS * ORBIT_PERIOD / CYCLES[mode].period)


def track_of(number: int, swath: Swath) -> int:
    """Return the track a burst number belongs to: the one in which its first sub-swath starts, nominally.

    Parameters
    ----------
    number : int
        Burst number, from 1.
    swath : Swath
        Any sub-swath of the mode.
    """
    cycle = cycle_of(swath)
    start = cycle.preamble + (number - 0.5) * cycle.period - cycle.to_middle[0]
    return int(start // ORBIT_PERIOD) % N_TRACKS + 1


def burst_id(*, relative_orbit: int, since_node: float, swath: Swath) -> BurstId:
    """Return the identity of a burst by ESA's formula.

    Parameters
    ----------
    relative_orbit : int
        Track whose ascending node the time counts from.
    since_node : float
        Start of the burst's raw data (sensing time) since that node [s]; may be more than one orbit.
    swath : Swath
        Sub-swath of IW or EW.

    Raises
    ------
    OutOfRangeError
        Strip map, or a track that cannot be.
    """
    if not 1 <= relative_orbit <= N_TRACKS or not math.isfinite(since_node):
        raise OutOfRangeError(
            f"track {relative_orbit}, {since_node} s after its node", expected=f"track 1 to {N_TRACKS}"
        )
    phase = phase_of(relative_orbit=relative_orbit, since_node=since_node, swath=swath)
    number = math.floor(phase) % numbers_in_cycle(swath.mode) + 1
    return BurstId(track_of(number, swath), number, swath)
