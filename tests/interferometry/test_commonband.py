"""Common band: the spectral shift, and what filtering to the common band does."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.coherence import Band
from fringeworks.interferometry.commonband import keep_common_band, spectral_shift

WAVELENGTH = 0.05546576
RATE, WIDTH = 64.345238e6, 42.79e6


def gain_of(n, band, centre):
    away = np.fft.fftfreq(n, 1 / band.sampling_rate) - centre
    away = (away + band.sampling_rate / 2) % band.sampling_rate - band.sampling_rate / 2
    window = band.window + (1 - band.window) * np.cos(2 * np.pi * away / band.bandwidth)
    return np.where(abs(away) <= band.bandwidth / 2, window, 0.0)


def views(rng, shape, band, shift):
    """One ground seen twice: the secondary sees its content lower by the shift; (line, sample)."""
    ground = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    time = np.arange(shape[1]) / band.sampling_rate
    reference = np.fft.ifft(np.fft.fft(ground) * gain_of(shape[1], band, 0.0))
    moved = np.fft.fft(ground * np.exp(-2j * np.pi * shift * time))
    secondary = np.fft.ifft(moved * gain_of(shape[1], band, 0.0))
    return reference.astype(np.complex64), secondary.astype(np.complex64), np.exp(2j * np.pi * shift * time)


def coherence(reference, secondary, fringes):
    power = np.sum(abs(reference) ** 2) * np.sum(abs(secondary) ** 2)
    return abs(np.sum(reference * np.conj(secondary) * np.conj(fringes))) / np.sqrt(power)


def whole_bins(band, n, share):
    """A shift near a share of the bandwidth that is a whole number of frequency bins."""
    step = band.sampling_rate / n
    return round(share * band.bandwidth / step) * step


@pytest.mark.parametrize("share", [0.2, -0.35])
@pytest.mark.parametrize("window", [1.0, 0.75])
def test_filtering_brings_back_the_coherence(rng, share, window):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE, window=window)
    shift = whole_bins(band, 1024, share)
    reference, secondary, fringes = views(rng, (100, 1024), band, shift)
    before = coherence(reference, secondary, fringes)
    if window == 1.0:
        # two flat spectra that overlap by 1 - |share|; 2 % for the speckle of 100 lines
        assert before == pytest.approx(1 - abs(share), abs=0.02)
    found = keep_common_band(reference, secondary, axis=1, band=band, shift=shift)
    # what stays below 1 is the border of the segment, where the circular signal was cut
    assert coherence(found.reference, found.secondary, fringes) > 0.998
    # the wrong sign is worse than no filter
    wrong = keep_common_band(reference, secondary, axis=1, band=band, shift=-shift)
    assert coherence(wrong.reference, wrong.secondary, fringes) < before


def test_a_flattened_secondary_has_its_spectrum_moved(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE, window=0.75)
    shift = whole_bins(band, 1024, 0.25)
    reference, secondary, fringes = views(rng, (100, 1024), band, shift)
    flat = (secondary * fringes).astype(np.complex64)
    found = keep_common_band(reference, flat, axis=1, band=band, secondary_centre=shift)
    assert coherence(found.reference, found.secondary, np.ones(1024)) > 0.998


def test_the_window_is_laid_over_the_common_band(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE, window=0.75)
    shift = whole_bins(band, 1024, 0.3)
    reference, secondary, _ = views(rng, (2000, 1024), band, shift)
    found = keep_common_band(reference, secondary, axis=1, band=band, shift=shift)
    spectrum = np.sqrt(np.mean(abs(np.fft.fft(found.reference)) ** 2, axis=0))
    expected = gain_of(1024, Band(bandwidth=WIDTH - shift, sampling_rate=RATE, window=0.75), shift / 2)
    inside = expected > 0.55
    ratio = spectrum[inside] / expected[inside]
    np.testing.assert_allclose(ratio / ratio.mean(), 1.0, atol=0.1)
    assert spectrum[expected == 0].mean() < 0.05 * spectrum[inside].mean()


def test_azimuth_is_the_same_down_the_lines(rng):
    band = Band(bandwidth=314.0, sampling_rate=486.486, window=0.75)
    # the same ground under two Doppler centroids 60 Hz apart
    ground = rng.standard_normal((1024, 80)) + 1j * rng.standard_normal((1024, 80))
    images = [
        np.fft.ifft(np.fft.fft(ground, axis=0) * gain_of(1024, band, centre)[:, None], axis=0).astype(
            np.complex64
        )
        for centre in (20.0, -40.0)
    ]
    one = np.ones((1, 80))
    before = coherence(*images, one)
    found = keep_common_band(*images, axis=0, band=band, reference_centre=20.0, secondary_centre=-40.0)
    after = coherence(found.reference, found.secondary, one)
    assert before < 0.9
    assert after > 0.998


def test_without_a_shift_images_stay_as_they_are(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE, window=0.75)
    reference, secondary, _ = views(rng, (5, 3000), band, 0.0)
    reference[2, 100:140] = np.nan
    found = keep_common_band(reference, secondary, axis=1, band=band)
    assert np.isnan(found.reference[2, 100:140]).all()
    assert np.isnan(found.secondary[2, 100:140]).all()
    keep = np.ones((5, 3000), bool)
    keep[2] = False  # the gap rings in its own line
    keep[:, :8] = keep[:, -8:] = False  # and so do the ends of the signal
    for a, b in ((found.reference, reference), (found.secondary, secondary)):
        error = abs(a - b)[keep]
        assert np.sqrt(np.mean(error**2)) < 0.02 * np.sqrt(np.mean(abs(b[keep]) ** 2))
    assert found.tally.as_dict()["rejected"] == {"no data in an image": 40}


def test_where_no_band_is_common_there_is_no_value(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE)
    reference, secondary, _ = views(rng, (3, 4096), band, 0.0)
    shift = np.where(np.arange(4096) < 2048, 0.0, 1.5 * WIDTH)
    found = keep_common_band(reference, secondary, axis=1, band=band, shift=shift)
    assert np.isfinite(found.reference[:, :2000]).all()
    assert np.isnan(found.reference[:, 2600:]).all()
    assert found.tally.rejected["no common band"] > 3 * 1024
    assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values())


def test_lines_are_independent(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE, window=0.75)
    reference, secondary, _ = views(rng, (12, 2000), band, 0.0)
    whole = keep_common_band(reference, secondary, axis=1, band=band, shift=3e6)
    part = keep_common_band(reference[4:8], secondary[4:8], axis=1, band=band, shift=3e6)
    np.testing.assert_array_equal(whole.reference[4:8], part.reference)


def test_the_shift_is_the_frequency_of_the_fringes_of_flat_ground():
    # a plane below two antennas: ranges straight from Pythagoras
    height, incidence, baseline = 693e3, np.radians(39.0), 150.0
    ground = height * np.tan(incidence) + np.linspace(-50, 50, 101)
    outward = np.array([np.cos(incidence), np.sin(incidence)])  # across the line of sight: outward and up
    position = np.array([0.0, height]) + baseline * outward
    first = np.hypot(ground, height)
    second = np.hypot(ground - position[0], position[1])
    phase = 4 * np.pi / WAVELENGTH * (second - first)
    fringes = np.polyfit(2 * first / 299792458.0, phase, 1)[0] / (2 * np.pi)
    shift = spectral_shift(baseline, wavelength=WAVELENGTH, slant_range=first[50], incidence=incidence)
    # terms of the order baseline / range are left out: 2e-4
    assert float(shift) == pytest.approx(fringes, rel=5e-4)
    assert shift < 0
    # the critical baseline of IW1 takes the whole bandwidth: about 5.8 km
    critical = WAVELENGTH * 840e3 * np.tan(np.radians(32.9)) * 56.5e6 / 299792458.0
    assert critical == pytest.approx(5.7e3, rel=0.02)
    facing = spectral_shift(
        150.0, wavelength=WAVELENGTH, slant_range=9e5, incidence=incidence, slope=np.radians(20.0)
    )
    flat = spectral_shift(150.0, wavelength=WAVELENGTH, slant_range=9e5, incidence=incidence)
    assert abs(facing) > abs(flat)


def test_bad_input_is_named(rng):
    band = Band(bandwidth=WIDTH, sampling_rate=RATE)
    reference, secondary, _ = views(rng, (3, 64), band, 0.0)
    with pytest.raises(ShapeMismatchError, match=r"secondary \(3, 60\)"):
        keep_common_band(reference, secondary[:, :60], axis=1, band=band)
    with pytest.raises(OutOfRangeError, match="axis 2"):
        keep_common_band(reference, secondary, axis=2, band=band)
    with pytest.raises(ShapeMismatchError, match=r"shift of shape \(5,\)"):
        keep_common_band(reference, secondary, axis=1, band=band, shift=np.zeros(5))
