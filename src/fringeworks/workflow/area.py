"""Part of a grid: a window, and the pixels inside a polygon."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from shapely.geometry.base import BaseGeometry

from fringeworks.errors import ConfigurationError, MissingInputError
from fringeworks.model.arrays import BoolImage
from fringeworks.model.grids import MapGrid, Window
from fringeworks.workflow.config.schema import AreaSection

_EDGE = 1e-6
"""An edge this close to that of a pixel is that edge: rounding does not add a row [pixels]."""


@dataclass(frozen=True, slots=True)
class Area:
    """A window of a grid and, where a polygon was given, which of its pixels lie inside."""

    window: Window
    inside: BoolImage | None = None


def area_of(wanted: AreaSection, grid: MapGrid) -> Area:
    """Find the part of a grid that an area means.

    Parameters
    ----------
    wanted : AreaSection
        Bounding box or polygon in degrees (WGS84); nothing = the whole grid.
    grid : MapGrid
        Grid to cut.

    Raises
    ------
    ConfigurationError
        The area is not a valid polygon, or does not touch the grid.
    MissingInputError
        A file cannot be read.
    """
    shape = _polygon(wanted)
    if shape is None:
        return Area(Window(0, 0, *grid.shape))
    if shape.is_empty or not shape.is_valid:
        raise ConfigurationError(f"area is not a valid polygon: {shapely.is_valid_reason(shape)}")
    local = polygon_on(shape, grid)
    window = _window(local, grid)
    if wanted.bbox:
        return Area(window)
    part = grid.crop(window)
    inside: BoolImage = geometry_mask(
        [local], out_shape=tuple(part.shape), transform=Affine(*part.transform), all_touched=True, invert=True
    )
    return Area(window, inside)


def _polygon(wanted: AreaSection) -> BaseGeometry | None:
    if wanted.bbox:
        west, south, east, north = wanted.bbox
        if not (-180 <= west <= 360 and -180 <= east <= 360 and -90 <= south < north <= 90 and west < east):
            raise ConfigurationError(
                f"area.bbox = {list(wanted.bbox)}", expected="west < east and south < north, in degrees"
            )
        return shapely.box(west, south, east, north)
    if wanted.wkt:
        try:
            return shapely.from_wkt(wanted.wkt)
        except shapely.errors.ShapelyError as error:
            raise ConfigurationError(f"area.wkt does not parse: {error}") from error
    for path in (wanted.geojson, wanted.shp, wanted.kml):
        if path:
            return polygon_file(Path(path))
    return None


def polygon_file(path: Path) -> BaseGeometry:
    """Read the polygons of a file as one shape in degrees (WGS84).

    Raises
    ------
    MissingInputError
        It is not there.
    ConfigurationError
        It cannot be read, or does not say its coordinate system.
    """
    if not path.is_file():
        raise MissingInputError(f"file {path} is not there")
    if path.suffix.lower() in {".json", ".geojson"}:
        return _from_geojson(path)
    import pyogrio  # noqa: PLC0415  (heavy, and rarely needed)

    try:
        source = f"/vsizip/{path}" if path.suffix.lower() == ".zip" else path
        meta, _, shapes, _ = pyogrio.raw.read(source, columns=[])
    except pyogrio.errors.DataSourceError as error:
        raise ConfigurationError(
            f"area file {path} cannot be read: {error}", expected="shapefile or KML"
        ) from error
    union = shapely.union_all(shapely.from_wkb(shapes))
    crs = meta.get("crs")
    if not crs:
        raise ConfigurationError(
            f"area file {path} does not say its coordinate system", hint="add the .prj file"
        )
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    return shapely.transform(union, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))


def _from_geojson(path: Path) -> BaseGeometry:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if content.get("type") == "FeatureCollection":
            return shapely.union_all(
                [shapely.from_geojson(json.dumps(f["geometry"])) for f in content["features"]]
            )
        return shapely.from_geojson(json.dumps(content.get("geometry", content)))
    except (ValueError, KeyError, AttributeError, TypeError, shapely.errors.ShapelyError) as error:
        raise ConfigurationError(f"area file {path} is not GeoJSON: {error}") from error


def polygon_on(shape: BaseGeometry, grid: MapGrid) -> BaseGeometry:
    """Bring a shape in degrees into the coordinates of a grid."""
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    dense = shapely.segmentize(shape, 0.05)
    return shapely.transform(dense, lambda xy: np.column_stack(to_grid.transform(xy[:, 0], xy[:, 1])))


def _window(shape: BaseGeometry, grid: MapGrid) -> Window:
    west, south, east, north = shape.bounds
    cols = sorted(((west - grid.x_start) / grid.x_step, (east - grid.x_start) / grid.x_step))
    rows = sorted(((south - grid.y_start) / grid.y_step, (north - grid.y_start) / grid.y_step))
    first_row, last_row = (
        max(int(np.floor(rows[0] + _EDGE)), 0),
        min(int(np.ceil(rows[1] - _EDGE)), grid.shape.rows),
    )
    first_col, last_col = (
        max(int(np.floor(cols[0] + _EDGE)), 0),
        min(int(np.ceil(cols[1] - _EDGE)), grid.shape.cols),
    )
    if first_row >= last_row or first_col >= last_col:
        raise ConfigurationError(
            f"the area ({west:.4f} to {east:.4f}, {south:.4f} to {north:.4f} in {grid.crs}) does not touch the inputs",
            expected=f"an area that overlaps {grid.bounds[0]:.4f} to {grid.bounds[2]:.4f}, {grid.bounds[1]:.4f} to {grid.bounds[3]:.4f}",
        )
    return Window(first_row, first_col, last_row - first_row, last_col - first_col)
