"""What one product holds, as a person wants to read it; and our geometry against its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.geometry.footprint import outline_of
from fringeworks.geometry.grid_check import GridCheck, check_grid
from fringeworks.geometry.timing import mid_range
from fringeworks.io.orbits import choose_orbit, list_orbit_files
from fringeworks.io.safe import SafeProduct
from fringeworks.io.safe.archive import open_archive
from fringeworks.io.safe.manifest import MANIFEST
from fringeworks.io.safe.tree import parse_xml
from fringeworks.model.acquisition import Burst, StateVectors
from fringeworks.model.identity import AcquisitionKey, BurstId, Instant, PassDirection, Polarisation, Swath
from fringeworks.model.tally import Finding

_CO_POLARISED = (Polarisation.VV, Polarisation.HH)
_APART = 3600.0
"""Products of one data take lie closer together in time than this [s]; whoever says otherwise repeats a number."""
_CONTRACT = ("latitude_m", "longitude_m", "incidence_deg", "line", "pixel")


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstFacts:
    """One burst of a product, in all its polarisations.

    Attributes
    ----------
    id : BurstId, optional
        Which ground it shows; None in strip map.
    swath : Swath
        Sub-swath.
    polarisations : tuple of Polarisation
        Those it is annotated in.
    start : Instant
        Its first line, as annotated.
    n_lines, n_samples : int
        Size.
    """

    id: BurstId | None
    swath: Swath
    polarisations: tuple[Polarisation, ...]
    start: Instant
    n_lines: int
    n_samples: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "esa": self.id.esa if self.id else None,
            "opera": self.id.opera if self.id else None,
            "swath": self.swath.value,
            "polarisations": [p.value for p in self.polarisations],
            "start": self.start.iso,
            "lines": self.n_lines,
            "samples": self.n_samples,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """What one product holds.

    Attributes
    ----------
    name : str
        Name without suffix.
    path : Path
        Folder or zip.
    key : AcquisitionKey
        Platform, orbit, data take, start.
    stop : Instant
        End.
    mode : str
        ``IW``, ``EW`` or ``SM``.
    tracks : tuple of (int, int)
        Relative orbit at the start and at the end.
    pass_direction : PassDirection
        Direction of flight.
    processor_version : str
        Version of ESA's processor.
    processed : Instant, optional
        When it was processed, by its manifest.
    footprint : dict
        GeoJSON Polygon, or MultiPolygon cut at the antimeridian; empty where the manifest states none.
    available : tuple of (Swath, Polarisation)
        Those whose annotation is there.
    measured : tuple of (Swath, Polarisation)
        Those whose raster is there too.
    bursts : tuple of BurstFacts
        By sub-swath and time.
    findings : tuple of Finding
        What the reader noticed, each once.
    """

    name: str
    path: Path
    key: AcquisitionKey
    stop: Instant
    mode: str
    tracks: tuple[int, int]
    pass_direction: PassDirection
    processor_version: str
    processed: Instant | None
    footprint: dict[str, Any]
    available: tuple[tuple[Swath, Polarisation], ...]
    measured: tuple[tuple[Swath, Polarisation], ...]
    bursts: tuple[BurstFacts, ...]
    findings: tuple[Finding, ...]

    @property
    def polarisations(self) -> tuple[Polarisation, ...]:
        """Polarisations of any sub-swath."""
        return tuple(p for p in Polarisation if any(p == q for _, q in self.available))

    @property
    def swaths(self) -> tuple[Swath, ...]:
        """Sub-swaths in order."""
        return tuple(sorted({s for s, _ in self.available}))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "path": str(self.path),
            "platform": self.key.platform.name,
            "mode": self.mode,
            "polarisations": [p.value for p in self.polarisations],
            "swaths": {s.value: self._swath(s) for s in self.swaths},
            "track": self.tracks[0],
            "tracks": list(self.tracks),
            "pass": self.pass_direction.value,
            "absolute_orbit": self.key.absolute_orbit,
            "datatake": self.key.datatake,
            "start": self.key.start.iso,
            "stop": self.stop.iso,
            "ipf": self.processor_version,
            "processed": self.processed.iso if self.processed else None,
            "n_bursts": len(self.bursts),
            "bursts": [b.as_dict() for b in self.bursts],
            "footprint": self.footprint,
            "findings": [f.as_dict() for f in self.findings],
        }

    def _swath(self, swath: Swath) -> dict[str, Any]:
        return {
            "polarisations": [p.value for s, p in self.available if s == swath],
            "measurements": [p.value for s, p in self.measured if s == swath],
            "n_bursts": sum(b.swath == swath for b in self.bursts),
        }


def product_facts(product: SafeProduct) -> ProductFacts:
    """Read the facts of a product: its manifest and every annotation, no pixel.

    Parameters
    ----------
    product : SafeProduct
        From :func:`fringeworks.io.safe.open_safe`.

    Raises
    ------
    InputRefusedError
        An annotation is damaged or contradicts the manifest.
    """
    manifest = product.manifest
    findings: dict[Finding, None] = dict.fromkeys(manifest.findings)
    rows: dict[tuple[Swath, int], list[Burst]] = {}
    for swath, polarisation in product.available:
        acquisition = product.acquisition(swath, polarisation)
        findings |= dict.fromkeys(acquisition.findings)
        for burst in acquisition.bursts:
            rows.setdefault((swath, burst.index), []).append(burst)
    return ProductFacts(
        name=product.name,
        path=product.path,
        key=manifest.key,
        stop=manifest.stop,
        mode=manifest.mode,
        tracks=manifest.relative_orbits,
        pass_direction=manifest.pass_direction,
        processor_version=manifest.processor_version,
        processed=_processed(product.path),
        footprint=_geojson(manifest.footprint),
        available=product.available,
        measured=tuple(k for k in product.available if product.holds("measurement", *k)),
        bursts=tuple(_burst_facts(rows[key]) for key in sorted(rows)),
        findings=(*findings, *_absent(product)),
    )


def _burst_facts(same: list[Burst]) -> BurstFacts:
    first = same[0]
    return BurstFacts(
        id=first.id,
        swath=first.swath,
        polarisations=tuple(b.polarisation for b in same),
        start=Instant.parse(first.grid.epoch).plus(first.grid.azimuth_start),
        n_lines=first.grid.shape.rows,
        n_samples=first.grid.shape.cols,
    )


def _absent(product: SafeProduct) -> list[Finding]:
    absent = sorted(set(product.listed) - set(product.available))
    pixels = [k for k in product.available if not product.holds("measurement", *k)]
    found = []
    for what, keys in (("annotation", absent), ("measurement", pixels)):
        if keys:
            text = ", ".join(f"{s} {p}" for s, p in keys)
            found.append(Finding("note", "files", f"the {what} of {text} is listed but not in the product"))
    return found


def _geojson(corners: tuple[tuple[float, float], ...]) -> dict[str, Any]:
    if len(corners) < 3:
        return {}
    longitude, latitude = np.array(corners, np.float64).T
    if corners[0] == corners[-1]:
        longitude, latitude = longitude[:-1], latitude[:-1]
    rings = [[[round(x, 6), round(y, 6)] for x, y in r] for r in outline_of(longitude, latitude).parts()]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def passes_of(slices: Sequence[ProductFacts]) -> list[list[ProductFacts]]:
    """Split products of one data take, in order of time, where more than an hour lies between them."""
    groups = [[slices[0]]]
    for before, here in pairwise(slices):
        if here.key.start.seconds_since(before.key.start) > _APART:
            groups.append([])
        groups[-1].append(here)
    return groups


def _processed(path: Path) -> Instant | None:
    """Return the latest end of the manifest's ``processing`` records."""
    archive = open_archive(path)
    root = parse_xml(archive.read(MANIFEST), file=f"{archive.name}/{MANIFEST}", root="XFDU")
    times = []
    for node in root.descendants("processing"):
        with suppress(OutOfRangeError):
            times.append(Instant.parse(node.attribute("stop")))
    return max(times, default=None)


