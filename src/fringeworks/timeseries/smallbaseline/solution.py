"""The compiled loop of the inversion: tile by tile, from phase and weight to all results."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.numerics.elimination import Elimination
from fringeworks.numerics.leastsquares import LANES, invert_pattern
from fringeworks.numerics.phase import cosine_sine
from fringeworks.timeseries.smallbaseline.adjustment import (
    STRIP,
    Tile,
    adjust,
    copy_strip,
    count_rank,
    count_used,
    find_residuals,
    load,
    minimise_absolute,
    new_tile,
)
from fringeworks.timeseries.smallbaseline.gaps import (
    apply_matrix,
    build_constraint,
    constraint_scatter,
    label_subsets,
)
from fringeworks.timeseries.smallbaseline.lanes import (
    close_dates,
    dates_of_lane,
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
    absolute, bridge, known_scale : bool
        Minimise absolute residuals; bridge gaps; weights are one over a variance, not bare numbers.
    minimum_per_date, minimum_interferograms : int
        Below these there is no value.
    """

    edges: Labels
    years: Array
    sensitivity: Single
    absolute: bool
    bridge: bool
    known_scale: bool
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


def solve_block(phase: Single, problem: Problem, rule: Rule, graph: Elimination, results: Results) -> None:
    """Solve all pixels of ``phase`` (pair, pixel), with the weights that ``results.weight`` came with."""

    def work(first: int, last: int) -> None:
        _solve_strips(first, last, LANES, phase, problem, rule, graph, results)

    in_threads(work, -(-phase.shape[1] // STRIP))


@kernel
def _solve_strips(
    first: int,
    last: int,
    lanes: int,
    phase: Single,
    problem: Problem,
    rule: Rule,
    graph: Elimination,
    results: Results,
) -> None:
    tile = new_tile(phase.shape[0], graph, lanes)
    near_phase = np.empty((phase.shape[0], STRIP), np.float32)
    near_weight = np.empty((phase.shape[0], STRIP), np.float32)
    for strip in range(first, last):
        begin, end = strip * STRIP, min((strip + 1) * STRIP, phase.shape[1])
        copy_strip(phase, begin, end, near_phase)
        copy_strip(results.weight, begin, end, near_weight)
        for start in range(begin, end, lanes):
            count = min(lanes, end - start)
            load(tile, near_phase, near_weight, start - begin, count)
            _solve_tile(start, count, tile, problem, rule, graph, results)


@kernel
def _solve_tile(
    start: int,
    count: int,
    tile: Tile,
    problem: Problem,
    rule: Rule,
    graph: Elimination,
    results: Results,
) -> None:
    if problem.absolute:
        change = minimise_absolute(tile, graph, L1_ITERATIONS)
        find_residuals(tile, graph)
        outcome = Outcome(np.zeros(change.size, np.bool_), change > L1_SETTLED, np.zeros(change.size))
    else:
        adjust(tile, graph)
        find_residuals(tile, graph)
        outcome = reject_outliers(tile, graph, problem.edges, rule)
    invert_pattern(tile.lower, tile.inverse_pivot, graph, tile.variance, tile.covariance)
    _write_quality(start, tile, count, results)
    factors = np.ones(tile.phase.shape[1])
    for k in range(count):
        results.unsettled[start + k] = outcome.unsettled[k]
        factors[k] = _variance_factor(tile, k, problem.absolute, problem.known_scale, rule, outcome)
        results.variance_factor[start + k] = factors[k]
    plain = _write_plain_dates(tile, start, count, problem, graph, results, factors)
    for k in range(count):
        if not plain[k]:
            _write_dates(tile, k, start + k, problem, graph, results, factors[k])


@kernel
def _write_plain_dates(
    tile: Tile,
    start: int,
    count: int,
    problem: Problem,
    graph: Elimination,
    results: Results,
    factors: Array,
) -> NDArray[np.bool_]:
    """Write the lanes whose dates are all tied to the first one; return which these are.

    A solution of rank r that reaches n dates leaves n - r subsets.
    """
    lanes = tile.phase.shape[1]
    n_reached = np.zeros((problem.years.size, lanes), np.int64)
    for p in range(tile.weight.shape[0]):
        i, j = problem.edges[p]
        for k in range(lanes):
            use = 1 if tile.weight[p, k] > 0 else 0
            n_reached[i, k] += use
            n_reached[j, k] += use
    plain = np.zeros(lanes, np.bool_)
    for k in range(count):
        touched, enough = 0, 0
        for d in range(problem.years.size):
            touched += n_reached[d, k] > 0
            enough += n_reached[d, k] >= problem.minimum_per_date
        tied = touched - count_rank(tile, k) == 1 and n_reached[0, k] >= problem.minimum_per_date
        plain[k] = tied and enough > 0 and problem.sensitivity.size == 0
        plain[k] = plain[k] and results.n_used[start + k] >= problem.minimum_interferograms
        if plain[k]:
            results.n_dates[start + k] = enough
            results.n_subsets[start + k] = 1
            results.dates[0, start + k] = 0.0
            results.dates_std[0, start + k] = 0.0
    for u in range(graph.node.size):
        d = graph.node[u]
        for k in range(count):
            if plain[k] and n_reached[d, k] >= problem.minimum_per_date:
                results.dates[d, start + k] = tile.right[u, k]
                results.dates_std[d, start + k] = math.sqrt(factors[k] * tile.variance[u, k])
    return plain


@kernel
def _write_quality(start: int, tile: Tile, count: int, results: Results) -> None:
    """Write rms, temporal coherence, counts and residual sums of a tile."""
    t = start // tile.phase.shape[1]
    lanes = tile.phase.shape[1]
    square, real, imaginary, n = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    cosine, sine = np.empty(lanes), np.empty(lanes)
    for p in range(tile.phase.shape[0]):
        r, w = tile.residual[p], tile.weight[p]
        cosine_sine(r, cosine, sine)
        for k in range(lanes):
            use = 1.0 if w[k] > 0 else 0.0
            n[k] += use
            square[k] += use * r[k] * r[k]
            real[k] += use * cosine[k]
            imaginary[k] += use * sine[k]
        for k in range(count):
            if w[k] > 0:
                results.pair_square[t, p] += r[k] * r[k]
                results.pair_count[t, p] += 1
            else:
                results.pair_rejected[t, p] += tile.prior[p, k] > 0
                results.weight[p, start + k] = 0.0
    for k in range(count):
        results.n_used[start + k] = n[k]
        results.rms[start + k] = math.sqrt(square[k] / n[k]) if n[k] > 0 else np.nan
        length = math.hypot(real[k], imaginary[k])
        results.temporal_coherence[start + k] = min(length / n[k], 1.0) if n[k] > 0 else np.nan


@kernel
def _variance_factor(
    tile: Tile,
    lane: int,
    absolute: bool,  # noqa: FBT001
    known_scale: bool,  # noqa: FBT001
    rule: Rule,
    outcome: Outcome,
) -> float:
    """Estimate the variance of unit weight.

    Weights that are one over a variance say what to expect: the estimate is drawn towards 1 where few degrees of
    freedom tell it.  Bare weights say nothing: the estimate stands as it is, and without loops nothing is claimed.
    """
    n = count_used(tile, lane)
    if n == 0:
        return np.nan
    freedom = n - count_rank(tile, lane)
    if freedom <= 0:
        return 1.0 if known_scale else SMALLEST_FACTOR
    total, trim = 0.0, 0.0
    for p in range(tile.weight.shape[0]):
        w = tile.weight[p, lane]
        if w > 0:
            if absolute:
                total += math.sqrt(w) * abs(tile.residual[p, lane])
            else:
                total += w * tile.residual[p, lane] ** 2
            if outcome.suspect[lane] and outcome.spread[lane] > 0:
                # In standard deviations of a residual, undoing the factors of robust_sigma.
                cut = rule.threshold * math.sqrt(w * n / freedom) / outcome.spread[lane]
                cut = max(rule.sigma, cut) * (1 + 5 / freedom)
                trim += trimmed_variance(cut)
            else:
                trim += 1.0
    # Mean of |Gaussian| is sigma sqrt(2/pi); the covariance of the L1 solution is pi/2 that of L2.
    factor = (0.5 * math.pi * total / freedom) ** 2 if absolute else total / freedom * n / trim
    share = min(1.0, freedom / FULL_FREEDOM) if known_scale else 1.0
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
    """Write the series of any pixel, closed over its gaps, its standard deviation, height error and what it says of the network."""
    n_dates = problem.years.size
    label, parent = np.empty(n_dates, np.int64), np.empty(n_dates, np.int64)
    n_subsets = label_subsets(tile.weight[:, lane], problem.edges, problem.minimum_per_date, label, parent)
    results.n_subsets[pixel] = n_subsets
    n_reached = 0
    for k in range(n_dates):
        n_reached += label[k] >= 0
    results.n_dates[pixel] = n_reached
    n_used = results.n_used[pixel]
    if n_used < problem.minimum_interferograms or n_subsets == 0 or (n_subsets > 1 and not problem.bridge):
        return
    dates = np.empty(n_dates)
    dates_of_lane(tile, lane, graph, dates)
    sensitivity = np.empty(problem.sensitivity.shape[0])
    for k in range(sensitivity.size):
        sensitivity[k] = problem.sensitivity[k, pixel]
    constraint = build_constraint(
        label, n_subsets, problem.years, sensitivity, n_subsets if n_subsets > 1 else 0
    )
    scatter = constraint_scatter(constraint, dates)
    height_variance = 0.0
    if constraint.height:
        last = constraint.cofactor.shape[0] - 1
        height_variance = scatter * constraint.cofactor[last, last]
        results.height[pixel] = apply_matrix(constraint.functional, dates)[last]
        results.height_std[pixel] = math.sqrt(height_variance)
    if n_subsets > 1:
        results.bridge_scatter[pixel] = math.sqrt(scatter)
    variance = lane_variance(tile, lane, graph, constraint, label, (factor, scatter, height_variance))
    close_dates(constraint, label, dates)
    for k in range(n_dates):
        results.dates[k, pixel] = dates[k]
        results.dates_std[k, pixel] = math.sqrt(variance[k])
