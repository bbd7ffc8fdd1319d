"""Independent looks of oversampled images, against the scatter of their mean power."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.neighbours import similar_samples
from fringeworks.timeseries.distributed.neighbours_looks import effective_looks, sample_correlation
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions


def oversampled(n_dates, size, factors, *, seed=0):
    """Return circular Gaussian images of a band that fills one over the factor of the sampling."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((2, n_dates, size, size))
    frequency = np.abs(np.fft.fftfreq(size))
    band = (frequency < 0.5 / factors[0])[:, None] & (frequency < 0.5 / factors[1])
    images = np.fft.ifft2(np.fft.fft2(white[0] + 1j * white[1]) * band)
    return (images / np.sqrt(np.mean(np.abs(images) ** 2))).astype(np.complex64)


def everything(images):
    return similar_samples(
        images, window=Shape(11, 11), strides=Looks(11, 11), options=NeighbourOptions(method="window")
    )


@pytest.mark.parametrize("factors", [(1.0, 1.0), (1.3, 1.4), (2.0, 1.2)])
def test_looks_are_what_the_scatter_of_mean_power_says(factors):
    images = oversampled(24, 132, factors)
    correlation = sample_correlation(images)
    # a rectangular band: sinc squared of the lag over the factor
    lags = np.sinc(np.arange(4)[:, None] / factors[0]) ** 2 * np.sinc(np.arange(4) / factors[1]) ** 2
    # the band of 132 frequencies is a whole number of them: within 2 % of the factor
    assert np.abs(correlation - lags).max() < 0.02
    looks = effective_looks(everything(images), correlation)
    means = (np.abs(images) ** 2).reshape(24, 12, 11, 12, 11).mean(axis=(2, 4))
    # 3456 means: their variance is known to 2.4 %; lags beyond 3 count for some per cent
    assert looks[5, 5] == pytest.approx(1.0 / means.var(), rel=0.1)


def test_a_carrier_and_water_change_nothing():
    images = oversampled(6, 96, (1.3, 1.4))
    plain = sample_correlation(images)
    images *= np.exp(0.4j * np.arange(96) + 0.9j * np.arange(96)[:, None]).astype(np.complex64)
    images[:, 60:] = np.nan
    assert np.abs(sample_correlation(images) - plain).max() < 0.02


def test_looks_of_a_set_by_plain_loops():
    images = oversampled(12, 40, (1.2, 1.5))
    images[:, :, 18:] *= 2.0
    similar = similar_samples(images, window=Shape(7, 9), strides=Looks(4, 5))
    correlation = sample_correlation(images)
    looks = effective_looks(similar, correlation)
    for r, c in np.ndindex(*looks.shape):
        places = np.argwhere(similar.mask(r, c))
        apart = np.abs(places[:, None] - places[None])
        near = (apart < 4).all(axis=2)
        total = np.where(near, correlation[tuple(np.minimum(apart, 3).transpose(2, 0, 1))], 0.0).sum()
        assert looks[r, c] == pytest.approx(len(places) ** 2 / total, rel=1e-5)


def test_no_data_has_no_looks_and_is_said():
    nothing = np.zeros((3, 22, 22), np.complex64)
    assert (effective_looks(everything(nothing), np.ones((1, 1))) == 0).all()
    with pytest.raises(TooFewDataError, match="no data"):
        sample_correlation(nothing)
    with pytest.raises(ShapeMismatchError, match="no distance"):
        effective_looks(everything(nothing), np.zeros((2, 2)))
    with pytest.raises(ShapeMismatchError, match="stack"):
        sample_correlation(nothing[0])
