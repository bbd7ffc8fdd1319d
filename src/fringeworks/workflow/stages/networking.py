"""Stage `network`: the scatterers joined by arcs: velocity, height error and series of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.points.network import solve_network
from fringeworks.timeseries.points.pointset import PointSet
from fringeworks.timeseries.points.solution import NetworkSolution
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.scatterers import read_points
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_MOST_ARCS: Final = 4000
"""Arcs kept for the report."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"network": plain(config.points.network)}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    cells = 0 if scenes is None else scenes.looked.size
    return Cost(
        disk_bytes=cells * (8.0 * scale.n_dates + 40.0),
        seconds=5 + cells * scale.n_dates / 1e6,
        task_bytes=cells * scale.n_dates * 40.0,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    found = read_points(context)
    facts = context.upstream("scatterers").get("scatterers")
    days = [date.fromisoformat(d) for d in facts["dates"]]
    years = np.array([(d - days[0]).days / DAYS_PER_YEAR for d in days])
    names = ("line", "sample", "x", "y", "kind", "area", "phase", "phase_std")
    points = PointSet(**{name: found[name] for name in names})
    if not len(points):
        text = (
            "no scatterer passed: points.parquet is empty; look at points.minimum_temporal_coherence, "
            "points.maximum_phase_std_rad and points.candidates"
        )
        context.note(Finding("warning", "points", text))
    solution = solve_network(
        points,
        years=years,
        height_to_phase=found["height_to_phase"],
        wavelength=context.scenes.wavelength,
        options=context.config.points.network,
        reference=int(facts["reference"]),
    )
    for finding in solution.findings:
        context.note(finding)
    _keep(context, solution)
    return solution.arcs.tally, solution.tally


def _keep(context: StageContext, solution: NetworkSolution) -> None:
    arcs, coherence = _some_arcs(solution)
    np.savez(
        context.step.folder / "network.npz",
        allow_pickle=False,
        used=solution.used,
        velocity=solution.velocity,
        velocity_std=solution.velocity_std,
        height_error=solution.height_error,
        height_std=solution.height_std,
        rmse=solution.rmse,
        temporal_coherence=solution.temporal_coherence,
        displacement=solution.displacement,
        arcs=arcs,
        arc_coherence=coherence,
    )


def _some_arcs(solution: NetworkSolution) -> tuple[np.ndarray, np.ndarray]:
    arcs = solution.arcs
    n = arcs.coherence.size
    chosen = np.unique(np.linspace(0, max(n - 1, 0), min(n, _MOST_ARCS)).astype(np.int64))[:n]
    return arcs.arcs.ends[chosen], np.asarray(arcs.coherence[chosen], np.float32)


STAGE = Stage(
    name="network",
    version=1,
    after=("scatterers",),
    meaning="join the scatterers by arcs and solve velocities, heights and series",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
