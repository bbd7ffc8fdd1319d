"""The arcs of a network of points: those of the triangulation, and free ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from fringeworks.timeseries.points.triangulation import triangulate

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs between points.

    Attributes
    ----------
    ends : int32, (arc, 2)
        Numbers of the points, the lower first; in ascending order, each once.
    length : float64, (arc)
        Metres.
    """

    ends: Counts
    length: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ends)

    def select(self, which: NDArray[np.bool_]) -> Arcs:
        """Return the arcs of a True/False array."""
        return Arcs(self.ends[which], self.length[which])

    def degree(self, n_points: int) -> NDArray[np.int64]:
        """Return the number of arcs at each point, (point)."""
        return np.bincount(self.ends.ravel(), minlength=n_points)


def make_arcs(
    x: NDArray[np.float64], y: NDArray[np.float64], *, max_length: float, free_arcs: int = 0
) -> Arcs:
    """Join points by the arcs of their Delaunay triangulation, and each to its nearest points.

    Parameters
    ----------
    x, y : float64, (point)
        Coordinates in a plane [m].
    max_length : float
        Longer arcs are left out [m].
    free_arcs : int
        Nearest points that each is joined to besides.  A triangulation's arcs join points only to those around them: where
        these are noise, free arcs reach over them.

    Returns
    -------
    Arcs
    """
    ends = [triangulate(x, y)[0].astype(np.int64)]
    n = x.size
    n_near = min(free_arcs, n - 1)
    if n_near > 0:
        places = np.stack([x, y], axis=1)
        _, near = cKDTree(places).query(places, k=n_near + 1)
        start = np.repeat(np.arange(n), n_near + 1)
        joined = np.stack([start, near.ravel()], axis=1)
        ends.append(joined[joined[:, 0] != joined[:, 1]])
    return measure_arcs(np.concatenate(ends), x, y, max_length=max_length)


def measure_arcs(
    ends: NDArray[np.integer], x: NDArray[np.float64], y: NDArray[np.float64], *, max_length: float
) -> Arcs:
    """Sort arcs, keep each once, and leave the long ones out.

    Parameters
    ----------
    ends : int, (arc, 2)
        In any order.
    x, y : float64, (point)
        Coordinates [m].
    max_length : float
        Longest arc that is kept [m].
    """
    unique = np.unique(np.sort(ends, axis=1), axis=0).reshape(-1, 2)
    length = np.hypot(x[unique[:, 1]] - x[unique[:, 0]], y[unique[:, 1]] - y[unique[:, 0]])
    short = length <= max_length
    return Arcs(unique[short].astype(np.int32), length[short])


def label_components(ends: Counts, n_points: int) -> NDArray[np.int64]:
    """Label the connected subsets of points, the largest 0, ties by their first point.

    Parameters
    ----------
    ends : int32, (arc, 2)
        Arcs.
    n_points : int
        Number of points; those without arc are subsets of their own.

    Returns
    -------
    int64, (point)
    """
    links = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n_points, n_points))
    _, label = connected_components(links, directed=False)
    names, first, sizes = np.unique(label, return_index=True, return_counts=True)
    rank = np.empty(names.size, np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(names.size)
    return np.asarray(rank[label])
