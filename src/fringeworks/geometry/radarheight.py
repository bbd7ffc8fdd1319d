"""The height of the ground behind each sample of a radar image: an elevation model in radar geometry.

A sample sees the point where its circle of constant range meets the model.  Longitude and latitude along that circle
are polynomials of height (:func:`fringeworks.tops.alignment.fit_ground` and its like), so that the search is one for
a number: the height h at which the model, at the place of h, has the height h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import prange
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import FloatImage
from fringeworks.model.grids import MapGrid
from fringeworks.model.tally import Tally
from fringeworks.numerics.boxpolynomial import BoxPolynomial, along, collapse, power_sum
from fringeworks.numerics.compiled import kernel, parallel_kernel
from fringeworks.numerics.interpolate import bilinear_at

HEIGHT_TOLERANCE = 0.005
"""Where the search ends [m]: 0.0003 rad at 150 m of baseline."""
MAX_STEPS = 12
_SCAN_STEPS = 96
_FOUND, _OUTSIDE, _NONE = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadarHeights:
    """Heights of a grid of samples.

    Attributes
    ----------
    height : float32, (line, sample)
        Metres above the ellipsoid; NaN where the model does not reach.
    tally : Tally
        Samples considered and used; rejected as ``outside_dem`` or ``no_ground``.
    """

    height: FloatImage
    tally: Tally


def find_heights(
    ground: BoxPolynomial,
    *,
    line: NDArray[np.float64],
    sample: NDArray[np.float64],
    dem: NDArray[np.floating],
    dem_grid: MapGrid,
) -> RadarHeights:
    """Find the ground behind lines and samples.

    Parameters
    ----------
    ground : BoxPolynomial
        Longitude and latitude [rad] as polynomials of (line, sample, height [m]).
    line, sample : float64, (line), (sample)
        Where to look, inside the polynomial's box.
    dem : float32 or float64, (y, x)
        Metres above the ellipsoid, taken as bilinear between pixel centres; NaN where unknown.
    dem_grid : MapGrid
        Its grid, in geographic degrees.

    Raises
    ------
    ShapeMismatchError
        The model does not fit its grid.
    OutOfRangeError
        The model's grid is not geographic.

    Notes
    -----
    Secant steps that start from the neighbour's height; where they stray (steep slopes, layover), the heights from
    the highest to the lowest are scanned and the first crossing is bisected, so that of several crossings the
    farthest from the satellite's track counts.  Each line is searched by itself: blocks of lines equal the whole.
    """
    if dem.shape != tuple(dem_grid.shape):
        raise ShapeMismatchError(f"model {dem.shape}", expected=f"{tuple(dem_grid.shape)} as its grid says")
    if dem_grid.crs not in ("EPSG:4326", "EPSG:4979"):
        raise OutOfRangeError(f"an elevation model in {dem_grid.crs}", expected="EPSG:4326 or EPSG:4979")
    out = np.empty((line.size, sample.size), np.float32)
    counts = np.zeros((line.size, 3), np.int64)
    place = np.array([dem_grid.x_start, dem_grid.x_step, dem_grid.y_start, dem_grid.y_step])
    scale = np.array([ground.scale_of(axis) for axis in range(3)])
    _find_all(
        ground.coefficients,
        scale,
        np.ascontiguousarray(line, np.float64),
        np.ascontiguousarray(sample, np.float64),
        np.ascontiguousarray(dem),
        place,
        np.array([ground.lower[2], ground.upper[2]]),
        out,
        counts,
    )
    total = counts.sum(axis=0)
    rejected = {"outside_dem": int(total[_OUTSIDE]), "no_ground": int(total[_NONE])}
    return RadarHeights(height=out, tally=Tally("samples", out.size, int(total[_FOUND]), rejected))


@kernel
def _gap(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    height: float,
    scale: NDArray[np.float64],
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
) -> float:
    """Return the model's height at the place of a height, minus that height [m]; NaN outside the model."""
    w = scale[2, 0] * height + scale[2, 1]
    degrees = math.degrees(power_sum(lon, w))
    centre = place[0] + 0.5 * place[1] * dem.shape[1]
    degrees -= 360.0 * round((degrees - centre) / 360.0)
    col = (degrees - place[0]) / place[1] - 0.5
    row = (math.degrees(power_sum(lat, w)) - place[2]) / place[3] - 0.5
    return bilinear_at(dem, row, col) - height


@kernel
def _search(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    start: float,
    scale: NDArray[np.float64],
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> tuple[float, int]:
    """Secant steps from a start; where they stray, the scan."""
    before, gap_before = start, _gap(lon, lat, start, scale, dem, place)
    if math.isfinite(gap_before):
        now = before + gap_before
        for _ in range(MAX_STEPS):
            if not limits[0] <= now <= limits[1]:
                break
            gap = _gap(lon, lat, now, scale, dem, place)
            if not math.isfinite(gap):
                break
            if abs(gap) < HEIGHT_TOLERANCE:
                return now, _FOUND
            slope = (gap - gap_before) / (now - before) if now != before else -1.0
            # the ground may not rise faster along the circle than the circle itself: that is layover
            if slope > -0.05:
                break
            before, gap_before = now, gap
            now = now - gap / slope
    return _scan(lon, lat, scale, dem, place, limits)


@kernel
def _scan(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    scale: NDArray[np.float64],
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> tuple[float, int]:
    """Walk from the highest to the lowest height and bisect the first crossing."""
    upper = limits[1]
    gap_upper = _gap(lon, lat, upper, scale, dem, place)
    seen = math.isfinite(gap_upper)
    for k in range(1, _SCAN_STEPS + 1):
        lower = limits[1] + (limits[0] - limits[1]) * k / _SCAN_STEPS
        gap = _gap(lon, lat, lower, scale, dem, place)
        seen = seen or math.isfinite(gap)
        if gap_upper < 0.0 and gap >= 0.0:
            for _ in range(40):
                middle = 0.5 * (upper + lower)
                gap = _gap(lon, lat, middle, scale, dem, place)
                if abs(gap) < HEIGHT_TOLERANCE:
                    return middle, _FOUND
                if gap < 0.0:
                    upper = middle
                else:
                    lower = middle
            return 0.5 * (upper + lower), _FOUND
        upper, gap_upper = lower, gap
    return np.nan, _NONE if seen else _OUTSIDE


@parallel_kernel
def _find_all(
    coefficients: NDArray[np.float64],
    scale: NDArray[np.float64],
    line: NDArray[np.float64],
    sample: NDArray[np.float64],
    dem: NDArray[np.floating],
    place: NDArray[np.float64],
    limits: NDArray[np.float64],
    out: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    _, _, n_y, n_z = coefficients.shape
    for i in prange(line.size):
        plane_lon, plane_lat = np.empty((n_y, n_z)), np.empty((n_y, n_z))
        lon, lat = np.empty(n_z), np.empty(n_z)
        u = scale[0, 0] * line[i] + scale[0, 1]
        collapse(coefficients[0], u, plane_lon)
        collapse(coefficients[1], u, plane_lat)
        start = 0.5 * (limits[0] + limits[1])
        for j in range(sample.size):
            v = scale[1, 0] * sample[j] + scale[1, 1]
            along(plane_lon, v, lon)
            along(plane_lat, v, lat)
            height, flag = _search(lon, lat, start, scale, dem, place, limits)
            out[i, j] = height
            counts[i, flag] += 1
            if flag == _FOUND:
                start = height
