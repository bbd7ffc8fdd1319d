"""A raster file seen on another grid, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio import crs as raster_crs
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds
from rasterio.windows import Window as FileWindow

from fringeworks.errors import OutOfRangeError
from fringeworks.io.rasters import CACHE_BYTES
from fringeworks.model.grids import MapGrid, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class WarpedSource:
    """A raster file resampled to a grid as an ArraySource; opened for each window, closed at once.

    Attributes
    ----------
    path : Path
        The file.
    grid : MapGrid
        Grid to see it on.
    nearest : bool
        Nearest neighbour (flags, labels, counts) instead of bilinear.
    n_bands : int
        Bands of the file; 1 gives (y, x), more give (band, y, x).
    dtype : numpy dtype
        Type of the values.
    fill : float
        Value outside the source and where the source has no data.
    """

    path: Path
    grid: MapGrid
    nearest: bool
    n_bands: int
    dtype: np.dtype[Any]
    fill: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(self.grid.shape) if self.n_bands == 1 else (self.n_bands, *self.grid.shape)

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Resample the window of a basic slice: (..., rows, cols) with slices for the last two."""
        parts = key if isinstance(key, tuple) else (key,)
        rows, cols = parts[-2:]
        top, bottom, _ = rows.indices(self.grid.shape.rows)
        left, right, _ = cols.indices(self.grid.shape.cols)
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), rasterio.open(self.path) as file:
            warped = WarpedVRT(
                file,
                crs=raster_crs.CRS.from_user_input(self.grid.crs),
                transform=Affine(*self.grid.transform),
                width=self.grid.shape.cols,
                height=self.grid.shape.rows,
                resampling=Resampling.nearest if self.nearest else Resampling.bilinear,
                src_nodata=file.nodata,
                nodata=self.fill,
            )
            with warped:
                cube: NDArray[Any] = warped.read(window=FileWindow(left, top, right - left, bottom - top))
        return cube[0] if self.n_bands == 1 else cube


def warped_grid(grid: MapGrid, *, crs: str, spacing_m: float | None) -> MapGrid:
    """Return the grid that covers another one in a given CRS at a given posting.

    Parameters
    ----------
    grid : MapGrid
        What to cover.
    crs : str
        Target CRS, or ``auto`` for that of ``grid``.
    spacing_m : float, optional
        Posting on the ground [m]; that of ``grid`` by default. In a CRS in degrees the posting is that many
        metres along a meridian and along the parallel at the grid's centre.

    Raises
    ------
    OutOfRangeError
        The CRS is not known.
    """
    try:
        target = CRS.from_user_input(grid.crs if crs == "auto" else crs)
    except Exception as error:
        raise OutOfRangeError(f"products.crs = {crs!r}", expected="a code such as EPSG:32614") from error
    name = target.to_string() if target.to_authority() is None else ":".join(target.to_authority())
    source = raster_crs.CRS.from_user_input(grid.crs)
    wanted = raster_crs.CRS.from_user_input(name)
    resolution = _resolution(grid, target, spacing_m)
    transform, cols, rows = calculate_default_transform(
        source, wanted, grid.shape.cols, grid.shape.rows, *grid.bounds, resolution=resolution
    )
    # snap the corner to whole steps, so that neighbouring products share one lattice
    x_step, y_step = transform.a, transform.e
    x_start, y_start = np.floor(transform.c / x_step) * x_step, np.ceil(transform.f / -y_step) * -y_step
    return MapGrid(name, float(x_start), float(y_start), x_step, y_step, Shape(rows + 1, cols + 1))


def _resolution(grid: MapGrid, target: CRS, spacing_m: float | None) -> tuple[float, float] | None:
    if spacing_m is None:
        return None
    if not target.is_geographic:
        factor = target.axis_info[0].unit_conversion_factor
        return spacing_m / factor, spacing_m / factor
    west, south, east, north = transform_bounds(
        raster_crs.CRS.from_user_input(grid.crs), "EPSG:4326", *grid.bounds
    )
    middle, latitude = (west + east) / 2, (south + north) / 2
    local = Transformer.from_crs(
        "EPSG:4326", f"+proj=aeqd +lat_0={latitude} +lon_0={middle} +datum=WGS84", always_xy=True
    )
    x, _ = local.transform(middle + 0.01, latitude)
    _, y = local.transform(middle, latitude + 0.01)
    return 0.01 * spacing_m / x, 0.01 * spacing_m / y
