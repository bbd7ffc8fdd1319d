import numpy as np
import pytest
from tests.tops.speckle import LINE

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.ambiguity import resolve_turns

TURN = 1.0 / np.array([4750.0, 4030.0, 4260.0])
SCATTER = 0.002 * LINE


def wrapped(shift):
    return shift - TURN * np.rint(shift / TURN)


@pytest.mark.parametrize("lines", [-0.25, -0.12, -0.06, 0.0, 0.03, 0.09, 0.3])
def test_sub_swaths_together_know_the_turn(rng, lines):
    noise = rng.normal(0, 0.001 * LINE, (1, 3))
    truth = lines * LINE + noise
    found = resolve_turns(wrapped(truth), np.full((1, 3), 0.0005 * LINE), turn=TURN, scatter=SCATTER)
    if abs(lines) * LINE < TURN.min() / 2:
        assert not found.turns.any()
    np.testing.assert_allclose(found.coarse, truth)
    assert found.misfit[0] < 3
    assert bool(found.findings) == found.turns.any()


def test_one_sub_swath_may_wrap_alone(rng):
    # 0.055 lines: wrapped in IW1 (half a turn is 0.051) but not in IW2 (0.060)
    truth = np.full((1, 3), 0.055 * LINE)
    found = resolve_turns(wrapped(truth), np.full((1, 3), 1e-4 * LINE), turn=TURN, scatter=SCATTER)
    np.testing.assert_allclose(found.coarse, truth, atol=1e-12)


def test_what_is_not_beyond_doubt_is_left_alone(rng):
    shift = wrapped(np.full((2, 3), 0.09 * LINE))
    doubtful = resolve_turns(shift, np.full((2, 3), 0.02 * LINE), turn=TURN, scatter=SCATTER)
    assert not doubtful.turns.any()
    one = np.full((2, 3), np.nan)
    one[:, 1] = 1e-4 * LINE
    alone = resolve_turns(shift, one, turn=TURN, scatter=SCATTER)
    assert not alone.turns.any()
    assert np.isnan(alone.misfit).all()
    assert alone.coarse[0, 0] == 0.0


def test_sub_swaths_that_do_not_agree_are_named():
    shift = np.array([[0.0, 0.0, 0.0], [0.0, 0.018, -0.018]]) * LINE
    found = resolve_turns(shift, np.full((2, 3), 1e-4 * LINE), turn=TURN, scatter=SCATTER)
    assert "date 1: its sub-swaths differ" in found.findings[0].text


def test_bad_arguments_are_refused():
    with pytest.raises(ShapeMismatchError):
        resolve_turns(np.zeros((2, 3)), np.zeros((2, 2)), turn=TURN, scatter=SCATTER)
    with pytest.raises(OutOfRangeError):
        resolve_turns(np.zeros((2, 3)), np.zeros((2, 3)), turn=-TURN, scatter=SCATTER)
