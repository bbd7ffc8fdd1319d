"""One date, or one pair, of a network: its cycles, its closing, its integration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.timeseries.points.spacetime_flow import Dual, settle_charges

Reals: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

_COST_SCALE = 300.0
"""Costs are whole numbers, so that sums are exact: this over the variance [rad2], about 100 for arcs that know nothing."""
_TURN = 2.0 * np.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The arcs at every point.

    Attributes
    ----------
    start : int32, (point + 1,)
        Where each point's arcs begin in the lists below.
    edge, point : int32, (link,)
        Arc, and the point at its other end.
    """

    start: Counts
    edge: Counts
    point: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Whole cycles of all rows (dates or pairs).

    Attributes
    ----------
    cycles : int32, (row, point)
        To be added to the wrapped phase minus that of the reference point of the point's group.
    group : int32, (row, point)
        Number of the reference point that a point is joined to in this row; numbers beyond those are islands without
        one, each with cycles counted from its first point; -1 where there is no phase.
    residues : int32, (row,)
        Triangles that did not close before.
    changed : int32, (row, 2)
        Arcs whose cycles were changed, and cycles that were added, without sign.
    arc_changes : int32, (edge,)
        Cycles added to an arc in all rows, without sign.
    """

    cycles: Counts
    group: Counts
    residues: Counts
    changed: Counts
    arc_changes: Counts


def neighbours_of(edges: Counts, used: Flags, n_points: int) -> Neighbours:
    """List the used arcs at every point, in ascending order of the arcs."""
    edge = np.flatnonzero(used).astype(np.int32)
    ends = edges[edge]
    point = np.concatenate([ends[:, 0], ends[:, 1]])
    other = np.concatenate([ends[:, 1], ends[:, 0]])
    both = np.concatenate([edge, edge])
    order = np.lexsort((both, point))
    start = np.searchsorted(point[order], np.arange(n_points + 1)).astype(np.int32)
    return Neighbours(start=start, edge=both[order], point=other[order])


def close_rows(
    phase: Reals,
    *,
    expected: Reals,
    variance: Reals,
    edges: Counts,
    used: Flags,
    dual: Dual,
    neighbours: Neighbours,
    seeds: Counts,
) -> Rows:
    """Find the whole cycles of every point, row by row.

    Parameters
    ----------
    phase : float32, (row, point)
        Wrapped [rad]; NaN where missing.
    expected : float32, (row, edge)
        Expected unwrapped differences [rad].
    variance : float32, (edge,)
        Of the phases' departure from these [rad2].
    edges : int32, (edge, 2)
        Points at the ends of each arc.
    used : bool, (edge,)
        False = the arc says nothing and is not crossed.
    dual, neighbours
        The arcs' surroundings.
    seeds : int32, (reference point,)
        Points from which integration starts.

    Returns
    -------
    Rows
    """
    n_rows, n_points = phase.shape
    cycles, group = np.zeros((2, n_rows, n_points), np.int32)
    figures = np.zeros((n_rows, 3), np.int32)
    # Summed under no lock: each row has its own line, added after.
    flows = np.zeros((n_rows, len(edges)), np.int8)

    def work(first: int, last: int) -> None:
        for row in range(first, last):
            _close_row(
                phase[row],
                expected[row],
                variance,
                edges,
                used,
                (dual.sides, dual.start, dual.link_edge, dual.link_node, dual.link_step),
                (neighbours.start, neighbours.edge, neighbours.point),
                seeds,
                cycles[row],
                group[row],
                figures[row],
                flows[row],
            )

    in_threads(work, n_rows)
    arc_changes = np.zeros(len(edges), np.int32)
    for row in range(n_rows):
        arc_changes += np.abs(flows[row])
    return Rows(
        cycles=cycles, group=group, residues=figures[:, 0], changed=figures[:, 1:], arc_changes=arc_changes
    )


@kernel
def _close_row(
    phase: Reals,
    expected: Reals,
    variance: Reals,
    edges: Counts,
    used: Flags,
    dual: tuple[Counts, Counts, Counts, Counts, Counts],
    neighbours: tuple[Counts, Counts, Counts],
    seeds: Counts,
    cycles: Counts,
    group: Counts,
    figures: Counts,
    flows: NDArray[np.int8],
) -> None:
    """Close one row and integrate it; fill cycles and group (point,), three figures, and the arcs' changes."""
    sides, start, link_edge, link_node, link_step = dual
    n_edges, n_nodes = len(edges), len(start) - 1
    steps = np.zeros(n_edges, np.int32)
    cost = np.zeros((n_edges, 3), np.int32)
    charge = np.zeros(n_nodes, np.int32)
    for edge in range(n_edges):
        difference = np.float64(phase[edges[edge, 1]]) - np.float64(phase[edges[edge, 0]])
        away = difference - expected[edge]
        if not (used[edge] and np.isfinite(away)):
            continue
        steps[edge] = -np.int32(np.round(away / _TURN))
        price = max(int(_COST_SCALE / variance[edge]), 1)
        for kind in range(3):
            cost[edge, kind] = price
        charge[sides[edge, 0]] += steps[edge]
        charge[sides[edge, 1]] -= steps[edge]
    for node in range(n_nodes - 1):
        figures[0] += charge[node] != 0
    before = steps.copy()
    flow = np.zeros(n_edges, np.int32)
    if figures[0] > 0:
        settle_charges(charge, start, link_edge, link_node, link_step, cost, flow)
    for edge in range(n_edges):
        steps[edge] += flow[edge]
        if steps[edge] != before[edge] and cost[edge, 2] > 0:
            figures[1] += 1
            figures[2] += abs(flow[edge])
            flows[edge] = flow[edge]
    _integrate(phase, steps, edges, neighbours, seeds, cycles, group)


@kernel
def _integrate(
    phase: Reals,
    steps: Counts,
    edges: Counts,
    neighbours: tuple[Counts, Counts, Counts],
    seeds: Counts,
    cycles: Counts,
    group: Counts,
) -> None:
    """Add up the arcs' cycles from the reference points, then from the first point of every island left."""
    start, link_edge, link_point = neighbours
    n_points = len(phase)
    queue = np.zeros(n_points, np.int32)
    group[:] = -1
    label = 0
    for turn in range(len(seeds) + n_points):
        seed = seeds[turn] if turn < len(seeds) else turn - len(seeds)
        number = turn if turn < len(seeds) else max(label, len(seeds))
        if group[seed] >= 0 or not np.isfinite(phase[seed]):
            continue
        label = number + 1
        group[seed] = number
        cycles[seed] = 0
        queue[0] = seed
        first, last = 0, 1
        while first < last:
            point = queue[first]
            first += 1
            for link in range(start[point], start[point + 1]):
                other, edge = link_point[link], link_edge[link]
                if group[other] >= 0 or not np.isfinite(phase[other]):
                    continue
                sign = 1 if edges[edge, 0] == point else -1
                cycles[other] = cycles[point] + sign * steps[edge]
                group[other] = number
                queue[last] = other
                last += 1
