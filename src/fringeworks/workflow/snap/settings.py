"""What a project.conf of snap2stamps says, as keys of the run configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import shapely

from fringeworks.errors import DamagedFileError, MetadataMismatchError, UnsupportedInputError
from fringeworks.io.snap import Entry, SnapProject
from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.products import Places, place_of, swaths_in

_BOX: Final = ("LONMIN", "LATMIN", "LONMAX", "LATMAX")
_FILES: Final = {"SHP": "area.shp", "KML": "area.kml", "GEOJSON": "area.geojson"}
_POLARISATIONS: Final = ("VV", "VH", "HH", "HV")
_SIZE: Final = re.compile(r"(?P<number>\d+)\s*(?P<unit>[MG])B?", re.IGNORECASE)
_LEAST_CACHE: Final = 4
"""A cache of fewer gigabytes is not taken for a cap of the whole process."""

_REPLACED: Final[Mapping[str, str]] = {
    "GPTBIN_PATH": "SNAP is not needed",
    "SNAP_INSTALLATION_FOLDER": "SNAP is not needed",
    "SNAP_HOME_DIR": "SNAP is not needed; orbit files kept there can be named in inputs.orbits",
    "OVERWRITE": "a step runs again where its ingredients have changed; `fringeworks run --from STEP` forces it",
    "SMARTHDD": "nothing is stored twice: the reference image, heights and coordinates are kept once",
    "PLOTTING": "report.html holds the pictures",
    "MASTERSEL": "inputs hold all dates, and coregistration.reference_date names the one; auto weighs time, baseline, Doppler and season",
    "BEAMMODE": "inputs are SLC",
    "SAT": "`fringeworks find --platform` chooses satellites; all in one stack are processed together",
    "TRACK": "`fringeworks find --track`",
    "START": "`fringeworks find --start`",
    "END": "`fringeworks find --end`",
    "AUTODOWNLOAD": "`fringeworks find` and `fringeworks get` fetch products, orbits and elevation before a run",
    "NPD": "`fringeworks get` downloads one after the other",
    "ASF_USER": "names and passwords are never copied: they come from the environment, ~/.netrc or the keyring",
    "ASF_PASS": "names and passwords are never copied: they come from the environment, ~/.netrc or the keyring",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What later steps of the translation need of a project.

    Attributes
    ----------
    project : SnapProject
        The file.
    places : Places
        How its paths are found.
    root : Path
        The project folder on this computer.
    """

    project: SnapProject
    places: Places
    root: Path

    def source(self, key: str) -> str:
        """Return where a key stands, for people."""
        return f"{self.project.path.name}: {self.project.entries[key]}"

    def path(self, key: str) -> Path:
        """Return where the path that a key holds lies on this computer."""
        return self.places.at(self.project.text(key))

    def name(self, key: str) -> str:
        """Return the last part of the path that a key holds."""
        return PurePosixPath(self.project.text(key).replace("\\", "/")).name


def open_facts(project: SnapProject, draft: Draft, *, moved_to: Path | None) -> ProjectFacts:
    """Check that a project is one of Sentinel-1 and find its folder.

    Raises
    ------
    UnsupportedInputError
        It is for strip map images of TerraSAR-X or TanDEM-X.
    """
    sensor = project.text("SENSOR").upper()
    if sensor not in {"", "S1", "S1A", "S1B", "S1C", "S1D"}:
        raise UnsupportedInputError(
            f"{project.path}: SENSOR = {sensor}",
            expected="S1: images of Sentinel-1",
            hint="other satellites are not read",
        )
    draft.findings += project.findings
    stated = project.text("PROJECTFOLDER")
    places = place_of(project.path.resolve().parent, stated, moved_to)
    root = places.at(stated) if stated else project.path.resolve().parent
    if not stated:
        draft.check(
            "warning",
            "PROJECTFOLDER",
            f"PROJECTFOLDER is empty; the folder of {project.path.name} is taken for it",
        )
    elif not root.is_dir():
        why = (
            "it is a path of Windows" if Places.is_foreign(stated) and moved_to is None else "it is not there"
        )
        text = f"PROJECTFOLDER {stated}: {why}; --project FOLDER says where it lies now"
        draft.check("warning", "PROJECTFOLDER", text)
    return ProjectFacts(project=project, places=places, root=root)


