"""Stage `repair`: cycle errors that triplets of interferograms reveal, taken out where they can be located."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.network import find_triplets
from fringeworks.interferometry.repair import (
    HALO,
    CycleLabels,
    Repair,
    apply_repair,
    find_cycles,
    fit_closure_planes,
    join_labels,
    judge_regions,
)
from fringeworks.model.arrays import ArraySource, BlockPlan, plan_rows
from fringeworks.model.grids import Shape, Window
from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext, block_budget

_SAMPLE = 2_000
_MOST_LISTED = 200


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"repair": plain(config.unwrap_repair)}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=6.0 * scenes.looked.size * scale.n_pairs,
        seconds=0.5 + scale.n_pairs * scenes.looked.size / 8e6,
        task_bytes=(24.0 * scale.n_pairs + 200.0) * scenes.looked.size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    source = context.upstream("unwrap").array("phase")
    n, (rows, cols) = len(context.survey.network.pairs), context.scenes.looked
    for name, dtype in (("phase", "float32"), ("components", "uint16")):
        context.step.create_chunked(name, (n, rows, cols), dtype=dtype, chunks=(1, min(512, rows), cols))
    components = context.upstream("unwrap").array("components")
    for k in range(n):
        context.step.sink("components")[k, :, :] = np.asarray(components[k, :, :])
    plan = _blocks(context, n)
    triplets = find_triplets(context.survey.network)
    if len(triplets) == 0 or not context.config.unwrap_repair.enabled:
        for block in context.pending(plan):
            at = (slice(None), *block.keep.slices)
            context.step.sink("phase")[at] = np.asarray(source[at])
            context.step.finish_block(block.index, {})
        reason = "no triplet of interferograms" if len(triplets) == 0 else "not asked for"
        context.step.put("repair", {"regions": [], "tally": {}, "why_none": reason})
        return (Tally("interferograms", n, 0, {reason: n}),)
    repair = _found(context, source, triplets, plan)
    for block in context.pending(plan):
        at = (slice(None), *block.keep.slices)
        mended = apply_repair(
            np.asarray(source[at], np.float32), repair=repair, row=block.keep.row, col=block.keep.col
        )
        context.step.sink("phase")[at] = mended
        context.step.finish_block(block.index, {})
    context.step.put("repair", _record(repair))
    return (repair.tally,)


def _blocks(context: StageContext, n_pairs: int) -> BlockPlan:
    budget = block_budget(context.config.memory_bytes)
    plan = plan_rows(
        context.scenes.looked,
        bytes_per_pixel=24.0 * n_pairs + 200.0,
        budget=budget,
        multiple=min(64, context.scenes.looked.rows),
    )
    return BlockPlan(plan.shape, plan.block, Shape(HALO, 0))


def _found(
    context: StageContext, source: ArraySource, triplets: NDArray[np.int64], plan: BlockPlan
) -> Repair:
    """Find the cycles block by block, and decide on regions of the whole image."""
    options, network = context.config.unwrap_repair, context.survey.network
    rows, cols = context.scenes.looked
    step = max(int(np.ceil(np.sqrt(rows * cols / _SAMPLE))), 1)
    sample = np.stack(
        [np.asarray(source[k, :, :])[::step, ::step].ravel() for k in range(len(network.pairs))]
    )
    r, c = (part.ravel() * step for part in np.indices((-(-rows // step), -(-cols // step))))
    planes = fit_closure_planes(
        sample, positions=np.column_stack([r, c]).astype(np.float64), triplets=triplets
    )
    parts: list[tuple[Window, CycleLabels]] = []
    for block in plan:
        context.check_cancel()
        read = block.read.slices
        labels = find_cycles(
            np.asarray(source[(slice(None), *read)], np.float32),
            triplets=triplets,
            planes=planes,
            options=options,
            ends=network.endpoints(),
            row=block.read.row,
            col=block.read.col,
        )
        parts.append((block.keep, labels.cut(block.inner)))
    return judge_regions(join_labels(parts, shape=Shape(rows, cols)), network=network, options=options)


def _record(repair: Repair) -> dict[str, Any]:
    largest = sorted(repair.regions, key=lambda region: -region.n_pixels)[:_MOST_LISTED]
    return {
        "tally": repair.tally.as_dict(),
        "n_regions": len(repair.regions),
        "n_repaired": sum(region.repaired for region in repair.regions),
        "regions": [
            {
                "cycles": dict(region.cycles),
                "row": region.window.row,
                "col": region.window.col,
                "rows": region.window.rows,
                "cols": region.window.cols,
                "n_pixels": region.n_pixels,
                "jump_share": None if np.isnan(region.jump_share) else region.jump_share,
                "repaired": region.repaired,
                "reason": region.reason,
            }
            for region in largest
        ],
    }


STAGE = Stage(
    name="repair",
    version=2,
    after=("unwrap",),
    meaning="find and mend cycle errors by the closure of triplets",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
