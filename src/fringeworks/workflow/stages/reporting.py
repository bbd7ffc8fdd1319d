"""Stage `report`: one page that a person reads, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"input": config.inputs.interferograms.path}


def _cost(scale: Scale) -> Cost:
    return Cost(disk_bytes=8e6, seconds=25 + scale.shape.size * scale.n_dates / 200e6)


def _work(context: StageContext) -> tuple[Tally, ...]:
    from fringeworks.products.report.page import write_report  # noqa: PLC0415  (pictures are slow to import)
    from fringeworks.workflow.reports import report_data  # noqa: PLC0415

    report = write_report(context.output / "report.html", report_data(context))
    context.written.extend([report.path, *report.pictures])
    return (Tally("pages", 1, 1),)


def _pair_cost(scale: Scale) -> Cost:
    return Cost(disk_bytes=4e6, seconds=3 + scale.shape.size / 20e6)


def _pair_work(context: StageContext) -> tuple[Tally, ...]:
    from fringeworks.products.report.pair_page import write_pair_report  # noqa: PLC0415
    from fringeworks.workflow.pair_report import pair_report_data  # noqa: PLC0415

    report = write_pair_report(context.output / "report.html", pair_report_data(context))
    context.written.extend([report.path, *report.pictures])
    return (Tally("pages", 1, 1),)


STAGE = Stage(
    name="report",
    version=1,
    after=("import", "pairs", "invert", "reference", "fit", "publish", "catalogue"),
    meaning="write the report",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
OF_PAIR = replace(
    STAGE,
    version=1,
    after=("diversity", "joins", "interferograms", "unwrap", "geocode", "publish", "catalogue"),
    meaning="write the page of the interferogram",
    parameters=lambda _: {},
    work=_pair_work,
    cost=_pair_cost,
)
