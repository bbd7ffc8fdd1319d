"""Stage `correct`: predicted delays are taken out of the series; what could not be corrected is kept and said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
from pyproj import Transformer

from fringeworks.corrections.protocol import Correction, Delay, LookGeometry, apply_correction
from fringeworks.errors import MissingInputError
from fringeworks.model.arrays import Block
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.plugins import correction_named
from fringeworks.workflow.records import series_network
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"names": list(config.corrections.names)}


def _cost(scale: Scale) -> Cost:
    return Cost(
        bytes_per_pixel=4.0 * (6 * scale.n_dates + 40),
        disk_bytes=8.0 * scale.n_dates * scale.shape.size,
        seconds=5 + scale.n_dates * scale.shape.size / 5e6,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    dates = series_network(context)[0].dates
    wanted = [correction_named(name) for name in context.config.corrections.names]
    _check_needs(context, wanted)
    plan = context.blocks()
    shape = (len(dates), *context.grid.shape)
    for name in ("displacement", *(f"correction_{c.name}" for c in wanted)):
        context.step.create(name, shape, dtype="float32", dims=("date", "y", "x"), block_rows=plan.block.rows)
    for block in context.pending(plan):
        context.step.finish_block(block.index, _one_block(context, block, wanted, dates))
    missing: dict[str, dict[str, str]] = {c.name: {} for c in wanted}
    for payload in context.payloads(plan):
        for name, reasons in payload["uncorrected"].items():
            missing[name] |= reasons
    excluded = [
        {"correction": name, "date": day, "reason": reason}
        for name, reasons in missing.items()
        for day, reason in sorted(reasons.items())
    ]
    context.step.put("corrections", {"used": [c.name for c in wanted], "excluded": excluded})
    for row in excluded:
        text = f"{row['correction']} of {row['date']}: {row['reason']}; the date is kept uncorrected"
        context.note(Finding("warning", "corrections", text))
    n_all = len(wanted) * len(dates)
    return (Tally("corrections of dates", n_all, n_all - len(excluded), {"no data": len(excluded)}),)


def _check_needs(context: StageContext, wanted: list[Correction]) -> None:
    for correction in wanted:
        if correction.needs:
            raise MissingInputError(
                f"correction {correction.name!r} needs {', '.join(sorted(correction.needs))}",
                expected="a correction that brings its own data",
                hint="this version reads no weather, ionosphere or tide data of its own",
            )
    if not context.upstream("import").has("los_enu"):
        raise MissingInputError(
            "the stack holds no line-of-sight vectors", expected="look geometry for corrections"
        )


def _one_block(
    context: StageContext, block: Block, wanted: list[Correction], dates: tuple[date, ...]
) -> dict[str, Any]:
    at = block.keep.slices
    series = np.asarray(context.upstream("invert").array("displacement")[(slice(None), *at)], np.float32)
    look = _look(context, block)
    uncorrected: dict[str, dict[str, str]] = {}
    for correction in wanted:
        delays: dict[date, Delay] = {}
        reasons: dict[date, str] = {}
        for day in dates:
            try:
                delays[day] = correction.delay(_instant(context, day), look, {})
            except MissingInputError as error:
                reasons[day] = error.found
        result = apply_correction(series, delays, dates=dates, reasons=reasons)
        series = result.displacement
        context.step.sink(f"correction_{correction.name}")[(slice(None), *at)] = result.correction
        uncorrected[correction.name] = {d.isoformat(): why for d, why in result.uncorrected.items()}
    context.step.sink("displacement")[(slice(None), *at)] = series
    return {"uncorrected": uncorrected}


def _instant(context: StageContext, day: date) -> datetime:
    text = context.survey.stack.facts.centre_time
    moment = time.fromisoformat(text) if text else time(12, 0)
    return datetime.combine(day, moment.replace(tzinfo=None), UTC)


def _look(context: StageContext, block: Block) -> LookGeometry:
    source, at, grid = context.upstream("import"), block.keep.slices, context.grid
    cols, rows = np.meshgrid(
        np.arange(block.keep.col, block.keep.col + block.keep.cols),
        np.arange(block.keep.row, block.keep.row + block.keep.rows),
    )
    x, y = grid.x_start + (cols + 0.5) * grid.x_step, grid.y_start + (rows + 0.5) * grid.y_step
    longitude, latitude = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    shape = tuple(block.keep.shape)
    height = (
        np.asarray(source.array("height")[at], np.float32)
        if source.has("height")
        else np.zeros(shape, np.float32)
    )
    return LookGeometry(
        look_enu=np.asarray(source.array("los_enu")[(slice(None), *at)], np.float32),
        incidence=np.asarray(source.array("incidence")[at], np.float32),
        longitude=np.radians(longitude),
        latitude=np.radians(latitude),
        height=height,
    )


STAGE = Stage(
    name="correct",
    version=1,
    after=("import", "pairs", "invert"),
    meaning="take predicted delays out of the series",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
