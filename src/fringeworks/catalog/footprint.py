"""Where a grid lies on the globe, as GeoJSON wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry import box, mapping
from shapely.geometry.polygon import orient

from fringeworks.model.grids import MapGrid

_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Footprint:
    """Outline of a grid in WGS84 longitude and latitude [degrees].

    Attributes
    ----------
    geometry : dict
        GeoJSON Polygon, or MultiPolygon cut at the antimeridian (RFC 7946, 3.1.9); rings counterclockwise.
    bbox : tuple of float
        West, south, east, north; west is greater than east across the antimeridian (RFC 7946, 5.2).
    """

    geometry: dict[str, Any]
    bbox: tuple[float, float, float, float]


def footprint_of(grid: MapGrid, *, points_per_side: int = 16) -> Footprint:
    """Return the outline of a grid.

    Parameters
    ----------
    grid : MapGrid
        Grid in any CRS.
    points_per_side : int
        Points by which a side that is curved in longitude and latitude is drawn; sides of a grid that is in
        degrees already are straight and get their corners only.
    """
    transformer = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    straight = bool(transformer.source_crs is not None and transformer.source_crs.is_geographic)
    x, y = _ring(grid, 1 if straight else points_per_side)
    longitude, latitude = transformer.transform(x, y)
    if straight:  # a transformer may bring longitudes back into -180 to 180, corner by corner
        longitude = longitude + 360.0 * np.round((x - longitude) / 360.0)
    else:
        longitude = np.unwrap(longitude, period=360.0)
    if not straight and abs(longitude[-1] - longitude[0]) > 180:
        longitude, latitude = _around_pole(longitude, latitude)
    whole = Polygon(np.column_stack([longitude, latitude]))
    parts = _cut(whole)
    return Footprint(_geojson(parts), _bbox(parts, whole.bounds[2] - whole.bounds[0]))


def _ring(grid: MapGrid, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    west, south, east, north = grid.bounds
    t = np.arange(n) / n
    x = np.concatenate(
        [west + t * (east - west), np.full(n, east), east + t * (west - east), np.full(n, west), [west]]
    )
    y = np.concatenate(
        [
            np.full(n, south),
            south + t * (north - south),
            np.full(n, north),
            north + t * (south - north),
            [south],
        ]
    )
    return x, y


def _around_pole(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pole = 90.0 if latitude.mean() > 0 else -90.0
    ends = [longitude[-1], longitude[0]]
    return np.concatenate([longitude, ends]), np.concatenate([latitude, [pole, pole]])


def _cut(whole: Polygon) -> list[Polygon]:
    """Cut at every odd multiple of 180 degrees and shift each part into -180 to 180."""
    west, south, east, north = whole.bounds
    first, last = int(np.floor((west + 180) / 360)), int(np.ceil((east + 180) / 360))
    parts = []
    for turn in range(first, max(last, first + 1)):
        inside = whole.intersection(box(turn * 360 - 180, south - 1, turn * 360 + 180, north + 1))
        pieces = getattr(inside, "geoms", [inside])
        parts += [translate(p, -360.0 * turn) for p in pieces if p.area > 0]
    return parts


def _geojson(parts: list[Polygon]) -> dict[str, Any]:
    rings = [
        [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in mapping(orient(part))["coordinates"][0]]
        for part in parts
    ]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def _bbox(parts: list[Polygon], width: float) -> tuple[float, float, float, float]:
    south, north = min(p.bounds[1] for p in parts), max(p.bounds[3] for p in parts)
    west, east = min(p.bounds[0] for p in parts), max(p.bounds[2] for p in parts)
    if len(parts) > 1:  # cut at the antimeridian: from the west edge of the eastern part on
        west = min(p.bounds[0] for p in parts if p.bounds[2] >= 180 - 1e-9)
        east = max(p.bounds[2] for p in parts if p.bounds[0] <= -180 + 1e-9)
    if width >= 360 - 1e-6:
        west, east = -180.0, 180.0
    return round(west, _DIGITS), round(south, _DIGITS), round(east, _DIGITS), round(north, _DIGITS)
