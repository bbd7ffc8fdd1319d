"""Noise that interferograms share: found by its pattern, whatever its size, and the slope's sigma is then right."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.timeseries.smallbaseline.sharing import estimate_sharing, nothing_shared

LOOKS = 30
N_DATES = 24
N_PIXELS = 1200


def network(*, nearest: int = 3) -> PairNetwork:
    days = [date(2021, 1, 4) + timedelta(days=12 * k) for k in range(N_DATES)]
    ends = [(i, j) for i in range(N_DATES) for j in range(i + 1, min(i + 1 + nearest, N_DATES))]
    return PairNetwork.of([Pair(days[i], days[j]) for i, j in ends])


def coherence_matrix(first: float, decay_days: float) -> np.ndarray:
    days = 12.0 * np.arange(N_DATES)
    matrix = first * np.exp(-np.abs(days[:, None] - days) / decay_days)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def from_images(
    net: PairNetwork, matrix: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images of correlated circular Gaussian speckle, multiply pairs, average: (pair, pixel) phase, coherence."""
    shape = (N_DATES, N_PIXELS, LOOKS)
    white = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    images = np.einsum("ij,jpl->ipl", np.linalg.cholesky(matrix), white)
    i, j = net.endpoints().T
    product = np.mean(images[i] * images[j].conj(), axis=2)
    power = np.sqrt(np.mean(np.abs(images[i]) ** 2, axis=2) * np.mean(np.abs(images[j]) ** 2, axis=2))
    return np.angle(product).astype(np.float32), (np.abs(product) / power).astype(np.float32)


