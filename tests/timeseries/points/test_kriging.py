"""Kriging against a dense solution, at its limits, and with errors that are true."""

from __future__ import annotations

import numpy as np
import pytest
from tests.timeseries.points.fields import Field, semivariance

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points.kriging import krige
from fringeworks.timeseries.points.variogram_models import Variogram

LAW = Variogram(model="exponential", sill=1.5, range_metres=2e3, nugget=0.3)


def places(n_points, seed=0):
    return np.random.default_rng(seed).uniform(0.0, 10e3, (2, n_points))


def dense(x, y, values, at, law, mean=None):
    """Return the textbook's prediction and sigma at one place from all points (Chiles and Delfiner 2012, section 3)."""
    h = np.hypot(x[:, None] - x, y[:, None] - y)
    g = law.sill * semivariance(law.model, h, law.range_metres, law.exponent)
    g0 = law.sill * semivariance(law.model, np.hypot(x - at[0], y - at[1]), law.range_metres, law.exponent)
    n = len(x)
    if mean is not None:
        c, c0 = law.sill - g, law.sill - g0
        w = np.linalg.solve(c + law.nugget * np.eye(n), c0)
        return mean + w @ (values - mean), np.sqrt(law.sill - w @ c0)
    system = np.block([[-g + law.nugget * np.eye(n), np.ones((n, 1))], [np.ones((1, n)), np.zeros((1, 1))]])
    w = np.linalg.solve(system, np.append(-g0, 1.0))[:n]
    return w @ values, np.sqrt(2 * w @ g0 - w @ g @ w + law.nugget * w @ w)


@pytest.mark.parametrize("mean", [None, 0.7])
@pytest.mark.parametrize("model", ["exponential", "matern", "power"])
def test_it_is_the_dense_solution_where_the_neighbourhood_holds_all(model, mean):
    if model == "power" and mean is not None:
        return
    law = Variogram(
        model=model, sill=1.5, range_metres=2e3, nugget=1.5, exponent=0.7 if model == "power" else 1.0
    )
    x, y = places(25)
    values = np.random.default_rng(1).standard_normal((2, 25))
    at = places(5, seed=2)
    found, std = krige(x, y, values, variogram=law, at_x=at[0], at_y=at[1], mean=mean, neighbours=25)
    for k in range(5):
        for date in range(2):
            value, sigma = dense(x, y, values[date], at[:, k], law, mean)
            assert abs(found[date, k] - value) < 1e-4
            assert abs(std[date, k] - sigma) < 1e-4


def test_classes_of_like_ratio_cost_little():
    # The weights are those of a ratio at most 12 % off: the error is larger by a share of the second order.
    x, y = places(30)
    values = np.random.default_rng(1).standard_normal((1, 30))
    at = places(40, seed=3)
    found, std = krige(x, y, values, variogram=LAW, at_x=at[0], at_y=at[1], neighbours=30)
    exact = np.array([dense(x, y, values[0], at[:, k], LAW) for k in range(40)])
    assert np.abs(found[0] - exact[:, 0]).max() < 0.05 * LAW.sill
    assert (std[0] >= exact[:, 1] - 1e-5).all()
    assert (std[0] / exact[:, 1]).max() < 1.003


def test_without_noise_the_points_come_back_and_with_noise_they_are_smoothed():
    x, y = places(80)
    values = np.random.default_rng(4).standard_normal((3, 80))
    found, std = krige(x, y, values, variogram=LAW, at_x=x, at_y=y, nugget=np.zeros(3))
    assert np.abs(found - values).max() < 0.01  # the least ratio that is told apart is 1e-4
    assert std.max() < 0.02
    smooth, _ = krige(x, y, values, variogram=LAW, at_x=x, at_y=y, nugget=np.full(3, 1e3))
    assert smooth.std() < 0.5 * values.std()


