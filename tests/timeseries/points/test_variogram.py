"""Variograms: measured against a plain twin, fitted against known fields, with errors that are true."""

from __future__ import annotations

import numpy as np
import pytest
from tests.timeseries.points.fields import Field, semivariance

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import Shape
from fringeworks.simulate.fields import PowerLaw
from fringeworks.timeseries.points.variogram import fit_dates, fit_variogram
from fringeworks.timeseries.points.variogram_covariance import bin_covariance
from fringeworks.timeseries.points.variogram_models import Variogram
from fringeworks.timeseries.points.variogram_pairs import measure_variogram

EXTENT = 20e3


def places(n_points, seed=0):
    return np.random.default_rng(seed).uniform(0.0, EXTENT, (2, n_points))


def test_measured_is_what_its_definition_says():
    rng = np.random.default_rng(2)
    x, y = places(40)
    values = rng.standard_normal((3, 40))
    values[1, 5:12] = np.nan
    found = measure_variogram(x, y, values, longest=9e3, n_bins=1)
    for date in range(3):
        squares = [
            0.5 * (values[date, i] - values[date, j]) ** 2
            for i in range(40)
            for j in range(i)
            if np.hypot(x[i] - x[j], y[i] - y[j]) <= 9e3 and np.isfinite(values[date, i] - values[date, j])
        ]
        assert found.n_pairs[date, 0] == len(squares)
        assert np.isclose(found.semivariance[date, 0], np.mean(squares))


def test_many_points_are_told_by_a_part_of_the_pairs():
    rng = np.random.default_rng(3)
    y, x = rng.integers(0, 400, (2, 6000))
    field = PowerLaw(rms_difference=1.0, distance=5e3).draw(Shape(400, 400), (50.0, 50.0), rng=rng)[y, x][
        None
    ]
    some = measure_variogram(x * 50.0, y * 50.0, field)
    index = rng.permutation(6000)[:1100]
    other = measure_variogram(x[index] * 50.0, y[index] * 50.0, field[:, index])
    assert some.n_pairs.sum() < 1e6
    # the same field, other points: they agree where both have pairs at like distances
    line = np.interp(other.distance, some.distance, some.semivariance[0])
    assert np.allclose(line[5:], other.semivariance[0, 5:], rtol=0.15)


@pytest.mark.parametrize(("model", "exponent"), [("exponential", 1.0), ("matern", 1.0), ("power", 2.0 / 3.0)])
def test_known_fields_come_back_within_the_sampling_error(model, exponent):
    rng = np.random.default_rng(4)
    x, y = places(220)
    length = 6e3 if model == "power" else 2e3
    field = Field(x, y, model, length, exponent)
    errors = []
    for _ in range(10):
        values = np.sqrt(2.0) * field.draw(5, rng) + np.sqrt(0.3) * rng.standard_normal((5, 220))
        fit = fit_variogram(x, y, values, model=model)
        truth = 2.0 * semivariance(model, fit.range_metres, length, exponent) if model == "power" else 2.0
        second = (
            (fit.exponent - exponent) / fit.exponent_std
            if model == "power"
            else ((fit.range_metres - length) / fit.range_std)
        )
        errors.append([(fit.sill - truth) / fit.sill_std, second, (fit.nugget - 0.3) / fit.nugget_std])
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    # ten fits tell an rms of 1 to 22 % (one sigma); sampling errors of a length are not quite Gaussian
    assert (rms > 0.4).all()
    assert (rms < 1.7).all()


def test_the_covariance_of_classes_is_that_of_many_draws():
    rng = np.random.default_rng(5)
    x, y = places(90)
    truth = Variogram(model="exponential", sill=1.0, range_metres=2e3, nugget=0.2)
    values = Field(x, y).draw(600, rng) + np.sqrt(0.2) * rng.standard_normal((600, 90))
    measured = measure_variogram(x, y, values, n_bins=6)
    seen = np.cov(measured.semivariance[:, measured.filled].T)
    told = bin_covariance(measured, truth)
    # 600 draws tell a variance to 6 %; classes are represented by 80 pairs each
    assert np.allclose(np.diag(told), np.diag(seen), rtol=0.3)
    correlation = seen / np.sqrt(np.outer(np.diag(seen), np.diag(seen)))
    model = told / np.sqrt(np.outer(np.diag(told), np.diag(told)))
    assert np.abs(correlation - model).max() < 0.2