def take_settings(facts: ProjectFacts, draft: Draft) -> None:
    """Translate everything but images and graphs: polarisation, sub-swaths, area, elevation model, resources.

    Raises
    ------
    DamagedFileError
        A value is not what its key asks for.
    MetadataMismatchError
        The corners of the area are the wrong way round.
    """
    _take_polarisation(facts, draft)
    _take_swath(facts, draft)
    _take_area(facts, draft)
    _take_elevation(facts, draft)
    _take_resources(facts, draft)
    for key, entry in facts.project.entries.items():
        if key in _REPLACED and (entry.value or entry.secret):
            draft.leave(facts.project.path.name, str(entry), _REPLACED[key])
    _say_search(facts, draft)


def _entry(facts: ProjectFacts, key: str) -> Entry | None:
    entry = facts.project.entries.get(key)
    return entry if entry is not None and entry.value else None


def _damaged(facts: ProjectFacts, entry: Entry, expected: str) -> DamagedFileError:
    return DamagedFileError(
        f"{facts.project.path}: line {entry.line}: {entry}", expected=expected, hint="correct the line"
    )


def _take_polarisation(facts: ProjectFacts, draft: Draft) -> None:
    entry = _entry(facts, "POLARISATION")
    if entry is None:
        return
    names = re.split(r"[,\s]+", entry.value.upper())
    if any(name not in _POLARISATIONS for name in names):
        raise _damaged(facts, entry, f"one of {', '.join(_POLARISATIONS)}")
    note = (
        ""
        if len(names) == 1
        else f"one polarisation is processed at a time; {', '.join(names[1:])} would be another run"
    )
    draft.take("inputs.polarisation", names[0], source=facts.source("POLARISATION"), note=note)


def _take_swath(facts: ProjectFacts, draft: Draft) -> None:
    entry = _entry(facts, "IW1")
    if entry is None:
        return
    names = swaths_in(entry.value)
    if not names or any(
        not re.fullmatch(r"IW[1-3]", n, re.IGNORECASE) for n in re.split(r"[,\s]+", entry.value)
    ):
        raise _damaged(facts, entry, "one of IW1, IW2, IW3")
    draft.take("inputs.swaths", list(names), source=facts.source("IW1"))


def _take_area(facts: ProjectFacts, draft: Draft) -> None:
    mode_entry = _entry(facts, "AOI_MODE")
    mode = mode_entry.value.upper() if mode_entry is not None else "BBOX"
    if mode == "BBOX":
        _take_box(facts, draft)
    elif mode == "WKT":
        _take_wkt(facts, draft)
    elif mode in _FILES:
        _take_file(facts, draft, _FILES[mode])
    elif mode_entry is not None:
        raise _damaged(facts, mode_entry, "one of BBOX, WKT, SHP, KML, GeoJSON")
    used = {"BBOX": _BOX, "WKT": ("WKT",)}.get(mode, ("AOI_FILE",))
    for key in (*_BOX, "WKT", "AOI_FILE"):
        entry = _entry(facts, key)
        if entry is not None and key not in used:
            draft.leave(facts.project.path.name, str(entry), f"AOI_MODE is {mode}")


def _take_box(facts: ProjectFacts, draft: Draft) -> None:
    entries = {key: found for key in _BOX if (found := _entry(facts, key)) is not None}
    if not entries:
        draft.check(
            "note", "area", "the project names no area: all bursts that the dates share are processed"
        )
        return
    if len(entries) < len(_BOX):
        missing = ", ".join(key for key in _BOX if key not in entries)
        raise MetadataMismatchError(
            f"{facts.project.path}: no {missing}",
            expected="all four corners of the area, or none",
            hint="fill them in",
        )
    values = {}
    for key, entry in entries.items():
        try:
            values[key] = float(entry.value.replace(",", "."))
        except ValueError:
            raise _damaged(facts, entry, "degrees, such as 12.34") from None
    west, south, east, north = (values[key] for key in _BOX)
    if not (-180 <= west < east <= 360 and -90 <= south < north <= 90):
        raise MetadataMismatchError(
            f"{facts.project.path}: LONMIN {west:g}, LONMAX {east:g}, LATMIN {south:g}, LATMAX {north:g}",
            expected="LONMIN below LONMAX and LATMIN below LATMAX, in degrees",
            hint="an area across the 180th meridian has LONMAX above 180",
        )
    where = f"{facts.project.path.name}: LONMIN, LATMIN, LONMAX, LATMAX"
    draft.take("area.bbox", [west, south, east, north], source=where)


