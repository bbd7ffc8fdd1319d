"""Names of products and of the files in them, field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fringeworks.errors import OutOfRangeError, UnsupportedInputError
from fringeworks.model.identity import Instant, Platform, Polarisation, Swath

_PRODUCT: Final = re.compile(
    r"(?P<platform>S1[A-Z])_(?P<mode>IW|EW|S[1-6]|SM|WV)_(?P<type>[A-Z0-9]{3})(?P<resolution>[FHM_])_"
    r"(?P<level>[012])(?P<category>[SANC_])(?P<polarisation>SH|SV|DH|DV|HH|HV|VV|VH|_H|_V|SS)_"
    r"(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})_(?P<orbit>\d{6})_(?P<datatake>[0-9A-F]{6})_"
    r"(?P<unique>[0-9A-F]{4})(?P<cog>_COG)?"
)
_FILE: Final = re.compile(
    r"(?:(?P<kind>calibration|noise|rfi)-)?(?P<platform>s1[a-z])-(?P<swath>iw[1-3]|ew[1-5]|s[1-6])-slc-"
    r"(?P<polarisation>[hv]{2})-(?P<start>\d{8}t\d{6})-(?P<stop>\d{8}t\d{6})-(?P<orbit>\d{6})-"
    r"(?P<datatake>[0-9a-f]{6})-(?P<image>\d{3})(?P<cog>-cog)?\.(?P<suffix>xml|tiff?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductName:
    """What a product's name says; the manifest is the law where the two differ.

    Attributes
    ----------
    stem : str
        The name without suffix.
    platform : Platform
        Satellite.
    mode : str
        ``IW``, ``EW`` or ``SM``.
    polarisations : tuple of Polarisation
        By the name's code (a product may hold fewer).
    start, stop : Instant
        Whole seconds.
    absolute_orbit : int
        Orbit number since launch.
    datatake : str
        Six hexadecimal digits.
    unique : str
        Four hexadecimal digits that distinguish a re-processing.
    cloud_optimised : bool
        Whether the archive re-wrote its rasters as cloud-optimised GeoTIFF.
    """

    stem: str
    platform: Platform
    mode: str
    polarisations: tuple[Polarisation, ...]
    start: Instant
    stop: Instant
    absolute_orbit: int
    datatake: str
    unique: str
    cloud_optimised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What the name of a file in a product says.

    Attributes
    ----------
    kind : str
        ``annotation``, ``calibration``, ``noise``, ``rfi`` or ``measurement``.
    swath : Swath
        Sub-swath or beam.
    polarisation : Polarisation
        Polarisation.
    platform : Platform
        Satellite.
    """

    kind: str
    swath: Swath
    polarisation: Polarisation
    platform: Platform


_CODES: Final = {
    "SH": (Polarisation.HH,),
    "_H": (Polarisation.HH,),
    "SV": (Polarisation.VV,),
    "_V": (Polarisation.VV,),
    "DH": (Polarisation.HH, Polarisation.HV),
    "DV": (Polarisation.VV, Polarisation.VH),
}


def stem_of(name: str) -> str:
    """Return a product's name without ``.SAFE``, ``.zip`` or both."""
    for suffix in (".zip", ".ZIP", ".SAFE"):
        name = name.removesuffix(suffix)
    return name


def parse_product_name(name: str) -> ProductName | None:
    """Read a product's name, with or without suffix; None where it follows another grammar.

    Raises
    ------
    UnsupportedInputError
        The name is that of a Sentinel-1 product of another type or mode than SLC in IW, EW or strip map.
    """
    match = _PRODUCT.match(stem_of(name))
    if match is None:
        return None
    slc = match["type"] in {"SLC", "SL1"}
    if not slc or match["mode"] == "WV":
        raise UnsupportedInputError(
            f"{name[:80]}: a {match['mode']} {match['type']} product",
            expected="a single-look complex product (SLC) of mode IW, EW or strip map",
            hint="order the SLC of this date",
        )
    try:
        start, stop = _stamp(match["start"]), _stamp(match["stop"])
    except OutOfRangeError:
        return None
    code = match["polarisation"]
    return ProductName(
        stem=stem_of(name),
        platform=Platform.named(match["platform"]),
        mode=match["mode"] if match["mode"] in {"IW", "EW"} else "SM",
        polarisations=_CODES.get(code, (Polarisation(code),) if code in Polarisation.__members__ else ()),
        start=start,
        stop=stop,
        absolute_orbit=int(match["orbit"]),
        datatake=match["datatake"],
        unique=match["unique"],
        cloud_optimised=match["cog"] is not None,
    )


def parse_file_name(name: str) -> FileName | None:
    """Read the name of a file in a product (any folder in front is ignored); None where it is of another kind."""
    match = _FILE.fullmatch(name.rpartition("/")[2].lower())
    if match is None or (match["kind"] and match["suffix"] != "xml"):
        return None
    polarisation = match["polarisation"].upper()
    kind = match["kind"] or ("annotation" if match["suffix"] == "xml" else "measurement")
    return FileName(
        kind=kind,
        swath=Swath(match["swath"].upper()),
        polarisation=Polarisation(polarisation),
        platform=Platform.named(match["platform"]),
    )


def _stamp(text: str) -> Instant:
    return Instant.parse(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}:{text[13:15]}")
