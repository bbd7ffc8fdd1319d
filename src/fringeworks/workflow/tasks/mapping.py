"""Tasks: where each map pixel lies in the radar image, and an interferogram brought onto the map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.geometry.radar import locate
from fringeworks.geometry.visibility import find_visibility
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import Looks, MapGrid, RadarGrid, Shape, Window
from fringeworks.numerics.geocode import geocode_components, geocode_image
from fringeworks.numerics.interpolate import sample_image
from fringeworks.tops.alignment import Pass, grid_coordinates
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.locating import dem_part
from fringeworks.workflow.tasks.places import step_at
from fringeworks.workflow.tasks.predicting import PredictedPair, turned_back
from fringeworks.workflow.water import WaterMask

LOOKUP = "lookup"
MAP = "geocode"
_NODE = 16
"""Map pixels between nodes at which coordinates are computed: the map bends by 0.01 m between them at 60 m."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookupSpec:
    """A strip of the map."""

    store: str
    keep: Window
    read: Window
    grid: MapGrid
    frame: RadarGrid
    looks: Looks
    looked: Shape
    reference: Pass
    dem: ElevationModel
    water: WaterMask | None = None


def degrees_of(grid: MapGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of a grid's pixel centres [degrees], (y, x); longitudes are continuous."""
    rows, cols = grid.shape
    r, c = _nodes(rows), _nodes(cols)
    x, y = np.meshgrid(grid.x_start + (c + 0.5) * grid.x_step, grid.y_start + (r + 0.5) * grid.y_step)
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    lon = np.asarray(lon) - 360.0 * np.round((np.asarray(lon) - np.asarray(lon)[0, 0]) / 360.0)
    row, col = np.arange(rows)[:, None] / _NODE, np.arange(cols)[None] / _NODE
    return (
        sample_image(lon, row, col=col, method="bicubic"),
        sample_image(np.ascontiguousarray(lat), row, col=col, method="bicubic"),
    )


def _nodes(n: int) -> NDArray[np.int64]:
    return _NODE * np.arange(-(-(n - 1) // _NODE) + 2)


def look_up(spec: LookupSpec) -> Payload:
    """Find where the pixels of a strip of the map lie, and what the radar sees of them."""
    grid = spec.grid.crop(spec.read)
    lon, lat = degrees_of(grid)
    height = _heights(spec, lon, lat)
    found = locate(spec.reference.orbit, longitude=np.radians(lon), latitude=np.radians(lat), height=height)
    line, sample = grid_coordinates(spec.frame, found.azimuth_time, found.slant_range, seen_by=spec.reference)
    look = look_vectors(
        spec.reference.orbit,
        azimuth_time=found.azimuth_time,
        longitude=np.radians(lon),
        latitude=np.radians(lat),
        height=height,
    )
    east, north = _pixel_size(grid, lat)
    seen = find_visibility(
        height,
        look,
        pixel_east=east,
        pixel_north=north,
        slant_range=float(np.nanmean(found.slant_range)) if found.tally.used else math.inf,
    )
    values = {
        "row": (line - 0.5 * (spec.looks.azimuth - 1)) / spec.looks.azimuth,
        "col": (sample - 0.5 * (spec.looks.range - 1)) / spec.looks.range,
        "height": height,
        "incidence": incidence_angle(look),
        "slant_range": found.slant_range,
    }
    inner = (
        slice(spec.keep.row - spec.read.row, spec.keep.row - spec.read.row + spec.keep.rows),
        slice(spec.keep.col - spec.read.col, spec.keep.col - spec.read.col + spec.keep.cols),
    )
    step = step_at(spec.store, LOOKUP)
    for name, image in values.items():
        step.sink(name)[spec.keep.slices] = np.asarray(image[inner], np.float32)
    step.sink("los_enu")[(slice(None), *spec.keep.slices)] = np.asarray(
        look[(slice(None), *inner)], np.float32
    )
    hidden = (seen.layover | seen.shadow)[inner]
    step.sink("hidden")[spec.keep.slices] = hidden.astype(np.uint8)
    inside = _inside(values["row"][inner], values["col"][inner], spec.looked)
    wet = np.zeros(hidden.shape, np.bool_)
    if spec.water is not None:
        wet = spec.water.on(spec.grid.crop(spec.keep))
        step.sink("water")[spec.keep.slices] = wet.astype(np.uint8)
    n_known = int((np.isfinite(values["row"][inner]) & inside).sum())
    size = spec.keep.shape.size
    return {
        "tally": {
            "what": "map pixels",
            "considered": size,
            "used": n_known,
            "rejected": {"outside the image": int((~inside).sum())},
        },
        "n_hidden": int((hidden & inside).sum()),
        "n_water": int((wet & inside).sum()),
    }


def _inside(row: NDArray[np.float64], col: NDArray[np.float64], looked: Shape) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray((row >= 0) & (col >= 0) & (row <= looked.rows - 1) & (col <= looked.cols - 1))


def _heights(spec: LookupSpec, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    bounds = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    values, grid = dem_part(spec.dem, bounds)
    if not values.size:
        return np.full(lon.shape, np.nan)
    centre = grid.x_start + 0.5 * grid.x_step * grid.shape.cols
    turned = lon - 360.0 * np.round((lon - centre) / 360.0)
    row = (lat - grid.y_start) / grid.y_step - 0.5
    col = (turned - grid.x_start) / grid.x_step - 0.5
    return sample_image(values, row, col=col)


def _pixel_size(grid: MapGrid, lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metres east from column to column and north from row to row, for each row."""
    rows = grid.shape.rows
    if grid.crs in ("EPSG:4326", "EPSG:4979"):
        metre = 111_320.0
        return grid.x_step * metre * np.cos(np.radians(lat[:, 0])), np.full(rows, grid.y_step * metre)
    return np.full(rows, grid.x_step), np.full(rows, grid.y_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSpec:
    """One interferogram, or what was made of it.

    Attributes
    ----------
    store : str
        Working store.
    index : int
        Which pair.
    steps : tuple of (str, str, str)
        Layers to bring onto the map: step, array and name on the map.
    phase, components : str
        Which of the layers is the unwrapped phase, and the step that holds its components; empty = none.
    hide : bool
        Whether pixels in layover or shadow stay empty.
    looks : Looks
        Of the run.
    extra : tuple of Looks
        Further sets of looks that the step `interferograms` holds, to be brought onto the same map.
    predicted : PredictedPair, optional
        What was taken out before filtering.
    give_back : bool
        Whether it is added again.
    """

    store: str
    index: int
    layers: tuple[tuple[str, str, str], ...]
    phase: str
    components: str
    hide: bool
    looks: Looks
    extra: tuple[Looks, ...] = ()
    predicted: PredictedPair | None = None
    give_back: bool = False


def bring(spec: MapSpec) -> Payload:
    """Bring one pair's layers onto the map."""
    lookup, out = step_at(spec.store, LOOKUP), step_at(spec.store, MAP)
    row, col = np.asarray(lookup.array("row")[:, :]), np.asarray(lookup.array("col")[:, :])
    if spec.hide:
        hidden = np.asarray(lookup.array("hidden")[:, :]) != 0
        row = np.where(hidden, np.float32(np.nan), row)
    labels = None
    if spec.components:
        labels = np.asarray(step_at(spec.store, spec.components).array("components")[spec.index, :, :])
        out.sink("components")[spec.index, :, :] = geocode_components(labels, row, col)
    n_valid = 0
    model = None
    if spec.predicted is not None:
        model = geocode_image(spec.predicted.phase(spec.store), row, col)
        out.sink("model_phase")[spec.index, :, :] = model
    for step, array, name in spec.layers:
        image = np.asarray(step_at(spec.store, step).array(array)[spec.index, :, :])
        values = geocode_image(image, row, col, labels=labels if name == "phase" else None)
        if spec.give_back and model is not None:
            values = _given_back(name, values, model)
        out.sink(name)[spec.index, :, :] = values
        if name == "phase":
            n_valid = int(np.isfinite(values).sum())
    for looks in spec.extra:
        _bring_extra(spec, looks, row, col)
    return {"n_valid": n_valid}


def _given_back(name: str, values: NDArray[Any], model: NDArray[np.float32]) -> NDArray[Any]:
    """Add what was taken out before filtering to a layer that lacks it."""
    if name == "phase":
        return np.asarray(values + model, np.float32)
    return turned_back(values, -model) if name == "filtered" else values


def _bring_extra(spec: MapSpec, looks: Looks, row: NDArray[np.float32], col: NDArray[np.float32]) -> None:
    """Bring the interferogram of another set of looks onto the map: its cells lie elsewhere on the same lines."""
    formed, out = step_at(spec.store, "interferograms"), step_at(spec.store, MAP)
    here, there = (spec.looks.azimuth, spec.looks.range), (looks.azimuth, looks.range)
    at = [
        np.asarray((old * place + 0.5 * (old - new)) / new, np.float32)
        for old, new, place in zip(here, there, (row, col), strict=True)
    ]
    for name, layer in (("phasor", "wrapped"), ("coherence", "coherence"), ("amplitude", "amplitude")):
        suffix = f"_{looks.azimuth}x{looks.range}"
        image = np.asarray(formed.array(name + suffix)[spec.index, :, :])
        out.sink(layer + suffix)[spec.index, :, :] = geocode_image(image, *at)