def each_alone(
    net: PairNetwork, matrix: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw each pair for itself from a normal law with the variance that its coherence implies."""
    i, j = net.endpoints().T
    true = matrix[i, j][:, None]
    sigma = np.sqrt((1 - true**2) / (2 * LOOKS * true**2))
    phase = sigma * rng.normal(size=(len(net.pairs), N_PIXELS))
    # a coherence estimated from as many looks scatters by (1 - g^2) / sqrt(2 L)
    measured = true + (1 - true**2) / np.sqrt(2 * LOOKS) * rng.normal(size=phase.shape)
    return phase.astype(np.float32), np.clip(measured, 0.01, 0.999).astype(np.float32)


def weights(coherence: np.ndarray) -> np.ndarray:
    clipped = np.clip(coherence, 0.1, 0.98)
    return (2 * LOOKS * clipped**2 / (1 - clipped**2)).astype(np.float32)


def standardised_slope(
    net: PairNetwork, phase: np.ndarray, weight: np.ndarray, inflation: np.ndarray
) -> float:
    """Return the rms of slope error over sigma of a plain weighted inversion, its variance inflated."""
    matrix = net.incidence().astype(float)[:, 1:]
    years = net.years - net.years.mean()
    line = (years / np.sum(years**2))[1:]
    ratios = []
    for p in range(0, N_PIXELS, 3):
        normal = np.linalg.inv(matrix.T @ (weight[:, p, None] * matrix))
        solution = normal @ matrix.T @ (weight[:, p] * phase[:, p])
        residual = phase[:, p] - matrix @ solution
        factor = np.sum(weight[:, p] * residual**2) / (len(net.pairs) - N_DATES + 1)
        ratios.append((line @ solution) / np.sqrt(inflation[p] * factor * (line @ normal @ line)))
    return float(np.sqrt(np.mean(np.square(ratios))))


@pytest.mark.parametrize(("first", "decay_days"), [(0.9, 500.0), (0.75, 120.0)])
@pytest.mark.parametrize("size", [1.0, 3.0])
def test_noise_of_images_is_known_by_its_pattern(rng, first, decay_days, size):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(first, decay_days), rng)
    phase, weight = phase * np.float32(size), weights(coherence)
    found = estimate_sharing(phase, coherence, weight, network=net, effective_looks=LOOKS)
    assert found.share.min() > 0.8
    factor = found.factor(coherence.mean(axis=0))
    # 400 slopes scatter by 4 %, and the formula is that of many looks: 0.8 to 1.2 is what is promised
    assert 0.8 < standardised_slope(net, phase, weight, factor) < 1.2
    # without it, sigma would be less than half of the error
    assert standardised_slope(net, phase, weight, np.ones_like(factor)) > 1.6


@pytest.mark.parametrize("size", [1.0, 3.0])
def test_noise_of_single_interferograms_is_left_alone(rng, size):
    net = network()
    phase, coherence = each_alone(net, coherence_matrix(0.85, 300.0), rng)
    phase, weight = phase * np.float32(size), weights(coherence)
    found = estimate_sharing(phase, coherence, weight, network=net, effective_looks=LOOKS)
    assert np.median(found.share) < 0.35
    assert 0.8 < standardised_slope(net, phase, weight, found.factor(coherence.mean(axis=0))) < 1.2


def test_size_of_the_noise_changes_nothing(rng):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.8, 200.0), rng)
    weight = weights(coherence)
    once = estimate_sharing(phase, coherence, weight, network=net, effective_looks=LOOKS)
    twice = estimate_sharing(2 * phase, coherence, weight, network=net, effective_looks=LOOKS)
    np.testing.assert_array_equal(once.share, twice.share)
    np.testing.assert_array_equal(once.inflation, twice.inflation)


def test_motion_changes_nothing(rng):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.8, 200.0), rng)
    weight = weights(coherence)
    motion = np.cumsum(rng.normal(size=(N_DATES, N_PIXELS)), axis=0).astype(np.float32)
    i, j = net.endpoints().T
    still = estimate_sharing(phase, coherence, weight, network=net, effective_looks=LOOKS)
    moving = estimate_sharing(
        phase + motion[j] - motion[i], coherence, weight, network=net, effective_looks=LOOKS
    )
    # motion closes: it has no part in what loops see; one step of the search is left to the rounding of float32
    np.testing.assert_allclose(moving.share, still.share, atol=0.026)


def test_too_little_to_learn_from_is_said(rng):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.8, 200.0), rng)
    weight = weights(coherence)
    few = estimate_sharing(phase[:, :9], coherence[:, :9], weight[:, :9], network=net, effective_looks=LOOKS)
    assert few.n_pixels == 0
    assert "9 pixels" in few.finding.text
    np.testing.assert_array_equal(few.factor(np.array([0.2, np.nan])), [1, 1])
    chain = network(nearest=1)
    alone = estimate_sharing(
        phase[: len(chain.pairs)],
        coherence[: len(chain.pairs)],
        weight[: len(chain.pairs)],
        network=chain,
        effective_looks=LOOKS,
    )
    assert "0 loops" in alone.finding.text
    assert "no coherence" in nothing_shared("no coherence").finding.text


def test_interferograms_that_few_pixels_have_do_not_hide_what_the_others_share(rng):
    """One pair that hardly any pixel has, and gaps at random in the rest: what is learned is learned all the same."""
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.75, 120.0), rng)
    weight = weights(coherence)
    whole = estimate_sharing(phase, coherence, weight, network=net, effective_looks=LOOKS)
    gaps = rng.random(phase.shape) < 0.01
    gaps[[7, 30]] = rng.random((2, N_PIXELS)) < 0.97
    thin = estimate_sharing(
        np.where(gaps, np.float32(np.nan), phase), coherence, weight, network=net, effective_looks=LOOKS
    )
    assert thin.n_pixels > 0.3 * N_PIXELS
    # the share is found on a grid of steps of 0.025, from a third of the pixels
    assert abs(thin.share.mean() - whole.share.mean()) < 0.1
    assert thin.inflation.mean() == pytest.approx(whole.inflation.mean(), rel=0.1)


def test_pixels_without_coherence_are_not_inflated(rng):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.8, 200.0), rng)
    found = estimate_sharing(phase, coherence, weights(coherence), network=net, effective_looks=LOOKS)
    assert found.factor(np.array([np.nan]))[0] == 1
    assert found.factor(np.array([0.5]))[0] >= 1


def test_shapes_are_checked(rng):
    net = network()
    phase, coherence = from_images(net, coherence_matrix(0.8, 200.0), rng)
    with pytest.raises(ShapeMismatchError, match="three times"):
        estimate_sharing(phase, coherence[:, :5], weights(coherence), network=net, effective_looks=LOOKS)
