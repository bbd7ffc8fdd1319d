"""Headers of a GAMMA stack checked against each other: wavelength, geometry, baselines, look-up table."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SENTINEL1_FREQUENCY
from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError, UnitError
from fringeworks.io.importers.gamma_files import GammaFiles
from fringeworks.io.importers.gamma_headers import (
    BaselineHeader,
    ImageHeader,
    read_image_header,
    read_perpendicular_table,
)
from fringeworks.io.importers.gamma_look import LookGeometry, house_baseline, spherical_angles
from fringeworks.io.importers.stack_checks import triplets_of
from fringeworks.model.stack import Pair
from fringeworks.model.tally import Finding

_BASELINE_SLACK = 5.0
"""Baselines refined with ground control differ from the orbits' by up to a metre [m]."""


def read_headers(files: GammaFiles) -> tuple[dict[date, ImageHeader], list[ImageHeader], dict[date, str]]:
    """Read the headers of all dates.

    Returns
    -------
    dict of date to ImageHeader, list of ImageHeader, dict of date to str
        The header that speaks for each date (the multilooked one); all headers; damaged dates, with the reason.

    Raises
    ------
    MissingInputError
        There is no header at all.
    DamagedFileError
        None of them can be read.
    MetadataMismatchError
        A header's date is not that of its name.
    """
    if not files.headers:
        raise MissingInputError(
            f"no image parameter file below {files.root}",
            expected="files such as r20180106_VV_8rlks_mli.par: wavelength and geometry are not guessed",
            hint="put the *mli.par files beside the interferograms",
        )
    main: dict[date, ImageHeader] = {}
    every: list[ImageHeader] = []
    damaged: dict[date, str] = {}
    for day, paths in files.headers.items():
        try:
            group = [read_image_header(path) for path in paths]
        except DamagedFileError as error:
            damaged[day] = str(error)
            continue
        for header in group:
            if header.day != day:
                raise MetadataMismatchError(
                    f"{header.path} is named {day}, but says date {header.day}",
                    expected="name and content that agree",
                    hint="find out which of the two is right",
                )
        main[day] = group[0]
        every += group
    if not main:
        raise DamagedFileError(next(iter(damaged.values())), expected="at least one header that can be read")
    return main, every, damaged


def check_wavelength(headers: list[ImageHeader]) -> list[Finding]:
    """Refuse headers that disagree on the radar frequency, or cannot be right.

    Raises
    ------
    MetadataMismatchError
        Two headers differ, or a Sentinel-1 header says another band.
    UnitError
        The frequency is outside 0.3 to 12 GHz.
    """
    first = headers[0]
    if not 0.3e9 < first.frequency < 12e9:
        raise UnitError(
            f"{first.path} says radar_frequency {first.frequency:g}", expected="hertz, 0.3e9 to 12e9"
        )
    for header in headers[1:]:
        if abs(header.frequency / first.frequency - 1) > 1e-6:
            raise MetadataMismatchError(
                f"radar frequency {header.frequency:.7g} Hz in {header.path} and {first.frequency:.7g} Hz in {first.path}",
                expected="one wavelength for the whole stack",
                hint="headers of two sensors are mixed",
            )
    text = f"{first.wavelength:.7f} m ({first.frequency / 1e9:.7f} GHz) in all {len(headers)} headers"
    if first.sensor.upper().startswith("S1"):
        if abs(first.frequency / SENTINEL1_FREQUENCY - 1) > 1e-5:
            raise MetadataMismatchError(
                f"{first.path} says sensor {first.sensor} and {first.frequency:.7g} Hz",
                expected=f"{SENTINEL1_FREQUENCY:.7g} Hz for Sentinel-1",
                hint="the header was changed by hand, or the sensor is another",
            )
        text += ", the carrier of Sentinel-1"
    return [Finding("ok", "wavelength", text)]


