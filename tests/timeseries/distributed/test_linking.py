"""Phase linking against known truth, a plain twin, and itself block by block."""

from __future__ import annotations

import numpy as np
import pytest
from tests.timeseries.distributed import plain

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks
from fringeworks.timeseries.distributed import LinkingOptions, cramer_rao_bound, halo, link
from fringeworks.timeseries.distributed.linking import SOME_DATES_MISSING, TOO_FEW_SAMPLES

N_DATES = 12
DAYS = 12.0 * np.arange(N_DATES)
ONE = Looks(1, 1)


def options(method="ml", window=(11, 11), **more):
    return LinkingOptions(method=method, window_azimuth=window[0], window_range=window[1], **more)


@pytest.fixture(scope="module")
def stack():
    return plain.draw_stack(plain.coherence_matrix(N_DATES), (26, 41), np.random.default_rng(3))


@pytest.mark.parametrize("strides", [(1, 1), (6, 3)])
@pytest.mark.parametrize("method", ["emi", "evd"])
def test_eigenvectors_are_those_of_the_plain_twin(stack, method, strides):
    result = link(stack, days=DAYS, options=options(method), strides=Looks(*strides), reference=2)
    rows, columns = result.flags.shape
    assert (rows, columns) == (26 // strides[0], 41 // strides[1])
    for row, column in [(0, 0), (rows // 2, columns // 2), (rows - 1, 3), (1, columns - 1)]:
        samples = plain.window_samples(stack, row, column, strides=strides, window=(11, 11))
        coherence = plain.coherence_of(samples)
        expected = (plain.link_emi if method == "emi" else plain.link_evd)(coherence, reference=2)
        error = plain.wrapped(result.phase[:, row, column] - expected)
        # single precision and a tolerance of iteration, both far below the noise of 0.2 rad
        assert np.abs(error).max() < 0.02
        assert result.looks[row, column] == samples.shape[1]
        assert result.temporal_coherence[row, column] == pytest.approx(
            plain.temporal_coherence(coherence, expected), abs=2e-3
        )


def test_likelihood_comes_near_the_bound_and_knows_its_error():
    coherence = plain.coherence_matrix(N_DATES)
    stack = plain.draw_stack(coherence, (110, 220), np.random.default_rng(5))
    result = link(stack, days=DAYS, options=options(), strides=Looks(11, 11))
    bound = cramer_rao_bound(coherence, looks=121)[1:]
    rms = np.sqrt(np.mean(result.phase[1:] ** 2))
    # 200 windows of 11 dates, whose errors are correlated: the rms is known to about 4 %
    assert rms < 1.15 * np.sqrt(np.mean(bound**2))
    assert rms > 0.92 * np.sqrt(np.mean(bound**2))
    standardised = np.sqrt(np.mean((result.phase[1:] / result.phase_std[1:]) ** 2))
    assert 0.8 < standardised < 1.2


def test_a_phase_history_is_found_and_relative_to_the_reference(stack):
    history = np.linspace(0.0, 5.0, N_DATES)
    turned = (stack * np.exp(1j * history)[:, None, None]).astype(np.complex64)
    plainly = link(stack, days=DAYS, options=options(), strides=Looks(5, 5), reference=3)
    result = link(turned, days=DAYS, options=options(), strides=Looks(5, 5), reference=3)
    assert np.all(result.phase[3] == 0.0)
    assert np.all(result.phase_std[3] == 0.0)
    expected = plainly.phase + (history - history[3])[:, None, None]
    assert np.abs(plain.wrapped(result.phase - expected)).max() < 0.02


@pytest.mark.parametrize("strides", [(1, 1), (6, 3)])
def test_a_block_gives_what_the_whole_gives(stack, strides):
    strides = Looks(*strides)
    whole = link(stack, days=DAYS, options=options(), strides=strides)
    edge = halo(strides=strides, window=plain_shape())
    rows_before = -(-edge.azimuth // strides.azimuth)
    first = rows_before + 1 if strides.azimuth == 1 else 1
    start = (first - rows_before) * strides.azimuth
    part = link(
        stack[:, max(start, 0) :], days=DAYS, options=options(), strides=strides,
        rows=slice(first - max(start, 0) // strides.azimuth, None),
    )  # fmt: skip
    np.testing.assert_array_equal(part.phase, whole.phase[:, first:])
    np.testing.assert_array_equal(part.phase_std, whole.phase_std[:, first:])


def plain_shape():
    from fringeworks.model.grids import Shape

    return Shape(11, 11)


def test_missing_samples_and_dates(stack):
    holed = stack.copy()
    holed[4, :, :20] = np.nan
    holed[:, :8, 30:] = 0.0
    result = link(holed, days=DAYS, options=options(window=(5, 5)), strides=ONE)
    assert np.isnan(result.phase[4, 10, 5])
    assert np.isfinite(np.delete(result.phase[:, 10, 5], 4)).all()
    assert result.flags[10, 5] & SOME_DATES_MISSING
    assert np.isnan(result.phase[:, 2, 36]).all()
    assert result.flags[2, 36] & TOO_FEW_SAMPLES
    assert result.tally.considered == result.flags.size
    assert result.tally.rejected["too few samples"] == int(((result.flags & TOO_FEW_SAMPLES) > 0).sum())
    # a cell that has lost a date is linked as if that date had never been
    fewer = np.delete(np.arange(N_DATES), 4)
    other = link(stack[fewer], days=DAYS[fewer], options=options(window=(5, 5)), strides=ONE)
    assert np.abs(plain.wrapped(np.delete(result.phase[:, 10, 5], 4) - other.phase[:, 10, 5])).max() < 0.1


def test_two_dates_and_nothing():
    rng = np.random.default_rng(1)
    stack = plain.draw_stack(np.array([[1.0, 0.6], [0.6, 1.0]]), (12, 12), rng)
    stack[1] *= np.exp(1j * 0.7)
    two = link(stack, days=np.array([0.0, 6.0]), options=options(), strides=Looks(12, 12))
    expected = np.angle(np.sum(stack[1] * np.conj(stack[0])))
    window = plain.window_samples(stack, 0, 0, strides=(12, 12), window=(11, 11))
    expected = np.angle(np.sum(window[1] * np.conj(window[0])))
    assert two.phase[1, 0, 0] == pytest.approx(expected, abs=1e-3)
    nothing = link(
        np.full((3, 8, 8), np.nan, np.complex64), days=np.arange(3.0), options=options(), strides=Looks(4, 4)
    )
    assert np.isnan(nothing.phase).all()
    assert nothing.tally.used == 0


def test_what_cannot_be_is_refused(stack):
    with pytest.raises(TooFewDataError, match="at least two"):
        link(stack[:1], days=DAYS[:1], options=options(), strides=ONE)
    with pytest.raises(ShapeMismatchError, match="one for each image"):
        link(stack, days=DAYS[:3], options=options(), strides=ONE)
    with pytest.raises(OutOfRangeError, match="do not increase"):
        link(stack, days=DAYS[::-1], options=options(), strides=ONE)
    with pytest.raises(OutOfRangeError, match="sequentially"):
        link(stack, days=DAYS, options=options(maximum_dates=5), strides=ONE)
    with pytest.raises(OutOfRangeError, match="effective share"):
        link(stack, days=DAYS, options=options(), strides=ONE, effective_share=0.0)
    with pytest.raises(OutOfRangeError, match="one of ml, emi, evd"):
        LinkingOptions(method="best")
