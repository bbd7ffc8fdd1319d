"""The minimum cost flow against a linear programme that shares nothing with it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points.spacetime_flow import dual_of, settle_charges
from fringeworks.timeseries.points.triangulation import triangulate


def problem(seed, n_points=60, share=0.3):
    rng = np.random.default_rng(seed)
    edges, triangles = triangulate(*rng.uniform(0, 1, (2, n_points)))
    steps = rng.integers(-2, 3, len(edges)) * (rng.random(len(edges)) < share)
    cost = np.sort(rng.integers(0, 60, (len(edges), 3)), axis=1).astype(np.int32)
    swap = rng.random(len(edges)) < 0.5
    cost[swap, :2] = cost[swap, 1::-1]
    return edges, triangles, steps.astype(np.int32), cost


def signs(edges, triangles):
    """Return how each arc counts around each triangle, (triangle, edge)."""
    matrix = np.zeros((len(triangles), len(edges)))
    number = {tuple(e): k for k, e in enumerate(edges.tolist())}
    for row, corners in enumerate(triangles.tolist()):
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            matrix[row, number[min(a, b), max(a, b)]] = 1.0 if a < b else -1.0
    return matrix


def solve(edges, triangles, steps, cost):
    dual = dual_of(edges, triangles)
    charge = np.zeros(len(triangles) + 1, np.int32)
    np.add.at(charge, dual.sides[:, 0], steps)
    np.add.at(charge, dual.sides[:, 1], -steps)
    flow = np.zeros(len(edges), np.int32)
    left = settle_charges(charge, dual.start, dual.link_edge, dual.link_node, dual.link_step, cost, flow)
    assert left == 0
    assert not charge.any()
    return flow


def price(flow, cost):
    up, down = np.maximum(flow, 0), np.maximum(-flow, 0)
    first = cost[:, 0] * np.minimum(up, 1) + cost[:, 1] * np.minimum(down, 1)
    return int((first + cost[:, 2] * (np.maximum(up - 1, 0) + np.maximum(down - 1, 0))).sum())


@pytest.mark.parametrize("seed", range(12))
def test_the_flow_closes_all_triangles_at_the_least_cost(seed):
    edges, triangles, steps, cost = problem(seed, share=0.05 + 0.07 * seed)
    flow = solve(edges, triangles, steps, cost)
    matrix = signs(edges, triangles)
    assert not (matrix @ (steps + flow)).any()
    # first cycle up, first down, further up, further down
    n = len(edges)
    objective = np.concatenate([cost[:, 0], cost[:, 1], cost[:, 2], cost[:, 2]]).astype(float)
    bounds = [(0, 1)] * (2 * n) + [(0, None)] * (2 * n)
    block = np.hstack([matrix, -matrix, matrix, -matrix])
    best = linprog(objective, A_eq=block, b_eq=-matrix @ steps, bounds=bounds, method="highs")
    assert best.status == 0
    assert price(flow, cost) == round(best.fun)


def test_nothing_is_changed_where_all_closes():
    edges, triangles, _, cost = problem(3)
    cycles = np.random.default_rng(1).integers(-3, 4, 60)
    steps = (cycles[edges[:, 1]] - cycles[edges[:, 0]]).astype(np.int32)
    assert not solve(edges, triangles, steps, cost).any()


def test_arcs_and_triangles_that_do_not_fit_are_refused():
    edges, triangles, _, _ = problem(0)
    with pytest.raises(ShapeMismatchError, match="arcs of"):
        dual_of(edges[:, :1], triangles)
    with pytest.raises(OutOfRangeError, match="out of order"):
        dual_of(edges[::-1], triangles)
    with pytest.raises(OutOfRangeError, match="no arc"):
        dual_of(edges[1:], triangles)
    with pytest.raises(OutOfRangeError, match="one side"):
        dual_of(edges, np.concatenate([triangles, triangles[:1]]))
