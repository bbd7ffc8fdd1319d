"""Attributes of a series by the definitions of the European Ground Motion Service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.timeseries.models.linear import LinearFit, fit_linear

EGMS_DAYS_PER_YEAR: Final = 365.0
"""The service's year [days]; velocities here are per this year, not per the house's 365.25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EgmsAttributes:
    """Attributes of each pixel, float32 (y, x); NaN where a pixel has too few dates for the model.

    Attributes
    ----------
    mean_velocity, mean_velocity_std : float32, (y, x)
        From line and annual sine [m per 365 days], positive toward the satellite.
    acceleration, acceleration_std : float32, (y, x)
        Coefficient of t^2/2 beside line and annual sine [m per (365 days)^2].
    seasonality, seasonality_std : float32, (y, x)
        Amplitude of the annual sine beside a cubic [m].
    rmse : float32, (y, x)
        Of the series about cubic and annual sine [m].
    temporal_coherence : float32, (y, x)
        |mean of exp(i 4 pi / wavelength residual)| about the same model.
    shift : float32, (y, x)
        The model's value at the first epoch [m]: what the service takes off the series.
    """

    mean_velocity: FloatImage
    mean_velocity_std: FloatImage
    acceleration: FloatImage
    acceleration_std: FloatImage
    seasonality: FloatImage
    seasonality_std: FloatImage
    rmse: FloatImage
    temporal_coherence: FloatImage
    shift: FloatImage


def fit_egms(displacement: FloatStack, *, dates: tuple[date, ...], wavelength: float) -> EgmsAttributes:
    """Compute the attributes of a point or pixel as the European Ground Motion Service defines them.

    Parameters
    ----------
    displacement : float32, (date, y, x)
        Metres, positive toward the satellite; NaN where a date has no value.
    dates : tuple of date
        Dates of the series, in order.
    wavelength : float
        Radar wavelength [m], for the temporal coherence.

    Returns
    -------
    EgmsAttributes
        ``displacement - shift`` is the service's series.

    Raises
    ------
    ShapeMismatchError
        Series and dates do not fit.
    OutOfRangeError
        The wavelength is not positive.

    Notes
    -----
    Product Description and ATBD of the service, in their symbols: t = days / 365 since the first epoch;
    ``d = c0 + c1 t + c2 t^2 + c3 t^3 + a cos 2 pi t + b sin 2 pi t`` gives rmse, seasonality
    ``sqrt(a^2 + b^2)`` and its deviation ``sqrt((4 - pi)/2 (C55 + C66)/2) rmse`` with ``C = (G'G)^-1``;
    line and annual sine give the velocity, deviation ``sqrt(C_11)`` times the standard deviation of the residuals;
    the acceleration likewise.  Both deviations divide by the number of dates, as the documents' "std" and
    "root mean square" do; they are not corrected for the number of coefficients, nor for correlation in time:
    the house's own ``velocity_std`` is.
    """
    if displacement.ndim != 3 or displacement.shape[0] != len(dates):
        raise ShapeMismatchError(
            f"series of shape {displacement.shape}", expected=f"({len(dates)} dates, y, x)"
        )
    if not wavelength > 0.0:
        raise OutOfRangeError(f"wavelength {wavelength}", expected="a positive length in metres")
    time = egms_years(dates)
    one, cosine, sine = np.ones_like(time), np.cos(2 * np.pi * time), np.sin(2 * np.pi * time)
    shape = displacement.shape[1:]
    values = np.ascontiguousarray(displacement, np.float32).reshape(len(dates), -1)
    cubic = np.stack([one, time, time**2, time**3, cosine, sine], axis=1)
    full = fit_linear(values, design=cubic, weight=one)
    line = fit_linear(values, design=np.stack([one, time, cosine, sine], axis=1), weight=one)
    bent = fit_linear(values, design=np.stack([0.5 * time**2, time, one, cosine, sine], axis=1), weight=one)
    rmse = _deviation(full)
    spread = (full.unit_variance[4] + full.unit_variance[5]) / 2.0
    images = {
        "mean_velocity": line.coefficients[1],
        "mean_velocity_std": np.sqrt(line.unit_variance[1]) * _deviation(line),
        "acceleration": bent.coefficients[0],
        "acceleration_std": np.sqrt(bent.unit_variance[0]) * _deviation(bent),
        "seasonality": np.hypot(full.coefficients[4], full.coefficients[5]),
        "seasonality_std": np.sqrt((4.0 - np.pi) / 2.0 * spread) * rmse,
        "rmse": rmse,
        "temporal_coherence": _coherence(values, cubic, full, wavelength),
        "shift": cubic[0] @ full.coefficients,
    }
    return EgmsAttributes(**{name: np.asarray(v, np.float32).reshape(shape) for name, v in images.items()})


def egms_years(dates: tuple[date, ...]) -> NDArray[np.float64]:
    """Return the service's time, days since the first epoch over 365, (date)."""
    return np.array([(d - dates[0]).days for d in dates], float) / EGMS_DAYS_PER_YEAR


def _deviation(fit: LinearFit) -> NDArray[np.float64]:
    return np.sqrt(fit.square_sum / np.maximum(fit.n_dates, 1))


def _coherence(
    values: NDArray[np.float32], design: NDArray[np.float64], fit: LinearFit, wavelength: float
) -> NDArray[np.float64]:
    total = np.zeros(values.shape[1], complex)
    for series, row in zip(values, design, strict=True):
        residual = series - row @ fit.coefficients
        rotation = np.exp(1j * (4.0 * np.pi / wavelength) * residual)
        total += np.where(np.isfinite(residual), rotation, 0.0)
    known = np.isfinite(fit.square_sum)
    return np.where(known, np.minimum(np.abs(total) / np.maximum(fit.n_dates, 1), 1.0), np.nan)