def test_a_constant_comes_back_under_an_unknown_mean_and_the_mean_far_away_under_a_known_one():
    x, y = places(50)
    values = np.full((1, 50), 4.2)
    at = np.array([5e3, 9e5])
    found, _ = krige(x, y, values, variogram=LAW, at_x=at, at_y=at)
    assert np.allclose(found, 4.2, atol=1e-5)
    found, std = krige(x, y, values, variogram=LAW, at_x=at, at_y=at, mean=1.0)
    assert np.isclose(found[0, 1], 1.0)
    assert np.isclose(std[0, 1], np.sqrt(LAW.sill))


def test_missing_values_are_left_out():
    x, y = places(60)
    values = np.random.default_rng(5).standard_normal((3, 60))
    values[1, 10:30] = np.nan
    values[2] = np.nan
    at = places(7, seed=6)
    found, std = krige(x, y, values, variogram=LAW, at_x=at[0], at_y=at[1])
    kept = np.isfinite(values[1])
    alone, alone_std = krige(x[kept], y[kept], values[1:2, kept], variogram=LAW, at_x=at[0], at_y=at[1])
    assert np.array_equal(found[1], alone[0])
    assert np.array_equal(std[1], alone_std[0])
    assert np.isnan(found[2]).all()
    assert np.isfinite(found[:2]).all()


def test_noisy_points_count_less():
    x, y = np.array([0.0, 100.0, -100.0]), np.zeros(3)
    values = np.array([[0.0, 1.0, -1.0]])
    noise = np.array([1.0, 1.0, 100.0])
    found, _ = krige(
        x, y, values, variogram=LAW, at_x=np.zeros(1), at_y=np.zeros(1), noise=noise, nugget=np.array([5.0])
    )
    assert found[0, 0] > 0.1


def test_errors_are_as_large_as_said():
    rng = np.random.default_rng(7)
    x, y = places(420)
    field = np.sqrt(1.5) * Field(x, y).draw(12, rng)
    values = field[:, :300] + np.sqrt(0.3) * rng.standard_normal((12, 300))
    found, std = krige(x[:300], y[:300], values, variogram=LAW, at_x=x[300:], at_y=y[300:])
    ratio = np.sqrt(np.mean(((found - field[:, 300:]) / std) ** 2))
    assert 0.9 < ratio < 1.1


@pytest.mark.parametrize("n_points", [0, 1, 2])
def test_few_points_are_legal(n_points):
    x, y = places(n_points)
    found, _ = krige(x, y, np.ones((2, n_points)), variogram=LAW, at_x=np.zeros(3), at_y=np.zeros(3))
    assert found.shape == (2, 3)
    assert np.isfinite(found).all() == (n_points > 0)
    none, _ = krige(x, y, np.ones((2, n_points)), variogram=LAW, at_x=np.zeros(0), at_y=np.zeros(0))
    assert none.shape == (2, 0)


def test_what_cannot_be_right_is_refused():
    x, y = places(4)
    with pytest.raises(ShapeMismatchError, match="values of"):
        krige(x, y, np.zeros((1, 5)), variogram=LAW, at_x=x, at_y=y)
    with pytest.raises(ShapeMismatchError, match="places of"):
        krige(x, y, np.zeros((1, 4)), variogram=LAW, at_x=x, at_y=y[:3])
    with pytest.raises(ShapeMismatchError, match="sill of"):
        krige(x, y, np.zeros((1, 4)), variogram=LAW, at_x=x, at_y=y, sill=np.ones(2))
    with pytest.raises(OutOfRangeError, match="0 neighbours"):
        krige(x, y, np.zeros((1, 4)), variogram=LAW, at_x=x, at_y=y, neighbours=0)
    power = Variogram(model="power", sill=1.0, range_metres=1e3, nugget=0.1)
    with pytest.raises(OutOfRangeError, match="known mean"):
        krige(x, y, np.zeros((1, 4)), variogram=power, at_x=x, at_y=y, mean=0.0)
