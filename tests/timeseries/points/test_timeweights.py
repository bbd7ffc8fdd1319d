"""Weights in time: what they are, and that the reach holds all of them."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.timeseries.points.timeweights import gaussian_weights


@pytest.mark.parametrize("shuffled", [False, True])
def test_weights_are_gaussian_and_the_reach_holds_them(shuffled):
    rng = np.random.default_rng(1)
    years = rng.uniform(0.0, 10.0, 80)
    years = years if shuffled else np.sort(years)
    window = gaussian_weights(years, 0.3, own=0.0)
    apart = years[:, None] - years
    near = (np.abs(apart) < 0.3 * np.sqrt(2 * np.log(1000.0))) & ~np.eye(80, dtype=bool)
    assert np.array_equal(window.weights > 0.0, near)
    assert np.allclose(window.weights[near], np.exp(-0.5 * (apart[near] / 0.3) ** 2))
    index = np.arange(80)
    inside = (index >= window.reach[:, :1]) & (index < window.reach[:, 1:])
    assert not (near & ~inside).any()
    if not shuffled:
        assert (np.diff(window.reach, axis=1) < 40).all()


def test_a_date_alone_has_no_reach_and_none_is_legal():
    window = gaussian_weights(np.array([0.0, 100.0]), 0.1, own=0.0)
    assert not window.weights.any()
    assert (window.reach == 0).all()
    assert gaussian_weights(np.array([0.0, 100.0]), 0.1, own=1.0).reach.tolist() == [[0, 1], [1, 2]]
    assert gaussian_weights(np.zeros(0), 1.0, own=0.0).weights.shape == (0, 0)
