"""The triangles and arcs between points of the plane, in an order that never changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

from fringeworks.errors import OutOfRangeError, ShapeMismatchError

_FLAT: Final = 1e-9
"""Points whose extent across is below this share of their extent along lie on one line."""
_SAME: Final = 1e-7
"""Points closer than this share of the extent are one place to the triangulation, whatever the caller asked."""


def triangulate(
    x: NDArray[np.floating], y: NDArray[np.floating], *, same_place: float = 0.0
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Join points by a Delaunay triangulation.

    Parameters
    ----------
    x, y : floating, (point,)
        Coordinates in a plane [m].
    same_place : float
        Points that are nearer to each other than this [m] are one corner of the triangulation.

    Returns
    -------
    edges : int32, (edge, 2)
        Points at the ends of each arc, the lower number first; arcs in ascending order, each once.
    triangles : int32, (triangle, 3)
        Corners, counter-clockwise with x to the right and y up, the lowest number first; in ascending order.

    Raises
    ------
    ShapeMismatchError
        ``x`` and ``y`` are not two lists of one length.
    OutOfRangeError
        A coordinate is not finite, or ``same_place`` is negative.

    Notes
    -----
    The arcs always join all points.  Of points at one place the first is a corner, and each of the others hangs on it by
    an arc of its own that is in no triangle.  Points on a line make a chain; one or no point makes no arc.
    """
    places = _checked(x, y, same_place)
    n_points = len(places)
    corner = _corners(places, same_place)
    own = np.flatnonzero(corner == np.arange(n_points))
    hanging = np.flatnonzero(corner != np.arange(n_points))
    edges = [np.stack([corner[hanging], hanging], axis=1)]
    triangles = np.zeros((0, 3), np.int64)
    if own.size > 1:
        simplices, left_out = _delaunay(places[own])
        triangles = own[simplices]
        edges.append(own[left_out])
        if not len(triangles):
            edges = [edges[0], own[_chain(places[own])]]
    sides = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    every = np.sort(np.concatenate([*edges, sides]).astype(np.int64), axis=1)
    return (
        np.unique(every, axis=0).astype(np.int32).reshape(-1, 2),
        _ordered(triangles).astype(np.int32).reshape(-1, 3),
    )


def _checked(x: NDArray[np.floating], y: NDArray[np.floating], same_place: float) -> NDArray[np.float64]:
    """Return coordinates about their mean, (point, 2), after checks."""
    if x.shape != y.shape or x.ndim != 1:
        raise ShapeMismatchError(f"x of {x.shape}, y of {y.shape}", expected="two lists of one length")
    places = np.stack([x, y], axis=1).astype(np.float64)
    n_bad = int(np.count_nonzero(~np.isfinite(places).all(axis=1)))
    if n_bad:
        raise OutOfRangeError(
            f"{n_bad} of {len(places)} points without finite coordinates",
            expected="x and y in metres for every point",
            hint="leave these points out before",
        )
    if not same_place >= 0.0:
        raise OutOfRangeError(f"same_place {same_place}", expected="0 m or more")
    return places - places.mean(axis=0) if len(places) else places


def _corners(places: NDArray[np.float64], same_place: float) -> NDArray[np.int64]:
    """Return for each point the first point of its place, (point,): itself but for duplicates."""
    n_points = len(places)
    radius = max(same_place, _SAME * float(np.abs(places).max(initial=0.0)))
    if n_points < 2:
        return np.arange(n_points)
    near = cKDTree(places).query_pairs(radius, output_type="ndarray")
    links = coo_array((np.ones(len(near), np.int8), (near[:, 0], near[:, 1])), shape=(n_points, n_points))
    _, label = connected_components(links, directed=False)
    _, first = np.unique(label, return_index=True)
    return np.asarray(first[label], np.int64)


def _delaunay(places: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return counter-clockwise triangles and, for points that Qhull left out, arcs to their nearest corner."""
    none = np.zeros((0, 3), np.int64), np.zeros((0, 2), np.int64)
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    if len(places) < 3 or spread[1] <= _FLAT * spread[0]:
        return none
    try:
        made = Delaunay(places)
    except QhullError:
        return none
    corners = made.simplices.astype(np.int64)
    a, b, c = (places[corners[:, k]] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    corners[turn < 0.0] = corners[turn < 0.0][:, [0, 2, 1]]
    return corners, made.coplanar[:, [0, 2]].astype(np.int64)


def _chain(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the arcs of points on one line, from one end to the other, (point - 1, 2)."""
    _, _, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
    order = np.argsort(places @ axes[0], kind="stable")
    return np.array(list(pairwise(order.tolist())), np.int64).reshape(-1, 2)


def _ordered(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn each triangle until its lowest corner is first, and sort them."""
    first = np.argmin(triangles, axis=1) if len(triangles) else np.zeros(0, np.int64)
    turned = np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)
    return turned[np.lexsort(turned.T[::-1])]
