"""Stage `publish` of a single pair: the interferogram's layers as GeoTIFF, with the geometry beside them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from fringeworks.model.arrays import ArraySource
from fringeworks.model.tally import Tally
from fringeworks.products.publish import publish_layers
from fringeworks.products.standard import INTERFEROGRAM_FOLDER, STANDARD_FOLDER, publish_interferogram
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.extra_looks import ingredients, publish_extra
from fringeworks.workflow.pair_layers import interferogram_layers
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_GEOMETRY = ("height", "incidence", "los_enu")


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"families": list(config.products.families), **ingredients(config)}


def _cost(scale: Scale) -> Cost:
    return Cost(disk_bytes=50.0 * scale.shape.size * scale.n_pairs, seconds=1 + 12 * scale.shape.size / 15e6)


def _work(context: StageContext) -> tuple[Tally, ...]:
    stack, step = context.survey.stack, context.upstream("geocode")
    tags = {
        "CONFIG_HASH": context.config_hash,
        "WAVELENGTH_M": repr(stack.wavelength),
        "DATA_NOTICE": "Contains modified Copernicus Sentinel data",
    }
    for folder in (STANDARD_FOLDER, INTERFEROGRAM_FOLDER):
        shutil.rmtree(context.output / folder, ignore_errors=True)
    geometry: dict[str, ArraySource] = {name: step.array(name) for name in _GEOMETRY}
    files = publish_layers(
        context.output / STANDARD_FOLDER,
        layers=geometry,
        grid=stack.grid,
        dates=context.survey.network.dates,
        tags=tags,
        layer_tags={"height": {"VERTICAL_DATUM": "ellipsoid"}},
    )
    for k, pair in enumerate(context.survey.network.pairs):
        context.progress(k, len(context.survey.network.pairs))
        files += publish_interferogram(
            context.output,
            pair=pair,
            layers=interferogram_layers(context, k),
            grid=stack.grid,
            wavelength=stack.wavelength,
            tags=tags,
        )
    files += publish_extra(context, tags)
    context.written.extend(f.path for f in files)
    context.step.put(
        "products",
        {
            str(f.path.relative_to(context.output)): {
                "sha256": f.sha256,
                "size": f.size,
                "unit": f.unit,
                "dtype": f.dtype,
                "fill": repr(f.fill),
                "bands": list(f.band_names),
                "name": f.name,
            }
            for f in files
        },
    )
    return (Tally("files", len(files), len(files)),)


STAGE = Stage(
    name="publish",
    version=1,
    after=("geocode",),
    meaning="write the interferogram and its geometry as Cloud-Optimised GeoTIFFs",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
