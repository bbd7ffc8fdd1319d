"""Geoid heights above the WGS84 ellipsoid, from PROJ's grids or a file; a missing grid is an error, never zero."""

from __future__ import annotations

import hashlib
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyproj.datadir
import pyproj.network
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from fringeworks.errors import MissingInputError, OutOfRangeError
from fringeworks.model.elevation import VerticalDatum
from fringeworks.numerics.interpolate import sample_image

# names under which PROJ's data packages carry the grids, newest first
_GRIDS: Final[dict[VerticalDatum, tuple[str, ...]]] = {
    "egm96": ("us_nga_egm96_15.tif", "egm96_15.gtx"),
    "egm2008": ("us_nga_egm08_25.tif", "egm08_25.gtx"),
}
# geoid height at latitude 0, longitude 0 [m], by which a grid that does nothing is found out: 17.16 and 17.23
_AT_ORIGIN: Final = 17.2
_PER_DEGREE: Final = 24
_SYSTEM_FOLDERS: Final = ("/usr/share/proj", "/usr/local/share/proj")


class Geoid(Protocol):
    """Something that gives geoid heights."""

    @property
    def name(self) -> str:
        """Name of the grid."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the grid's file, or ``network``."""
        ...

    def height(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the geoid above the ellipsoid [m], (y, x), at columns' longitudes (x) and rows' latitudes (y) [deg]."""
        ...


@dataclass(frozen=True, slots=True)
class ProjGeoid:
    """A geoid grid evaluated by PROJ.

    Attributes
    ----------
    grid : str
        Path of the grid file, or its name where PROJ fetches it.
    name : str
        Name of the grid.
    digest : str
        SHA-256 of the file, or ``network``.
    """

    grid: str
    name: str
    digest: str

    def height(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the geoid above the ellipsoid [m], (y, x).

        PROJ is asked at the multiples of 2.5 minutes, where both geoids' grids have their nodes; between them is
        linear, as in PROJ itself.
        """
        west, south = math.floor(longitude.min() * _PER_DEGREE), math.floor(latitude.min() * _PER_DEGREE)
        lon = np.arange(west, math.ceil(longitude.max() * _PER_DEGREE) + 1) / _PER_DEGREE
        lat = np.arange(south, math.ceil(latitude.max() * _PER_DEGREE) + 1) / _PER_DEGREE
        x, y = np.meshgrid((lon + 180.0) % 360.0 - 180.0, lat)
        nodes = np.asarray(_pipeline(self.grid).transform(x, y, np.zeros_like(x))[2], np.float64)
        if not np.isfinite(nodes).all():
            raise OutOfRangeError(
                f"geoid {self.name} does not reach the whole area", expected="a global grid"
            )
        row, col = latitude * _PER_DEGREE - south, longitude * _PER_DEGREE - west
        return sample_image(nodes, row[:, None], col=col[None, :])


@dataclass(frozen=True, slots=True)
class FileGeoid:
    """A raster of geoid heights in geographic degrees, given by the user.

    Attributes
    ----------
    path : Path
        The raster.
    name : str
        File name.
    digest : str
        SHA-256 of the file.
    """

    path: Path
    name: str
    digest: str

    def height(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the geoid above the ellipsoid [m], (y, x); bilinear."""
        with rasterio.open(self.path) as raster:
            values = raster.read(1, masked=True).astype(np.float64).filled(np.nan)
            step_x, _, west, _, step_y, north = tuple(raster.transform)[:6]
        middle = west + 0.5 * step_x * values.shape[1]
        lon = longitude - 360.0 * np.round((longitude - middle) / 360.0)
        col = (lon - west) / step_x - 0.5
        row = (latitude - north) / step_y - 0.5
        found = sample_image(values, row[:, None], col=col[None, :])
        if not np.isfinite(found).all():
            raise OutOfRangeError(
                f"geoid file {self.name} does not reach the whole area",
                expected=f"heights from {latitude.min():.3f} to {latitude.max():.3f} north,"
                f" {longitude.min():.3f} to {longitude.max():.3f} east",
                hint="give a geoid file with a margin of one of its pixels",
            )
        return found


def open_geoid(datum: VerticalDatum, *, file: Path | None = None) -> Geoid:
    """Find the geoid of a datum.

    Parameters
    ----------
    datum : {"egm96", "egm2008"}
        Which geoid.
    file : Path, optional
        A raster of its heights; without it PROJ's own grids are looked for, in PROJ's folders, those that the
        environment names (``PROJ_DATA``), and the system's; then by PROJ's network where that is switched on.

    Raises
    ------
    MissingInputError
        The grid is nowhere; the message says how to get it.
    """
    if file is not None:
        if not file.is_file():
            raise MissingInputError(f"no geoid file {file}", expected=f"a raster of {datum} heights")
        return FileGeoid(file, file.name, _digest(file))
    for folder in _folders():
        for name in _GRIDS[datum]:
            if (folder / name).is_file():
                return _checked(ProjGeoid(str(folder / name), name, _digest(folder / name)), datum)
    if pyproj.network.is_network_enabled():
        return _checked(ProjGeoid(_GRIDS[datum][0], _GRIDS[datum][0], "network"), datum)
    raise _missing(datum)


def _checked(geoid: ProjGeoid, datum: VerticalDatum) -> ProjGeoid:
    """Refuse a grid that does nothing: PROJ passes heights through where a grid cannot be had."""
    try:
        origin = float(_pipeline(geoid.grid).transform(0.0, 0.0, 0.0)[2])
    except ProjError as error:
        raise _missing(datum) from error
    if not abs(origin - _AT_ORIGIN) < 0.5:
        raise _missing(datum)
    return geoid


def _pipeline(grid: str) -> Transformer:
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
        f" +step +proj=vgridshift +grids={grid} +multiplier=1"
        " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


def _missing(datum: VerticalDatum) -> MissingInputError:
    package = "apt-get install proj-data, or " if datum == "egm96" else ""
    return MissingInputError(
        f"no grid of the {datum} geoid ({' or '.join(_GRIDS[datum])})",
        expected="the grid in one of PROJ's data folders",
        hint=f"{package}set PROJ_NETWORK=ON, or projsync --file {_GRIDS[datum][0]}, or give a geoid file",
    )


def _folders() -> list[Path]:
    named = [os.environ.get("PROJ_DATA", ""), os.environ.get("PROJ_LIB", "")]
    listed = [*named, pyproj.datadir.get_data_dir(), pyproj.datadir.get_user_data_dir()]
    parts = [part for text in listed for part in text.split(os.pathsep) if part]
    return [Path(p) for p in (*parts, str(Path(sys.prefix) / "share" / "proj"), *_SYSTEM_FOLDERS)]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
