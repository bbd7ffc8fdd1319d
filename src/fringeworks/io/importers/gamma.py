"""Stacks of unwrapped interferograms that GAMMA made, exported as GeoTIFF beside its parameter files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from fringeworks.errors import OutOfRangeError
from fringeworks.io.importers import gamma_checks as checks
from fringeworks.io.importers.cubes import PairCube
from fringeworks.io.importers.gamma_files import GammaFiles, dates_in, find_files, holds_unwrapped
from fringeworks.io.importers.gamma_headers import BaselineHeader, ImageHeader, read_baseline
from fringeworks.io.importers.gamma_height import Height, check_map_header, open_height
from fringeworks.io.importers.gamma_look import (
    LookGeometry,
    LookLayer,
    PerpendicularBaselines,
    Way,
    house_baseline,
)
from fringeworks.io.importers.gamma_orbit import FloatArray, Path3D, baseline_from_orbits, earth_fixed
from fringeworks.io.importers.gamma_pairs import Ledger, OpenPair, open_pairs, says_radians, wavelength_tags
from fringeworks.io.importers.gamma_sign import check_sign, sign_evidence
from fringeworks.io.importers.gamma_table import LookupTable
from fringeworks.io.importers.protocol import PhaseSign, ReaderOptions
from fringeworks.io.importers.stack_checks import check_closure, check_unit
from fringeworks.model.grids import Looks, MapGrid
from fringeworks.model.identity import Platform
from fringeworks.model.stack import InterferogramStack, PairNetwork, StackFacts
from fringeworks.model.tally import Finding

_ABSOLUTE_ORBIT: Final = re.compile(r"-(\d{6})-[0-9a-f]{6}-\d{3}")
"""Absolute orbit in the name of a Sentinel-1 measurement file, which GAMMA keeps as title."""

_DEFINITION: Final = (
    "GAMMA multiplies SLC-1 by the conjugate of SLC-2, and an SLC's phase is -4 pi R / lambda, so the unwrapped phase is "
    "+4 pi / lambda (R2 - R1): positive = SLC-2 sees the ground farther away. SLC-1 is the first, earlier date of the "
    "file's name. "
)
_DOUBT: Final = (
    "A sign turned in all pairs together, on export, would not be seen: if it was, say phase_sign: toward."
)


_WAYS: Final = MappingProxyType(
    {
        "orbit": ("ok", "look angles of each pixel from the state vectors, position and height"),
        "table": (
            "note",
            "look angles of each pixel from the look-up table and the header's radii: no state vectors over the scene",
        ),
        "constant": (
            "warning",
            "one incidence angle for all, the header's: neither state vectors over the scene, nor a look-up table",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class GammaReader:
    """Reads a folder of GAMMA GeoTIFFs and parameter files, in any layout below it.

    Notes
    -----
    Unwrapped phase ``*unw.tif`` [rad], coherence ``*cc.tif``, DEM ``*dem.tif``, image parameters ``*mli.par`` and
    ``*slc.par`` of each date, baselines ``*base.par`` and ``*bperp.par`` of each pair, map parameters ``*dem.par``, and
    look-up table ``*to_rdc.lt``.  Zeros are missing data in phase and coherence.  Nothing is written.

    A pair that is damaged, empty, or lacks its coherence or a header is refused or excluded, as the options say.
    What contradicts is refused always, since going on would be guessing: another grid, a pair given twice, dates in
    the wrong order, another wavelength, unit, track or sign.
    """

    format: str = "gamma"
    description: str = "GAMMA: unwrapped GeoTIFFs with *mli.par, *base.par and look-up table"

    def find(self, path: Path, /) -> bool:
        """Return whether a folder holds a dated unwrapped GeoTIFF and a GAMMA image parameter file."""
        try:
            return path.is_dir() and holds_unwrapped(path)
        except OSError:
            return False

    def read(self, path: Path, /, *, options: ReaderOptions) -> InterferogramStack:
        """Read headers, check them against each other and the data, and open the rasters lazily.

        Parameters
        ----------
        path : Path
            The folder.
        options : ReaderOptions
            What the user knows better.

        Raises
        ------
        MissingInputError, TooFewDataError
            The folder, the interferograms or their headers are not there.
        DamagedFileError, EmptyPairError
            A file is truncated, or a pair holds nothing (unless such pairs are excluded).
        GridMismatchError, DuplicatePairError, DateOrderError, MetadataMismatchError, UnitError
            Files contradict each other.
        """
        files = find_files(path)
        headers, every, damaged = checks.read_headers(files)
        ledger = Ledger(keep_going=options.unreadable == "exclude")
        findings = [*checks.check_wavelength(every), *checks.check_same_track(headers)]
        pairs = open_pairs(files, ledger=ledger, headers=headers, damaged=damaged)
        samples = tuple(pair.sample for pair in pairs)
        header = headers[_map_day(files, headers, pairs)]
        findings += wavelength_tags(pairs, wavelength=header.wavelength)
        said: Literal["everywhere", "not"] = (
            "everywhere" if all(says_radians(pair.phase.raster) for pair in pairs) else "not"
        )
        findings += check_unit(samples, effective_looks=header.effective_looks, unit_is_said=said)
        findings += check_closure(samples)
        grid = pairs[0].phase.raster.grid
        height = open_height(files, grid, asked_datum=options.dem_datum)
        geometry, notes = _geometry(files, grid, header=header, height=height)
        findings += [*height.findings, *checks.check_incidence(header), *notes]
        baselines, notes = _baselines(pairs, headers, geometry=geometry, phase_sign=options.phase_sign)
        findings += notes
        findings += [Finding("warning", "pairs", f"{p}: {why}") for p, why in sorted(ledger.excluded.items())]
        findings += _undated(files)
        return _assemble(
            pairs, options=options, headers=headers, geometry=geometry, height=height, baselines=baselines,
            findings=findings, ledger=ledger, files=files,
        )  # fmt: skip


def _undated(files: GammaFiles) -> list[Finding]:
    if not files.undated:
        return []
    names = ", ".join(path.name for path in files.undated[:3])
    return [
        Finding(
            "note", "pairs", f"{len(files.undated)} unwrapped rasters without two dates are left: {names}"
        )
    ]


def _map_day(files: GammaFiles, headers: dict[date, ImageHeader], pairs: tuple[OpenPair, ...]) -> date:
    """Return the date whose radar image the map was made for: named by the table or the map header, else the first."""
    for path in (*files.tables, *files.map_headers):
        for day in dates_in(path.name):
            if day in headers:
                return day
    return pairs[0].files.pair.reference


def _geometry(
    files: GammaFiles, grid: MapGrid, *, header: ImageHeader, height: Height
) -> tuple[LookGeometry, list[Finding]]:
    _, found = check_map_header(files, grid)
    findings = list(found)
    table = None
    other_grid = any(f.topic == "grid" and "another grid" in f.text for f in found)
    if files.tables and not other_grid:
        table = LookupTable(path=files.tables[0], shape=grid.shape)
    geometry = LookGeometry(grid=grid, header=header, height=height.raster, table=table)
    way: Way = "orbit" if _orbit_covers(geometry) else "constant" if table is None else "table"
    geometry = replace(geometry, way=way)
    level, text = _WAYS[way]
    findings.append(Finding(level, "geometry", f"{text} ({header.path.name})"))
    if files.tables and len(files.tables) > 1:
        findings.append(
            Finding("note", "geometry", f"{len(files.tables)} look-up tables; {files.tables[0].name} is used")
        )
    return geometry, findings + checks.check_table(geometry)


def _centre(geometry: LookGeometry) -> FloatArray:
    """Return the earth-fixed position of the middle pixel [m], (3)."""
    rows, cols = (range(n // 2, n // 2 + 1) for n in geometry.grid.shape)
    position = earth_fixed(*geometry.angles(rows, cols), geometry.heights(rows, cols))
    return position.reshape(3)


def _orbit_covers(geometry: LookGeometry) -> bool:
    if geometry.header.orbit is None:
        return False
    path = Path3D.of(geometry.header.orbit)
    point = _centre(geometry)
    time = float(path.closest(point, np.array(0.5 * (path.start + path.end)), steps=12))
    return path.start <= time <= path.end


def _baselines(
    pairs: tuple[OpenPair, ...],
    headers: dict[date, ImageHeader],
    *,
    geometry: LookGeometry,
    phase_sign: PhaseSign,
) -> tuple[tuple[BaselineHeader | None, ...], list[Finding]]:
    said = [None if p.files.baseline is None else read_baseline(p.files.baseline) for p in pairs]
    point = _centre(geometry)
    flown = [
        baseline_from_orbits(headers[p.files.pair.reference], headers[p.files.pair.secondary], point=point)
        for p in pairs
    ]
    network = tuple(p.files.pair for p in pairs)
    findings = checks.check_baselines(network, said, flown)
    findings += checks.check_tables_of_baselines(
        [(p.files.perpendicular, b) for p, b in zip(pairs, said, strict=True)], headers=headers, pairs=network
    )
    samples = tuple(pair.sample for pair in pairs)
    evidence = sign_evidence(samples, said, geometry=geometry, wavelength=geometry.header.wavelength)
    findings.append(check_sign(evidence, phase_sign=phase_sign))
    return tuple(one if one is not None else other for one, other in zip(said, flown, strict=True)), findings


def _assemble(
    pairs: tuple[OpenPair, ...],
    *,
    options: ReaderOptions,
    headers: dict[date, ImageHeader],
    geometry: LookGeometry,
    height: Height,
    baselines: tuple[BaselineHeader | None, ...],
    findings: list[Finding],
    ledger: Ledger,
    files: GammaFiles,
) -> InterferogramStack:
    factor = -1.0 if options.phase_sign == "toward" else 1.0
    coherences = [pair.coherence for pair in pairs if pair.coherence is not None]
    if len(coherences) < len(pairs):
        findings.append(
            Finding("warning", "coherence", "no coherence: all interferograms will weigh the same")
        )
    facts = _facts(pairs, headers, geometry=geometry, options=options, findings=findings)
    return InterferogramStack(
        grid=geometry.grid,
        network=PairNetwork.of([pair.files.pair for pair in pairs], _centre_baselines(geometry, baselines)),
        wavelength=geometry.header.wavelength,
        phase=PairCube(rasters=tuple(replace(pair.phase, factor=factor) for pair in pairs)),
        coherence=PairCube(rasters=tuple(coherences)) if len(coherences) == len(pairs) else None,
        height=height.raster,
        incidence=LookLayer(geometry=geometry, name="incidence"),
        los_enu=LookLayer(geometry=geometry, name="los_enu"),
        slant_range=LookLayer(geometry=geometry, name="slant_range"),
        perpendicular_baseline=PerpendicularBaselines(geometry=geometry, baselines=baselines),
        facts=replace(facts, height_datum=height.datum),
        findings=tuple(findings),
        files=_files_read(pairs, files, geometry, height),
        excluded=tuple((str(pair), why) for pair, why in sorted(ledger.excluded.items())),
    )


def _centre_baselines(geometry: LookGeometry, baselines: tuple[BaselineHeader | None, ...]) -> FloatArray:
    rows, cols = (range(n // 2, n // 2 + 1) for n in geometry.grid.shape)
    look = geometry.window(rows, cols)
    cosine, sine, time = (
        float(np.cos(look.look[0, 0])),
        float(np.sin(look.look[0, 0])),
        float(look.time[0, 0]),
    )
    return np.array(
        [
            np.nan if b is None else float(house_baseline(b, cosine=cosine, sine=sine, time=time))
            for b in baselines
        ]
    )


def _files_read(
    pairs: tuple[OpenPair, ...], files: GammaFiles, geometry: LookGeometry, height: Height
) -> tuple[str, ...]:
    found = {path for group in files.headers.values() for path in group}
    found |= set(files.map_headers[:1])
    if height.raster is not None:
        found.add(height.raster.raster.path)
    if geometry.table is not None:
        found.add(geometry.table.path)
    for pair in pairs:
        beside = (pair.files.coherence, pair.files.baseline, pair.files.perpendicular)
        found |= {pair.files.unwrapped, *(path for path in beside if path is not None)}
    return tuple(sorted(str(path) for path in found))


def _facts(
    pairs: tuple[OpenPair, ...],
    headers: dict[date, ImageHeader],
    *,
    geometry: LookGeometry,
    options: ReaderOptions,
    findings: list[Finding],
) -> StackFacts:
    header = geometry.header
    days = sorted({day for pair in pairs for day in (pair.files.pair.reference, pair.files.pair.secondary)})
    tracks, platforms = _tracks([headers[day] for day in days])
    if len(tracks) > 1:
        findings.append(Finding("warning", "geometry", f"titles name several tracks: {sorted(tracks)}"))
    reason = _sign_reason(options, findings)
    findings.append(Finding("note" if options.phase_sign == "format" else "warning", "sign", reason))
    direction = "ascending" if np.cos(header.heading) > 0 else "descending"
    effective = header.effective_looks
    if header.looks == Looks(azimuth=1, range=1):
        text = "the headers are those of single-look images, the rasters are not: how many samples were averaged is unknown"
        findings.append(Finding("warning", "looks", text))
        effective = None
    if effective is not None:
        text = (
            f"{effective:.1f} independent samples in {header.looks.azimuth} x {header.looks.range} looks, from spacings "
            "and bandwidths; a coherence window wider than the looks would make them more"
        )
        findings.append(Finding("note", "looks", text))
    track = tracks.pop() if len(tracks) == 1 else None
    where = direction + (f" track {track}" if track else "")
    invented = "Simulated " if "simulated" in header.title.lower() else ""
    return StackFacts(
        source_format="gamma",
        sign_reason=reason,
        platforms=platforms,
        pass_direction=direction,
        relative_orbit=track,
        heading=header.heading,
        centre_time=_clock(header.centre_time),
        looks=header.looks,
        effective_looks=effective,
        title=f"{invented}{header.sensor or 'SAR'}, {where}, {days[0]} to {days[-1]}",
    )


def _sign_reason(options: ReaderOptions, findings: list[Finding]) -> str:
    if options.phase_sign == "toward":
        return "the configuration says that positive phase is toward the satellite: all phases are turned"
    checked = "; ".join(
        f.text for f in findings if f.level == "ok" and f.topic in ("closure", "baseline", "sign")
    )
    seen = any(f.level == "ok" and f.topic == "sign" for f in findings)
    said = "The configuration says the same. " if options.phase_sign == "away" else ""
    return _DEFINITION + (f"Checked: {checked}. " if checked else "") + said + ("" if seen else _DOUBT)


def _tracks(headers: list[ImageHeader]) -> tuple[set[int], tuple[str, ...]]:
    tracks, platforms = set(), set()
    for header in headers:
        name = (header.sensor.split() or [""])[0]
        if name:
            platforms.add(name)
        orbit = _ABSOLUTE_ORBIT.search(header.title)
        try:
            track = Platform.named(name).relative_orbit(int(orbit.group(1))) if orbit else None
        except OutOfRangeError:
            track = None
        if track is not None:
            tracks.add(track)
    return tracks, tuple(sorted(platforms))


def _clock(seconds: float) -> str:
    whole = seconds % 86400
    return f"{int(whole // 3600):02d}:{int(whole % 3600 // 60):02d}:{whole % 60:06.3f}"
