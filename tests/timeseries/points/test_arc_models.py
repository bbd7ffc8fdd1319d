from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.timeseries.points.invented import WAVELENGTH, invent

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points import NetworkOptions, solve_network
from fringeworks.timeseries.points.arcs import label_components, make_arcs
from fringeworks.timeseries.points.design import make_design
from fringeworks.timeseries.points.falsealarm import coherence_threshold
from fringeworks.timeseries.points.integer import find_cycles, prepare_search
from fringeworks.timeseries.points.integerarcs import estimate_arcs_by_integers
from fringeworks.timeseries.points.periodogram import estimate_arcs

OPTIONS = NetworkOptions()


def dates(rng, n, options=OPTIONS):
    years = np.arange(n) * 12 / 365.25
    sensitivity = 4 * np.pi / WAVELENGTH / (870e3 * 0.64) * rng.normal(0, 60, n)
    sensitivity -= sensitivity[0]
    return make_design(years, sensitivity=sensitivity, wavelength=WAVELENGTH, options=options)[0], sensitivity


def star(phase):
    """Put a point of zero phase in front, and arcs from it to all others."""
    n = len(phase)
    arcs = np.stack([np.zeros(n, np.int32), np.arange(1, n + 1, dtype=np.int32)], axis=1)
    return np.concatenate([np.zeros((1, phase.shape[1])), phase]).astype(np.float32), arcs


def estimate(phase, sensitivity, design, sigma=0.25, estimator=estimate_arcs, missing=None):
    wrapped, arcs = star(np.angle(np.exp(1j * phase)))
    variance = np.full(wrapped.shape, sigma**2 / 2, np.float32)
    if missing is not None:
        variance[1:][missing] = np.nan
    everywhere = np.broadcast_to(sensitivity, wrapped.shape).astype(np.float32)
    return estimator(
        wrapped,
        variance,
        np.ascontiguousarray(everywhere),
        arcs=arcs,
        design=design,
        growth=np.zeros(len(arcs)),
        date_level=np.zeros(wrapped.shape[1]),
    )


@pytest.mark.parametrize("estimator", [estimate_arcs, estimate_arcs_by_integers])
def test_noiseless_arcs_are_found_exactly_anywhere_within_the_limits(rng, estimator):
    design, sensitivity = dates(rng, 24)
    velocity, height = rng.uniform(-0.095, 0.095, 200), rng.uniform(-48, 48, 200)
    found = estimate(
        np.outer(velocity, design.line) + np.outer(height, sensitivity),
        sensitivity,
        design,
        estimator=estimator,
    )
    # single precision of the phase: 1e-6 rad
    assert found.velocity == pytest.approx(velocity, abs=1e-6)
    assert found.height == pytest.approx(height, abs=1e-3)
    assert found.coherence == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("estimator", [estimate_arcs, estimate_arcs_by_integers])
def test_noisy_arcs_reach_the_covariance_they_report(rng, estimator):
    design, sensitivity = dates(rng, 20)
    velocity, height = rng.normal(0, 0.02, 2000), rng.normal(0, 10, 2000)
    phase = np.outer(velocity, design.line) + np.outer(height, sensitivity) + rng.normal(0, 0.3, (2000, 20))
    found = estimate(phase, sensitivity, design, sigma=0.3, estimator=estimator)
    for error, k in ((found.velocity - velocity, 0), (found.height - height, 1)):
        assert np.std(error) == pytest.approx(np.sqrt(found.covariance[0, k, k]), rel=0.06)
    assert np.mean(found.chi_square) == pytest.approx(17.0, rel=0.03)
    # E cos = exp(-sigma^2 / 2) of the noise that is left, 17 of 20 parts
    assert np.mean(found.coherence) == pytest.approx(np.exp(-0.5 * 0.09 * 17 / 20), abs=0.003)


