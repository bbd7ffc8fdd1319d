"""Memory of the date noise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.timeseries.models.twin import noisy_series, regular_dates

from fringeworks.errors import ShapeMismatchError
from fringeworks.timeseries.models import NO_MEMORY, ModelOptions, estimate_correlation

DATES = regular_dates(60)
DAYS = np.array([(d - DATES[0]).days for d in DATES], float)
LINE = ModelOptions(annual=False)


def simulate(rng, *, memory, pair_sigma=0.002, date_sigma=0.004, n_pixels=600):
    return noisy_series(
        rng,
        n_dates=60,
        n_pixels=n_pixels,
        pair_sigma=pair_sigma,
        date_sigma=date_sigma,
        days=DAYS,
        memory=memory,
    )


@pytest.mark.parametrize("memory", [20.0, 60.0])
def test_a_memory_is_found(rng, memory):
    series, covariance = simulate(rng, memory=memory)
    found = estimate_correlation(series, dates=DATES, options=LINE, covariance=covariance)
    # the grid's steps are a factor 1.26 apart; two steps
    assert memory / 1.6 < found.scale_days < memory * 1.6
    assert found.share >= 0.75


def test_noise_without_memory_is_left_without(rng):
    series, covariance = simulate(rng, memory=0.0)
    found = estimate_correlation(series, dates=DATES, options=LINE, covariance=covariance)
    lag = found.matrix(DATES)[0, 1]
    # 600 pixels x 58 degrees of freedom: the correlation of neighbours is known to 0.005
    assert lag < 0.03


def test_the_interferograms_own_noise_is_not_taken_for_memory(rng):
    """Pair noise accumulates along the chain of pairs: without its covariance it looks remembered."""
    series, covariance = simulate(rng, memory=0.0, date_sigma=0.0, pair_sigma=0.004)
    told = estimate_correlation(series, dates=DATES, options=LINE, covariance=covariance)
    untold = estimate_correlation(series, dates=DATES, options=LINE)
    assert told.scale_days == 0.0
    assert untold.scale_days > 12.0


def test_gaps_are_borne(rng):
    series, covariance = simulate(rng, memory=30.0)
    series[rng.random(series.shape) < 0.1] = np.nan
    found = estimate_correlation(series, dates=DATES, options=LINE, covariance=covariance)
    # 24 patterns of gaps, one pixel each, 50 dates: less certain
    assert 12.0 < found.scale_days < 75.0


def test_few_loud_pixels_do_not_decide(rng):
    quiet, covariance = simulate(rng, memory=0.0)
    loud, _ = simulate(rng, memory=80.0, n_pixels=12)
    series = np.concatenate([quiet, 10.0 * loud], axis=1)
    matrices = np.concatenate([covariance, covariance[:12]])
    found = estimate_correlation(series, dates=DATES, options=LINE, covariance=matrices)
    assert found.matrix(DATES)[0, 1] < 0.2


def test_it_is_deterministic(rng):
    series, covariance = simulate(rng, memory=30.0)
    first = estimate_correlation(series, dates=DATES, options=LINE, covariance=covariance)
    assert first == estimate_correlation(series.copy(), dates=DATES, options=LINE, covariance=covariance)


def test_nothing_to_estimate_from_is_no_memory():
    assert estimate_correlation(np.full((60, 5), np.nan, np.float32), dates=DATES, options=LINE) == NO_MEMORY
    assert estimate_correlation(np.zeros((60, 5), np.float32), dates=DATES, options=LINE) == NO_MEMORY
    assert estimate_correlation(np.zeros((5, 5), np.float32), dates=DATES[:5], options=LINE) == NO_MEMORY


def test_it_can_be_switched_off(rng):
    series, _ = simulate(rng, memory=30.0)
    options = ModelOptions(annual=False, temporal_correlation=False)
    assert estimate_correlation(series, dates=DATES, options=options) == NO_MEMORY


def test_shapes_are_checked():
    with pytest.raises(ShapeMismatchError, match="60 dates, pixels"):
        estimate_correlation(np.zeros((59, 5), np.float32), dates=DATES, options=LINE)
    with pytest.raises(ShapeMismatchError, match=r"\(pixel, date, date\)"):
        estimate_correlation(
            np.zeros((60, 5), np.float32),
            dates=DATES,
            options=LINE,
            covariance=np.zeros((5, 59, 59), np.float32),
        )
