"""Critical values are those of the exact distributions, from few dates to many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fringeworks.errors import OutOfRangeError
from fringeworks.timeseries.distributed.neighbours_levels import (
    anderson_level,
    anderson_levels,
    counts,
    independent_dates,
    kolmogorov_levels,
    kolmogorov_rejection,
    rank_dates,
    ratio_levels,
)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 60])
def test_the_ratio_of_mean_powers_is_turned_away_at_the_rate_asked_for(n):
    rng = np.random.default_rng(n)
    power = rng.exponential(size=(2, n, 40_000)).mean(axis=1)
    apart = np.abs(np.log(power[0] / power[1])) > ratio_levels(n, false_rejection=0.05)[-1]
    # four standard deviations of a share of 0.05 in 40,000
    assert apart.mean() == pytest.approx(0.05, abs=0.0045)


@pytest.mark.parametrize(("n", "steps"), [(2, 2), (5, 4), (12, 6), (30, 11)])
def test_the_distance_of_distributions_has_its_exact_distribution(n, steps):
    # SciPy counts lattice paths
    first = np.arange(n) + 0.0
    second = first + steps - 0.5
    found = stats.ks_2samp(first, second, method="exact")
    assert found.statistic == pytest.approx(steps / n)
    assert kolmogorov_rejection(steps, n) == pytest.approx(found.pvalue, rel=1e-9)


@pytest.mark.parametrize("n", [2, 3, 4, 6, 20])
def test_the_distance_that_is_too_large_is_the_smallest_rare_enough(n):
    steps = int(kolmogorov_levels(n, false_rejection=0.05)[-1])
    assert steps == n + 1 or kolmogorov_rejection(steps, n) <= 0.05
    assert kolmogorov_rejection(steps - 1, n) > 0.05


@pytest.mark.parametrize(("n", "rate"), [(5, 0.05), (8, 0.01), (12, 0.05), (30, 0.01), (70, 0.05)])
def test_the_statistic_of_anderson_and_darling_has_its_distribution(n, rate):
    rng = np.random.default_rng(n)
    of_first = np.argsort(rng.random((60_000, 2 * n)), axis=1) < n
    m, i = np.cumsum(of_first, axis=1)[:, :-1], np.arange(1, 2 * n)
    values = ((2 * m - i) ** 2 / (i * (2 * n - i))).sum(axis=1)
    share = (values > anderson_level(n, false_rejection=rate)).mean()
    # few dates have few values; four standard deviations of a share in 60,000, and the width of a bin
    assert share <= rate + 4 * np.sqrt(rate / 60_000) + 0.01 * rate
    assert share >= (0.93 if n > 8 else 0.5) * rate - 4 * np.sqrt(rate / 60_000)


def test_so_few_dates_that_nothing_is_rare():
    assert anderson_level(2, false_rejection=0.05) == np.inf
    assert np.isinf(anderson_levels(1, false_rejection=0.05)).all()
    assert (kolmogorov_levels(3, false_rejection=0.05) == 4).all()


def test_tables_fall_with_the_number_of_dates():
    for levels in (ratio_levels, anderson_levels, kolmogorov_levels):
        table = levels(20, false_rejection=0.01)
        assert len(table) == len(counts(20))
        assert (np.diff(table) <= 0).all()
    assert rank_dates(20.0, 20) == 20.0
    assert rank_dates(1.0, 20) == pytest.approx(1.0)
    assert rank_dates(7.0, 1) == 1.0
    with pytest.raises(OutOfRangeError, match="0 dates"):
        counts(0)


def test_ranks_of_coherent_speckle_are_correlated_as_said():
    rng = np.random.default_rng(3)
    white = rng.standard_normal((4, 200_000))
    coherence = 0.8
    first = white[0] + 1j * white[1]
    second = coherence * first + np.sqrt(1 - coherence**2) * (white[2] + 1j * white[3])
    found = stats.spearmanr(np.abs(first), np.abs(second)).statistic
    r = coherence**2
    # standard deviation of a correlation from 200,000 samples: 0.002
    assert found == pytest.approx(3 * r / (4 - r), abs=0.006)


@pytest.mark.parametrize("n", [3, 10, 40])
def test_independent_dates_are_counted(n):
    rng = np.random.default_rng(n)
    power = rng.exponential(size=(n, 20_000)) * rng.lognormal(sigma=2.0, size=20_000)
    excess = np.log(power.mean(axis=0)) - np.log(power).mean(axis=0)
    # n dates, each seen three times over, are n dates
    found = independent_dates(np.array([excess.mean(), 0.0, np.nan], np.float32), 3 * n)
    assert found[0] == pytest.approx(n, rel=0.1)
    assert found[1:].tolist() == [1.0, 1.0]
    assert independent_dates(np.zeros(2, np.float32), 1).tolist() == [1.0, 1.0]
