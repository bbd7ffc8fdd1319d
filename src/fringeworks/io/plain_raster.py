"""GeoTIFF of anything: complex or real, on a map or in radar geometry with ground control points."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as FileWindow

from fringeworks.errors import RunError, ShapeMismatchError
from fringeworks.io.files import disk_full, replaced
from fringeworks.io.rasters import CACHE_BYTES, SOFTWARE
from fringeworks.model.grids import MapGrid, Shape, Window

_TILE: Final = 256


@dataclass(frozen=True, slots=True)
class GroundPoint:
    """Where a place of an image lies on a map.

    Attributes
    ----------
    row, col : float
        In the image; 0 is the centre of the first pixel.
    x, y : float
        In the map's coordinate system.
    height : float
        [m].
    """

    row: float
    col: float
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that is about to be written.

    Attributes
    ----------
    shape : Shape
        Rows and columns.
    dtype : str
        NumPy type.
    pieces : iterable of (Window, array)
        Values, (rows, cols) or (band, rows, cols), in any order; they cover the image.
    band_names : tuple of str
        Description of each band.
    units : str
        Of all bands.
    tags : mapping of str to str
        What else the file says.
    grid : MapGrid, optional
        Where it lies; None in radar geometry.
    points : tuple of GroundPoint
        Ground control points of an image in radar geometry; none where the map is not known yet.
    points_crs : str
        Their coordinate system.
    """

    shape: Shape
    dtype: str
    pieces: Iterable[tuple[Window, NDArray[Any]]]
    band_names: tuple[str, ...] = ("",)
    units: str = "1"
    tags: Mapping[str, str] = field(default_factory=dict)
    grid: MapGrid | None = None
    points: tuple[GroundPoint, ...] = ()
    points_crs: str = ""


def write_picture(path: Path, picture: Picture) -> int:
    """Write an image as a tiled GeoTIFF, whole or not at all.

    Parameters
    ----------
    path : Path
        File to write.
    picture : Picture
        What.

    Returns
    -------
    int
        Pixels of the first band with a value: finite, or for whole numbers not zero.

    Raises
    ------
    DiskFullError
        There is no room.
    ShapeMismatchError
        A piece does not fit, or the pieces do not cover the image.
    RunError
        The raster library failed.
    """
    with replaced(path) as temporary, rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES, GDAL_PAM_ENABLED="NO"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                return _write(temporary, picture)
        except (RasterioError, OSError) as error:
            words = str(error.__cause__ or error)
            if "space" in words.lower() or "quota" in words.lower():
                raise disk_full(path, words) from error
            raise RunError(
                f"{path} could not be written: {words}", hint="see the message of the raster library"
            ) from error


def _write(path: Path, picture: Picture) -> int:
    n_valid = n_written = 0
    with rasterio.open(path, "w", **_profile(picture)) as file:
        for window, values in picture.pieces:
            cube = values.reshape(-1, *values.shape[-2:])
            if cube.shape != (len(picture.band_names), window.rows, window.cols):
                raise ShapeMismatchError(
                    f"a piece of shape {values.shape}",
                    expected=f"({len(picture.band_names)}, {window.rows}, {window.cols})",
                )
            file.write(
                np.ascontiguousarray(cube, dtype=picture.dtype),
                window=FileWindow(window.col, window.row, window.cols, window.rows),
            )
            n_written += window.shape.size
            n_valid += int((np.isfinite(cube[0]) if cube.dtype.kind in "fc" else cube[0] != 0).sum())
        file.descriptions = tuple(name or None for name in picture.band_names)
        file.units = (picture.units,) * len(picture.band_names)
        file.update_tags(**dict(sorted(picture.tags.items())), SOFTWARE=SOFTWARE)
    if n_written != picture.shape.size:
        raise ShapeMismatchError(f"pieces with {n_written} pixels", expected=f"all {picture.shape.size}")
    return n_valid


def _profile(picture: Picture) -> dict[str, Any]:
    kind = np.dtype(picture.dtype).kind
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": picture.shape.cols,
        "height": picture.shape.rows,
        "count": len(picture.band_names),
        "dtype": picture.dtype,
        "tiled": True,
        "blockxsize": _TILE,
        "blockysize": _TILE,
        "compress": "deflate",
        "zlevel": 1,
        "interleave": "band",
        "bigtiff": "IF_SAFER",
    }
    if kind in "fc":
        profile["nodata"] = float("nan")
    if picture.grid is not None:
        profile |= {"crs": picture.grid.crs, "transform": rasterio.Affine(*picture.grid.transform)}
    elif picture.points:
        profile |= {"crs": picture.points_crs, "gcps": _points(picture.points)}
    return profile


def _points(points: Sequence[GroundPoint]) -> list[GroundControlPoint]:
    """Return ground control points as GDAL counts: from the corner of the first pixel."""
    return [
        GroundControlPoint(row=p.row + 0.5, col=p.col + 0.5, x=p.x, y=p.y, z=p.height, id=str(k))
        for k, p in enumerate(points)
    ]
