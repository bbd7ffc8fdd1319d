"""What the likelihood learns, what it is worth on hard ground, and what its parts promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tests.timeseries.distributed import plain

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed import LinkingOptions, covariance_at, cramer_rao_bound, link
from fringeworks.timeseries.distributed.lags import lag_bins
from fringeworks.timeseries.distributed.linking import SOME_DATES_MISSING, WEIGHTS_REPAIRED

N_DATES = 20
DAYS = 12.0 * np.arange(N_DATES)
LAG = np.abs(np.subtract.outer(DAYS, DAYS))
CELLS = Looks(9, 9)


def options(method="ml", **more):
    return LinkingOptions(method=method, window_azimuth=9, window_range=9, **more)


def with_ones(matrix):
    np.fill_diagonal(matrix, 1.0)
    return matrix


def kinds_of_ground():
    exponential = 0.5 * np.exp(-LAG / 50.0) + 0.1
    late = DAYS[:, None] >= DAYS[10]
    snow = np.where(np.isin(np.arange(N_DATES), [4, 5, 12]), 0.2, 1.0)
    return {
        "gaussian": with_ones(0.55 * np.exp(-((LAG / 60.0) ** 2)) + 0.1),
        "event": with_ones(exponential * np.where(late == late.T, 1.0, 0.4)),
        "snow": with_ones(exponential * np.outer(snow, snow)),
    }


@pytest.mark.parametrize("kind", ["gaussian", "event", "snow"])
def test_likelihood_beats_emi_where_coherence_is_no_exponential(kind):
    coherence = kinds_of_ground()[kind]
    stack = plain.draw_stack(coherence, (90, 180), np.random.default_rng(7))
    rms = {}
    for method in ("ml", "emi"):
        result = link(stack, days=DAYS, options=options(method), strides=CELLS)
        rms[method] = np.sqrt(np.mean(result.phase[1:] ** 2))
        standardised = np.sqrt(np.mean((result.phase[1:] / result.phase_std[1:]) ** 2))
        # the contract of reported deviations
        assert 0.8 < standardised < 1.2
    assert rms["ml"] < 0.92 * rms["emi"]
    # 81 looks and dates that hardly cohere: wrapped errors alone cost some 10 % over the bound
    assert rms["ml"] < 1.3 * np.sqrt(np.mean(cramer_rao_bound(coherence, looks=81)[1:] ** 2))


def test_a_known_coherence_reaches_the_bound():
    coherence = plain.coherence_matrix(N_DATES)
    stack = plain.draw_stack(coherence, (90, 180), np.random.default_rng(8))
    result = link(stack, days=DAYS, options=options(), strides=CELLS, coherence=coherence)
    bound = cramer_rao_bound(coherence, looks=81)
    rms = np.sqrt(np.mean(result.phase[1:] ** 2))
    # 200 windows: known to about 4 %
    assert 0.94 < rms / np.sqrt(np.mean(bound[1:] ** 2)) < 1.08
    # single precision
    np.testing.assert_allclose(result.phase_std[:, 3, 3], bound * (1 + bound**2), rtol=1e-3)
    with pytest.raises(ShapeMismatchError, match="coherence of shape"):
        link(stack, days=DAYS, options=options(), strides=CELLS, coherence=coherence[:3, :3])
    with pytest.raises(OutOfRangeError, match="only one that uses it"):
        link(stack, days=DAYS, options=options("evd"), strides=CELLS, coherence=coherence)
    with pytest.raises(OutOfRangeError, match="not symmetric"):
        link(stack, days=DAYS, options=options(), strides=CELLS, coherence=np.triu(coherence))


@dataclass(frozen=True)
class Alike:
    words: np.ndarray
    window: Shape


def bits(mask):
    """Pack (row, column, position) into words."""
    padded = np.pad(mask, ((0, 0), (0, 0), (0, -mask.shape[2] % 64)))
    return np.packbits(padded, axis=2, bitorder="little").view("<u8").astype(np.uint64)


@pytest.mark.parametrize("strides", [(1, 1), (3, 2)])
def test_similar_samples_alone_are_averaged(strides):
    rng = np.random.default_rng(2)
    stack = plain.draw_stack(plain.coherence_matrix(6), (18, 40), rng)
    window = Shape(9, 9)
    grid = (18 // strides[0], 40 // strides[1])
    mask = rng.random((*grid, 81)) < 0.6
    result = link(
        stack,
        days=DAYS[:6],
        options=options("evd"),
        strides=Looks(*strides),
        similar=Alike(bits(mask), window),
    )
    for row, column in [(0, 0), (grid[0] // 2, grid[1] // 2), (grid[0] - 1, grid[1] - 1)]:
        coherence = covariance_at(
            stack,
            row,
            column,
            strides=Looks(*strides),
            window=window,
            similar=mask[row, column].reshape(9, 9),
        )
        error = plain.wrapped(result.phase[:, row, column] - plain.link_evd(coherence))
        assert np.abs(error).max() < 0.02
    whole = link(stack, days=DAYS[:6], options=options("evd"), strides=Looks(*strides))
    all_taken = Alike(bits(np.ones((*grid, 81), bool)), window)
    masked = link(stack, days=DAYS[:6], options=options("evd"), strides=Looks(*strides), similar=all_taken)
    np.testing.assert_array_equal(masked.looks, whole.looks)
    assert np.abs(plain.wrapped(masked.phase - whole.phase)).max() < 0.01
    with pytest.raises(ShapeMismatchError, match="similar samples of shape"):
        link(
            stack, days=DAYS[:6], options=options(), strides=Looks(*strides),
            similar=Alike(all_taken.words[:1], window),
        )  # fmt: skip


def test_covariance_of_one_cell_is_that_of_its_window():
    stack = plain.draw_stack(plain.coherence_matrix(5), (20, 20), np.random.default_rng(4))
    for row, column in [(0, 0), (3, 2)]:
        samples = plain.window_samples(stack, row, column, strides=(5, 6), window=(9, 7))
        found = covariance_at(stack, row, column, strides=Looks(5, 6), window=Shape(9, 7))
        np.testing.assert_allclose(found, plain.coherence_of(samples), atol=1e-6)
    holed = stack.copy()
    holed[2] = np.nan
    found = covariance_at(holed, 1, 1, strides=Looks(5, 6), window=Shape(9, 7))
    assert np.isnan(found[2]).all()
    assert np.isfinite(np.delete(np.delete(found, 2, 0), 2, 1)).all()
    with pytest.raises(OutOfRangeError, match=r"cell \(9, 0\)"):
        covariance_at(stack, 9, 0, strides=Looks(5, 6), window=Shape(9, 7))


def test_partial_samples_are_weighed_by_what_both_dates_have():
    stack = plain.draw_stack(plain.coherence_matrix(6), (9, 18), np.random.default_rng(9))
    stack[3, :, 3:7] = np.nan
    result = link(stack, days=DAYS[:6], options=options("evd"), strides=CELLS)
    assert not result.flags[0, 0] & SOME_DATES_MISSING
    coherence = covariance_at(stack, 0, 0, strides=CELLS, window=Shape(9, 9))
    assert np.abs(plain.wrapped(result.phase[:, 0, 0] - plain.link_evd(coherence))).max() < 0.02
    # five dates of 81 samples, one of 45
    assert result.looks[0, 0] == pytest.approx((5 * 81 + 45) / 6)


def test_fewer_samples_than_dates_are_repaired_and_said():
    stack = plain.draw_stack(plain.coherence_matrix(N_DATES), (6, 8), np.random.default_rng(1))
    small = LinkingOptions(method="emi", window_azimuth=3, window_range=3)
    result = link(stack, days=DAYS, options=small, strides=Looks(3, 4))
    assert np.isfinite(result.phase).all()
    assert (result.flags & WEIGHTS_REPAIRED).any()


def test_images_that_are_the_same_have_the_phase_between_them():
    rng = np.random.default_rng(6)
    image = rng.normal(size=(2, 9, 18)) @ np.eye(18)
    history = np.linspace(0.0, 3.0, 8)
    stack = ((image[0] + 1j * image[1]) * np.exp(1j * history)[:, None, None]).astype(np.complex64)
    for method in ("ml", "emi", "evd"):
        result = link(stack, days=DAYS[:8], options=options(method), strides=CELLS)
        # single precision
        assert np.abs(plain.wrapped(result.phase - history[:, None, None])).max() < 2e-3
        assert np.isfinite(result.phase_std).all()
        assert result.temporal_coherence.min() > 0.9999


def test_oversampling_is_counted_in_looks_and_deviations():
    stack = plain.draw_stack(plain.coherence_matrix(6), (9, 18), np.random.default_rng(9))
    whole = link(stack, days=DAYS[:6], options=options(), strides=CELLS)
    half = link(stack, days=DAYS[:6], options=options(), strides=CELLS, effective_share=0.5)
    assert half.looks[0, 0] == pytest.approx(40.5)
    # the coherence learnt differs a little, for its noise is judged otherwise
    assert half.phase_std[-1, 0, 0] / whole.phase_std[-1, 0, 0] == pytest.approx(np.sqrt(2.0), rel=0.1)


def test_threads_and_repeats_change_nothing():
    import numba

    stack = plain.draw_stack(plain.coherence_matrix(6), (30, 50), np.random.default_rng(9))
    before = numba.get_num_threads()
    results = []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            results.append(link(stack, days=DAYS[:6], options=options(), strides=Looks(1, 1)))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(results[0].phase, results[1].phase)
    np.testing.assert_array_equal(results[0].phase_std, results[1].phase_std)


def test_times_apart_are_sorted_into_few_bins():
    bins, smooth = lag_bins(DAYS)
    assert smooth.shape == (N_DATES - 1, N_DATES - 1)
    i, j = np.tril_indices(N_DATES)
    off = i != j
    np.testing.assert_array_equal(bins[off], (i - j)[off] - 1)
    irregular = np.cumsum(np.random.default_rng(0).choice([6.0, 12.0, 24.0], 250))
    bins, smooth = lag_bins(irregular)
    assert len(smooth) < 160
    assert np.all(smooth.diagonal() == 1.0)


def test_bound_refuses_what_is_no_coherence():
    with pytest.raises(OutOfRangeError, match="positive definite"):
        cramer_rao_bound(np.ones((3, 3)), looks=10)
    with pytest.raises(ShapeMismatchError, match="date, date"):
        cramer_rao_bound(np.ones((3, 2)), looks=10)
    # two dates: the textbook's variance (1 - g^2) / (2 L g^2)
    pair = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert cramer_rao_bound(pair, looks=50)[1] == pytest.approx(np.sqrt((1 - 0.36) / (2 * 50 * 0.36)))
