"""Stage `heights`: the elevation model in radar geometry, burst by burst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.errors import GridMismatchError
from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.layout import layout_values
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.locating import LocateSpec, locate
from fringeworks.workflow.tasks.places import nodes_of


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {
        "swaths": list(config.inputs.swaths),
        "polarisation": config.inputs.polarisation,
        "exclude_dates": list(config.inputs.exclude_dates),
        "dem_datum": config.inputs.dem_datum,
        "reference_date": config.coregistration.reference_date,
        "area": {k: getattr(config.area, k) for k in ("bbox", "wkt", "geojson", "shp", "kml")},
    }


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=0.5 * scenes.n_samples,
        seconds=0.5 + scenes.n_samples / 8 / 6e6,
        n_tasks=scenes.n_bursts,
        task_bytes=12.0 * scenes.largest.size / 8 + 2e8,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    context.step.put("layout", layout_values(scenes))
    reference = scenes.dates[scenes.reference].seen_by
    specs = []
    for name in scenes.names:
        rows, cols = nodes_of(scenes.stored[name])
        context.step.create_chunked(name, (len(rows), len(cols)), dtype="float32", chunks=(128, len(cols)))
        specs.append(
            LocateSpec(
                store=str(context.store.folder),
                name=name,
                frame=scenes.frame,
                window=scenes.stored[name],
                reference=reference,
                heights=scenes.heights,
                dem=scenes.dem,
            )
        )
    payloads = context.each(locate, specs)
    tally = Tally("height samples", 0, 0)
    for name, payload in zip(scenes.names, payloads, strict=True):
        part = Tally(**payload["tally"])
        if part.used == 0:
            raise GridMismatchError(
                f"the elevation model holds no height of burst {name}",
                expected="a model that covers the images",
            )
        tally = tally + Tally("height samples", part.considered, part.used, part.rejected)
    return (tally,)


STAGE = Stage(
    name="heights",
    version=1,
    after=(),
    meaning="bring the elevation model into radar geometry",
    parameters=_parameters,
    work=_work,
    cost=_cost,
    reads_inputs=True,
)
