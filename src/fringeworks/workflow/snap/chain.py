"""Operators of SNAP as keys of the run configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pyproj import CRS
from pyproj.exceptions import CRSError

from fringeworks.io.snap import (
    GraphNode,
    Operator,
    SnapGraph,
    is_placeholder,
    operator_named,
    unknown_parameters,
)
from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.products import swaths_in
from fringeworks.workflow.snap.replaced import REPLACED
from fringeworks.workflow.snap.settings import is_polygon

_MOST_BURSTS: Final = 9
"""Bursts of a sub-swath of one slice: a range that begins at 1 and ends here or later takes all."""
_GENERIC: Final = "no counterpart"
_FETCHED: Final = "dem"
"""Folder the elevation model is fetched into."""
_PATCHES: Final = (8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node of a graph with its operator, while it is translated."""

    graph: SnapGraph
    node: GraphNode
    operator: Operator
    draft: Draft
    home: Path

    def value(self, name: str) -> str:
        """Return a parameter, SNAP's default where the graph is silent, nothing where it is filled in later."""
        text = self.operator.value(self.node, name)
        return "" if is_placeholder(text) else text

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false."""
        return self.value(name).lower() == "true"

    def given(self, name: str) -> bool:
        """Return whether the graph itself gives a value."""
        return bool(self.node.parameters.get(name)) and not is_placeholder(self.node.parameters[name])

    def source(self, name: str = "") -> str:
        """Return where a parameter stands, for people."""
        where = f"{self.graph.path.name}: {self.node.operator}"
        if not name:
            return where
        return f"{where} {name} = {self.value(name)}" + ("" if self.given(name) else " (SNAP's default)")

    def take(self, key: str, value: object, name: str = "", note: str = "") -> None:
        """Set a key by a parameter."""
        self.draft.take(key, value, source=self.source(name), note=note)

    def leave(self, name: str, why: str) -> None:
        """Record a parameter without counterpart."""
        self.draft.leave(self.source(), f"{name} = {self.value(name)[:80]}", why)

    def warn(self, name: str, text: str) -> None:
        """Record a parameter that a person should look at."""
        self.draft.check("warning", self.node.operator, f"{self.source(name)}: {text}")


def translate_chain(graphs: Sequence[SnapGraph], draft: Draft, *, home: Path) -> tuple[str, ...]:
    """Translate the nodes of graphs, in order.

    Parameters
    ----------
    graphs : sequence of SnapGraph
        In the order in which they run.
    draft : Draft
        What is set already stays.
    home : Path
        Folder that relative paths in graphs count from.

    Returns
    -------
    tuple of str
        Operators that the graphs hold, in order and without repeats.

    Raises
    ------
    UnsupportedInputError
        An operator is not known.
    DamagedFileError
        A parameter is missing or of the wrong kind.
    """
    found: dict[str, None] = {}
    for graph in graphs:
        for node in graph.nodes:
            operator = operator_named(node, file=str(graph.path))
            found[operator.name] = None
            step = Step(graph=graph, node=node, operator=operator, draft=draft, home=home)
            _HANDLERS[operator.name](step)
            _leave_rest(step)
            _check_order(step)
    return tuple(found)


def _leave_rest(step: Step) -> None:
    """Record every parameter that the graph gives and nobody took, those of one reason together."""
    file = step.source()
    for why, names in REPLACED.get(step.operator.name, {}).items():
        said = [n for n in step.node.parameters if n.partition(".")[0] in names]
        said = [n for n in said if not is_placeholder(step.node.parameters[n])]
        if said:
            what = ", ".join(f"{n} = {' '.join(step.node.parameters[n].split())[:60]}" for n in said)
            step.draft.leave(file, what, why)
    unknown = unknown_parameters(step.node, step.operator)
    if unknown:
        text = f"{file}: {', '.join(unknown)}: no parameter known of this operator; left out"
        step.draft.check("warning", "unknown parameter", text)


def _check_order(step: Step) -> None:
    if step.operator.rank == 0:
        return
    for earlier in step.graph.before(step.node):
        if operator_named(earlier, file=str(step.graph.path)).rank > step.operator.rank:
            text = f"{step.graph.path.name}: {step.operator.name} comes after {earlier.operator}, which it should precede"
            step.draft.check("warning", "order", text)


# ---------------------------------------------------------------- images


def _nothing(_: Step) -> None:
    """Translate an operator that is part of every run."""


def _split(step: Step) -> None:
    swaths = swaths_in(step.value("subswath"))
    if swaths:
        step.take("inputs.swaths", list(swaths), "subswath")
    _polarisation(step)
    first, last = (int(float(step.value(n) or 0)) for n in ("firstBurstIndex", "lastBurstIndex"))
    if first > 1 or 0 < last < _MOST_BURSTS:
        step.leave("firstBurstIndex", "bursts follow from the area")
        step.leave("lastBurstIndex", "bursts follow from the area")
        step.warn(
            "firstBurstIndex",
            f"bursts {first} to {last} only: give an area inside them, else all bursts are processed",
        )
    _area(step, "wktAoi")


def _polarisation(step: Step) -> None:
    names = [n for n in re.split(r"[,\s]+", step.value("selectedPolarisations").upper()) if n]
    if names:
        note = "" if len(names) == 1 else "one polarisation is processed at a time"
        step.take("inputs.polarisation", names[0], "selectedPolarisations", note)


def _area(step: Step, name: str) -> None:
    text = step.value(name)
    if not text or any(step.draft.says(f"area.{key}") for key in ("bbox", "shp", "kml", "geojson")):
        return
    if is_polygon(text):
        step.take("area.wkt", text, name)
    else:
        step.warn(name, "not a polygon in degrees; no area is taken from it")


def _orbit(step: Step) -> None:
    text = step.value("orbitType")
    note = "nothing is fetched during a run: `fringeworks get orbits PRODUCTS --to orbits` does it before"
    if "SENTINEL" in text.upper():
        step.take("inputs.orbits", "orbits", "orbitType", note)
    else:
        step.warn("orbitType", "not an orbit of Sentinel-1")


def _back_geocoding(step: Step) -> None:
    _elevation(step)
    if step.flag("disableReramp"):
        step.warn(
            "disableReramp",
            "the TOPS carrier is always put back: images come out with the phase of the scene",
        )
    for name in ("outputRangeAzimuthOffset", "outputDerampDemodPhase"):
        if step.flag(name):
            step.leave(
                name,
                "`fringeworks export --step coregister --layer` writes offsets and removed phase at any time",
            )


def _elevation(step: Step) -> None:
    """Take the elevation model of an operator that has one."""
    _datum(step)
    if is_placeholder(step.node.parameters.get("externalDEMFile", "")):
        return  # project.conf says it
    path = step.value("externalDEMFile")
    if path:
        step.take(
            "inputs.dem", str(step.home / Path(path.replace("\\", "/")).expanduser()), "externalDEMFile"
        )
    elif (
        step.value("demName").lower() != "external dem"
        and step.given("demName")
        and not step.draft.says("inputs.dem")
    ):
        note = (
            f"nothing is fetched during a run: `{step.draft.dem_command()}` fetches Copernicus GLO-30 before"
        )
        step.take("inputs.dem", _FETCHED, "demName", note)
        step.take("inputs.dem_datum", "egm2008", "demName", "that of Copernicus GLO-30")


def _datum(step: Step) -> None:
    if not step.given("externalDEMApplyEGM") or step.value("demName").lower() != "external dem":
        return
    note = "SNAP adds EGM96 where it is true, and takes heights as ellipsoidal where it is false"
    step.take(
        "inputs.dem_datum",
        "egm96" if step.flag("externalDEMApplyEGM") else "ellipsoid",
        "externalDEMApplyEGM",
        note,
    )


def _dem_assisted(step: Step) -> None:
    _elevation(step)
    step.warn(
        "", "alignment of strip map images; Sentinel-1 images of mode IW are aligned burst by burst here"
    )


def _diversity(step: Step) -> None:
    note = "snap2stamps compares each date with the reference alone: write pair for that; a network of dates needs no coherence over years"
    step.take("coregistration.diversity", "network", note=note)
    for flag, name in (
        ("useSuppliedRangeShift", "overallRangeShift"),
        ("useSuppliedAzimuthShift", "overallAzimuthShift"),
    ):
        if step.flag(flag) or step.flag("useSuppliedShifts"):
            step.leave(name, "shifts are estimated, not given")
            step.warn(flag, "a shift is given by hand; here it is estimated")


# ---------------------------------------------------------------- interferograms


def _interferogram(step: Step) -> None:
    if not step.flag("subtractFlatEarthPhase"):
        step.warn("subtractFlatEarthPhase", "flat earth and topography are always taken out")
    elif step.given("subtractFlatEarthPhase"):
        step.leave("subtractFlatEarthPhase", "flat earth and topography are always taken out")
    if step.flag("subtractTopographicPhase"):
        _elevation(step)


def _multilook(step: Step) -> None:
    looks = [int(float(step.value(name) or 1)) for name in ("nAzLooks", "nRgLooks")]
    step.take("pairs.looks", looks, "nRgLooks", f"azimuth, range; nAzLooks = {looks[0]}")
    if step.flag("grSquarePixel") and not step.given("nAzLooks"):
        step.warn(
            "grSquarePixel",
            "SNAP may average more lines for square pixels than nAzLooks says: check pairs.looks",
        )


def _goldstein(step: Step) -> None:
    step.take("filter.method", "goldstein")
    alpha = float(step.value("alpha") or 1.0)
    step.take("filter.alpha", min(max(alpha, 0.0), 1.0), "alpha")
    if step.given("useAdaptiveAlpha"):
        step.take("filter.adaptive", step.flag("useAdaptiveAlpha"), "useAdaptiveAlpha")
    size = int(float(step.value("FFTSizeString") or 64))
    nearest = min(_PATCHES, key=lambda p: abs(p - size))
    step.take("filter.patch", nearest, "FFTSizeString", "" if nearest == size else f"{size} is not offered")
    smoothing = int(float(step.value("windowSizeString") or 3))
    step.take("filter.smoothing", min(smoothing | 1, 7), "windowSizeString")


def _snaphu(step: Step) -> None:
    note = "needs `pip install fringeworks[snaphu]`, whose solver is free for non-commercial use only; whirlwind is the default and needs nothing"
    step.take("unwrap.method", "snaphu", note=note)
    mode = step.value("statCostMode").lower()
    if mode in {"defo", "smooth"}:
        step.take("unwrap.snaphu_cost", mode, "statCostMode")
    elif mode:
        step.warn("statCostMode", "not offered: the cost stays smooth")


def _displacement(step: Step) -> None:
    note = "the layer displacement, -wavelength / (4 pi) phase, positive toward the satellite as in SNAP"
    step.take("products.interferograms", value=True, note=note)


def _heights(step: Step) -> None:
    step.warn("", "heights are not computed from one interferogram")


def _terrain(step: Step) -> None:
    _elevation(step)
    step.take("products.interferograms", value=True, note="interferograms on the map are published, too")
    metres, degrees = (float(step.value(n) or 0) for n in ("pixelSpacingInMeter", "pixelSpacingInDegree"))
    if metres > 0:
        step.take("products.spacing_m", metres, "pixelSpacingInMeter")
    elif degrees > 0:
        step.take(
            "products.spacing_m",
            round(degrees * 111_320.0, 3),
            "pixelSpacingInDegree",
            "metres along the meridian",
        )
    _projection(step)


def _projection(step: Step) -> None:
    text = step.value("mapProjection")
    if text.replace(" ", "").upper() in {"WGS84(DD)", "EPSG:4326"}:
        step.take("products.crs", "EPSG:4326", "mapProjection")
    elif text.upper().startswith("AUTO:42001"):
        step.take("products.crs", "auto", "mapProjection", "UTM")
    else:
        _named_projection(step, text)


def _named_projection(step: Step, text: str) -> None:
    try:
        code = CRS.from_user_input(text).to_epsg(min_confidence=70)
    except CRSError:
        code = None
    if code is None:
        step.warn("mapProjection", "no code of the EPSG is found for it: set products.crs")
    else:
        step.take("products.crs", f"EPSG:{code}", "mapProjection")


def _subset(step: Step) -> None:
    _area(step, "geoRegion")
    if any(int(float(step.value(n) or 1)) > 1 for n in ("subSamplingX", "subSamplingY")):
        step.warn("subSamplingX", "samples are not left out; looks average them (pairs.looks)")


def _band_maths(step: Step) -> None:
    step.draft.check("note", "BandMaths", f"{step.source()}: the expression is not evaluated")


_HANDLERS: Final[Mapping[str, Callable[[Step], None]]] = MappingProxyType(
    {
        "Read": _nothing,
        "ProductSet-Reader": _nothing,
        "Write": _nothing,
        "SliceAssembly": _polarisation,
        "TOPSAR-Split": _split,
        "Apply-Orbit-File": _orbit,
        "Back-Geocoding": _back_geocoding,
        "DEM-Assisted-Coregistration": _dem_assisted,
        "Enhanced-Spectral-Diversity": _diversity,
        "Interferogram": _interferogram,
        "Coherence": _nothing,
        "TOPSAR-Deburst": _polarisation,
        "TOPSAR-Merge": _polarisation,
        "TopoPhaseRemoval": _elevation,
        "Multilook": _multilook,
        "GoldsteinPhaseFiltering": _goldstein,
        "SnaphuExport": _snaphu,
        "SnaphuImport": _nothing,
        "PhaseToDisplacement": _displacement,
        "PhaseToElevation": _heights,
        "PhaseToHeight": _heights,
        "Terrain-Correction": _terrain,
        "StampsExport": _nothing,
        "Subset": _subset,
        "BandMaths": _band_maths,
    }
)
"""What each known operator means."""
