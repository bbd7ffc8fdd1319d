"""An elevation model whose heights count from the ellipsoid, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.tally import Finding

VerticalDatum: TypeAlias = Literal["ellipsoid", "egm96", "egm2008"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevationModel:
    """Heights on a geographic grid.

    Attributes
    ----------
    grid : MapGrid
        In EPSG:4326; across the antimeridian its longitudes run past 180.
    height : ArraySource
        float32, (y, x): metres above the WGS84 ellipsoid, bilinear between pixel centres; NaN in voids that could
        not be filled.
    datum : {"ellipsoid", "egm96", "egm2008"}
        What the sources' own heights count from.
    stated_by : str
        Who said so: ``configuration`` or the file and how.
    geoid : str
        Name of the geoid grid that was added; empty where none was.
    geoid_digest : str
        SHA-256 of that grid's file; empty where none was, ``network`` where PROJ fetched it.
    sources : tuple of str
        Every file behind the heights.
    findings : tuple of Finding
        What a person should know.
    """

    grid: MapGrid
    height: ArraySource
    datum: VerticalDatum
    stated_by: str
    geoid: str
    geoid_digest: str
    sources: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
