"""Planes in wrapped phase: found exactly, through noise and motion, in any size, and on a real interferogram."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.numerics.ramp import Ramp, estimate_ramp, ramp_phase, remove_ramp

TURN = 2.0 * np.pi


def plane(shape, per_row, per_col, constant=0.7):
    rows, cols = np.arange(shape[0])[:, None], np.arange(shape[1])
    return per_row * rows + per_col * cols + constant


@pytest.mark.parametrize("slope", [(0.0, 0.0), (0.05, -0.02), (1.3, 2.9), (-3.0, 0.4), (0.001, -0.0007)])
@pytest.mark.parametrize("shape", [(60, 80), (600, 130), (1100, 700)])
def test_a_plane_is_found_exactly(slope, shape):
    found = estimate_ramp(np.exp(1j * plane(shape, *slope)).astype(np.complex64))
    # a thousandth of a radian over the whole image: complex64 holds phase to 1e-7 rad a pixel
    assert abs(found.per_row - slope[0]) * shape[0] < 1e-3
    assert abs(found.per_col - slope[1]) * shape[1] < 1e-3
    assert found.length > 0.99


def test_noise_moves_it_by_what_theory_says(rng):
    shape, sigma = (200, 240), 1.0
    errors = []
    for _ in range(20):
        phase = plane(shape, 0.21, -0.4) + sigma * rng.normal(size=shape)
        found = estimate_ramp(np.exp(1j * phase).astype(np.complex64))
        errors.append(((found.per_row - 0.21) * shape[0], (found.per_col + 0.4) * shape[1]))
    # Least squares: sigma of a slope over n pixels evenly spread along a side, times the side, is sigma sqrt(12 / n).
    # The phasor's estimator of a wrapped normal phase has the variance sinh(sigma^2) in place of sigma^2.
    expected = np.sqrt(12 * np.sinh(sigma**2) / (shape[0] * shape[1]))
    ratio = np.sqrt(np.mean(np.square(errors))) / expected
    # 40 draws: the rms is known to 11 %, three sigma of it
    assert 0.66 < ratio < 1.34


def test_motion_here_and_there_does_not_hide_it(rng):
    shape = (500, 600)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    bowl = 30.0 * np.exp(-((rows - 200) ** 2 + (cols - 400) ** 2) / 80.0**2)
    phase = plane(shape, 0.11, -0.05) + bowl + 0.8 * rng.normal(size=shape)
    found = estimate_ramp(np.exp(1j * phase).astype(np.complex64))
    assert abs(found.per_row - 0.11) * shape[0] / TURN < 0.1
    assert abs(found.per_col + 0.05) * shape[1] / TURN < 0.1


def test_missing_pixels_and_weights_do_not_count(rng):
    shape = (120, 150)
    phase = plane(shape, 0.3, 0.2)
    phase[:, 75:] = rng.uniform(-np.pi, np.pi, (120, 75))
    phasor = np.exp(1j * phase).astype(np.complex64) * 40.0
    weight = np.ones(shape, np.float32)
    weight[:, 75:] = np.nan
    phasor[:20, :30], phasor[30:40, 10:20] = np.nan, 0.0
    found = estimate_ramp(phasor, weight)
    assert abs(found.per_row - 0.3) * shape[0] < 1e-3
    assert abs(found.per_col - 0.2) * shape[1] < 1e-3
    assert found.length == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3)])
def test_thin_images(shape):
    found = estimate_ramp(np.exp(1j * plane(shape, 0.4, 0.3)).astype(np.complex64))
    left = remove_ramp(np.exp(1j * plane(shape, 0.4, 0.3)).astype(np.complex64), found)
    assert abs(left.mean()) == pytest.approx(1.0, abs=1e-5)


def test_taking_out_and_adding_back():
    shape = (30, 40)
    ramp = Ramp(0.3, -0.7, 1.0)
    phasor = np.full(shape, 2.0 + 0.0j, np.complex64)
    phasor[3, 4] = np.nan
    before = phasor.copy()
    turned = remove_ramp(phasor, ramp)
    np.testing.assert_array_equal(phasor, before)
    assert np.isnan(turned[3, 4])
    left = np.angle(turned * np.exp(1j * ramp_phase(ramp, shape)))
    np.testing.assert_allclose(left[np.isfinite(left)], 0.0, atol=1e-5)
    np.testing.assert_allclose(np.abs(turned[~np.isnan(turned)]), 2.0, rtol=1e-6)
    np.testing.assert_array_equal(remove_ramp(phasor[10:, 15:], ramp, row=10, col=15), turned[10:, 15:])
    assert ramp.cycles(shape) == pytest.approx((0.3 * 30 / TURN, -0.7 * 40 / TURN))


def test_what_cannot_be():
    with pytest.raises(TooFewDataError, match="without a finite pixel"):
        estimate_ramp(np.full((4, 5), np.nan, np.complex64))
    with pytest.raises(ShapeMismatchError, match="the same rows and columns"):
        estimate_ramp(np.ones((4, 5), np.complex64), np.ones((5, 4), np.float32))


@pytest.fixture(scope="module")
def greenland(helper_data):
    """Give a real wrapped interferogram with its given deramped version: two phases, NaN where there is no data."""
    folder = helper_data / "wrapped-ramp-greenland"
    images = []
    for name in ("diff_ingram_test.tiff", "diff_ingram_test_deramped.tiff"):
        with rasterio.open(folder / name) as file:
            phase = file.read(1)
            images.append(np.where(phase == file.nodata, np.nan, phase))
    return images


@pytest.mark.data
def test_greenland_with_the_given_ramp_is_the_given_result(greenland):
    wrapped, given = greenland
    # 6.7 turns along 960 rows and 1.1 along 516 columns: the other program searched in steps of 0.1 turns
    ramp = Ramp(6.7 * TURN / wrapped.shape[0], 1.1 * TURN / wrapped.shape[1], 0.0)
    ours = remove_ramp(np.exp(1j * wrapped).astype(np.complex64), ramp)
    difference = np.angle(ours * np.exp(-1j * given))
    np.testing.assert_allclose(difference[np.isfinite(given)], 0.0, atol=2e-6)


@pytest.mark.data
def test_greenland_is_flatter_than_the_given_result(greenland):
    """The other program asks for the phase nearest to zero with its origin fixed, we for the longest mean phasor."""
    wrapped, given = greenland
    phasor = np.exp(1j * wrapped).astype(np.complex64)
    found = estimate_ramp(phasor)
    cycles = found.cycles(wrapped.shape)
    assert abs(cycles[0] - 6.7) < 0.35
    assert abs(cycles[1] - 1.1) < 0.15
    left = remove_ramp(phasor, found)
    valid = np.isfinite(given)
    theirs = abs(np.exp(1j * given[valid]).mean())
    assert abs(left[valid].mean()) == pytest.approx(found.length, abs=1e-3)
    assert found.length > theirs + 0.05
    # By the other program's own measure, its numbers are the best on its grid.
    measure = {}
    for rows in np.arange(6.4, 7.3, 0.1):
        for cols in np.arange(0.9, 1.5, 0.1):
            trial = Ramp(rows * TURN / wrapped.shape[0], cols * TURN / wrapped.shape[1], 0.0)
            turned = remove_ramp(phasor, trial)[valid]
            measure[round(float(rows), 1), round(float(cols), 1)] = float(np.abs(np.angle(turned)).mean())
    assert min(measure, key=measure.__getitem__) == (6.7, 1.1)
