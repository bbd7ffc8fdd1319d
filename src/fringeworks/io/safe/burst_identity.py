"""Which ground a burst shows: by ESA's formula, by the product's own word, and by the orbit; all have to agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fringeworks.errors import CalculationError, MetadataMismatchError
from fringeworks.io.safe.ascending_node import time_of_node
from fringeworks.io.safe.timing import BurstTiming
from fringeworks.io.safe.tree import Node
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.burst_cycle import (
    ORBIT_PERIOD,
    burst_id,
    cycle_of,
    numbers_in_cycle,
    phase_of,
    track_of,
)
from fringeworks.model.identity import N_TRACKS, BurstId, Instant, Swath
from fringeworks.model.tally import Finding

NODE_TOLERANCE: Final = 0.15
"""How far the node by the orbit may stray [s]: the field it leaves out is worth 0.05 s over one orbit, and S1A in 2014
was up to 0.03 s off; a burst number is 2.76 s wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What burst numbers of one sub-swath hang on.

    Attributes
    ----------
    swath : Swath
        Sub-swath.
    start : Instant
        Start of the product.
    relative_orbits : tuple of (int, int)
        Track at start and end, by the manifest.
    node : Instant
        Ascending node, as annotated.
    orbit : StateVectors
        Annotated orbit.
    """

    swath: Swath
    start: Instant
    relative_orbits: tuple[int, int]
    node: Instant
    orbit: StateVectors


def identify(
    root: Node, timings: tuple[BurstTiming, ...], place: Place
) -> tuple[tuple[BurstId | None, ...], tuple[Finding, ...]]:
    """Return the identity of every burst.

    Parameters
    ----------
    root : Node
        Root of the annotation, for messages.
    timings : tuple of BurstTiming
        The burst list.
    place : Place
        Track, node and orbit.

    Returns
    -------
    ids : tuple of BurstId
        By ESA's formula with the annotated node and the manifest's track.
    findings : tuple of Finding
        How well the orbit agrees.

    Raises
    ------
    MetadataMismatchError
        The formula disagrees with the burst number the product writes, with the orbit, or with the manifest's track;
        both are named.
    """
    if not timings:
        return (), ()
    node_by_orbit = _node_by_orbit(root, place)
    laps = round(node_by_orbit.seconds_since(place.node) / ORBIT_PERIOD)
    stray = node_by_orbit.seconds_since(place.node) - laps * ORBIT_PERIOD
    ids = tuple(_identify(root, t, place, node_by_orbit=node_by_orbit, laps=laps) for t in timings)
    text = f"{place.swath}: the ascending node by the orbit lies {stray:+.3f} s from the annotated one"
    level = "ok" if abs(stray) <= NODE_TOLERANCE else "warning"
    return ids, (Finding(level, "burst identity", text),)


def _node_by_orbit(root: Node, place: Place) -> Instant:
    before = place.start.seconds_since(place.orbit.epoch)
    try:
        seconds = time_of_node(place.orbit, before=before)
    except CalculationError as error:
        raise root.refuse(f"the orbit list gives {error.found}", expected=error.expected) from error
    return Instant.parse(place.orbit.epoch).plus(seconds)


def _identify(root: Node, timing: BurstTiming, place: Place, *, node_by_orbit: Instant, laps: int) -> BurstId:
    since = timing.sensing.seconds_since(place.node) - laps * ORBIT_PERIOD
    track = place.relative_orbits[0]
    if not -ORBIT_PERIOD < since < 3 * ORBIT_PERIOD:
        raise root.refuse(
            f"a burst of {timing.sensing} and a node of {place.node}", expected="the same orbit"
        )
    found = burst_id(relative_orbit=track, since_node=since, swath=place.swath)
    _check_annotated(root, timing, found)
    _check_orbit(root, timing, place, found, timing.sensing.seconds_since(node_by_orbit))
    if found.relative_orbit not in _neighbours(place):
        raise MetadataMismatchError(
            f"{root.file}: burst number {found.number} lies on track {found.relative_orbit}, the manifest says tracks "
            f"{place.relative_orbits}",
            expected="the same track",
            hint="the product's node or track is wrong; fetch it again or leave it out",
        )
    return found


def _neighbours(place: Place) -> set[int]:
    """Tracks a burst may lie on: those of the manifest, and at the node itself the one before."""
    first, last = place.relative_orbits
    slack = cycle_of(place.swath).period
    at_node = place.start.seconds_since(place.node) % ORBIT_PERIOD < 2 * slack
    return {first, last, (first - 2) % N_TRACKS + 1} if at_node else {first, last}


def _check_annotated(root: Node, timing: BurstTiming, found: BurstId) -> None:
    number = timing.annotated_number
    if number is not None and number != found.number:
        said = BurstId(track_of(number, found.swath), number, found.swath) if 0 < number < 10**6 else number
        raise MetadataMismatchError(
            f"{root.file}: the burst of {timing.start} is {found} by ESA's formula, but the product calls it {said}",
            expected="the same burst",
            hint="the product's node or burst list is wrong; fetch it again or leave it out",
        )


def _check_orbit(
    root: Node, timing: BurstTiming, place: Place, found: BurstId, since_node_by_orbit: float
) -> None:
    phase = phase_of(
        relative_orbit=place.relative_orbits[0], since_node=since_node_by_orbit, swath=place.swath
    )
    cycle = cycle_of(place.swath).period
    lap = float(numbers_in_cycle(place.swath.mode))
    off = (phase - (found.number - 0.5) + 0.5 * lap) % lap - 0.5 * lap
    if abs(off) > 0.5 + NODE_TOLERANCE / cycle:
        by_orbit = burst_id(
            relative_orbit=place.relative_orbits[0], since_node=since_node_by_orbit, swath=place.swath
        )
        raise MetadataMismatchError(
            f"{root.file}: the burst of {timing.start} is {found} by the annotated ascending node, but {by_orbit} by the "
            "orbit's own state vectors",
            expected="the same burst",
            hint="the annotated node is wrong, as it is in some products; fetch it again or leave it out",
        )