def test_the_model_is_chosen_that_departs_least():
    rng = np.random.default_rng(6)
    x, y = places(300)
    for model, length in (("matern", 1.5e3), ("exponential", 1.5e3)):
        values = Field(x, y, model, length).draw(12, rng) + 0.2 * rng.standard_normal((12, 300))
        assert fit_variogram(x, y, values).model == model


def test_turbulence_shows_its_exponent():
    # A power spectrum k^-(8/3) makes differences grow with distance to the power 2/3 (Hanssen 2001, section 4.7); the scene
    # holds waves up to twice its length only, which steepens nothing below a tenth of it.
    rng = np.random.default_rng(7)
    y, x = rng.integers(0, 256, (2, 500))
    law = PowerLaw(rms_difference=1.0, distance=2e3)
    values = np.stack([law.draw(Shape(256, 256), (100.0, 100.0), rng=rng)[y, x] for _ in range(12)])
    fit = fit_variogram(x * 100.0, y * 100.0, values, model="power", longest=3e3)
    assert abs(fit.exponent - 2.0 / 3.0) < 0.15
    assert np.isclose(fit.semivariance(np.array([2e3]))[0] + fit.nugget, 0.5, rtol=0.25)


def test_units_follow():
    rng = np.random.default_rng(8)
    x, y = places(150)
    values = Field(x, y).draw(4, rng) + 0.3 * rng.standard_normal((4, 150))
    one = fit_variogram(x, y, values, model="exponential")
    two = fit_variogram(1e-3 * x, 1e-3 * y, 10.0 * values, model="exponential")
    assert np.isclose(two.sill, 100.0 * one.sill, rtol=1e-3)
    assert np.isclose(two.nugget, 100.0 * one.nugget, rtol=1e-3)
    assert np.isclose(two.range_metres, 1e-3 * one.range_metres, rtol=1e-3)
    assert np.isclose(two.sill_std, 100.0 * one.sill_std, rtol=1e-2)


def test_dates_have_their_own_sill_and_nugget():
    rng = np.random.default_rng(9)
    x, y = places(300)
    strength = np.array([0.2, 0.5, 1.0, 1.5, 2.0, 3.0])
    noise = np.array([0.3, 0.3, 0.6, 0.3, 0.3, 0.3])
    values = strength[:, None] * Field(x, y).draw(6, rng) + noise[:, None] * rng.standard_normal((6, 300))
    fit = fit_variogram(x, y, values, model="exponential")
    sill, nugget = fit_dates(fit.measured, fit)
    # one date of this field tells its sill to about 20 %
    assert np.allclose(sill[1:] / strength[1:] ** 2, 1.0, atol=0.6)
    assert nugget[2] > 1.5 * nugget[1]


@pytest.mark.parametrize("n_points", [0, 1, 2, 3, 5])
def test_few_points_are_legal(n_points):
    x, y = places(n_points)
    fit = fit_variogram(x, y, np.arange(n_points, dtype=float)[None])
    assert fit.sill >= 0.0
    assert fit.nugget >= 0.0
    assert np.isfinite(fit.semivariance(np.array([1e3]))).all()


def test_missing_constant_and_coincident_values_are_legal():
    x, y = places(60)
    assert fit_variogram(x, y, np.full((2, 60), np.nan)).sill == 0.0
    level = fit_variogram(x, y, np.full((2, 60), 3.0))
    assert level.sill == level.nugget == 0.0
    same = fit_variogram(np.zeros(10), np.zeros(10), np.random.default_rng(0).standard_normal((1, 10)))
    assert same.sill == 0.0


def test_what_cannot_be_right_is_refused():
    with pytest.raises(ShapeMismatchError, match="values of"):
        fit_variogram(np.zeros(3), np.zeros(3), np.zeros((2, 4)))
    with pytest.raises(OutOfRangeError, match="not finite"):
        fit_variogram(np.array([0.0, np.inf]), np.zeros(2), np.zeros((1, 2)))
    with pytest.raises(OutOfRangeError, match="variogram 'gauss'"):
        fit_variogram(np.zeros(2), np.zeros(2), np.zeros((1, 2)), model="gauss")
    with pytest.raises(OutOfRangeError, match=r"exponent 2\.5"):
        Variogram(model="power", sill=1.0, range_metres=1.0, nugget=0.0, exponent=2.5)
