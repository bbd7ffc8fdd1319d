"""What the heights of a file count from: said by the configuration or by the file, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pyproj import CRS
from pyproj.exceptions import CRSError

from fringeworks.errors import MetadataMismatchError
from fringeworks.model.elevation import VerticalDatum

DATUMS: Final[tuple[VerticalDatum, ...]] = ("ellipsoid", "egm96", "egm2008")
TAG: Final = "VERTICAL_DATUM"


@dataclass(frozen=True, slots=True)
class StatedDatum:
    """A vertical datum and who stated it."""

    datum: VerticalDatum
    stated_by: str


def datum_of_crs(wkt: str) -> VerticalDatum | None:
    """Return the datum a coordinate reference system states by a third axis or a vertical part; None if it does not.

    Raises
    ------
    MetadataMismatchError
        It states one that is none of ``DATUMS``.
    """
    try:
        crs = CRS.from_user_input(wkt)
    except CRSError:
        return None
    vertical = [part for part in crs.sub_crs_list if part.is_vertical]
    if vertical:
        return _of_text(vertical[0].name, what=f"vertical reference system {vertical[0].name!r}")
    if len(crs.axis_info) == 3:
        return "ellipsoid"
    return None


def datum_of_tags(tags: dict[str, str]) -> VerticalDatum | None:
    """Return the datum a file states by a tag ``VERTICAL_DATUM`` in any case; None if there is none.

    Raises
    ------
    MetadataMismatchError
        The tag says something that is none of ``DATUMS``.
    """
    for key, value in tags.items():
        if key.upper() == TAG and value.strip():
            return _of_text(value, what=f"tag {key}={value!r}")
    return None


def decide_datum(asked: VerticalDatum | None, *, crs: str, tags: dict[str, str], file: str) -> StatedDatum:
    """Decide what a file's heights count from.

    Parameters
    ----------
    asked : {"ellipsoid", "egm96", "egm2008"}, optional
        The configuration's ``dem_datum``; it wins over what the file says.
    crs : str
        The file's coordinate reference system (WKT), empty if it has none.
    tags : dict of str to str
        The file's tags.
    file : str
        Its name, for messages.

    Raises
    ------
    MetadataMismatchError
        Nobody says it, or the file says something unknown.
    """
    if asked is not None:
        if asked not in DATUMS:
            raise MetadataMismatchError(f"dem_datum {asked!r}", expected="ellipsoid, egm96 or egm2008")
        return StatedDatum(asked, "configuration")
    by_crs = datum_of_crs(crs) if crs else None
    if by_crs is not None:
        return StatedDatum(by_crs, f"{file}: its coordinate reference system")
    by_tag = datum_of_tags(tags)
    if by_tag is not None:
        return StatedDatum(by_tag, f"{file}: its tag {TAG}")
    raise MetadataMismatchError(
        f"{file} does not say what its heights count from",
        expected="a three-dimensional or compound coordinate reference system, or a tag VERTICAL_DATUM",
        hint="set inputs.dem_datum to ellipsoid, egm96 (SRTM) or egm2008 (Copernicus)",
    )


def _of_text(text: str, *, what: str) -> VerticalDatum:
    word = re.sub(r"[^a-z0-9]", "", text.lower())
    if "egm2008" in word or "egm08" in word or word in ("3855", "epsg3855"):
        return "egm2008"
    if "egm96" in word or "egm1996" in word or word in ("5773", "epsg5773"):
        return "egm96"
    if "ellips" in word or word in ("wgs84", "4979", "epsg4979"):
        return "ellipsoid"
    raise MetadataMismatchError(
        f"{what} is none that is known here",
        expected="the WGS84 ellipsoid, EGM96 or EGM2008",
        hint="convert the heights, or set inputs.dem_datum if the file is mistaken",
    )
