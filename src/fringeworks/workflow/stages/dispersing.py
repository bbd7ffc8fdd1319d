"""Stage `dispersion`: candidates for persistent scatterers, by how steady their amplitudes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.scenes.cells import kept_cells
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext, block_budget
from fringeworks.workflow.tasks.dispersing import EDGES, DisperseSpec, disperse
from fringeworks.workflow.tasks.places import STRIP

_BYTES: Final = 80.0
"""Working memory for a sample of a strip: sums, means and what decides about candidates [bytes]."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"candidates": plain(config.points.candidates)}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    n = scale.n_dates
    return Cost(
        disk_bytes=0.02 * scenes.n_samples * 50.0,
        seconds=1 + 2.0 * scenes.n_samples * n / 60e6,
        n_tasks=scenes.n_bursts,
        task_bytes=(_BYTES + 12.0 * n / 7) * STRIP * scenes.largest.cols + 8.0 * scenes.largest.size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    specs = []
    for name in scenes.names:
        cells = kept_cells(scenes, name)
        if cells is None:
            continue
        stored = scenes.stored[name]
        rows = int(block_budget(context.config.memory_bytes) / (_BYTES * stored.cols))
        specs.append(
            DisperseSpec(
                store=str(context.store.folder),
                name=name,
                stored=stored,
                cells=cells,
                looks=scenes.looks,
                dates=scenes.holders(name),
                rows=min(max(rows - rows % STRIP, STRIP), 4 * STRIP),
                options=context.config.points.candidates,
            )
        )
    payloads = context.each(disperse, specs)
    tally = Tally("samples", 0, 0)
    for payload in payloads:
        tally = tally + Tally(**payload["tally"])
    if tally.used == 0:
        text = "no sample is steady enough to be a persistent scatterer: look at points.candidates"
        context.note(Finding("warning", "points", text))
    context.step.put(
        "histogram",
        {
            "edges": EDGES.tolist(),
            "all": np.sum([p["all"] for p in payloads], axis=0).tolist(),
            "chosen": np.sum([p["chosen"] for p in payloads], axis=0).tolist(),
            "factors": [
                {"burst": s.name, "factors": p["factors"]} for s, p in zip(specs, payloads, strict=True)
            ],
        },
    )
    return (tally,)


STAGE = Stage(
    name="dispersion",
    version=1,
    after=("coregister",),
    meaning="find samples whose amplitude is steady: candidates for persistent scatterers",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
