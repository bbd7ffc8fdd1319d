"""A project of snap2stamps, a graph or a folder of graphs, translated into a run configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fringeworks.errors import MissingInputError, RequestError
from fringeworks.io.snap import SnapGraph, is_placeholder, read_graph, read_project
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import METHODS, offered_families, parse_config
from fringeworks.workflow.snap.chain import translate_chain
from fringeworks.workflow.snap.draft import Draft, LeftOut, Taken
from fringeworks.workflow.snap.graphs import graphs_of
from fringeworks.workflow.snap.images import Images, take_images
from fringeworks.workflow.snap.products import day_in
from fringeworks.workflow.snap.settings import open_facts, take_settings
from fringeworks.workflow.snap.writing import commented_run

_CONFIGURATIONS: Final = ("*.conf", "*.CONF")
_EXPECTED: Final = (
    "a project.conf of snap2stamps, a graph of SNAP (.xml), or a folder that holds one of these"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A run configuration and how it came about.

    Attributes
    ----------
    origin : Path
        What was translated.
    kind : str
        ``snap2stamps v1``, ``snap2stamps v2`` or ``SNAP graphs``.
    graphs : tuple of Path
        Graphs that were translated, in order.
    operators : tuple of str
        Operators in them.
    taken : tuple of Taken
        Keys that are set, and by what.
    left_out : tuple of LeftOut
        What has no counterpart.
    findings : tuple of Finding
        What to check.
    yaml : str
        The configuration with comments.
    """

    origin: Path
    kind: str
    graphs: tuple[Path, ...]
    operators: tuple[str, ...]
    taken: tuple[Taken, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]
    yaml: str

    @property
    def tally(self) -> Tally:
        """Settings read, and how many have a counterpart."""
        n_lost = len(self.left_out)
        return Tally("settings", len(self.taken) + n_lost, len(self.taken), {"no counterpart": n_lost})

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "origin": str(self.origin),
            "kind": self.kind,
            "graphs": [str(p) for p in self.graphs],
            "operators": list(self.operators),
            "taken": [t.as_dict() for t in self.taken],
            "left_out": [r.as_dict() for r in self.left_out],
            "findings": [f.as_dict() for f in self.findings],
            "tally": self.tally.as_dict(),
            "configuration": self.yaml,
        }


def translate(
    path: Path, *, folder: Path, moved_to: Path | None = None, methods: Sequence[str] = METHODS
) -> Translation:
    """Translate a project or graphs; nothing is computed, and no product is opened.

    Parameters
    ----------
    path : Path
        A project.conf, a graph, or a folder that holds a project.conf or graphs.
    folder : Path
        Where the configuration will lie: its relative paths count from there.
    moved_to : Path, optional
        Where the project folder lies now, if not where the project.conf says.
    methods : sequence of str
        Chains that are offered: ``ps`` is asked for where the project prepares StaMPS, and ``sbas`` where it is not
        offered.

    Raises
    ------
    MissingInputError
        Nothing to translate is there.
    UnsupportedInputError
        An operator or a sensor is not known.
    InputRefusedError
        A file is damaged, unsafe, or contradicts itself.
    """
    draft = Draft()
    found = _project_or_graphs(path)
    if isinstance(found, Path):
        project = read_project(found)
        facts = open_facts(project, draft, moved_to=moved_to)
        images = take_images(facts, draft)
        take_settings(facts, draft)
        graphs = graphs_of(facts, images, draft)
        kind, home = f"snap2stamps v{project.version}", facts.root
    else:
        graphs = found
        kind, home = "SNAP graphs", graphs[0].path.resolve().parent
        images = _images_of(graphs, draft, home=home)
    operators = translate_chain(graphs, draft, home=home)
    _settle(draft, operators, images, methods=methods, single=kind != "SNAP graphs")
    text = commented_run(draft, origin=path, kind=kind)
    parse_config(text, folder=folder)  # what is written is always accepted, or the reason is said now
    return Translation(
        origin=path,
        kind=kind,
        graphs=tuple(g.path for g in graphs),
        operators=operators,
        taken=tuple(draft.taken.values()),
        left_out=tuple(draft.left_out),
        findings=tuple(draft.findings),
        yaml=text,
    )


def _project_or_graphs(path: Path) -> Path | tuple[SnapGraph, ...]:
    """Return the project.conf that a path means, or the graphs."""
    if path.is_file():
        return (read_graph(path),) if path.suffix.lower() == ".xml" else path
    if not path.is_dir():
        raise MissingInputError(f"{path} is not there", expected=_EXPECTED)
    projects = sorted({p for pattern in _CONFIGURATIONS for p in path.glob(pattern)})
    if len(projects) > 1:
        names = ", ".join(p.name for p in projects)
        raise RequestError(
            f"{path} holds {names}", expected="one project.conf", hint="name the one that is meant"
        )
    if projects:
        return projects[0]
    graphs = sorted(path.glob("*.xml"))
    if not graphs:
        raise MissingInputError(f"{path} holds neither a .conf nor an .xml file", expected=_EXPECTED)
    return tuple(read_graph(p) for p in graphs)


