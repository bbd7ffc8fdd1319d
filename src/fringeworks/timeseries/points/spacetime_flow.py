"""The cheapest whole cycles that make every triangle of a network close: a minimum cost flow, solved exactly.

Triangles are the nodes, arcs the links between the two triangles beside them; beyond the hull lies one more node, the
outside.  The sum of cycles around a triangle is its charge.  Adding a cycle to an arc moves one unit of charge across it.
Charges are led to opposite ones along successive shortest paths (Ahuja, Magnanti and Orlin 1993, section 9.7), each of
which is searched only as far as the nearest opposite charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import kernel

Counts: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """What lies on both sides of every arc.

    Attributes
    ----------
    sides : int32, (edge, 2)
        Triangle in whose counter-clockwise direction the arc runs from its lower to its higher point, and triangle on
        the other side; ``n_triangles`` for the outside.
    start : int32, (node + 1,)
        Where the links of each node begin in the lists below; nodes are the triangles and, last, the outside.
    link_edge, link_node, link_step : int32, (link,)
        Arc that is crossed, node behind it, and the cycle (+1 or -1) that crossing with one unit of charge adds to it.
    """

    sides: Counts
    start: Counts
    link_edge: Counts
    link_node: Counts
    link_step: Counts


def dual_of(edges: Counts, triangles: Counts) -> Dual:
    """Find the triangles beside every arc.

    Parameters
    ----------
    edges : int32, (edge, 2)
        As :func:`fringeworks.timeseries.points.triangulation.triangulate` returns them.
    triangles : int32, (triangle, 3)
        Counter-clockwise corners.

    Returns
    -------
    Dual

    Raises
    ------
    ShapeMismatchError
        ``edges`` or ``triangles`` have not two or three columns.
    OutOfRangeError
        Arcs are not in ascending order, a side of a triangle is no arc, or two triangles lie on one side of an arc.
    """
    if edges.ndim != 2 or triangles.ndim != 2 or edges.shape[1] != 2 or triangles.shape[1] != 3:
        raise ShapeMismatchError(
            f"arcs of {edges.shape}, triangles of {triangles.shape}", expected="(edge, 2) and (triangle, 3)"
        )
    n_points = int(max(edges.max(initial=-1), triangles.max(initial=-1))) + 1
    code = edges[:, 0].astype(np.int64) * n_points + edges[:, 1]
    if (edges[:, 0] >= edges[:, 1]).any() or (np.diff(code) <= 0).any() or edges.min(initial=0) < 0:
        raise OutOfRangeError(
            "arcs out of order", expected="lower point first, ascending, each once", hint="use triangulate()"
        )
    n_triangles = len(triangles)
    sides = np.full((len(edges), 2), n_triangles, np.int32)
    filled = np.zeros(sides.shape, np.int64)
    for k in range(3):
        a, b = triangles[:, k].astype(np.int64), triangles[:, (k + 1) % 3].astype(np.int64)
        wanted = np.minimum(a, b) * n_points + np.maximum(a, b)
        edge = np.searchsorted(code, wanted)
        if len(edge) and (edge.max() >= len(code) or (code[edge] != wanted).any()):
            raise OutOfRangeError("a side of a triangle is no arc", expected="all sides among the arcs")
        column = (a > b).astype(np.int64)
        sides[edge, column] = np.arange(n_triangles, dtype=np.int32)
        np.add.at(filled, (edge, column), 1)
    if filled.max(initial=0) > 1:
        raise OutOfRangeError(
            "two triangles on one side of an arc", expected="counter-clockwise triangles that do not overlap"
        )
    return _linked(sides, n_triangles)


def _linked(sides: Counts, n_triangles: int) -> Dual:
    """Return the lists of links of every node; arcs with one node on both sides make none."""
    edge = np.flatnonzero(sides[:, 0] != sides[:, 1])
    node = np.concatenate([sides[edge, 1], sides[edge, 0]])
    other = np.concatenate([sides[edge, 0], sides[edge, 1]])
    step = np.repeat(np.array([1, -1], np.int32), len(edge))
    both = np.concatenate([edge, edge])
    order = np.lexsort((both, node))
    start = np.searchsorted(node[order], np.arange(n_triangles + 2)).astype(np.int32)
    return Dual(
        sides=sides,
        start=start,
        link_edge=both[order].astype(np.int32),
        link_node=other[order].astype(np.int32),
        link_step=step[order],
    )


@kernel
def push(heap: Longs, size: int, key: int) -> int:
    """Add a key to a binary heap of ``size`` keys and return its new size."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if heap[above] <= key:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = key
    return size + 1


