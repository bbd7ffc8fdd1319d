"""A raster file as an array that is read window by window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as FileWindow

from fringeworks.errors import DamagedFileError, MissingInputError, OutOfRangeError
from fringeworks.io.files import sha256_of
from fringeworks.io.rasters import CACHE_BYTES, ProductFile
from fringeworks.model.grids import MapGrid, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterSource:
    """A raster file as an :class:`~fringeworks.model.arrays.ArraySource`: opened for each window, closed at once.

    Attributes
    ----------
    path : Path
        The file.
    shape : tuple of int
        (y, x) for one band, else (band, y, x).
    dtype : numpy dtype
        Type of the values.
    grid : MapGrid
        Where it lies; the CRS as authority code where it has one, empty where the file has none.
    band_names, units : tuple of str
        Per band; empty text where the file says nothing.
    fill : float or None
        Value where there is no data; not replaced on reading.
    tags : mapping of str to str
        Tags of the whole file.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    grid: MapGrid
    band_names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    fill: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Read a basic slice; only its window and bands are read.

        Raises
        ------
        DamagedFileError
            The file is truncated or cannot be decoded there.
        OutOfRangeError
            The slice has a step, or an index lies outside.
        """
        parts = _whole_key(key, len(self.shape))
        spans = [_span(part, length, self.path) for part, length in zip(parts, self.shape, strict=True)]
        rows, cols = spans[-2:]
        bands = range(1, 2) if len(spans) == 2 else range(spans[0].start + 1, spans[0].stop + 1)
        values = _read(self.path, bands=bands, rows=rows, cols=cols, dtype=self.dtype)
        cube = values if len(spans) == 3 else values[0]
        return cube[tuple(0 if isinstance(part, int | np.integer) else slice(None) for part in parts)]


def _whole_key(key: Any, n_axes: int) -> list[Any]:
    parts = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (n_axes - len(parts) + 1)
    return parts + [slice(None)] * (n_axes - len(parts))


def _span(part: Any, length: int, path: Path) -> range:
    if isinstance(part, slice):
        span = range(*part.indices(length))
        if span.step == 1:
            return range(span.start, max(span.start, span.stop))
    elif -length <= part < length:
        index = int(part) % length
        return range(index, index + 1)
    raise OutOfRangeError(
        f"index {part} of {path.name}", expected=f"0 to {length - 1}, or a slice with step 1"
    )


def _read(path: Path, *, bands: range, rows: range, cols: range, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not (bands and rows and cols):
        return np.empty((len(bands), len(rows), len(cols)), dtype)
    window = FileWindow(cols.start, rows.start, len(cols), len(rows))
    try:
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), rasterio.open(path) as file:
            values: NDArray[Any] = file.read(list(bands), window=window)
            return values
    except RasterioError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DamagedFileError:
    return DamagedFileError(
        f"{path} cannot be decoded: {error.__cause__ or error}",
        expected="a whole raster file",
        hint="fetch or make the file again",
    )


def open_raster(path: Path) -> RasterSource:
    """Read the header of a raster file; its pixels are read when they are asked for.

    Parameters
    ----------
    path : Path
        Anything the raster library opens; no rotation.

    Raises
    ------
    MissingInputError
        There is no such file.
    DamagedFileError
        The file cannot be opened as a raster.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}", hint="check the path")
    try:
        with rasterio.open(path) as file:
            a, _, c, _, e, f = tuple(file.transform)[:6]
            grid = MapGrid(_crs_text(file.crs), c, f, a, e, Shape(file.height, file.width))
            return RasterSource(
                path=path,
                shape=(file.count, *grid.shape) if file.count > 1 else tuple(grid.shape),
                dtype=np.dtype(file.dtypes[0]),
                grid=grid,
                band_names=tuple(name or "" for name in file.descriptions),
                units=tuple(unit or "" for unit in file.units),
                fill=file.nodata,
                tags=file.tags(),
            )
    except RasterioError as error:
        raise _damaged(path, error) from error


def _crs_text(crs: Any) -> str:
    if crs is None:
        return ""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())


def describe_product(path: Path) -> ProductFile:
    """Describe a published raster from its header and bytes, as :func:`write_raster` did when it wrote it.

    Raises
    ------
    MissingInputError, DamagedFileError
        The file is not there or is no raster.
    """
    source = open_raster(path)
    return ProductFile(
        path=path,
        name=path.stem,
        band_names=source.band_names,
        unit=source.units[0],
        dtype=str(source.dtype),
        fill=float("nan") if source.fill is None else source.fill,
        size=path.stat().st_size,
        sha256=sha256_of(path),
    )
