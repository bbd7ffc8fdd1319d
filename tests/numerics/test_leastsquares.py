import numpy as np
import pytest

from fringeworks.numerics.elimination import plan_elimination
from fringeworks.numerics.leastsquares import (
    add_edges,
    factorise,
    invert_pattern,
    invert_whole,
    select_smallest,
    substitute,
    substitute_alike,
)

LANES = 6


class System:
    """A random graph with weights of each lane, solved by the kernels and by the plain twin."""

    def __init__(self, rng, n=12, extra=14):
        tree = [(int(rng.integers(0, k)), k) for k in range(1, n)]
        more = [tuple(sorted(rng.choice(n, 2, replace=False).tolist())) for _ in range(extra)]
        self.edges = np.array(sorted(set(tree) | set(more)), np.int64)
        self.graph = plan_elimination(self.edges, n_nodes=n)
        self.n = n
        shape = (len(self.edges), LANES)
        self.weight, self.value = 10 ** rng.uniform(-2, 2, shape), rng.standard_normal(shape)

    def solve(self):
        entries, n = self.graph.row.size, self.n - 1
        self.diagonal, self.right = np.zeros((n + 1, LANES)), np.zeros((n + 1, LANES))
        self.lower, self.pivot = np.zeros((entries + 1, LANES)), np.zeros((n, LANES))
        add_edges(self.weight, self.value, self.graph, self.diagonal, self.lower, self.right)
        factorise(self.diagonal, self.lower, self.pivot, self.graph)
        substitute(self.lower, self.pivot, self.right, self.graph)
        return self.right

    def twin(self, lane):
        design = np.zeros((len(self.edges), self.n))
        design[np.arange(len(self.edges)), self.edges[:, 0]] = -1
        design[np.arange(len(self.edges)), self.edges[:, 1]] = 1
        design = design[:, self.graph.node]
        normal = design.T @ (self.weight[:, lane, None] * design)
        return normal, design.T @ (self.weight[:, lane] * self.value[:, lane])


@pytest.fixture
def system(rng):
    return System(rng)


def test_solution_equals_the_plain_one(system):
    solution = system.solve()
    for lane in range(LANES):
        normal, right = system.twin(lane)
        np.testing.assert_allclose(solution[:-1, lane], np.linalg.solve(normal, right), rtol=1e-9, atol=1e-9)


def test_inverse_equals_the_plain_one(system):
    system.solve()
    graph, n = system.graph, system.n - 1
    diagonal, off = np.zeros((n + 1, LANES)), np.zeros((graph.row.size + 1, LANES))
    invert_pattern(system.lower, system.pivot, graph, diagonal, off)
    whole = np.zeros((n * n, LANES))
    invert_whole(system.lower, system.pivot, graph, whole)
    for lane in range(LANES):
        inverse = np.linalg.inv(system.twin(lane)[0])
        np.testing.assert_allclose(whole[:, lane].reshape(n, n), inverse, rtol=1e-8)
        np.testing.assert_allclose(diagonal[:-1, lane], np.diag(inverse), rtol=1e-8)
        held = graph.position >= 0
        np.testing.assert_allclose(off[graph.position[held], lane], inverse[held], rtol=1e-8)


def test_equal_weights_give_the_same_bits_by_both_ways(system):
    system.weight[:] = 1.0
    both = system.solve()
    n = system.n - 1
    right = np.zeros((n + 1, LANES))
    scratch = np.zeros_like(system.diagonal), np.zeros_like(system.lower)
    add_edges(system.weight, system.value, system.graph, scratch[0], scratch[1], right)
    substitute_alike(system.lower, system.pivot, right, system.graph)
    np.testing.assert_array_equal(right[:-1], both[:-1])


def test_cut_nodes_are_held_at_zero_and_counted(system):
    cut = (system.edges == system.n - 1).any(axis=1)
    far = (system.edges >= 8).any(axis=1) & (system.edges < 8).any(axis=1)
    system.weight[cut, 0] = 0.0
    system.weight[cut | far, 1] = 0.0
    solution = system.solve()
    assert np.isfinite(solution).all()
    row = int(np.flatnonzero(system.graph.node == system.n - 1)[0])
    assert system.pivot[row, 0] == 0
    for lane in (0, 1):
        normal, right = system.twin(lane)
        assert np.count_nonzero(system.pivot[:, lane]) == np.linalg.matrix_rank(normal, tol=1e-10)
        # A solution of a singular, consistent system: the normal equations hold.
        np.testing.assert_allclose(normal @ solution[:-1, lane], right, atol=1e-8)


def test_lanes_do_not_touch_each_other(system):
    alone = system.solve()[:, 2].copy()
    system.weight[:, 3] = 0.0
    system.value[:, 4] = np.nan
    np.testing.assert_array_equal(system.solve()[:, 2], alone)


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_selection_equals_sorting(rng, n):
    values = rng.integers(0, 20, n).astype(float)
    for rank in range(n):
        assert select_smallest(values.copy(), n, rank) == np.sort(values)[rank]
