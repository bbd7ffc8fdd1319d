"""Interpolation weights against the normal equations they come from, and against signals of known bandwidth."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.taps import LENGTHS, design_taps

FRACTIONS = np.linspace(0.0, 1.0, 41)


def best_weights(bandwidth, n, fraction):
    """Solve the normal equations of the least mean square error, plainly."""
    place = np.arange(n) - (n // 2 - 1)
    normal = np.sinc(bandwidth * (place[:, None] - place))
    right = np.sinc(bandwidth * (place - fraction))
    weights = np.linalg.solve(normal, right)
    return weights, 1.0 - right @ weights


def power_of_error(weights, bandwidth, fraction, n_frequencies=400):
    """Average |sum of weights times exp(2 pi i f (place - fraction)) - 1|^2 over the band."""
    n = len(weights)
    place = np.arange(n) - (n // 2 - 1)
    frequency = bandwidth * ((np.arange(n_frequencies) + 0.5) / n_frequencies - 0.5)
    response = np.exp(2j * np.pi * frequency[:, None] * (place - fraction)) @ weights
    return np.mean(np.abs(response - 1.0) ** 2)


@pytest.mark.parametrize(
    ("bandwidth", "n"), [(0.67, 8), (0.75, 10), (0.85, 12), (0.88, 16), (0.5, 6), (0.35, 4)]
)
def test_error_is_that_of_the_best_weights(bandwidth, n):
    taps = design_taps(bandwidth, n_taps=n)
    found = [
        power_of_error(w, bandwidth, mu) for w, mu in zip(taps.weights(FRACTIONS), FRACTIONS, strict=True)
    ]
    best = [best_weights(bandwidth, n, mu)[1] for mu in FRACTIONS]
    # the polynomial adds 3 % at most; 1e-9 is the rounding of float32 coefficients
    np.testing.assert_allclose(found, best, rtol=0.03, atol=1e-9)
    assert taps.error == pytest.approx(np.mean(best[:-1]), rel=0.03)


@pytest.mark.parametrize("n", LENGTHS)
def test_samples_are_kept_and_weights_mirrored(n):
    taps = design_taps(0.7, n_taps=n)
    assert len(taps) == n
    assert taps.reach == n // 2
    weights = taps.weights(FRACTIONS)
    np.testing.assert_array_equal(weights[0], np.arange(n) == n // 2 - 1)
    np.testing.assert_array_equal(weights[-1], np.arange(n) == n // 2)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-15)


def test_phase_of_a_symmetric_band_is_unbiased():
    # the mean response over the band is real: no shift of phase is left on average
    taps = design_taps(0.85, n_taps=8)
    place = np.arange(8) - 3
    frequency = 0.85 * (np.arange(400) / 400 - 0.49875)
    for mu in (0.1, 0.37, 0.5):
        response = np.exp(2j * np.pi * frequency[:, None] * (place - mu)) @ taps.weights(np.array(mu))
        assert abs(np.angle(response.mean())) < 1e-6


def test_the_shortest_that_keeps_the_error_is_chosen():
    for bandwidth in (0.5, 0.67, 0.75, 0.85, 0.878):
        taps = design_taps(bandwidth, error=2e-5)
        assert taps.error <= 2e-5
        shorter = LENGTHS[LENGTHS.index(len(taps)) - 1]
        assert design_taps(bandwidth, n_taps=shorter).error > 2e-5
    assert len(design_taps(0.98, error=1e-12)) == LENGTHS[-1]


@pytest.mark.parametrize("bandwidth", [0.0, -0.1, 0.99, np.nan])
def test_impossible_bandwidths_are_refused(bandwidth):
    with pytest.raises(OutOfRangeError, match="of the sampling rate"):
        design_taps(bandwidth)


def test_unknown_lengths_are_refused():
    with pytest.raises(OutOfRangeError, match="7 taps"):
        design_taps(0.5, n_taps=7)


def test_designs_are_shared_and_cannot_be_changed():
    taps = design_taps(0.7, n_taps=8)
    assert design_taps(0.7, n_taps=8) is taps
    with pytest.raises(ValueError, match="read-only"):
        taps.even[0, 0] = 1.0