def _images_of(graphs: Sequence[SnapGraph], draft: Draft, *, home: Path) -> Images:
    """Take the products that graphs read themselves, without a project around them."""
    named = {
        part.strip(): None
        for graph in graphs
        for node in graph.nodes
        if node.operator in {"Read", "ProductSet-Reader"}
        for part in node.parameters.get("file", node.parameters.get("fileList", "")).split(",")
        if part.strip() and not is_placeholder(part)
    }
    products = [name for name in named if name.lower().endswith((".zip", ".safe", "manifest.safe"))]
    others = [name for name in named if name not in products]
    days = [day for name in named if (day := day_in(name)) is not None]
    if products:
        paths = [str(home / Path(p.replace("\\", "/")).expanduser()) for p in products]
        draft.take(
            "inputs.slc", [p.removesuffix("/manifest.safe") for p in paths], source="Read nodes of the graphs"
        )
    else:
        draft.take("inputs.slc", ["slc"], source="", note="the graphs name no Sentinel-1 product")
        text = "no product is named: put the images into slc, or change inputs.slc"
        draft.check("warning", "images", text)
    for name in others:
        text = f"{name} is not a Sentinel-1 product (zip or SAFE) and is not read: name the product it was made from in inputs.slc"
        draft.check("warning", "images", text)
    reference = days[0] if days else None
    if reference is not None:
        draft.take(
            "coregistration.reference_date",
            reference.isoformat(),
            source="the first product that the graphs read",
        )
    return Images(days=tuple(sorted(set(days))), reference=reference, n_split=0)


def _settle(
    draft: Draft, operators: Sequence[str], images: Images, *, methods: Sequence[str], single: bool
) -> None:
    """Settle what follows from the chain as a whole."""
    if {"Back-Geocoding", "Interferogram"} <= set(
        operators
    ) and "Enhanced-Spectral-Diversity" not in operators:
        note = "azimuth timing is then that of the orbits; network would estimate it from burst overlaps"
        draft.take(
            "coregistration.diversity", "off", source="no Enhanced-Spectral-Diversity in the graph", note=note
        )
    if "SnaphuExport" in operators and "GoldsteinPhaseFiltering" not in operators:
        draft.take("filter.method", "none", source="no GoldsteinPhaseFiltering before SnaphuExport")
    if single:
        _settle_series(draft, images, methods)
    elif len(images.days) == 2:
        draft.take("method", "pair", source="the graphs read products of two dates")
        _say_sign(draft, images)
    if "StampsExport" in operators:
        _settle_export(draft, single=single)
    if not draft.says("inputs.orbits"):
        draft.check("note", "orbits", "no orbit files are named: annotated orbits are used and flagged")
    if not draft.says("inputs.dem"):
        note = f"no elevation model is named: `{draft.dem_command()}` fetches Copernicus GLO-30"
        draft.take("inputs.dem", "dem", source="", note=note)
        draft.take("inputs.dem_datum", "egm2008", source="", note="that of Copernicus GLO-30")
    elif not draft.says("inputs.dem_datum"):
        text = (
            "nobody says what heights of the elevation model count from: its file may say it, else set inputs.dem_datum "
            "to ellipsoid, egm96 or egm2008; the difference is up to 100 m"
        )
        draft.check("warning", "elevation", text)
    draft.take("output.directory", "out", source="", note="results go here, beside this file")


def _settle_series(draft: Draft, images: Images, methods: Sequence[str]) -> None:
    """Choose the chain for a project whose interferograms all have one reference and go to StaMPS."""
    if "ps" in methods:
        draft.take("method", "ps", source="snap2stamps prepares persistent scatterers")
        return
    source = "snap2stamps forms every date with one reference"
    draft.take(
        "method",
        "sbas",
        source=source,
        note="persistent scatterers (method: ps) are not offered by this version",
    )
    draft.take(
        "pairs.network.design", "single", source=source, note="delete pairs for a small-baseline network"
    )
    if images.reference is not None:
        draft.take("pairs.network.reference", images.reference.isoformat(), source=source)
    text = (
        "interferograms over years with one reference lose coherence away from point scatterers: for maps, delete the "
        "section pairs, and the small-baseline network of the defaults is formed"
    )
    draft.check("warning", "network", text)
    _say_sign(draft, images)


def _say_sign(draft: Draft, images: Images) -> None:
    if images.reference is not None and any(day < images.reference for day in images.days):
        text = (
            "dates before the reference: here the earlier date of a pair always comes first, so phases of these pairs "
            "have the opposite sign to SNAP's; displacement is positive toward the satellite in both"
        )
        draft.check("note", "sign", text)


def _settle_export(draft: Draft, *, single: bool) -> None:
    if "stamps" in offered_families():
        draft.take("products.families", ["standard", "stamps"], source="StampsExport")
        return
    text = (
        "the files that StaMPS reads are not written by this version; `fringeworks export RUN --step` gives aligned "
        "images, interferograms, heights and coordinates one by one"
    )
    draft.leave("StampsExport" if single else "graph: StampsExport", "the folder INSAR_<date>", text)
