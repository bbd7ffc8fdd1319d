"""Images of given coherence: estimates against the model, phase noise against published distributions."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma as gamma_function
from scipy.special import hyp2f1, spence
from scipy.stats import ks_2samp

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.covariance import (
    CoherenceModel,
    cholesky_factor,
    circular_gaussian,
    independent_pairs,
    multilooked_pairs,
)
from fringeworks.simulate.scenario import regular_dates

DATES = regular_dates(date(2022, 1, 1), every=12, count=8)


def phase_density(phase, coherence, looks):
    """Give the density of the multilook phase (Lee, Hoppel, Mango and Miller 1994, eq. 11)."""
    beta = coherence * math.cos(phase)
    first = (
        gamma_function(looks + 0.5)
        * (1 - coherence**2) ** looks
        * beta
        / (2 * math.sqrt(math.pi) * gamma_function(looks) * (1 - beta**2) ** (looks + 0.5))
    )
    second = (1 - coherence**2) ** looks / (2 * math.pi) * hyp2f1(looks, 1, 0.5, beta**2)
    return first + second


def phase_variance(coherence, looks):
    return quad(lambda p: p * p * phase_density(p, coherence, looks), -math.pi, math.pi, limit=200)[0]


def test_the_oracle_of_these_tests_is_the_published_single_look_variance():
    # Bamler and Hartl 1998, eq. 50: pi^2/3 - pi asin g + asin^2 g - Li2(g^2) / 2
    for g in (0.2, 0.6, 0.9):
        published = math.pi**2 / 3 - math.pi * math.asin(g) + math.asin(g) ** 2 - spence(1 - g * g) / 2
        assert phase_variance(g, 1) == pytest.approx(published, rel=1e-6)


@pytest.mark.parametrize("kind", ["independent", "slc"])
@pytest.mark.parametrize(("coherence", "looks"), [(0.3, 4), (0.6, 20), (0.9, 9), (0.0, 5), (0.7, 1)])
def test_phase_noise_has_the_published_variance(kind, coherence, looks, rng):
    count = 40_000
    if kind == "independent":
        drawn = independent_pairs(np.array([coherence]), looks=looks, n_pixels=count, rng=rng)
    else:
        factor = cholesky_factor(np.array([[1.0, coherence], [coherence, 1.0]]))
        drawn = multilooked_pairs(factor, np.array([[0, 1]]), looks=looks, n_pixels=count, rng=rng)
    square = drawn.noise[0].astype(float) ** 2
    error = np.std(square) / math.sqrt(count)
    assert np.mean(square) == pytest.approx(phase_variance(coherence, looks), abs=4 * error)
    phase = drawn.noise[0].astype(float)
    assert np.mean(phase) == pytest.approx(0.0, abs=4 * np.std(phase) / math.sqrt(count))


def test_both_ways_to_draw_give_the_same_distribution_of_coherence_estimates(rng):
    factor = cholesky_factor(np.array([[1.0, 0.5], [0.5, 1.0]]))
    one = multilooked_pairs(factor, np.array([[0, 1]]), looks=7, n_pixels=20_000, rng=rng).coherence[0]
    two = independent_pairs(np.array([0.5]), looks=7, n_pixels=20_000, rng=rng).coherence[0]
    assert ks_2samp(one, two).pvalue > 1e-4
    assert one.max() <= 1.0
    # Touzi and Lopes 1999: of unrelated images L looks estimate Gamma(L) Gamma(3/2) / Gamma(L + 1/2)
    zero = independent_pairs(np.zeros(1), looks=7, n_pixels=20_000, rng=rng).coherence[0].astype(float)
    expected = gamma_function(7) * gamma_function(1.5) / gamma_function(7.5)
    assert np.mean(zero) == pytest.approx(expected, abs=4 * np.std(zero) / math.sqrt(20_000))


def test_circular_gaussian_has_its_coherence_and_no_preferred_phase(rng):
    matrix = CoherenceModel(initial=0.6, decay_days=50.0, floor=0.1).matrix(DATES)
    count = 60_000
    samples = circular_gaussian(cholesky_factor(matrix), count, rng=rng).astype(complex)
    found = samples @ samples.conj().T / count
    # counting error of a mean product of unit-power circular Gaussians: 1 / sqrt(n) at most; 28 pairs, so five of them
    np.testing.assert_allclose(found, matrix, atol=5 / math.sqrt(count))
    np.testing.assert_allclose(samples @ samples.T / count, 0.0, atol=5 * math.sqrt(2 / count))


def test_pairs_of_one_stack_share_the_noise_of_their_common_date(rng):
    matrix = CoherenceModel(initial=0.7, decay_days=1e9, floor=0.7).matrix(DATES[:3])
    ends = np.array([[0, 1], [1, 2], [0, 2]])
    looks, count = 40, 20_000
    shared = multilooked_pairs(cholesky_factor(matrix), ends, looks=looks, n_pixels=count, rng=rng).noise
    apart = independent_pairs(np.full(3, 0.7), looks=looks, n_pixels=count, rng=rng).noise
    # Of many looks cov(p01, p12) = -(g - g^2) / (2 L g^2) for equal coherence g, against a variance of (1 - g^2) / (2 L g^2):
    # a correlation of -g / (1 + g); finite looks change it by about 1 / L
    expected = -0.7 / 1.7
    assert np.corrcoef(shared[0], shared[1])[0, 1] == pytest.approx(
        expected, abs=4 / math.sqrt(count) + 1 / looks
    )
    assert np.corrcoef(apart[0], apart[1])[0, 1] == pytest.approx(0.0, abs=4 / math.sqrt(count))
    closure = shared[0] + shared[1] - shared[2]
    assert 0.0 < np.std(closure) < np.std(apart[0] + apart[1] - apart[2])


def test_coherence_model_at_known_spans():
    matrix = CoherenceModel(initial=0.8, decay_days=24.0, floor=0.2).matrix(DATES)
    assert matrix[0, 0] == 1.0
    assert matrix[0, 2] == pytest.approx(0.6 * math.exp(-1) + 0.2)
    assert matrix[5, 1] == matrix[1, 5]
    days = (date(2021, 1, 1), date(2021, 1, 13), date(2021, 7, 2))
    seasonal = CoherenceModel(initial=0.8, decay_days=1e9, floor=0.8, seasonal_loss=0.5, worst_season=0.5)
    winter, summer = seasonal.matrix(days)[0, 1], seasonal.matrix(days)[0, 2]
    assert winter == pytest.approx(0.8, rel=0.02)
    assert summer == pytest.approx(0.4, rel=0.02)
    far = CoherenceModel(initial=0.8, floor=0.8, critical_baseline=1000.0)
    across = np.array([0.0, 250.0, -1000.0])
    matrix = far.matrix(days, perpendicular_baseline=across)
    assert matrix[0, 1] == pytest.approx(0.6)
    assert matrix[0, 2] == 0.0


def test_every_model_is_a_possible_covariance(rng):
    for _ in range(20):
        floor, initial = np.sort(rng.uniform(0, 0.98, 2))
        model = CoherenceModel(
            initial=initial,
            floor=floor,
            decay_days=rng.uniform(5, 500),
            seasonal_loss=rng.uniform(0, 1),
            critical_baseline=rng.uniform(100, 5000),
        )
        matrix = model.matrix(DATES, perpendicular_baseline=rng.normal(0, 100, len(DATES)))
        assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_impossible_coherence_is_refused():
    with pytest.raises(OutOfRangeError, match=r"coherence from 0.3 to 0.6"):
        CoherenceModel(initial=0.3, floor=0.6)
    with pytest.raises(OutOfRangeError, match="not positive definite"):
        cholesky_factor(np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]))
