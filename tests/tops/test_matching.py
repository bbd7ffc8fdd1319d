import numpy as np
import pytest
from tests.tops.speckle import LINE

from fringeworks.errors import ShapeMismatchError
from fringeworks.tops.matching import estimate_match, remove_carrier
from fringeworks.tops.options import MatchingOptions

OPTIONS = MatchingOptions()
SWEEP = 2 * np.pi * 1700.0 * LINE**2
"""Phase of Sentinel-1's azimuth carrier [rad / line^2]."""


def band(rng, n, shape, azimuth=0.64, range_=0.88):
    """Spectra of speckle through the windows of Sentinel-1, on a period twice the patch in both directions."""
    lines, samples = 2 * shape[0], 2 * shape[1]
    f, g = np.fft.fftfreq(lines)[:, None], np.fft.fftfreq(samples)[None, :]
    window = 1.0
    for frequency, width in ((f, azimuth), (g, range_)):
        window = window * np.where(
            np.abs(frequency) < width / 2, 0.75 + 0.25 * np.cos(2 * np.pi * frequency / width), 0.0
        )
    white = rng.standard_normal((n, lines, samples)) + 1j * rng.standard_normal((n, lines, samples))
    return np.fft.fft2(white) * window, f, g


def patches(rng, *, lines=0.0, samples=0.0, coherence=0.4, n=24, shape=(64, 128), sweep=SWEEP):
    """Reference and secondary, whose targets lie so many lines and samples farther; exact for any fraction."""
    common, f, g = band(rng, n, shape)
    own = band(rng, n, shape)[0]
    moved = (coherence * common + np.sqrt(1 - coherence**2) * own) * np.exp(
        -2j * np.pi * (f * lines + g * samples)
    )
    row = np.arange(shape[0]) - shape[0] / 2
    carrier = np.exp(1j * (0.5 * sweep * row**2 + 0.9 * row))[:, None]
    inner = np.s_[:, shape[0] // 2 : -(shape[0] // 2), shape[1] // 2 : -(shape[1] // 2)]
    return [(np.fft.ifft2(s)[inner] * carrier).astype(np.complex64) for s in (common, moved)]


@pytest.mark.parametrize(("lines", "samples"), [(0.0, 0.0), (0.2, -0.35), (-1.3, 4.4)])
def test_a_shift_is_to_be_added_where_targets_lie_farther(rng, lines, samples):
    found = estimate_match(*patches(rng, lines=lines, samples=samples, coherence=0.7), options=OPTIONS)
    assert found.is_found
    assert abs(found.lines - lines) < 4 * found.lines_sigma
    assert abs(found.samples - samples) < 4 * found.samples_sigma
    assert found.samples_sigma < 0.005
    assert found.tally.used == 24
    # correlation of power is coherence squared
    assert found.correlation == pytest.approx(0.49, abs=0.06)


def test_forty_patches_of_little_coherence_give_a_hundredth_of_a_sample(rng):
    found = estimate_match(*patches(rng, samples=0.37, coherence=0.4, n=40), options=OPTIONS)
    # 40 x 64 x 128 x 0.38 independent samples: 0.0057 of a resolution cell of 1.14 samples (equation in the text)
    assert found.samples_sigma == pytest.approx(0.0065, rel=0.4)
    assert abs(found.samples - 0.37) < 0.02


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.4, 0.5, 0.85])
def test_fractions_are_not_drawn_to_whole_or_half_samples(rng, fraction):
    found = estimate_match(*patches(rng, samples=fraction, lines=-fraction, coherence=0.999), options=OPTIONS)
    # a thousandth of a sample, ten times better than asked for
    assert found.samples == pytest.approx(fraction, abs=1e-3)
    assert found.lines == pytest.approx(-fraction, abs=2e-3)


def test_sigmas_are_honest(rng):
    ratios = []
    for _ in range(12):
        shift = rng.uniform(-0.5, 0.5, 2)
        pair = patches(rng, lines=shift[0], samples=shift[1], coherence=0.5, n=12, shape=(48, 64))
        found = estimate_match(*pair, options=OPTIONS)
        ratios += [
            (found.lines - shift[0]) / found.lines_sigma,
            (found.samples - shift[1]) / found.samples_sigma,
        ]
    # 24 ratios know their rms to 14 %; twelve patches know their scatter to 20 %
    assert 0.6 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_no_correlation_is_no_shift_and_says_so(rng):
    found = estimate_match(*patches(rng, coherence=0.0, samples=2.0), options=OPTIONS)
    assert not found.is_found
    assert (found.lines, found.samples) == (0.0, 0.0)
    assert np.isnan([found.lines_sigma, found.samples_sigma]).all()
    assert found.tally.rejected == {"too little alike": 24}
    assert found.findings[0].level == "warning"


def test_patches_without_data_are_left_out_and_counted(rng):
    reference, secondary = patches(rng, samples=0.3, coherence=0.8, n=12)
    secondary[3] = 0.0
    reference[5] = np.nan
    reference[6, :2] = np.nan
    found = estimate_match(reference, secondary, options=OPTIONS)
    assert found.tally.rejected == {"no data": 2}
    assert abs(found.samples - 0.3) < 4 * found.samples_sigma + 2e-3
    nothing = estimate_match(reference[:4], np.zeros_like(secondary[:4]), options=OPTIONS)
    assert not nothing.is_found
    assert "0 of 4 patches" in nothing.findings[0].text


def test_a_ship_that_sails_does_not_pull(rng):
    reference, secondary = patches(rng, samples=0.3, coherence=0.6, n=24)
    for patch in (4, 17):
        reference[patch, 30:34, 60:64] += 300.0
        secondary[patch, 30:34, 61:65] += 300.0
    found = estimate_match(reference, secondary, options=OPTIONS)
    assert found.tally.rejected == {"disagrees": 2}
    assert abs(found.samples - 0.3) < 4 * found.samples_sigma


def test_the_carrier_is_taken_out(rng):
    reference, secondary = patches(rng, coherence=0.9, n=6)
    flat = remove_carrier(reference, secondary)
    before = np.abs(np.fft.fft(reference, axis=1)).mean(axis=(0, 2))
    after = np.abs(np.fft.fft(flat[0], axis=1)).mean(axis=(0, 2))
    outside = np.abs(np.fft.fftfreq(64)) > 0.36
    assert after[outside].mean() < 0.2 * after[~outside].mean()
    assert before[outside].mean() > 0.3 * before[~outside].mean()
    np.testing.assert_allclose(np.abs(flat[1]), np.abs(secondary), rtol=1e-5)


def test_a_pair_of_equal_images_has_no_shift(rng):
    reference, _ = patches(rng, n=6)
    found = estimate_match(reference, reference.copy(), options=OPTIONS)
    assert found.samples == pytest.approx(0.0, abs=2e-3)
    assert found.lines == pytest.approx(0.0, abs=2e-3)


def test_bad_arguments_are_refused(rng):
    z = np.ones((3, 64, 128), np.complex64)
    with pytest.raises(ShapeMismatchError, match="two equal shapes"):
        estimate_match(z, z[:2], options=OPTIONS)
    with pytest.raises(ShapeMismatchError, match="four times the search"):
        estimate_match(z[:, :10], z[:, :10], options=OPTIONS)
