"""Stage `filter`: less noise before the whole cycles are sought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.filtering import FilterSpec, run_filter
from fringeworks.workflow.tasks.specs import predictions


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    values = plain(config.filter)
    values.pop("used_for")
    return {"filter": values}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=8.0 * scenes.looked.size * scale.n_pairs,
        seconds=0.5 + scale.n_pairs * scenes.looked.size / 5e6,
        n_tasks=scale.n_pairs,
        task_bytes=45.0 * scenes.looked.size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    n, (rows, cols) = len(context.survey.network.pairs), context.scenes.looked
    if context.config.filter.method == "none":
        return (Tally("interferograms", n, 0, {"no filter asked for": n}),)
    context.step.create_chunked(
        "filtered", (n, rows, cols), dtype="complex64", chunks=(1, min(512, rows), cols)
    )
    specs = [
        FilterSpec(
            store=str(context.store.folder), index=k, options=context.config.filter, predicted=predicted
        )
        for k, predicted in enumerate(predictions(context.config, context.scenes, context.survey.network))
    ]
    payloads = context.each(run_filter, specs)
    pairs = context.survey.network.pairs
    rows_out = [{"pair": str(p), **row} for p, row in zip(pairs, payloads, strict=True)]
    context.step.put("pairs", {"pairs": rows_out})
    empty = sum(p["n_valid"] == 0 for p in payloads)
    return (Tally("interferograms", n, n - empty, {"no valid cell": empty}),)


def stage(before: tuple[str, ...] = ()) -> Stage:
    """Return the stage; ``before`` names the step whose predictions are taken out first, if any."""
    return Stage(
        name="filter",
        version=1,
        after=("interferograms", *before),
        meaning="filter the interferograms' phase",
        parameters=_parameters,
        work=_work,
        cost=_cost,
    )
