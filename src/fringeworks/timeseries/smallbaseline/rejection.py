"""Outliers of a pixel: find whole-cycle errors, leave Gaussian noise alone.

Only pixels with a residual above the absolute threshold are looked at.  There, re-weighting by
1 / (residual^2 + scale^2) lets the solution walk away from outliers; then those are rejected whose residual
exceeds both the absolute threshold and a multiple of the pixel's own robust sigma.  What is kept has its full weight
again, so pure noise is neither down-weighted nor trimmed visibly, however large it is.

Two guards.  An interferogram is rejected only if its redundancy, 1 - weight * variance of its adjusted value, exceeds
one half: of one gross error, a share equal to the redundancy shows in its own residual (Baarda 1968), so below one
half others may show more of it, and nobody can say which is wrong (a lone triangle that closes on 2 pi stays as it is).
And what is rejected never cuts the network into more parts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.elimination import Elimination
from fringeworks.numerics.leastsquares import invert_pattern
from fringeworks.timeseries.smallbaseline.adjustment import (
    Tile,
    adjust,
    copy_lanes,
    count_rank,
    count_used,
    find_residuals,
    robust_sigma,
)
from fringeworks.timeseries.smallbaseline.gaps import join, root

MINIMUM_REDUNDANCY = 0.5

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Rule(NamedTuple):
    """Numbers of the robust iteration, as in :class:`InversionOptions`."""

    iterations: int
    scale: float
    threshold: float
    sigma: float
    rejections: int
    fraction: float


class Outcome(NamedTuple):
    """What the robust iteration did to each lane.

    Attributes
    ----------
    suspect : bool, (lane)
        A residual exceeded the threshold.
    unsettled : bool, (lane)
        The set of rejected interferograms was still changing, or would have been too large.
    spread : float64, (lane)
        Robust sigma of unit weight behind the last choice.
    """

    suspect: Flags
    unsettled: Flags
    spread: Array


@kernel
def reject_outliers(tile: Tile, graph: Elimination, edges: NDArray[np.int64], rule: Rule) -> Outcome:
    """Re-weight, reject and solve again, in the suspect lanes of a solved tile with its residuals."""
    lanes = tile.phase.shape[1]
    outcome = Outcome(np.zeros(lanes, np.bool_), np.zeros(lanes, np.bool_), np.zeros(lanes))
    if not _find_suspects(tile, rule, outcome):
        return outcome
    buffer = np.empty(tile.phase.shape[0])
    for _ in range(rule.iterations):
        for k in range(lanes):
            if outcome.suspect[k]:
                _soften(tile, k, rule, robust_sigma(tile, k, buffer))
        adjust(tile, graph)
        find_residuals(tile, graph)
    kept = tile.prior > 0
    for _ in range(rule.rejections):
        invert_pattern(tile.lower, tile.inverse_pivot, graph, tile.variance, tile.covariance)
        for k in range(lanes):
            if outcome.suspect[k] and not outcome.unsettled[k]:
                outcome.spread[k] = robust_sigma(tile, k, buffer)
                _choose(tile, k, graph, rule, outcome.spread[k], kept)
                outcome.unsettled[k] = not _apply(tile, k, edges, rule, kept)
        adjust(tile, graph)
        find_residuals(tile, graph)
    _check_settled(tile, graph, rule, outcome, kept, buffer)
    return outcome


@kernel
def _find_suspects(tile: Tile, rule: Rule, outcome: Outcome) -> bool:
    largest = np.zeros(tile.phase.shape[1])
    for p in range(tile.residual.shape[0]):
        r = tile.residual[p]
        for k in range(tile.phase.shape[1]):
            largest[k] = max(largest[k], abs(r[k]))
    found = False
    for k in range(tile.phase.shape[1]):
        if largest[k] > rule.threshold:
            outcome.suspect[k] = count_used(tile, k) > count_rank(tile, k)
            found = found or outcome.suspect[k]
    return found


@kernel
def _soften(tile: Tile, lane: int, rule: Rule, spread: float) -> None:
    """Set the weights of one lane to prior * s^2 / (residual^2 + s^2)."""
    for p in range(tile.prior.shape[0]):
        prior = tile.prior[p, lane]
        if prior > 0:
            square = max(rule.scale**2, 4.0 * spread**2 / prior)
            tile.weight[p, lane] = prior * square / (tile.residual[p, lane] ** 2 + square)


@kernel
def _adjusted_variance(tile: Tile, lane: int, graph: Elimination, p: int) -> float:
    """Return the variance of an interferogram's adjusted value, as its present weights have it [rad^2]."""
    i, j = graph.edge_unknown[p]
    variance = 0.0
    if i >= 0:
        variance += tile.variance[i, lane]
    if j >= 0:
        variance += tile.variance[j, lane]
    if graph.edge_entry[p] >= 0:
        variance -= 2.0 * tile.covariance[graph.edge_entry[p], lane]
    return float(variance)


