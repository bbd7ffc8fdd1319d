"""Stage `joins`: phase steps between sub-swaths, date by date, and constants of platforms."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from fringeworks.model.grids import Window
from fringeworks.model.identity import Swath
from fringeworks.model.tally import Tally
from fringeworks.tops.frame import Overlap, intersection
from fringeworks.tops.gates import judge
from fringeworks.tops.joins import SwathPhases, estimate_joins
from fringeworks.tops.overlaps import date_pairs
from fringeworks.tops.platforms import platform_constants
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.seams import comparing_seconds, seam_rows
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.bounding import BoundarySpec, bound, read_boundary

_MOST_SAMPLES = 12_000_000
"""Samples of all dates that are looked at in one overlap: lines beyond that are left out, from both ends."""
_LEAST_LINES = 32
_EXPECTED_SCATTER = 0.05
"""Scatter of dates of one platform that is expected anyway [rad]: the gate of seams."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    options = config.coregistration
    return {"joins": options.joins, "join": plain(options.join), "gates": plain(options.gates)}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    n_samples = min(_MOST_SAMPLES / max(scale.n_dates, 1), 600_000)
    n_tasks = scenes.n_bursts * (scenes.n_swaths - 1) // scenes.n_swaths
    return Cost(
        seconds=1 + n_tasks * comparing_seconds(n_samples, n_dates=scale.n_dates),
        n_tasks=n_tasks,
        task_bytes=40.0 * _MOST_SAMPLES,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, options = context.scenes, context.config.coregistration
    swaths = scenes.frame.swaths()
    if len(swaths) < 2 or not options.joins:
        context.step.put("phases", {})
        context.step.put("seams", [])
        return (
            Tally(
                "sub-swath boundaries", max(len(swaths) - 1, 0), 0, {"not asked for": max(len(swaths) - 1, 0)}
            ),
        )
    specs = _specs(context)
    context.each(bound, [s for of in specs.values() for s in of])
    found = estimate_joins(
        [[read_boundary(s) for s in specs[boundary]] for boundary in pairwise(swaths)],
        names=[s.value for s in swaths],
        reference=scenes.reference,
        n_dates=len(scenes.dates),
        options=options.join,
        network=options,
    )
    for finding in found.findings:
        context.note(finding)
    days = [d.isoformat() for d in scenes.days]
    verdicts = judge(found.table, dates=days, options=options.gates)
    for finding in verdicts.findings:
        context.note(finding)
    context.step.put("phases", _phases(found, days))
    context.step.put("seams", seam_rows(found.table, verdicts, days))
    context.step.put("platforms", _platforms(context, found))
    return found.tally, verdicts.tally


def _specs(context: StageContext) -> dict[tuple[Swath, Swath], list[BoundarySpec]]:
    scenes, options = context.scenes, context.config.coregistration
    days = [float((d - scenes.days[0]).days) for d in scenes.days]
    pairs = date_pairs(days, reference=scenes.reference, options=options)
    found: dict[tuple[Swath, Swath], list[BoundarySpec]] = {b: [] for b in pairwise(scenes.frame.swaths())}
    for overlap in scenes.frame.range_overlaps():
        window = _window(context, overlap)
        bursts = [scenes.frame.bursts[k] for k in (overlap.first, overlap.second)]
        if window is None:
            continue
        found[bursts[0].swath, bursts[1].swath].append(
            BoundarySpec(
                store=str(context.store.folder),
                names=(bursts[0].name, bursts[1].name),
                stored=(scenes.stored[bursts[0].name], scenes.stored[bursts[1].name]),
                window=window,
                pairs=pairs,
                fraction=scenes.effective_share,
                options=options,
            )
        )
    return found


def _window(context: StageContext, overlap: Overlap) -> Window | None:
    """Return what is kept of both bursts, the middle lines of it where there are many."""
    scenes = context.scenes
    window: Window | None = overlap.window
    for k in (overlap.first, overlap.second):
        name = scenes.frame.bursts[k].name
        if name not in scenes.stored or window is None:
            return None
        window = intersection(window, scenes.stored[name])
    if window is None or window.rows < _LEAST_LINES:
        return None
    most = max(_MOST_SAMPLES // max(window.cols * len(scenes.dates), 1), _LEAST_LINES)
    if window.rows > most:
        window = Window(window.row + (window.rows - most) // 2, window.col, most, window.cols)
    return window


def _phases(found: SwathPhases, days: list[str]) -> dict[str, float]:
    return {
        f"{day} {name}": float(found.phase[d, s])
        for d, day in enumerate(days)
        for s, name in enumerate(found.names)
    }


def _platforms(context: StageContext, found: SwathPhases) -> dict[str, Any]:
    """Report constants of platforms; phases of dates hold them already."""
    scenes = context.scenes
    platforms = [d.platform for d in scenes.dates]
    if len(set(platforms)) < 2:
        return {}
    columns = [f"{a}/{b}" for a, b in pairwise(found.names)]
    constants = platform_constants(
        found.step,
        found.step_sigma,
        platforms=platforms,
        reference=scenes.reference,
        columns=columns,
        significance=context.config.coregistration.join.platform_significance,
        least_scatter=_EXPECTED_SCATTER,
        what="phase step",
        units={"rad": 1.0},
    )
    for finding in constants.findings:
        context.note(finding)
    return {
        f"{platform} {column}": {
            "phase_step_rad": _number(constants.constant[p, c]),
            "sigma_rad": _number(constants.sigma[p, c]),
            "significant": bool(constants.is_significant[p, c]),
            "n_dates": int(constants.n_dates[p, c]),
        }
        for p, platform in enumerate(constants.platforms)
        for c, column in enumerate(columns)
    }


def _number(value: Any) -> Any:
    return float(value) if np.isfinite(value) else None


STAGE = Stage(
    name="joins",
    version=1,
    after=("coregister",),
    meaning="estimate phase steps between sub-swaths",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