def test_the_peak_is_that_of_a_fine_search_by_hand(rng):
    design, sensitivity = dates(rng, 12)
    phase = rng.uniform(-np.pi, np.pi, (20, 12))
    found = estimate(phase, sensitivity, design)
    v, h = np.meshgrid(np.linspace(-0.1, 0.1, 121), np.linspace(-50, 50, 61))
    model = v[..., None] * design.line + h[..., None] * sensitivity
    for k in range(20):
        highest = np.abs(np.exp(1j * (phase[k] - model)).mean(axis=-1)).max()
        # a peak on the border of the search may be higher between the trials of the coarse search than on them
        assert found.coherence[k] > highest - 0.08
    assert np.mean(found.coherence) == pytest.approx(
        np.mean([np.abs(np.exp(1j * (p - model)).mean(axis=-1)).max() for p in phase]), abs=0.015
    )


def test_missing_dates_count_less(rng):
    design, sensitivity = dates(rng, 30)
    missing = rng.random((40, 30)) < 0.3
    missing[0] = True
    missing[1, 1:] = True
    phase = np.outer(rng.normal(0, 0.01, 40), design.line)
    for estimator in (estimate_arcs, estimate_arcs_by_integers):
        found = estimate(phase, sensitivity, design, missing=missing, estimator=estimator)
        assert found.n_dates.tolist() == (30 - missing.sum(axis=1)).tolist()
        assert np.isnan(found.velocity[:2]).all()
        assert found.velocity[2:] == pytest.approx(phase[2:, 1] / design.line[1], abs=1e-3)


@pytest.mark.parametrize(("n_dates", "room"), [(20, 1.35), (50, 1.35), (8, 3.0)])
def test_noise_passes_as_often_as_was_asked_for(rng, n_dates, room):
    design, sensitivity = dates(rng, n_dates)
    found = estimate(rng.uniform(-np.pi, np.pi, (6000, n_dates)), sensitivity, design)
    threshold = coherence_threshold(
        0.02,
        n_dates=n_dates,
        columns=np.stack([design.line, sensitivity], axis=1),
        limits=np.array([0.1, 50.0]),
    )
    share = np.mean(found.coherence > threshold)
    # 120 expected: 9 % of scatter; the approximation is one for levels far out, and weak for 8 dates
    assert 0.02 / room < share < 0.02 * room


def test_thresholds_grow_with_the_search_and_fall_with_dates():
    line = np.linspace(-100, 100, 30)

    def threshold(**changes):
        given = {"n_dates": 30, "columns": line[:, None], "limits": np.array([0.1])} | changes
        return coherence_threshold(1e-5, **given)

    assert threshold() < threshold(limits=np.array([0.3])) < 1
    assert threshold(n_dates=20) > threshold() > threshold(n_dates=200) > 0
    assert threshold(n_dates=3) == 1.0


def test_cycles_are_the_best_of_all_that_can_be_tried(rng):
    options = replace(OPTIONS, max_velocity=0.2)
    design, sensitivity = dates(rng, 6, options)
    variance = np.full(6, 0.4**2)
    search = prepare_search(design, sensitivity=sensitivity, variance=variance)
    columns = (np.stack([design.line, sensitivity]) - [[design.line[0]], [0]])[:, 1:]
    whole = np.diag(variance[1:]) + variance[0] + (columns.T * [0.1**2, 25.0**2]) @ columns
    precision = np.linalg.inv(whole)
    trials = np.array(list(product(range(-3, 4), repeat=5)))
    difference = rng.uniform(-np.pi, np.pi, (25, 6))
    cycles, start, ended = find_cycles(difference, search)
    assert ended.all()
    for k in range(25):
        wrapped = difference[k, 1:] - difference[k, 0]
        rest = wrapped + 2 * np.pi * trials
        cost = np.einsum("ij,jk,ik->i", rest, precision, rest)
        own = wrapped + 2 * np.pi * cycles[k, 1:]
        assert own @ precision @ own <= cost.min() * (1 + 1e-9)
        posterior = np.diag([0.1**2, 25.0**2]) @ columns @ precision @ own
        assert start[k] == pytest.approx(posterior, rel=1e-6, abs=1e-9)


