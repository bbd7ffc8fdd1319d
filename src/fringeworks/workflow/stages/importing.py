"""Stage `import`: bring the interferograms into the working store, in the house's units and signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fringeworks.model.arrays import ArraySource, Block
from fringeworks.model.stack import InterferogramStack
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.records import stack_values
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.water import WaterMask, water_ingredients, water_of

_MAPS = ("height", "incidence", "slant_range")


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    stack = config.inputs.interferograms
    return {
        "format": stack.format,
        "phase_sign": stack.phase_sign,
        "exclude_dates": list(stack.exclude_dates),
        "exclude_pairs": list(stack.exclude_pairs),
        "dem_datum": config.inputs.dem_datum,
        "area": {k: v for k, v in vars_of(config.area).items() if v},
        **water_ingredients(config),
    }


def vars_of(record: object) -> dict[str, Any]:
    """Return the fields of a slotted record."""
    return {name: getattr(record, name) for name in record.__slots__}  # type: ignore[attr-defined]


def _cost(scale: Scale) -> Cost:
    layers = 2 * scale.n_pairs + 8
    return Cost(
        bytes_per_pixel=4.0 * (layers + 6),
        disk_bytes=4.0 * layers * scale.shape.size,
        seconds=2 + layers * scale.shape.size / 60e6,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    survey, stack = context.survey, context.survey.stack
    plan = context.blocks()
    _create(context, stack, plan.block.rows)
    water = water_of(context.config)
    if water is not None:
        context.step.create(
            "water",
            tuple(context.grid.shape),
            dtype="uint8",
            dims=("y", "x"),
            fill=0,
            block_rows=plan.block.rows,
        )
    for block in context.pending(plan):
        context.step.finish_block(block.index, _one_block(context, stack, block, water))
    payloads = context.payloads(plan)
    n_valid = np.sum([p["n_valid"] for p in payloads], axis=0)
    coherence = np.sum([p["coherence_sum"] for p in payloads], axis=0) / np.maximum(n_valid, 1)
    fraction = n_valid / survey.grid.shape.size
    for pair, valid in zip(survey.network.pairs, fraction, strict=True):
        if valid == 0:
            context.note(Finding("warning", "pairs", f"{pair} holds no valid pixel inside the area"))
    context.step.put("stack", _facts(context, stack, coherence, fraction))
    n_pairs = len(stack.network.pairs) + len(survey.missing)
    rejected = {"unreadable": len(survey.missing), "left out by the user": len(survey.left_out)}
    return (Tally("pairs", n_pairs, len(survey.network.pairs), rejected),)


def _create(context: StageContext, stack: InterferogramStack, block_rows: int) -> None:
    rows, cols = context.grid.shape
    n_pairs = len(context.survey.network.pairs)

    def make(name: str, n: int, axis: str) -> None:
        shape, dims = ((n, rows, cols), (axis, "y", "x")) if n else ((rows, cols), ("y", "x"))
        context.step.create(name, shape, dtype="float32", dims=dims, block_rows=block_rows)

    make("phase", n_pairs, "pair")
    make("coherence_mean", 0, "")
    if stack.coherence is not None:
        make("coherence", n_pairs, "pair")
    for name in _MAPS:
        if getattr(stack, name) is not None:
            make(name, 0, "")
    if stack.los_enu is not None:
        make("los_enu", 3, "enu")


def _one_block(
    context: StageContext, stack: InterferogramStack, block: Block, water: WaterMask | None
) -> dict[str, Any]:
    survey = context.survey
    window, keep = survey.window, block.keep
    source = (
        slice(window.row + keep.row, window.row + keep.row + keep.rows),
        slice(window.col + keep.col, window.col + keep.col + keep.cols),
    )
    outside = np.zeros(tuple(keep.shape), np.bool_) if survey.inside is None else ~survey.inside[keep.slices]
    if water is not None:
        wet = water.on(context.grid.crop(keep))
        context.step.sink("water")[keep.slices] = wet.astype(np.uint8)
        outside = outside | wet
    n_valid = np.zeros(len(survey.index), np.int64)
    coherence_sum = np.zeros(len(survey.index))
    mean = np.zeros(tuple(keep.shape), np.float64)
    count = np.zeros(tuple(keep.shape), np.int32)
    components = stack.components
    phases = np.empty((len(survey.index), *keep.shape), np.float32)
    coherences = np.empty_like(phases) if stack.coherence is not None else None
    for n, k in enumerate(survey.index):
        phase = phases[n]
        phase[...] = stack.phase[(k, *source)]
        phase[outside] = np.nan
        if components is not None:
            phase[components[(k, *source)] == 0] = np.nan
        valid = np.isfinite(phase)
        n_valid[n] = int(valid.sum())
        if coherences is not None and stack.coherence is not None:
            coherences[n] = stack.coherence[(k, *source)]
            good = valid & np.isfinite(coherences[n])
            coherence_sum[n] = float(coherences[n][good].sum(dtype=np.float64))
            mean[good] += coherences[n][good]
            count[good] += 1
    _write(context, "phase", phases, keep.slices)
    if coherences is not None:
        _write(context, "coherence", coherences, keep.slices)
    average = np.where(count > 0, mean / np.maximum(count, 1), np.nan).astype(np.float32)
    _write(context, "coherence_mean", average, keep.slices)
    for name in (*_MAPS, "los_enu"):
        values: ArraySource | None = getattr(stack, name)
        if values is not None:
            _write(
                context, name, values[(slice(None), *source) if name == "los_enu" else source], keep.slices
            )
    return {"n_valid": n_valid.tolist(), "coherence_sum": coherence_sum.tolist()}


def _write(context: StageContext, name: str, values: np.ndarray, slices: tuple[slice, slice]) -> None:
    array = context.step.sink(name)
    array[(slice(None), *slices) if values.ndim == 3 else slices] = values


def _facts(
    context: StageContext, stack: InterferogramStack, coherence: np.ndarray, fraction: np.ndarray
) -> dict[str, Any]:
    network = context.survey.network
    baseline = network.perpendicular_baseline
    has_coherence = stack.coherence is not None
    return {
        "facts": stack_values(stack, context.grid),
        "dates": [d.isoformat() for d in network.dates],
        "pairs": [
            {
                "pair": str(p),
                "perpendicular_baseline_m": None
                if baseline is None or np.isnan(baseline[k])
                else float(baseline[k]),
                "coherence_mean": float(coherence[k]) if has_coherence else None,
                "valid_fraction": float(fraction[k]),
            }
            for k, p in enumerate(network.pairs)
        ],
        "findings": [f.as_dict() for f in stack.findings],
    }


STAGE = Stage(
    name="import",
    version=1,
    after=(),
    meaning="read the interferograms, check them, and keep them in the house's units and signs",
    parameters=_parameters,
    work=_work,
    cost=_cost,
    reads_inputs=True,
)
FROM_IMAGES = replace(
    STAGE,
    after=("geocode",),
    meaning="take the interferograms on the map into the chain of the series",
    reads_inputs=False,
)
