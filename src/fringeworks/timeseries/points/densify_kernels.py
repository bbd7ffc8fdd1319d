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
def difference_points(
    phase: Singles,
    variance: Singles,
    network_phase: Singles,
    network_variance: Singles,
    near: Counts,
    share: Reals,
    growth: Reals,
    date_level: Reals,
    predicted: Reals,
    difference: Reals,
    weight: Reals,
) -> None:
    """Fill what neighbours together predict, and phase minus it with its weight.

    Arrays of points are (point, date); ``near`` and ``share`` are (point, neighbour), share 0 where there is none.
    """
    noise = np.empty(phase.shape[1])
    for point in range(phase.shape[0]):
        _predict(network_phase, network_variance, near[point], share[point], predicted[point], noise)
        for date in range(phase.shape[1]):
            own = float(variance[point, date])
            known = own > 0.0 and noise[date] > 0.0
            together = own + noise[date] + growth[point] * date_level[date]
            difference[point, date] = float(phase[point, date]) - predicted[point, date] if known else 0.0
            weight[point, date] = 1.0 / together if known else 0.0


@kernel
def unwrap_along(
    phase: Singles,
    weight: Reals,
    predicted: Reals,
    line: Reals,
    sensitivity: Singles,
    n_columns: int,
    results: Reals,
    unwrapped: Singles,
) -> None:
    """Fill the phase that lies nearest to prediction plus model, (point, date); NaN where there is none."""
    for point in range(phase.shape[0]):
        for date in range(phase.shape[1]):
            unwrapped[point, date] = np.nan
            if weight[point, date] > 0.0 and results[point, VELOCITY] == results[point, VELOCITY]:
                model = results[point, CONSTANT] + line[date] * results[point, VELOCITY]
                if n_columns > 1:
                    model += float(sensitivity[point, date]) * results[point, HEIGHT]
                own = float(phase[point, date])
                unwrapped[point, date] = own + TURN * math.floor(
                    (predicted[point, date] + model - own) / TURN + 0.5
                )
