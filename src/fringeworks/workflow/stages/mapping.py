"""Stages `lookup` and `geocode`: where each map pixel lies in the radar image, and the interferograms on the map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.extra_looks import LAYERS, array_of, extra_looks, ingredients
from fringeworks.workflow.scenes.virtual import BASELINE_CELL, baseline_nodes
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.mapping import LookupSpec, MapSpec, bring, degrees_of, look_up
from fringeworks.workflow.tasks.specs import predictions
from fringeworks.workflow.water import WaterMask, water_ingredients, water_of

_ROWS: Final = 512
_LARGEST_HALO: Final = 400
_MAPS: Final = ("row", "col", "height", "incidence", "slant_range")


def _lookup_cost(scale: Scale) -> Cost:
    size = scale.shape.size
    cols = scale.shape.cols
    return Cost(
        disk_bytes=37.0 * size,
        seconds=0.5 + size / 1.1e6,
        n_tasks=-(-scale.shape.rows // _ROWS),
        task_bytes=240.0 * (_ROWS + 200) * cols,
    )


def _lookup(context: StageContext) -> tuple[Tally, ...]:
    scenes, grid = context.scenes, context.survey.stack.grid
    rows, cols = grid.shape
    for name in _MAPS:
        context.step.create_chunked(name, (rows, cols), dtype="float32", chunks=(_ROWS, cols))
    context.step.create_chunked("los_enu", (3, rows, cols), dtype="float32", chunks=(3, _ROWS, cols))
    context.step.create_chunked("hidden", (rows, cols), dtype="uint8", chunks=(_ROWS, cols))
    water = water_of(context.config)
    if water is not None:
        context.step.create_chunked("water", (rows, cols), dtype="uint8", chunks=(_ROWS, cols))
    relief = scenes.heights[1] - scenes.heights[0]
    spacing = abs(grid.y_step) * (111_320.0 if grid.crs in ("EPSG:4326", "EPSG:4979") else 1.0)
    halo = min(math.ceil(relief * 1.3 / spacing) + 2, _LARGEST_HALO)
    reference = scenes.dates[scenes.reference].seen_by
    plan = BlockPlan(Shape(rows, cols), Shape(_ROWS, cols), Shape(halo, 0))
    specs = [
        LookupSpec(
            store=str(context.store.folder),
            keep=block.keep,
            read=block.read,
            grid=grid,
            frame=scenes.frame.grid,
            looks=scenes.looks,
            looked=scenes.looked,
            reference=reference,
            dem=scenes.dem,
            water=water,
        )
        for block in plan
    ]
    payloads = context.each(look_up, specs)
    tally = Tally("map pixels", 0, 0)
    for payload in payloads:
        tally = tally + Tally(**payload["tally"])
    n_water = sum(p["n_water"] for p in payloads)
    context.step.put("lookup", {"n_hidden": sum(p["n_hidden"] for p in payloads), "n_water": n_water})
    if water is not None:
        context.note(_water_finding(water, n_water, tally.used))
    looks = [scenes.looks.azimuth, scenes.looks.range]
    values = {"crs": grid.crs, "transform": list(grid.transform), "shape": [rows, cols], "looks": looks}
    context.step.put("grid", values)
    return (tally,)


def _water_finding(water: WaterMask, n_water: int, n_imaged: int) -> Finding:
    name = Path(water.path).name
    if n_water == 0:
        return Finding("warning", "water", f"{name} marks no water inside the images")
    share = 100.0 * n_water / max(n_imaged, 1)
    return Finding(
        "ok", "water", f"{share:.1f} % of the imaged ground is water by {name}: left out before unwrapping"
    )


def _map_parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"interferograms": config.products.interferograms, **ingredients(config), **_given_back(config)}


def _given_back(config: RunConfig) -> dict[str, Any]:
    return {"give_back": True} if config.corrections.give_back and config.corrections.before_filter else {}


def _map_cost(scale: Scale) -> Cost:
    size = scale.shape.size
    return Cost(
        disk_bytes=(30.0 * scale.n_pairs + 24.0) * size,
        seconds=0.5 + scale.n_pairs * size / 6e6,
        n_tasks=scale.n_pairs,
        task_bytes=52.0 * size,
    )


def _geocode(context: StageContext) -> tuple[Tally, ...]:
    scenes, grid = context.scenes, context.survey.stack.grid
    n, (rows, cols) = len(context.survey.network.pairs), grid.shape
    filtered = context.config.filter.method != "none"
    layers = [
        ("repair", "phase", "phase", "float32"),
        ("interferograms", "coherence", "coherence", "float32"),
        ("interferograms", "phasor", "wrapped", "complex64"),
        ("interferograms", "amplitude", "amplitude", "float32"),
    ]
    if filtered:
        layers.append(("filter", "filtered", "filtered", "complex64"))
    for _, _, name, dtype in layers:
        context.step.create_chunked(name, (n, rows, cols), dtype=dtype, chunks=(1, min(_ROWS, rows), cols))
    extra = extra_looks(context.config)
    for looks in extra:
        for layer in LAYERS.values():
            kind = "complex64" if layer == "wrapped" else "float32"
            chunks = (1, min(_ROWS, rows), cols)
            context.step.create_chunked(array_of(layer, looks), (n, rows, cols), dtype=kind, chunks=chunks)
    if context.config.corrections.before_filter:
        chunks = (1, min(_ROWS, rows), cols)
        context.step.create_chunked("model_phase", (n, rows, cols), dtype="float32", chunks=chunks)
    context.step.create_chunked(
        "components", (n, rows, cols), dtype="uint16", chunks=(1, min(_ROWS, rows), cols)
    )
    _maps(context)
    _baselines(context, grid)
    specs = [
        MapSpec(
            store=str(context.store.folder),
            index=k,
            layers=tuple((step, array, name) for step, array, name, _ in layers),
            phase="phase",
            components="repair",
            hide=True,
            looks=scenes.looks,
            extra=extra,
            predicted=predicted,
            give_back=context.config.corrections.give_back,
        )
        for k, predicted in enumerate(predictions(context.config, scenes, context.survey.network))
    ]
    payloads = context.each(bring, specs)
    empty = sum(p["n_valid"] == 0 for p in payloads)
    context.step.put("reference", {"index": scenes.reference})
    return (Tally("interferograms", n, n - empty, {"nothing on the map": empty}),)


def _maps(context: StageContext) -> None:
    """Copy what the lookup knows of the ground, so that the stack's layers lie in one step."""
    lookup = context.upstream("lookup")
    rows, cols = context.survey.stack.grid.shape
    for name in ("height", "incidence", "slant_range"):
        context.step.create_chunked(name, (rows, cols), dtype="float32", chunks=(_ROWS, cols))
        context.step.sink(name)[:, :] = np.asarray(lookup.array(name)[:, :])
    context.step.create_chunked("los_enu", (3, rows, cols), dtype="float32", chunks=(3, _ROWS, cols))
    context.step.sink("los_enu")[:, :, :] = np.asarray(lookup.array("los_enu")[:, :, :])


