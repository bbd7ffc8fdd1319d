"""Weighted means that leave out what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.filters import (
    box_weights,
    gaussian_weights,
    local_mean,
    triangle_weights,
    weighted_sum,
)


def plain_mean(values, down, across, row, col):
    total = weight = 0.0
    for i, a in enumerate(down):
        for j, b in enumerate(across):
            y, x = row + i - len(down) // 2, col + j - len(across) // 2
            if 0 <= y < values.shape[0] and 0 <= x < values.shape[1] and np.isfinite(values[y, x]):
                total += a * b * complex(values[y, x])
                weight += a * b
    return total / weight if weight else np.nan


@pytest.mark.parametrize("weights", [box_weights(5), triangle_weights(7), gaussian_weights(1.3)])
def test_weights_add_up_to_one_and_are_even(weights):
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(weights, weights[::-1])
    assert np.argmax(weights[: len(weights) // 2 + 1]) in (0, len(weights) // 2)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_mean_equals_plain(rng, dtype):
    values = rng.standard_normal((13, 17)).astype(dtype)
    if dtype == np.complex64:
        values = values + 1j * rng.standard_normal((13, 17)).astype(np.float32)
    values[rng.random((13, 17)) < 0.3] = np.nan
    down, across = triangle_weights(5), gaussian_weights(1.0)
    got = local_mean(values.astype(dtype), down=down, across=across, fill=True)
    assert got.dtype == dtype
    for row, col in np.ndindex(13, 17):
        assert got[row, col] == pytest.approx(plain_mean(values, down, across, row, col), abs=2e-6)
    kept = local_mean(values.astype(dtype), down=down, across=across)
    np.testing.assert_array_equal(np.isnan(kept), np.isnan(values))


@settings(max_examples=20, deadline=None)
@given(
    sigma=st.floats(0.2, 6.0), level=st.floats(-1e3, 1e3), share=st.floats(0.0, 0.9), seed=st.integers(0, 50)
)
def test_the_mean_of_a_constant_is_the_constant(sigma, level, share, seed):
    values = np.full((20, 30), level, np.float32)
    values[np.random.default_rng(seed).random((20, 30)) < share] = np.nan
    weights = gaussian_weights(sigma)
    got = local_mean(values, down=weights, across=weights)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(values))
    np.testing.assert_allclose(got[np.isfinite(got)], np.float32(level), rtol=3e-6, atol=1e-30)


def test_variance_of_noise_falls_by_the_sum_of_squared_weights(rng):
    noise = rng.standard_normal((600, 600)).astype(np.float32)
    weights = gaussian_weights(2.0)
    smooth = local_mean(noise, down=weights, across=weights)[20:-20, 20:-20]
    # some 10 000 independent values: 3 % in variance is four standard errors
    assert smooth.var() == pytest.approx(np.sum(weights**2) ** 2, rel=0.06)


def test_block_equals_whole(rng):
    values = rng.standard_normal((80, 70)).astype(np.float32)
    values[rng.random((80, 70)) < 0.1] = np.nan
    down, across = gaussian_weights(1.5), box_weights(9)
    whole = local_mean(values, down=down, across=across)
    tall, wide = len(down) // 2, 4
    part = local_mean(values[30 - tall : 50 + tall, 20 - wide : 60 + wide], down=down, across=across)
    np.testing.assert_array_equal(whole[30:50, 20:60], part[tall:-tall, wide:-wide])


def test_too_little_weight_gives_no_value():
    values = np.full((5, 5), np.nan, np.float32)
    values[2, 2] = 1.0
    weights = box_weights(3)
    assert local_mean(values, down=weights, across=weights, fill=True)[1, 1] == 1.0
    assert np.isnan(local_mean(values, down=weights, across=weights, fill=True, least_weight=0.5)).all()


def test_a_sum_counts_what_is_outside_as_nothing():
    ones = np.ones((4, 6), np.float32)
    got = weighted_sum(ones, down=np.ones(3), across=np.ones(3))
    assert got[0, 0] == 4.0
    assert got[0, 1] == 6.0
    assert got[1, 1] == 9.0


def test_bad_input_is_named():
    with pytest.raises(OutOfRangeError, match="4 weights"):
        box_weights(4)
    with pytest.raises(OutOfRangeError, match=r"sigma of 0\.0 pixels"):
        gaussian_weights(0.0)
    with pytest.raises(ShapeMismatchError, match="rows and columns"):
        local_mean(np.zeros(3, np.float32), down=np.ones(1), across=np.ones(1))
    with pytest.raises(OutOfRangeError, match="2 weights"):
        local_mean(np.zeros((3, 3), np.float32), down=np.ones(2), across=np.ones(1))
