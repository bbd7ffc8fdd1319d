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

LANES: Final = 32
"""Pixels worked on together: enough to hide the cost of a loop, few enough to stay in the second-level cache."""

SINGULAR: Final = 1e-12
"""A pivot below this share of the node's own weight is zero: rounding leaves 1e-15, while a chain of 1000 nodes
whose weights differ by 1e8 still leaves 1e-11."""

Lanes = NDArray[np.float64]


@kernel
def add_edge(
    weight: Lanes,
    value: Lanes,
    first: int,
    second: int,
    entry: int,
    diagonal: Lanes,
    lower: Lanes,
    right: Lanes,
) -> None:
    """Add one edge, ``value = x[second] - x[first]`` with ``weight``, to the normal equations of a tile."""
    if first >= 0:
        d, b = diagonal[first], right[first]
        for k in range(weight.size):
            d[k] += weight[k]
            b[k] -= weight[k] * value[k]
    if second >= 0:
        d, b = diagonal[second], right[second]
        for k in range(weight.size):
            d[k] += weight[k]
            b[k] += weight[k] * value[k]
    if entry >= 0:
        o = lower[entry]
        for k in range(weight.size):
            o[k] -= weight[k]


@kernel
def _subtract_product(target: Lanes, a: Lanes, b: Lanes) -> None:
    for k in range(target.size):
        target[k] -= a[k] * b[k]


@kernel
def factorise(diagonal: Lanes, lower: Lanes, inverse_pivot: Lanes, graph: Elimination) -> None:
    """Factorise a tile in place: ``lower`` becomes L, ``inverse_pivot`` the inverse of D (zero: rank defect)."""
    n, lanes = diagonal.shape
    scaled = np.empty(lanes)
    total = diagonal.copy()
    for j in range(n):
        d, whole, inverse = diagonal[j], total[j], inverse_pivot[j]
        for k in range(lanes):
            inverse[k] = 1.0 / d[k] if d[k] > SINGULAR * whole[k] else 0.0
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            column = lower[a]
            for k in range(lanes):
                scaled[k] = column[k] * inverse[k]
            _subtract_product(diagonal[graph.row[a]], scaled, column)
            for b in range(a + 1, graph.column_start[j + 1]):
                _subtract_product(lower[graph.position[graph.row[b], graph.row[a]]], scaled, lower[b])
            for k in range(lanes):
                column[k] = scaled[k]


@kernel
def substitute(lower: Lanes, inverse_pivot: Lanes, right: Lanes, graph: Elimination) -> None:
    """Solve a factorised tile in place: ``right`` becomes the unknowns, (unknown, lane)."""
    n, lanes = right.shape
    for j in range(n):
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_product(right[graph.row[a]], lower[a], right[j])
    for j in range(n - 1, -1, -1):
        x, inverse = right[j], inverse_pivot[j]
        for k in range(lanes):
            x[k] *= inverse[k]
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_product(x, lower[a], right[graph.row[a]])


@kernel
def _subtract_scaled(target: Lanes, factor: float, x: Lanes) -> None:
    for k in range(target.size):
        target[k] -= factor * x[k]


@kernel
def substitute_alike(lower: Lanes, inverse_pivot: Lanes, right: Lanes, graph: Elimination) -> None:
    """Solve as :func:`substitute` does, to the same bits, with the factor of lane 0 for all lanes."""
    n, lanes = right.shape
    for j in range(n):
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_scaled(right[graph.row[a]], lower[a, 0], right[j])
    for j in range(n - 1, -1, -1):
        x, inverse = right[j], inverse_pivot[j, 0]
        for k in range(lanes):
            x[k] *= inverse
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            _subtract_scaled(x, lower[a, 0], right[graph.row[a]])


@kernel
def invert_pattern(
    lower: Lanes, inverse_pivot: Lanes, graph: Elimination, diagonal: Lanes, off: Lanes
) -> None:
    """Compute the inverse of the normal matrix where the factor has entries (Takahashi's recursion).

    ``diagonal`` (unknown, lane) and ``off`` (entry, lane) receive it; a node held at zero has zero rows.
    """
    n, lanes = inverse_pivot.shape
    for j in range(n - 1, -1, -1):
        first, last = graph.column_start[j], graph.column_start[j + 1]
        for a in range(first, last):
            z = off[a]
            z[:] = 0.0
            i = graph.row[a]
            for b in range(first, last):
                r = graph.row[b]
                if r == i:
                    _subtract_product(z, lower[b], diagonal[i])
                else:
                    _subtract_product(z, lower[b], off[graph.position[max(i, r), min(i, r)]])
        z = diagonal[j]
        pivot = inverse_pivot[j]
        for k in range(lanes):
            z[k] = pivot[k]
        for a in range(first, last):
            _subtract_product(z, lower[a], off[a])


@kernel
def invert_whole(lower: Lanes, inverse_pivot: Lanes, graph: Elimination, inverse: Lanes) -> None:
    """Compute the whole inverse of the normal matrix, ``inverse`` (unknown, unknown, lane)."""
    n, lanes = inverse_pivot.shape
    for j in range(n - 1, -1, -1):
        for i in range(n - 1, j - 1, -1):
            z = inverse[i, j]
            pivot = inverse_pivot[j]
            for k in range(lanes):
                z[k] = pivot[k] if i == j else 0.0
            for a in range(graph.column_start[j], graph.column_start[j + 1]):
                _subtract_product(z, lower[a], inverse[i, graph.row[a]])
            mirror = inverse[j, i]
            for k in range(lanes):
                mirror[k] = z[k]


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
