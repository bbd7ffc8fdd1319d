import numpy as np
import pytest
from tests.timeseries.points.invented import WAVELENGTH

from fringeworks.errors import ShapeMismatchError
from fringeworks.timeseries.points import NetworkOptions
from fringeworks.timeseries.points.adjustment import fit_series
from fringeworks.timeseries.points.bounds import network_bound, series_bound
from fringeworks.timeseries.points.design import make_design
from fringeworks.timeseries.points.integration import integrate_arcs

METRES = WAVELENGTH / (4 * np.pi)


def stack(rng, n_dates=25):
    years = np.arange(n_dates) * 12 / 365.25
    sensitivity = rng.normal(0, 0.02, n_dates)
    design, _ = make_design(years, sensitivity=sensitivity, wavelength=WAVELENGTH, options=NetworkOptions())
    return years, sensitivity, design


def test_the_fit_is_weighted_least_squares(rng):
    _, sensitivity, design = stack(rng)
    n = 7
    own = (sensitivity * (1 + 0.1 * rng.random((n, 1)))).astype(np.float32)
    phase = (3 * rng.normal(size=(n, 25))).astype(np.float32)
    variance = rng.uniform(0.1, 1.0, (n, 25)).astype(np.float32)
    extra = rng.uniform(0.0, 1.0, 25)
    phase[2, 3] = np.nan
    variance[3, 4] = np.nan
    found = fit_series(phase, variance, own, design=design, date_variance=extra)
    for k in range(n):
        known = np.isfinite(phase[k]) & np.isfinite(variance[k])
        columns = np.stack([np.ones(25), design.line, own[k]], axis=1)[known].astype(float)
        root = 1 / np.sqrt(variance[k, known].astype(float) + extra[known])
        solution = np.linalg.lstsq(columns * root[:, None], phase[k, known] * root, rcond=None)[0]
        assert [found.constant[k], found.velocity[k], found.height[k]] == pytest.approx(solution, rel=1e-6)
        covariance = np.linalg.inv((columns * root[:, None] ** 2).T @ columns)
        expected = np.sqrt(covariance[1, 1] * found.scale[k])
        assert found.velocity_std[k] == pytest.approx(expected, rel=1e-6)
        assert found.residual[k, known] == pytest.approx(phase[k, known] - columns @ solution, abs=1e-4)
    assert np.isnan(found.residual[2, 3])


def test_stormy_dates_are_told_from_calm_ones_and_weigh_less(rng):
    _, sensitivity, design = stack(rng, 40)
    n = 400
    storm = np.where(np.arange(40) % 4 == 0, 1.5, 0.3)
    phase = (storm * rng.normal(size=(n, 40)) + 0.2 * rng.normal(size=(n, 40))).astype(np.float32)
    own = np.broadcast_to(sensitivity, (n, 40)).astype(np.float32)
    found = fit_series(phase, np.full((n, 40), 0.04, np.float32), np.ascontiguousarray(own), design=design)
    # the median of 400 squares has 12 % of scatter, 6 % as a sigma; the largest of 40 is 2.5 times that off
    assert np.sqrt(found.date_variance + 0.04) == pytest.approx(np.hypot(storm, 0.2), rel=0.2)
    columns = np.stack([np.ones(40), design.line, sensitivity], axis=1)
    best = np.linalg.inv((columns / (storm**2 + 0.04)[:, None]).T @ columns)
    assert found.velocity.std() == pytest.approx(np.sqrt(best[1, 1]), rel=0.1)
    assert np.median(found.velocity_std) == pytest.approx(np.sqrt(best[1, 1]), rel=0.1)


def test_one_atmosphere_for_all_points_does_not_tell_dates_apart(rng):
    _, sensitivity, design = stack(rng, 30)
    shared = rng.normal(size=30)
    phase = np.add.outer(rng.normal(0, 1.0, 200), np.ones(30)) * shared
    own = np.ascontiguousarray(np.broadcast_to(sensitivity, (200, 30)).astype(np.float32))
    found = fit_series(phase.astype(np.float32), np.full((200, 30), 0.01, np.float32), own, design=design)
    # one independent value a date: whether a date is stormy cannot be known from it, and weights stay level
    assert np.ptp(np.log(found.date_variance + 0.01)) < 0.5


