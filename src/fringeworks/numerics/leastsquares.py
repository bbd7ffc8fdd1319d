"""Least squares of differences between nodes, for many pixels at once.

Each pixel has its own weights, all share one graph.  A tile of :data:`LANES` pixels is worked on together, every
array being (something, lane), so that one instruction serves several pixels; results of a lane never depend on
its neighbours.  The factorisation is L D L^T of the weighted graph Laplacian with node 0 held at zero.

A pivot that vanishes means that no edge joins what is left of a connected part of the graph to node 0: its
inverse is set to zero, which holds that node at zero in the place of node 0.  The number of such pivots is the
rank defect.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.elimination import Elimination

LANES: Final = 64
"""Pixels worked on together: enough to hide the cost of a loop, few enough to stay in the second-level cache."""

SINGULAR: Final = 1e-12
"""A pivot below this share of the node's own weight is zero: rounding leaves 1e-15, while a chain of 1000 nodes
whose weights differ by 1e8 still leaves 1e-11."""

Lanes = NDArray[np.float64]


@kernel
def subtract_product(target: Lanes, a: Lanes, b: Lanes) -> None:
    """Subtract the product of two rows from a third, lane by lane."""
    for k in range(target.size):
        target[k] -= a[k] * b[k]


@kernel
def add_edges(
    weight: Lanes, value: Lanes, graph: Elimination, diagonal: Lanes, lower: Lanes, right: Lanes
) -> None:
    """Add all edges, ``value = x[second] - x[first]`` with ``weight``, to the normal equations of a tile.

    What belongs to node 0 goes to row -1, the last one, which nobody reads.  One array is changed by each loop: with
    two, the compiler gives up on vector code.
    """
    lanes = weight.shape[1]
    for p in range(weight.shape[0]):
        i, j, entry = graph.edge_unknown[p, 0], graph.edge_unknown[p, 1], graph.edge_entry[p]
        for k in range(lanes):
            diagonal[i, k] += weight[p, k]
        for k in range(lanes):
            diagonal[j, k] += weight[p, k]
        for k in range(lanes):
            right[i, k] -= weight[p, k] * value[p, k]
        for k in range(lanes):
            right[j, k] += weight[p, k] * value[p, k]
        for k in range(lanes):
            lower[entry, k] -= weight[p, k]


@kernel
def _invert_pivot(diagonal: Lanes, whole: Lanes, inverse: Lanes) -> None:
    for k in range(inverse.size):
        inverse[k] = 1.0 / diagonal[k] if diagonal[k] > SINGULAR * whole[k] else 0.0


@kernel
def _multiply(target: Lanes, a: Lanes, b: Lanes) -> None:
    for k in range(target.size):
        target[k] = a[k] * b[k]


@kernel
def _copy(target: Lanes, source: Lanes) -> None:
    for k in range(target.size):
        target[k] = source[k]


@kernel
def factorise(diagonal: Lanes, lower: Lanes, inverse_pivot: Lanes, graph: Elimination) -> None:
    """Factorise a tile in place: ``lower`` becomes L, ``inverse_pivot`` the inverse of D (zero: rank defect).

    ``diagonal`` and ``lower`` have one row more than there are unknowns and entries (see :func:`add_edges`).
    """
    scaled = np.empty(diagonal.shape[1])
    whole = diagonal.copy()
    for j in range(graph.node.size):
        _invert_pivot(diagonal[j], whole[j], inverse_pivot[j])
        last = graph.column_start[j + 1]
        for a in range(graph.column_start[j], last):
            r = graph.row[a]
            _multiply(scaled, lower[a], inverse_pivot[j])
            subtract_product(diagonal[r], scaled, lower[a])
            for b in range(a + 1, last):
                subtract_product(lower[graph.position[graph.row[b], r]], scaled, lower[b])
            _copy(lower[a], scaled)


@kernel
def substitute(lower: Lanes, inverse_pivot: Lanes, right: Lanes, graph: Elimination) -> None:
    """Solve a factorised tile in place: ``right`` becomes the unknowns, (unknown + 1, lane), the last row zero."""
    n = graph.node.size
    for j in range(n):
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            subtract_product(right[graph.row[a]], lower[a], right[j])
    for j in range(n - 1, -1, -1):
        _multiply(right[j], right[j], inverse_pivot[j])
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            subtract_product(right[j], lower[a], right[graph.row[a]])
    for k in range(right.shape[1]):
        right[n, k] = 0.0


@kernel
def _subtract_scaled(target: Lanes, factor: float, x: Lanes) -> None:
    for k in range(target.size):
        target[k] -= factor * x[k]


@kernel
def substitute_alike(lower: Lanes, inverse_pivot: Lanes, right: Lanes, graph: Elimination) -> None:
    """Solve as :func:`substitute` does, to the same bits, with the factor of lane 0 for all lanes."""
    n = graph.node.size
    for j in range(n):
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_scaled(right[graph.row[a]], lower[a, 0], right[j])
    for j in range(n - 1, -1, -1):
        inverse = inverse_pivot[j, 0]
        for k in range(right.shape[1]):
            right[j, k] *= inverse
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_scaled(right[j], lower[a, 0], right[graph.row[a]])


@kernel
def invert_pattern(
    lower: Lanes, inverse_pivot: Lanes, graph: Elimination, diagonal: Lanes, off: Lanes
) -> None:
    """Compute the inverse of the normal matrix where the factor has entries (Takahashi's recursion).

    ``diagonal`` (unknown + 1, lane) and ``off`` (entry + 1, lane) receive it, last rows as they were; a node held at
    zero has zero rows.
    """
    for j in range(graph.node.size - 1, -1, -1):
        first, last = graph.column_start[j], graph.column_start[j + 1]
        for a in range(first, last):
            i = graph.row[a]
            off[a] = 0.0
            for b in range(first, a):
                subtract_product(off[a], lower[b], off[graph.position[i, graph.row[b]]])
            subtract_product(off[a], lower[a], diagonal[i])
            for b in range(a + 1, last):
                subtract_product(off[a], lower[b], off[graph.position[graph.row[b], i]])
        _copy(diagonal[j], inverse_pivot[j])
        for a in range(first, last):
            subtract_product(diagonal[j], lower[a], off[a])


@kernel
def invert_whole(lower: Lanes, inverse_pivot: Lanes, graph: Elimination, inverse: Lanes) -> None:
    """Compute the whole inverse of the normal matrix; ``inverse`` is (unknown * unknown, lane)."""
    n = graph.node.size
    for j in range(n - 1, -1, -1):
        for i in range(n - 1, j - 1, -1):
            z = i * n + j
            inverse[z] = 0.0
            if i == j:
                inverse[z] = inverse_pivot[j]
            for a in range(graph.column_start[j], graph.column_start[j + 1]):
                subtract_product(inverse[z], lower[a], inverse[i * n + graph.row[a]])
            _copy(inverse[j * n + i], inverse[z])


@kernel
def select_smallest(values: NDArray[np.float64], n: int, rank: int) -> float:
    """Return the ``rank``-th smallest (from 0) of the first ``n`` values, which are re-ordered."""
    low, high = 0, n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return float(values[rank])
