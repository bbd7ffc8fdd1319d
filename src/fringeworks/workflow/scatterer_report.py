"""From what the steps kept of scatterers to what the report says of them."""

from __future__ import annotations

import math
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.io.points import read_points as read_table
from fringeworks.model.grids import MapGrid
from fringeworks.model.scatterers import PERSISTENT
from fringeworks.model.tally import Tally
from fringeworks.products.report.scatterers import CellMatrix, ScattererFacts
from fringeworks.products.standard import POINTS
from fringeworks.workflow.image_records import recorded
from fringeworks.workflow.image_report import POINT_STEPS
from fringeworks.workflow.scatterers import read_network, read_points
from fringeworks.workflow.scenes.standing import stand
from fringeworks.workflow.stage import StageContext
from fringeworks.workflow.tasks.heights import heights_at
from fringeworks.workflow.tasks.matrices import shown_dates

_MOST_POINTS: Final = 60_000
_LONGEST: Final = 60
"""Cells of the map of density along its longer side."""


def scatterers_of(context: StageContext) -> ScattererFacts | None:
    """Gather what the report says of scatterers; None for a run without."""
    if not context.config.links_phases:
        return None
    table, solved, found = read_table(context.output / POINTS), read_network(context), read_points(context)
    grid = context.survey.grid
    to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = (
        np.asarray(v, np.float64)
        for v in to_map.transform(table.columns["longitude"], table.columns["latitude"])
    )
    shown = _spread(len(table), _MOST_POINTS)
    persistent = np.asarray(table.columns["kind"] == PERSISTENT, np.bool_)
    histogram = recorded(context.store, "dispersion", "histogram")
    return ScattererFacts(
        n_points={"ps": int(persistent.sum()), "ds": int((~persistent).sum())},
        x=x[shown],
        y=y[shown],
        velocity=np.asarray(table.columns["velocity"][shown], np.float32),
        coherence=np.asarray(table.columns["temporal_coherence"][shown], np.float32),
        persistent=persistent[shown],
        density=_density(x, y, grid),
        arcs=_arcs(solved, found, to_map),
        arc_coherence=np.asarray(solved["arc_coherence"], np.float32),
        dispersion_edges=np.asarray(histogram.get("edges", [0.0, 1.0]), np.float64),
        dispersion_all=np.asarray(histogram.get("all", []), np.int64),
        dispersion_chosen=np.asarray(histogram.get("chosen", []), np.int64),
        matrices=_matrices(context, to_map),
        dates=_dates(context),
        tallies=_tallies(context),
        sigma_by_date=_sigma(context),
        notes=_notes(context),
    )


def _notes(context: StageContext) -> tuple[str, ...]:
    """Return what linking noted of the ground."""
    record = context.upstream("linking").record() or {}
    return tuple(f["text"] for f in record.get("findings", []) if f["topic"] == "fading bias")


def _spread(n: int, most: int) -> NDArray[np.int64]:
    return (
        np.unique(np.linspace(0, max(n - 1, 0), min(n, most)).astype(np.int64))
        if n
        else np.zeros(0, np.int64)
    )


def _density(x: NDArray[np.float64], y: NDArray[np.float64], grid: MapGrid) -> NDArray[np.float32]:
    """Return points a square kilometre in cells of the map, first row north."""
    west, south, east, north = grid.bounds
    is_degrees = abs(grid.x_step) < 0.1
    metre = 111_320.0 if is_degrees else 1.0
    wide = (east - west) * metre * (math.cos(math.radians(0.5 * (south + north))) if is_degrees else 1.0)
    high = (north - south) * metre
    cell = max(wide, high) / _LONGEST
    shape = max(round(high / cell), 1), max(round(wide / cell), 1)
    counts, _, _ = np.histogram2d(-y, x, bins=shape, range=((-north, -south), (west, east)))
    density = counts / (wide / shape[1] * high / shape[0] / 1e6)
    return np.asarray(np.where(counts > 0, density, np.nan), np.float32)


def _arcs(
    solved: dict[str, NDArray[Any]], found: dict[str, NDArray[Any]], to_map: Transformer
) -> NDArray[np.float64]:
    ends = solved["arcs"].astype(np.int64)
    if not ends.size:
        return np.zeros((0, 4))
    x, y = to_map.transform(found["longitude"], found["latitude"])
    x, y = np.asarray(x), np.asarray(y)
    return np.column_stack([x[ends[:, 0]], y[ends[:, 0]], x[ends[:, 1]], y[ends[:, 1]]])


def _matrices(context: StageContext, to_map: Transformer) -> tuple[CellMatrix, ...]:
    """Return the matrices of cells of bursts that all dates hold: their axes are then the same."""
    scenes, cells = context.scenes, []
    whole = [name for name in scenes.names if len(scenes.holders(name)) == len(scenes.dates)]
    folder = context.upstream("linking").folder / "matrices"
    for name in whole:
        for path in sorted(folder.glob(f"{name}-*.npz")):
            with np.load(path) as found:
                line, sample, coherence = found["line"], found["sample"], found["coherence"]
            height = heights_at(
                str(context.store.folder), name, stored=scenes.stored[name], line=line, sample=sample
            )
            at = stand(scenes, line, sample, height=np.where(np.isfinite(height), height, 0.0))
            x, y = to_map.transform(at.longitude, at.latitude)
            cells += [
                CellMatrix(
                    x=float(x[k]),
                    y=float(y[k]),
                    longitude=float(at.longitude[k]),
                    latitude=float(at.latitude[k]),
                    coherence=coherence[k],
                )
                for k in range(len(line))
                if np.isfinite(x[k])
            ]
    return tuple(cells)


def _dates(context: StageContext) -> tuple[date, ...]:
    days = context.scenes.days
    return tuple(days[k] for k in shown_dates(len(days)))


def _tallies(context: StageContext) -> tuple[Tally, ...]:
    rows = []
    for name in POINT_STEPS:
        record = context.upstream(name).record() or {}
        rows += [
            Tally(t["what"], t["considered"], t["used"], t["rejected"]) for t in record.get("tallies", [])
        ]
    return tuple(rows)


def _sigma(context: StageContext) -> NDArray[np.float64]:
    """Return the median noise of each shown date over the map."""
    if not context.config.rasters_linked:
        return np.zeros(0)
    source = context.upstream("linked").array("phase_std")
    step = max(int(math.sqrt(source.shape[1] * source.shape[2] / 40_000)), 1)
    values = []
    for k in shown_dates(source.shape[0]):
        part = np.asarray(source[int(k), :, :])[::step, ::step]
        values.append(float(np.median(part[np.isfinite(part)])) if np.isfinite(part).any() else math.nan)
    return np.array(values)
