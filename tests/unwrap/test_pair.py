"""One pair: masks, sizes, levels, tiles - and failures that stay its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.contracts.unwrapper import TURN, record
from tests.unwrap.scenes import FloodUnwrapper, bowl, make_scene

from fringeworks.errors import CancelledError, OutOfRangeError, ShapeMismatchError, UnknownNameError
from fringeworks.unwrap import FailedPair, UnwrapOptions, Unwrapped, UnwrappedPair, leave_out, unwrap_pair
from fringeworks.unwrap.identity import largest_deviation
from fringeworks.unwrap.regions import join, number_by_size

SHAPE = (120, 150)


@pytest.fixture
def scene(rng):
    return make_scene(bowl(SHAPE, fringes=3.0, width=40.0), rng)


def test_a_pair_is_unwrapped_counted_and_level(scene):
    done = unwrap_pair(scene.wrapped)
    assert isinstance(done, UnwrappedPair)
    components, phase = done.unwrapped.components, done.unwrapped.phase
    assert done.tally.used == np.count_nonzero(components)
    assert done.tally.considered == done.tally.used + sum(done.tally.rejected.values()) == phase.size
    sizes = np.bincount(components.ravel())[1:]
    assert np.all(sizes >= 100)
    assert np.all(np.diff(sizes) <= 0)
    assert abs(np.median(phase[components == 1])) <= np.pi
    assert largest_deviation(scene.wrapped, done.unwrapped) < 1e-4
    assert done.method == "whirlwind"
    assert done.seams is None
    assert json.loads(json.dumps(done.as_dict()))["tally"]["used"] == done.tally.used


def test_what_is_left_out_has_no_phase_and_no_influence(scene):
    water, shadow = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    water[:, 60:70], shadow[20:30, 65:90] = True, True
    done = unwrap_pair(scene.wrapped, leave_out={"water": water, "shadow": shadow})
    assert np.isnan(done.unwrapped.phase[water | shadow]).all()
    assert done.tally.rejected["water"] == 1200
    assert done.tally.rejected["shadow"] == 200
    changed = scene.wrapped.phasor.copy()
    changed[water] = 1.0
    other = make_record(changed, scene.wrapped.coherence)
    again = unwrap_pair(other, leave_out={"water": water, "shadow": shadow})
    np.testing.assert_array_equal(done.unwrapped.phase, again.unwrapped.phase)


def make_record(phasor, coherence):
    return type(record(np.zeros((2, 2))))(phasor=phasor, coherence=coherence, effective_looks=12.0)


def test_low_coherence_is_left_out(scene):
    done = unwrap_pair(scene.wrapped, options=UnwrapOptions(coherence_threshold=0.5))
    low = scene.wrapped.coherence < 0.5
    assert np.isnan(done.unwrapped.phase[low]).all()
    assert done.tally.rejected["low coherence"] == np.count_nonzero(low)


def test_leaving_out_nothing_copies_nothing(scene):
    wide = make_record(
        scene.wrapped.phasor.astype(complex), np.asfortranarray(scene.wrapped.coherence, float)
    )
    np.testing.assert_array_equal(
        unwrap_pair(wide).unwrapped.phase, unwrap_pair(scene.wrapped).unwrapped.phase
    )
    same, tally = leave_out(scene.wrapped, {"water": np.zeros(SHAPE, bool)})
    assert same is scene.wrapped
    assert tally.used == tally.considered


def test_masks_have_to_fit(scene):
    with pytest.raises(ShapeMismatchError, match="'water' of \\(3, 4\\)"):
        unwrap_pair(scene.wrapped, leave_out={"water": np.zeros((3, 4), bool)})


def test_large_images_go_in_tiles(scene):
    whole = unwrap_pair(scene.wrapped)
    tiled = unwrap_pair(scene.wrapped, options=UnwrapOptions(tile_size=80, tile_overlap=24), workers=2)
    assert tiled.seams is not None
    assert tiled.seams.n_tiles == 6
    assert tiled.seams.n_torn == 0
    both = (whole.unwrapped.components == 1) & (tiled.unwrapped.components == 1)
    assert both.mean() > 0.8
    np.testing.assert_allclose((tiled.unwrapped.phase - whole.unwrapped.phase)[both], 0.0, atol=1e-5)
    never = unwrap_pair(scene.wrapped, options=UnwrapOptions(tile_size=0))
    np.testing.assert_array_equal(never.unwrapped.phase, whole.unwrapped.phase)


class Broken:
    name = "broken"
    licence = "Apache-2.0"

    def __init__(self, what):
        self.what = what

    def unwrap(self, wrapped):
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what(FloodUnwrapper().unwrap(wrapped))


def filtered(found):
    return Unwrapped(phase=found.phase + np.float32(0.01), components=found.components)


def without_phase(found):
    return Unwrapped(phase=np.full_like(found.phase, np.nan), components=found.components)


def beyond_components(found):
    return Unwrapped(phase=found.phase, components=np.zeros_like(found.components))


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        (RuntimeError("no convergence"), "solver"),
        (ValueError("wrong"), "solver"),
        (MemoryError("too much"), "memory"),
        (filtered, "whole cycles"),
        (without_phase, "whole cycles"),
        (beyond_components, "whole cycles"),
    ],
)
def test_a_failing_solver_ends_one_pair_only(what, cause):
    wrapped = record(bowl((30, 40), fringes=1.0, width=15.0))
    done = unwrap_pair(wrapped, unwrapper=Broken(what))
    assert isinstance(done, FailedPair)
    assert done.cause == cause
    assert done.tally.used == 0
    assert done.tally.rejected == {"pair failed": 1200}
    assert json.loads(json.dumps(done.as_dict()))["method"] == "broken"
    assert isinstance(unwrap_pair(wrapped), UnwrappedPair)


@pytest.mark.parametrize("stop", [CancelledError("by hand"), KeyboardInterrupt()])
def test_stopping_the_run_is_no_failure_of_a_pair(stop):
    with pytest.raises(type(stop)):
        unwrap_pair(record(np.zeros((30, 40))), unwrapper=Broken(stop))


def test_nothing_to_unwrap_is_a_recorded_failure():
    empty = unwrap_pair(record(np.full((30, 40), np.nan)))
    assert isinstance(empty, FailedPair)
    assert empty.cause == "nothing to unwrap"
    wet = unwrap_pair(record(np.zeros((30, 40))), leave_out={"water": np.ones((30, 40), bool)})
    assert isinstance(wet, FailedPair)
    assert wet.tally.rejected == {"water": 1200}


def test_only_small_components_are_a_recorded_failure():
    small = unwrap_pair(record(np.zeros((9, 11))), options=UnwrapOptions(minimum_component_size=100))
    assert isinstance(small, FailedPair)
    assert small.cause == "no component"
    assert "minimum_component_size" in small.message
    enough = unwrap_pair(record(np.zeros((9, 11))), options=UnwrapOptions(minimum_component_size=99))
    assert isinstance(enough, UnwrappedPair)


def test_a_method_that_nobody_offers_is_refused(scene):
    with pytest.raises(UnknownNameError, match="whirlwind"):
        unwrap_pair(scene.wrapped, options=UnwrapOptions(method="whirlwnd"))


def test_bridges_given_in_the_options_are_used():
    truth = bowl(SHAPE, fringes=1.0, width=60.0)
    truth[:, 70:74] = np.nan
    options = UnwrapOptions(method="growing", bridge_gap=0, bridges=((60, 69, 60, 74, 1),))
    done = unwrap_pair(record(truth), options=options)
    step = done.unwrapped.phase[60, 74] - done.unwrapped.phase[60, 69] - (truth[60, 74] - truth[60, 69])
    assert np.round(step / TURN) == 1
    assert done.as_dict()["bridges"]["used"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"bridges": ((1, 2, 3, 4),)},
        {"snaphu_cost": "topo"},
        {"tile_size": 100, "tile_overlap": 60},
        {"smoothing": 6},
    ],
)
def test_options_that_cannot_be(wrong):
    with pytest.raises(OutOfRangeError):
        UnwrapOptions(**wrong)


def test_components_are_numbered_by_size():
    labels = np.array([[0, 5, 5, 2], [7, 5, 2, 2], [7, 7, 9, 9]])
    components, sizes = number_by_size(labels, minimum=3)
    np.testing.assert_array_equal(components, [[0, 2, 2, 1], [3, 2, 1, 1], [3, 3, 0, 0]])
    np.testing.assert_array_equal(sizes, [3, 3, 3])
    merged, sizes = number_by_size(labels, minimum=1, merged=np.array([0, 1, 2, 3, 4, 2, 6, 7, 8, 0]))
    np.testing.assert_array_equal(merged, [[0, 1, 1, 1], [2, 1, 1, 1], [2, 2, 0, 0]])
    np.testing.assert_array_equal(sizes, [6, 3])


def test_pieces_that_are_linked_share_a_group():
    group = join(5, np.array([0, 3]), np.array([2, 2]))
    assert group[0] == group[2] == group[3]
    assert len({group[0], group[1], group[4]}) == 3
