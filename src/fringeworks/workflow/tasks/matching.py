"""Task: what amplitudes say of the place of one date's samples in a sub-swath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.tops.matching import estimate_match
from fringeworks.tops.options import MatchingOptions
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import open_samples, read_samples, step_at

PATCH = (64, 128)
"""Lines and samples of a patch."""
MOST_PATCHES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSpec:
    """One date of one sub-swath.

    Attributes
    ----------
    store : str
        Working store.
    strips : tuple of (str, int, int, int)
        Array of step ``overlaps``, number of its bursts, lines and samples.
    date, reference : int
        Indices of the dates.
    options : MatchingOptions
        How.
    """

    store: str
    strips: tuple[tuple[str, int, int, int], ...]
    date: int
    reference: int
    options: MatchingOptions


def match(spec: MatchSpec) -> Payload:
    """Match patches of a date with the reference's."""
    places = _places(spec)
    step = step_at(spec.store, "overlaps")
    first: list[NDArray[np.complex64]] = []
    second: list[NDArray[np.complex64]] = []
    for array, burst, line, sample in places:
        samples = open_samples(step, array)
        window = (burst, slice(line, line + PATCH[0]), slice(sample, sample + PATCH[1]))
        first.append(read_samples(samples, (spec.reference, *window)))
        second.append(read_samples(samples, (spec.date, *window)))
    if not first:
        return _nothing("the strips are smaller than a patch")
    found = estimate_match(np.stack(first), np.stack(second), options=spec.options)
    return {
        "found": found.is_found,
        "lines": found.lines,
        "lines_sigma": _number(found.lines_sigma),
        "samples": found.samples,
        "samples_sigma": _number(found.samples_sigma),
        "correlation": _number(found.correlation),
        "tally": found.tally.as_dict(),
        "why": "; ".join(f.text for f in found.findings),
    }


def _nothing(why: str) -> Payload:
    tally = {"what": "patches", "considered": 0, "used": 0, "rejected": {}}
    return {
        "found": False,
        "lines": 0.0,
        "lines_sigma": None,
        "samples": 0.0,
        "samples_sigma": None,
        "correlation": None,
        "tally": tally,
        "why": why,
    }


def _places(spec: MatchSpec) -> list[tuple[str, int, int, int]]:
    """Return where patches lie: array, burst, first line, first sample; evenly thinned where there are many."""
    places = [
        (array, burst, line, sample)
        for array, n_bursts, lines, samples in spec.strips
        for burst in range(n_bursts)
        for line in range(0, lines - PATCH[0] + 1, PATCH[0])
        for sample in range(0, samples - PATCH[1] + 1, PATCH[1])
    ]
    every = max(1, -(-len(places) // MOST_PATCHES))
    return places[::every]


def _number(value: float) -> Any:
    return float(value) if np.isfinite(value) else None
