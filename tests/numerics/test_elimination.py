import numpy as np
import pytest

from fringeworks.numerics.elimination import plan_elimination


def chain(n, reach):
    return np.array([(i, j) for i in range(n) for j in range(i + 1, min(i + 1 + reach, n))], np.int64)


def test_band_has_no_fill():
    edges = chain(40, 4)
    graph = plan_elimination(edges, n_nodes=40)
    # Every pair that does not touch node 0 is an entry, and nothing else.
    assert graph.row.size == np.count_nonzero(edges.min(axis=1) > 0)
    assert graph.node.tolist() == list(range(1, 40))


def test_star_is_eliminated_from_its_tips():
    hub = 1
    edges = np.array([(0, 1)] + [(hub, k) for k in range(2, 30)], np.int64)
    graph = plan_elimination(edges, n_nodes=30)
    assert graph.row.size == 28  # in order of time the hub would join all tips: 378 entries


@pytest.mark.parametrize("seed", range(5))
def test_pattern_holds_the_factor(seed):
    rng = np.random.default_rng(seed)
    n = 15
    edges = np.unique(np.sort(rng.integers(0, n, (40, 2)), axis=1), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    graph = plan_elimination(edges, n_nodes=n)
    laplacian = 1e-3 * np.eye(n)
    for i, j in edges:
        laplacian[[i, j, i, j], [i, j, j, i]] += [1, 1, -1, -1]
    order = graph.node
    factor = np.linalg.cholesky(laplacian[np.ix_(order, order)])
    filled = np.abs(np.tril(factor, -1)) > 1e-12
    assert (graph.position[filled] >= 0).all()
    assert (graph.position[np.triu_indices(n - 1)] == -1).all()
    assert sorted(graph.position[graph.position >= 0]) == list(range(graph.row.size))
    for k, (i, j) in enumerate(edges):
        ends = graph.edge_unknown[k]
        assert [int(order[e]) if e >= 0 else 0 for e in ends] == [i, j]
        if (ends >= 0).all():
            assert graph.edge_entry[k] == graph.position[ends.max(), ends.min()]
        else:
            assert graph.edge_entry[k] == -1


def test_no_edges_and_two_nodes():
    assert plan_elimination(np.zeros((0, 2), np.int64), n_nodes=3).row.size == 0
    graph = plan_elimination(np.array([[0, 1]]), n_nodes=2)
    assert graph.edge_entry.tolist() == [-1]