def test_bounds_are_those_of_the_issue():
    for n_dates, expected in ((20, 1.30), (60, 0.250)):
        years = np.arange(n_dates) * 12 / 365.25
        # baselines without drift, alternating: they take nothing from the velocity
        sensitivity = np.where(np.arange(n_dates) % 4 < 2, 0.02, -0.02)
        velocity, height = series_bound(
            years, sensitivity=sensitivity, wavelength=WAVELENGTH, variance=np.full(n_dates, 0.25**2)
        )
        assert velocity * 1e3 == pytest.approx(expected, rel=0.02)
        assert height == pytest.approx(0.25 / 0.02 / np.sqrt(n_dates), rel=0.05)


def test_the_joint_bound_of_equal_dates_is_that_of_each_point_by_itself(rng):
    years, sensitivity, _ = stack(rng)
    n = 6
    everywhere = np.repeat(sensitivity[:, None], n, axis=1)
    root = rng.normal(size=(n, n))
    covariance = root @ root.T + np.eye(n)
    joint = network_bound(
        years,
        sensitivity=everywhere,
        wavelength=WAVELENGTH,
        covariance=np.broadcast_to(covariance, (25, n, n)),
    )
    alone = [
        series_bound(
            years, sensitivity=sensitivity, wavelength=WAVELENGTH, variance=np.full(25, covariance[k, k])
        )
        for k in range(n)
    ]
    # Zellner: with equal columns, least squares of all is least squares of each
    assert joint == pytest.approx(np.array(alone).T, rel=1e-6)
    first = np.zeros(n)
    first[0] = 1.0
    relative = network_bound(
        years,
        sensitivity=everywhere,
        wavelength=WAVELENGTH,
        covariance=np.broadcast_to(covariance, (25, n, n)),
        datum=first,
    )
    assert relative[:, 0] == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ShapeMismatchError, match="covariance"):
        network_bound(years, sensitivity=everywhere, wavelength=WAVELENGTH, covariance=covariance)


def grid_arcs(n):
    number = np.arange(n * n).reshape(n, n)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:]), (number[:-1, :-1], number[1:, 1:])]
    return np.concatenate([np.stack([a.ravel(), b.ravel()], axis=1) for a, b in pairs]).astype(np.int32)


def test_wrong_arcs_are_left_out_and_the_rest_is_integrated(rng):
    ends = grid_arcs(8)
    truth = rng.normal(size=(2, 64))
    difference = truth[:, ends[:, 1]] - truth[:, ends[:, 0]] + 0.01 * rng.normal(size=(2, len(ends)))
    wrong = np.zeros(len(ends), np.bool_)
    wrong[rng.choice(len(ends), 16, replace=False)] = True
    difference[0, wrong] += rng.choice([-1, 1], 16) * rng.uniform(0.5, 2.0, 16)
    found = integrate_arcs(
        ends,
        difference,
        np.full(difference.shape, 0.01),
        n_points=66,
        usable=np.ones(len(ends), np.bool_),
        rejection_sigma=5.0,
        minimum_arcs=2,
    )
    # a corner has two arcs, and is lost with one of them
    assert found.connected[:64].sum() >= 56
    assert not found.connected[64:].any()
    assert not (found.kept & wrong).any()
    assert found.n_inconsistent == pytest.approx(16, abs=3)
    error = (found.values[:, :64] - truth)[:, found.connected[:64]]
    assert (error - error.mean(axis=1, keepdims=True)) == pytest.approx(0.0, abs=0.05)
    assert np.isnan(found.values[:, 64:]).all()


def test_without_usable_arcs_nothing_is_connected():
    ends = np.array([[0, 1]], np.int32)
    found = integrate_arcs(
        ends,
        np.ones((2, 1)),
        np.ones((2, 1)),
        n_points=3,
        usable=np.zeros(1, np.bool_),
        rejection_sigma=4.0,
        minimum_arcs=1,
    )
    assert not found.connected.any()
    assert np.isnan(found.values).all()
