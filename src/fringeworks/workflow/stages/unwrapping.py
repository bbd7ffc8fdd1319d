"""Stage `unwrap`: the whole cycles of every interferogram; one that fails is reported and the rest goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.errors import RunError
from fringeworks.model.tally import Finding, Tally
from fringeworks.unwrap import unwrapper_named
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.specs import predictions
from fringeworks.workflow.tasks.unwrapping import UnwrapSpec, unwrap


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"unwrap": plain(config.unwrap), "keep_filtered": config.keeps_filtered}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=6.0 * scenes.looked.size * scale.n_pairs,
        seconds=0.5 + scale.n_pairs * scenes.looked.size / 0.42e6,
        n_tasks=scale.n_pairs,
        task_bytes=120.0 * scenes.looked.size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network, config = context.scenes, context.survey.network, context.config
    unwrapper_named(config.unwrap.method, config.unwrap)  # a missing extra is named before the first pair
    n, (rows, cols) = len(network.pairs), scenes.looked
    for name, dtype in (("phase", "float32"), ("components", "uint16")):
        context.step.create_chunked(
            name, (n, rows, cols), dtype=dtype, chunks=(1, min(512, rows), cols), fill=float("nan")
        )
    looks = float(context.upstream("interferograms").get("pairs")["effective_looks"])
    specs = [
        UnwrapSpec(
            store=str(context.store.folder),
            index=k,
            filtered=config.filter.method != "none",
            keep_filtered=config.keeps_filtered,
            effective_looks=looks,
            options=config.unwrap,
            predicted=predicted,
        )
        for k, predicted in enumerate(predictions(config, scenes, network))
    ]
    payloads = context.each(unwrap, specs)
    failed = []
    for pair, row in zip(network.pairs, payloads, strict=True):
        if row["failed"]:
            failed.append(str(pair))
            text = f"{pair} could not be unwrapped and is left out: {row['cause']}: {row['message']}"
            context.note(Finding("warning", "unwrapping", text))
    context.step.put(
        "pairs", {"pairs": [{"pair": str(p), **row} for p, row in zip(network.pairs, payloads, strict=True)]}
    )
    if len(failed) == n:
        raise RunError(
            f"none of {n} interferograms could be unwrapped; the first: {payloads[0]['message']}",
            hint="look at the coherence of the interferograms, and at unwrap.coherence_threshold",
        )
    return (Tally("interferograms", n, n - len(failed), {"not unwrapped": len(failed)}),)


STAGE = Stage(
    name="unwrap",
    version=1,
    after=("filter", "lookup"),
    meaning="find the whole cycles of the interferograms",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
