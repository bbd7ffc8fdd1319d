"""Compiled loops of the search for velocity and height error of arcs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int32]

N_PEAKS = 3
"""Largest peaks of the coarse search that are refined."""
N_ASCENTS = 10
TURN = 2.0 * math.pi

# columns of the result of an arc
VELOCITY, HEIGHT, COHERENCE, CONSTANT, CHI_SQUARE, EFFECTIVE, DATES = range(7)
N_RESULTS = 7


@kernel
def solve_small(matrix: Reals, right: Reals, size: int) -> bool:
    """Solve a small symmetric positive definite system in place of ``right``; the matrix becomes its factor.

    Returns False where the matrix is not positive definite to working precision.
    """
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not rest > 1e-12 * (matrix[i, i] + 1e-300):
                    return False
                matrix[i, i] = math.sqrt(rest)
            else:
                matrix[i, j] = rest / matrix[j, j]
    for i in range(size):
        for k in range(i):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= matrix[k, i] * right[k]
        right[i] /= matrix[i, i]
    return True


@kernel
def _power(
    phase: Reals,
    weight: Reals,
    columns: Reals,
    heights: Reals,
    cosines: Singles,
    sines: Singles,
    power: Singles,
    real: Singles,
    imaginary: Singles,
) -> None:
    """Fill the squared length of the weighted sum of phasors, (height, velocity)."""
    for row in range(heights.size):
        real[:] = 0.0
        imaginary[:] = 0.0
        for date in range(phase.size):
            if weight[date] == 0.0:
                continue
            angle = phase[date] - columns[1, date] * heights[row]
            c, s = np.float32(weight[date] * math.cos(angle)), np.float32(weight[date] * math.sin(angle))
            for m in range(real.size):
                real[m] += c * cosines[date, m] + s * sines[date, m]
                imaginary[m] += s * cosines[date, m] - c * sines[date, m]
        for m in range(real.size):
            power[row, m] = real[m] * real[m] + imaginary[m] * imaginary[m]


@kernel
def _find_peaks(power: Singles, liking: Singles, peaks: Counts) -> int:
    """Find the largest local maxima of power x liking; return how many."""
    n_rows, n_cols = power.shape
    values = np.zeros(N_PEAKS)
    n_found = 0
    for row in range(n_rows):
        for col in range(n_cols):
            value = power[row, col] * liking[row, col]
            if n_found == N_PEAKS and value <= values[N_PEAKS - 1]:
                continue
            highest = True
            for i in range(max(row - 1, 0), min(row + 2, n_rows)):
                for j in range(max(col - 1, 0), min(col + 2, n_cols)):
                    if power[i, j] * liking[i, j] > value:
                        highest = False
            if highest:
                place = min(n_found, N_PEAKS - 1)
                while place > 0 and values[place - 1] < value:
                    values[place] = values[place - 1]
                    peaks[place] = peaks[place - 1]
                    place -= 1
                values[place] = value
                peaks[place, 0], peaks[place, 1] = row, col
                n_found = min(n_found + 1, N_PEAKS)
    return n_found


@kernel
def _residuals(
    phase: Reals, weight: Reals, columns: Reals, model: Reals, n_columns: int, residual: Reals
) -> float:
    """Fill residuals about model and their common angle, wrapped; return that angle and, by it, nothing else.

    The coherence is the mean cosine of what is filled.
    """
    real = imaginary = 0.0
    for date in range(phase.size):
        rest = phase[date]
        for p in range(n_columns):
            rest -= columns[p, date] * model[p]
        residual[date] = rest
        real += weight[date] * math.cos(rest)
        imaginary += weight[date] * math.sin(rest)
    constant = math.atan2(imaginary, real)
    for date in range(phase.size):
        rest = residual[date] - constant
        residual[date] = rest - TURN * math.floor(rest / TURN + 0.5)
    return constant


@kernel
def _normal(weight: Reals, columns: Reals, n_columns: int, matrix: Reals, mean: Reals) -> float:
    """Fill the normal matrix of centred columns and their means; return the sum of weights."""
    total = 0.0
    mean[:] = 0.0
    for date in range(weight.size):
        total += weight[date]
        for p in range(n_columns):
            mean[p] += weight[date] * columns[p, date]
    for p in range(n_columns):
        mean[p] /= total
    matrix[:] = 0.0
    for date in range(weight.size):
        for p in range(n_columns):
            for q in range(p + 1):
                matrix[p, q] += weight[date] * (columns[p, date] - mean[p]) * (columns[q, date] - mean[q])
    return total


@kernel
def _step(
    weight: Reals, columns: Reals, n_columns: int, residual: Reals, matrix: Reals, mean: Reals, change: Reals
) -> bool:
    """Fill the least-squares change of the model for these residuals."""
    _normal(weight, columns, n_columns, matrix, mean)
    change[:] = 0.0
    for date in range(weight.size):
        for p in range(n_columns):
            change[p] += weight[date] * (columns[p, date] - mean[p]) * residual[date]
    return solve_small(matrix, change, n_columns)


@kernel
def ascend(
    phase: Reals, weight: Reals, columns: Reals, n_columns: int, model: Reals, residual: Reals, scratch: Reals
) -> float:
    """Climb to the local maximum of the temporal coherence, then fit the wrapped residuals; return the coherence.

    ``scratch`` is (6, parameter).  The coherence returned is that at its maximum.
    """
    n_dates = phase.size
    matrix, mean, change = scratch[:4], scratch[4], scratch[5]
    total = weight.sum()
    coherence = 0.0
    for _ in range(N_ASCENTS):
        _residuals(phase, weight, columns, model, n_columns, residual)
        reached = 0.0
        for date in range(n_dates):
            reached += weight[date] * math.cos(residual[date])
        reached /= total
        grown = reached - coherence
        coherence = max(coherence, reached)
        if grown < 1e-7:
            break
        for date in range(n_dates):
            residual[date] = math.sin(residual[date]) / max(reached, 0.3)
        if not _step(weight, columns, n_columns, residual, matrix, mean, change):
            break
        for p in range(n_columns):
            model[p] += change[p]
    return coherence


@kernel
def _conclude(
    phase: Reals, weight: Reals, columns: Reals, n_columns: int, model: Reals, residual: Reals, scratch: Reals
) -> tuple[float, float]:
    """Fit the wrapped residuals once by least squares; return the constant and the weighted sum of squares."""
    matrix, mean, change = scratch[:4], scratch[4], scratch[5]
    constant = _residuals(phase, weight, columns, model, n_columns, residual)
    if _step(weight, columns, n_columns, residual, matrix, mean, change):
        for p in range(n_columns):
            model[p] += change[p]
        constant = _residuals(phase, weight, columns, model, n_columns, residual)
    total = mean_residual = squares = 0.0
    for date in range(phase.size):
        total += weight[date]
        mean_residual += weight[date] * residual[date]
    mean_residual /= total
    for date in range(phase.size):
        squares += weight[date] * (residual[date] - mean_residual) ** 2
    return constant + mean_residual, squares


@kernel
def search_one(
    phase: Reals,
    weight: Reals,
    columns: Reals,
    n_columns: int,
    velocities: Reals,
    heights: Reals,
    cosines: Singles,
    sines: Singles,
    liking: Singles,
    power: Singles,
    result: Reals,
    covariance: Reals,
) -> None:
    """Find the model of one series of wrapped phases: coarse search, then ascent from the largest peaks.

    ``columns`` is (parameter, date): velocity, height error, then any others that start from zero.  ``weight`` is 0 where
    a date is missing.  ``covariance`` is (parameter, parameter), from the weights taken as one over variance.
    """
    result[:] = np.nan
    covariance[:] = np.nan
    total = weight.sum()
    n_used = (weight > 0.0).sum()
    result[DATES] = n_used
    if n_used <= 1:
        return
    result[EFFECTIVE] = total * total / (weight * weight).sum()
    real, imaginary = np.empty(velocities.size, np.float32), np.empty(velocities.size, np.float32)
    _power(phase, weight / total, columns, heights, cosines, sines, power, real, imaginary)
    peaks = np.empty((N_PEAKS, 2), np.int32)
    n_found = _find_peaks(power, liking, peaks)
    residual, scratch = np.empty(phase.size), np.empty((6, 4))
    model, best = np.zeros(4), np.zeros(4)
    highest = -1.0
    for peak in range(n_found):
        model[:] = 0.0
        model[0], model[1] = velocities[peaks[peak, 1]], heights[peaks[peak, 0]]
        coherence = ascend(phase, weight, columns, n_columns, model, residual, scratch)
        if abs(model[0]) > 1.001 * velocities[-1] or abs(model[1]) > 1.001 * heights[-1] + 1e-9:
            # The peak lies outside of what is looked for; the border counts, as the false alarm rate has it.
            model[:] = 0.0
            model[0], model[1] = velocities[peaks[peak, 1]], heights[peaks[peak, 0]]
            coherence = math.sqrt(power[peaks[peak, 0], peaks[peak, 1]])
        liked = coherence * liking[peaks[peak, 0], peaks[peak, 1]]
        if liked > highest:
            highest, result[COHERENCE] = liked, coherence
            best[:] = model
    constant, squares = _conclude(phase, weight, columns, n_columns, best, residual, scratch)
    result[VELOCITY], result[HEIGHT] = best[0], best[1]
    result[CONSTANT], result[CHI_SQUARE] = constant, squares
    invert_normal(weight, columns, n_columns, scratch, covariance)


@kernel
def invert_normal(weight: Reals, columns: Reals, n_columns: int, scratch: Reals, covariance: Reals) -> None:
    """Fill the inverse of the normal matrix of centred columns; NaN where there is none."""
    unit = np.empty(4)
    for p in range(n_columns):
        _normal(weight, columns, n_columns, scratch[:4], scratch[4])
        unit[:] = 0.0
        unit[p] = 1.0
        if not solve_small(scratch[:4], unit, n_columns):
            covariance[:] = np.nan
            return
        for q in range(n_columns):
            covariance[p, q] = unit[q]


@kernel
def difference_arcs(
    phase: Singles,
    variance: Singles,
    sensitivity: Singles,
    ends: Counts,
    growth: Reals,
    date_level: Reals,
    difference: Reals,
    weight: Reals,
    between: Reals,
) -> None:
    """Fill phase difference, weight and mean sensitivity of arcs, (arc, date), from those of points, (point, date).

    The variance of an arc at a date is that of its ends plus ``growth`` of the arc times ``date_level`` of the date.
    """
    for arc in range(ends.shape[0]):
        i, j = ends[arc, 0], ends[arc, 1]
        for date in range(phase.shape[1]):
            together = float(variance[i, date]) + float(variance[j, date]) + growth[arc] * date_level[date]
            known = together > 0.0
            difference[arc, date] = float(phase[j, date]) - float(phase[i, date]) if known else 0.0
            weight[arc, date] = 1.0 / together if known else 0.0
            between[arc, date] = 0.5 * (float(sensitivity[i, date]) + float(sensitivity[j, date]))


@kernel
def search_series(
    difference: Reals,
    weight: Reals,
    sensitivity: Reals,
    shared: Reals,
    n_columns: int,
    velocities: Reals,
    heights: Reals,
    cosines: Singles,
    sines: Singles,
    liking: Singles,
    results: Reals,
    covariances: Reals,
) -> None:
    """Search the model of every series, (series, date)."""
    power = np.empty(liking.shape, np.float32)
    columns = shared.copy()
    for k in range(difference.shape[0]):
        columns[1] = sensitivity[k]
        search_one(
            difference[k],
            weight[k],
            columns,
            n_columns,
            velocities,
            heights,
            cosines,
            sines,
            liking,
            power,
            results[k],
            covariances[k],
        )


@kernel
def refine_series(
    difference: Reals,
    weight: Reals,
    sensitivity: Reals,
    shared: Reals,
    n_columns: int,
    start: Reals,
    limits: Reals,
    results: Reals,
    covariances: Reals,
) -> None:
    """Climb from a given velocity and height error of every series, (series, 2), instead of searching.

    A model that ends outside of the limits has coherence 0: the test of coherence counts trials within them.
    """
    columns = shared.copy()
    residual, scratch, model = np.empty(shared.shape[1]), np.empty((6, 4)), np.zeros(4)
    for k in range(difference.shape[0]):
        columns[1] = sensitivity[k]
        result, total = results[k], weight[k].sum()
        result[DATES] = (weight[k] > 0.0).sum()
        result[EFFECTIVE] = total * total / (weight[k] * weight[k]).sum()
        model[:] = 0.0
        model[:2] = start[k]
        result[COHERENCE] = ascend(difference[k], weight[k], columns, n_columns, model, residual, scratch)
        if abs(model[0]) > 1.001 * limits[0] or abs(model[1]) > 1.001 * limits[1] + 1e-9:
            result[COHERENCE] = 0.0
        constant, squares = _conclude(difference[k], weight[k], columns, n_columns, model, residual, scratch)
        result[VELOCITY], result[HEIGHT] = model[0], model[1]
        result[CONSTANT], result[CHI_SQUARE] = constant, squares
        invert_normal(weight[k], columns, n_columns, scratch, covariances[k])
