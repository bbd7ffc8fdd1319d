"""Where every burst of a scene lies in time and range, and who flew it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.model.identity import Instant, Platform
from fringeworks.simulate.orbit import CircularOrbit, ground_points, orbit_over
from fringeworks.simulate.scene.beams import (
    BEAM_CYCLE,
    CYCLE_PREAMBLE,
    ORBIT_PERIOD,
    ORBITS_PER_CYCLE,
    Beam,
)
from fringeworks.simulate.scene.flight import Arc, Flight
from fringeworks.simulate.scene.scenario import Pass, SceneScenario
from fringeworks.simulate.scene.sight import zero_doppler

_KNOWN_ORBITS = {
    "S1A": (date(2023, 1, 8), 46_693),
    "S1B": (date(2021, 6, 1), 27_163),
    "S1C": (date(2025, 6, 1), 2_590),
}
"""An orbit number of a day, from which others are counted."""
EDGE_LINES, EDGE_SAMPLES = 25, 12
"""Lines and samples at the edges of a burst that hold no image; lines of the real interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstPlace:
    """One burst of one date; times are seconds after the date's epoch.

    Attributes
    ----------
    index : int
        Counted along track over all slices, from 0.
    number : int
        ESA's burst number within the repeat cycle.
    start : float
        Of its first line, a whole number of microseconds.
    sensing : float
        Of its first echo.
    """

    index: int
    number: int
    start: float
    sensing: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SwathPlace:
    """A sub-swath of all dates: beam and one-way range of its first sample [m]."""

    beam: Beam
    near: float
    samples: int
    coarseness: int = 1

    @property
    def two_way(self) -> float:
        """Two-way time of the first sample [s]."""
        return 2.0 * self.near / SPEED_OF_LIGHT

    @property
    def valid_samples(self) -> tuple[int, int]:
        """First and last valid sample."""
        edge = 0 if self.beam.is_stripmap else EDGE_SAMPLES
        return edge, self.samples - 1 - edge

    @property
    def valid_lines(self) -> tuple[int, int]:
        """First and last valid line of a burst."""
        edge = 0 if self.beam.is_stripmap else -(-EDGE_LINES // self.coarseness)
        return edge, self.beam.lines - 1 - edge


@dataclass(frozen=True, kw_only=True, eq=False)
class Overflight:
    """One date: the flight and its instant.

    Attributes
    ----------
    flown : Pass
        What was asked for.
    flight, arc : Flight, Arc
        The true path; time 0 is over the scene.
    epoch : Instant
        Of time 0, a whole microsecond.
    absolute_orbit : int
        Orbit number.
    """

    flown: Pass
    flight: Flight
    arc: Arc
    epoch: Instant
    absolute_orbit: int
    node: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Everything about a scene's timing and geometry; made by :func:`lay_out`."""

    scenario: SceneScenario
    orbit: CircularOrbit
    track: int
    overflights: tuple[Overflight, ...]
    swaths: tuple[SwathPlace, ...]
    first_number: int

    @property
    def n_bursts(self) -> int:
        """Bursts of a sub-swath over all slices."""
        return self.scenario.slices * self.scenario.bursts

    @cached_property
    def reference_range(self) -> float:
        """One-way range of the bulk bistatic correction: the middle of IW2, which may not be in the scene [m].

        In strip map it is the middle of the image.
        """
        first = self.swaths[0]
        step = first.beam.range_step
        stride = (self.scenario.samples - self.scenario.n_shared) * step
        near = first.near if first.beam.is_stripmap else first.near + (2 - first.beam.number) * stride
        return near + 0.5 * self.scenario.samples * step

    def bursts(self, overflight: Overflight, swath: SwathPlace) -> tuple[BurstPlace, ...]:
        """Return the bursts of a sub-swath on a date, those that are missing included."""
        beam, step = swath.beam, swath.beam.line_interval
        # all bursts of a date lie on one grid of lines, each start rounded to the microsecond of the annotation
        late = overflight.flown.burst_shift * step
        places = []
        for index in range(self.n_bursts):
            number = self.first_number + index
            if beam.is_stripmap:
                middle = 0.0
                sensing = -0.5 * (beam.lines - 1) * step - 0.31
            else:
                sensing = _sensing(number, beam, self.track) + self.overflights[0].node
                middle = sensing + 0.5 * beam.sensing_length
            whole = round((middle - 0.5 * (beam.lines - 1) * step) / step)
            start = round((whole * step + late) * 1e6) / 1e6
            places.append(
                BurstPlace(
                    index=index, number=number, start=start, sensing=round((sensing + late) * 1e6) / 1e6
                )
            )
        return tuple(places)

    def extent(self) -> tuple[float, float, float, float]:
        """Return first and last line time [s] and nearest and farthest range [m] of the scene."""
        reference = self.overflights[0]
        starts = [
            (b.start, s.beam.lines * s.beam.line_interval)
            for s in self.swaths
            for b in self.bursts(reference, s)
        ]
        return (
            min(start for start, _ in starts),
            max(start + length for start, length in starts),
            self.swaths[0].near,
            self.swaths[-1].near + self.swaths[-1].samples * self.swaths[-1].beam.range_step,
        )


def _sensing(number: int, beam: Beam, track: int) -> float:
    """Return when a burst's raw data start, after the ascending node of its track [s]."""
    cycle = CYCLE_PREAMBLE + (number - 1) * BEAM_CYCLE - (track - 1) * ORBIT_PERIOD
    return cycle + beam.sensing_offset


def _first_number(since_node: float, track: int, n_bursts: int) -> tuple[int, float]:
    """Return the first of the bursts whose middle comes nearest to an instant after the node, and by how much it misses."""
    phase = (since_node + (track - 1) * ORBIT_PERIOD - CYCLE_PREAMBLE) / BEAM_CYCLE
    first = round(phase - 0.5 * n_bursts) + 1
    return first, abs(phase - 0.5 * n_bursts - (first - 1)) * BEAM_CYCLE


def lay_out(scenario: SceneScenario) -> Layout:
    """Place orbit, track, bursts and sub-swaths of a scene."""
    longitude, latitude = (math.radians(v) for v in scenario.centre)
    orbit = orbit_over(
        longitude, latitude, incidence=scenario.incidence, pass_direction=scenario.pass_direction
    )
    n_bursts = scenario.slices * scenario.bursts
    beam = scenario.beam(scenario.swaths[0])
    span = beam.lines * beam.line_interval if beam.is_stripmap else n_bursts * BEAM_CYCLE
    half = 0.5 * span + 8.0
    flights = [Flight.beside(orbit, p.offset) for p in scenario.passes]
    node = flights[0].node_before()
    tracks = range(1, ORBITS_PER_CYCLE + 1) if scenario.track is None else (scenario.track,)
    track = min(tracks, key=lambda t: _first_number(-node, t, n_bursts)[1])
    arcs = [Arc.of(flight, half) for flight in flights]
    centre = ground_points(np.array(longitude), np.array(latitude), np.array(float(scenario.terrain.base)))
    distance = float(zero_doppler(arcs[0], centre)[1])
    seconds = (6.0 if scenario.pass_direction == "descending" else 18.0) * 3600.0
    noon = round((seconds - scenario.centre[0] / 15.0 * 3600.0) % 86_400.0)
    overflights = tuple(
        Overflight(
            flown=p,
            flight=flight,
            arc=arc,
            epoch=Instant.parse(f"{p.day.isoformat()}T00:00:00").plus(noon + round(p.clock * 1e6) / 1e6),
            absolute_orbit=_absolute_orbit(p, track),
            node=flight.node_before(),
        )
        for p, flight, arc in zip(scenario.passes, flights, arcs, strict=True)
    )
    return Layout(
        scenario=scenario,
        orbit=orbit,
        track=track,
        overflights=overflights,
        swaths=_swaths(scenario, distance),
        first_number=_first_number(-node, track, n_bursts)[0],
    )


def _swaths(scenario: SceneScenario, distance: float) -> tuple[SwathPlace, ...]:
    """Place the sub-swaths side by side, centred on a range [m]; first samples differ by whole samples."""
    stride = scenario.samples - scenario.n_shared
    total = scenario.samples + (len(scenario.swaths) - 1) * stride
    rate = scenario.beam(scenario.swaths[0]).sampling_rate
    first = round((2.0 * distance / SPEED_OF_LIGHT - 0.5 * total / rate) * 1e12) / 1e12
    return tuple(
        SwathPlace(
            beam=scenario.beam(name),
            near=0.5 * SPEED_OF_LIGHT * (first + k * stride / rate),
            samples=scenario.samples,
            coarseness=scenario.coarseness,
        )
        for k, name in enumerate(scenario.swaths)
    )


def _absolute_orbit(flown: Pass, track: int) -> int:
    """Return the orbit number of a platform on a day that has the track nearest to what its count would be."""
    day, known = _KNOWN_ORBITS.get(flown.platform, _KNOWN_ORBITS["S1A"])
    # before its launch a satellite flies in its first cycle
    guess = max(known + round((flown.day - day).days * ORBITS_PER_CYCLE / 12), 91)
    platform = Platform.named(flown.platform)
    near = sorted(range(guess - 90, guess + 91), key=lambda orbit: abs(orbit - guess))
    return next((orbit for orbit in near if platform.relative_orbit(orbit) == track), guess)