def check_same_track(headers: dict[date, ImageHeader]) -> list[Finding]:
    """Refuse dates that were not seen from the same track with the same looks.

    Raises
    ------
    MetadataMismatchError
        Looks, heading (1 degree), incidence (0.5 degree) or side differ.
    """
    days = sorted(headers)
    first = headers[days[0]]
    for day in days[1:]:
        other = headers[day]
        turn = abs(math.remainder(other.heading - first.heading, math.tau))
        tilt = abs(other.incidence - first.incidence)
        if other.looks != first.looks or turn > math.radians(1) or tilt > math.radians(0.5):
            raise MetadataMismatchError(
                f"{other.path}: looks {other.looks}, heading {math.degrees(other.heading):.2f}, incidence "
                f"{math.degrees(other.incidence):.2f} degrees; {first.path}: looks {first.looks}, heading "
                f"{math.degrees(first.heading):.2f}, incidence {math.degrees(first.incidence):.2f} degrees",
                expected="one track and one number of looks for the whole stack",
                hint="keep stacks of different tracks in different folders",
            )
    if abs(abs(first.azimuth_angle) - math.pi / 2) > math.radians(5):
        raise MetadataMismatchError(
            f"{first.path} says azimuth_angle {math.degrees(first.azimuth_angle):.1f} degrees",
            expected="90 (right looking) or -90 (left looking)",
        )
    side = "right" if first.azimuth_angle > 0 else "left"
    return [
        Finding(
            "ok",
            "geometry",
            f"{len(days)} dates with heading {math.degrees(first.heading):.2f} degrees, {side} looking, "
            f"{first.looks.azimuth} x {first.looks.range} looks (azimuth x range)",
        )
    ]


def check_incidence(header: ImageHeader) -> list[Finding]:
    """Compare the header's incidence angle with the one its radii and centre range give on a sphere."""
    _, computed = spherical_angles(header.satellite_radius, header.earth_radius, header.centre_range)
    off = math.degrees(float(computed) - header.incidence)
    text = (
        f"at the centre of the image the header says {math.degrees(header.incidence):.3f} degrees of incidence, "
        f"its radii and range give {math.degrees(float(computed)):.3f}"
    )
    return [Finding("ok" if abs(off) < 0.5 else "warning", "geometry", text)]


def check_table(geometry: LookGeometry) -> list[Finding]:
    """Compare ranges and lines of the look-up table with those of the orbit, on about a thousand pixels."""
    if geometry.table is None or geometry.way != "orbit":
        return []
    rows, cols = geometry.grid.shape
    gaps: list[NDArray[np.float64]] = []
    header = geometry.header
    for row in np.unique(np.linspace(0, rows - 1, 10).astype(int)):
        window = range(int(row), int(row) + 1), range(cols)
        sample, line = geometry.table.window(*window)
        look = geometry.window(*window)
        gap_range = header.near_range + sample * header.range_spacing - look.slant_range
        gap_line = line - (look.time + header.centre_time - header.start_time) / header.line_time
        gaps.append(np.stack([gap_range[0], gap_line[0]]))
    both = np.concatenate(gaps, axis=1)
    both = both[:, np.isfinite(both).all(axis=0)]
    if not both.size:
        return [
            Finding(
                "warning", "geometry", f"{geometry.table.path.name} holds no radar coordinates on this grid"
            )
        ]
    range_off, line_off = np.median(both[0]), np.median(both[1])
    text = (
        f"{geometry.table.path.name} and the orbit agree to {range_off:+.1f} m in range (spread {both[0].std():.1f} m) "
        f"and {line_off:+.2f} lines (spread {both[1].std():.2f})"
    )
    # heights that count from a geoid (up to 110 m) move the range by up to 100 m
    agrees = abs(range_off) < 200 and abs(line_off) < 20
    if agrees:
        return [Finding("ok", "geometry", text)]
    return [Finding("warning", "geometry", text + ": the table belongs to other headers; the orbit is used")]


