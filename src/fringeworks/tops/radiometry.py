"""From the numbers of an image to backscatter: calibration and thermal noise, window by window.

Definitions as in the Sentinel-1 product specification (S1-RS-MDA-52-7441, sections on calibration and noise
annotation): backscatter = (|DN|^2 - noise) / A^2 with A interpolated bilinearly between the annotated vectors, and
noise = range vector times azimuth factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, UnitError
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.model.grids import Window
from fringeworks.model.radiometric import CalibrationTable, NoiseBlock, NoiseTable
from fringeworks.model.tally import Tally

Quantity: TypeAlias = Literal["sigma0", "beta0", "gamma0", "dn"]
QUANTITIES: Final = ("sigma0", "beta0", "gamma0", "dn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backscatter:
    """Calibrated backscatter of a window.

    Attributes
    ----------
    value : float32, (line, sample)
        Power, linear scale; never below zero; NaN where the samples are NaN.
    tally : Tally
        Valid pixels, and those that the noise exceeds: they stand at zero.
    """

    value: FloatImage
    tally: Tally


def calibration_factor(
    table: CalibrationTable, *, window: Window, quantity: Quantity = "sigma0"
) -> FloatImage:
    """Return A of a window, such that backscatter = |DN|^2 / A^2.

    Parameters
    ----------
    table : CalibrationTable
        Of the sub-swath and polarisation.
    window : Window
        Lines and samples of the sub-swath's raster (a burst's own lines plus its first line).
    quantity : {"sigma0", "beta0", "gamma0", "dn"}
        Which backscatter.

    Returns
    -------
    float32, (line, sample)
        Interpolated bilinearly; beyond the first and last vector as at that vector.

    Raises
    ------
    OutOfRangeError
        No such quantity.
    """
    if quantity not in QUANTITIES:
        raise OutOfRangeError(f"backscatter {quantity!r}", expected=f"one of {', '.join(QUANTITIES)}")
    values: NDArray[np.float64] = getattr(table, quantity)
    sample = np.arange(window.col, window.col + window.cols)
    first, last, weight = _brackets(table.line, window)
    used = np.arange(first.min(initial=0), last.max(initial=0) + 1)
    across = np.stack([np.interp(sample, table.sample, values[k]) for k in used])
    return _blend(across, first - used[0], last - used[0], weight)


def noise_power(table: NoiseTable, *, window: Window) -> FloatImage:
    """Return the thermal noise of a window in |DN|^2.

    Range vectors are interpolated linearly along samples and between their lines, azimuth factors along lines; beyond
    the first and last they stay as they are.

    Parameters
    ----------
    table : NoiseTable
        Of the sub-swath and polarisation.
    window : Window
        Lines and samples of the sub-swath's raster.

    Returns
    -------
    float32, (line, sample)
        NaN where azimuth factors are annotated, but none for the place.

    Raises
    ------
    UnitError
        The table is in the unit of the processors of 2014 and early 2015.
    """
    if not table.is_calibrated:
        raise UnitError(
            "noise vectors in the unit of the first processors (values around 1e-9)",
            expected="noise in |DN|^2",
            hint="leave thermal noise in for this date, or scale the table by a factor you know "
            "(fringeworks.tops.radiometry.scale_noise)",
        )
    sample = np.arange(window.col, window.col + window.cols)
    lines = np.array([v.line for v in table.vectors])
    first, last, weight = _brackets(lines, window)
    used = np.arange(first.min(initial=0), last.max(initial=0) + 1)
    across = np.stack([np.interp(sample, table.vectors[k].sample, table.vectors[k].value) for k in used])
    power = _blend(across, first - used[0], last - used[0], weight)
    return power * _azimuth_factor(table.blocks, window) if table.blocks else power


def scale_noise(table: NoiseTable, factor: float) -> NoiseTable:
    """Return a noise table in |DN|^2 from one in a unit of its own.

    Parameters
    ----------
    table : NoiseTable
        Any.
    factor : float
        |DN|^2 per unit of the table, above zero.

    Raises
    ------
    OutOfRangeError
        The factor is not above zero.
    """
    if not 0 < factor < np.inf:
        raise OutOfRangeError(f"a noise factor of {factor}", expected="a finite number above zero")
    vectors = tuple(replace(v, value=v.value * factor) for v in table.vectors)
    return NoiseTable(vectors=vectors, blocks=table.blocks, is_calibrated=True)


def backscatter(
    samples: ComplexImage,
    calibration: CalibrationTable,
    *,
    window: Window,
    quantity: Quantity = "sigma0",
    noise: NoiseTable | None = None,
) -> Backscatter:
    """Return the calibrated backscatter of a window, thermal noise removed where a table is given.

    Parameters
    ----------
    samples : complex64, (line, sample)
        Samples of the window; NaN where there is no data.
    calibration : CalibrationTable
        Of the sub-swath and polarisation.
    window : Window
        Lines and samples of the sub-swath's raster (a burst's own lines plus its first line).
    quantity : {"sigma0", "beta0", "gamma0", "dn"}
        Which backscatter.
    noise : NoiseTable, optional
        Of the same sub-swath; None leaves the noise in.

    Returns
    -------
    Backscatter
        Power below the noise stands at zero and is counted.

    Raises
    ------
    ShapeMismatchError
        The samples are not those of the window.
    UnitError
        The noise table is not in |DN|^2.
    """
    if samples.shape != tuple(window.shape):
        raise ShapeMismatchError(f"samples {samples.shape}", expected=f"{tuple(window.shape)}")
    power = samples.real.astype(np.float32) ** 2
    power += samples.imag.astype(np.float32) ** 2
    valid = np.isfinite(power)
    n_valid, n_floored, n_unknown = int(valid.sum()), 0, 0
    if noise is not None:
        power -= noise_power(noise, window=window)
        below = power < 0
        n_floored = int(below.sum())
        power[below] = 0.0
        n_unknown = int((valid & ~np.isfinite(power)).sum())
    factor = calibration_factor(calibration, window=window, quantity=quantity)
    power /= factor * factor
    rejected = {
        "no data": power.size - n_valid,
        "below the noise": n_floored,
        "no noise annotated": n_unknown,
    }
    tally = Tally("pixels", power.size, n_valid - n_floored - n_unknown, rejected)
    return Backscatter(value=power, tally=tally)


def _brackets(
    lines: NDArray[np.float64], window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatImage]:
    """Return the vectors before and after each line of a window, and the weight of the one after."""
    line = np.arange(window.row, window.row + window.rows, dtype=np.float64)
    last = np.clip(np.searchsorted(lines, line, side="right"), 1, max(lines.size - 1, 1))
    last = np.minimum(last, lines.size - 1)
    first = np.maximum(last - 1, 0)
    span = np.where(last > first, lines[last] - lines[first], 1.0)
    weight = np.clip((line - lines[first]) / span, 0.0, 1.0)
    return first, last, weight.astype(np.float32)


def _blend(
    across: NDArray[np.float64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    weight: FloatImage,
) -> FloatImage:
    """Return the vectors mixed along lines: (line, sample) from (vector, sample)."""
    rows = across.astype(np.float32)
    out: FloatImage = np.empty((first.size, rows.shape[1]), np.float32)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(first)) + 1, [first.size]])
    for low, high in pairwise(edges.tolist()):
        if high > low:
            start, end, piece = rows[first[low]], rows[last[low]], out[low:high]
            np.multiply(weight[low:high, None], end - start, out=piece)
            piece += start
    return out


def _azimuth_factor(blocks: tuple[NoiseBlock, ...], window: Window) -> FloatImage:
    factor = np.full(tuple(window.shape), np.nan, np.float32)
    for block in blocks:
        low, high = max(block.first_line, window.row), min(block.last_line + 1, window.row + window.rows)
        left, right = (
            max(block.first_sample, window.col),
            min(block.last_sample + 1, window.col + window.cols),
        )
        if low >= high or left >= right:
            continue
        along = np.interp(np.arange(low, high), block.line, block.value).astype(np.float32)
        rows, cols = slice(low - window.row, high - window.row), slice(left - window.col, right - window.col)
        factor[rows, cols] = along[:, None]
    return factor
