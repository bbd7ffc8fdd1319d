"""Figures: the numbers the report speaks of, each computed once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from scipy import ndimage

from fringeworks.model.grids import MapGrid
from fringeworks.products.report.data import DOWN_WEIGHTED, EXCLUDED, ReportData
from fringeworks.products.report.sampling import Sampled

MM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of the headline.

    Attributes
    ----------
    n_dates, n_found, n_used, n_down_weighted, n_excluded : int
        Dates of the series; interferograms found, with weight, with less weight, without.
    years : float
        From the first to the last date.
    width_km, height_km : float
        Of the grid, through its centre.
    longitude, latitude : float
        Centre [degrees].
    n_pixels, n_recommended : int
        Pixels sampled, and those of them to be used.
    velocity_low, velocity_median, velocity_high : float
        Percentiles 1, 50 and 99 of the velocity of recommended pixels [mm/yr]; NaN without any.
    sigma : float
        Median of ``velocity_std`` there [mm/yr]; NaN where unknown.
    """

    n_dates: int
    n_found: int
    n_used: int
    n_down_weighted: int
    n_excluded: int
    years: float
    width_km: float
    height_km: float
    longitude: float
    latitude: float
    n_pixels: int
    n_recommended: int
    velocity_low: float
    velocity_median: float
    velocity_high: float
    sigma: float

    @property
    def recommended_share(self) -> float:
        """Share of the pixels that are recommended, 0 to 1."""
        return self.n_recommended / max(self.n_pixels, 1)


def summarise(data: ReportData, sampled: Sampled) -> Summary:
    """Compute the figures of the headline from the sampled pixels."""
    velocity = sampled.layers["velocity"][sampled.recommended] * MM
    low, middle, high = np.percentile(velocity, [1, 50, 99]) if velocity.size else (math.nan,) * 3
    sigma = sampled.layers.get("velocity_std")
    chosen = sigma[sampled.recommended] if sigma is not None else np.empty(0)
    chosen = chosen[np.isfinite(chosen)]
    verdicts = [p.verdict for p in data.pairs]
    longitude, latitude, width, height = extent_of(data.grid)
    return Summary(
        n_dates=len(data.dates),
        n_found=len(data.pairs),
        n_used=len(verdicts) - verdicts.count(EXCLUDED),
        n_down_weighted=verdicts.count(DOWN_WEIGHTED),
        n_excluded=verdicts.count(EXCLUDED),
        years=(data.dates[-1] - data.dates[0]).days / 365.25,
        width_km=width,
        height_km=height,
        longitude=longitude,
        latitude=latitude,
        n_pixels=sampled.recommended.size,
        n_recommended=int(sampled.recommended.sum()),
        velocity_low=float(low),
        velocity_median=float(middle),
        velocity_high=float(high),
        sigma=float(np.median(chosen) * MM) if chosen.size else math.nan,
    )


