"""Compiled least squares of one series per pixel, with the variance of what it estimates.

Plain numbers in and out; :mod:`fringeworks.timeseries.models.fit` gives them meaning.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.uint8]

CHUNK = 512
"""Pixels one parallel task takes; fixed, so that sums do not depend on the number of threads."""

DONE, TOO_FEW, UNDETERMINED = 0, 1, 2
"""Outcome of a pixel: solved; fewer dates than asked for; straight line only."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _factor(normal: Reals, scale: Reals, lower: Reals, size: int) -> bool:
    """Factor the normal matrix, scaled to unit diagonal, after Cholesky; False where it is singular."""
    for a in range(size):
        if not normal[a, a] > 0.0:
            return False
        scale[a] = 1.0 / np.sqrt(normal[a, a])
        for b in range(a + 1):
            total = normal[a, b] * scale[a] * scale[b]
            for c in range(b):
                total -= lower[a, c] * lower[b, c]
            if a > b:
                lower[a, b] = total / lower[b, b]
            elif total > 1e-14:
                lower[a, a] = np.sqrt(total)
            else:
                return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _invert_scaled(normal: Reals, inverse: Reals, size: int) -> float:
    """Invert a symmetric matrix after scaling it to unit diagonal; return its 1-norm condition or inf."""
    scale, lower, half = np.empty(size), np.zeros((size, size)), np.zeros((size, size))
    if not _factor(normal, scale, lower, size):
        return np.inf
    for b in range(size):
        half[b, b] = 1.0 / lower[b, b]
        for a in range(b + 1, size):
            total = 0.0
            for c in range(b, a):
                total -= lower[a, c] * half[c, b]
            half[a, b] = total / lower[a, a]
    norm, norm_inverse = 0.0, 0.0
    for a in range(size):
        column, column_inverse = 0.0, 0.0
        for b in range(size):
            total = 0.0
            for c in range(max(a, b), size):
                total += half[c, a] * half[c, b]
            column += abs(normal[a, b] * scale[a] * scale[b])
            column_inverse += abs(total)
            inverse[a, b] = total * scale[a] * scale[b]
        norm, norm_inverse = max(norm, column), max(norm_inverse, column_inverse)
    return norm * norm_inverse


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _estimators(
    design: Reals, index: Counts, n_dates: int, size: int, slope: Reals, estimator: Reals
) -> float:
    """Fill the row that gives the slope of a line and the rows that give all coefficients.

    Both have one entry for each valid date.  Returns the condition of the scaled normal matrix.
    """
    middle = 0.0
    for n in range(n_dates):
        middle += design[index[n], 1]
    middle /= n_dates
    spread = 0.0
    for n in range(n_dates):
        spread += (design[index[n], 1] - middle) ** 2
    for n in range(n_dates):
        slope[n] = (design[index[n], 1] - middle) / spread
    normal = np.zeros((size, size))
    inverse = np.zeros((size, size))
    for n in range(n_dates):
        for a in range(size):
            for b in range(a + 1):
                normal[a, b] += design[index[n], a] * design[index[n], b]
    for a in range(size):
        for b in range(a):
            normal[b, a] = normal[a, b]
    condition = _invert_scaled(normal, inverse, size)
    for a in range(size):
        for n in range(n_dates):
            total = 0.0
            for b in range(size):
                total += inverse[a, b] * design[index[n], b]
            estimator[a, n] = total
    return float(condition)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _propagate(
    covariance: Reals | Singles,
    design: Reals,
    index: Counts,
    n_dates: int,
    size: int,
    slope: Reals,
    estimator: Reals,
    product: Reals,
) -> tuple[float, float]:
    """Carry a covariance of the dates to slope, coefficients (into ``product``) and sum of squared residuals.

    Returns the variance of the slope and the trace of M C M, with M the projection on the residuals.
    """
    for a in range(size):
        for b in range(size):
            product[a, b] = 0.0
    line, trace = 0.0, 0.0
    for n in range(n_dates):
        row = index[n]
        trace += covariance[row, row]
        along = 0.0
        for m in range(n_dates):
            along += covariance[row, index[m]] * slope[m]
        line += slope[n] * along
        for a in range(size):
            total = 0.0
            for m in range(n_dates):
                total += covariance[row, index[m]] * estimator[a, m]
            trace -= total * design[row, a]
            for b in range(size):
                product[b, a] += estimator[b, n] * total
    return line, trace


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _amplitude_variance(product: Reals, coefficient: Reals, first: int) -> float:
    """Return the variance of sqrt(a^2 + b^2), to first order, of two neighbouring coefficients."""
    a, b = coefficient[first], coefficient[first + 1]
    square = a * a + b * b
    if square == 0.0:
        return float(0.5 * (product[first, first] + product[first + 1, first + 1]))
    cross = 2.0 * a * b * product[first, first + 1]
    return float((a * a * product[first, first] + cross + b * b * product[first + 1, first + 1]) / square)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _find_valid(values: Singles, pixel: int, index: Counts) -> int:
    """Write the valid dates of a pixel into ``index``; return how many they are."""
    n_dates = 0
    for t in range(values.shape[0]):
        if np.isfinite(values[t, pixel]):
            index[n_dates] = t
            n_dates += 1
    return n_dates


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _prepare(
    design: Reals, noise: Reals, index: Counts, n_dates: int, limit: float, rows: tuple[Reals, Reals, Reals]
) -> tuple[int, float, float]:
    """Fill estimators for the dates in ``index``; fall back to the straight line where the model has no hold.

    Returns the number of columns solved for, the variance of the slope and the trace for unit date noise.
    """
    slope, estimator, noise_product = rows
    size = design.shape[1]
    condition = np.inf
    if n_dates > size:
        condition = _estimators(design, index, n_dates, size, slope, estimator)
    if condition > limit:
        size = 2
        _estimators(design, index, n_dates, size, slope, estimator)
    line, trace = _propagate(noise, design, index, n_dates, size, slope, estimator, noise_product)
    return size, line, trace


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _apply(
    values: Singles,
    pixel: int,
    design: Reals,
    index: Counts,
    n_dates: int,
    size: int,
    rows: tuple[Reals, Reals, Reals],
    residual: Reals,
    coefficient: Reals,
) -> float:
    """Estimate slope and coefficients of one pixel and leave its residuals; return the slope."""
    slope, estimator, _ = rows
    velocity = 0.0
    for n in range(n_dates):
        residual[n] = values[index[n], pixel]
        velocity += slope[n] * residual[n]
    for a in range(size):
        total = 0.0
        for n in range(n_dates):
            total += estimator[a, n] * values[index[n], pixel]
        coefficient[a] = total
    for n in range(n_dates):
        for a in range(size):
            residual[n] -= coefficient[a] * design[index[n], a]
    return velocity


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _finish(
    pixel: int,
    size: int,
    date_variance: float,
    product: Reals,
    noise_product: Reals,
    seasons: Counts,
    out: tuple[Reals, Reals, Reals, Reals],
) -> None:
    """Add both kinds of noise and write the variances of one pixel."""
    _, coefficients, variances, amplitude = out
    for a in range(size):
        for b in range(size):
            product[a, b] += date_variance * noise_product[a, b]
        variances[pixel, a] = product[a, a]
    if size == coefficients.shape[1]:
        for s in range(seasons.shape[0]):
            amplitude[pixel, s] = _amplitude_variance(product, coefficients[pixel], seasons[s])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fit_chunk(
    values: Singles,
    design: Reals,
    noise: Reals,
    covariance: Singles,
    seasons: Counts,
    limits: tuple[int, float],
    first: int,
    last: int,
    out: tuple[Reals, Reals, Reals, Reals],
    counts: tuple[Codes, Counts, Reals, Counts],
) -> None:
    """Fit the pixels ``first`` to ``last``; estimators are kept while the set of dates stays whole."""
    n_all, columns = design.shape
    least_dates, limit = limits
    scalars, coefficients = out[0], out[1]
    outcome, count, date_sum, date_count = counts
    index, residual, whole = np.arange(n_all), np.empty(n_all), np.arange(n_all)
    rows = (np.zeros(n_all), np.zeros((columns, n_all)), np.zeros((columns, columns)))
    product = np.zeros((columns, columns))
    size, line_noise, trace_noise = _prepare(design, noise, whole, n_all, np.inf, rows)
    is_whole = True
    for pixel in range(first, last):
        n_dates = _find_valid(values, pixel, index)
        count[pixel] = n_dates
        if n_dates < least_dates:
            outcome[pixel] = TOO_FEW
            continue
        if n_dates < n_all or not is_whole:
            is_whole = n_dates == n_all
            size, line_noise, trace_noise = _prepare(
                design, noise, index, n_dates, np.inf if is_whole else limit, rows
            )
        outcome[pixel] = DONE if size == columns else UNDETERMINED
        velocity = _apply(values, pixel, design, index, n_dates, size, rows, residual, coefficients[pixel])
        square, line_pair, trace_pair = 0.0, 0.0, 0.0
        for n in range(n_dates):
            square += residual[n] ** 2
            date_sum[index[n]] += residual[n] ** 2
            date_count[index[n]] += 1
        product[:, :] = 0.0
        if covariance.shape[0] > 0:
            line_pair, trace_pair = _propagate(
                covariance[pixel], design, index, n_dates, size, rows[0], rows[1], product
            )
        excess = (square - trace_pair) / trace_noise
        date_variance = excess if not excess < 0.0 else 0.0
        scalars[pixel, 0] = velocity
        scalars[pixel, 1] = line_pair + date_variance * line_noise
        scalars[pixel, 2] = square
        scalars[pixel, 3] = date_variance
        _finish(pixel, size, date_variance, product, rows[2], seasons, out)


