"""Goldstein's filter."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from tests.interferometry.filters.fringes import noisy, ramp, rms

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.filters import goldstein
from fringeworks.timeseries.smallbaseline.weights import phase_variance

NAN = complex(np.nan, np.nan)


def plain(phasor, *, alpha, window, step, smoothing, coherence=None, least_alpha=0.2):
    """Patch by patch with NumPy's own transform."""
    rows, cols = phasor.shape
    pad = window - step
    valid = np.isfinite(phasor)
    image = np.pad(np.where(valid, phasor, 0).astype(complex), ((pad, 2 * window), (pad, 2 * window)))
    guide = None
    if coherence is not None:
        guide = np.pad(
            np.where(valid, coherence, np.nan), ((pad, 2 * window), (pad, 2 * window)), constant_values=np.nan
        )
    k = np.arange(window) + 0.5
    taper = np.minimum(k, window - k)
    out, weight = np.zeros(image.shape, complex), np.zeros(image.shape)
    for top in range(0, rows + pad, step):
        for left in range(0, cols + pad, step):
            here = (slice(top, top + window), slice(left, left + window))
            spectrum = np.fft.fft2(image[here])
            size = sum(
                np.roll(abs(spectrum), (i, j), (0, 1))
                for i in range(-(smoothing // 2), smoothing // 2 + 1)
                for j in range(-(smoothing // 2), smoothing // 2 + 1)
            )
            strength = alpha
            if guide is not None:
                part = guide[here]
                mean = np.nanmean(part) if np.isfinite(part).any() else 0.0
                strength = min(max(1 - mean, least_alpha), alpha)
            gain = (size / max(size.max(), 1e-30)) ** strength
            out[here] += np.outer(taper, taper) * np.fft.ifft2(spectrum * gain)
            weight[here] += np.outer(taper, taper)
    done = out[pad : pad + rows, pad : pad + cols] / weight[pad : pad + rows, pad : pad + cols]
    return np.where(valid, done, NAN)


@pytest.mark.parametrize(
    ("window", "step", "smoothing", "alpha"),
    [(32, 8, 3, 0.5), (32, 16, 1, 1.0), (64, 16, 5, 0.8), (8, 4, 3, 0.3)],
)
def test_compiled_equals_plain(rng, window, step, smoothing, alpha):
    phasor, coherence = noisy(rng, ramp((75, 101), 0.3, -0.2), 0.6)
    phasor[20:30, 40:60] = NAN
    got = goldstein(phasor, alpha=alpha, window=window, step=step, smoothing=smoothing)
    want = plain(phasor, alpha=alpha, window=window, step=step, smoothing=smoothing)
    # single precision in transform and power
    np.testing.assert_allclose(got, want, atol=3e-6)
    led = goldstein(phasor, alpha=alpha, window=window, step=step, smoothing=smoothing, coherence=coherence)
    want = plain(phasor, alpha=alpha, window=window, step=step, smoothing=smoothing, coherence=coherence)
    np.testing.assert_allclose(led, want, atol=3e-6)


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_a_pure_fringe_keeps_phase_and_amplitude(alpha):
    # whole cycles in a patch: one frequency, of which nothing is taken
    truth = ramp((128, 160), 2 * np.pi * 3 / 32, -2 * np.pi * 5 / 32)
    fringe = np.exp(1j * truth).astype(np.complex64)
    out = goldstein(fringe, alpha=alpha)
    inner = (slice(32, -32), slice(32, -32))
    np.testing.assert_allclose(out[inner], fringe[inner], atol=3e-6)
    # between two frequencies the phase still holds to a few milliradians
    truth = ramp((128, 160), 2 * np.pi * 3.4 / 32, -2 * np.pi * 5.3 / 32)
    out = goldstein(np.exp(1j * truth).astype(np.complex64), alpha=alpha)
    assert rms(out[inner], truth[inner]) < 0.02
    assert np.abs(out[inner]).min() > 0.85


def test_without_strength_nothing_changes(rng):
    phasor, _ = noisy(rng, ramp((50, 60), 0.1, 0.2), 0.5)
    np.testing.assert_allclose(goldstein(phasor, alpha=0.0), phasor, atol=2e-6)


def test_noise_falls_with_strength_and_the_fringes_stay(rng):
    truth = ramp((256, 256), 0.25, 0.12)
    phasor, coherence = noisy(rng, truth, 0.5)
    before = rms(phasor, truth)
    after = [rms(goldstein(phasor, alpha=alpha), truth) for alpha in (0.3, 0.6, 1.0)]
    assert before > after[0] > after[1] > after[2]
    # the phase noise of eight looks at coherence 0.5 is known; the strongest filter leaves less than a third of it
    assert before == pytest.approx(float(np.sqrt(phase_variance(np.array(0.5), looks=8.0))), rel=0.02)
    assert after[2] < before / 3
    adaptive = rms(goldstein(phasor, alpha=1.0, coherence=coherence), truth)
    assert after[2] < adaptive < after[0]


def test_clear_areas_are_left_alone_where_the_filter_is_adaptive(rng):
    truth = ramp((128, 128), 0.4, 0.1)
    phasor, coherence = noisy(rng, truth, 0.97)
    out = goldstein(phasor, alpha=1.0, coherence=coherence, least_alpha=0.0)
    assert rms(out, np.angle(phasor)) < 0.5 * rms(goldstein(phasor, alpha=1.0), np.angle(phasor))


@pytest.mark.parametrize("step", [8, 16])
def test_block_equals_whole(rng, step):
    phasor, coherence = noisy(rng, ramp((170, 190), 0.2, 0.1), 0.6)
    phasor[rng.random((170, 190)) < 0.05] = NAN
    whole = goldstein(phasor, alpha=0.7, step=step, coherence=coherence)
    halo = 31
    for top, left in [(40, 60), (61, 33), (45, 77)]:
        cut = (slice(top - halo, top + 30 + halo), slice(left - halo, left + 20 + halo))
        part = goldstein(
            phasor[cut], alpha=0.7, step=step, coherence=coherence[cut], row=top - halo, col=left - halo
        )
        np.testing.assert_array_equal(part[halo:-halo, halo:-halo], whole[top : top + 30, left : left + 20])
    # at the border of the image a block begins with the image itself
    corner = goldstein(
        phasor[: 50 + halo, : 40 + halo], alpha=0.7, step=step, coherence=coherence[: 50 + halo, : 40 + halo]
    )
    np.testing.assert_array_equal(corner[:50, :40], whole[:50, :40])


def test_the_number_of_threads_changes_no_bit(rng):
    phasor, _ = noisy(rng, ramp((150, 90), 0.2, 0.1), 0.6)
    before = numba.get_num_threads()
    try:
        found = []
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(goldstein(phasor, alpha=0.7))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])


def test_missing_pixels_stay_missing_and_harm_no_others(rng):
    truth = ramp((128, 128), 0.2, 0.1)
    phasor, _ = noisy(rng, truth, 0.9)
    gaps = phasor.copy()
    gaps[50:70, 50:70] = NAN
    gaps[10, 10] = np.inf
    before = gaps.copy()
    out = goldstein(gaps, alpha=0.8)
    np.testing.assert_array_equal(gaps, before)
    np.testing.assert_array_equal(np.isnan(out), ~np.isfinite(gaps))
    assert rms(out, truth) < rms(phasor, truth)
    assert np.isnan(goldstein(np.full((40, 40), NAN, np.complex64), alpha=0.5)).all()


def test_bad_input_is_named():
    image = np.ones((40, 40), np.complex64)
    with pytest.raises(OutOfRangeError, match=r"alpha 1\.5"):
        goldstein(image, alpha=1.5)
    with pytest.raises(OutOfRangeError, match="window of 33"):
        goldstein(image, alpha=0.5, window=33)
    with pytest.raises(OutOfRangeError, match="step of 12"):
        goldstein(image, alpha=0.5, step=12)
    with pytest.raises(OutOfRangeError, match="smoothing over 2"):
        goldstein(image, alpha=0.5, smoothing=2)
    with pytest.raises(ShapeMismatchError, match="the same rows and columns"):
        goldstein(image, alpha=0.5, coherence=np.ones((40, 41), np.float32))