def _baselines(context: StageContext, grid: MapGrid) -> None:
    """Keep the perpendicular baseline of each date at nodes of the map."""
    scenes = context.scenes
    n_rows, n_cols = baseline_nodes((grid.shape.rows, grid.shape.cols))
    coarse = MapGrid(
        grid.crs,
        grid.x_start + 0.5 * grid.x_step * (1 - BASELINE_CELL),
        grid.y_start + 0.5 * grid.y_step * (1 - BASELINE_CELL),
        grid.x_step * BASELINE_CELL,
        grid.y_step * BASELINE_CELL,
        Shape(n_rows, n_cols),
    )
    lon, lat = degrees_of(coarse)
    height = np.full(lon.shape, 0.5 * (scenes.heights[0] + scenes.heights[1]))
    points = geodetic_to_ecef(np.radians(lon), np.radians(lat), height)
    reference = scenes.dates[scenes.reference].seen_by.orbit
    name, shape = "baseline", (len(scenes.dates), n_rows, n_cols)
    context.step.create_chunked(name, shape, dtype="float32", chunks=shape)
    found = [find_baselines(reference, d.seen_by.orbit, points=points).perpendicular for d in scenes.dates]
    context.step.sink(name)[:, :, :] = np.stack(found).astype(np.float32)


LOOKUP = Stage(
    name="lookup",
    version=1,
    after=("heights",),
    meaning="find where each pixel of the map lies in the radar image",
    parameters=lambda config: {
        "spacing_m": config.products.spacing_m,
        "crs": config.products.crs,
        "looks": list(config.pairs.looks),
        **water_ingredients(config),
    },
    work=_lookup,
    cost=_lookup_cost,
)
GEOCODE = Stage(
    name="geocode",
    version=1,
    after=("lookup", "interferograms", "filter", "repair"),
    meaning="bring the interferograms onto the map",
    parameters=_map_parameters,
    work=_geocode,
    cost=_map_cost,
)
