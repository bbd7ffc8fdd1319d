"""Stage `interferograms` of chains that link phases first: pairs of linked phases, which close by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.stage import StageContext
from fringeworks.workflow.stages import forming
from fringeworks.workflow.stages.forming import create_images, phase_step
from fringeworks.workflow.stages.linking import kept_cells
from fringeworks.workflow.tasks.linked_pairs import LinkedPairSpec, form_linked


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"network": {k: getattr(config.pairs.network, k) for k in config.pairs.network.__slots__}}


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network = context.scenes, context.survey.network
    days = {d: k for k, d in enumerate(scenes.days)}
    jumps = context.upstream("joins").get("phases")
    looks = float(context.upstream("linking").get("linking")["effective_looks"])
    cells = {name: kept_cells(scenes, name) for name in scenes.names}
    n = len(network.pairs)
    create_images(context)
    specs = []
    for index, pair in enumerate(network.pairs):
        ends = days[pair.reference], days[pair.secondary]
        held = _held(scenes, ends)
        specs.append(
            LinkedPairSpec(
                store=str(context.store.folder),
                index=index,
                dates=ends,
                looked=scenes.looked,
                cells={k: w for k in held if (w := cells[k]) is not None},
                steps={k: phase_step(jumps, pair, scenes, k) for k in held},
                effective_looks=looks,
            )
        )
    payloads = context.each(form_linked, specs)
    context.step.put(
        "pairs",
        {
            "coherence_window": [scenes.looks.azimuth, scenes.looks.range],
            "effective_looks": looks,
            "looks": [scenes.looks.azimuth, scenes.looks.range],
            "pairs": [{"pair": str(p), **row} for p, row in zip(network.pairs, payloads, strict=True)],
        },
    )
    empty = sum(p["n_valid"] == 0 for p in payloads)
    return (Tally("interferograms", n, n - empty, {"no common burst": empty}),)


def _held(scenes: SceneStack, ends: tuple[int, int]) -> list[str]:
    return [k for k in scenes.names if all(k in scenes.dates[d].bursts for d in ends)]


STAGE = replace(
    forming.STAGE,
    after=("linking", "joins"),
    meaning="form interferograms from linked phases and join bursts and sub-swaths",
    parameters=_parameters,
    work=_work,
)