def check_baselines(
    pairs: tuple[Pair, ...], said: list[BaselineHeader | None], flown: list[BaselineHeader | None]
) -> list[Finding]:
    """Refuse a baseline that is turned against the orbits or against the other baselines.

    Parameters
    ----------
    pairs : tuple of Pair
        The pairs.
    said, flown : list of BaselineHeader or None
        As files say, and as the state vectors of the two dates give.

    Raises
    ------
    MetadataMismatchError
        Turned around it fits: the dates of a pair, or of its headers, are swapped.
    """
    vectors = [None if b is None else np.array([b.cross, b.normal]) for b in said]
    paths = [None if b is None else b.path for b in said]
    gaps = []
    for pair, vector, orbit, path in zip(pairs, vectors, flown, paths, strict=True):
        if vector is None or orbit is None or path is None:
            continue
        truth = np.array([orbit.cross, orbit.normal])
        gap, turned = float(np.linalg.norm(vector - truth)), float(np.linalg.norm(vector + truth))
        if gap > _BASELINE_SLACK and turned < 0.3 * gap:
            raise _swapped(path, pair, f"the state vectors of its two dates give {_metres(truth)}", vector)
        gaps.append(gap)
    findings = []
    if gaps:
        level = "ok" if max(gaps) < _BASELINE_SLACK else "warning"
        text = f"{len(gaps)} baselines agree with the state vectors to {max(gaps):.2f} m, in the order the names say"
        findings.append(Finding(level, "baseline", text))
    findings += _loops(pairs, vectors, paths)
    missing = sum(v is None for v in vectors)
    if missing:
        replaced = sum(v is None and o is not None for v, o in zip(vectors, flown, strict=True))
        text = f"{missing} pairs have no baseline file; {replaced} of them are taken from the state vectors"
        findings.append(Finding("note" if replaced == missing else "warning", "baseline", text))
    return findings


def _loops(
    pairs: tuple[Pair, ...], vectors: list[NDArray[np.float64] | None], paths: list[Path | None]
) -> list[Finding]:
    misclosures: list[float] = []
    votes: dict[int, list[bool]] = {}
    for triplet in triplets_of(pairs):
        parts = [(k, sign, vectors[k]) for k, sign in triplet.signed]
        known = [(k, sign * vector) for k, sign, vector in parts if vector is not None]
        if len(known) < 3:
            continue
        total = np.sum([vector for _, vector in known], axis=0)
        gap = float(np.linalg.norm(total))
        misclosures.append(gap)
        turned = {k: float(np.linalg.norm(total - 2 * vector)) for k, vector in known}
        best = min(turned, key=lambda k: turned[k])
        for k, _ in known:
            votes.setdefault(k, []).append(k == best and gap > _BASELINE_SLACK and turned[k] < 0.3 * gap)
    for k, said in votes.items():
        vector, path = vectors[k], paths[k]
        if sum(said) > len(said) / 2 and vector is not None and path is not None:
            raise _swapped(
                path, pairs[k], f"{sum(said)} of its {len(said)} loops close only turned around", vector
            )
    if not misclosures:
        return []
    level = "ok" if max(misclosures) < _BASELINE_SLACK else "warning"
    text = (
        f"{len(misclosures)} loops of baselines, B(1,2) + B(2,3) = B(1,3), close to {max(misclosures):.2f} m"
    )
    return [Finding(level, "baseline", text)]


def check_tables_of_baselines(
    tables: list[tuple[Path | None, BaselineHeader | None]],
    *,
    headers: dict[date, ImageHeader],
    pairs: tuple[Pair, ...],
) -> list[Finding]:
    """Compare the tables of perpendicular baselines with our own figures from the vectors, at the tables' points."""
    gaps = []
    for (path, baseline), pair in zip(tables, pairs, strict=True):
        if path is None or baseline is None:
            continue
        table, header = read_perpendicular_table(path), headers[pair.reference]
        time = header.start_time + table[:, 0] * header.line_time - header.centre_time
        look = np.radians(table[:, 5])
        ours = -house_baseline(baseline, cosine=np.cos(look), sine=np.sin(look), time=time)
        gaps.append(float(np.abs(ours - table[:, 7]).max()))
    if not gaps:
        return []
    text = f"{len(gaps)} tables of perpendicular baselines agree with the vectors to {max(gaps):.3f} m"
    return [Finding("ok" if max(gaps) < 0.5 else "warning", "baseline", text)]


def _swapped(path: Path, pair: Pair, why: str, vector: NDArray[np.float64]) -> MetadataMismatchError:
    return MetadataMismatchError(
        f"the baseline of pair {pair} in {path} is {_metres(vector)}, but {why}",
        expected="the vector from the earlier to the later date",
        hint="the dates of the pair or of two headers are swapped: find out which, and mend it",
    )


def _metres(vector: NDArray[np.float64]) -> str:
    return f"({vector[0]:.2f}, {vector[1]:.2f}) m across and down"
