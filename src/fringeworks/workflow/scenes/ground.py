"""Where a frame lies on the map: outlines of bursts, heights of the ground, the grid of the products."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.errors import ConfigurationError, GridMismatchError
from fringeworks.geometry.ground import project_at_height
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import Looks, MapGrid, Shape, Window
from fringeworks.model.tally import Finding
from fringeworks.tops.alignment import Pass, radar_coordinates
from fringeworks.tops.frame import RadarFrame

DEFAULT_SPACING = 30.0
"""Posting of maps made from images [m]."""
_UNCOVERED = 0.05
"""Share of a burst without heights above which the elevation model is refused."""
_MARGIN = 100.0
"""Heights beyond those of the model's pixels that the polynomials still hold [m]."""


def burst_points(
    frame: RadarFrame, seen_by: Pass, *, window: Window, height: float, n: tuple[int, int] = (5, 9)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give longitude and latitude [degrees] of points spread over a window, its corners included."""
    line = np.linspace(window.row, window.row + window.rows - 1, n[0])[:, None]
    sample = np.linspace(window.col, window.col + window.cols - 1, n[1])[None]
    time, distance = radar_coordinates(frame.grid, *np.broadcast_arrays(line, sample), seen_by=seen_by)
    found = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance, height=height)
    return np.degrees(found.longitude), np.degrees(found.latitude)


def continuous(longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return longitudes [degrees] without a jump at the antimeridian; they may run past 180."""
    middle = longitude.reshape(-1)[0]
    return np.asarray(longitude - 360.0 * np.round((longitude - middle) / 360.0))


def bounds_of(
    frame: RadarFrame, seen_by: Pass, *, heights: Sequence[float], windows: Sequence[Window]
) -> tuple[float, float, float, float]:
    """Return west, south, east, north [degrees] of windows of a frame at some heights."""
    points = [burst_points(frame, seen_by, window=w, height=h) for w in windows for h in heights]
    lon = continuous(np.concatenate([p[0].reshape(-1) for p in points]))
    lat = np.concatenate([p[1].reshape(-1) for p in points])
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def crop_of(grid: MapGrid, bounds: tuple[float, float, float, float], *, margin: float) -> Window:
    """Return the part of a geographic grid inside bounds [degrees] with a margin; may be empty."""
    west, south, east, north = bounds
    centre = grid.x_start + 0.5 * grid.x_step * grid.shape.cols
    turn = 360.0 * round((0.5 * (west + east) - centre) / 360.0)
    first_col = math.floor((west - turn - margin - grid.x_start) / grid.x_step)
    last_col = math.ceil((east - turn + margin - grid.x_start) / grid.x_step)
    first_row = math.floor((north + margin - grid.y_start) / grid.y_step)
    last_row = math.ceil((south - margin - grid.y_start) / grid.y_step)
    first_row, last_row = max(first_row, 0), min(last_row, grid.shape.rows)
    first_col, last_col = max(first_col, 0), min(last_col, grid.shape.cols)
    return Window(first_row, first_col, max(last_row - first_row, 0), max(last_col - first_col, 0))


def height_limits(dem: ElevationModel, bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    """Return the lowest and highest height of a model inside bounds, with a margin [m].

    Raises
    ------
    GridMismatchError
        The model holds no height there.
    """
    window = crop_of(dem.grid, bounds, margin=0.02)
    low, high = np.inf, -np.inf
    for block in BlockPlan(window.shape, Shape(512, 4096)) if window.rows and window.cols else ():
        rows = slice(window.row + block.keep.row, window.row + block.keep.row + block.keep.rows)
        cols = slice(window.col + block.keep.col, window.col + block.keep.col + block.keep.cols)
        values = dem.height[rows, cols]
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise GridMismatchError(
            f"the elevation model holds no height inside {_text(bounds)}; it spans {_text(dem.grid.bounds)}",
            expected="a model that covers the images",
            hint="give inputs.dem tiles of this area",
        )
    return low - _MARGIN, high + _MARGIN


def check_cover(
    dem: ElevationModel, frame: RadarFrame, seen_by: Pass, *, windows: dict[str, Window], height: float
) -> tuple[Finding, ...]:
    """Refuse an elevation model that leaves much of a burst without heights; note one that leaves a little.

    Raises
    ------
    GridMismatchError
        More than 5 % of a burst's points lie outside the model.
    """
    found = []
    for name, window in windows.items():
        lon, lat = burst_points(frame, seen_by, window=window, height=height, n=(9, 15))
        share = 1.0 - float(_covered(dem, lon, lat).mean())
        if share > _UNCOVERED:
            raise GridMismatchError(
                f"the elevation model leaves {100 * share:.0f} % of burst {name} without heights; it spans "
                f"{_text(dem.grid.bounds)}, the burst {_text((lon.min(), lat.min(), lon.max(), lat.max()))}",
                expected="a model that covers the images",
                hint="add the missing tiles to inputs.dem, or set area to what it covers",
            )
        if share > 0.0:
            text = f"{100 * share:.1f} % of burst {name} has no height: these pixels stay empty"
            found.append(Finding("warning", "dem cover", text))
    return tuple(found)


def _covered(dem: ElevationModel, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    bounds = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    window = crop_of(dem.grid, bounds, margin=0.0)
    if not (window.rows and window.cols):
        return np.zeros(lon.shape, np.bool_)
    grid = dem.grid.crop(window)
    heights = dem.height[window.slices]
    centre = grid.x_start + 0.5 * grid.x_step * grid.shape.cols
    turned = lon - 360.0 * np.round((lon - centre) / 360.0)
    row = np.floor((lat - grid.y_start) / grid.y_step).astype(np.int64)
    col = np.floor((turned - grid.x_start) / grid.x_step).astype(np.int64)
    inside = (row >= 0) & (row < grid.shape.rows) & (col >= 0) & (col < grid.shape.cols)
    result = np.zeros(lon.shape, np.bool_)
    result[inside] = np.isfinite(heights[row[inside], col[inside]])
    return result


def _text(bounds: Sequence[float]) -> str:
    return ", ".join(f"{float(b):.3f}" for b in bounds)


def utm_of(longitude: float, latitude: float) -> str:
    """Return the code of the UTM zone of a point, or of the polar stereographic system beyond 84 N and 80 S."""
    if latitude > 84.0:
        return "EPSG:32661"
    if latitude < -80.0:
        return "EPSG:32761"
    zone = int(((longitude + 180.0) % 360.0) // 6.0) + 1
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def map_grid(
    frame: RadarFrame,
    seen_by: Pass,
    *,
    windows: Sequence[Window],
    height: float,
    crs: str,
    spacing: float,
) -> MapGrid:
    """Lay a north-up grid over windows of a frame; its pixels' edges are multiples of the spacing.

    Parameters
    ----------
    frame : RadarFrame
        The frame.
    seen_by : Pass
        The reference date's flight.
    windows : sequence of Window
        What is to be covered.
    height : float
        Mean height of the ground [m].
    crs : str
        ``auto`` (UTM zone of the centre) or anything pyproj understands, projected in metres or geographic.
    spacing : float
        Posting [m].

    Raises
    ------
    ConfigurationError
        The coordinate system is unknown.
    """
    points = [burst_points(frame, seen_by, window=w, height=height, n=(9, 9)) for w in windows]
    lon = continuous(np.concatenate([p[0].reshape(-1) for p in points]))
    lat = np.concatenate([p[1].reshape(-1) for p in points])
    code = utm_of(float(lon.mean()), float(lat.mean())) if crs == "auto" else crs
    try:
        transformer = Transformer.from_crs("EPSG:4326", code, always_xy=True)
    except Exception as error:
        raise ConfigurationError(
            f"products.crs = {crs!r}: {error}", expected="auto, or a code such as EPSG:32611"
        ) from error
    x, y = (np.asarray(v) for v in transformer.transform(lon, lat))
    step_x = step_y = spacing
    if transformer.target_crs is not None and transformer.target_crs.is_geographic:
        step_y = spacing / 111_320.0
        step_x = step_y / max(math.cos(math.radians(float(lat.mean()))), 0.01)
    west, south = math.floor(x.min() / step_x), math.floor(y.min() / step_y)
    east, north = math.ceil(x.max() / step_x), math.ceil(y.max() / step_y)
    return MapGrid(code, west * step_x, north * step_y, step_x, -step_y, Shape(north - south, east - west))


def looks_for(frame: RadarFrame, *, spacing: float, incidence: float, speed: float) -> Looks:
    """Return the looks whose cell is about as large as a map pixel.

    Parameters
    ----------
    frame : RadarFrame
        Its grid gives line and sample spacing.
    spacing : float
        Posting of the map [m].
    incidence : float
        At mid swath [rad].
    speed : float
        Of the beam over ground [m/s].
    """
    line = frame.grid.azimuth_step * speed
    sample = frame.grid.range_step / math.sin(incidence)
    return Looks(azimuth=max(round(spacing / line), 1), range=max(round(spacing / sample), 1))
