import numpy as np
import pytest
from tests.tops.speckle import decaying, draw

from fringeworks.tops.speckle import (
    PhaseInformation,
    complete_inverse,
    pair_variance,
    phase_information,
    star_information,
)


def band(n, reach):
    return np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= reach


def plain_score_covariance(weight, gamma, looks, window_looks):
    """Sum over pairs of pairs of the covariance of phases: the formula written out."""
    n = len(gamma)
    covariance = np.zeros((n, n))
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    for i, j in pairs:
        for k, m in pairs:
            here = gamma[i, j] * gamma[k, m]
            direct, crossed = gamma[i, k] * gamma[j, m] / here, gamma[i, m] * gamma[j, k] / here
            shared = (direct - crossed) / looks + (direct**2 - crossed**2) / (2 * looks * window_looks)
            covariance[j, m] += weight[i, j] * weight[k, m] * shared
    return covariance


def inform(squared, *, joined=None, looks=1000.0, window_looks=1e12, by=phase_information):
    """Information of one block."""
    n = len(squared)
    joined = np.ones((n, n), bool) if joined is None else joined
    found = by(squared[None], joined, looks=np.array([looks]), window_looks=np.array([window_looks]))
    return PhaseInformation(found.weight[0], found.curvature[0], found.covariance[0])


def complete(coherence, joined):
    completed, inverse = complete_inverse(coherence[None], joined)
    return completed[0], inverse[0]


def test_a_matrix_whose_inverse_is_a_band_is_completed_exactly():
    gamma = 0.7 ** np.abs(np.subtract.outer(np.arange(9), np.arange(9)))
    completed, inverse = complete(gamma, band(9, 2))
    np.testing.assert_allclose(completed, gamma, atol=1e-12)
    np.testing.assert_allclose(inverse, np.linalg.inv(gamma), atol=1e-12)


def test_a_completed_matrix_keeps_what_is_known_and_is_silent_elsewhere():
    gamma, joined = decaying(10), band(10, 3)
    completed, inverse = complete(gamma, joined)
    np.testing.assert_allclose(completed[joined], gamma[joined], atol=1e-12)
    assert not inverse[~joined].any()


def test_a_matrix_that_is_no_covariance_is_mended():
    gamma = np.array([[1, 0.9, 0.0], [0.9, 1, 0.9], [0.0, 0.9, 1]])
    completed, inverse = complete(gamma, band(3, 2))
    assert np.linalg.eigvalsh(completed)[0] > 0
    np.testing.assert_allclose(completed @ inverse, np.eye(3), atol=1e-11)


def test_with_all_pairs_the_weights_are_those_of_the_fisher_information():
    gamma = decaying(8, first=0.7, floor=0.1)
    looks = 5000.0
    found = inform(gamma**2 - np.eye(8), looks=looks)
    fisher = looks * (gamma * np.linalg.inv(gamma) - np.eye(8))
    np.testing.assert_allclose(found.curvature, fisher, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.covariance, fisher, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("window_looks", [30.0, 1e12])
def test_the_covariance_of_the_score_is_the_sum_over_pairs_of_pairs(window_looks):
    gamma = decaying(6, first=0.6, floor=0.3)
    found = inform(gamma**2 - np.eye(6), looks=900.0, window_looks=window_looks)
    plain = plain_score_covariance(found.weight, gamma, 900.0, window_looks)
    np.testing.assert_allclose(found.covariance, plain, rtol=1e-9)


@pytest.mark.parametrize(("reach", "floor"), [(2, 0.0), (5, 0.25)])
def test_drawn_speckle_scatters_as_the_covariance_says(rng, reach, floor):
    # With few neighbours the coherence of distant dates is extrapolated: rightly so only where it decays to nothing.
    n, looks, window_looks, trials = 6, 400, 40, 1500
    gamma = (
        decaying(n, first=0.55, floor=floor)
        if floor
        else 0.55 ** np.abs(np.subtract.outer(range(n), range(n)))
    )
    found = inform(gamma**2, joined=band(n, reach), looks=looks, window_looks=window_looks)
    shape = (trials, looks // window_looks, window_looks)
    upper, lower = draw(rng, gamma, shape), draw(rng, gamma, shape)
    product = 0
    for image, turn in ((lower, 1), (upper, -1)):
        pairs = np.einsum("itwl,jtwl->tijw", image, image.conj()) / window_looks
        product = pairs if turn == 1 else (product * pairs.conj()).mean(axis=-1)
    residual = product.imag / gamma**2
    score = (found.weight * residual).sum(axis=1)
    spread = score.T @ score / trials
    # relative error of a variance from 1500 trials: 3.7 %; entries of (date, date) compared on their own scale
    scale = np.sqrt(np.outer(np.diag(found.covariance), np.diag(found.covariance)))
    np.testing.assert_allclose(spread / scale, found.covariance / scale, atol=0.13)
    assert np.trace(spread) == pytest.approx(np.trace(found.covariance), rel=0.06)


def test_a_pair_alone_has_the_variance_of_a_double_difference():
    squared = np.array([[0, 0.25], [0.25, 0]])
    for by in (phase_information, star_information):
        found = inform(squared, by=by)
        assert 1 / found.weight[0, 1] == pytest.approx((1 - 0.25) / (1000 * 0.25), rel=1e-6)
    assert pair_variance(np.array(0.25), np.array(1000.0), np.array(1e12)) == pytest.approx(0.003)


def test_few_neighbours_lose_little_of_what_all_pairs_know():
    # what is lost against the information of all pairs, in the variance of the last date relative to the first
    gamma = decaying(20, first=0.6, floor=0.15, days=40)
    variance = {}
    for reach in (4, 19):
        found = inform(gamma**2, joined=band(20, reach))
        inverse = np.linalg.inv(found.curvature[1:, 1:])
        variance[reach] = (inverse @ found.covariance[1:, 1:] @ inverse)[-1, -1]
    assert variance[19] < variance[4] < 3 * variance[19]


def test_blocks_are_worked_on_as_if_alone():
    squared = np.stack([decaying(5) ** 2, np.ones((5, 5)), decaying(5, first=0.3, floor=0.1) ** 2])
    looks, window_looks = np.array([100.0, 200.0, 300.0]), np.array([50.0, 60.0, 70.0])
    together = phase_information(squared, band(5, 2), looks=looks, window_looks=window_looks)
    for k in range(3):
        alone = inform(squared[k], joined=band(5, 2), looks=looks[k], window_looks=window_looks[k])
        np.testing.assert_allclose(together.covariance[k], alone.covariance, rtol=1e-9)


def test_what_is_not_used_carries_no_weight():
    squared = np.full((3, 3), 0.3)
    squared[0, 2] = squared[2, 0] = np.nan
    found = inform(squared, looks=100.0, window_looks=50.0)
    assert found.weight[0, 2] == 0.0
    assert np.isfinite(found.covariance).all()
    nothing = inform(np.zeros((3, 3)), looks=100.0, window_looks=50.0)
    assert not nothing.weight.any()
