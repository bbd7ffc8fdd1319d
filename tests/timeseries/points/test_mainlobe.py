"""What a scatterer is at each date, from the samples of its main lobe: as good as theory lets it be."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.timeseries.points.mainlobe import combine, neighbour_correlation

DOWN, ALONG = 0.45, 0.35
NOISE = np.kron(np.array([[1, DOWN], [DOWN, 1]]), np.array([[1, ALONG], [ALONG, 1]]))


def test_speckle_of_a_flat_spectrum_is_alike_as_a_sinc_says():
    assert neighbour_correlation(0.8, window=1.0) == pytest.approx(np.sinc(0.8), abs=1e-6)
    assert neighbour_correlation(1.0, window=1.0) == pytest.approx(0.0, abs=1e-6)
    assert neighbour_correlation(0.8, window=0.75) > neighbour_correlation(0.8, window=1.0)


@pytest.mark.parametrize("shape", [(1.0, 0.35, 0.4, 0.14), (0.8, 0.8, 0.8, 0.8), (0.95, 0.6, 0.5, 0.3)])
def test_phase_noise_reaches_its_bound(shape):
    """Phase noise of the best combination is 1 / sqrt(2 a^2 s^T R^-1 s); 4000 points know it to a hundredth."""
    rng = np.random.default_rng(4)
    n_dates, n = 20, 4000
    phase = rng.uniform(-np.pi, np.pi, n_dates)
    carrier = rng.uniform(-np.pi, np.pi, (4, n))
    white = rng.standard_normal((2, n_dates, 4, n)) * np.sqrt(0.5)
    noise = np.einsum("st,dtp->dsp", np.linalg.cholesky(NOISE), white[0] + 1j * white[1])
    amplitude, pattern = 5.0, np.array(shape)
    signal = amplitude * pattern[None, :, None] * np.exp(1j * phase)[:, None, None]
    series, share = combine(
        ((signal + noise) * np.exp(1j * carrier)).astype(np.complex64), correlation=(DOWN, ALONG)
    )
    error = series * np.exp(-1j * phase)[:, None]
    error = np.angle(error * np.exp(-1j * np.angle(error.sum(axis=0))))
    bound = 1 / np.sqrt(2 * amplitude**2 * pattern @ np.linalg.solve(NOISE, pattern))
    # the mean over dates was taken off each point; second order in the noise adds two per cent
    found = np.sqrt(np.mean(error**2) * n_dates / (n_dates - 1))
    assert found == pytest.approx(bound, rel=0.04)
    np.testing.assert_allclose(share.sum(axis=0), 1.0, atol=1e-6)


def test_missing_samples_and_dates():
    values = np.ones((5, 4, 2), np.complex64)
    values[2, :, 0] = np.nan
    values[:, 1:, 1] = 0
    series, share = combine(values, correlation=(0.0, 0.0))
    assert series[2, 0] == 0
    assert (np.abs(series[[0, 1, 3, 4], 0]) > 0).all()
    np.testing.assert_allclose(share[:, 1], [1, 0, 0, 0], atol=1e-6)
    nothing, even = combine(np.full((3, 4, 1), np.nan + 0j, np.complex64), correlation=(0.0, 0.0))
    assert (nothing == 0).all()
    np.testing.assert_allclose(even, 0.25)