def test_rounding_succeeds_as_often_as_is_said(rng):
    design, sensitivity = dates(rng, 15)
    search = prepare_search(design, sensitivity=sensitivity, variance=np.full(15, 1.0))
    assert np.array_equal(search.transform @ search.inverse, np.eye(14))
    velocity, height = rng.normal(0, 0.05, 2000), rng.normal(0, 25, 2000)
    phase = np.outer(velocity, design.line) + np.outer(height, sensitivity) + rng.normal(0, 1.0, (2000, 15))
    truth = np.round((phase - np.angle(np.exp(1j * phase))) / (2 * np.pi))
    cycles, _, _ = find_cycles(np.angle(np.exp(1j * phase)), search)
    right = np.mean((cycles == truth - truth[:, :1]).all(axis=1))
    # the bound is that of rounding; the search does at least as well, within 1 % of scatter
    assert right > search.success_rate - 0.02
    assert right < 0.999


def test_integer_search_says_what_it_cannot_do(rng):
    design, sensitivity = dates(rng, 210)
    with pytest.raises(OutOfRangeError, match="210 dates"):
        prepare_search(design, sensitivity=sensitivity, variance=np.ones(210))
    design, sensitivity = dates(rng, 10)
    with pytest.raises(ShapeMismatchError, match="10 dates"):
        prepare_search(design, sensitivity=sensitivity, variance=np.ones(9))
    with pytest.raises(OutOfRangeError, match="above zero"):
        prepare_search(design, sensitivity=sensitivity, variance=np.zeros(10))


def test_both_estimators_give_one_network(rng):
    made = invent(rng, n_points=80, n_dates=25, storm=0.3, share_of_noise=0.2)
    options = NetworkOptions(network_spacing=0.0, atmosphere=False)
    found = [
        solve_network(made.points, **made.given, options=replace(options, estimator=name))
        for name in ("periodogram", "integer")
    ]
    assert np.array_equal(found[0].used, found[1].used)
    assert found[0].velocity == pytest.approx(found[1].velocity, abs=1e-6, nan_ok=True)


def test_arcs_are_short_unique_and_free_ones_are_added(rng):
    x, y = rng.uniform(0, 1000, (2, 60))
    bare = make_arcs(x, y, max_length=300.0)
    more = make_arcs(x, y, max_length=300.0, free_arcs=8)
    assert bare.length.max() <= 300.0
    assert len(more) > len(bare)
    assert (more.ends[:, 0] < more.ends[:, 1]).all()
    assert len(np.unique(more.ends, axis=0)) == len(more)
    assert len(make_arcs(x[:1], y[:1], max_length=1.0, free_arcs=3)) == 0
    assert len(make_arcs(x[:2], y[:2], max_length=1e4, free_arcs=3)) == 1


def test_subsets_are_numbered_from_the_largest():
    ends = np.array([[0, 1], [2, 3], [3, 4]], np.int32)
    assert label_components(ends, 6).tolist() == [1, 1, 0, 0, 0, 2]


def test_what_baselines_and_dates_cannot_tell_is_left_out_and_said(rng):
    years = np.arange(10) * 0.1

    def topics(sensitivity, n=10):
        design, findings = make_design(
            years[:n], sensitivity=sensitivity[:n], wavelength=WAVELENGTH, options=OPTIONS
        )
        return design.with_height, [f.topic for f in findings]

    assert topics(np.zeros(10)) == (False, ["height"])
    assert topics(0.01 * years) == (False, ["height"]) or topics(0.1 * years) == (False, ["height"])
    assert topics(rng.normal(0, 0.02, 10)) == (True, [])
    assert topics(rng.normal(0, 0.02, 10), n=3) == (False, ["height"])
