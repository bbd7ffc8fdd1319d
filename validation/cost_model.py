"""What a strip of a thousand kilometres costs: hours, disk and memory of every step, by number of workers.

    python -m validation.cost_model --json
    python -m validation.cost_model --spacing 30 --dates 300

The estimates are those that `fringeworks plan` prints for a run (the cost of each stage), scaled to six slices of
nine bursts in three sub-swaths.  A stage's time is meant for two processors; here a worker is one processor.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.interferometry.design import PairOptions, design_network
from fringeworks.model.grids import Shape
from fringeworks.workflow.config import RunConfig, bytes_of
from fringeworks.workflow.config.load import config_from
from fringeworks.workflow.stage import PROGRAM_BYTES, Cost, Scale, SceneScale, block_budget, plan_blocks
from fringeworks.workflow.stages import stages_for

SLICES, BURSTS = 6, 9
SAMPLES = {"IW1": 21_500, "IW2": 25_300, "IW3": 24_500}
"""Valid samples of a line in each sub-swath."""
SHARED_SAMPLES = 1_600
"""Samples that neighbouring sub-swaths both show."""
LINES, CYCLE_LINES = 1_450, 1_342
"""Valid lines of a burst, and lines from one burst to the next (2.758 s of 2.0556 ms)."""
LINE_METRES, SAMPLE_METRES = 13.9, 3.7
"""On the ground; samples at 39 degrees of incidence."""
HEADING = math.radians(13.0)
"""From north: by how much the strip is turned in its map."""
DAYS, BASELINE = 12, 60.0
"""Between dates; spread of perpendicular baselines [m], as Sentinel-1 keeps its orbit."""
WORKERS = (1, 8, 64)
EFFICIENCY = 0.8
"""How well two processors share the work of one task; a worker alone loses nothing to sharing."""
READERS = ("overlaps", "coregister")
UNPACKING = 0.5 * BURSTS * LINES * sum(SAMPLES.values()) / 3 / 60e6
"""Half a deflated raster of a slice, unpacked to reach a burst [s]: tasks of one raster are spread over workers."""
MOST_THREADS = 8
"""Steps that go through the map by blocks run in one process; more threads than this do not make them faster."""
ASSUMPTIONS = (
    "a worker is one processor as fast as those the constants were measured on",
    f"steps of tasks (bursts, dates, pairs) spread over all workers; steps of blocks run in one process with at most {MOST_THREADS} threads",
    f"products are zips: a worker that takes one burst of a raster unpacks what lies before it, {UNPACKING:.1f} s; folders save that",
    "the store keeps up with all workers: write_mib_s says what each step asks of it",
    "arrays count as written without compression; steps are kept, none is removed as soon as it was read",
)


@dataclass(frozen=True)
class Strip:
    """What is processed."""

    n_dates: int
    spacing: float

    def looks(self) -> tuple[int, int]:
        """Return lines and samples of a cell about as large as a map pixel."""
        return max(round(self.spacing / LINE_METRES), 1), max(round(self.spacing / SAMPLE_METRES), 1)

    def network(self) -> tuple[int, int]:
        """Return how many pairs the default small-baseline network forms, and of how many dates."""
        days = [date(2020, 1, 1) + timedelta(days=DAYS * k) for k in range(self.n_dates)]
        baselines = np.random.default_rng(1).normal(scale=BASELINE, size=self.n_dates)
        return len(design_network(days, baselines, options=PairOptions()).network.pairs), self.n_dates

    def scale(self) -> Scale:
        """Return how large the work is."""
        n = SLICES * BURSTS
        lines = CYCLE_LINES * (n - 1) + LINES
        samples = sum(SAMPLES.values()) - 2 * SHARED_SAMPLES
        azimuth, across = self.looks()
        length, width = lines * LINE_METRES, samples * SAMPLE_METRES
        rows = length * math.cos(HEADING) + width * math.sin(HEADING)
        cols = width * math.cos(HEADING) + length * math.sin(HEADING)
        n_pairs, n_dates = self.network()
        scenes = SceneScale(
            n_bursts=3 * n,
            n_samples=n * LINES * sum(SAMPLES.values()),
            largest=Shape(LINES, max(SAMPLES.values())),
            n_overlaps=3 * (n - 1),
            n_swaths=3,
            looked=Shape(lines // azimuth, samples // across),
        )
        shape = Shape(math.ceil(rows / self.spacing), math.ceil(cols / self.spacing))
        return Scale(shape=shape, n_pairs=n_pairs, n_dates=n_dates, scenes=scenes)


def seconds_of(step: str, cost: Cost, workers: int) -> float:
    """Return the time of a step with so many workers of one processor each."""
    alone = 2.0 * EFFICIENCY * cost.seconds
    if not cost.n_tasks:
        return alone / min(workers, MOST_THREADS)
    again = UNPACKING if step in READERS and workers > 1 else 0.0
    return (alone / cost.n_tasks + again) * math.ceil(cost.n_tasks / workers)


def memory_of(cost: Cost, scale: Scale, max_memory: int) -> float:
    """Return what a worker holds at most in a step, the program included [bytes]."""
    if cost.bytes_per_pixel:
        plan = plan_blocks(scale.shape, bytes_per_pixel=cost.bytes_per_pixel, max_memory=max_memory)
        return PROGRAM_BYTES + cost.bytes_per_pixel * plan.block.size
    most = cost.task_bytes if cost.n_tasks else min(cost.task_bytes, block_budget(max_memory))
    return PROGRAM_BYTES + most


def configuration(spacing: float, method: str) -> RunConfig:
    """Return the configuration of such a run, all else by default."""
    values = {
        "inputs": {"slc": ["slc/*.zip"], "orbits": "orbits", "dem": "dem.tif"},
        "method": method,
        "products": {"spacing_m": spacing},
    }
    return config_from(values, folder=Path())


def measure(*, n_dates: int = 150, spacing: float = 60.0, max_memory: str = "8 GiB") -> dict[str, Any]:
    """Return the estimate as plain values."""
    strip = Strip(n_dates, spacing)
    scale, cap = strip.scale(), bytes_of(max_memory)
    steps = []
    for stage in stages_for(configuration(spacing, "sbas")):
        cost = stage.cost(scale)
        seconds = {str(w): seconds_of(stage.name, cost, w) for w in WORKERS}
        steps.append(
            {
                "step": stage.name,
                "tasks": cost.n_tasks,
                "hours": {w: round(s / 3600, 3) for w, s in seconds.items()},
                "disk_gib": round(cost.disk_bytes / 2**30, 2),
                "write_mib_s": {w: round(cost.disk_bytes / 2**20 / s, 1) for w, s in seconds.items()},
                "memory_per_worker_gib": round(memory_of(cost, scale, cap) / 2**30, 2),
            }
        )
    worst = max(steps, key=lambda step: step["memory_per_worker_gib"])
    scenes = scale.scenes
    assert scenes is not None
    return {
        "name": "cost_model",
        "tried_on": "an estimate: no run of this size was made",
        "strip": {
            "bursts": scenes.n_bursts,
            "dates": scale.n_dates,
            "pairs": scale.n_pairs,
            "samples_of_a_date": scenes.n_samples,
            "length_km": round(CYCLE_LINES * SLICES * BURSTS * LINE_METRES / 1e3),
            "spacing_m": spacing,
            "looks": list(strip.looks()),
            "looked": list(scenes.looked),
            "map": list(scale.shape),
        },
        "hours": {str(w): round(sum(s["hours"][str(w)] for s in steps), 2) for w in WORKERS},
        "disk_tib": round(sum(s["disk_gib"] for s in steps) / 1024, 2),
        "memory_per_worker_gib": worst["memory_per_worker_gib"],
        "memory_worst_step": worst["step"],
        "steps_above_memory_cap": [s["step"] for s in steps if s["memory_per_worker_gib"] * 2**30 > cap],
        "max_memory": max_memory,
        "steps": steps,
        "assumptions": list(ASSUMPTIONS),
    }


def table(found: dict[str, Any]) -> list[str]:
    """Return the estimate as lines of text."""
    strip = found["strip"]
    lines = [
        (
            f"{strip['length_km']} km, {strip['bursts']} bursts, {strip['dates']} dates, {strip['pairs']} pairs, "
            f"{strip['spacing_m']:g} m, looks {strip['looks'][0]} x {strip['looks'][1]}"
        ),
        f"{'step':<15}{'tasks':>7}"
        + "".join(f"{f'h, {w} w.':>11}" for w in WORKERS)
        + f"{'disk GiB':>11}{'GiB/worker':>12}",
    ]
    for s in found["steps"]:
        hours = "".join(f"{s['hours'][str(w)]:>11.2f}" for w in WORKERS)
        lines.append(
            f"{s['step']:<15}{s['tasks']:>7}{hours}{s['disk_gib']:>11.1f}{s['memory_per_worker_gib']:>12.2f}"
        )
    hours = "".join(f"{found['hours'][str(w)]:>11.2f}" for w in WORKERS)
    lines.append(
        f"{'in all':<22}{hours}{found['disk_tib'] * 1024:>11.1f}{found['memory_per_worker_gib']:>12.2f}"
    )
    if found["steps_above_memory_cap"]:
        lines.append(f"above {found['max_memory']} a worker: {', '.join(found['steps_above_memory_cap'])}")
    return [*lines, *(f"* {text}" for text in found["assumptions"])]


def main() -> None:
    """Print the estimate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--dates", type=int, default=150)
    parser.add_argument("--spacing", type=float, default=60.0, help="posting of the map [m]")
    parser.add_argument("--max-memory", default="8 GiB")
    given = parser.parse_args()
    found = measure(n_dates=given.dates, spacing=given.spacing, max_memory=given.max_memory)
    print(json.dumps(found) if given.json else "\n".join(table(found)))


if __name__ == "__main__":
    main()
