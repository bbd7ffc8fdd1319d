"""Tiles of the Copernicus elevation model GLO-30 for an area; where there is no tile there is sea."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.download import Delivered, Fetcher, Wanted
from fringeworks.catalog.archives.endpoints import address
from fringeworks.errors import ArchiveError, MissingInputError, NotInArchiveError, RequestError

SOURCES: Final = ("dem-aws", "dem-opentopography")
"""Endpoints asked in turn."""
DATUM: Final = "egm2008"
"""What the heights of GLO-30 count from."""
MAX_TILES: Final = 2000
_SEA: Final = "Copernicus_DSM_COG_10_{tile}_DEM.sea"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemTiles:
    """What an area got.

    Attributes
    ----------
    delivered : tuple of Delivered
        Tiles.
    absent : tuple of str
        Squares of one degree that have no tile: sea.
    """

    delivered: tuple[Delivered, ...]
    absent: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "files": [d.as_dict() for d in self.delivered],
            "sea": list(self.absent),
            "dem_datum": DATUM,
        }


def tiles_of(bounds: tuple[float, float, float, float], *, margin: float = 0.05) -> tuple[str, ...]:
    """Return the names of the tiles that an area touches, such as ``N41_00_E012_00``.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degrees]; east may run past 180, or be less than west across the antimeridian.
    margin : float
        Added on every side [degrees]: the ground of a scene's edge lies beyond its footprint at sea level.

    Raises
    ------
    RequestError
        The bounds are no area, or more than :data:`MAX_TILES` tiles.
    """
    west, south, east, north = bounds
    east += 360.0 if east < west else 0.0
    sound = all(math.isfinite(b) for b in bounds) and -180 <= west <= 360 and south < north and west < east
    if not sound or not (south >= -90 and north <= 90) or east - west > 360:
        raise RequestError(
            f"an area {bounds}", expected="west, south, east, north in degrees, south below north"
        )
    rows = range(max(math.floor(south - margin), -90), min(math.ceil(north + margin), 90))
    cols = range(math.floor(west - margin), math.ceil(east + margin))
    if len(rows) * len(cols) > MAX_TILES:
        raise RequestError(
            f"{len(rows) * len(cols)} tiles of one degree",
            expected=f"at most {MAX_TILES}",
            hint="ask for a smaller area",
        )
    wrapped = list(dict.fromkeys((c + 180) % 360 - 180 for c in cols))
    return tuple(_name(lat, lon) for lat in rows for lon in wrapped)


def _name(latitude: int, longitude: int) -> str:
    north = f"{'N' if latitude >= 0 else 'S'}{abs(latitude):02d}_00"
    return f"{north}_{'E' if longitude >= 0 else 'W'}{abs(longitude):03d}_00"


def fetch_dem(
    bounds: tuple[float, float, float, float],
    fetcher: Fetcher,
    folder: Path,
    *,
    environment: Mapping[str, str],
    margin: float = 0.05,
) -> DemTiles:
    """Bring the tiles of an area to a folder.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degrees].
    fetcher : Fetcher
        Brings files.
    folder : Path
        Where they go.
    environment : mapping of str to str
        Environment variables, for mirrors.
    margin : float
        Added on every side [degrees].

    Raises
    ------
    RequestError
        The bounds are no area.
    MissingInputError
        Offline, and a tile is not at hand that is not known to be sea.
    ArchiveError
        No source answered for a tile.
    """
    delivered: list[Delivered] = []
    absent: list[str] = []
    unknown: list[str] = []
    for tile in tiles_of(bounds, margin=margin):
        try:
            delivered.append(_fetch_tile(tile, fetcher, folder, environment))
        except NotInArchiveError:
            _remember_sea(tile, fetcher.cache)
            absent.append(tile)
        except MissingInputError:
            known = fetcher.cache.find_named(_SEA.format(tile=tile)) is not None
            (absent if known else unknown).append(tile)
    if unknown:
        raise MissingInputError(
            f"{len(unknown)} tiles are not at hand, and --offline was given: {', '.join(unknown[:8])}",
            expected="tiles of Copernicus GLO-30 in the folder or the cache",
            hint="fetch them once without --offline",
        )
    return DemTiles(delivered=tuple(delivered), absent=tuple(absent))


def _remember_sea(tile: str, cache: FileCache) -> None:
    """Keep in the cache that a square has no tile, so that it is known offline too."""
    name = _SEA.format(tile=tile)
    part = cache.part(name)
    part.write_bytes(b"")
    cache.add(name, part, file_name=name)


def _fetch_tile(tile: str, fetcher: Fetcher, folder: Path, environment: Mapping[str, str]) -> Delivered:
    """Bring one tile; NotInArchiveError where a source says that there is none."""
    errors: list[ArchiveError] = []
    name = f"Copernicus_DSM_COG_10_{tile}_DEM.tif"
    for source in SOURCES:
        url = address(source, environment).replace("{tile}", tile)
        try:
            return fetcher.fetch(Wanted(file_name=name, urls=(url,)), folder)
        except NotInArchiveError:
            raise
        except ArchiveError as error:
            errors.append(error)
    raise errors[0]
