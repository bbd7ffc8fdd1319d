"""Independent samples of band-limited speckle, against speckle."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.spectrum import independent_share


def test_a_flat_band_is_worth_its_share():
    assert independent_share(0.7) == pytest.approx(0.7)


@pytest.mark.parametrize(("share", "window"), [(0.67, 0.7), (0.85, 0.75), (0.5, 1.0)])
def test_the_mean_power_of_speckle_scatters_as_said(rng, share, window):
    """4000 rows of 1024 samples: the variance is known to 2.2 percent, and 7 percent is three times that."""
    n = 1024
    frequency = np.fft.fftfreq(n)
    inside = np.abs(frequency) < share / 2
    spectrum = np.where(inside, window + (1 - window) * np.cos(2 * np.pi * frequency / share), 0.0)
    noise = rng.standard_normal((4000, n)) + 1j * rng.standard_normal((4000, n))
    power = np.abs(np.fft.ifft(np.fft.fft(noise) * spectrum)) ** 2
    mean = power.mean(axis=1)
    looks = mean.mean() ** 2 / mean.var()
    assert looks / n == pytest.approx(independent_share(share, window=window), rel=0.07)


@pytest.mark.parametrize(("share", "window"), [(0.0, 1.0), (1.2, 1.0), (0.5, 0.2)])
def test_impossible_bands_are_refused(share, window):
    with pytest.raises(OutOfRangeError, match="share in"):
        independent_share(share, window=window)
