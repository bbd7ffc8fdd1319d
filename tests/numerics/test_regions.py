"""Connected regions of equal value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.regions import find_regions


def test_regions_are_those_of_each_value(rng):
    values = ndimage.zoom(rng.integers(0, 4, (14, 17)), 4, order=0).astype(np.int32)
    values[rng.random(values.shape) < 0.2] = 0
    got = find_regions(values)
    plain = np.zeros(values.shape, int)
    for value in (1, 2, 3):
        labels, n = ndimage.label(values == value, np.ones((3, 3)))
        plain += np.where(labels > 0, labels + plain.max(), 0)
        assert n > 0
    # the same partition, numbered in order of first pixels
    assert (
        len(np.unique(np.stack([got.ravel(), plain.ravel()]), axis=1).T) == got.max() + 1 == plain.max() + 1
    )
    firsts = [np.flatnonzero(got.ravel() == k)[0] for k in range(1, got.max() + 1)]
    assert firsts == sorted(firsts)


def test_corners_touch_and_other_values_do_not():
    values = np.array([[1, 0, 2], [0, 1, 2], [2, 0, 1]], np.int32)
    np.testing.assert_array_equal(find_regions(values), [[1, 0, 2], [0, 1, 2], [3, 0, 1]])
    np.testing.assert_array_equal(find_regions(np.zeros((2, 3), np.int32)), 0)
    with pytest.raises(ShapeMismatchError, match="rows and columns"):
        find_regions(np.zeros(3, np.int32))
