"""Connected components: by size, above a smallest size, merged."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fringeworks.numerics.compiled import kernel

MOST: Final = int(np.iinfo(np.uint16).max)
"""Components that a result can number."""


def number_by_size(
    labels: NDArray[np.integer], *, minimum: int, merged: NDArray[np.integer] | None = None
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Give components numbers from the largest on, and leave out the small ones.

    Parameters
    ----------
    labels : int, (y, x)
        Not negative; 0 = none.
    minimum : int
        Fewest pixels of a component.
    merged : int, (label + 1), optional
        For each label the one it becomes, 0 = none; each its own by default.

    Returns
    -------
    components : uint16, (y, x)
        From 1, the largest first; of two alike, the one with the lower label.
    sizes : int64, (component)
        Pixels of each.  No more than 65,535 components are kept.
    """
    flat = np.ascontiguousarray(labels).ravel()
    n = int(flat.max(initial=0)) + 1
    becomes = np.arange(n) if merged is None else np.asarray(merged[:n], np.int64)
    sizes = np.bincount(becomes, weights=_count(flat, n), minlength=1).astype(np.int64)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] >= max(minimum, 1)][:MOST]
    number = np.zeros(sizes.size, np.uint16)
    number[order] = np.arange(1, order.size + 1)
    out = np.empty(labels.shape, np.uint16)
    _look_up(flat, number[becomes], out.ravel())
    return out, sizes[order]


@kernel
def _count(labels: NDArray[np.integer], n: int) -> NDArray[np.int64]:
    counts = np.zeros(n, np.int64)
    for k in range(labels.size):
        counts[labels[k]] += 1
    return counts


@kernel
def _look_up(labels: NDArray[np.integer], table: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    for k in range(labels.size):
        out[k] = table[labels[k]]


def join(n: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of ``n`` pieces the number of its group, from 0; pieces that are named together share one.

    Parameters
    ----------
    n : int
        Pieces.
    first, second : int64, (link)
        Numbers of two pieces that belong together, from 0.
    """
    links = coo_array((np.ones(first.size, np.int8), (first, second)), shape=(n, n))
    groups: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return groups
