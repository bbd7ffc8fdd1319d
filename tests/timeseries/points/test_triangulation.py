"""The triangulation: complete, counter-clockwise, in one order, and legal for any set of points."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points.triangulation import triangulate


def joined(n_points, edges):
    label = np.arange(n_points)
    for _ in range(n_points):
        for i, j in edges:
            label[i] = label[j] = min(label[i], label[j])
    return not n_points or (label == 0).all()


def area(x, y, triangles):
    a, b, c = triangles.T
    return 0.5 * ((x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]))


def test_triangles_cover_the_hull_and_satisfy_euler():
    rng = np.random.default_rng(1)
    x, y = 6e5 + rng.uniform(0, 9e3, 400), 4.6e6 + rng.uniform(0, 4e3, 400)
    edges, triangles = triangulate(x, y)
    assert edges.dtype == triangles.dtype == np.int32
    assert len(edges) == 400 + len(triangles) - 1  # Euler: V - E + F = 1 without the outer face
    areas = area(x - 6e5, y - 4.6e6, triangles)
    assert (areas > 0).all()
    assert np.isclose(areas.sum(), 9e3 * 4e3, rtol=0.05)
    assert (edges[:, 0] < edges[:, 1]).all()
    assert (np.lexsort(edges.T[::-1]) == np.arange(len(edges))).all()
    assert (triangles[:, 0] == triangles.min(axis=1)).all()
    # Delaunay: no point within the circle about a triangle
    for t in triangles[::37]:
        a = np.stack([x[t], y[t]], 1) - [6e5, 4.6e6]
        centre = np.linalg.solve(2 * (a[1:] - a[0]), (a[1:] ** 2).sum(1) - (a[0] ** 2).sum())
        radius = np.hypot(*(a[0] - centre))
        assert np.hypot(x - 6e5 - centre[0], y - 4.6e6 - centre[1]).min() > radius - 1e-5


def test_the_order_of_points_does_not_matter():
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 1e3, (2, 150))
    order = rng.permutation(150)
    edges, _ = triangulate(x, y)
    other, _ = triangulate(x[order], y[order])
    again = np.sort(order[other], axis=1)
    assert (np.unique(again, axis=0) == edges).all()


@pytest.mark.parametrize(("n_points", "n_edges", "n_triangles"), [(0, 0, 0), (1, 0, 0), (2, 1, 0), (3, 3, 1)])
def test_few_points_are_legal(n_points, n_edges, n_triangles):
    x, y = np.array([0.0, 10.0, 3.0])[:n_points], np.array([0.0, 1.0, 8.0])[:n_points]
    edges, triangles = triangulate(x, y)
    assert edges.shape == (n_edges, 2)
    assert triangles.shape == (n_triangles, 3)


def test_points_on_a_line_make_a_chain():
    t = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    edges, triangles = triangulate(1e5 + 7 * t, 4e6 - 2 * t)
    assert len(triangles) == 0
    assert edges.tolist() == [[0, 2], [0, 4], [1, 2], [3, 4]]


def test_points_at_one_place_hang_on_the_first():
    x = np.array([0.0, 10.0, 0.0, 10.0, 10.0, 5.0, 5.3])
    y = np.array([0.0, 0.0, 10.0, 10.0, 10.0, 5.0, 5.0])
    edges, triangles = triangulate(x, y, same_place=0.5)
    assert [3, 4] in edges.tolist()
    assert [5, 6] in edges.tolist()
    assert not np.isin(triangles, [4, 6]).any()
    assert joined(7, edges)
    every, none = triangulate(np.zeros(4), np.zeros(4))
    assert every.tolist() == [[0, 1], [0, 2], [0, 3]]
    assert len(none) == 0


def test_a_regular_grid_is_joined_and_repeats():
    y, x = (v.ravel().astype(float) for v in np.mgrid[:30, :40] * 90.0)
    edges, triangles = triangulate(x, y)
    assert len(triangles) == 2 * 29 * 39
    assert len(edges) == 1200 + len(triangles) - 1
    again = triangulate(x, y)
    assert (again[0] == edges).all()
    assert (again[1] == triangles).all()


def test_what_cannot_be_right_is_refused():
    with pytest.raises(ShapeMismatchError, match="two lists"):
        triangulate(np.zeros(3), np.zeros(4))
    with pytest.raises(OutOfRangeError, match="1 of 3 points"):
        triangulate(np.array([0.0, np.nan, 1.0]), np.zeros(3))
    with pytest.raises(OutOfRangeError, match="same_place"):
        triangulate(np.zeros(3), np.zeros(3), same_place=-1.0)
