"""Check one published raster, and how rasters of a family fit together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import FringeworksError
from fringeworks.io.raster_source import RasterSource
from fringeworks.io.rasters import pieces_of
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.grids import Shape
from fringeworks.model.layer import Layer
from fringeworks.model.layers import layer_of
from fringeworks.model.tally import Finding
from fringeworks.products.publish import ENU_BANDS
from fringeworks.products.standard import recommended

VELOCITY_FLOOR: Final = 1e-6
"""Slope and velocity may differ by this much beyond rounding [m/yr]: a thousandth of a millimetre a year."""
_FLOAT32: Final = float(np.finfo(np.float32).eps)


def fault(topic: str, text: str) -> Finding:
    """Make a finding that says a product breaks its contract."""
    return Finding("error", topic, text)


def check_header(name: str, source: RasterSource, *, series: bool = True) -> Iterator[Finding]:
    """Check type, unit, fill, sign and bands of one raster against the layer table.

    Parameters
    ----------
    name : str
        File stem.
    source : RasterSource
        The raster.
    series : bool
        Whether layers with a date axis hold one band a date; a single interferogram holds one band.

    Raises
    ------
    OutOfRangeError
        The layer table has no such name.
    """
    layer = layer_of(name)
    if str(source.dtype) != layer.dtype:
        yield fault(name, f"type {source.dtype}, the layer table says {layer.dtype}")
    if set(source.units) != {layer.unit}:
        yield fault(
            name, f"unit {', '.join(sorted(set(source.units))) or 'none'}, the layer table says {layer.unit}"
        )
    if source.tags.get("POSITIVE", "") != layer.sign:
        yield fault(
            name, f"sign {source.tags.get('POSITIVE', 'not said')!r}, the layer table says {layer.sign!r}"
        )
    if not _same_fill(source.fill, layer.fill):
        yield fault(name, f"fill {source.fill}, the layer table says {layer.fill}")
    yield from _check_bands(name, layer, source, series=series)


def _same_fill(found: float | None, wanted: float) -> bool:
    return found is not None and (found == wanted or (math.isnan(found) and math.isnan(wanted)))


def _check_bands(name: str, layer: Layer, source: RasterSource, *, series: bool) -> Iterator[Finding]:
    if layer.axis == "enu" and source.band_names != ENU_BANDS:
        yield fault(name, f"bands {source.band_names}, expected {ENU_BANDS}")
    elif layer.axis == "date" and series:
        try:
            dates = [date.fromisoformat(text) for text in source.band_names]
        except ValueError:
            yield fault(name, f"bands {source.band_names[:3]} ..., expected ISO dates")
            return
        if dates != sorted(set(dates)):
            yield fault(name, "the dates of the bands are not in order, or repeat")
    elif layer.axis != "enu" and len(source.band_names) != 1:
        yield fault(name, f"{len(source.band_names)} bands, expected one")


def check_range(name: str, source: RasterSource) -> Iterator[Finding]:
    """Check that every value lies in the layer's valid range and none is infinite; reads the whole raster."""
    layer = layer_of(name)
    low, high = layer.valid_range or (-math.inf, math.inf)
    n_bad, n_infinite, worst = 0, 0, 0.0
    for _, values in pieces_of(source, side=512):
        kept = values[np.isfinite(values)] if values.dtype.kind == "f" else values[values != layer.fill]
        bad = kept[(kept < low) | (kept > high)]
        n_bad += bad.size
        n_infinite += int(np.isinf(values).sum()) if values.dtype.kind == "f" else 0
        worst = max(worst, float(np.abs(bad.astype(np.float64)).max(initial=0.0)))
    if n_bad:
        yield fault(
            name, f"{n_bad} values outside {low:g} to {high:g} {layer.unit}, the largest of size {worst:g}"
        )
    if n_infinite:
        yield fault(name, f"{n_infinite} infinite values")


def check_together(rasters: Mapping[str, RasterSource]) -> Iterator[Finding]:
    """Check that the rasters of the standard family agree: grid, dates, zero, mask and velocity."""
    grid = next(iter(rasters.values())).grid
    for name, source in rasters.items():
        if not source.grid.agrees_with(grid):
            yield fault(name, f"lies on another grid than {next(iter(rasters))}")
            return
    series = {n: s for n, s in rasters.items() if layer_of(n).axis == "date"}
    for name, source in series.items():
        if source.band_names != next(iter(series.values())).band_names:
            yield fault(name, f"its dates are not those of {next(iter(series))}")
    if "displacement" in rasters:
        yield from _check_zero(rasters["displacement"])
    if {"recommended_mask", "quality_flags"} <= set(rasters):
        yield from _check_mask(rasters["recommended_mask"], rasters["quality_flags"])
    if {"velocity", "displacement"} <= set(rasters):
        yield from _check_slope(rasters["velocity"], rasters["displacement"])


