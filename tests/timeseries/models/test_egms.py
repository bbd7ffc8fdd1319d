"""EGMS and NSBAS definitions, against a literal transcription."""

from __future__ import annotations

import numpy as np
import pytest
from tests.timeseries.models.twin import regular_dates

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.models.egms import egms_years, fit_egms
from fringeworks.timeseries.models.nsbas import atmosphere_amplitude, fit_nsbas

WAVELENGTH = 0.05546576
DATES = regular_dates(120, step=6)


def literal_egms(d, t):
    """Section by section after the service's product description and ATBD."""
    one, c, s = np.ones_like(t), np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)
    G = np.column_stack([one, t, t**2, t**3, c, s])
    C = np.linalg.inv(G.T @ G)
    m = C @ G.T @ d
    r = d - G @ m
    rmse = np.sqrt(np.mean(r**2))
    found = {
        "rmse": rmse,
        "seasonality": np.sqrt(m[4] ** 2 + m[5] ** 2),
        "seasonality_std": np.sqrt((4 - np.pi) / 2 * (C[4, 4] + C[5, 5]) / 2) * rmse,
        "temporal_coherence": np.abs(np.sum(np.exp(1j * 4 * np.pi / WAVELENGTH * r))) / len(t),
        "shift": (G @ m)[0],
    }
    G = np.column_stack([one, t, c, s])
    C = np.linalg.inv(G.T @ G)
    m = C @ G.T @ d
    found["mean_velocity"], found["mean_velocity_std"] = m[1], np.sqrt(C[1, 1]) * np.std(d - G @ m)
    G = np.column_stack([t**2 / 2, t, one, c, s])
    C = np.linalg.inv(G.T @ G)
    m = C @ G.T @ d
    found["acceleration"], found["acceleration_std"] = m[0], np.sqrt(C[0, 0]) * np.std(d - G @ m)
    return found


@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_attributes_are_the_literal_ones(rng, gaps):
    t = egms_years(DATES)
    series = 0.02 * rng.normal(size=(120, 4, 5)) * 0.2 + (0.01 * t + 0.004 * t**2)[:, None, None]
    series = series.astype(np.float32)
    series[rng.random(series.shape) < gaps] = np.nan
    found = fit_egms(series, dates=DATES, wavelength=WAVELENGTH)
    for y, x in np.ndindex(4, 5):
        good = np.isfinite(series[:, y, x])
        expected = literal_egms(series[good, y, x].astype(float), t[good])
        for name, value in expected.items():
            # the service shifts by the model at its first epoch, also where a pixel lacks that date
            if name != "shift" or good[0]:
                assert getattr(found, name)[y, x] == pytest.approx(value, rel=2e-5, abs=1e-9), name


def test_a_year_has_365_days():
    days = np.array([(d - DATES[0]).days for d in DATES], float)
    series = (1e-4 * days).astype(np.float32).reshape(-1, 1, 1)
    found = fit_egms(series, dates=DATES, wavelength=WAVELENGTH)
    assert found.mean_velocity[0, 0] == pytest.approx(0.0365, rel=1e-5)
    nsbas = fit_nsbas(series, dates=DATES)
    assert nsbas.velocity[0, 0] == pytest.approx(0.036525, rel=1e-5)


def test_the_shifted_series_starts_on_the_model():
    t = egms_years(DATES)
    series = (0.03 + 0.01 * t - 0.02 * t**2 + 0.005 * np.cos(2 * np.pi * t)).astype(np.float32)
    found = fit_egms(series.reshape(-1, 1, 1), dates=DATES, wavelength=WAVELENGTH)
    assert found.shift[0, 0] == pytest.approx(0.035, abs=1e-6)
    assert found.acceleration[0, 0] == pytest.approx(-0.04, abs=1e-5)
    assert found.rmse[0, 0] < 1e-6
    assert found.temporal_coherence[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_too_few_dates_for_the_cubic_are_missing(rng):
    series = rng.normal(size=(120, 1, 1)).astype(np.float32)
    series[6:] = np.nan
    found = fit_egms(series, dates=DATES, wavelength=WAVELENGTH)
    assert np.isnan(found.rmse[0, 0])
    assert np.isnan(found.temporal_coherence[0, 0])
    assert np.isfinite(found.mean_velocity[0, 0])


def test_wrong_arguments_are_refused():
    with pytest.raises(ShapeMismatchError, match="120 dates"):
        fit_egms(np.zeros((119, 2, 2), np.float32), dates=DATES, wavelength=WAVELENGTH)
    with pytest.raises(OutOfRangeError, match="a positive length"):
        fit_egms(np.zeros((120, 2, 2), np.float32), dates=DATES, wavelength=0.0)
    with pytest.raises(ShapeMismatchError, match="amplitudes of shape"):
        fit_nsbas(np.zeros((120, 2, 2), np.float32), dates=DATES, amplitude=np.ones(3))
    with pytest.raises(OutOfRangeError, match="positive amplitudes"):
        fit_nsbas(np.zeros((120, 2, 2), np.float32), dates=DATES, amplitude=np.zeros(120))
    with pytest.raises(ShapeMismatchError, match="120 dates"):
        fit_nsbas(np.zeros((119, 2, 2), np.float32), dates=DATES)


def test_nsbas_is_numpys_weighted_line(rng):
    series = rng.normal(size=(120, 2, 3)).astype(np.float32)
    series[5, 0, 1] = np.nan
    amplitude = 0.002 + 0.01 * rng.random(120)
    found = fit_nsbas(series, dates=DATES, amplitude=amplitude)
    t = np.array([(d - DATES[0]).days for d in DATES]) / 365.25
    for y, x in np.ndindex(2, 3):
        good = np.isfinite(series[:, y, x])
        (slope, origin), covariance = np.polyfit(
            t[good], series[good, y, x], 1, w=1 / amplitude[good], cov=True
        )
        assert found.velocity[y, x] == pytest.approx(slope, rel=1e-4, abs=1e-6)
        assert found.origin[y, x] == pytest.approx(origin, rel=1e-4, abs=1e-6)
        assert found.velocity_std[y, x] == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-4)
    assert found.residual_count[5] == 5


def test_a_stormy_date_loses_its_pull(rng):
    t = np.array([(d - DATES[0]).days for d in DATES]) / 365.25
    series = (0.02 * t)[:, None, None] + 0.001 * rng.normal(size=(120, 30, 30))
    series[-1] += 0.2
    series = series.astype(np.float32)
    first = fit_nsbas(series, dates=DATES)
    amplitude = atmosphere_amplitude(first.residual_square_sum, first.residual_count)
    assert np.argmax(amplitude) == 119
    second = fit_nsbas(series, dates=DATES, amplitude=amplitude)
    assert abs(np.mean(second.velocity) - 0.02) < 0.1 * abs(np.mean(first.velocity) - 0.02)
