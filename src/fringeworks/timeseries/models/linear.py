"""Plain least squares of many series against one design, with gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from fringeworks.timeseries.models.kernels import CHUNK, _invert_scaled

Reals: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Coefficients of one design for many pixels.

    Attributes
    ----------
    coefficients : float64, (column, pixel)
        NaN where a pixel has no more dates than columns, or they do not determine them.
    unit_variance : float64, (column, pixel)
        Diagonal of the inverse of the (weighted) normal matrix.
    square_sum : float64, (pixel)
        Weighted sum of squared residuals.
    weight_sum : float64, (pixel)
        Sum of the weights of the valid dates.
    n_dates : int64, (pixel)
        Valid dates.
    """

    coefficients: Reals
    unit_variance: Reals
    square_sum: Reals
    weight_sum: Reals
    n_dates: Counts


def fit_linear(values: Singles, *, design: Reals, weight: Reals) -> LinearFit:
    """Fit one design to every pixel by weighted least squares.

    Parameters
    ----------
    values : float32, (date, pixel)
        Series; NaN where a date has no value.
    design : float64, (date, column)
        Design matrix.
    weight : float64, (date)
        Weight of each date.
    """
    return LinearFit(*_solve(np.ascontiguousarray(values, np.float32), design, weight))


@njit(parallel=True, cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _solve(values: Singles, design: Reals, weight: Reals) -> tuple[Reals, Reals, Reals, Reals, Counts]:
    n_all, n_pixels = values.shape
    size = design.shape[1]
    coefficients = np.full((size, n_pixels), np.nan)
    unit_variance = np.full((size, n_pixels), np.nan)
    square_sum, weight_sum = np.full(n_pixels, np.nan), np.zeros(n_pixels)
    n_dates = np.zeros(n_pixels, np.int64)
    for chunk in prange((n_pixels + CHUNK - 1) // CHUNK):
        normal, inverse, right = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
        known = -1
        condition = np.inf
        for pixel in range(chunk * CHUNK, min((chunk + 1) * CHUNK, n_pixels)):
            count = 0
            for t in range(n_all):
                if np.isfinite(values[t, pixel]):
                    count += 1
            n_dates[pixel] = count
            if count <= size:
                continue
            if count < n_all or known < n_all:
                _sum_normal(values, pixel, design, weight, normal)
                condition = _invert_scaled(normal, inverse, size)
                known = count
            if not np.isfinite(condition):
                continue
            _sum_right(values, pixel, design, weight, right)
            for a in range(size):
                coefficients[a, pixel] = np.dot(inverse[a], right)
                unit_variance[a, pixel] = inverse[a, a]
            square_sum[pixel], weight_sum[pixel] = _sum_squares(
                values, pixel, design, weight, coefficients[:, pixel]
            )
    return coefficients, unit_variance, square_sum, weight_sum, n_dates


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_normal(values: Singles, pixel: int, design: Reals, weight: Reals, normal: Reals) -> None:
    normal[:, :] = 0.0
    for t in range(design.shape[0]):
        if np.isfinite(values[t, pixel]):
            for a in range(design.shape[1]):
                for b in range(design.shape[1]):
                    normal[a, b] += weight[t] * design[t, a] * design[t, b]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_right(values: Singles, pixel: int, design: Reals, weight: Reals, right: Reals) -> None:
    right[:] = 0.0
    for t in range(design.shape[0]):
        if np.isfinite(values[t, pixel]):
            for a in range(design.shape[1]):
                right[a] += weight[t] * design[t, a] * values[t, pixel]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_squares(
    values: Singles, pixel: int, design: Reals, weight: Reals, coefficient: Reals
) -> tuple[float, float]:
    square, total = 0.0, 0.0
    for t in range(design.shape[0]):
        if np.isfinite(values[t, pixel]):
            residual = np.float64(values[t, pixel])
            for a in range(design.shape[1]):
                residual -= coefficient[a] * design[t, a]
            square += weight[t] * residual * residual
            total += weight[t]
    return square, total
