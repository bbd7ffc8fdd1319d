"""Sliding windows, their cascade, colinearity."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from tests.interferometry.filters.fringes import noisy, ramp, rms

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.filters import cascade, measure_colinearity, slide

NAN = complex(np.nan, np.nan)


def plain(phasor, window, weights, row, col, *, along):
    """Weighted mean and colinearity of one pixel, as the words say."""
    half = window // 2

    def at(y, x):
        inside = 0 <= y < phasor.shape[0] and 0 <= x < phasor.shape[1]
        return complex(phasor[y, x]) if inside and np.isfinite(phasor[y, x]) else 0j

    def slope(dy, dx):
        steps = [
            at(y + dy, x + dx) * np.conj(at(y, x))
            for y in range(row - half, row + half + 1)
            for x in range(col - half, col + half + 1)
        ]
        n, total, length = sum(abs(s) > 0 for s in steps), sum(steps), sum(map(abs, steps))
        return np.angle(total) if along and n and abs(total) * np.sqrt(n) > 3 * length else 0.0

    down, across = slope(1, 0), slope(0, 1)
    total, length, share = 0j, 0.0, 0.0
    for i in range(-half, half + 1):
        for j in range(-half, half + 1):
            w, value = weights[i + half] * weights[j + half], at(row + i, col + j)
            total += w * value * np.exp(-1j * (i * down + j * across))
            length += w * abs(value)
            share += w * (abs(value) > 0)
    return total / share, abs(total) / length


@pytest.mark.parametrize("along", [False, True])
@pytest.mark.parametrize("triangular", [False, True])
def test_compiled_equals_plain(rng, along, triangular):
    phasor, coherence = noisy(rng, ramp((24, 30), 0.5, -0.3), 0.7)
    phasor = phasor * coherence
    phasor[5:9, 10:14] = NAN
    window = 7
    weights = np.minimum(np.arange(1, 8), np.arange(7, 0, -1)) if triangular else np.ones(7)
    got = slide(phasor, window=window, triangular=triangular, along_fringes=along)
    for row, col in np.ndindex(24, 30):
        if np.isnan(phasor[row, col]):
            assert np.isnan(got.phasor[row, col])
            assert np.isnan(got.colinearity[row, col])
            continue
        mean, colinearity = plain(phasor, window, weights / weights.sum(), row, col, along=along)
        assert got.phasor[row, col] == pytest.approx(mean, abs=3e-6)
        assert got.colinearity[row, col] == pytest.approx(colinearity, abs=5e-6)


def test_fringes_lose_nothing_along_them():
    truth = ramp((60, 70), 0.9, -0.7)
    fringe = (2.5 * np.exp(1j * truth)).astype(np.complex64)
    along = slide(fringe, window=9)
    np.testing.assert_allclose(along.phasor, fringe, atol=2e-5)
    np.testing.assert_allclose(along.colinearity, 1.0, atol=1e-5)
    level = slide(fringe, window=9, along_fringes=False)
    assert np.median(np.abs(level.phasor)) < 0.5


def test_noise_falls_as_the_number_of_pixels_says(rng):
    truth = ramp((200, 200), 0.15, 0.1)
    phasor, _ = noisy(rng, truth, 0.9, looks=12)
    before = rms(phasor, truth)
    boxed = slide(phasor, window=7, triangular=False).phasor[10:-10, 10:-10]
    after = rms(boxed, truth[10:-10, 10:-10])
    # 49 independent pixels: a seventh, and 10 % for the slope that is estimated from them
    assert after == pytest.approx(before / 7, rel=0.15)


def test_colinearity_tells_noise_from_fringes(rng):
    truth = ramp((120, 240), 0.4, 0.2)
    coherence = np.where(np.arange(240) < 120, 0.0, 0.8)[None, :] * np.ones((120, 1))
    phasor, _ = noisy(rng, truth, coherence)
    found = measure_colinearity(phasor, window=7)
    noise, clear = found[10:-10, 10:105], found[10:-10, 135:-10]
    # 49 phasors of random angle: mean length sqrt(pi / 4 / 49) = 0.127
    assert float(noise.mean()) == pytest.approx(0.127, abs=0.01)
    assert float(clear.min()) > 0.8
    scaled = measure_colinearity((7.0 * phasor).astype(np.complex64), window=7)
    np.testing.assert_allclose(scaled, found, atol=1e-5)


def test_cascade_keeps_fine_detail_where_it_is_clear_and_smooths_noise(rng):
    cols = np.arange(160)[None, :]
    fine = 1.2 * np.sin(2 * np.pi * cols / 14.0)
    truth = ramp((160, 160), 0.1, 0.15) + fine
    clear, _ = noisy(rng, truth, 0.9, looks=16)
    wide = rms(slide(clear, window=25).phasor, truth)
    both = rms(cascade(clear, windows=(25, 5)), truth)
    assert wide > 0.5
    assert both < 0.25
    plane = ramp((160, 160), 0.1, 0.15)
    dim, coherence = noisy(rng, plane, 0.25, looks=8)
    dim = (dim * coherence).astype(np.complex64)
    narrow = rms(slide(dim, window=5).phasor, plane)
    assert rms(cascade(dim, windows=(25, 5)), plane) < 0.75 * narrow
    assert np.abs(cascade(clear, windows=(25, 5))).max() <= 1.0 + 1e-6


def test_block_equals_whole(rng):
    phasor, _ = noisy(rng, ramp((110, 120), 0.4, 0.2), 0.6)
    phasor[rng.random((110, 120)) < 0.05] = NAN
    for run, halo in (
        (lambda z: slide(z, window=9).phasor, 5),
        (lambda z: slide(z, window=9).colinearity, 5),
        (lambda z: cascade(z, windows=(11, 5)), 9),
    ):
        whole = run(phasor)
        part = run(phasor[40 - halo : 70 + halo, 30 - halo : 90 + halo])
        np.testing.assert_array_equal(part[halo:-halo, halo:-halo], whole[40:70, 30:90])


def test_the_number_of_threads_changes_no_bit(rng):
    phasor, _ = noisy(rng, ramp((90, 80), 0.4, 0.2), 0.6)
    before = numba.get_num_threads()
    try:
        found = []
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(slide(phasor, window=9).phasor)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])


def test_empty_and_dead_pixels(rng):
    phasor = np.full((20, 20), NAN, np.complex64)
    assert np.isnan(slide(phasor, window=5).phasor).all()
    phasor[:] = 0.0
    found = slide(phasor, window=5)
    np.testing.assert_array_equal(found.phasor, 0.0)
    assert np.isnan(found.colinearity).all()
    one = slide(np.ones((3, 3), np.complex64), window=1)
    np.testing.assert_array_equal(one.phasor, 1.0)


def test_bad_input_is_named():
    with pytest.raises(OutOfRangeError, match="window of 4"):
        slide(np.ones((9, 9), np.complex64), window=4)
    with pytest.raises(ShapeMismatchError, match=r"shape \(9,\)"):
        slide(np.ones(9, np.complex64), window=3)
    with pytest.raises(OutOfRangeError, match=r"windows \[5, 9\]"):
        cascade(np.ones((9, 9), np.complex64), windows=(5, 9))
