"""The files behind an elevation model, and reading a piece of one onto another grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.numerics.interpolate import sample_image

_SUFFIXES = (".tif", ".tiff", ".hgt", ".vrt", ".img", ".dem")
_ALIGNED = 1e-3  # of a pixel: below this, pixel centres are taken to coincide


@dataclass(frozen=True, slots=True, kw_only=True)
class DemTile:
    """One file of heights.

    Attributes
    ----------
    path : Path
        The file.
    grid : MapGrid
        Its own grid.
    wkt : str
        Its coordinate reference system as written.
    tags : dict of str to str
        Its tags.
    bounds : tuple of float
        West, south, east, north [degrees]; east runs past 180 where it spans the antimeridian.
    is_geographic : bool
        Whether rows and columns are parallels and meridians.
    """

    path: Path
    grid: MapGrid
    wkt: str
    tags: dict[str, str]
    bounds: tuple[float, float, float, float]
    is_geographic: bool

    def read_onto(self, target: MapGrid) -> NDArray[np.float32] | None:
        """Read the heights at a geographic grid's pixel centres; None where the tile does not touch it.

        Returns
        -------
        float32, (y, x)
            As written in the file; NaN in voids and outside the tile.  Where pixel centres coincide the values are
            copied, else interpolated bilinearly; the outermost half pixel of the tile takes its border's value.
        """
        row, col = self._positions(target)
        inside = self._inside(row, col)
        if not inside.any():
            return None
        rows, cols = self.grid.shape
        row, col = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
        top, left = int(np.floor(row.min())), int(np.floor(col.min()))
        bottom, right = int(np.ceil(row.max())) + 1, int(np.ceil(col.max())) + 1
        values = self._read(top, left, bottom - top, right - left)
        near_row, near_col = np.rint(row), np.rint(col)
        if np.abs(row - near_row).max() < _ALIGNED and np.abs(col - near_col).max() < _ALIGNED:
            found = values[near_row.astype(np.intp) - top, near_col.astype(np.intp) - left]
        else:
            found = sample_image(values, row - top, col=col - left).astype(np.float32)
        return np.where(inside, found, np.float32(np.nan))

    def covers(self, target: MapGrid) -> NDArray[np.bool_]:
        """Return which pixel centres of a geographic grid lie on the tile, (y, x)."""
        return self._inside(*self._positions(target))

    def _inside(self, row: NDArray[np.float64], col: NDArray[np.float64]) -> NDArray[np.bool_]:
        rows, cols = self.grid.shape
        in_rows = (row > -0.5 - _ALIGNED) & (row < rows - 0.5 + _ALIGNED)
        return np.asarray(in_rows & (col > -0.5 - _ALIGNED) & (col < cols - 0.5 + _ALIGNED))

    def _positions(self, target: MapGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lon = target.x_start + (np.arange(target.shape.cols) + 0.5) * target.x_step
        lat = target.y_start + (np.arange(target.shape.rows) + 0.5) * target.y_step
        if self.is_geographic:
            middle = 0.5 * (self.bounds[0] + self.bounds[2])
            turns = round((0.5 * (lon[0] + lon[-1]) - middle) / 360.0)
            x, y = (lon - 360.0 * turns)[None, :], lat[:, None]
        else:
            to_tile = Transformer.from_crs("EPSG:4326", _flat(self.wkt), always_xy=True)
            x, y = to_tile.transform(*np.meshgrid((lon + 180.0) % 360.0 - 180.0, lat))
        col = (x - self.grid.x_start) / self.grid.x_step - 0.5
        row = (y - self.grid.y_start) / self.grid.y_step - 0.5
        return np.asarray(row, np.float64), np.asarray(col, np.float64)

    def _read(self, top: int, left: int, rows: int, cols: int) -> NDArray[np.float32]:
        try:
            with rasterio.open(self.path) as raster:
                part = raster.read(1, window=RasterWindow(left, top, cols, rows), masked=True)
        except RasterioError as error:
            raise DamagedFileError(
                f"{self.path.name} cannot be read: {error}",
                expected="a raster of heights",
                hint="download it again",
            ) from error
        return np.asarray(part.astype(np.float32).filled(np.nan), np.float32)


def list_tiles(paths: Sequence[Path]) -> tuple[DemTile, ...]:
    """Open files, and the rasters of folders, as tiles.

    Raises
    ------
    MissingInputError
        A path is not there, or there is no raster at all.
    DamagedFileError
        A file is no raster with one band of heights.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
        elif path.is_file():
            files.append(path)
        else:
            raise MissingInputError(
                f"no file {path}", expected="an elevation model", hint="correct inputs.dem"
            )
    if not files:
        raise MissingInputError("no raster in what inputs.dem names", expected="GeoTIFF or .hgt files")
    return tuple(_open_tile(path) for path in files)


def _open_tile(path: Path) -> DemTile:
    try:
        with rasterio.open(path) as raster:
            wkt = raster.crs.to_wkt() if raster.crs else ""
            transform, shape, tags = raster.transform, raster.shape, dict(raster.tags())
    except RasterioError as error:
        raise DamagedFileError(
            f"{path.name} is no raster: {error}", expected="GeoTIFF or .hgt", hint="download it again"
        ) from error
    if not wkt:
        raise MetadataMismatchError(f"{path.name} has no coordinate reference system", expected="one")
    if transform.b or transform.d:
        raise MetadataMismatchError(f"{path.name} is rotated", expected="rows along x and columns along y")
    grid = MapGrid("", transform.c, transform.f, transform.a, transform.e, Shape(*shape))
    flat = _flat(wkt)
    bounds = grid.bounds
    if not flat.is_geographic:
        bounds = Transformer.from_crs(flat, "EPSG:4326", always_xy=True).transform_bounds(*bounds)
        bounds = (bounds[0], bounds[1], bounds[2] + 360.0 * (bounds[2] < bounds[0]), bounds[3])
    if not all(math.isfinite(b) for b in bounds):
        raise MetadataMismatchError(f"{path.name} lies nowhere on Earth", expected="finite bounds")
    return DemTile(path=path, grid=grid, wkt=wkt, tags=tags, bounds=bounds, is_geographic=flat.is_geographic)


def _flat(wkt: str) -> CRS:
    """Return the horizontal part of a coordinate reference system."""
    crs = CRS.from_user_input(wkt)
    if crs.sub_crs_list:
        crs = crs.sub_crs_list[0]
    return crs.to_2d() if len(crs.axis_info) == 3 else crs
