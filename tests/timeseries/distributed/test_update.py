"""New dates one at a time give what all at once give, leave the old alone, and are refused when they come too late."""

from __future__ import annotations

import io

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.linking import halo
from fringeworks.timeseries.distributed.neighbours import similar_samples
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.sequential import link_sequential
from fringeworks.timeseries.distributed.state import LinkState, rebuild
from fringeworks.timeseries.distributed.update import SequentialOptions, begin, update

STRIDES = Looks(4, 5)
OPTIONS = LinkingOptions(window_azimuth=6, window_range=7)
MINI = SequentialOptions(ministack=5)
N = 23
DAYS = 12.0 * np.arange(N)
TRUTH = np.cumsum(np.random.default_rng(8).normal(scale=1.0, size=N)) * (np.arange(N) > 0)


def ground(n=N, shape=(21, 33), *, seed=3, phase=TRUTH):
    """Return images of well-coherent ground with one phase for each date."""
    rng = np.random.default_rng(seed)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    coherence = 0.5 * np.exp(-apart / 4.0) + 0.35
    np.fill_diagonal(coherence, 1.0)
    white = rng.standard_normal((2, n, *shape)) * np.sqrt(0.5)
    images = np.tensordot(np.linalg.cholesky(coherence), white[0] + 1j * white[1], axes=1)
    return (images * np.exp(1j * phase[:n, None, None])).astype(np.complex64)


def feed(images, portions, *, mini=MINI, state=None, **more):
    """Return the last update, the phases as they stand after it, and the state, portion by portion."""
    state = state or begin(images.shape[1:], strides=STRIDES, options=mini, **more)
    grid = state.flags.shape
    phase, std, start = np.full((len(images), *grid), np.nan), np.full((len(images), *grid), np.nan), 0
    for portion in portions:
        stop = start + portion
        done = update(state, images[start:stop], days=DAYS[start:stop], options=OPTIONS)
        state = done.state
        phase[done.first : stop], std[done.first : stop] = done.linked.phase, done.linked.phase_std
        start = stop
    return done, phase, std


@pytest.fixture(scope="module")
def images():
    return ground()


@pytest.fixture(scope="module")
def at_once(images):
    return link_sequential(images, days=DAYS, options=OPTIONS, sequential=MINI, strides=STRIDES)


@pytest.mark.parametrize("portions", [[2, *[1] * 21], [7, 1, 1, 13, 1], [5, 5, 5, 5, 3], [23]])
def test_any_portions_give_the_same_bits(images, at_once, portions):
    done, phase, std = feed(images, portions)
    assert phase.astype(np.float32).tobytes() == at_once.phase.tobytes()
    assert std.astype(np.float32).tobytes() == at_once.phase_std.tobytes()
    for name in ("temporal_coherence", "coherence_mean", "looks"):
        # sums over mini-stacks in another order of closing: rounding alone
        np.testing.assert_allclose(getattr(done.linked, name), getattr(at_once, name), rtol=1e-5)
    assert done.linked.tally == at_once.tally


def test_a_new_date_touches_two_mini_stacks_at_most(images):
    state = feed(images, [20])[0].state
    before = {name: array.tobytes() for name, array in state.arrays().items()}
    done = update(state, images[20:21], days=DAYS[20:21], options=OPTIONS)
    assert done.first == 15
    assert done.linked.phase.shape[0] == 6
    assert before == {name: array.tobytes() for name, array in state.arrays().items()}


def test_phases_are_those_of_the_ground_on_one_datum(at_once):
    error = np.angle(np.exp(1j * (at_once.phase - TRUTH[:, None, None])))
    assert (at_once.phase[0] == 0).all()
    assert (at_once.phase_std[0] == 0).all()
    # 42 samples of coherence 0.35 to 0.85; all dates at once give 0.18 rad on the same images
    assert np.sqrt(np.mean(error[1:] ** 2)) < 0.25
    assert np.sqrt(np.mean((error[1:] / at_once.phase_std[1:]) ** 2)) == pytest.approx(1.0, abs=0.25)


def test_the_state_goes_to_a_file_and_back(images):
    state = feed(images, [12])[0].state
    file = io.BytesIO()
    np.savez(file, **state.arrays())
    file.seek(0)
    again = rebuild(state.facts(), dict(np.load(file)))
    assert isinstance(again, LinkState)
    here, there = (
        update(s, images[12:14], days=DAYS[12:14], options=OPTIONS).linked.phase for s in (state, again)
    )
    assert here.tobytes() == there.tobytes()
    arrays = state.arrays()
    with pytest.raises(ShapeMismatchError, match="without phase"):
        rebuild(state.facts(), {k: v for k, v in arrays.items() if k != "phase"})
    with pytest.raises(ShapeMismatchError, match="variance of shape"):
        rebuild(state.facts(), {**arrays, "variance": arrays["variance"][1:]})


