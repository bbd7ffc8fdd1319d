"""Stage `coregister`: every burst of every date on the common grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.aligning import align
from fringeworks.workflow.tasks.places import STRIP, create_samples
from fringeworks.workflow.tasks.specs import dated_burst, shift_of


def _parameters(_: RunConfig) -> Mapping[str, Any]:
    return {}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    cols = scenes.largest.cols
    return Cost(
        disk_bytes=4.0 * scenes.n_samples * scale.n_dates,
        seconds=0.5 + scale.n_dates * (0.15 * scenes.n_bursts + scenes.n_samples / 18e6),
        n_tasks=scenes.n_bursts * scale.n_dates,
        task_bytes=20.0 * (STRIP + 32) * cols + 0.5 * scenes.largest.size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    shifts = context.upstream("diversity").get("shifts")
    specs = []
    for name in scenes.names:
        window = scenes.stored[name]
        create_samples(context.step, name, (len(scenes.dates), window.rows, window.cols))
    for date, scene in enumerate(scenes.dates):
        for name in scenes.names:
            swath = scenes.frame.bursts[scenes.place_of(name)].swath
            shift = shift_of(shifts, day=scene.day.isoformat(), swath=swath.value, burst=name)
            spec = dated_burst(scenes, store=str(context.store.folder), name=name, date=date, shift=shift)
            if spec is not None:
                specs.append(spec)
    payloads = context.each(align, specs)
    context.step.put(
        "bursts",
        [
            {"date": scenes.days[s.date].isoformat(), "burst": s.name, "n_valid": p["tally"]["used"]}
            for s, p in zip(specs, payloads, strict=True)
        ],
    )
    tally = Tally("samples", 0, 0)
    for spec, payload in zip(specs, payloads, strict=True):
        part = Tally(**payload["tally"])
        tally = tally + part
        if part.rejected.get("zero", 0) > 0.05 * part.considered:
            share = 100.0 * part.rejected["zero"] / part.considered
            text = (
                f"{scenes.days[spec.date]}: {share:.0f} % of burst {spec.name} holds zeros: taken for missing"
            )
            context.note(Finding("warning", "samples", text))
    n_cells = len(scenes.names) * len(scenes.dates)
    bursts = Tally("bursts of dates", n_cells, len(specs), {"not held by the date": n_cells - len(specs)})
    return bursts, tally


STAGE = Stage(
    name="coregister",
    version=1,
    after=("heights", "diversity"),
    meaning="resample every burst of every date onto the common grid",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
