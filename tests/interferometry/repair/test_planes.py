"""The smooth part of closures."""

from __future__ import annotations

import numpy as np
import pytest
from tests.interferometry.repair.injected import TURN

from fringeworks.interferometry.repair import fit_closure_planes

TRIPLET = np.array([[0, 1, 2]])


def sample(rng, plane, *, noise, wrong=0.0, n=2000):
    places = np.column_stack([rng.uniform(0, 300, n), rng.uniform(0, 500, n)])
    closure = plane[0] + places @ np.array(plane[1:]) + noise * rng.standard_normal(n)
    closure += TURN * (rng.random(n) < wrong) * rng.choice([-1, 1, 2])
    first = rng.uniform(-50, 50, n)
    second = rng.uniform(-50, 50, n)
    return np.stack([first, second, first + second - closure]).astype(np.float32), places


@pytest.mark.parametrize(
    "plane", [(0.0, 0.0, 0.0), (3.0, 0.02, -0.03), (-40.0, -0.05, 0.01), (9.0, 0.0, 0.03)]
)
@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_a_plane_is_found_under_noise_and_cycles(rng, plane, wrong):
    values, places = sample(rng, plane, noise=0.4, wrong=wrong)
    found = fit_closure_planes(values, positions=places, triplets=TRIPLET)[0]
    # 2000 values of 0.4 rad: 0.02 rad at the middle, 0.06 rad over the image
    at = np.array([[1.0, 0.0, 0.0], [1.0, 300.0, 500.0], [1.0, 0.0, 500.0], [1.0, 150.0, 250.0]])
    np.testing.assert_allclose(at @ found, at @ np.array(plane), atol=0.15)


def test_gaps_and_few_pixels(rng):
    values, places = sample(rng, (1.0, 0.0, 0.0), noise=0.1, n=5)
    found = fit_closure_planes(values, positions=places, triplets=TRIPLET)[0]
    np.testing.assert_allclose(found, [1.0, 0.0, 0.0], atol=0.2)
    values[:] = np.nan
    np.testing.assert_array_equal(fit_closure_planes(values, positions=places, triplets=TRIPLET), 0.0)
