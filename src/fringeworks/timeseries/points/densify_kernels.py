"""Compiled loops that attach further points to a network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.points.periodogram_kernels import (
    CONSTANT,
    HEIGHT,
    TURN,
    VELOCITY,
    search_one,
)

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int64]


@kernel
def _predict(
    network_phase: Singles,
    network_variance: Singles,
    near: Counts,
    share: Reals,
    predicted: Reals,
    noise: Reals,
) -> None:
    """Fill the weighted mean of neighbours' unwrapped phases and its variance; a variance of 0 where there is none."""
    for date in range(predicted.size):
        total = value = variance = 0.0
        for k in range(near.size):
            if share[k] == 0.0:
                continue
            phase, own = float(network_phase[near[k], date]), float(network_variance[near[k], date])
            if own > 0.0 and phase - phase == 0.0:
                total += share[k]
                value += share[k] * phase
                variance += share[k] * share[k] * own
        predicted[date] = value / total if total > 0.0 else 0.0
        noise[date] = variance / (total * total) if total > 0.0 else 0.0


@kernel
def attach_points(
    phase: Singles,
    variance: Singles,
    sensitivity: Singles,
    network_phase: Singles,
    network_variance: Singles,
    near: Counts,
    share: Reals,
    growth: Reals,
    date_level: Reals,
    shared: Reals,
    n_columns: int,
    velocities: Reals,
    heights: Reals,
    cosines: Singles,
    sines: Singles,
    liking: Singles,
    results: Reals,
    covariances: Reals,
    unwrapped: Singles,
) -> None:
    """Search the model of each point against its neighbours together, and unwrap it along the model.

    Arrays of points are (point, date); ``near`` and ``share`` are (point, neighbour), share 0 where there is none.
    """
    n_points, n_dates = phase.shape
    power = np.empty(liking.shape, np.float32)
    difference, weight = np.empty(n_dates), np.empty(n_dates)
    predicted, noise = np.empty(n_dates), np.empty(n_dates)
    columns = shared.copy()
    for point in range(n_points):
        _predict(network_phase, network_variance, near[point], share[point], predicted, noise)
        for date in range(n_dates):
            own = float(variance[point, date])
            columns[1, date] = sensitivity[point, date]
            difference[date] = 0.0
            weight[date] = 0.0
            if own > 0.0 and noise[date] > 0.0:
                difference[date] = float(phase[point, date]) - predicted[date]
                weight[date] = 1.0 / (own + noise[date] + growth[point] * date_level[date])
        search_one(
            difference,
            weight,
            columns,
            n_columns,
            velocities,
            heights,
            cosines,
            sines,
            liking,
            power,
            results[point],
            covariances[point],
        )
        for date in range(n_dates):
            unwrapped[point, date] = np.nan
            if weight[date] > 0.0 and results[point, VELOCITY] == results[point, VELOCITY]:
                model = results[point, CONSTANT] + columns[0, date] * results[point, VELOCITY]
                if n_columns > 1:
                    model += columns[1, date] * results[point, HEIGHT]
                turns = math.floor((predicted[date] + model - float(phase[point, date])) / TURN + 0.5)
                unwrapped[point, date] = float(phase[point, date]) + TURN * turns
