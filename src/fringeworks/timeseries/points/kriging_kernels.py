"""Kriging systems, place by place: one covariance of the nearest points, one factor for each ratio and set of them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.points.variogram_covariance import model_semivariance

Doubles: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.float32]
Longs: TypeAlias = NDArray[np.int64]

Law: TypeAlias = tuple[int, float, float, float]
"""Number of the model, its length, its exponent, and the covariance of sill 1 at distance 0."""


@kernel
def covariance_at(distance: float, law: Law) -> float:
    """Return the covariance of sill 1 at a distance."""
    return law[3] - model_semivariance(distance, law[0], 1.0, law[1], law[2], 0.0)


@kernel
def fill_covariance(
    places: Doubles, near: Longs, at: Doubles, law: Law, between: Doubles, toward: Doubles
) -> None:
    """Fill the covariances between candidate points, (candidate, candidate), and toward a place, (candidate,)."""
    for i in range(len(near)):
        toward[i] = covariance_at(np.hypot(places[near[i], 0] - at[0], places[near[i], 1] - at[1]), law)
        for j in range(i + 1):
            apart = np.hypot(places[near[i], 0] - places[near[j], 0], places[near[i], 1] - places[near[j], 1])
            between[i, j] = between[j, i] = covariance_at(apart, law)


@kernel
def factorise(matrix: Doubles, size: int) -> None:
    """Turn the lower triangle of a positive definite matrix into its Cholesky factor, in place."""
    for j in range(size):
        for k in range(j):
            factor = matrix[j, k]
            for i in range(j, size):
                matrix[i, j] -= factor * matrix[i, k]
        root = np.sqrt(max(matrix[j, j], 1e-14))
        for i in range(j, size):
            matrix[i, j] /= root


@kernel
def solve_factor(matrix: Doubles, size: int, right: Doubles) -> None:
    """Solve with a Cholesky factor, in place."""
    for i in range(size):
        value = right[i]
        for k in range(i):
            value -= matrix[i, k] * right[k]
        right[i] = value / matrix[i, i]
    for i in range(size - 1, -1, -1):
        value = right[i]
        for k in range(i + 1, size):
            value -= matrix[k, i] * right[k]
        right[i] = value / matrix[i, i]


@kernel
def weigh(
    between: Doubles,
    toward: Doubles,
    noise: Doubles,
    chosen: Longs,
    size: int,
    ratio: float,
    known_mean: int,
    zero: float,
    matrix: Doubles,
    ones: Doubles,
    weights: Doubles,
) -> tuple[float, float]:
    """Fill the weights of the chosen candidates; return both parts of the variance: of the field, of the noise."""
    for i in range(size):
        for j in range(i + 1):
            matrix[i, j] = between[chosen[i], chosen[j]]
        matrix[i, i] += ratio * noise[chosen[i]] + 1e-10 * zero
        weights[i] = toward[chosen[i]]
        ones[i] = 1.0
    factorise(matrix, size)
    solve_factor(matrix, size, weights)
    if not known_mean:
        solve_factor(matrix, size, ones)
        total, sum_ones = 0.0, 0.0
        for i in range(size):
            total += weights[i]
            sum_ones += ones[i]
        for i in range(size):
            weights[i] += (1.0 - total) / sum_ones * ones[i]
    field, own = zero, 0.0
    for i in range(size):
        row = 0.0
        for j in range(size):
            row += between[chosen[i], chosen[j]] * weights[j]
        field += weights[i] * (row - 2.0 * toward[chosen[i]])
        own += weights[i] * weights[i] * noise[chosen[i]]
    return max(field, 0.0), own


@kernel
def choose(valid: NDArray[np.bool_], near: Longs, most: int, chosen: Longs) -> tuple[int, int]:
    """Put the first candidates with a value into the list; return how many, and in how many places it changed."""
    size, changed = 0, 0
    for i in range(len(near)):
        if size == most:
            break
        if valid[near[i]]:
            changed += chosen[size] != i
            chosen[size] = i
            size += 1
    return size, changed


@kernel
def krige_places(
    places: Doubles,
    noise: Doubles,
    values: Doubles,
    valid: NDArray[np.bool_],
    wanted: Doubles,
    index: Longs,
    most: int,
    law: Law,
    dates: Longs,
    ratios: Doubles,
    known_mean: int,
    mean: float,
    sill: Doubles,
    nugget: Doubles,
    first: int,
    last: int,
    out: Reals,
) -> None:
    """Fill predictions and errors, (2, date, place), of a range of places.

    ``dates`` are in order of their ``ratios``, so that dates of one ratio and one set of points share a factor.
    """
    n_near = index.shape[1]
    between, matrix = np.zeros((n_near, n_near)), np.zeros((n_near, n_near))
    toward, ones, weights, local = np.zeros(n_near), np.zeros(n_near), np.zeros(n_near), np.zeros(n_near)
    chosen = np.full(n_near, -1, np.int64)
    for place in range(first, last):
        near = index[place]
        fill_covariance(places, near, wanted[place], law, between, toward)
        for i in range(n_near):
            local[i] = noise[near[i]]
        last_ratio, last_size = -1.0, -1
        field, own = 0.0, 0.0
        for date in dates:
            size, changed = choose(valid[date], near, most, chosen)
            if size == 0:
                continue
            if changed or size != last_size or ratios[date] != last_ratio:
                field, own = weigh(
                    between,
                    toward,
                    local,
                    chosen,
                    size,
                    ratios[date],
                    known_mean,
                    law[3],
                    matrix,
                    ones,
                    weights,
                )
                last_ratio, last_size = ratios[date], size
            value = mean
            for i in range(size):
                value += weights[i] * (values[date, near[chosen[i]]] - mean)
            out[0, date, place] = value
            out[1, date, place] = np.sqrt(sill[date] * field + nugget[date] * own)
