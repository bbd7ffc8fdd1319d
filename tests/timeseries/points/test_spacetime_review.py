"""The second look: planted wrong cycles are found, right ones stay."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.point_unwrapper import TURN, YEAR, bowl, places

from fringeworks.timeseries.points.spacetime_dates import neighbours_of
from fringeworks.timeseries.points.spacetime_review import review_phases
from fringeworks.timeseries.points.triangulation import triangulate


def scene(noise=0.3, n_dates=20):
    x, y = places(300)
    rng = np.random.default_rng(2)
    years = np.arange(n_dates) * 12 / YEAR
    air = rng.standard_normal((n_dates, 3)) @ np.stack([np.ones(300), x / 9e3, y / 9e3])
    truth = bowl(x, y, years, 40.0) + 2.0 * air + noise * rng.standard_normal((n_dates, 300))
    truth -= truth[0]
    truth -= truth[:, [17]]
    edges, _ = triangulate(x, y)
    return truth.astype(np.float32), years, neighbours_of(edges, np.ones(len(edges), np.bool_), 300)


def review(unwrapped, years, neighbours, prior=None, usable=None):
    return review_phases(
        unwrapped,
        prior,
        usable=np.isfinite(unwrapped) if usable is None else usable,
        neighbours=neighbours,
        component=np.ones(300, np.int32),
        references=np.array([17]),
        years=years,
        reference=0,
        smoothing_years=60 / YEAR,
    )


@pytest.mark.parametrize("with_prior", [False, True])
def test_planted_cycles_are_found_and_right_ones_stay(with_prior):
    truth, years, neighbours = scene()
    prior = (40.0 * years[:, None] * np.linspace(0, 1, 300)).astype(np.float32) if with_prior else None
    right = truth.copy() if prior is None else truth + prior - prior[:, [17]]
    prior = prior if prior is None else prior - prior[:, [17]]
    found = right.copy()
    assert not review(found, years, neighbours, prior).any()
    assert np.array_equal(found, right)
    rng = np.random.default_rng(3)
    wrong = rng.random(right.shape) < 0.02
    wrong[0] = wrong[:, 17] = False
    found[wrong] += np.float32(TURN) * rng.choice([-1.0, 1.0], int(wrong.sum())).astype(np.float32)
    changed = review(found, years, neighbours, prior)
    assert np.abs(found - right).max() < 1e-3
    assert changed.sum() == wrong.sum()


def test_a_reference_point_that_is_wrong_moves_all_others():
    truth, years, neighbours = scene()
    found = truth.copy()
    found[7] += np.float32(TURN)
    found[7, 17] = 0.0
    assert review(found, years, neighbours)[7] == 1
    assert np.abs(found - truth).max() < 1e-3
    assert (found[:, 17] == 0.0).all()


def test_what_is_not_usable_is_left_and_does_not_vouch():
    truth, years, neighbours = scene()
    found = truth.copy()
    found[5, 30:60] = np.nan
    found[9, 100] += np.float32(TURN)
    usable = np.isfinite(found)
    usable[9, 100] = False
    before = found.copy()
    assert not review(found, years, neighbours, usable=usable).any()
    assert np.array_equal(found, before, equal_nan=True)
