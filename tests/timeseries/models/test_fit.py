"""The fit: analytic truths, the plain twin, gaps, signs, and whether its sigmas are true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.timeseries.models.twin import noisy_series, plain_fit, regular_dates

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.layers import layer_of
from fringeworks.timeseries.models import (
    NO_MEMORY,
    ModelOptions,
    build_design,
    estimate_correlation,
    fit,
    layer_names,
    predict,
)
from fringeworks.timeseries.models.terms import calendar_fraction, mid_years

LINE = ModelOptions(annual=False)
FULL = ModelOptions(
    acceleration=True,
    annual=True,
    semiannual=True,
    steps=("2021-03-01",),
    postseismic=("log:2021-03-01:40",),
)
DATES = regular_dates(70)


def test_a_line_comes_back():
    velocity = np.array([[-0.2, 0.0], [0.013, 1.0]])
    series = (mid_years(DATES)[:, None, None] * velocity + 0.7).astype(np.float32)
    result = fit(series, dates=DATES, options=LINE)
    # float32 rounding of a metre is 6e-8 m
    np.testing.assert_allclose(result.layers["velocity"], velocity, atol=1e-6)
    assert np.all(result.layers["velocity_std"] < 1e-6)
    assert result.tally.used == 4


def test_velocity_is_the_line_even_where_a_season_bends_it():
    phase = 2 * np.pi * calendar_fraction(DATES)
    series = (0.02 * mid_years(DATES) + 0.03 * np.cos(phase)).astype(np.float32).reshape(-1, 1, 1)
    result = fit(series, dates=DATES, options=ModelOptions(annual=True))
    line = np.polyfit(mid_years(DATES), series[:, 0, 0].astype(float), 1)[0]
    assert result.layers["velocity"][0, 0] == pytest.approx(line, abs=1e-7)
    assert result.layers["velocity_model"][0, 0] == pytest.approx(0.02, abs=1e-6)
    # the season is in the model: it is not counted as noise
    assert result.layers["velocity_std"][0, 0] < 1e-5


def test_every_term_comes_back():
    time, season = mid_years(DATES), calendar_fraction(DATES)
    design = build_design(DATES, FULL)
    step, decay = design.matrix[:, 7], design.matrix[:, 8]
    series = (
        0.011 * time
        - 0.5 * 0.02 * time**2
        + 0.008 * np.cos(2 * np.pi * (season - 0.3))
        + 0.004 * np.cos(4 * np.pi * (season - 0.45))
        - 0.05 * step
        + 0.006 * decay
    )
    layers = fit(series.astype(np.float32).reshape(-1, 1, 1), dates=DATES, options=FULL).layers
    truth = {
        "velocity_model": 0.011,
        "acceleration": -0.02,
        "seasonal_amplitude": 0.008,
        "seasonal_phase": 0.3,
        "semiannual_amplitude": 0.004,
        "semiannual_phase": 0.45,
        "step_20210301": -0.05,
        "postseismic_log_20210301": 0.006,
    }
    # rounding of the series to float32 (3e-9 m) grows by the condition of the design, below 100, and for the
    # phase by 1 / (2 pi amplitude)
    for name, value in truth.items():
        assert layers[name][0, 0] == pytest.approx(value, abs=2e-5), name


def test_the_season_is_largest_where_its_phase_says(rng):
    series = 0.01 * np.cos(2 * np.pi * (calendar_fraction(DATES) - 0.62))
    layers = fit(series.astype(np.float32).reshape(-1, 1, 1), dates=DATES, options=ModelOptions()).layers
    best = DATES[int(np.argmax(series))].timetuple().tm_yday / 365.25
    # dates are 12 days apart
    assert layers["seasonal_phase"][0, 0] == pytest.approx(best, abs=12 / 365.25)


def test_predict_gives_the_series_back():
    time, season = mid_years(DATES), calendar_fraction(DATES)
    series = 0.02 * time + 0.01 * time**2 + 0.008 * np.cos(2 * np.pi * season) - 0.02 * (time > 0.1)
    options = ModelOptions(acceleration=True, annual=True, steps=("2021-05-30",))
    design = build_design(DATES, options)
    series += 0.0 * design.matrix[:, 0]
    layers = fit(series.astype(np.float32).reshape(-1, 1, 1), dates=DATES, options=options).layers
    rebuilt = predict(layers, dates=DATES, options=options)[:, 0, 0]
    expected = design.matrix @ np.linalg.lstsq(design.matrix, series, rcond=None)[0]
    np.testing.assert_allclose(rebuilt, expected - expected[0], atol=2e-6)


def test_names_of_layers_are_those_of_the_table(rng):
    series = rng.normal(size=(70, 2, 3)).astype(np.float32)
    result = fit(series, dates=DATES, options=FULL)
    assert tuple(result.layers) == layer_names(build_design(DATES, FULL))
    for name, image in result.layers.items():
        assert layer_of(name).dtype == "float32"
        assert image.dtype == np.float32
        low, high = layer_of(name).valid_range or (-np.inf, np.inf)
        assert np.all((image >= low) & (image <= high)), name


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("with_covariance", [False, True])
def test_compiled_equals_plain(rng, gaps, with_covariance):
    dates, options = regular_dates(45), ModelOptions(acceleration=True, annual=True, steps=("2020-09-01",))
    series, covariance = noisy_series(rng, n_dates=45, n_pixels=60, pair_sigma=0.003, date_sigma=0.004)
    series[rng.random(series.shape) < gaps] = np.nan
    series[:, 7] = np.nan
    memory = replace(NO_MEMORY, scale_days=25.0, share=0.6)
    result = fit(
        series.reshape(45, 6, 10),
        dates=dates,
        options=options,
        covariance=covariance.reshape(6, 10, 45, 45) if with_covariance else None,
        correlation=memory,
    )
    design, flat = build_design(dates, options), {k: v.ravel() for k, v in result.layers.items()}
    assert np.isnan(flat["velocity"][7])
    for k in (p for p in range(60) if p != 7):
        slope, sigma, coefficients, sigmas, rmse = plain_fit(
            series[:, k], design.matrix, memory.matrix(dates), covariance[k] if with_covariance else None
        )
        # results are handed out as float32: 6e-8 relative; differences of sums cost some digits more
        assert flat["velocity"][k] == pytest.approx(slope, rel=1e-5, abs=1e-9)
        assert flat["velocity_std"][k] == pytest.approx(sigma, rel=1e-5)
        assert flat["rmse"][k] == pytest.approx(rmse, rel=1e-5)
        assert flat["acceleration"][k] == pytest.approx(coefficients[2], rel=1e-4, abs=1e-7)
        assert flat["acceleration_std"][k] == pytest.approx(sigmas[2], rel=1e-4)
        assert flat["seasonal_amplitude"][k] == pytest.approx(np.hypot(*coefficients[3:5]), rel=1e-4)
        assert flat["step_20200901_std"][k] == pytest.approx(sigmas[5], rel=1e-4)


def test_sums_of_residuals_are_those_of_the_model(rng):
    series = rng.normal(size=(70, 5, 7)).astype(np.float32)
    series[3, 2, 2] = np.nan
    result = fit(series, dates=DATES, options=LINE)
    matrix = build_design(DATES, LINE).matrix
    square = np.zeros(70)
    for values in series.reshape(70, -1).T:
        good = np.isfinite(values)
        solution = np.linalg.lstsq(matrix[good], values[good].astype(float), rcond=None)[0]
        square[good] += (values[good] - matrix[good] @ solution) ** 2
    np.testing.assert_allclose(result.residual_square_sum, square, rtol=1e-9)
    assert result.residual_count[3] == 34
    assert result.residual_count[4] == 35


def test_blocks_give_what_the_whole_gives(rng):
    series, covariance = noisy_series(rng, n_dates=20, n_pixels=4800, pair_sigma=0.002, date_sigma=0.003)
    series[rng.random(series.shape) < 0.05] = np.nan
    cube, matrices = series.reshape(20, 60, 80), covariance.reshape(60, 80, 20, 20)

    def part(rows):
        window = matrices[rows]
        return fit(
            cube[:, rows],
            dates=regular_dates(20),
            options=LINE,
            covariance=lambda r, c: window[r, c].reshape(-1, 20, 20),
        )

    whole, upper, lower = part(slice(0, 60)), part(slice(0, 23)), part(slice(23, 60))
    for name, image in whole.layers.items():
        joined = np.concatenate([upper.layers[name], lower.layers[name]])
        np.testing.assert_array_equal(joined, image)
    assert (upper.tally + lower.tally).as_dict() == whole.tally.as_dict()
    np.testing.assert_allclose(
        upper.residual_square_sum + lower.residual_square_sum, whole.residual_square_sum, rtol=1e-12
    )


def test_covariance_is_asked_for_in_small_parts(rng):
    asked = []

    def covariance(rows, cols):
        n = (rows.stop - rows.start) * (cols.stop - cols.start)
        asked.append(n)
        return np.zeros((n, 10, 10), np.float32)

    fit(np.zeros((10, 50, 130), np.float32), dates=regular_dates(10), options=LINE, covariance=covariance)
    assert sum(asked) == 50 * 130
    assert max(asked) <= 2000


def test_too_few_dates_give_nothing_and_are_counted(rng):
    series = rng.normal(size=(70, 1, 3)).astype(np.float32)
    series[4:, 0, 0] = np.nan
    series[:, 0, 1] = np.nan
    result = fit(series, dates=DATES, options=LINE)
    assert np.isnan(result.layers["velocity"][0, :2]).all()
    assert np.isfinite(result.layers["velocity"][0, 2])
    assert result.tally.as_dict()["rejected"] == {
        "fewer dates than asked for": 1,
        "no date has a value": 1,
    }


def test_a_pixel_whose_dates_miss_the_event_keeps_its_line(rng):
    series = rng.normal(size=(70, 1, 2)).astype(np.float32)
    series[30:, 0, 0] = np.nan
    options = ModelOptions(annual=False, steps=("2021-09-01",))
    layers = fit(series, dates=DATES, options=options).layers
    assert np.isfinite(layers["velocity"]).all()
    assert np.isnan(layers["step_20210901"][0, 0])
    assert np.isnan(layers["velocity_model"][0, 0])
    assert np.isfinite(layers["step_20210901"][0, 1])


def test_inputs_are_left_alone(rng):
    series = rng.normal(size=(70, 3, 4)).astype(np.float32)
    before = series.copy()
    fit(series, dates=DATES, options=FULL)
    np.testing.assert_array_equal(series, before)


def test_a_shift_of_the_first_date_changes_nothing(rng):
    series, covariance = noisy_series(rng, n_dates=30, n_pixels=4, pair_sigma=0.01, date_sigma=0.01)
    shift = rng.normal(size=30)
    dates = regular_dates(30)
    # the covariance of the same noise against another date differs by a 1' + 1 a'
    other = (covariance + 1e-5 * (shift[:, None] + shift[None, :])).astype(np.float32)
    first = fit(
        series.reshape(30, 2, 2), dates=dates, options=LINE, covariance=covariance.reshape(2, 2, 30, 30)
    )
    second = fit(
        (series - series[4]).reshape(30, 2, 2),
        dates=dates,
        options=LINE,
        covariance=other.reshape(2, 2, 30, 30),
    )
    # float32 of the covariances leaves 1e-7 of their entries
    np.testing.assert_allclose(first.layers["velocity"], second.layers["velocity"], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(first.layers["velocity_std"], second.layers["velocity_std"], rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 50.0), st.integers(0, 2**31))
def test_sigma_scales_with_the_noise(factor, seed):
    rng = np.random.default_rng(seed)
    series, covariance = noisy_series(rng, n_dates=16, n_pixels=1, pair_sigma=0.003, date_sigma=0.004)
    dates = regular_dates(16)

    def sigma(scale):
        values = (scale * series.astype(float)).astype(np.float32).reshape(16, 1, 1)
        matrices = (scale**2 * covariance.astype(float)).astype(np.float32)[0]
        return fit(values, dates=dates, options=LINE, covariance=matrices).layers["velocity_std"][0, 0]

    # float32 rounding of the inputs only
    assert sigma(factor) == pytest.approx(factor * sigma(1.0), rel=1e-4)


NOISES = [
    pytest.param(0.003, 0.0, 0.0, id="pair noise only"),
    pytest.param(0.0, 0.006, 0.0, id="date noise only"),
    pytest.param(0.003, 0.004, 0.0, id="both"),
    pytest.param(0.003, 0.004, 30.0, id="both, date noise remembered for 30 days"),
]


def standardised(rng, *, pair_sigma, date_sigma, memory, options, n_dates=60, n_pixels=4000):
    dates = regular_dates(n_dates)
    days = np.array([(d - dates[0]).days for d in dates], float)
    series, covariance = noisy_series(
        rng,
        n_dates=n_dates,
        n_pixels=n_pixels,
        pair_sigma=pair_sigma,
        date_sigma=date_sigma,
        days=days,
        memory=memory,
    )
    correlation = estimate_correlation(
        series[:, ::8], dates=dates, options=options, covariance=covariance[::8]
    )
    return fit(
        series.reshape(n_dates, -1, 100),
        dates=dates,
        options=options,
        covariance=lambda r, c: covariance.reshape(-1, 100, n_dates, n_dates)[r, c].reshape(
            -1, n_dates, n_dates
        ),
        correlation=correlation,
    ).layers


@pytest.mark.parametrize(("pair_sigma", "date_sigma", "memory"), NOISES)
@pytest.mark.parametrize("options", [LINE, ModelOptions(annual=True)], ids=["line", "annual"])
def test_sigma_is_true(rng, pair_sigma, date_sigma, memory, options):
    layers = standardised(rng, pair_sigma=pair_sigma, date_sigma=date_sigma, memory=memory, options=options)
    rms = np.sqrt(np.mean((layers["velocity"] / layers["velocity_std"]).astype(float) ** 2))
    # the contract of the house: 0.8 to 1.2; the sample's own uncertainty is 1 / sqrt(2 x 4000) = 0.011
    assert 0.8 < rms < 1.2


@pytest.mark.parametrize(("pair_sigma", "date_sigma", "memory"), NOISES)
def test_sigma_doubles_with_the_noise(pair_sigma, date_sigma, memory):
    def typical(scale):
        layers = standardised(
            np.random.default_rng(11),
            pair_sigma=scale * pair_sigma,
            date_sigma=scale * date_sigma,
            memory=memory,
            options=LINE,
            n_pixels=800,
        )
        return float(np.median(layers["velocity_std"]))

    # the same draws, scaled: only float32 rounding remains
    assert typical(2.0) == pytest.approx(2.0 * typical(1.0), rel=1e-3)


def test_sigmas_of_the_other_terms_are_true(rng):
    options = ModelOptions(acceleration=True, annual=True, steps=("2020-12-01",))
    layers = standardised(rng, pair_sigma=0.003, date_sigma=0.004, memory=0.0, options=options)
    for name in ("velocity_model", "acceleration", "step_20201201"):
        rms = np.sqrt(np.mean((layers[name] / layers[f"{name}_std"]).astype(float) ** 2))
        assert 0.8 < rms < 1.2, name


def test_the_sigma_of_a_season_is_true(rng):
    dates, options = regular_dates(60), ModelOptions(annual=True)
    season = 0.05 * np.cos(2 * np.pi * (calendar_fraction(dates) - 0.2))
    noise = rng.normal(size=(60, 40, 50)) * 0.005
    layers = fit((season[:, None, None] + noise).astype(np.float32), dates=dates, options=options).layers
    error = (layers["seasonal_amplitude"] - 0.05) / layers["seasonal_amplitude_std"]
    assert 0.8 < np.sqrt(np.mean(error.astype(float) ** 2)) < 1.2


def test_ignoring_memory_would_be_wrong(rng):
    """The correlation earns its place: without it the sigma of remembered noise is far too small."""
    dates = regular_dates(60)
    days = np.array([(d - dates[0]).days for d in dates], float)
    series, _ = noisy_series(
        rng, n_dates=60, n_pixels=2000, pair_sigma=0.0, date_sigma=0.004, days=days, memory=40.0
    )
    cube = series.reshape(60, 20, 100)
    without = fit(cube, dates=dates, options=LINE).layers
    assert np.sqrt(np.mean((without["velocity"] / without["velocity_std"]) ** 2)) > 1.5


@pytest.mark.parametrize(
    ("covariance", "what"),
    [(np.zeros((3, 3), np.float32), "covariance of shape"), (None, "series of shape")],
)
def test_shapes_are_checked(covariance, what):
    n_dates = 70 if covariance is not None else 69
    with pytest.raises(ShapeMismatchError, match=what):
        fit(np.zeros((n_dates, 2, 2), np.float32), dates=DATES, options=LINE, covariance=covariance)
