"""What height errors share over kilometres is found, and what differs from point to point is left."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points.levelling import own_height_std, shared_heights


def test_a_smooth_field_is_shared_and_buildings_are_not():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 10_000, (2, 8000))
    smooth = 6 * np.sin(2 * np.pi * x / 9000) + 0.0004 * y
    houses = np.where(rng.random(8000) < 0.2, rng.uniform(5, 30, 8000), 0.0)
    found = shared_heights(x, y, smooth + houses + rng.normal(0, 2, 8000), distance=1500.0)
    inside = (x > 1500) & (x < 8500) & (y > 1500) & (y < 8500)
    left = (found - smooth)[inside]
    # a fifth of houses lifts the median by less than a metre; a Gaussian of 750 m leaves 13 % of the wave
    assert abs(left.mean()) < 1.0
    assert left.std() < 0.13 * 6 / np.sqrt(2) + 0.5


def test_few_points_share_their_median():
    found = shared_heights(np.zeros(3), np.zeros(3), np.array([1.0, 2.0, np.nan]), distance=100.0)
    np.testing.assert_allclose(found, 1.5)
    assert shared_heights(np.zeros(0), np.zeros(0), np.zeros(0), distance=1.0).size == 0


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeMismatchError):
        shared_heights(np.zeros(3), np.zeros(2), np.zeros(3), distance=1.0)
    with pytest.raises(OutOfRangeError):
        shared_heights(np.zeros(3), np.zeros(3), np.zeros(3), distance=0.0)


def test_sigma_of_heights_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    years, answer = np.arange(12) / 30.0, rng.normal(0, 0.02, (12, 5))
    found = own_height_std(np.full(5, 0.3), years=years, height_to_phase=answer, wavelength=0.0555)
    for k in range(5):
        design = np.stack([np.ones(12), 4 * np.pi / 0.0555 * years, answer[:, k]], axis=1)
        assert found[k] == pytest.approx(0.3 * np.sqrt(np.linalg.inv(design.T @ design)[2, 2]), rel=1e-6)
