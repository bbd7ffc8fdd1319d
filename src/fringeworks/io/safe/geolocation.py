"""The geolocation grid of the annotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.io.safe.tree import Node
from fringeworks.model.acquisition import GeolocationGrid
from fringeworks.model.identity import Instant

_PATH = "geolocationGrid/geolocationGridPointList/geolocationGridPoint"
_FIELDS = (
    "slantRangeTime",
    "line",
    "pixel",
    "latitude",
    "longitude",
    "height",
    "incidenceAngle",
    "elevationAngle",
)


def read_geolocation_grid(root: Node, *, epoch: Instant) -> GeolocationGrid:
    """Read the tie points, arranged as (tie line, tie sample).

    Parameters
    ----------
    root : Node
        Root of a product annotation.
    epoch : Instant
        Epoch of the result's times, a whole second.

    Raises
    ------
    DamagedFileError
        Points are missing, or do not form a grid.
    """
    points = root.records(_PATH)
    if not points:
        raise root.refuse("no geolocation grid point", expected="a grid of tie points")
    columns = {name: np.array([p.number(name) for p in points]) for name in _FIELDS}
    time = np.array([p.instant("azimuthTime").seconds_since(epoch) for p in points])
    order = np.lexsort((columns["pixel"], columns["line"]))
    n_lines = np.unique(columns["line"]).size
    if len(points) % n_lines:
        raise root.refuse(f"{len(points)} tie points on {n_lines} lines", expected="the same number on each")

    def grid(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[order].reshape(n_lines, -1)

    line = grid(columns["line"])
    if (line != line[:, :1]).any() or (np.diff(grid(columns["pixel"]), axis=1) <= 0).any():
        raise root.refuse("tie points that form no grid")
    _check_places(root, columns)
    return GeolocationGrid(
        epoch=epoch.iso,
        azimuth_time=grid(time),
        slant_range=0.5 * SPEED_OF_LIGHT * grid(columns["slantRangeTime"]),
        line=line,
        sample=grid(columns["pixel"]),
        latitude=np.radians(grid(columns["latitude"])),
        longitude=np.radians(grid(columns["longitude"])),
        height=grid(columns["height"]),
        incidence=np.radians(grid(columns["incidenceAngle"])),
        elevation=np.radians(grid(columns["elevationAngle"])),
    )


def _check_places(root: Node, columns: dict[str, NDArray[np.float64]]) -> None:
    limits = {"latitude": (-90, 90), "longitude": (-360, 360), "height": (-12_000, 10_000)}
    for name, (low, high) in limits.items():
        if columns[name].min() < low or columns[name].max() > high:
            raise root.refuse(
                f"tie points with {name} {columns[name].min()} to {columns[name].max()}",
                expected=f"{low} to {high}",
            )