@kernel
def _choose(tile: Tile, lane: int, graph: Elimination, rule: Rule, spread: float, kept: Flags) -> int:
    """Decide which interferograms of a lane are kept; return how many decisions changed.

    With present weight v, original weight w, and Q the variance of the adjusted value, rho = 1 - v Q is the share of
    an error that shows in the residual, and rho (rho / w + Q) the variance of the residual: rho / w where v = w, and
    1 / w + Q, that of a prediction, where v = 0.
    """
    changed = 0
    for p in range(tile.prior.shape[0]):
        prior = tile.prior[p, lane]
        if prior <= 0:
            continue
        size = abs(tile.residual[p, lane])
        keep = True
        if size > rule.threshold:
            variance = _adjusted_variance(tile, lane, graph, p)
            redundancy = max(1.0 - tile.weight[p, lane] * variance, 0.0)
            sigma = spread * np.sqrt(redundancy * (redundancy / prior + variance))
            keep = size <= rule.sigma * sigma or (kept[p, lane] and redundancy <= MINIMUM_REDUNDANCY)
        if keep != kept[p, lane]:
            kept[p, lane] = keep
            changed += 1
    return changed


@kernel
def _apply(tile: Tile, lane: int, edges: NDArray[np.int64], rule: Rule, kept: Flags) -> bool:
    """Turn the decisions into weights; False (and nothing rejected) where too many would go."""
    _restore_links(tile, lane, edges, kept)
    n_valid, n_kept = 0, 0
    for p in range(tile.prior.shape[0]):
        if tile.prior[p, lane] > 0:
            n_valid += 1
            n_kept += kept[p, lane]
    settled = n_valid - n_kept <= rule.fraction * n_valid
    for p in range(tile.prior.shape[0]):
        kept[p, lane] = tile.prior[p, lane] > 0 and (kept[p, lane] or not settled)
        tile.weight[p, lane] = tile.prior[p, lane] if kept[p, lane] else 0.0
    return settled


@kernel
def _restore_links(tile: Tile, lane: int, edges: NDArray[np.int64], kept: Flags) -> None:
    """Keep, best first, the rejected interferograms without which the network would fall apart."""
    parent = np.arange(tile.right.shape[0])
    for p in range(edges.shape[0]):
        if kept[p, lane]:
            join(parent, edges[p, 0], edges[p, 1])
    while True:
        best, smallest = -1, np.inf
        for p in range(edges.shape[0]):
            if tile.prior[p, lane] > 0 and not kept[p, lane]:
                size = abs(tile.residual[p, lane]) * np.sqrt(tile.prior[p, lane])
                if size < smallest and root(parent, edges[p, 0]) != root(parent, edges[p, 1]):
                    best, smallest = p, size
        if best < 0:
            return
        kept[best, lane] = True
        join(parent, edges[best, 0], edges[best, 1])


@kernel
def _check_settled(
    tile: Tile, graph: Elimination, rule: Rule, outcome: Outcome, kept: Flags, buffer: Array
) -> None:
    """Flag the lanes in which one more round would decide otherwise."""
    if rule.rejections == 0:
        copy_lanes(tile.prior, tile.weight)
        adjust(tile, graph)
        find_residuals(tile, graph)
        return
    invert_pattern(tile.lower, tile.inverse_pivot, graph, tile.variance, tile.covariance)
    for k in range(tile.phase.shape[1]):
        if outcome.suspect[k] and not outcome.unsettled[k]:
            spread = robust_sigma(tile, k, buffer)
            outcome.unsettled[k] = _choose(tile, k, graph, rule, spread, kept) > 0


@kernel
def trimmed_variance(limit: float) -> float:
    """Return the variance of a standard Gaussian cut at +-``limit``: what trimming leaves of 1."""
    if limit > 6.0:
        return 1.0
    density = math.exp(-0.5 * limit * limit) / math.sqrt(2.0 * math.pi)
    return 1.0 - 2.0 * limit * density / math.erf(limit / math.sqrt(2.0))
