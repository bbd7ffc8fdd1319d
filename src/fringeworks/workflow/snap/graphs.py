"""Which graphs a project of snap2stamps goes through, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fringeworks.errors import InputRefusedError
from fringeworks.io.snap import SnapGraph, operator_named, read_graph
from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.images import Images
from fringeworks.workflow.snap.settings import ProjectFacts

_LEFT_BY_A_RUN: Final = "2run.xml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A graph of the chain: the names it may have, the first that is there counts."""

    role: str
    names: tuple[str, ...]
    needed: bool = True


def wanted_graphs(facts: ProjectFacts, images: Images) -> tuple[Wanted, ...]:
    """Return the graphs that the scripts of a project use, in the order of the chain."""
    if facts.project.version == 1:
        return (
            Wanted("split", ("slave_split_applyorbit.xml",)),
            Wanted("split of two slices", ("slaves_assemble_split_applyorbit.xml",), needed=False),
            Wanted(
                "coregistration and interferogram",
                ("coreg_ifg_computation_subset.xml", "coreg_ifg_computation.xml"),
            ),
            Wanted("export", ("export.xml",)),
        )
    outer = "_extDEM" if facts.project.text("EXTDEM") else ""
    cut = "_subset" if images.n_split == 1 else ""
    coregister = [f"topsar_coreg_ifg_computation{c}{outer}.xml" for c in dict.fromkeys((cut, "_subset", ""))]
    merged = f"topsar_export_mergeIW_subset{outer}.xml"
    exports = ("topsar_export.xml", merged) if images.n_split == 1 else (merged, "topsar_export.xml")
    without = tuple(name.replace(f"{outer}.xml", f"_noESD{outer}.xml") for name in coregister)
    return (
        Wanted("split of the reference", ("topsar_master_split_applyorbit.xml",), needed=False),
        Wanted("split", ("topsar_secondaries_split_applyorbit.xml",)),
        Wanted("split of two slices", ("topsar_secondaries_assemble_split_applyorbit.xml",), needed=False),
        Wanted("coregistration and interferogram", (*coregister, *without)),
        Wanted("export", exports),
    )


def graphs_of(facts: ProjectFacts, images: Images, draft: Draft) -> tuple[SnapGraph, ...]:
    """Read the graphs of a project's chain; the other graphs in the folder are looked at, and do not count.

    Raises
    ------
    InputRefusedError
        A graph of the chain is damaged, or uses an operator that is not known.
    """
    wanted = wanted_graphs(facts, images)
    folder = _folder(facts, wanted, draft)
    if folder is None:
        text = (
            "no folder of graphs was found: only project.conf was translated; name the folder in GRAPHSFOLDER"
        )
        draft.check("warning", "graphs", text)
        return ()
    found: list[SnapGraph] = []
    for want in wanted:
        path = next((folder / name for name in want.names if (folder / name).is_file()), None)
        if path is not None:
            found.append(read_graph(path))
        elif want.needed:
            draft.check(
                "warning", "graphs", f"no graph for {want.role} in {folder}: none of {', '.join(want.names)}"
            )
    _look_at_others(folder, [g.path for g in found], draft)
    return tuple(found)


def _folder(facts: ProjectFacts, wanted: Sequence[Wanted], draft: Draft) -> Path | None:
    home = facts.project.path.resolve().parent
    stated = facts.path("GRAPHSFOLDER") if facts.project.text("GRAPHSFOLDER") else None
    places = [facts.root / "graphs", home / "graphs", home.parent / "graphs"]
    for place in ([stated] if stated is not None else []) + places:
        if any((place / name).is_file() for want in wanted for name in want.names):
            if place != stated:
                text = f"graphs are read from {place}: " + (
                    f"GRAPHSFOLDER {stated} holds none of the chain"
                    if stated is not None
                    else "GRAPHSFOLDER is empty"
                )
                draft.check("warning", "graphs", text)
            return place
    return None


def _look_at_others(folder: Path, used: Sequence[Path], draft: Draft) -> None:
    others = []
    for path in sorted(folder.glob("*.xml")):
        if path in used or path.name.endswith(_LEFT_BY_A_RUN):
            continue
        others.append(path.name)
        try:
            graph = read_graph(path)
            for node in graph.nodes:
                operator_named(node, file=path.name)
        except InputRefusedError as error:
            draft.check(
                "warning",
                "graphs",
                f"{path.name} is not part of the chain and would be refused: {error.found}",
            )
    if others:
        text = f"not part of this project's chain, and not translated: {', '.join(others)}"
        draft.check("note", "graphs", text)
