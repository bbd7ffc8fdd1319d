"""Fading bias of known size is found in short pairs, and not where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.fading import fading_bias, nearest_closures
from fringeworks.timeseries.distributed.neighbours import similar_samples

N = 24
DAYS = 12.0 * np.arange(N)
WINDOW, STRIDES = Shape(11, 11), Looks(11, 11)


def fading(rate, *, steady=0.35, fading_share=0.35, decay=20.0):
    """Return a covariance of two kinds of scatterers: steady ones, and ones that move away and are replaced."""
    apart = DAYS[:, None] - DAYS[None]
    phase = np.exp(-1j * rate * apart / 365.25)
    covariance = steady + fading_share * np.exp(-np.abs(apart) / decay) * phase
    np.fill_diagonal(covariance, 1.0)
    return covariance


def draw(covariance, size=132, seed=1):
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((2, len(covariance), size, size)) * np.sqrt(0.5)
    return np.tensordot(np.linalg.cholesky(covariance), white[0] + 1j * white[1], axes=1).astype(np.complex64)


def test_bias_of_short_pairs_is_found_and_its_spread_told():
    covariance = fading(20.0)
    still = np.zeros((N, 12, 12), np.float32)
    found = fading_bias(draw(covariance), still, days=DAYS, window=WINDOW, strides=STRIDES)
    # what scatterers that move and are replaced make of a pair of 12 days, as a rate; sign: away
    expected = np.angle(covariance[0, 1]) / 12.0 * 365.25
    assert expected > 5
    mean_std = float(np.sqrt(np.mean(found.short.std**2)))
    assert found.short.value.mean() == pytest.approx(expected, abs=4 * mean_std / 12 + 0.05 * expected)
    assert found.gained.value.mean() == pytest.approx(expected, rel=0.05)
    # steady ground was linked without error
    assert abs(found.linked.value.mean()) < 0.1
    assert 0.7 < found.short.value.std() / mean_std < 1.4
    assert found.susceptible.mean() > 0.95
    assert found.tally.used == 144


def test_no_bias_is_found_where_there_is_none():
    found = fading_bias(
        draw(fading(0.0)), np.zeros((N, 12, 12), np.float32), days=DAYS, window=WINDOW, strides=STRIDES
    )
    standardised = found.short.value / found.short.std
    assert abs(found.short.value.mean()) < 4 * found.short.value.std() / 12
    assert 0.8 < np.sqrt(np.mean(standardised**2)) < 1.3
    assert found.susceptible.mean() < 0.03
    assert found.span_days == pytest.approx(84, abs=6)


def test_biased_linked_phases_are_found_too():
    rate = 8.0
    # toward is positive: ground that seems to go away has falling phase
    linked = np.broadcast_to((-rate * DAYS / 365.25)[:, None, None], (N, 12, 12)).astype(np.float32)
    found = fading_bias(draw(fading(0.0)), linked, days=DAYS, window=WINDOW, strides=STRIDES)
    assert found.linked.value.mean() == pytest.approx(rate, abs=0.15)
    assert found.gained.value.mean() == pytest.approx(-rate, abs=0.25)


def test_closures_by_plain_sums():
    images = draw(fading(20.0), size=22)
    images[3, :12] = 0
    images[5, 2, 3] = np.nan
    similar = similar_samples(images, window=Shape(5, 7), strides=Looks(4, 3))
    closures = nearest_closures(images, window=Shape(5, 7), strides=Looks(4, 3), similar=similar)
    assert closures.shape == (N - 2, 5, 7)
    clean = np.where(np.isfinite(images), images, 0).astype(np.complex128)
    for r, c in [(0, 0), (2, 3), (4, 6)]:
        top, left = 4 * r + (4 - 5) // 2, 3 * c + (3 - 7) // 2
        keep = [(top + y, left + x) for y, x in np.argwhere(similar.mask(r, c))]
        z = np.array([clean[:, y, x] for y, x in keep]).T
        pairs = [(z[:-2] * z[1:-1].conj()), (z[1:-1] * z[2:].conj()), (z[:-2] * z[2:].conj())]
        one, two, long = (p.sum(axis=1) for p in pairs)
        expected = np.where(one * two * long != 0, np.angle(one * two * long.conj()), np.nan)
        np.testing.assert_allclose(closures[:, r, c], expected, atol=1e-4)  # single precision
    assert np.isnan(closures[1:4, 0, 0]).all()


def test_one_sample_closes():
    closures = nearest_closures(draw(fading(20.0), size=8), window=Shape(1, 1), strides=Looks(1, 1))
    assert np.abs(closures).max() < 1e-4


def test_a_block_gives_the_values_of_the_whole():
    images = draw(fading(20.0), size=44)
    linked = np.zeros((N, 11, 11), np.float32)
    keys = {"days": DAYS, "window": Shape(7, 7), "strides": Looks(4, 4)}
    whole = fading_bias(images, linked, **keys)
    part = fading_bias(images[:, 16:], linked[:, 4:], **keys)
    assert part.short.value[1:].tobytes() == whole.short.value[5:].tobytes()
    assert part.closure_rms[1:].tobytes() == whole.closure_rms[5:].tobytes()


def test_gaps_and_water_are_told():
    images = draw(fading(0.0), size=22)
    images[:, :11] = np.nan
    images[4, 11:, 11:] = 0
    found = fading_bias(images, np.zeros((N, 2, 2), np.float32), days=DAYS, window=WINDOW, strides=STRIDES)
    assert np.isnan(found.short.value[0]).all()
    assert np.isfinite(found.short.value[1, 0])
    # chains across the missing date are left out, the others serve
    assert np.isfinite(found.short.value[1, 1])
    assert found.short.std[1, 1] > 0
    assert dict(found.tally.rejected) == {"no complete closure": 2}
    assert not found.susceptible[0].any()


def test_what_cannot_be_asked_is_refused():
    images, linked = draw(fading(0.0), size=11), np.zeros((N, 1, 1), np.float32)
    keys = {"window": WINDOW, "strides": STRIDES}
    with pytest.raises(TooFewDataError, match="2 dates"):
        nearest_closures(images[:2], **keys)
    with pytest.raises(TooFewDataError, match="2 dates"):
        fading_bias(images[:2], linked[:2], days=DAYS[:2], **keys)
    with pytest.raises(TooFewDataError, match="another span"):
        fading_bias(images, linked, days=DAYS, span_days=5.0, **keys)
    with pytest.raises(OutOfRangeError, match="positive time"):
        fading_bias(images, linked, days=DAYS, span_days=0.0, **keys)
    with pytest.raises(OutOfRangeError, match="do not rise"):
        fading_bias(images, linked, days=DAYS[::-1], **keys)
    with pytest.raises(ShapeMismatchError, match="days of shape"):
        fading_bias(images, linked, days=DAYS[:3], **keys)
    with pytest.raises(ShapeMismatchError, match="linked phases"):
        fading_bias(images, linked[:3], days=DAYS, **keys)
    other = similar_samples(images, window=Shape(5, 5), strides=STRIDES)
    with pytest.raises(ShapeMismatchError, match="similar"):
        nearest_closures(images, similar=other, **keys)
