"""The report of a finished run, written again with what was learned after it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from fringeworks.io.store import WorkingStore
from fringeworks.model.arrays import ArraySource
from fringeworks.products.report.page import write_report
from fringeworks.workflow.events import silent
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.reports import accuracy_figures, report_data
from fringeworks.workflow.stage import Cost, StageContext
from fringeworks.workflow.status import config_of


def rewrite_report(
    output: Path, *, accuracy: dict[str, Any], truth_velocity: ArraySource | None = None
) -> Path:
    """Write the report of a finished run again, with its accuracy against a known truth."""
    config = config_of(output)
    plan = make_plan(config)
    store = WorkingStore(output / "work")
    context = StageContext(
        config=config,
        store=store,
        step=store.step("report"),
        output=output,
        survey=plan.survey,
        events=silent,
        cancel=threading.Event(),
        cost=Cost(),
        config_hash=plan.config_hash,
    )
    data = report_data(context, accuracy=accuracy_figures(accuracy), truth_velocity=truth_velocity)
    return write_report(output / "report.html", data).path