def _take_wkt(facts: ProjectFacts, draft: Draft) -> None:
    entry = _entry(facts, "WKT")
    if entry is None:
        raise MetadataMismatchError(
            f"{facts.project.path}: AOI_MODE is WKT, and WKT is empty", expected="a polygon"
        )
    if not is_polygon(entry.value):
        raise _damaged(facts, entry, "a polygon as well-known text, longitude before latitude, in degrees")
    draft.take("area.wkt", entry.value, source=f"{facts.project.path.name}: WKT")


def is_polygon(text: str) -> bool:
    """Return whether a text is a valid polygon in degrees."""
    try:
        shape = shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        return False
    if shape is None or shape.is_empty or not shape.is_valid or "Polygon" not in shape.geom_type:
        return False
    west, south, east, north = shape.bounds
    return bool(-180 <= west <= east <= 360 and -90 <= south <= north <= 90)


def _take_file(facts: ProjectFacts, draft: Draft, key: str) -> None:
    entry = _entry(facts, "AOI_FILE")
    if entry is None:
        raise MetadataMismatchError(
            f"{facts.project.path}: AOI_MODE is {facts.project.text('AOI_MODE')}, and AOI_FILE is empty",
            expected="a file",
        )
    path = facts.path("AOI_FILE")
    note = "snap2stamps takes the box around its first polygon; here all its polygons count, along their outlines"
    draft.take(key, str(path), source=facts.source("AOI_FILE"), note=note)
    if not path.is_file():
        draft.check("warning", "area", f"AOI_FILE {path} is not there")


def _take_elevation(facts: ProjectFacts, draft: Draft) -> None:
    entry = _entry(facts, "EXTDEM")
    if entry is None:
        return
    path = facts.path("EXTDEM")
    draft.take("inputs.dem", str(path), source=facts.source("EXTDEM"))
    if not path.exists():
        why = "is a path of Windows" if Places.is_foreign(str(path)) else "is not there"
        draft.check("warning", "elevation", f"EXTDEM {path} {why}")


def _take_resources(facts: ProjectFacts, draft: Draft) -> None:
    entry = _entry(facts, "CPU")
    if entry is not None:
        if not entry.value.isdigit() or int(entry.value) < 1:
            raise _damaged(facts, entry, "a whole number above zero")
        draft.take("compute.workers", int(entry.value), source=facts.source("CPU"))
    entry = _entry(facts, "CACHE")
    if entry is None:
        return
    size = _SIZE.fullmatch(entry.value)
    if size is None:
        raise _damaged(facts, entry, "a size such as 16G")
    gigabytes = int(size["number"]) / (1 if size["unit"].upper() == "G" else 1024)
    if gigabytes < _LEAST_CACHE:
        why = "SNAP's cache of tiles; the cap of the whole process stays at its default (compute.max_memory)"
        draft.leave(facts.project.path.name, str(entry), why)
        return
    note = "SNAP's cache of tiles; here it is the cap of the whole process"
    draft.take("compute.max_memory", f"{int(gigabytes)} GiB", source=facts.source("CACHE"), note=note)


def _say_search(facts: ProjectFacts, draft: Draft) -> None:
    """Say the command that finds the products a version 2 project would download."""
    text = facts.project.text
    if text("AUTODOWNLOAD").upper() not in {"Y", "YES"}:
        return
    words = ["fringeworks find"]
    box = draft.says("area.bbox")
    if box:
        words.append("--bbox " + ",".join(f"{v:g}" for v in box))
    for key, option in (("START", "--start"), ("END", "--end"), ("TRACK", "--track")):
        value = text(key)
        if re.fullmatch(r"[0-9-]+", value):
            words.append(f"{option} {value}")
    draft.check(
        "note",
        "download",
        f"products are fetched by `{' '.join(words)} --json > found.json` and `fringeworks get scenes --from-find found.json --to slc`",
    )
