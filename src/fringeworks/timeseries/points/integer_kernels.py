"""Compiled loops of integer least squares: reduction of a lattice, and search for its nearest point."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Reals = NDArray[np.float64]

LOVASZ = 0.99
"""How strictly the reduction orders the basis: 1 is the strictest."""
MOST_SWAPS = 200_000


@kernel
def reduce_lattice(triangle: Reals, transform: Reals) -> bool:
    """Reduce an upper triangular basis in place [Lenstra1982]; ``transform`` becomes the integer matrix that does it.

    Returns False where it did not end within the swaps allowed; the basis is then one of the same lattice all the same.
    """
    n = triangle.shape[0]
    transform[:] = 0.0
    for k in range(n):
        transform[k, k] = 1.0
    k, n_swaps = 1, 0
    while k < n:
        _shorten(triangle, transform, k)
        before = triangle[k - 1, k - 1] ** 2
        if LOVASZ * before <= triangle[k - 1, k] ** 2 + triangle[k, k] ** 2:
            k += 1
            continue
        n_swaps += 1
        if n_swaps > MOST_SWAPS:
            return False
        _swap(triangle, transform, k)
        k = max(k - 1, 1)
    return True


@kernel
def _shorten(triangle: Reals, transform: Reals, k: int) -> None:
    """Subtract whole multiples of the columns before column k from it."""
    for j in range(k - 1, -1, -1):
        times = math.floor(triangle[j, k] / triangle[j, j] + 0.5)
        if times == 0.0:
            continue
        for i in range(j + 1):
            triangle[i, k] -= times * triangle[i, j]
        for i in range(transform.shape[0]):
            transform[i, k] -= times * transform[i, j]


@kernel
def _swap(triangle: Reals, transform: Reals, k: int) -> None:
    """Swap columns k - 1 and k, and turn two rows so that the basis is triangular again."""
    n = triangle.shape[0]
    for i in range(k + 1):
        triangle[i, k - 1], triangle[i, k] = triangle[i, k], triangle[i, k - 1]
    for i in range(n):
        transform[i, k - 1], transform[i, k] = transform[i, k], transform[i, k - 1]
    a, b = triangle[k - 1, k - 1], triangle[k, k - 1]
    length = math.hypot(a, b)
    cosine, sine = a / length, b / length
    for j in range(k - 1, n):
        upper, lower = triangle[k - 1, j], triangle[k, j]
        triangle[k - 1, j] = cosine * upper + sine * lower
        triangle[k, j] = cosine * lower - sine * upper
    triangle[k, k - 1] = 0.0


@kernel
def find_nearest(triangle: Reals, target: Reals, most_nodes: int, nearest: Reals) -> int:
    """Find the integers z that make |triangle (target - z)| least, depth first, nearest candidates first [Agrell2002].

    Returns the nodes visited, or minus that where the limit was reached and ``nearest`` is the best until then.
    """
    n = target.size
    centre, distance = np.empty(n), np.zeros(n + 1)
    trial, step = np.empty(n), np.empty(n)
    best, nodes, level = np.inf, 0, n - 1
    centre[level] = target[level]
    trial[level] = math.floor(centre[level] + 0.5)
    step[level] = 1.0 if centre[level] >= trial[level] else -1.0
    while True:
        nodes += 1
        reached = distance[level + 1] + (triangle[level, level] * (centre[level] - trial[level])) ** 2
        if reached < best and level > 0:
            distance[level] = reached
            level -= 1
            shift = 0.0
            for j in range(level + 1, n):
                shift += triangle[level, j] * (target[j] - trial[j])
            centre[level] = target[level] + shift / triangle[level, level]
            trial[level] = math.floor(centre[level] + 0.5)
            step[level] = 1.0 if centre[level] >= trial[level] else -1.0
            continue
        if reached < best:
            best = reached
            nearest[:] = trial
        if reached >= best and level == n - 1:
            return nodes
        # the first leaf is always reached: with no candidate better, go up
        level = min(level + 1, n - 1)
        trial[level] += step[level]
        step[level] = -step[level] - (1.0 if step[level] > 0.0 else -1.0)
        if nodes > most_nodes and best < np.inf:
            return -nodes
