"""Which entries a symmetric elimination touches: decided once for a graph, used for every pixel.

The normal matrix of differences between nodes is the weighted Laplacian of a graph, with one node held at zero.
Its pattern depends on the graph alone, so order, fill and index lists are worked out once; the numbers are the
business of :mod:`fringeworks.numerics.leastsquares`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]


class Elimination(NamedTuple):
    """Pattern of the factor L of a grounded Laplacian, columns in order of elimination.

    A named tuple, because compiled kernels take it whole.

    Attributes
    ----------
    node : int32, (unknown)
        Node of each unknown; node 0 is held at zero and is no unknown.
    column_start : int32, (unknown + 1)
        First entry of each column of L below the diagonal.
    row : int32, (entry)
        Row of each entry, ascending within a column.
    position : int32, (unknown, unknown)
        Entry of (row, column) with row > column; -1 where L is zero.
    edge_unknown : int32, (edge, 2)
        Unknowns of the two ends of each edge; -1 for node 0.
    edge_entry : int32, (edge)
        Entry of L that the edge fills; -1 where an end is node 0.
    """

    node: IntArray
    column_start: IntArray
    row: IntArray
    position: IntArray
    edge_unknown: IntArray
    edge_entry: IntArray

    @property
    def n_entries(self) -> int:
        """Entries of L below the diagonal."""
        return int(self.row.size)


def plan_elimination(edges: NDArray[np.int64], *, n_nodes: int) -> Elimination:
    """Choose an order of elimination with little fill, and list the entries of the factor.

    Parameters
    ----------
    edges : int64, (edge, 2)
        Nodes that each edge joins.
    n_nodes : int
        Number of nodes; node 0 is held at zero.

    Notes
    -----
    The order of time (a band for networks of near neighbours) and minimum degree (for networks with long
    edges) are both tried; the one with fewer entries is taken.
    """
    neighbours: list[set[int]] = [set() for _ in range(n_nodes)]
    for i, j in edges.tolist():
        neighbours[i].add(j)
        neighbours[j].add(i)
    natural = _eliminate(neighbours, by_degree=False)
    sparse = _eliminate(neighbours, by_degree=True)
    order, columns = min((natural, sparse), key=lambda plan: sum(len(c) for c in plan[1]))
    return _index(order, columns, edges, n_nodes)


def _eliminate(neighbours: list[set[int]], *, by_degree: bool) -> tuple[list[int], list[set[int]]]:
    """Eliminate all nodes but 0; return the order and, per step, the nodes still joined to the one eliminated."""
    left = {k: neighbours[k] - {0} for k in range(1, len(neighbours))}
    order: list[int] = []
    columns: list[set[int]] = []
    while left:
        node = min(left, key=lambda k: (len(left[k]), k)) if by_degree else min(left)
        joined = left.pop(node)
        for other in joined:
            left[other] |= joined
            left[other] -= {other, node}
        order.append(node)
        columns.append(joined)
    return order, columns


def _index(order: list[int], columns: list[set[int]], edges: NDArray[np.int64], n_nodes: int) -> Elimination:
    unknown = np.full(n_nodes, -1, np.int32)
    unknown[order] = np.arange(len(order), dtype=np.int32)
    rows = [sorted(int(unknown[k]) for k in column) for column in columns]
    start = np.zeros(len(order) + 1, np.int32)
    start[1:] = np.cumsum([len(r) for r in rows])
    row = np.array([i for column in rows for i in column], np.int32)
    position = np.full((len(order), len(order)), -1, np.int32)
    for j, column in enumerate(rows):
        position[column, j] = np.arange(start[j], start[j + 1])
    ends = unknown[edges].astype(np.int32).reshape(-1, 2)
    low, high = ends.min(axis=1), ends.max(axis=1)
    entry = np.where(low >= 0, position[high, low], -1).astype(np.int32) if len(order) else low
    return Elimination(
        node=np.array(order, np.int32),
        column_start=start,
        row=row,
        position=position,
        edge_unknown=ends,
        edge_entry=entry,
    )
