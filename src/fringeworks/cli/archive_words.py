"""Words of the search and fetch commands: areas, instants, names, lists."""

from __future__ import annotations

import sys
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any

import shapely

from fringeworks.catalog.archives.orbits import OrbitNeed
from fringeworks.catalog.archives.protocol import SceneRecord
from fringeworks.errors import MissingInputError, OutOfRangeError, RequestError, UnsupportedInputError
from fringeworks.io.safe import open_safe
from fringeworks.io.safe.names import parse_product_name
from fringeworks.model.identity import BurstId, Instant, Platform


def records_in(path: Path) -> list[SceneRecord]:
    """Read the records that ``find --json`` wrote."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        rows: Any = loads(text)["scenes"]
    except FileNotFoundError as error:
        raise MissingInputError(
            f"no file {path}", expected="the output of `fringeworks find --json`"
        ) from error
    except (JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{path} cannot be read", expected="the output of `fringeworks find --json`"
        ) from error
    return [SceneRecord.from_dict(row) for row in rows]


def orbit_need_of(scene: str) -> OrbitNeed:
    """Read platform and times from a product, or from its name alone where it is not there."""
    path = Path(scene)
    if path.exists():
        manifest = open_safe(path).manifest
        key = manifest.key
        return OrbitNeed(scene=manifest.product, platform=key.platform, start=key.start, stop=manifest.stop)
    try:
        name = parse_product_name(path.name)
    except UnsupportedInputError as error:
        raise RequestError(f"{scene}: {error.found}", expected=error.expected) from error
    if name is None:
        raise MissingInputError(
            f"{scene} is neither a file nor the name of a scene", expected="a SAFE, or its name"
        )
    return OrbitNeed(scene=name.stem, platform=name.platform, start=name.start, stop=name.stop)


def area_of(bbox: str, wkt: str) -> Any:
    """Read an area from a box or well-known text; None where neither is given."""
    if bbox and wkt:
        raise RequestError("--bbox and --wkt", expected="one of them")
    if bbox:
        west, south, east, north = bounds_of(bbox)
        return shapely.box(west, south, east + (360.0 if east < west else 0.0), north)
    if not wkt:
        return None
    try:
        shape = shapely.from_wkt(wkt)
    except shapely.errors.ShapelyError as error:
        raise RequestError(
            f"--wkt {wkt[:60]!r}", expected="well-known text, such as POINT(12.5 41.9)"
        ) from error
    if shape.is_empty or not shape.is_valid:
        raise RequestError(f"--wkt {wkt[:60]!r} is empty or crosses itself", expected="a simple shape")
    return shape


def bounds_of(text: str) -> tuple[float, float, float, float]:
    """Read west, south, east, north in degrees."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RequestError(
            f"--bbox {text!r}", expected="WEST,SOUTH,EAST,NORTH such as 12,41.5,13,42.5"
        ) from error
    if not (-180 <= west <= 360 and -180 <= east <= 360 and -90 <= south < north <= 90) or west == east:
        raise RequestError(f"--bbox {text!r}", expected="degrees, south below north")
    return west, south, east, north


def instant_of(text: str, option: str, *, last: bool) -> Instant | None:
    """Read a day or an instant; the last day counts to its end."""
    if not text:
        return None
    try:
        if "T" in text:
            return Instant.parse(text)
        return Instant.parse(f"{text}T{'23:59:59.999' if last else '00:00:00'}")
    except OutOfRangeError as error:
        raise RequestError(f"{option} {text!r}", expected="2023-01-08 or 2023-01-08T13:52:00") from error


def platform_of(text: str) -> Platform:
    """Read a satellite's name."""
    try:
        return Platform.named(text)
    except OutOfRangeError as error:
        raise RequestError(f"--platform {text!r}", expected="such as S1A") from error


def burst_of(text: str) -> BurstId:
    """Read a burst id in any spelling."""
    try:
        return BurstId.parse(text)
    except OutOfRangeError as error:
        raise RequestError(f"--burst {text!r}", expected=error.expected) from error


def one_of(word: str, choices: tuple[str, ...], option: str) -> Any:
    """Return a word if it is one of the choices."""
    if word not in choices:
        raise RequestError(f"{option} {word!r}", expected=" or ".join(choices))
    return word
