"""Ground control points of images in radar geometry, from the look-up of the map."""

from __future__ import annotations

from typing import Final

import numpy as np

from fringeworks.io.plain_raster import GroundPoint
from fringeworks.model.grids import Looks, Window
from fringeworks.workflow.intermediates.opened import OpenedRun

_LATTICE: Final = 96
"""Rows and columns of map pixels that are looked at."""
_MOST: Final = 144
"""Points that are kept at most."""


def ground_points(
    run: OpenedRun, *, cover: Window, looks: tuple[int, int]
) -> tuple[tuple[GroundPoint, ...], str]:
    """Return points of the map and where they lie in an image, and the map's coordinate system.

    Parameters
    ----------
    run : OpenedRun
        Its step ``lookup`` says where map pixels lie; without it there are no points.
    cover : Window
        Part of the common grid that the image covers.
    looks : tuple of int
        Lines and samples of the common grid in one pixel of the image.
    """
    grid, lookup, known = run.grid, run.store.step("lookup"), run.values("lookup", "grid")
    if grid is None or not known:
        return (), ""
    rows = np.unique(np.linspace(0, grid.shape.rows - 1, _LATTICE).astype(int))
    cols = np.unique(np.linspace(0, grid.shape.cols - 1, _LATTICE).astype(int))
    cell = Looks(*known["looks"])
    found = []
    line_of, sample_of, height_of = (lookup.array(name) for name in ("row", "col", "height"))
    for row in rows:
        line, sample, height = (
            np.asarray(a[int(row), :], np.float64)[cols] for a in (line_of, sample_of, height_of)
        )
        line = (line * cell.azimuth + 0.5 * (cell.azimuth - 1) - cover.row - 0.5 * (looks[0] - 1)) / looks[0]
        sample = (sample * cell.range + 0.5 * (cell.range - 1) - cover.col - 0.5 * (looks[1] - 1)) / looks[1]
        with np.errstate(invalid="ignore"):
            inside = (line >= 0) & (line <= cover.rows / looks[0] - 1)
            inside &= (sample >= 0) & (sample <= cover.cols / looks[1] - 1)
        for k in np.flatnonzero(inside & np.isfinite(height)):
            x = grid.x_start + (cols[k] + 0.5) * grid.x_step
            y = grid.y_start + (row + 0.5) * grid.y_step
            found.append(GroundPoint(float(line[k]), float(sample[k]), float(x), float(y), float(height[k])))
    every = max(-(-len(found) // _MOST), 1)
    return tuple(found[::every]), grid.crs
