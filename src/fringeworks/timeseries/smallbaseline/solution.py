"""The compiled loop of the inversion: tile by tile, from phase and weight to all results."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel, parallel_kernel
from fringeworks.numerics.elimination import Elimination
from fringeworks.numerics.leastsquares import LANES, invert_pattern
from fringeworks.numerics.phase import cosine_sine
from fringeworks.timeseries.smallbaseline.adjustment import (
    Tile,
    adjust,
    count_rank,
    count_used,
    find_residuals,
    load,
    minimise_absolute,
    new_tile,
)
from fringeworks.timeseries.smallbaseline.gaps import build_constraint, constraint_scatter, label_subsets
from fringeworks.timeseries.smallbaseline.lanes import (
    close_dates,
    dates_of_lane,
    first_reached,
    lane_variance,
)
from fringeworks.timeseries.smallbaseline.rejection import Outcome, Rule, reject_outliers, trimmed_variance

FULL_FREEDOM = 10
"""Degrees of freedom from which the residuals alone say how large the noise is."""
SMALLEST_FACTOR = 1e-8
"""A pixel of identical zeros keeps a positive variance: one ten-thousandth of the expected sigma."""
L1_ITERATIONS = 60
L1_SETTLED = 1e-3

Single = NDArray[np.float32]
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


class Problem(NamedTuple):
    """What does not change from pixel to pixel.

    Attributes
    ----------
    edges : int64, (pair, 2)
        Dates of each pair.
    years : float64, (date)
        Time of each date.
    sensitivity : float32, (date, pixel) or (0, 0)
        Phase of one metre of height error [rad/m].
    absolute, bridge : bool
        Minimise absolute residuals; bridge gaps.
    minimum_per_date, minimum_interferograms : int
        Below these there is no value.
    """

    edges: Labels
    years: Array
    sensitivity: Single
    absolute: bool
    bridge: bool
    minimum_per_date: int
    minimum_interferograms: int


class Results(NamedTuple):
    """Arrays that the loop fills: radians, (date, pixel) or (pixel); sums by tile, (tile, pair or date)."""

    dates: Single
    dates_std: Single
    weight: Single
    variance_factor: Single
    height: Single
    height_std: Single
    bridge_scatter: Single
    rms: Single
    temporal_coherence: Single
    n_used: NDArray[np.int16]
    n_dates: NDArray[np.int16]
    n_subsets: NDArray[np.int16]
    unsettled: NDArray[np.bool_]
    pair_square: Array
    pair_count: Labels
    pair_rejected: Labels


@parallel_kernel
def solve_block(
    phase: Single, problem: Problem, rule: Rule, graph: Elimination, results: Results, n_chunks: int
) -> None:
    """Solve all pixels of ``phase`` (pair, pixel), with the weights that ``results.weight`` came with."""
    n_tiles = (phase.shape[1] + LANES - 1) // LANES
    for chunk in numba.prange(n_chunks):
        tile = new_tile(phase.shape[0], graph)
        for t in range(chunk * n_tiles // n_chunks, (chunk + 1) * n_tiles // n_chunks):
            _solve_tile(t, tile, phase, problem, rule, graph, results)


@kernel
def _solve_tile(
    t: int, tile: Tile, phase: Single, problem: Problem, rule: Rule, graph: Elimination, results: Results
) -> None:
    start = t * LANES
    count = min(LANES, phase.shape[1] - start)
    load(tile, phase, results.weight, start, count)
    if problem.absolute:
        change = minimise_absolute(tile, graph, L1_ITERATIONS)
        find_residuals(tile, graph)
        outcome = Outcome(np.zeros(LANES, np.bool_), change > L1_SETTLED, np.zeros(LANES))
    else:
        adjust(tile, graph)
        find_residuals(tile, graph)
        outcome = reject_outliers(tile, graph, problem.edges, rule)
    invert_pattern(tile.lower, tile.inverse_pivot, graph, tile.variance, tile.covariance)
    _write_quality(t, tile, count, results)
    for k in range(count):
        results.unsettled[start + k] = outcome.unsettled[k]
        factor = _variance_factor(tile, k, problem.absolute, rule, outcome)
        results.variance_factor[start + k] = factor
        _write_dates(tile, k, start + k, problem, graph, results, factor)


@kernel
def _write_quality(t: int, tile: Tile, count: int, results: Results) -> None:
    """Write rms, temporal coherence, counts and residual sums of a tile."""
    start = t * LANES
    square, real, imaginary, n = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    cosine, sine = np.empty(LANES), np.empty(LANES)
    for p in range(tile.phase.shape[0]):
        r, w = tile.residual[p], tile.weight[p]
        cosine_sine(r, cosine, sine)
        for k in range(LANES):
            use = 1.0 if w[k] > 0 else 0.0
            n[k] += use
            square[k] += use * r[k] * r[k]
            real[k] += use * cosine[k]
            imaginary[k] += use * sine[k]
        for k in range(count):
            if w[k] > 0:
                results.pair_square[t, p] += r[k] * r[k]
                results.pair_count[t, p] += 1
            elif tile.prior[p, k] > 0:
                results.pair_rejected[t, p] += 1
                results.weight[p, start + k] = 0.0
            else:
                results.weight[p, start + k] = 0.0
    for k in range(count):
        results.n_used[start + k] = n[k]
        results.rms[start + k] = math.sqrt(square[k] / n[k]) if n[k] > 0 else np.nan
        length = math.hypot(real[k], imaginary[k])
        results.temporal_coherence[start + k] = min(length / n[k], 1.0) if n[k] > 0 else np.nan


@kernel
def _variance_factor(tile: Tile, lane: int, absolute: bool, rule: Rule, outcome: Outcome) -> float:  # noqa: FBT001 - compiled
    """Estimate the variance of unit weight; drawn towards 1 where few degrees of freedom tell it."""
    n = count_used(tile, lane)
    if n == 0:
        return np.nan
    freedom = n - count_rank(tile, lane)
    if freedom <= 0:
        return 1.0
    total, trim = 0.0, 0.0
    for p in range(tile.weight.shape[0]):
        w = tile.weight[p, lane]
        if w > 0:
            if absolute:
                total += math.sqrt(w) * abs(tile.residual[p, lane])
            else:
                total += w * tile.residual[p, lane] ** 2
            if outcome.suspect[lane] and outcome.spread[lane] > 0:
                cut = max(rule.sigma, rule.threshold * math.sqrt(w) / outcome.spread[lane]) * math.sqrt(
                    n / freedom
                )
                trim += trimmed_variance(cut)
            else:
                trim += 1.0
    if absolute:
        # Mean of |Gaussian| is sigma sqrt(2/pi); the covariance of the L1 solution is pi/2 that of L2.
        factor = (0.5 * math.pi) ** 2 * (total / freedom) ** 2
    else:
        factor = total / freedom * n / trim
    share = min(1.0, freedom / FULL_FREEDOM)
    return max(share * factor + 1.0 - share, SMALLEST_FACTOR)


@kernel
def _write_dates(
    tile: Tile,
    lane: int,
    pixel: int,
    problem: Problem,
    graph: Elimination,
    results: Results,
    factor: float,
) -> None:
    """Write the series of one pixel, its standard deviation, height error and what it says of the network."""
    n_dates = problem.years.size
    label, parent = np.empty(n_dates, np.int64), np.empty(n_dates, np.int64)
    n_subsets = label_subsets(tile.weight[:, lane], problem.edges, problem.minimum_per_date, label, parent)
    results.n_subsets[pixel] = n_subsets
    results.n_dates[pixel] = (label >= 0).sum()
    n_used = results.n_used[pixel]
    if n_used < problem.minimum_interferograms or n_subsets == 0 or (n_subsets > 1 and not problem.bridge):
        return
    dates = np.empty(n_dates)
    dates_of_lane(tile, lane, graph, dates)
    sensitivity = np.empty(problem.sensitivity.shape[0])
    for k in range(sensitivity.size):
        sensitivity[k] = problem.sensitivity[k, pixel]
    if n_subsets == 1 and first_reached(label) == 0 and sensitivity.size == 0:
        results.dates[0, pixel] = 0.0
        results.dates_std[0, pixel] = 0.0
        for u in range(graph.node.size):
            k = graph.node[u]
            if label[k] >= 0:
                results.dates[k, pixel] = dates[k]
                results.dates_std[k, pixel] = math.sqrt(factor * tile.variance[u, lane])
        return
    constraint = build_constraint(
        label, n_subsets, problem.years, sensitivity, n_subsets if n_subsets > 1 else 0
    )
    scatter = constraint_scatter(constraint, dates)
    height_variance = 0.0
    if constraint.height:
        last = constraint.cofactor.shape[0] - 1
        height_variance = scatter * constraint.cofactor[last, last]
        results.height[pixel] = constraint.functional[last] @ dates
        results.height_std[pixel] = math.sqrt(height_variance)
    if n_subsets > 1:
        results.bridge_scatter[pixel] = math.sqrt(scatter)
    variance = lane_variance(tile, lane, graph, constraint, label, (factor, scatter, height_variance))
    close_dates(constraint, label, dates)
    for k in range(n_dates):
        results.dates[k, pixel] = dates[k]
        results.dates_std[k, pixel] = math.sqrt(variance[k])
