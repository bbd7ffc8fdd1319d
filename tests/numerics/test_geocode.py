"""Images on other grids: exact on planes, silent across regions and holes."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.geocode import geocode_components, geocode_image


@pytest.fixture
def places(rng):
    return rng.uniform(-1, 20, (30, 40)).astype(np.float32), rng.uniform(-1, 30, (30, 40)).astype(np.float32)


def plane(rows=20, cols=30):
    r, c = np.mgrid[:rows, :cols].astype(np.float32)
    return (2.0 * r - 3.0 * c).astype(np.float32)


def test_a_plane_is_exact_and_outside_is_empty(places):
    row, col = places
    found = geocode_image(plane(), row, col)
    inside = (row >= 0) & (col >= 0) & (row <= 19) & (col <= 29)
    np.testing.assert_array_equal(np.isfinite(found), inside)
    # float32 positions and values of up to 100
    np.testing.assert_allclose(found[inside], (2 * row - 3 * col)[inside], atol=1e-4)


def test_both_parts_of_a_complex_image(places):
    row, col = places
    found = geocode_image((plane() + 1j * plane()[::1] * 0.5).astype(np.complex64), row, col)
    np.testing.assert_array_equal(found.real, geocode_image(plane(), row, col))
    np.testing.assert_allclose(found.imag, 0.5 * found.real, atol=1e-5)


def test_a_hole_empties_what_it_has_weight_in():
    image = plane()
    image[5, 5] = np.nan
    row = np.array([[5.0, 4.5, 4.0, 6.0]], np.float32)
    col = np.array([[5.0, 5.0, 5.0, 5.0]], np.float32)
    assert np.isnan(geocode_image(image, row, col)).tolist() == [[True, True, False, False]]


def test_regions_are_not_mixed():
    labels = np.ones((20, 30), np.uint16)
    labels[:, 15:] = 2
    row = np.full((1, 3), 3.0, np.float32)
    col = np.array([[14.0, 14.5, 15.0]], np.float32)
    assert np.isnan(geocode_image(plane(), row, col, labels=labels)).tolist() == [[False, True, False]]
    assert geocode_components(labels, row, col).tolist() == [[1, 1, 2]]
    assert geocode_components(labels, row - 10, col).tolist() == [[0, 0, 0]]


def test_shapes_are_checked():
    with pytest.raises(ShapeMismatchError, match="positions"):
        geocode_image(plane(), np.zeros((2, 2), np.float32), np.zeros((3, 2), np.float32))