@njit(parallel=True, cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fit_pixels(
    values: Singles,
    design: Reals,
    noise: Reals,
    covariance: Singles,
    seasons: Counts,
    limits: tuple[int, float],
) -> tuple[Reals, Reals, Reals, Reals, Codes, Counts, Reals, Counts]:
    """Fit a line and a model to every pixel, with variances.

    Parameters
    ----------
    values : float32, (date, pixel)
        Series; NaN where a date has no value.
    design : float64, (date, column)
        Constant, time, further terms.
    noise : float64, (date, date)
        Correlation of the noise of the dates.
    covariance : float32, (pixel or 0, date, date)
        Covariance of the series from the interferograms' noise; of length 0: none.
    seasons : int64, (season)
        First column of each pair of cosine and sine.
    limits : tuple of int and float
        Fewest dates of a pixel; largest condition of the scaled normal matrix.

    Returns
    -------
    scalars : float64, (pixel, 4)
        Slope, its variance, sum of squared residuals, variance of a date.
    coefficients, variances : float64, (pixel, column)
        Of the model; NaN beyond the line where the pixel's dates cannot hold it.
    amplitude : float64, (pixel, season)
        Variance of the amplitude.
    outcome : uint8, (pixel)
        DONE, TOO_FEW or UNDETERMINED.
    count : int64, (pixel)
        Valid dates.
    date_sum, date_count : float64, int64, (chunk, date)
        Squared residuals.
    """
    n_all, n_pixels = values.shape
    columns = design.shape[1]
    scalars = np.full((n_pixels, 4), np.nan)
    coefficients = np.full((n_pixels, columns), np.nan)
    variances = np.full((n_pixels, columns), np.nan)
    amplitude = np.full((n_pixels, seasons.shape[0]), np.nan)
    outcome, count = np.zeros(n_pixels, np.uint8), np.zeros(n_pixels, np.int64)
    n_chunks = (n_pixels + CHUNK - 1) // CHUNK
    date_sum, date_count = np.zeros((n_chunks, n_all)), np.zeros((n_chunks, n_all), np.int64)
    for chunk in prange(n_chunks):
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, n_pixels)
        out = (scalars, coefficients, variances, amplitude)
        counts = (outcome, count, date_sum[chunk], date_count[chunk])
        _fit_chunk(values, design, noise, covariance, seasons, limits, first, last, out, counts)
    return scalars, coefficients, variances, amplitude, outcome, count, date_sum, date_count
