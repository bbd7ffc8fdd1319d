"""Stage `overlaps`: what two bursts of a date both show, resampled on a sparse grid before anything heavy is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.model.grids import Window
from fringeworks.model.tally import Tally
from fringeworks.tops.frame import intersection
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.aligning import StripSpec, align_strips
from fringeworks.workflow.tasks.places import create_samples
from fringeworks.workflow.tasks.specs import MAX_RUN, columns_of, dated_burst

_PROBE_LINES = 128
"""Lines of the strip that is looked at in a burst that overlaps no other."""


def _parameters(_: RunConfig) -> Mapping[str, Any]:
    return {}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    n_samples = min(scenes.largest.cols * 160, MAX_RUN) * 2
    n_tasks = scenes.n_overlaps * scale.n_dates
    return Cost(
        disk_bytes=4.0 * n_samples * n_tasks,
        # to reach its strips, every deflated raster is unpacked once
        seconds=0.5 + n_tasks * (0.3 + n_samples / 20e6) + scale.n_dates * scenes.n_samples / 60e6,
        n_tasks=n_tasks,
        task_bytes=24.0 * n_samples,
    )


def strips_of(scenes: SceneStack) -> list[dict[str, Any]]:
    """Return what is looked at: every overlap of consecutive bursts, and a strip of each burst without one."""
    frame = scenes.frame
    rows: list[dict[str, Any]] = []
    paired: set[int] = set()
    for overlap in frame.azimuth_overlaps():
        names = [frame.bursts[k].name for k in (overlap.first, overlap.second)]
        window = _inside(scenes, names, overlap.window)
        if window is None:
            continue
        paired |= {overlap.first, overlap.second}
        rows.append(
            _row(f"{frame.bursts[overlap.first].swath} {overlap.first}-{overlap.second}", names, window)
        )
    for k, burst in enumerate(frame.bursts):
        if k in paired or burst.name not in scenes.stored:
            continue
        stored = scenes.stored[burst.name]
        n = min(_PROBE_LINES, stored.rows)
        strip = Window(stored.row + (stored.rows - n) // 2, stored.col, n, stored.cols)
        rows.append(_row(f"{burst.swath} {k}", [burst.name], strip))
    return rows


def _inside(scenes: SceneStack, names: list[str], window: Window) -> Window | None:
    found: Window | None = window
    for name in names:
        if name not in scenes.stored or found is None:
            return None
        found = intersection(found, scenes.stored[name])
    return found


def _row(label: str, names: list[str], window: Window) -> dict[str, Any]:
    return {
        "array": "_".join(names),
        "label": label,
        "bursts": names,
        "lines": [window.row, window.rows],
        "columns": [list(c) for c in columns_of(window)],
    }


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    rows = strips_of(scenes)
    specs = []
    for row in rows:
        width = sum(n for _, n in row["columns"])
        create_samples(
            context.step, row["array"], (len(scenes.dates), len(row["bursts"]), row["lines"][1], width)
        )
        for date in range(len(scenes.dates)):
            bursts = tuple(
                dated_burst(scenes, store=str(context.store.folder), name=name, date=date)
                for name in row["bursts"]
            )
            if all(b is None for b in bursts):
                continue
            specs.append(
                StripSpec(
                    step=context.step.name,
                    array=row["array"],
                    date=date,
                    bursts=bursts,
                    lines=tuple(row["lines"]),
                    columns=tuple(tuple(c) for c in row["columns"]),
                )
            )
    payloads = context.each(align_strips, specs)
    context.step.put("strips", rows)
    empty = sum(all(n == 0 for n in p["n_valid"]) for p in payloads)
    return (Tally("strips", len(specs), len(specs) - empty, {"no valid sample": empty}),)


STAGE = Stage(
    name="overlaps",
    version=1,
    after=("heights",),
    meaning="resample what consecutive bursts both show, on a sparse grid",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