def check_geometry(product: SafeProduct, *, orbits: Path | None = None) -> Mapping[str, dict[str, Any]]:
    """Compare our geometry with a product's own geolocation grid, sub-swath by sub-swath.

    Parameters
    ----------
    product : SafeProduct
        From :func:`fringeworks.io.safe.open_safe`.
    orbits : Path, optional
        Folder of EOF files for a second comparison.

    Returns
    -------
    mapping of str to dict
        For each sub-swath: ``ipf``, ``latitude_m``, ``longitude_m``, ``incidence_deg``, ``line``, ``pixel`` (each
        with ``median`` and ``p99`` of absolute differences) and ``points``; with ``orbits`` the same again under
        ``precise`` or ``restituted``, whichever covers.  The co-polarised annotation is taken where there are two.

    Raises
    ------
    MissingInputError
        No orbit file covers the product.
    TooFewDataError
        The product holds no sub-swath with bursts.
    """
    chosen: dict[Swath, Polarisation] = {}
    for swath, polarisation in product.available:
        if swath not in chosen or polarisation in _CO_POLARISED:
            chosen[swath] = polarisation
    found = {s: a for s, a in ((s, product.acquisition(s, p)) for s, p in sorted(chosen.items())) if a.bursts}
    if not found:
        raise TooFewDataError(f"{product.name} holds no burst", expected="at least one sub-swath with bursts")
    states = _second_orbit(product, orbits)
    reference = None
    if Swath.IW2 in found:
        grid = found[Swath.IW2].bursts[0].grid
        reference = mid_range(grid.range_start, grid.shape.cols, range_step=grid.range_step)
    result = {}
    for swath, acquisition in found.items():
        grid_points = product.geolocation_grid(swath, acquisition.polarisation)
        own = check_grid(acquisition, grid_points, bistatic_reference=reference)
        result[swath.value] = _figures(own)
        if states is not None:
            second = check_grid(acquisition, grid_points, bistatic_reference=reference, states=states)
            result[swath.value][states.source] = _figures(second)
    return MappingProxyType(result)


def _second_orbit(product: SafeProduct, orbits: Path | None) -> StateVectors | None:
    if orbits is None:
        return None
    key = product.manifest.key
    files = list_orbit_files(orbits)
    return choose_orbit(files, platform=key.platform, start=key.start, stop=product.manifest.stop).states


def _figures(check: GridCheck) -> dict[str, Any]:
    whole = check.as_dict()
    return {"ipf": whole["ipf"], **{name: whole[name] for name in _CONTRACT}, "points": whole["points"]}
