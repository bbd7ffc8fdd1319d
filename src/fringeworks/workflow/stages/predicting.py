"""Stage `predict`: what corrections say the interferograms hold, before they are filtered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Final

from fringeworks.errors import MissingInputError
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.plugins import correction_named
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.predicting import PredictSpec, predict

_ROWS: Final = 256


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"names": list(config.corrections.before_filter)}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=4.0 * scenes.looked.size * scale.n_dates,
        seconds=1 + scenes.looked.size * (1 + 0.3 * scale.n_dates) / 1e6,
        n_tasks=-(-scenes.looked.rows // _ROWS),
        task_bytes=(4.0 * scale.n_dates + 600.0) * _ROWS * scenes.looked.cols,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, names = context.scenes, tuple(context.config.corrections.before_filter)
    for name in names:
        needs = correction_named(name).needs
        if needs:
            raise MissingInputError(
                f"correction {name!r} needs {', '.join(sorted(needs))}",
                expected="a correction that brings its own data",
                hint="leave it out of corrections.before_filter",
            )
    rows, cols = scenes.looked
    n = len(scenes.dates)
    chunks = (1, min(_ROWS, rows), cols)
    context.step.create_chunked("delay", (n, rows, cols), dtype="float32", chunks=chunks)
    clock = time.fromisoformat(scenes.centre_time).replace(tzinfo=None)
    specs = [
        PredictSpec(
            store=str(context.store.folder),
            rows=(first, min(first + _ROWS, rows)),
            cols=cols,
            frame=scenes.frame,
            looks=scenes.looks,
            reference=scenes.dates[scenes.reference].seen_by,
            heights=scenes.heights,
            dem=scenes.dem,
            moments=tuple(datetime.combine(day, clock, UTC) for day in scenes.days),
            names=names,
        )
        for first in range(0, rows, _ROWS)
    ]
    payloads = context.each(predict, specs)
    missing: dict[str, dict[str, str]] = payloads[0]["missing"]
    excluded = [
        {"correction": name, "date": day, "reason": reason}
        for name, reasons in missing.items()
        for day, reason in sorted(reasons.items())
    ]
    for row in excluded:
        text = f"{row['correction']} of {row['date']}: {row['reason']}; nothing is taken out for it"
        context.note(Finding("warning", "corrections", text))
    largest = max(p["largest_m"] for p in payloads)
    later = (
        "and given back once they are unwrapped" if context.config.corrections.give_back else "and stay out"
    )
    text = f"{', '.join(names)}: up to {1e3 * largest:.1f} mm are taken out of the interferograms before filtering {later}"
    context.note(Finding("note", "corrections", text))
    values = {"used": list(names), "excluded": excluded, "largest_m": largest}
    context.step.put("corrections", {**values, "given_back": context.config.corrections.give_back})
    n_all = len(names) * n
    return (Tally("corrections of dates", n_all, n_all - len(excluded), {"no data": len(excluded)}),)


STAGE = Stage(
    name="predict",
    version=1,
    after=("interferograms",),
    meaning="predict what corrections take out of the interferograms before they are filtered",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