def test_blocks_cut_after_each_update_give_the_whole():
    images = ground(shape=(48, 20))
    whole = feed(images, [14, 9])[1]
    reach = -(-halo(strides=STRIDES, window=Shape(6, 7)).azimuth // STRIDES.azimuth)
    n_rows, edge, start = 12, 6, 0
    states, parts = [None, None], []
    # within an open mini-stack, or up to its end: what two blocks share is exchanged after each
    for portion in (5, 5, 4, 1, 5, 3):
        stop, kept = start + portion, []
        for rows in (slice(0, edge), slice(edge, n_rows)):
            read = slice(max(rows.start - reach, 0), min(rows.stop + reach, n_rows))
            state = _joined(states, read) if start else None
            lines = slice(read.start * 4, read.stop * 4)
            state = state or begin((lines.stop - lines.start, 20), strides=STRIDES, options=MINI)
            done = update(state, images[start:stop, lines], days=DAYS[start:stop], options=OPTIONS)
            inner = slice(rows.start - read.start, rows.stop - read.start)
            kept.append((done.state.crop(rows=inner), done.linked.phase[:, inner], done.first))
        states = [state for state, _, _ in kept]
        parts.append((kept[0][2], np.concatenate([phase for _, phase, _ in kept], axis=1)))
        start = stop
    phase = np.full((N, n_rows, 4), np.nan, np.float32)
    for first, part in parts:
        phase[first : first + len(part)] = part
    assert phase.tobytes() == whole.astype(np.float32).tobytes()


def _joined(states, rows):
    """Return the state of some rows of two states that lie below each other."""
    arrays = {}
    for name, array in states[0].arrays().items():
        other = states[1].arrays()[name]
        if name in {"days", "bin_days", "bin_sizes"}:
            arrays[name] = array
        else:
            arrays[name] = np.concatenate([array, other], axis=array.ndim - 2)
    return rebuild(states[0].facts(), arrays).crop(rows=rows)


def test_a_date_that_is_missing_in_a_part_costs_that_date_alone(images):
    gappy = images.copy()
    gappy[9, :, 20:] = 0
    gappy[16:18, :10] = np.nan
    linked = link_sequential(gappy, days=DAYS, options=OPTIONS, sequential=MINI, strides=STRIDES)
    assert np.isnan(linked.phase[9, :, 5:]).all()
    assert np.isfinite(linked.phase[9, :, :3]).all()
    assert np.isnan(linked.phase[16:18, :1]).all()
    assert np.isfinite(np.delete(linked.phase, [9, 16, 17], axis=0)).all()
    error = np.angle(np.exp(1j * (linked.phase - TRUTH[:, None, None])))
    assert np.sqrt(np.nanmean(error[1:] ** 2)) < 0.25


def test_without_its_reference_a_cell_has_no_phase_and_water_none_either(images):
    gappy = images.copy()
    gappy[0, :, 20:] = 0
    gappy[:, 12:] = np.nan
    done, phase, _ = feed(gappy, [11, 12])
    assert np.isfinite(phase[:, :2, :3]).all()
    assert np.isnan(phase[:, :, 5:]).all()
    assert np.isnan(phase[:, 4]).all()
    assert dict(done.linked.tally.rejected)["reference date missing"] >= 2
    assert dict(done.linked.tally.rejected)["too few samples"] >= 6
    # another reference serves where the first date is missing
    later = link_sequential(gappy, days=DAYS, options=OPTIONS, sequential=MINI, strides=STRIDES, reference=12)
    assert np.isfinite(later.phase[1:, :2, 5:]).all()
    assert (later.phase[12, :2] == 0).all()


def test_all_water_is_legal():
    done, phase, _ = feed(np.zeros((12, 8, 10), np.complex64), [7, 5])
    assert np.isnan(phase).all()
    assert done.linked.tally.used == 0


def test_two_dates_are_legal():
    done, phase, _ = feed(ground(2), [2])
    error = np.angle(np.exp(1j * (phase[1] - TRUTH[1])))
    assert np.sqrt(np.mean(error**2)) < 0.3
    assert done.first == 0


def test_similar_samples_are_taken(images):
    similar = similar_samples(images[:12], window=Shape(6, 7), strides=STRIDES)
    keys = {"days": DAYS, "options": OPTIONS, "sequential": MINI, "strides": STRIDES}
    linked = link_sequential(images, similar=similar, **keys)
    # a centre that few samples are like has too few of them
    enough = similar.number >= OPTIONS.minimum_samples
    assert enough.mean() > 0.9
    assert np.isfinite(linked.phase[:, enough]).all()
    assert (linked.looks < 42.01).all()
    assert linked.looks.mean() < link_sequential(images, **keys).looks.mean()


def test_dates_that_cannot_be_added_are_refused(images):
    state = feed(images, [6])[0].state
    keys = {"options": OPTIONS}
    with pytest.raises(OutOfRangeError, match="before the last one"):
        update(state, images[6:7], days=DAYS[3:4] + 1.0, **keys)
    with pytest.raises(OutOfRangeError, match="linked already"):
        update(state, images[6:7], days=DAYS[5:6], **keys)
    with pytest.raises(OutOfRangeError, match="each once"):
        update(state, images[6:8], days=DAYS[[6, 6]], **keys)
    with pytest.raises(OutOfRangeError, match="do not rise"):
        update(state, images[6:7], days=np.array([np.nan]), **keys)
    with pytest.raises(TooFewDataError, match="0 new dates"):
        update(state, images[:0], days=DAYS[:0], **keys)
    with pytest.raises(ShapeMismatchError, match="as those of the series"):
        update(state, images[6:7, 1:], days=DAYS[6:7], **keys)
    with pytest.raises(ShapeMismatchError, match="one for each image"):
        update(state, images[6:7], days=DAYS[6:8], **keys)
    with pytest.raises(TooFewDataError, match="two together"):
        feed(images, [1])
    with pytest.raises(TooFewDataError, match="whole cell"):
        begin((3, 3), strides=STRIDES, options=MINI)
    with pytest.raises(OutOfRangeError, match="reference date 5"):
        begin((20, 20), strides=STRIDES, options=MINI, reference=5)
    with pytest.raises(OutOfRangeError, match="at least 4"):
        SequentialOptions(ministack=3)
