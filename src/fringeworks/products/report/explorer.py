"""The data behind the map one can click on: small integers in base64, inside the page."""

from __future__ import annotations

import base64
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import layer_of
from fringeworks.products.report.data import ReportData
from fringeworks.products.report.figures import MM, colour_limit
from fringeworks.products.report.sampling import Sampled

_EMPTY: Final = -32768
_MESH: Final = 17
_LONGEST: Final = 500


def explorer_data(data: ReportData, sampled: Sampled) -> dict[str, Any]:
    """Return what the page's script draws: map, mask, points with their series, all as integers.

    Notes
    -----
    Velocity and series are kept as 16-bit integers times a step, so a value on screen differs from the
    product by at most half a step: the largest value over 65 000. The script reads ``scale`` from here.
    """
    thin = max(-(-max(sampled.recommended.shape) // _LONGEST), 1)
    velocity = sampled.layers["velocity"][::thin, ::thin] * MM
    recommended = sampled.recommended[::thin, ::thin]
    limit = colour_limit(np.where(sampled.recommended, sampled.layers["velocity"] * MM, np.nan))
    rows, cols = velocity.shape
    step = sampled.step * thin
    return {
        "rows": rows,
        "cols": cols,
        "flip": data.grid.y_step > 0,
        "aspect": sampled.frame.ratio * cols / rows,
        "step": step,
        "limit": limit,
        "colours": _table(layer_of("velocity").colours),
        "velocity": _packed(velocity),
        "recommended": base64.b64encode(np.packbits(recommended, bitorder="little").tobytes()).decode(),
        "mesh": _mesh(data.grid, rows=rows, cols=cols, step=step),
        "dates": [d.isoformat() for d in data.dates],
        "days": [(d - data.dates[0]).days for d in data.dates],
        "points": _points(sampled),
        "reference": None
        if data.reference is None
        else [(data.reference.row + 0.5) / step, (data.reference.col + 0.5) / step],
    }


def _points(sampled: Sampled) -> dict[str, Any]:
    at = tuple((sampled.points // sampled.step).T)
    sigma = sampled.layers.get("velocity_std")
    coherence = sampled.layers.get("temporal_coherence")
    return {
        "n": len(sampled.points),
        "row": _packed(sampled.points[:, 0] / sampled.step, scale=1.0),
        "col": _packed(sampled.points[:, 1] / sampled.step, scale=1.0),
        "unit": sampled.step,
        "velocity": _packed(sampled.layers["velocity"][at] * MM),
        "sigma": None if sigma is None else _packed(sigma[at] * MM),
        "coherence": None if coherence is None else _packed(coherence[at]),
        "series": _packed(sampled.series * MM),
    }


def _packed(values: NDArray[Any], *, scale: float = 0.0) -> dict[str, Any]:
    """Return values as base64 of little-endian int16 and the step they are multiples of."""
    finite = np.isfinite(values)
    largest = float(np.abs(values[finite]).max(initial=0.0))
    step = scale or (largest / 32767 if largest > 0 else 1.0)
    whole = np.where(finite, np.round(np.where(finite, values, 0.0).astype(np.float64) / step), _EMPTY)
    return {"scale": step, "data": base64.b64encode(whole.astype("<i2").tobytes()).decode()}


def unpacked(packed: dict[str, Any]) -> NDArray[np.float64]:
    """Return the values the page's script sees: the inverse of the packing, NaN where empty."""
    whole = np.frombuffer(base64.b64decode(packed["data"]), "<i2")
    return np.where(whole == _EMPTY, np.nan, whole * packed["scale"])


def _table(name: str) -> list[list[int]]:
    colours = mpl.colormaps[name](np.linspace(0, 1, 129), bytes=True)
    return [[int(c) for c in row[:3]] for row in colours]


def _mesh(grid: MapGrid, *, rows: int, cols: int, step: int) -> dict[str, Any]:
    """Return longitude and latitude on a coarse mesh, between which the script interpolates."""
    x = grid.x_start + np.linspace(0, cols * step, _MESH) * grid.x_step
    y = grid.y_start + np.linspace(0, rows * step, _MESH) * grid.y_step
    east, north = np.meshgrid(x, y)
    longitude, latitude = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(east, north)
    return {
        "n": _MESH,
        "longitude": [round(float(v), 6) for v in np.ravel(longitude)],
        "latitude": [round(float(v), 6) for v in np.ravel(latitude)],
    }
