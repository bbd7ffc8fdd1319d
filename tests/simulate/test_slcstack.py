"""Stacks of single-look images: coherence by class, truth phase, and the bound of phase linking."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.model.grids import Shape
from fringeworks.simulate.covariance import CoherenceModel
from fringeworks.simulate.fields import PowerLaw
from fringeworks.simulate.scenario import regular_dates
from fringeworks.simulate.slcstack import (
    SlcScenario,
    SpeckleClass,
    linking_bound,
    simulate_slc_stack,
)

DATES = regular_dates(date(2022, 3, 1), every=12, count=6)
TWO = (
    SpeckleClass(coherence=CoherenceModel(initial=0.6, decay_days=50.0, floor=0.1), share=0.5),
    SpeckleClass(
        coherence=CoherenceModel(initial=0.9, decay_days=500.0, floor=0.5), share=0.5, amplitude=2.5
    ),
)


def made(seed=8, **changes):
    scenario = SlcScenario(dates=DATES, shape=Shape(100, 160), **changes)
    return simulate_slc_stack(scenario, rng=np.random.default_rng(seed))


def test_each_class_has_its_coherence_and_power():
    stack = made(classes=TWO, edges="stripes")
    slc = stack.whole().slc.astype(complex)
    for index, kind in enumerate(TWO):
        samples = slc[:, stack.classes == index]
        count = samples.shape[1]
        power = np.mean(np.abs(samples) ** 2, axis=1)
        # power of circular Gaussians is exponential: relative standard error 1 / sqrt(n)
        np.testing.assert_allclose(power, kind.amplitude**2, rtol=4.5 / math.sqrt(count))
        found = samples @ samples.conj().T / count / np.sqrt(np.outer(power, power))
        np.testing.assert_allclose(found, stack.coherence[index], atol=4.5 / math.sqrt(count))


def test_stripes_have_straight_edges():
    classes = made(classes=TWO, edges="stripes").classes
    assert np.all(classes == classes[:1])
    np.testing.assert_array_equal(np.flatnonzero(np.diff(classes[0].astype(int))), [79])


def test_interferogram_of_first_and_date_has_the_true_phase():
    flat = made()
    moved = made(
        bowl_rate=20.0,
        gradient=(0.05, -0.1),
        screen=PowerLaw(exponent=4.0, rms_difference=0.5, distance=200.0),
    )
    steady, turned = flat.whole(), moved.whole()
    assert not steady.phase.any()
    # same speckle: what is left between the two stacks is the phase that was put in
    extra = np.angle(turned.slc * steady.slc.conj())
    against_first = extra[:1] - extra
    np.testing.assert_allclose(np.exp(1j * against_first), np.exp(1j * turned.phase), atol=1e-4)
    assert turned.phase[5].std() > 1.0
    assert not turned.phase[0].any()


def test_bowl_turns_its_centre_by_its_rate():
    stack = made(bowl_rate=8.0)
    years = (DATES[-1] - DATES[0]).days / 365.25
    assert stack.phase(slice(50, 51))[-1, 0, 80] == pytest.approx(8.0 * years, rel=1e-5)


def test_persistent_scatterers_are_steady():
    stack = made(persistent_share=0.02, persistent_amplitude=8.0)
    share = stack.persistent.mean()
    assert share == pytest.approx(0.02, abs=4 * math.sqrt(0.02 / 16_000))
    amplitude = np.abs(stack.whole().slc)
    dispersion = amplitude.std(axis=0) / amplitude.mean(axis=0)
    # a steady amplitude of 8 in noise of variance 1/2 a component: 0.7 / 8
    assert np.median(dispersion[stack.persistent]) < 0.12
    assert np.median(dispersion[~stack.persistent]) > 0.3


def test_blocks_and_seeds():
    stack = made(classes=TWO)
    whole = stack.whole()
    for lines in (16, 48):
        parts = list(stack.strips(lines=lines))
        np.testing.assert_array_equal(np.concatenate([p.slc for p in parts], axis=1), whole.slc)
    np.testing.assert_array_equal(made(classes=TWO).whole().slc, whole.slc)
    assert not np.array_equal(made(seed=9, classes=TWO).whole().slc, whole.slc)
    with pytest.raises(OutOfRangeError, match="blocks of 10 lines"):
        next(stack.strips(lines=10))


def test_bound_of_two_images_is_that_of_one_interferogram():
    g, looks = 0.7, 25
    bound = linking_bound(np.array([[1.0, g], [g, 1.0]]), looks=looks)
    # Rodriguez and Martin 1992: (1 - g^2) / (2 L g^2)
    assert bound[0] == pytest.approx(math.sqrt((1 - g * g) / (2 * looks * g * g)))


def test_bound_of_thirty_images_is_the_published_size():
    dates = regular_dates(date(2022, 1, 1), every=12, count=30)
    matrix = CoherenceModel(initial=0.6, decay_days=50.0, floor=0.1).matrix(dates)
    rms = math.sqrt(np.mean(linking_bound(matrix, looks=121) ** 2))
    # the figure that an independent program's bound gives for the same matrix and looks
    assert rms == pytest.approx(0.197, abs=0.01)


def test_impossible_scenarios_are_refused():
    with pytest.raises(TooFewDataError, match="1 dates"):
        SlcScenario(dates=DATES[:1], shape=Shape(4, 4))
    with pytest.raises(OutOfRangeError, match="edges 'round'"):
        replace(made().scenario, edges="round")
