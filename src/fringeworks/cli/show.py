"""What a person sees in the terminal: progress, plans, tables. Progress goes to stderr, facts to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from fringeworks.workflow.events import Event
from fringeworks.workflow.plan import Plan
from fringeworks.workflow.scenes.account import scene_values

LEVELS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}
STATES = {"done": "green", "stale": "yellow", "interrupted": "magenta", "new": "cyan"}


def err() -> Console:
    """Return a console on stderr, as it is now."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def out() -> Console:
    """Return a console on stdout, as it is now."""
    return Console(highlight=False, soft_wrap=True)


def counted(number: int, word: str) -> str:
    """Return ``1 pair``, ``2 pairs``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def as_json(value: Any) -> None:
    """Print exactly one JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=1, sort_keys=True, default=str) + "\n")


class ProgressShow:
    """Show the events of a run as bars with the time that is left; plain lines where no terminal is attached."""

    def __init__(self) -> None:
        self.console = err()
        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Start to show."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to show."""
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if event.kind == "step_progress":
            self._progress(event)
        elif event.kind == "step_started":
            self._tasks[event.step] = self._bars.add_task(event.step, total=None)
            if not self.console.is_terminal:
                self.console.print(
                    f"[{event.done + 1}/{event.total}] {event.step}: {event.text}", markup=False
                )
        elif event.kind == "step_skipped":
            self._bars.console.print(f"{event.step}: already done, {event.text}", markup=False)
        elif event.kind == "step_finished" and event.step in self._tasks:
            task = self._tasks[event.step]
            total = self._bars.tasks[task].total or 1
            self._bars.update(task, total=total, completed=total)
        elif event.kind == "message":
            self._bars.console.print(f"{event.step}: {event.text}", style="yellow", markup=False)

    def _progress(self, event: Event) -> None:
        if event.step in self._tasks and event.total:
            self._bars.update(self._tasks[event.step], total=event.total, completed=event.done)


def findings_table(findings: Iterable[Any]) -> Table:
    """Return checks as a table."""
    table = Table(title="Checks", title_justify="left", show_lines=False)
    for column in ("level", "topic", "what"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(f"[{LEVELS[finding.level]}]{finding.level}[/]", finding.topic, finding.text)
    return table


def plan_table(plan: Plan) -> Table:
    """Return the steps of a plan as a table."""
    table = Table(title="Steps", title_justify="left")
    for column in ("step", "state", "what it does"):
        table.add_column(column, overflow="fold")
    for column in ("blocks", "memory", "disk", "time"):
        table.add_column(column, justify="right")
    for step in plan.steps:
        table.add_row(
            step.stage.name,
            f"[{STATES[step.state]}]{step.state}[/]",
            step.stage.meaning,
            str(step.n_blocks),
            f"{step.memory_bytes / 2**20:,.0f} MiB",
            f"{step.cost.disk_bytes / 2**20:,.0f} MiB",
            f"{step.cost.seconds:,.0f} s",
        )
    return table


def plan_values(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values for JSON."""
    network = plan.survey.network
    return {
        "configuration_hash": plan.config_hash,
        "output": plan.config.output.directory,
        "dates": [d.isoformat() for d in network.dates],
        "n_pairs": len(network.pairs),
        "shape": list(plan.scale.shape),
        "steps": [
            {
                "name": s.stage.name,
                "state": s.state,
                "meaning": s.stage.meaning,
                "n_blocks": s.n_blocks,
                "memory_bytes": s.memory_bytes,
                "disk_bytes": int(s.cost.disk_bytes),
                "seconds": round(s.cost.seconds, 1),
            }
            for s in plan.steps
        ],
        "to_do": [s.stage.name for s in plan.to_do],
        "disk_bytes": int(plan.disk_bytes),
        "seconds": round(plan.seconds, 1),
        "missing": [{"name": n, "reason": r} for n, r in plan.survey.missing],
        "findings": [f.as_dict() for f in plan.findings],
        **_image_values(plan),
    }


def _image_values(plan: Plan) -> dict[str, Any]:
    """Return what only plans that start from images have: the images, and the pairs that are to be formed."""
    scenes, network = plan.survey.scenes, plan.survey.network
    if scenes is None:
        return {}
    baseline = network.perpendicular_baseline
    return {
        "images": scene_values(scenes),
        "pairs": [
            {
                "pair": str(pair),
                "days": pair.days,
                "perpendicular_baseline_m": None if baseline is None else round(float(baseline[k]), 3),
            }
            for k, pair in enumerate(network.pairs)
        ],
    }
