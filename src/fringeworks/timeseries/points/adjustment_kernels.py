"""Compiled loops of the weighted fit of unwrapped series."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.points.periodogram_kernels import solve_small

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int64]

MOST = 5


@kernel
def fit_points(
    phase: Singles,
    variance: Singles,
    date_variance: Reals,
    sensitivity: Singles,
    shared: Reals,
    n_columns: int,
    model: Reals,
    covariance: Reals,
    chi_square: Reals,
    count: Counts,
    residual: Singles,
) -> None:
    """Fit constant, velocity, height error and others to unwrapped phases by weighted least squares.

    Arrays of points are (point, date); ``shared`` is (parameter, date), ``model`` (point, 1 + parameter) with the constant
    first, ``covariance`` (point, parameter, parameter) without it.
    """
    n_points, n_dates = phase.shape
    size = n_columns + 1
    row, matrix, factor = np.ones(MOST), np.empty((MOST, MOST)), np.empty((MOST, MOST))
    right, unit = np.empty(MOST), np.empty(MOST)
    for point in range(n_points):
        matrix[:] = 0.0
        right[:] = 0.0
        n_used = 0
        for date in range(n_dates):
            together = float(variance[point, date]) + date_variance[date]
            value = float(phase[point, date])
            if not (together > 0.0 and value - value == 0.0):
                continue
            n_used += 1
            _fill_row(row, shared, sensitivity[point, date], date, n_columns)
            for p in range(size):
                right[p] += row[p] * value / together
                for q in range(p + 1):
                    matrix[p, q] += row[p] * row[q] / together
        count[point] = n_used
        factor[:] = matrix
        if not solve_small(factor, right, size):
            model[point] = np.nan
            covariance[point] = np.nan
            residual[point] = np.nan
            chi_square[point] = np.nan
            continue
        for p in range(size):
            model[point, p] = right[p]
        _invert(matrix, factor, unit, size, covariance[point])
        chi_square[point] = _fill_residual(
            phase[point],
            variance[point],
            date_variance,
            sensitivity[point],
            shared,
            n_columns,
            right,
            row,
            residual[point],
        )


@kernel
def _fill_row(row: Reals, shared: Reals, sensitivity: float, date: int, n_columns: int) -> None:
    """Fill the row of the design of one date: 1, velocity, height error, and others."""
    row[0] = 1.0
    for p in range(n_columns):
        row[p + 1] = sensitivity if p == 1 else shared[p, date]


@kernel
def _invert(matrix: Reals, factor: Reals, unit: Reals, size: int, covariance: Reals) -> None:
    """Fill the covariance of the parameters, without that of the constant."""
    for p in range(1, size):
        factor[:] = matrix
        unit[:] = 0.0
        unit[p] = 1.0
        solve_small(factor, unit, size)
        for q in range(1, size):
            covariance[p - 1, q - 1] = unit[q]


@kernel
def _fill_residual(
    phase: Singles,
    variance: Singles,
    date_variance: Reals,
    sensitivity: Singles,
    shared: Reals,
    n_columns: int,
    model: Reals,
    row: Reals,
    residual: Singles,
) -> float:
    """Fill phase minus model, NaN where there is none; return the sum of squares over variance."""
    squares = 0.0
    for date in range(phase.size):
        together = float(variance[date]) + date_variance[date]
        rest = float(phase[date])
        if not (together > 0.0 and rest - rest == 0.0):
            residual[date] = np.nan
            continue
        _fill_row(row, shared, sensitivity[date], date, n_columns)
        for p in range(n_columns + 1):
            rest -= row[p] * model[p]
        residual[date] = rest
        squares += rest * rest / together
    return squares


@kernel
def mean_phasor(residual: Singles, coherence: Singles) -> None:
    """Fill the length of the mean phasor of each row, |sum exp(j residual)| / count; NaN for rows without values."""
    for point in range(residual.shape[0]):
        real = imaginary = 0.0
        n = 0
        for date in range(residual.shape[1]):
            rest = float(residual[point, date])
            if rest - rest == 0.0:
                real += math.cos(rest)
                imaginary += math.sin(rest)
                n += 1
        coherence[point] = math.hypot(real, imaginary) / n if n else np.nan
