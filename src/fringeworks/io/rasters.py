"""Cloud-Optimised GeoTIFF in and out, through the layer table.

A raster is written in two passes, both of bounded memory: the blocks go into a plain tiled GeoTIFF beside
the target, which the COG driver then rearranges (tiles, overviews, index first).  The result replaces the
target in one rename.  Nothing in the file depends on when, where or how fast it was written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as FileWindow

from fringeworks import __version__
from fringeworks.errors import DiskFullError, OutOfRangeError, RunError, ShapeMismatchError
from fringeworks.io.files import disk_full, replaced, sha256_of
from fringeworks.model.arrays import ArraySource, BlockPlan
from fringeworks.model.grids import MapGrid, Shape, Window
from fringeworks.model.layer import Layer

SOFTWARE = f"fringeworks {__version__}"
CACHE_BYTES = 64 * 2**20
"""GDAL's block cache while we write or read; its own default is a share of the machine's memory."""

_TILE_BYTES = 16 * 2**20
_NOT_AVERAGED = frozenset({"wrapped", "filtered", "seasonal_phase"})

Piece = tuple[Window, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFile:
    """A published raster, as it lies on disk.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        File stem: the layer's name, with its date where the layer has one.
    band_names : tuple of str
        Description of each band (ISO dates for series), empty text where there is none.
    unit : str
        UDUNITS spelling.
    dtype : str
        NumPy type.
    fill : float
        Value where there is no data.
    size : int
        Bytes.
    sha256 : str
        Digest of the bytes, hexadecimal.
    """

    path: Path
    name: str
    band_names: tuple[str, ...]
    unit: str
    dtype: str
    fill: float
    size: int
    sha256: str


def layer_tags(layer: Layer) -> dict[str, str]:
    """Return the tags every raster of a layer carries, in the words of the layer table."""
    tags = {
        "LAYER": layer.name,
        "LONG_NAME": layer.long_name,
        "STANDARD_NAME": layer.standard_name,
        "UNITS": layer.unit,
        "POSITIVE": layer.sign,
        "MEANING": layer.meaning,
        "SOFTWARE": SOFTWARE,
    }
    return {key: value for key, value in tags.items() if value}


def tile_side(n_bands: int, itemsize: int) -> int:
    """Return the side of a file's tiles: 512 pixels, halved until all bands of one tile fit in 16 MiB."""
    side = 512
    while side > 64 and side * side * n_bands * itemsize > _TILE_BYTES:
        side //= 2
    return side


