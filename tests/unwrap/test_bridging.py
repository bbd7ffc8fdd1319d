"""Bridges: right where they are used, left alone where phase may have changed by more than can be told."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.unwrapper import TURN, record
from tests.unwrap.scenes import FloodUnwrapper, bowl, field, make_scene

from fringeworks.errors import OutOfRangeError
from fringeworks.unwrap import GivenBridge, Unwrapped, bridge_components, unwrapper_named
from fringeworks.unwrap.regions import number_by_size

SHAPE = (120, 150)


def split(truth, width, *, col=70):
    """Return a phase with a river along the columns, its right side three cycles off."""
    cut = truth.copy()
    cut[:, col : col + width] = np.nan
    found = FloodUnwrapper().unwrap(record(cut))
    phase = found.phase.copy()
    phase[:, col + width :] += TURN * 3
    return Unwrapped(phase=phase.astype(np.float32), components=found.components)


def one_level(found, truth):
    """Return whether all that is unwrapped lies at one number of cycles above the truth."""
    cycles = np.round((found.phase - truth)[found.components > 0] / TURN)
    return np.unique(cycles).size == 1


@pytest.mark.parametrize("width", [1, 4, 12])
def test_a_river_is_bridged(width):
    truth = bowl(SHAPE, fringes=1.5, width=60.0)
    before = split(truth, width)
    kept = before.phase.copy()
    found, bridges = bridge_components(before, widest=40, reliability=0.95)
    assert one_level(found, truth)
    assert set(np.unique(found.components)) == {0, 1}
    np.testing.assert_array_equal(before.phase, kept)
    (bridge,) = bridges
    assert bridge.used
    assert bridge.gap == width + 1
    assert bridge.n_lines == SHAPE[0]
    assert bridge.reliability > 0.99
    assert {
        before.components[bridge.row, bridge.col],
        before.components[bridge.other_row, bridge.other_col],
    } == {1, 2}


def test_the_slope_on_both_sides_is_followed():
    # 0.3 rad a pixel over 15 pixels are 4.8 rad: the smallest step alone would be a cycle off
    truth = 0.3 * np.arange(SHAPE[1])[None, :] + np.zeros(SHAPE)
    found, (bridge,) = bridge_components(split(truth, 15), widest=40, reliability=0.95)
    assert bridge.used
    assert one_level(found, truth)


def test_a_gap_wider_than_asked_for_stays():
    truth = bowl(SHAPE, fringes=1.0, width=60.0)
    found, bridges = bridge_components(split(truth, 20), widest=20, reliability=0.95)
    assert bridges == ()
    assert found.components.max() == 2


def test_a_gap_over_which_phase_changes_too_much_is_recorded_and_stays(rng):
    truth = 40.0 * field(SHAPE, rng, slope=11 / 3)
    before = split(np.clip(truth, -200, 200), 25)
    found, bridges = bridge_components(before, widest=40, reliability=0.95)
    assert len(bridges) >= 1
    assert not any(bridge.used for bridge in bridges)
    assert max(bridge.reliability for bridge in bridges) < 0.95
    np.testing.assert_array_equal(found.phase, before.phase)


def test_used_bridges_are_right(rng):
    """Two rivers of many widths through air, ramps and noise: what is called sure is sure."""
    n_used = n_right = 0
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for width in (2, 5, 9, 14, 20, 28):
        truth = rng.uniform(1, 6) * field(SHAPE, rng, slope=11 / 3) + rng.uniform(-0.1, 0.1) * cols
        away = np.abs(cols - 70 - 10 * np.sin(rows / 20)) < width / 2
        away |= np.abs(rows - 60 - 8 * np.sin(cols / 25)) < width / 3
        scene = make_scene(truth, rng, coherence=np.full(SHAPE, 0.7), missing=away)
        solved = unwrapper_named("growing").unwrap(scene.wrapped)
        components, _ = number_by_size(solved.components, minimum=100)
        before = Unwrapped(
            phase=np.where(components > 0, solved.phase, np.float32(np.nan)), components=components
        )
        level = scene.levels(before)
        _, bridges = bridge_components(before, widest=40, reliability=0.95)
        for bridge in (b for b in bridges if b.used):
            first = before.components[bridge.row, bridge.col]
            second = before.components[bridge.other_row, bridge.other_col]
            n_used += 1
            n_right += bridge.cycles == level[first] - level[second]
    assert n_used >= 10
    assert n_right == n_used


def test_a_given_bridge_wins():
    truth = bowl(SHAPE, fringes=1.0, width=60.0)
    before = split(truth, 4)
    given = GivenBridge(row=60, col=69, other_row=60, other_col=74, cycles=2)
    found, bridges = bridge_components(before, widest=40, reliability=0.95, given=[given])
    step = (found.phase[60, 74] - found.phase[60, 69]) / TURN
    assert np.round(step - (truth[60, 74] - truth[60, 69]) / TURN) == 2
    assert found.components.max() == 1
    assert [bridge.used for bridge in bridges if bridge.n_lines == 0] == [True]
    assert [bridge.used for bridge in bridges if bridge.n_lines > 0] == [False]
    assert bridges[0].as_dict()["reliability"] == 1.0


def test_given_alone_and_turned_around():
    truth = bowl(SHAPE, fringes=1.0, width=60.0)
    before = split(truth, 4)
    ways = [
        GivenBridge(row=60, col=69, other_row=60, other_col=74, cycles=-1),
        GivenBridge(row=60, col=74, other_row=60, other_col=69, cycles=1),
    ]
    one, other = (bridge_components(before, widest=0, reliability=0.95, given=[way])[0] for way in ways)
    difference = one.phase - other.phase
    assert np.unique(np.round(difference[np.isfinite(difference)] / TURN)).size == 1


def test_a_given_bridge_lies_inside():
    before = split(bowl(SHAPE, fringes=1.0, width=60.0), 4)
    with pytest.raises(OutOfRangeError, match="inside of 120 x 150"):
        bridge_components(
            before, widest=0, reliability=0.9, given=[GivenBridge(row=0, col=0, other_row=120, other_col=3)]
        )


def test_one_component_needs_no_bridge():
    found = FloodUnwrapper().unwrap(record(bowl((20, 30), fringes=1.0, width=10.0)))
    same, bridges = bridge_components(found, widest=40, reliability=0.95)
    assert same is found
    assert bridges == ()
