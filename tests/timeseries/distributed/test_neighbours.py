"""Similar samples: the rate of false rejections, edges of ground, a slow twin, blocks, gaps."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import ndimage, stats

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.linking import halo
from fringeworks.timeseries.distributed.neighbours import grid_of, similar_samples
from fringeworks.timeseries.distributed.neighbours_levels import (
    anderson_level,
    kolmogorov_levels,
    ratio_levels,
)
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions

ONE = Looks(1, 1)
TESTS = ["glrt", "anderson-darling", "kolmogorov-smirnov"]


def options(method="glrt", rate=0.05, **more):
    return NeighbourOptions(method=method, false_rejection=rate, **{"connected": False, **more})


def speckle(n_dates, shape, *, seed=0, coherence=None):
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((2, n_dates, *shape))
    images = (white[0] + 1j * white[1]) * np.sqrt(0.5)
    if coherence is not None:
        images = np.tensordot(np.linalg.cholesky(coherence), images, axes=1)
    return images.astype(np.complex64)


def decaying(n_dates, initial, decay, floor):
    """Return coherence that falls with the number of dates apart."""
    apart = np.abs(np.subtract.outer(np.arange(n_dates), np.arange(n_dates)))
    coherence = (initial - floor) * np.exp(-apart / decay) + floor
    np.fill_diagonal(coherence, 1.0)
    return coherence


def rejected(similar, margin):
    """Return the share of samples turned away, the centre left out, away from the edges."""
    inner = similar.number[margin:-margin, margin:-margin]
    return 1.0 - (inner.mean() - 1.0) / (similar.window.size - 1)


@pytest.mark.parametrize("n", [2, 3, 5, 12, 30])
def test_equal_ground_is_turned_away_at_the_rate_asked_for(n):
    similar = similar_samples(
        speckle(n, (90, 90), seed=n), window=Shape(7, 7), strides=ONE, options=options(correlated_dates=False)
    )
    # samples of 7 x 7 share their centre: some 1700 centres of 90 x 90 are independent, and their rates scatter
    assert rejected(similar, 3) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("method", TESTS)
@pytest.mark.parametrize(
    "coherence",
    [np.eye(20), decaying(20, 0.6, 4.0, 0.1), decaying(20, 0.9, 16.0, 0.3)],
    ids=["none", "low", "high"],
)
def test_coherent_ground_is_not_turned_away_more_often(method, coherence):
    images = speckle(20, (80, 80), seed=4, coherence=coherence)
    similar = similar_samples(images, window=Shape(11, 11), strides=ONE, options=options(method))
    # at most a third above the rate; below, because the number of independent dates is an estimate bounded by 20
    assert rejected(similar, 5) < 0.067
    # ranks of two or three independent dates tell nothing apart
    assert rejected(similar, 5) > (0.0 if coherence[0, 1] > 0.8 and method != "glrt" else 0.015)
    if coherence[0, 1] > 0.5:
        naive = similar_samples(
            images, window=Shape(11, 11), strides=ONE, options=options(method, correlated_dates=False)
        )
        assert rejected(naive, 5) > 0.1


def test_independent_dates_are_found():
    for coherence in (np.eye(20), decaying(20, 0.6, 4.0, 0.1), decaying(20, 0.9, 16.0, 0.3)):
        similar = similar_samples(
            speckle(20, (60, 60), coherence=coherence), window=Shape(11, 11), strides=ONE, options=options()
        )
        true = 400 / (coherence**2).sum()
        # the estimate stands for the Gamma distribution with the same mean logarithm: within a third
        assert similar.effective_dates.mean() == pytest.approx(true, rel=0.33)


@pytest.mark.parametrize("method", TESTS)
def test_other_ground_is_turned_away(method):
    images = speckle(30, (40, 60))
    images[:, :, 30:] *= 3.0
    similar = similar_samples(images, window=Shape(11, 11), strides=ONE, options=options(method, 0.01))
    kept = np.mean([similar.mask(row, 28) for row in range(5, 35)], axis=0)
    # a power ratio of 9 in 30 dates lies eight standard deviations of its logarithm off; ranks tell less
    assert kept[:, :7].mean() > 0.97
    assert kept[:, 7:].mean() < (1e-3 if method == "glrt" else 0.05)


def twin(images, window, strides, method, rate):
    """Return masks by plain loops over complete dates, (row, column, line, sample)."""
    _, n_lines, n_samples = images.shape
    power = np.abs(images.astype(np.complex128)) ** 2
    grid = grid_of(images.shape, strides)
    result = np.zeros((*grid, *window), bool)
    for r, c, dy, dx in np.ndindex(*result.shape):
        top = r * strides.azimuth + (strides.azimuth - window.rows) // 2
        left = c * strides.range + (strides.range - window.cols) // 2
        y, x = top + dy, left + dx
        if 0 <= y < n_lines and 0 <= x < n_samples:
            a, b = power[:, top + window.rows // 2, left + window.cols // 2], power[:, y, x]
            result[r, c, dy, dx] = (y, x) == (top + window.rows // 2, left + window.cols // 2) or like(
                a, b, method, rate
            )
    if method == "glrt":
        for r, c in np.ndindex(*grid):
            result[r, c] = refined(power, r, c, result[r, c], strides, rate)
    return result


def refined(power, r, c, mask, strides, rate):
    """Hold all samples of a window against the mean power of those that are like the centre."""
    n = len(power)
    if mask.sum() < 24:
        return mask
    top = r * strides.azimuth + (strides.azimuth - mask.shape[0]) // 2
    left = c * strides.range + (strides.range - mask.shape[1]) // 2
    places = [
        (dy, dx)
        for dy, dx in np.ndindex(*mask.shape)
        if 0 <= top + dy < power.shape[1] and 0 <= left + dx < power.shape[2]
    ]
    mean = {(dy, dx): power[:, top + dy, left + dx].mean() for dy, dx in places}
    together = np.mean([mean[tuple(place)] for place in np.argwhere(mask)])
    result = np.zeros_like(mask)
    for place, value in mean.items():
        tail = stats.f.cdf(value / together, 2 * n, 2 * n * 24)
        result[place] = rate / 2 <= tail <= 1 - rate / 2 or place == (mask.shape[0] // 2, mask.shape[1] // 2)
    return result


def like(a, b, method, rate):
    n = len(a)
    if method == "glrt":
        ratio = 2 * n * np.log((a.sum() + b.sum()) ** 2 / (4 * a.sum() * b.sum()))
        level = ratio_levels(n, false_rejection=rate)[-1]
        return ratio <= 4 * n * np.log(np.cosh(level / 2))
    if method == "kolmogorov-smirnov":
        return stats.ks_2samp(a, b).statistic * n < kolmogorov_levels(n, false_rejection=rate)[-1] - 0.5
    first = np.argsort(np.concatenate([a, b])) < n
    m, i = np.cumsum(first)[:-1], np.arange(1, 2 * n)
    return ((2 * m - i) ** 2 / (i * (2 * n - i))).sum() <= anderson_level(n, false_rejection=rate)


@pytest.mark.parametrize("method", TESTS)
@pytest.mark.parametrize(("window", "strides"), [(Shape(5, 4), ONE), (Shape(6, 7), Looks(2, 3))])
def test_bits_are_those_of_plain_loops(method, window, strides):
    images = speckle(12, (9, 14), seed=7)
    images[:, :, 7:] *= 1.6
    similar = similar_samples(
        images, window=window, strides=strides, options=options(method, 0.1, correlated_dates=False)
    )
    expected = twin(images, window, strides, method, 0.1)
    for r, c in np.ndindex(*similar.number.shape):
        assert (similar.mask(r, c) == expected[r, c]).all()
        assert similar.number[r, c] == expected[r, c].sum()


@pytest.mark.parametrize("window", [Shape(5, 7), Shape(9, 15), Shape(11, 33), Shape(4, 63)])
def test_what_no_chain_leads_to_is_left_out(window):
    images = speckle(10, (30, 70), seed=2)
    images[:, :, 40:42] *= 8.0
    loose = similar_samples(images, window=window, strides=Looks(3, 2), options=options(rate=0.3))
    tied = similar_samples(
        images, window=window, strides=Looks(3, 2), options=options(rate=0.3, connected=True)
    )
    middle = window.rows // 2, window.cols // 2
    for r, c in np.ndindex(*loose.number.shape):
        parts, _ = ndimage.label(loose.mask(r, c), structure=np.ones((3, 3)))
        assert (tied.mask(r, c) == (parts == parts[middle])).all()
    assert (tied.number < loose.number).any()


@pytest.mark.parametrize("method", ["window", *TESTS])
@pytest.mark.parametrize("strides", [ONE, Looks(2, 5)])
def test_a_block_gives_the_bits_of_the_whole_and_so_does_one_thread(method, strides):
    images = speckle(8, (40, 60), seed=5)
    images[2, 10:20, 30:] = 0
    images[3, 25:] = np.nan
    window, how = Shape(7, 9), options(method, 0.1, connected=True)
    whole = similar_samples(images, window=window, strides=strides, options=how)
    around, first = halo(window=window, strides=strides), 4
    skip = -(-around.azimuth // strides.azimuth)
    start = (first - skip) * strides.azimuth
    part = similar_samples(images[:, start:], window=window, strides=strides, options=how)
    assert (part.words[skip:] == whole.words[first:]).all()
    n_threads = numba.get_num_threads()
    numba.set_num_threads(1)
    alone = similar_samples(images, window=window, strides=strides, options=how)
    numba.set_num_threads(n_threads)
    assert alone.words.tobytes() == whole.words.tobytes()


@pytest.mark.parametrize("method", TESTS)
def test_amplitudes_serve_as_images_do_and_stay_as_they_were(method):
    images = speckle(9, (12, 14))
    before = images.copy()
    found = similar_samples(images, window=Shape(5, 5), strides=ONE, options=options(method))
    amplitudes = np.abs(images)
    again = similar_samples(amplitudes, window=Shape(5, 5), strides=ONE, options=options(method))
    assert (found.words == again.words).all()
    assert images.tobytes() == before.tobytes()


@pytest.mark.parametrize("method", TESTS)
def test_missing_dates_and_missing_ground(method):
    images = speckle(20, (30, 40), seed=9)
    images[:8, :, 20:] = 0  # half of the swath begins later
    images[:, :5] = np.nan  # water
    images[:11, 25:] = 0  # fewer than half of the dates
    similar = similar_samples(images, window=Shape(7, 7), strides=ONE, options=options(method, 0.01))
    assert (similar.number[:5] == 0).all()
    assert (similar.number[25:] == 0).all()
    assert np.isnan(similar.effective_dates[:5]).all()
    # across the step of the number of dates nothing is lost but what the rate says; whole windows hold 49
    assert similar.number[8:22, 17:23].mean() > 0.95 * 49
    assert dict(similar.tally.rejected) == {"no data at the centre": 10 * 40}
    assert not similar.mask(6, 20)[:2].any()


@pytest.mark.parametrize("method", ["window", *TESTS])
@pytest.mark.parametrize("nothing", [0, np.nan, np.inf])
def test_all_water_is_legal(method, nothing):
    images = np.full((6, 10, 10), nothing, np.complex64)
    similar = similar_samples(images, window=Shape(5, 5), strides=ONE, options=options(method))
    assert similar.tally.used == 0
    assert not similar.words.any()


@pytest.mark.parametrize("method", TESTS)
@pytest.mark.parametrize("n", [1, 2, 15, 150])
def test_constant_amplitudes_are_alike(method, n):
    similar = similar_samples(
        np.full((n, 8, 8), 3.0, np.float32), window=Shape(3, 3), strides=ONE, options=options(method)
    )
    assert (similar.number[1:-1, 1:-1] == 9).all()


def test_few_dates_are_legal_and_said():
    two = speckle(2, (12, 12))
    for method in TESTS[1:]:
        similar = similar_samples(two, window=Shape(5, 5), strides=ONE, options=options(method))
        assert "too few" in similar.note
        assert (similar.number[2:-2, 2:-2] == 25).all()
    assert "very different" in similar_samples(two, window=Shape(5, 5), strides=ONE).note
    assert not similar_samples(two, window=Shape(5, 5), strides=ONE, options=options("window")).note
    assert not similar_samples(speckle(12, (12, 12)), window=Shape(5, 5), strides=ONE).note


def test_what_cannot_be_done_is_refused():
    images = speckle(3, (6, 6))
    with pytest.raises(OutOfRangeError, match="0 x 5"):
        similar_samples(images, window=Shape(0, 5), strides=ONE)
    with pytest.raises(OutOfRangeError, match="65 x 5"):
        similar_samples(images, window=Shape(65, 5), strides=ONE)
    with pytest.raises(TooFewDataError, match="one whole cell"):
        similar_samples(images, window=Shape(3, 3), strides=Looks(7, 1))
    with pytest.raises(TooFewDataError):
        similar_samples(images[:0], window=Shape(3, 3), strides=ONE)
    with pytest.raises(ShapeMismatchError, match="shape"):
        similar_samples(images[0], window=Shape(3, 3), strides=ONE)
    with pytest.raises(OutOfRangeError, match="glrt"):
        NeighbourOptions(method="student")
    with pytest.raises(OutOfRangeError, match="share"):
        NeighbourOptions(false_rejection=0.9)
