"""The series alone: from phases and weights to the phase of each date, without rejection or quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.stack import PairNetwork
from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.numerics.elimination import Elimination, plan_elimination
from fringeworks.numerics.leastsquares import (
    LANES,
    substitute_alike,
    subtract_product,
)
from fringeworks.timeseries.smallbaseline.adjustment import (
    STRIP,
    Tile,
    adjust,
    copy_lanes,
    copy_strip,
    count_rank,
    find_residuals,
    load,
    minimise_absolute,
    new_tile,
)
from fringeworks.timeseries.smallbaseline.gaps import build_constraint, label_subsets
from fringeworks.timeseries.smallbaseline.lanes import close_dates, dates_of_lane, first_reached
from fringeworks.timeseries.smallbaseline.solution import L1_ITERATIONS

Single = NDArray[np.float32]
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Dates, and how well they explain the pairs.

    Attributes
    ----------
    dates : float32, (date, ...)
        Phase relative to the first date that is reached [rad], positive = away; NaN where no pair reaches a date.
    square_sum : float32, (...)
        Sum over the pairs of weight times squared residual.
    """

    dates: Single
    square_sum: Single


def solve_series(
    phase: Single, weight: Single | None = None, *, network: PairNetwork, norm: str = "l2"
) -> Series:
    """Solve for the phase of each date; subsets without a common date are bridged by a parabola in time.

    Parameters
    ----------
    phase : float32, (pair, ...)
        Unwrapped phase [rad]; NaN = gap.
    weight : float32, (pair, ...), optional
        One over the variance of the phase [1/rad^2]; 0 or NaN = gap; all 1 by default.
    network : PairNetwork
        Dates and pairs, in the order of ``phase``.
    norm : str
        ``l2``: least squares; ``l1``: least sum of sqrt(weight) |residual|.

    Returns
    -------
    Series
        Dates and residual square sum.

    Raises
    ------
    ShapeMismatchError
        Phase, weight and network do not fit each other.
    OutOfRangeError
        The norm is unknown.
    """
    if phase.shape[:1] != (len(network.pairs),) or (weight is not None and weight.shape != phase.shape):
        raise ShapeMismatchError(
            f"phase of shape {phase.shape} and weight of shape {None if weight is None else weight.shape}",
            expected=f"({len(network.pairs)} pairs, ...) for both",
        )
    if norm not in {"l1", "l2"}:
        raise OutOfRangeError(f"norm {norm!r}", expected="l1 or l2")
    flat = np.ascontiguousarray(phase, np.float32).reshape(phase.shape[0], -1)
    scale = np.zeros((0, 0), np.float32)
    if weight is not None:
        scale = np.ascontiguousarray(weight, np.float32).reshape(flat.shape)
    graph = plan_elimination(network.endpoints(), n_nodes=len(network.dates))
    edges, years = network.endpoints(), network.years
    series = np.empty((len(network.dates), flat.shape[1]), np.float32)
    square_sum = np.zeros(flat.shape[1], np.float32)
    rounds = L1_ITERATIONS if norm == "l1" else 0

    def work(first: int, last: int) -> None:
        _series_tiles(first, last, LANES, flat, scale, edges, years, graph, rounds, (series, square_sum))

    in_threads(work, -(-flat.shape[1] // STRIP))
    return Series(dates=series.reshape(-1, *phase.shape[1:]), square_sum=square_sum.reshape(phase.shape[1:]))


@kernel
def _series_tiles(
    first: int,
    last: int,
    lanes: int,
    phase: Single,
    weight: Single,
    edges: Labels,
    years: Array,
    graph: Elimination,
    rounds: int,
    results: tuple[Single, Single],
) -> None:
    """Solve strips ``first`` to ``last``; an empty weight means ones."""
    series, square_sum = results
    tile, alike = new_tile(phase.shape[0], graph, lanes), new_tile(phase.shape[0], graph, lanes)
    for p in range(phase.shape[0]):
        for k in range(lanes):
            alike.weight[p, k] = 1.0
    adjust(alike, graph)
    whole = weight.size == 0 and count_rank(alike, 0) == graph.node.size and rounds == 0
    right, given = np.zeros((graph.node.size + 1, STRIP)), np.zeros((graph.node.size + 1, STRIP))
    near_phase = np.empty((phase.shape[0], STRIP), np.float32)
    near_weight = np.ones((phase.shape[0], STRIP), np.float32)
    for strip in range(first, last):
        begin, end = strip * STRIP, min((strip + 1) * STRIP, phase.shape[1])
        if whole and _solve_alike(phase, begin, end, graph, alike, (right, given), results):
            continue
        copy_strip(phase, begin, end, near_phase)
        if weight.size > 0:
            copy_strip(weight, begin, end, near_weight)
        for start in range(begin, end, lanes):
            count = min(lanes, end - start)
            load(tile, near_phase, near_weight, start - begin, count)
            if rounds > 0:
                minimise_absolute(tile, graph, rounds)
            else:
                adjust(tile, graph)
            find_residuals(tile, graph)
            _sum_squares(tile, square_sum[start : start + count])
            _write_series(tile, start, count, edges, years, graph, series)


@kernel
def _sum_squares(tile: Tile, square_sum: Single) -> None:
    total = np.zeros(tile.phase.shape[1])
    for p in range(tile.weight.shape[0]):
        for k in range(total.size):
            total[k] += tile.weight[p, k] * tile.residual[p, k] * tile.residual[p, k]
    for k in range(square_sum.size):
        square_sum[k] = total[k]


@kernel
def _accumulate(phase: Single, begin: int, end: int, graph: Elimination, right: Array, total: Array) -> None:
    """Sum the right-hand sides of pairs of weight one, and the squares of their phases."""
    value = np.zeros(STRIP)
    for u in range(right.shape[0]):
        for k in range(STRIP):
            right[u, k] = 0.0
    for p in range(phase.shape[0]):
        i, j = graph.edge_unknown[p, 0], graph.edge_unknown[p, 1]
        for k in range(end - begin):
            value[k] = phase[p, begin + k]
        for k in range(STRIP):
            total[k] += value[k] * value[k]
        for k in range(STRIP):
            right[i, k] -= value[k]
        for k in range(STRIP):
            right[j, k] += value[k]


@kernel
def _solve_alike(
    phase: Single,
    begin: int,
    end: int,
    graph: Elimination,
    alike: Tile,
    work: tuple[Array, Array],
    results: tuple[Single, Single],
) -> bool:
    """Solve a strip without gaps and with equal weights, for which one factor serves all; False if it has gaps."""
    series, square_sum = results
    right, given = work
    count = end - begin
    total = np.zeros(STRIP)
    _accumulate(phase, begin, end, graph, right, total)
    for k in range(count):
        if not np.isfinite(total[k]):
            return False
    copy_lanes(right, given)
    substitute_alike(alike.lower, alike.inverse_pivot, right, graph)
    # Squares of the data less solution times right-hand side; doubles leave 1e-9 rad^2 of phases of 1000 rad.
    for u in range(graph.node.size):
        subtract_product(total, right[u], given[u])
    for k in range(count):
        square_sum[begin + k] = max(total[k], 0.0)
        series[0, begin + k] = 0.0
    for u in range(graph.node.size):
        date = graph.node[u]
        for k in range(count):
            series[date, begin + k] = right[u, k]
    return True


@kernel
def _write_series(
    tile: Tile, start: int, count: int, edges: Labels, years: Array, graph: Elimination, series: Single
) -> None:
    """Write a solved tile, closing the lanes that are not tied to the first date throughout."""
    for k in range(count):
        series[0, start + k] = 0.0
    for u in range(graph.node.size):
        date = graph.node[u]
        for k in range(count):
            series[date, start + k] = tile.right[u, k]
    for k in range(count):
        if count_rank(tile, k) < graph.node.size:
            _close_lane(tile, k, start + k, edges, years, graph, series)


@kernel
def _close_lane(
    tile: Tile, lane: int, pixel: int, edges: Labels, years: Array, graph: Elimination, series: Single
) -> None:
    label, parent = np.empty(years.size, np.int64), np.empty(years.size, np.int64)
    n_subsets = label_subsets(tile.weight[:, lane], edges, 1, label, parent)
    dates = np.empty(years.size)
    dates_of_lane(tile, lane, graph, dates)
    if n_subsets > 1 or (n_subsets == 1 and first_reached(label) > 0):
        offsets = n_subsets if n_subsets > 1 else 0
        close_dates(build_constraint(label, n_subsets, years, np.empty(0), offsets), label, dates)
    for k in range(years.size):
        series[k, pixel] = dates[k] if label[k] >= 0 else np.nan
