import numpy as np
import pytest
from scipy.special import gamma, hyp2f1

from fringeworks.errors import OutOfRangeError
from fringeworks.timeseries.smallbaseline import phase_variance
from fringeworks.timeseries.smallbaseline.weights import (
    PHASE_STD_FLOOR,
    coherence_weights,
    uniform_weights,
    variance_table,
)


@pytest.mark.parametrize("looks", [1.0, 2.5, 4.0, 16.0])
@pytest.mark.parametrize("coherence", [0.05, 0.3, 0.6, 0.9])
def test_variance_against_the_published_density(looks, coherence):
    """Lee, Hoppel, Mango and Miller (1994), IEEE TGRS 32(5), eq. 15: the density of the multilook phase."""
    phi = np.linspace(-np.pi, np.pi, 20_001)
    b = coherence * np.cos(phi)
    density = gamma(looks + 0.5) * (1 - coherence**2) ** looks * b / (
        2 * np.sqrt(np.pi) * gamma(looks) * (1 - b**2) ** (looks + 0.5)
    ) + (1 - coherence**2) ** looks / (2 * np.pi) * hyp2f1(looks, 1, 0.5, b**2)
    assert np.trapezoid(density, phi) == pytest.approx(1.0, abs=1e-6)
    expected = np.trapezoid(phi**2 * density, phi)
    assert phase_variance(np.array(coherence), looks=looks) == pytest.approx(expected, rel=2e-3)


def test_variance_of_simulated_looks(rng):
    looks, coherence, n = 5, 0.45, 200_000
    draw = (rng.standard_normal((2, looks, n)) + 1j * rng.standard_normal((2, looks, n))) / np.sqrt(2)
    second = coherence * draw[0] + np.sqrt(1 - coherence**2) * draw[1]
    found = np.mean(np.angle(np.sum(np.conj(draw[0]) * second, axis=0)) ** 2)
    assert phase_variance(np.array(coherence), looks=looks) == pytest.approx(found, rel=0.015)


def test_limits_of_the_variance():
    assert phase_variance(np.array(0.0), looks=12.0) == pytest.approx(np.pi**2 / 3, rel=1e-5)
    high, looks = 0.97, 100.0
    bound = (1 - high**2) / (2 * high**2) / looks
    assert 1.0 < phase_variance(np.array(high), looks=looks) / bound < 1.03
    falling = phase_variance(np.linspace(0, 1, 400), looks=7.0)
    assert (np.diff(falling) < 0).all()
    with pytest.raises(OutOfRangeError, match=r"0\.3 looks"):
        phase_variance(np.array(0.5), looks=0.3)


def test_weights_are_one_over_variance_with_a_floor_and_gaps():
    table = variance_table(10.0)
    coherence = np.array([[0.1, 0.55, 0.9, 1.0, np.nan, 0.5, 1.2, -0.1]], np.float32)
    phase = np.array([[0, 1, 2, 3, 4, np.nan, 6, 7]], np.float32)
    weight = np.full_like(phase, -1)
    coherence_weights(phase, coherence, np.array([2.0]), table, weight)
    expected = 2 / np.maximum(phase_variance(coherence[0, :3].astype(float), looks=10.0), PHASE_STD_FLOOR**2)
    np.testing.assert_allclose(weight[0, :3], expected, rtol=1e-3)
    assert weight[0, 3] == pytest.approx(2 / PHASE_STD_FLOOR**2)
    assert list(weight[0, 4:6]) == [0, 0]
    assert weight[0, 6] == weight[0, 3]
    assert weight[0, 7] == pytest.approx(2 / (np.pi**2 / 3), rel=1e-4)
    uniform_weights(phase, np.array([0.5]), weight)
    np.testing.assert_array_equal(weight[0] > 0, np.isfinite(phase[0]))
    assert weight.max() == 0.5
