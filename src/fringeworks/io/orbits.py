"""Which orbit file covers an acquisition: precise before restituted before annotated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fringeworks.errors import MissingInputError
from fringeworks.io.eof import OrbitFile, parse_orbit_name, read_orbit_file
from fringeworks.model.acquisition import OrbitSource, StateVectors
from fringeworks.model.identity import Instant, Platform
from fringeworks.model.tally import Finding

MARGIN_SECONDS: Final = 60.0
"""State vectors asked for on either side of an acquisition: six at the usual 10 s."""
_RANK: Final[dict[OrbitSource, int]] = {"precise": 0, "restituted": 1, "annotation": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenOrbit:
    """State vectors for an acquisition and where they come from.

    Attributes
    ----------
    states : StateVectors
        In order of time, covering the acquisition with its margin where the source allows.
    files : tuple of Path
        Files they were read from; empty for the annotated orbit.
    finding : Finding
        ``ok`` for precise, ``note`` for restituted, ``warning`` for the annotated orbit.
    """

    states: StateVectors
    files: tuple[Path, ...]
    finding: Finding


def list_orbit_files(folder: Path) -> tuple[OrbitFile, ...]:
    """Return the orbit files of a folder (not of its subfolders), in order of time.

    Raises
    ------
    MissingInputError
        There is no such folder.
    """
    if not folder.is_dir():
        raise MissingInputError(
            f"no folder {folder}",
            expected="a folder of EOF files",
            hint="correct inputs.orbits, or leave it out",
        )
    found = [parsed for path in sorted(folder.iterdir()) if (parsed := parse_orbit_name(path)) is not None]
    return tuple(sorted(found, key=lambda f: (f.start, f.made)))


def choose_orbit(
    files: Sequence[OrbitFile],
    *,
    platform: Platform,
    start: Instant,
    stop: Instant,
    annotation: StateVectors | None = None,
    margin: float = MARGIN_SECONDS,
) -> ChosenOrbit:
    """Choose the best state vectors that cover an acquisition.

    A precise file that covers the span with its margin comes first, then a restituted one, then two restituted
    files that cover it together, then the annotated orbit with a warning.  Of several, the one made last.

    Parameters
    ----------
    files : sequence of OrbitFile
        Candidates (:func:`list_orbit_files`).
    platform : Platform
        Satellite.
    start, stop : Instant
        First and last line of the acquisition.
    annotation : StateVectors, optional
        The product's own orbit, used when no file covers.
    margin : float
        Seconds of state vectors wanted on either side.

    Raises
    ------
    MissingInputError
        No file covers the span and no annotated orbit is given; the message lists the nearest file.
    """
    early, late = start.plus(-margin), stop.plus(margin)
    of_platform = [f for f in files if f.platform == platform]
    chosen = _covering(of_platform, early, late)
    if chosen:
        states = _join([read_orbit_file(f.path, start=early, stop=late) for f in chosen])
        # a cropped file may cover by its name and not by its vectors
        if states.first <= start and states.last >= stop:
            return _as_chosen(states, tuple(f.path for f in chosen), start, stop)
    if annotation is None:
        raise MissingInputError(
            f"no orbit file of {platform} covers {start} to {stop} ({_nearest(of_platform, start)})",
            expected=f"a POEORB or RESORB file of {platform} valid then, with {margin:.0f} s to spare",
            hint="put it into the orbits folder, or allow the annotated orbit",
        )
    return _as_chosen(annotation, (), start, stop)


def _covering(files: Sequence[OrbitFile], early: Instant, late: Instant) -> tuple[OrbitFile, ...]:
    order = sorted(files, key=lambda f: (_RANK[f.kind], -f.made.nanoseconds, f.path.name))
    for one in order:
        if one.start <= early and one.stop >= late:
            return (one,)
    for first in order:
        for second in order:
            if first.start <= early and second.stop >= late and first.stop >= second.start:
                return first, second
    return ()


def _join(parts: Sequence[StateVectors]) -> StateVectors:
    """Put state vectors of several files in order; the better source wins where times repeat."""
    if len(parts) == 1:
        return parts[0]
    origin = min(parts, key=lambda p: p.first).epoch
    parts = sorted((p.since(origin) for p in parts), key=lambda p: _RANK[p.source])
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time, kind="stable")
    fresh = np.concatenate([[True], np.diff(time[order]) > 0.5])
    order = order[fresh]
    return StateVectors(
        epoch=origin,
        time=time[order],
        position=np.concatenate([p.position for p in parts])[order],
        velocity=np.concatenate([p.velocity for p in parts])[order],
        source=parts[-1].source,
        frame=parts[0].frame,
    )


def _as_chosen(states: StateVectors, files: tuple[Path, ...], start: Instant, stop: Instant) -> ChosenOrbit:
    names = " and ".join(p.name for p in files)
    level = {"precise": "ok", "restituted": "note", "annotation": "warning"}[states.source]
    text = {
        "precise": f"precise orbit {names}",
        "restituted": f"restituted orbit {names} (about 10 cm; the precise one comes after three weeks)",
        "annotation": "no orbit file covers the acquisition: the annotated orbit is used",
    }[states.source]
    if states.first > start or states.last < stop:
        raise MissingInputError(
            f"state vectors span {states.first} to {states.last}",
            expected=f"{start} to {stop}",
            hint="give the orbit file of that day",
        )
    return ChosenOrbit(states=states, files=files, finding=Finding(level, "orbit", text))


def _nearest(files: Iterable[OrbitFile], start: Instant) -> str:
    best = min(files, key=lambda f: abs(f.start.seconds_since(start)), default=None)
    return "there is none of this satellite" if best is None else f"the nearest is {best.path.name}"
