"""Stage `joins`: phase steps between sub-swaths, date by date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Cost, Stage, StageContext


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"joins": config.coregistration.joins}


def _work(context: StageContext) -> tuple[Tally, ...]:
    context.step.put("phases", {})
    return (Tally("range overlaps", 0, 0),)


STAGE = Stage(
    name="joins",
    version=1,
    after=("coregister",),
    meaning="estimate phase steps between sub-swaths",
    parameters=_parameters,
    work=_work,
    cost=lambda _: Cost(seconds=1),
)