def pieces_of(source: ArraySource, *, side: int, budget: float = 32 * 2**20) -> Iterator[Piece]:
    """Read a source, (y, x) or (band, y, x), in windows that are multiples of a tile.

    Parameters
    ----------
    source : ArraySource
        What to read.
    side : int
        Side of a tile [pixels].
    budget : float
        Memory of one piece [bytes]; never less than one tile.
    """
    shape = Shape(*source.shape[-2:])
    n_bands = source.shape[0] if len(source.shape) == 3 else 1
    tile_bytes = side * side * n_bands * max(source.dtype.itemsize, 4)
    across = min(max(int(budget // tile_bytes), 1), -(-shape.cols // side))
    down = max(int(budget // (tile_bytes * across)), 1) if across * side >= shape.cols else 1
    for block in BlockPlan(shape, Shape(down * side, across * side)):
        yield block.keep, np.asarray(source[(..., *block.keep.slices)])


def write_raster(
    path: Path,
    source: ArraySource | Iterable[Piece],
    *,
    layer: Layer,
    grid: MapGrid,
    band_names: Sequence[str] = ("",),
    tags: Mapping[str, str] | None = None,
) -> ProductFile:
    """Write one layer as a Cloud-Optimised GeoTIFF.

    Parameters
    ----------
    path : Path
        File to write; replaced in one rename once the new one is whole.
    source : ArraySource, (y, x) or (band, y, x), or iterable of (Window, array)
        Values in the layer's unit, NaN (or the layer's fill) where there is no data. As pieces they may come
        in any order and cut, each (rows, cols) or (band, rows, cols), and must cover the grid.
    layer : Layer
        Unit, type, fill, sign and meaning.
    grid : MapGrid
        Where the raster lies.
    band_names : sequence of str
        Description of each band; their number is the number of bands.
    tags : mapping of str to str, optional
        Further tags; they win over those of the layer table.

    Raises
    ------
    DiskFullError
        There was no room; neither a temporary nor a truncated file stays behind.
    ShapeMismatchError
        Source and grid or bands do not fit.
    OutOfRangeError
        A value does not fit the layer's type.
    """
    side = tile_side(len(band_names), np.dtype(layer.dtype).itemsize)
    if isinstance(source, ArraySource):
        _check_shape(source.shape, grid, len(band_names), path)
        pieces: Iterable[Piece] = pieces_of(source, side=side)
    else:
        pieces = source
    kept = {**layer_tags(layer), **(tags or {})}
    stage = path.with_name(f".{path.name}.stage")
    with replaced(path) as temporary, rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES, GDAL_PAM_ENABLED="NO"):
        try:
            with _named_failures(path):
                _write_stage(
                    stage, pieces, layer=layer, grid=grid, band_names=band_names, side=side, tags=kept
                )
                _rearrange(stage, temporary, layer=layer, side=side)
                _check_whole(temporary)
        finally:
            for leftover in (stage, *path.parent.glob(f".{path.name}.part.*")):
                leftover.unlink(missing_ok=True)
    return ProductFile(
        path=path,
        name=path.stem,
        band_names=tuple(band_names),
        unit=layer.unit,
        dtype=layer.dtype,
        fill=layer.fill,
        size=path.stat().st_size,
        sha256=sha256_of(path),
    )


def _check_shape(shape: tuple[int, ...], grid: MapGrid, n_bands: int, path: Path) -> None:
    wanted = (n_bands, *grid.shape)
    if shape not in {wanted, wanted[1:] if n_bands == 1 else wanted}:
        raise ShapeMismatchError(
            f"an array of shape {shape} for {path.name}", expected=f"{wanted} (band, y, x)"
        )


def to_layer_dtype(values: NDArray[Any], layer: Layer) -> NDArray[Any]:
    """Cast values to a layer's type, NaN to its fill, and refuse what would change.

    Raises
    ------
    OutOfRangeError
        A value does not fit the type.
    """
    dtype = np.dtype(layer.dtype)
    if dtype.kind == "f":
        out = values.astype(dtype)
        out[np.isnan(out)] = np.nan  # one bit pattern for all NaN
        return out
    if values.dtype == dtype:
        return values
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), layer.fill, values)
    limits = np.iinfo(dtype)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise OutOfRangeError(
            f"values from {values.min()} to {values.max()} in layer {layer.name}",
            expected=f"{limits.min} to {limits.max} ({layer.dtype})",
        )
    return values.astype(dtype)


def _profile(layer: Layer, grid: MapGrid, n_bands: int, side: int) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": grid.shape.cols,
        "height": grid.shape.rows,
        "count": n_bands,
        "dtype": layer.dtype,
        "nodata": layer.fill,
        "crs": grid.crs,
        "transform": rasterio.Affine(*grid.transform),
        "tiled": True,
        "blockxsize": side,
        "blockysize": side,
        "interleave": "band",
        "photometric": "MINISBLACK",
        "bigtiff": "IF_SAFER",
    }


def _write_stage(
    stage: Path,
    pieces: Iterable[Piece],
    *,
    layer: Layer,
    grid: MapGrid,
    band_names: Sequence[str],
    side: int,
    tags: Mapping[str, str],
) -> None:
    raw = grid.shape.size * len(band_names) * np.dtype(layer.dtype).itemsize
    free = shutil.disk_usage(stage.parent).free
    if raw > free:
        raise disk_full(stage, f"{raw / 2**20:.0f} MiB are needed, {free / 2**20:.0f} MiB are free")
    n_written = 0
    with rasterio.open(stage, "w", **_profile(layer, grid, len(band_names), side)) as file:
        for window, values in pieces:
            cube = to_layer_dtype(values, layer)
            cube = cube.reshape(-1, *cube.shape[-2:])
            _check_piece(cube.shape, window, len(band_names), stage)
            file.write(cube, window=FileWindow(window.col, window.row, window.cols, window.rows))
            n_written += window.shape.size
        file.descriptions = tuple(name or None for name in band_names)
        file.units = (layer.unit,) * len(band_names)
        file.update_tags(**dict(sorted(tags.items())), AREA_OR_POINT="Area")
    if n_written < grid.shape.size:
        raise ShapeMismatchError(
            f"pieces with {n_written} pixels for {stage.name}",
            expected=f"all {grid.shape.size} pixels of the grid",
        )


def _check_piece(shape: tuple[int, ...], window: Window, n_bands: int, path: Path) -> None:
    if shape != (n_bands, window.rows, window.cols):
        raise ShapeMismatchError(
            f"a piece of shape {shape} at row {window.row}, column {window.col} of {path.name}",
            expected=f"({n_bands}, {window.rows}, {window.cols})",
        )


def _rearrange(stage: Path, target: Path, *, layer: Layer, side: int) -> None:
    averaged = np.dtype(layer.dtype).kind == "f" and layer.name not in _NOT_AVERAGED
    rasterio.shutil.copy(
        stage,
        target,
        driver="COG",
        blocksize=side,
        compress="DEFLATE",
        level=6,
        predictor="YES",
        overviews="IGNORE_EXISTING",
        overview_resampling="AVERAGE" if averaged else "NEAREST",
        bigtiff="IF_SAFER",
        num_threads="ALL_CPUS",
    )


def _check_whole(path: Path) -> None:
    """Read the last tile, which is the last thing in the file, and the last of each overview."""
    with rasterio.open(path) as file:
        corner = FileWindow(file.width - 1, file.height - 1, 1, 1)
        file.read(file.count, window=corner)
        levels = len(file.overviews(1))
    for level in range(levels):
        with rasterio.open(path, overview_level=level) as overview:
            overview.read(overview.count, window=FileWindow(overview.width - 1, overview.height - 1, 1, 1))


@contextmanager
def _named_failures(path: Path) -> Iterator[None]:
    """Say why GDAL could not write: it reports a full disk only as a failed write."""
    try:
        yield
    except DiskFullError:
        raise
    except (RasterioError, OSError) as error:
        raise _cause(path, error) from error


def _cause(path: Path, error: Exception) -> Exception:
    words = str(error.__cause__ or error)
    free = shutil.disk_usage(path.parent).free
    spoken = any(word in words.lower() for word in ("no space", "too large", "quota", "write", "disk"))
    if spoken or free < CACHE_BYTES:
        return disk_full(path, f"{words} ({free / 2**20:.0f} MiB free)")
    return RunError(f"{path} could not be written: {words}", hint="see the message of the raster library")
