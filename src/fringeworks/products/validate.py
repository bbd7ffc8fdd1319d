"""Check that the products of a run keep their contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fringeworks.errors import FringeworksError
from fringeworks.io.raster_source import RasterSource, open_raster
from fringeworks.model.tally import Finding
from fringeworks.products.catalog_checks import check_catalog
from fringeworks.products.raster_checks import (
    check_header,
    check_pair,
    check_range,
    check_together,
    fault,
    readable,
)
from fringeworks.products.standard import INTERFEROGRAM_FOLDER, REQUIRED, STANDARD_FOLDER


def validate_run(out: Path) -> tuple[Finding, ...]:
    """Check the products of a run against the layer table, against each other and against the catalogue.

    Parameters
    ----------
    out : Path
        Output folder of a run.

    Returns
    -------
    tuple of Finding
        ``error`` for each breach; ``ok`` for each group of checks that found none.

    Notes
    -----
    Checked: type, unit, fill, sign, bands and range of every raster; one grid and one set of dates; first
    date zero; ``recommended_mask`` against ``quality_flags``; ``velocity`` against the slope of
    ``displacement``; the sign of each interferogram's displacement against its phase; every link, asset,
    size and digest of the catalogue. Reads every raster once or twice, window by window.
    """
    groups = (
        ("standard", STANDARD_FOLDER, _standard),
        ("interferograms", INTERFEROGRAM_FOLDER, _interferograms),
    )
    findings: list[Finding] = []
    for topic, folder, check in groups:
        n_rasters = len(list((out / folder).rglob("*.tif")))
        text = f"all {n_rasters} rasters keep their contract" if n_rasters else "none published"
        findings += list(check(out / folder)) or [Finding("ok", topic, text)]
    findings += check_catalog(out / "catalog.json")
    return tuple(findings)


def _standard(folder: Path) -> Iterator[Finding]:
    for name in () if _is_geometry(folder) else (*REQUIRED, "recommended_mask"):
        if not (folder / f"{name}.tif").is_file():
            yield fault(name, f"{folder / name}.tif is absent")
    rasters: dict[str, RasterSource] = {}
    for path in sorted(folder.glob("*.tif")):
        yield from _one(path.stem, path, rasters, series=True)
    if rasters:
        try:
            yield from check_together(rasters)
        except FringeworksError as error:
            yield readable("standard", error)


def _is_geometry(folder: Path) -> bool:
    """Return whether the folder holds no layer of a series, but interferograms lie beside it: those of a single pair."""
    names = {path.stem for path in folder.glob("*.tif")}
    beside = folder.parent / Path(INTERFEROGRAM_FOLDER).name
    return bool(names) and not names & {*REQUIRED, "recommended_mask"} and any(beside.glob("*/*.tif"))


def _interferograms(folder: Path) -> Iterator[Finding]:
    for place in sorted(p for p in folder.glob("*") if p.is_dir()):
        rasters: dict[str, RasterSource] = {}
        for path in sorted(place.glob("*.tif")):
            yield from _one(path.stem, path, rasters, series=False)
        try:
            if rasters:
                yield from check_pair(place.name, rasters)
        except FringeworksError as error:
            yield readable(place.name, error)


def _one(name: str, path: Path, rasters: dict[str, RasterSource], *, series: bool) -> Iterator[Finding]:
    """Check one raster alone; keep it for the checks together if it is of the layer table and whole."""
    try:
        source = open_raster(path)
        yield from check_header(name, source, series=series)
        yield from check_range(name, source)
        rasters[name] = source
    except FringeworksError as error:
        yield readable(name, error)