@kernel
def sink(heap: Longs, size: int) -> int:
    """Take the lowest key, ``heap[0]``, off a binary heap and return its new size."""
    size -= 1
    key = heap[size]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[place] = heap[below]
        place = below
    heap[place] = key
    return size


@kernel
def step_cost(cycles: int, step: int, first: int, back: int, further: int) -> int:
    """Return what one cycle more (step 1) or less (step -1) costs on an arc that holds ``cycles``.

    ``first`` and ``back`` are the costs from 0 to 1 and from 0 to -1, ``further`` that of every cycle beyond.
    """
    ahead, behind = (first, back) if step > 0 else (back, first)
    held = cycles * step
    if held == 0:
        return ahead
    if held > 0:
        return further
    return -behind if held == -1 else -further


@kernel
def find_link(start: Counts, link_edge: Counts, node: int, edge: int) -> int:
    """Return where a node's links, which ascend, hold an arc."""
    low, high = int(start[node]), int(start[node + 1])
    while low < high:
        middle = (low + high) >> 1
        if link_edge[middle] < edge:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def find_goal(
    source: int,
    search: int,
    charge: Counts,
    links: tuple[Counts, Counts, Counts, Counts],
    cost: Counts,
    cycles: Counts,
    potential: Longs,
    work: tuple[Longs, Counts, Counts, Counts, Longs],
) -> tuple[int, int]:
    """Search from a node for the opposite charge that is cheapest to reach.

    Returns it, -1 if there is none, and how many nodes were settled.  ``work`` holds the distances of nodes, the searches
    in which they were reached (negative once settled), the links by which they were, the nodes settled, and a heap.
    """
    start, link_edge, link_node, link_step = links
    distance, mark, came, settled, heap = work
    n_nodes = len(charge)
    size = push(heap, 0, source)
    distance[source] = 0
    mark[source] = search
    n_settled = 0
    while size > 0:
        node = heap[0] % n_nodes
        size = sink(heap, size)
        if mark[node] == -search:
            continue
        mark[node] = -search
        settled[n_settled] = node
        n_settled += 1
        if charge[node] < 0:
            return node, n_settled
        for link in range(start[node], start[node + 1]):
            other, edge = link_node[link], link_edge[link]
            if mark[other] == -search:
                continue
            price = step_cost(cycles[edge], link_step[link], cost[edge, 0], cost[edge, 1], cost[edge, 2])
            reach = distance[node] + price + potential[node] - potential[other]
            if mark[other] != search or reach < distance[other]:
                mark[other] = search
                distance[other] = reach
                came[other] = link
                size = push(heap, size, reach * n_nodes + other)
    return -1, n_settled


@kernel
def settle_charges(
    charge: Counts,
    start: Counts,
    link_edge: Counts,
    link_node: Counts,
    link_step: Counts,
    cost: Counts,
    cycles: Counts,
) -> int:
    """Lead every charge to an opposite one at least cost; return the units that found none.

    ``charge`` (node,) ends at zero; ``cost`` (edge, 3) holds the cost of the first cycle up, of the first cycle down, and of
    every further one, whole numbers with the third the largest; ``cycles`` (edge,) takes what is added to each arc.
    """
    n_nodes = len(charge)
    potential, distance = np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64)
    mark, came, settled = (
        np.zeros(n_nodes, np.int32),
        np.zeros(n_nodes, np.int32),
        np.zeros(n_nodes, np.int32),
    )
    heap = np.zeros(len(link_edge) + 2, np.int64)
    links = (start, link_edge, link_node, link_step)
    work = (distance, mark, came, settled, heap)
    search = 0
    left = 0
    for source in range(n_nodes):
        while charge[source] > 0:
            search += 1
            goal, n_settled = find_goal(source, search, charge, links, cost, cycles, potential, work)
            if goal < 0:
                left += charge[source]
                break
            for k in range(n_settled):
                potential[settled[k]] += distance[settled[k]] - distance[goal]
            charge[source] -= 1
            charge[goal] += 1
            node = goal
            while node != source:
                link = came[node]
                edge = link_edge[link]
                cycles[edge] += link_step[link]
                node = link_node[find_link(start, link_edge, node, edge)]
    return left
