"""Task: the heights behind one burst's samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.geometry.radarheight import find_heights
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import MapGrid, Window
from fringeworks.tops.alignment import Pass, fit_ground
from fringeworks.tops.frame import RadarFrame
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.scenes.ground import bounds_of, crop_of
from fringeworks.workflow.tasks.places import nodes_of, step_at

STEP = "heights"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocateSpec:
    """One burst to look up in the elevation model."""

    store: str
    name: str
    frame: RadarFrame
    window: Window
    reference: Pass
    heights: tuple[float, float]
    dem: ElevationModel


def dem_part(
    dem: ElevationModel, bounds: tuple[float, float, float, float], *, margin: float = 0.01
) -> tuple[NDArray[np.float32], MapGrid]:
    """Read the part of a model inside bounds [degrees] with a margin, and its grid."""
    window = crop_of(dem.grid, bounds, margin=margin)
    rows, cols = window.slices
    return np.asarray(dem.height[rows, cols], np.float32), dem.grid.crop(window)


def locate(spec: LocateSpec) -> Payload:
    """Find and keep the heights behind a burst's samples."""
    whole = next(b.window for b in spec.frame.bursts if b.name == spec.name)
    ground = fit_ground(spec.frame.grid, spec.reference, window=whole, heights=spec.heights)
    bounds = bounds_of(spec.frame, spec.reference, heights=spec.heights, windows=[spec.window])
    values, grid = dem_part(spec.dem, bounds)
    rows, cols = nodes_of(spec.window)
    found = find_heights(
        ground, line=rows.astype(np.float64), sample=cols.astype(np.float64), dem=values, dem_grid=grid
    )
    step_at(spec.store, STEP).sink(spec.name)[:, :] = found.height
    finite = found.height[np.isfinite(found.height)]
    return {
        "tally": found.tally.as_dict(),
        "lowest_m": float(finite.min()) if finite.size else None,
        "highest_m": float(finite.max()) if finite.size else None,
    }
