"""Velocity by the definition of NSBAS and FLATSIM: a straight line weighted by each date's atmosphere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.timeseries.models.linear import fit_linear


@dataclass(frozen=True, slots=True, kw_only=True)
class NsbasVelocity:
    """A weighted line for each pixel.

    Attributes
    ----------
    velocity, velocity_std : float32, (y, x)
        Slope and its deviation, scaled by the weighted scatter [m per 365.25 days], positive toward the satellite.
    origin : float32, (y, x)
        The line's value at the first date [m]; ``displacement - origin`` is FLATSIM's series, whose zero is the
        origin of the linear fit.
    residual_square_sum : float64, (date)
        Sum over pixels of squared series minus line [m^2].
    residual_count : int64, (date)
        Residuals behind it.
    """

    velocity: FloatImage
    velocity_std: FloatImage
    origin: FloatImage
    residual_square_sum: NDArray[np.float64]
    residual_count: NDArray[np.int64]


def fit_nsbas(
    displacement: FloatStack,
    *,
    dates: tuple[date, ...],
    amplitude: NDArray[np.float64] | None = None,
) -> NsbasVelocity:
    """Fit a straight line weighted by the amplitude of each date's atmosphere.

    Parameters
    ----------
    displacement : float32, (date, y, x)
        Metres, positive toward the satellite; NaN where a date has no value.
    dates : tuple of date
        Dates of the series.
    amplitude : float64, (date), optional
        Amplitude of each date's atmosphere [m], from :func:`atmosphere_amplitude`; equal where absent.

    Raises
    ------
    ShapeMismatchError
        Series, dates and amplitudes do not fit.
    OutOfRangeError
        An amplitude is not positive.

    Notes
    -----
    Iterate as NSBAS does: fit with equal amplitudes, take :func:`atmosphere_amplitude` of the residuals summed
    over the whole image, fit again (twice by custom).
    """
    if displacement.ndim != 3 or displacement.shape[0] != len(dates):
        raise ShapeMismatchError(
            f"series of shape {displacement.shape}", expected=f"({len(dates)} dates, y, x)"
        )
    size = np.ones(len(dates)) if amplitude is None else np.asarray(amplitude, float)
    if size.shape != (len(dates),):
        raise ShapeMismatchError(f"amplitudes of shape {size.shape}", expected=f"({len(dates)},)")
    if not np.all(size > 0.0):
        raise OutOfRangeError(f"an amplitude of {float(size.min())} m", expected="positive amplitudes")
    time = np.array([(d - dates[0]).days for d in dates], float) / DAYS_PER_YEAR
    shape = displacement.shape[1:]
    values = np.ascontiguousarray(displacement, np.float32).reshape(len(dates), -1)
    weight = (float(np.median(size)) / size) ** 2
    found = fit_linear(values, design=np.stack([np.ones_like(time), time], axis=1), weight=weight)
    freedom = np.maximum(found.n_dates - 2, 1)
    square, count = np.zeros(len(dates)), np.zeros(len(dates), np.int64)
    for k, series in enumerate(values):
        residual = series - found.coefficients[0] - found.coefficients[1] * time[k]
        finite = np.isfinite(residual)
        square[k], count[k] = float(np.sum(residual[finite] ** 2)), int(finite.sum())
    deviation = np.sqrt(found.unit_variance[1] * found.square_sum / freedom)
    return NsbasVelocity(
        velocity=found.coefficients[1].astype(np.float32).reshape(shape),
        velocity_std=deviation.astype(np.float32).reshape(shape),
        origin=found.coefficients[0].astype(np.float32).reshape(shape),
        residual_square_sum=square,
        residual_count=count,
    )


def atmosphere_amplitude(
    square_sum: NDArray[np.float64], count: NDArray[np.int64], *, floor: float = 1e-3
) -> NDArray[np.float64]:
    """Return the root mean square of the residuals of each date over the image [m], (date).

    Parameters
    ----------
    square_sum : float64, (date)
        Sums of squared residuals over all blocks [m^2].
    count : int64, (date)
        Residuals behind them.
    floor : float
        Least amplitude [m]: a date that fits by chance does not take all the weight.
    """
    return np.maximum(np.sqrt(square_sum / np.maximum(count, 1)), floor)
