"""Stage `linked`: standard deviation and coherence of linked phases on the map."""

from __future__ import annotations

from typing import Final

from fringeworks.model.tally import Tally
from fringeworks.workflow.scenes.cells import kept_cells
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.linked_map import LinkedMapSpec, bring_linked

_IMAGES: Final = ("temporal_coherence", "coherence_mean", "looks")
_ROWS: Final = 512


def _cost(scale: Scale) -> Cost:
    size = scale.shape.size
    return Cost(
        disk_bytes=(4.0 * scale.n_dates + 12.0) * size,
        seconds=0.5 + scale.n_dates * size / 12e6,
        n_tasks=scale.n_dates + len(_IMAGES),
        task_bytes=40.0 * size,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    rows, cols = context.survey.stack.grid.shape
    n = len(scenes.dates)
    chunk = min(_ROWS, rows)
    context.step.create_chunked("phase_std", (n, rows, cols), dtype="float32", chunks=(1, chunk, cols))
    for what in _IMAGES:
        context.step.create_chunked(what, (rows, cols), dtype="float32", chunks=(chunk, cols))
    cells = {k: w for k in scenes.names if (w := kept_cells(scenes, k)) is not None}
    wanted = [("phase_std", k) for k in range(n)] + [(what, -1) for what in _IMAGES]
    specs = [
        LinkedMapSpec(
            store=str(context.store.folder), what=what, date=date, looked=scenes.looked, cells=cells
        )
        for what, date in wanted
    ]
    payloads = context.each(bring_linked, specs)
    context.step.put("dates", [d.isoformat() for d in scenes.days])
    return (Tally("map pixels", rows * cols, payloads[-len(_IMAGES)]["n_valid"]),)


STAGE = Stage(
    name="linked",
    version=1,
    after=("linking", "lookup"),
    meaning="bring coherence and standard deviation of linked phases onto the map",
    parameters=lambda _: {},
    work=_work,
    cost=_cost,
)
