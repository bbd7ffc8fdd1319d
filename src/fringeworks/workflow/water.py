"""Water by a given raster or polygons: which pixels of a grid are wet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from rasterio.warp import reproject
from scipy.ndimage import distance_transform_edt

from fringeworks.errors import ConfigurationError, DamagedFileError, MissingInputError
from fringeworks.model.arrays import BoolImage
from fringeworks.model.grids import MapGrid
from fringeworks.workflow.area import polygon_file, polygon_on
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.digest import file_digest

_POLYGONS: Final = frozenset({".json", ".geojson", ".shp", ".zip", ".kml", ".gpkg"})
_NEAR: Final = 3.0
"""Cells of a radar image that no pixel of the map falls into take the nearest one's answer, this far away at most."""


@dataclass(frozen=True, slots=True)
class WaterMask:
    """A file that tells water from land; crosses process borders.

    Attributes
    ----------
    path : str
        Raster (its first band), or polygons: GeoJSON, shapefile, GeoPackage, KML.
    values : tuple of int
        Values of a raster that mean water; empty = all but 0.
    """

    path: str
    values: tuple[int, ...] = ()

    def on(self, grid: MapGrid) -> BoolImage:
        """Return which pixels of a grid are water, (y, x); what the file does not cover is land.

        Raises
        ------
        MissingInputError
            The file is not there.
        ConfigurationError
            It does not say its coordinate system, or holds no polygons.
        DamagedFileError
            It cannot be read.
        """
        path = Path(self.path)
        if not path.is_file():
            raise MissingInputError(f"water mask {path} is not there", hint="look at inputs.water_mask")
        if path.suffix.lower() in _POLYGONS:
            shape = polygon_on(polygon_file(path), grid)
            if shape.is_empty:
                return np.zeros(tuple(grid.shape), np.bool_)
            return np.asarray(
                geometry_mask(
                    [shape], out_shape=tuple(grid.shape), transform=Affine(*grid.transform), invert=True
                ),
                np.bool_,
            )
        return self._of_raster(path, grid)

    def _of_raster(self, path: Path, grid: MapGrid) -> BoolImage:
        found = np.full(tuple(grid.shape), np.nan, np.float32)
        try:
            with rasterio.open(path) as file:
                if file.crs is None:
                    raise ConfigurationError(
                        f"water mask {path} does not say its coordinate system", expected="a GeoTIFF with one"
                    )
                reproject(
                    rasterio.band(file, 1),
                    found,
                    src_nodata=file.nodata,
                    dst_transform=Affine(*grid.transform),
                    dst_crs=grid.crs,
                    dst_nodata=np.nan,
                    init_dest_nodata=True,
                    resampling=Resampling.nearest,
                )
        except rasterio.errors.RasterioIOError as error:
            raise DamagedFileError(
                f"water mask {path} cannot be read: {error}", expected="a raster or polygons"
            ) from error
        if self.values:
            return np.asarray(np.isin(found, np.array(self.values, np.float32)), np.bool_)
        return np.asarray(np.isfinite(found) & (found != 0), np.bool_)


def water_of(config: RunConfig) -> WaterMask | None:
    """Return the water mask that a configuration names; None where it names none."""
    wanted = config.inputs
    return WaterMask(wanted.water_mask, tuple(wanted.water_values)) if wanted.water_mask else None


def water_ingredients(config: RunConfig) -> dict[str, Any]:
    """Return what of the water mask changes a step's outcome; nothing where none is given.

    Raises
    ------
    MissingInputError
        The file is not there.
    """
    mask = water_of(config)
    if mask is None:
        return {}
    path = Path(mask.path)
    if not path.is_file():
        raise MissingInputError(f"water mask {path} is not there", hint="look at inputs.water_mask")
    return {"water_mask": file_digest(path), "water_values": list(mask.values)}


def cells_of(
    mask: BoolImage, row: NDArray[np.float32], col: NDArray[np.float32], *, shape: tuple[int, ...]
) -> BoolImage:
    """Return which cells of a radar image a mask on the map covers.

    Parameters
    ----------
    mask : bool, (y, x)
        On the map.
    row, col : float32, (y, x)
        Where each pixel of the map lies in the radar image; NaN where nowhere.
    shape : tuple of int
        Rows and columns of the radar image.

    Returns
    -------
    bool, shape
        Cells at least half of whose pixels are in the mask; a cell without pixels takes the nearest one's answer.
    """
    known = np.isfinite(row) & np.isfinite(col)
    r, c = np.rint(row[known]).astype(np.int64), np.rint(col[known]).astype(np.int64)
    inside = (r >= 0) & (c >= 0) & (r < shape[0]) & (c < shape[1])
    place = r[inside] * shape[1] + c[inside]
    size = shape[0] * shape[1]
    hits = np.bincount(place, minlength=size).reshape(shape)
    wet = np.bincount(place, weights=mask[known][inside], minlength=size).reshape(shape)
    result = np.asarray((hits > 0) & (2.0 * wet >= hits), np.bool_)
    if not result.any():
        return result
    away, nearest = distance_transform_edt(hits == 0, return_indices=True)
    return np.asarray(result[tuple(nearest)] & (away <= _NEAR), np.bool_)