def extent_of(grid: MapGrid) -> tuple[float, float, float, float]:
    """Return longitude and latitude of a grid's centre [degrees], and its width and height through it [km]."""
    west, south, east, north = grid.bounds
    x, y = (west + east) / 2, (south + north) / 2
    transformer = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    geod = Geod(ellps="WGS84")
    longitude, latitude = transformer.transform([west, x, east, x, x], [y, south, y, north, y])
    _, _, halves = geod.inv(
        [longitude[0], longitude[4], longitude[1], longitude[4]],
        [latitude[0], latitude[4], latitude[1], latitude[4]],
        [longitude[4], longitude[2], longitude[4], longitude[3]],
        [latitude[4], latitude[2], latitude[4], latitude[3]],
    )
    return (
        float(longitude[4]),
        float(latitude[4]),
        (halves[0] + halves[1]) / 1e3,
        (halves[2] + halves[3]) / 1e3,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSeries:
    """The series of one pixel that stands for others.

    Attributes
    ----------
    label : str
        What it stands for.
    row, col : int
        Pixel of the products.
    longitude, latitude : float
        Its centre [degrees].
    velocity, sigma : float
        As published [m/yr]; sigma NaN where unknown.
    series, series_std : float32, (date)
        Displacement and its sigma [m]; NaN where unknown.
    """

    label: str
    row: int
    col: int
    longitude: float
    latitude: float
    velocity: float
    sigma: float
    series: NDArray[np.float32]
    series_std: NDArray[np.float32]


def representatives(data: ReportData, sampled: Sampled) -> list[PointSeries]:
    """Choose pixels that stand for the map: the strongest motion both ways, the reference, a typical one.

    The strongest are looked for in the median of 5 x 5 sampled pixels, so that no outlier speaks for the
    map; then the recommended pixel nearest to that median is taken.
    """
    found: list[tuple[str, int, int]] = []
    velocity = np.where(sampled.recommended, sampled.layers["velocity"], np.nan)
    if np.isfinite(velocity).any():
        smooth = _local_median(velocity)
        away, toward = np.unravel_index([np.nanargmin(smooth), np.nanargmax(smooth)], smooth.shape)
        typical = np.nanargmin(np.abs(velocity - np.nanmedian(velocity)))
        for label, place in (
            ("strongest motion away", (away[0], toward[0])),
            ("strongest motion toward", (away[1], toward[1])),
        ):
            row, col = _nearest_to(velocity, smooth, place)
            found.append((label, row * sampled.step, col * sampled.step))
        middle = np.unravel_index(typical, velocity.shape)
        found.append(("typical pixel", int(middle[0]) * sampled.step, int(middle[1]) * sampled.step))
    if data.reference is not None:
        found.insert(2, ("reference", data.reference.row, data.reference.col))
    return [_point(data, label, row, col) for label, row, col in found]


def _local_median(velocity: NDArray[np.float32]) -> NDArray[np.float64]:
    filled = np.where(np.isfinite(velocity), velocity, np.nanmedian(velocity)).astype(np.float64)
    smooth = ndimage.median_filter(filled, size=5, mode="nearest")
    return np.where(np.isfinite(velocity), smooth, np.nan)


def _nearest_to(
    velocity: NDArray[np.float32], smooth: NDArray[np.float64], place: tuple[int, int]
) -> tuple[int, int]:
    row, col = int(place[0]), int(place[1])
    top, left = max(row - 2, 0), max(col - 2, 0)
    near = np.abs(velocity[top : row + 3, left : col + 3] - smooth[row, col])
    inside = np.unravel_index(np.nanargmin(near), near.shape)
    return top + int(inside[0]), left + int(inside[1])


def _point(data: ReportData, label: str, row: int, col: int) -> PointSeries:
    x, y = data.grid.centre_of(row, col)
    longitude, latitude = Transformer.from_crs(data.grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    at = (slice(row, row + 1), slice(col, col + 1))

    def pixel(name: str) -> float:
        source = data.layers.get(name)
        return math.nan if source is None else float(np.asarray(source[at])[0, 0])

    std = data.layers.get("displacement_std")
    empty = np.full(len(data.dates), np.nan, np.float32)
    return PointSeries(
        label=label,
        row=row,
        col=col,
        longitude=float(longitude),
        latitude=float(latitude),
        velocity=pixel("velocity"),
        sigma=pixel("velocity_std"),
        series=np.asarray(data.layers["displacement"][(slice(None), *at)], np.float32)[:, 0, 0],
        series_std=empty if std is None else np.asarray(std[(slice(None), *at)], np.float32)[:, 0, 0],
    )


def colour_limit(values: NDArray[np.float32]) -> float:
    """Return a round symmetric limit that 98 % of the values stay within; 1 where there are none."""
    finite = np.abs(values[np.isfinite(values)])
    return rounded_up(float(np.percentile(finite, 98))) if finite.size else 1.0


def rounded_up(value: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return float(next(step for step in steps if step * power >= value * (1 - 1e-9)) * power)
