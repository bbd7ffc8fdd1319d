"""Orbit files (EOF) of the Copernicus POD service: their names and their state vectors.

``S1A_OPER_AUX_POEORB_OPOD_<made>_V<start>_<stop>.EOF`` is an Earth Explorer XML file, also found zipped
(``.EOF.zip``).
"""

from __future__ import annotations

import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from lxml import etree

from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError, TooFewDataError
from fringeworks.model.acquisition import OrbitSource, StateVectors
from fringeworks.model.identity import Instant, Platform

_MAX_BYTES: Final = 64 * 2**20  # a day of state vectors is 5 MB of XML
_NAME = re.compile(
    r"(?P<platform>S1[A-Z])_[A-Z]{4}_AUX_(?P<kind>POEORB|RESORB)_[A-Z0-9]{4}"
    r"_(?P<made>\d{8}T\d{6})_V(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})\.EOF(?:\.zip)?",
    re.IGNORECASE,
)
_KINDS: Final[dict[str, OrbitSource]] = {"POEORB": "precise", "RESORB": "restituted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrbitFile:
    """What the name of an orbit file says.

    Attributes
    ----------
    path : Path
        The file.
    platform : Platform
        Satellite.
    kind : {"precise", "restituted"}
        Precise (POEORB, 5 cm, weeks later) or restituted (RESORB, 10 cm, hours later).
    made : Instant
        When it was made; of two with the same span the later one is better.
    start, stop : Instant
        Span of validity.
    """

    path: Path
    platform: Platform
    kind: OrbitSource
    made: Instant
    start: Instant
    stop: Instant

    def overlap(self, start: Instant, stop: Instant) -> float:
        """Return the seconds of a span that the file's validity covers."""
        return min(self.stop, stop).seconds_since(max(self.start, start))


@dataclass(frozen=True, slots=True)
class _Vector:
    utc: Instant
    tai_minus_utc: float
    values: tuple[float, ...]


def parse_orbit_name(path: Path) -> OrbitFile | None:
    """Read the name of an orbit file; None where it is no such name."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    return OrbitFile(
        path=path,
        platform=Platform.named(match["platform"]),
        kind=_KINDS[match["kind"].upper()],
        made=_stamp(match["made"]),
        start=_stamp(match["start"]),
        stop=_stamp(match["stop"]),
    )


def _stamp(text: str) -> Instant:
    d, t = text[:8], text[9:]
    return Instant.parse(f"{d[:4]}-{d[4:6]}-{d[6:]}T{t[:2]}:{t[2:4]}:{t[4:]}")


def read_orbit_file(
    path: Path, *, start: Instant | None = None, stop: Instant | None = None, epoch: str = ""
) -> StateVectors:
    """Read the state vectors of one orbit file.

    Parameters
    ----------
    path : Path
        ``.EOF`` or ``.EOF.zip``.
    start, stop : Instant, optional
        Only state vectors within this span are kept.
    epoch : str
        UTC instant (ISO 8601, whole second) to count from; empty: the second of the first state vector.

    Returns
    -------
    StateVectors
        Repeated times are dropped, the first one is kept; vectors whose quality is not ``NOMINAL`` are dropped.

    Raises
    ------
    MissingInputError
        There is no such file.
    DamagedFileError
        It is no orbit file, is truncated, or its state vectors contradict each other.
    MetadataMismatchError
        The frame is not Earth-fixed, the times are not UTC, the satellite is not the one in the name, or a leap
        second lies inside the span.
    TooFewDataError
        No state vector lies in the span.
    """
    root = _parse_xml(path)
    kind = _check_header(root, path)
    keep = _in_order(_read_vectors(root, path, start, stop), start, stop)
    if not keep:
        raise TooFewDataError(
            f"no state vector of {path.name} lies between {start or 'its start'} and {stop or 'its end'}",
            expected="an orbit file that covers the acquisition",
            hint="give the orbit file of that day",
        )
    _check_clock(keep, path)
    origin = epoch or keep[0].utc.whole_second.iso
    values = np.array([vector.values for vector in keep], np.float64)
    states = StateVectors(
        epoch=origin,
        time=np.array([vector.utc.seconds_since(origin) for vector in keep]),
        position=values[:, :3],
        velocity=values[:, 3:],
        source=kind,
        frame="EARTH_FIXED",
    )
    _check_motion(states, path)
    return states


def _parse_xml(path: Path) -> etree._Element:
    if not path.is_file():
        raise MissingInputError(f"no file {path}", expected="an orbit file", hint="correct inputs.orbits")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        if path.suffix.lower() != ".zip":
            with path.open("rb") as stream:
                return _parse_stream(stream, path.stat().st_size, parser, path)
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.upper().endswith(".EOF")]
            if len(members) != 1:
                raise DamagedFileError(
                    f"{path.name} holds {len(members)} orbit files", expected="exactly one", hint="unpack it"
                )
            with archive.open(members[0]) as stream:
                return _parse_stream(stream, members[0].file_size, parser, path)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, EOFError) as error:
        raise DamagedFileError(
            f"{path.name} cannot be read: {error}", expected="a complete orbit file", hint="download it again"
        ) from error


def _parse_stream(stream: IO[bytes], size: int, parser: etree.XMLParser, path: Path) -> etree._Element:
    content = stream.read(_MAX_BYTES + 1)
    if size > _MAX_BYTES or len(content) > _MAX_BYTES:
        raise DamagedFileError(
            f"{path.name} holds more than {_MAX_BYTES >> 20} MiB", expected="an orbit file"
        )
    return etree.fromstring(content, parser)


def _check_header(root: etree._Element, path: Path) -> OrbitSource:
    words = {
        key: (root.findtext(f".//{key}") or "").strip()
        for key in ("File_Type", "Ref_Frame", "Time_Reference")
    }
    kind = _KINDS.get(words["File_Type"].removeprefix("AUX_"))
    if kind is None:
        raise DamagedFileError(
            f"{path.name} is of type {words['File_Type'][:40] or 'none'}", expected="AUX_POEORB or AUX_RESORB"
        )
    if words["Ref_Frame"] != "EARTH_FIXED" or words["Time_Reference"] != "UTC":
        raise MetadataMismatchError(
            f"{path.name} counts in {words['Ref_Frame'] or 'no frame'} and {words['Time_Reference'] or 'no time'}",
            expected="EARTH_FIXED and UTC",
            hint="take the orbit file from the Copernicus POD service",
        )
    named = parse_orbit_name(path)
    mission = (root.findtext(".//Mission") or "").strip()
    if named is not None and mission and mission[-1:] != named.platform.name[-1:]:
        raise MetadataMismatchError(
            f"{path.name} says inside that it is of {mission}", expected=str(named.platform)
        )
    return kind


def _read_vectors(
    root: etree._Element, path: Path, start: Instant | None, stop: Instant | None
) -> list[_Vector]:
    block = root.find(".//List_of_OSVs")
    vectors = [] if block is None else block.findall("OSV")
    if not vectors:
        # the stated count is not held against a file: crops of a day's file carry the count of the whole
        raise DamagedFileError(
            f"{path.name} holds no state vector", expected="at least one", hint="download it again"
        )
    # whole seconds of ISO 8601 sort as text: a day of state vectors is not parsed for the two minutes wanted
    first = start.iso[:19] if start else ""
    last = stop.iso[:19] if stop else "~"
    kept: list[_Vector] = []
    for number, vector in enumerate(vectors, start=1):
        second = (vector.findtext("UTC") or "").strip().removeprefix("UTC=")[:19]
        nominal = (vector.findtext("Quality") or "NOMINAL").strip() == "NOMINAL"
        if nominal and first <= second <= last:
            kept.append(_read_vector(vector, number, path))
    return kept


def _read_vector(vector: etree._Element, number: int, path: Path) -> _Vector:
    try:
        utc = Instant.parse(vector.findtext("UTC") or "")
        tai = Instant.parse((vector.findtext("TAI") or "").removeprefix("TAI="))
        values = tuple(float(vector.findtext(tag) or "") for tag in ("X", "Y", "Z", "VX", "VY", "VZ"))
    except ValueError as error:
        raise DamagedFileError(
            f"{path.name}: state vector {number} is incomplete", expected="TAI, UTC, X Y Z, VX VY VZ"
        ) from error
    if not all(math.isfinite(v) for v in values):
        raise DamagedFileError(f"{path.name}: state vector {number} is not finite", expected="numbers")
    return _Vector(utc, round(tai.seconds_since(utc), 3), values)


def _in_order(vectors: list[_Vector], start: Instant | None, stop: Instant | None) -> list[_Vector]:
    keep: list[_Vector] = []
    for vector in sorted(vectors, key=lambda v: v.utc):
        inside = (start is None or vector.utc >= start) and (stop is None or vector.utc <= stop)
        if inside and not (keep and keep[-1].utc == vector.utc):
            keep.append(vector)
    return keep


def _check_clock(vectors: list[_Vector], path: Path) -> None:
    offsets = {vector.tai_minus_utc for vector in vectors}
    if len(offsets) > 1:
        raise MetadataMismatchError(
            f"{path.name}: TAI - UTC is {' and '.join(str(o) for o in sorted(offsets))} s among the state vectors",
            expected="one value: no leap second inside the span that is read",
            hint="read the span before or after the leap second",
        )


def _check_motion(states: StateVectors, path: Path) -> None:
    """Refuse state vectors whose positions and velocities contradict each other (a damaged digit)."""
    step = np.diff(states.time)[:, None]
    trapezoid = 0.5 * step * (states.velocity[1:] + states.velocity[:-1])
    miss = np.linalg.norm(np.diff(states.position, axis=0) - trapezoid, axis=1)
    # the trapezoid misses by step^3 / 12 of the third derivative, 0.009 m/s^3 for this orbit: 0.7 m in 10 s
    wrong = np.flatnonzero(miss > 1.0 + 0.0015 * step[:, 0] ** 3)
    if wrong.size:
        raise DamagedFileError(
            f"{path.name}: positions and velocities contradict each other by {miss[wrong[0]]:.3g} m"
            f" at {states.time[wrong[0]]:.0f} s after {states.epoch}",
            expected="the state vectors of one orbit",
            hint="download it again",
        )