def _check_zero(displacement: RasterSource) -> Iterator[Finding]:
    n_bad = 0
    for block in BlockPlan(displacement.grid.shape, Shape(512, 512)):
        at = block.keep.slices
        values = displacement[at] if len(displacement.shape) == 2 else displacement[(0, *at)]
        n_bad += int((np.nan_to_num(values) != 0).sum())
    if n_bad:
        yield fault("displacement", f"{n_bad} pixels of the first date are not zero")


def _check_mask(mask: RasterSource, flags: RasterSource) -> Iterator[Finding]:
    n_bad = 0
    for window, values in pieces_of(mask, side=512):
        bits = flags[window.slices]
        n_bad += int(((values == 1) != (recommended(bits) == 1)).sum())
    if n_bad:
        yield fault("recommended_mask", f"{n_bad} pixels do not say what quality_flags says")


def _check_slope(velocity: RasterSource, displacement: RasterSource) -> Iterator[Finding]:
    """Compare the velocity with a straight line through the published series, dates without value left out.

    Both are float32: the slope may differ by the rounding of the displacements, spread by the fit
    (sum |t - mean| / sum (t - mean)^2 times half a unit of the largest), and of the velocity itself.
    """
    try:
        days = [date.fromisoformat(text).toordinal() for text in displacement.band_names]
    except ValueError:
        return
    if len(days) < 2 or velocity.shape != displacement.shape[1:]:
        return
    years = (np.array(days, np.float64) - days[0]) / DAYS_PER_YEAR
    n_bad, worst, n_seen = 0, 0.0, 0
    for window, series in pieces_of(displacement, side=256):
        rate = velocity[window.slices].astype(np.float64)
        slope, allowed = slope_of(series, years)
        excess = np.abs(rate - slope) - allowed - VELOCITY_FLOOR - 2 * _FLOAT32 * np.abs(rate)
        seen = np.isfinite(excess)
        n_seen += int(seen.sum())
        n_bad += int((excess[seen] > 0).sum())
        worst = max(worst, float(np.abs(rate - slope)[seen].max(initial=0.0)))
    if n_bad:
        text = f"{n_bad} of {n_seen} pixels are not the slope of displacement; the largest difference is {worst:.3g} m/year"
        yield fault("velocity", text)


def slope_of(
    series: NDArray[Any], years: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least-squares slope of each pixel's series and the part of it that rounding may change.

    Parameters
    ----------
    series : float32, (date, y, x)
        Displacement [m]; NaN dates are left out.
    years : float64, (date)
        Time of each date [years].

    Returns
    -------
    slope : float64, (y, x)
        [m/yr]; NaN with fewer than two dates.
    rounding : float64, (y, x)
        Bound on what float32 rounding of the series does to the slope [m/yr].
    """
    valid = np.isfinite(series)
    count = valid.sum(axis=0)
    safe = np.maximum(count, 1)
    centred = years[:, None, None] - (valid * years[:, None, None]).sum(axis=0) / safe
    centred = np.where(valid, centred, 0.0)
    spread = (centred**2).sum(axis=0)
    values = np.where(valid, series, 0.0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(count >= 2, (centred * values).sum(axis=0) / spread, np.nan)
        rounding = _FLOAT32 * np.abs(values).max(axis=0) * np.abs(centred).sum(axis=0) / spread
    return slope, rounding


def check_pair(name: str, rasters: Mapping[str, RasterSource]) -> Iterator[Finding]:
    """Check that the rasters of one interferogram agree, and that more range is motion away."""
    grid = next(iter(rasters.values())).grid
    for layer, source in rasters.items():
        if not source.grid.agrees_with(grid):
            yield fault(f"{name}/{layer}", f"lies on another grid than {next(iter(rasters))}")
            return
    if not {"unwrapped", "displacement"} <= set(rasters):
        return
    n_bad = 0
    for window, phase in pieces_of(rasters["unwrapped"], side=512):
        moved = rasters["displacement"][window.slices]
        n_bad += int((np.sign(phase) * np.sign(moved) > 0).sum())
    if n_bad:
        yield fault(
            f"{name}/displacement",
            f"{n_bad} pixels have the sign of the phase: positive phase is motion away",
        )


def readable(name: str, error: FringeworksError) -> Finding:
    """Make the finding that a raster cannot be read."""
    return fault(name, str(error))
