"""Which pairs contradict the others."""

from __future__ import annotations

import numpy as np
import pytest
from tests.interferometry.stacks import TURN, consistent, mexico_city

from fringeworks.errors import ShapeMismatchError
from fringeworks.interferometry.quality import PairQualityOptions, judge_pairs

OPTIONS = PairQualityOptions()


def judge(network, phase, **more):
    rows, cols = np.mgrid[: phase.shape[1], : phase.shape[2]]
    positions = np.stack([rows.ravel(), cols.ravel()], axis=1).astype(float)
    return judge_pairs(
        phase.reshape(len(phase), -1), network=network, options=OPTIONS, positions=positions, **more
    )


def verdicts(quality):
    return {k: v.verdict for k, v in enumerate(quality.verdicts) if v.verdict != "good"}


def test_good_pairs_stay_good(rng):
    network, phase = consistent(rng, noise=0.4)
    quality = judge(network, phase)
    assert verdicts(quality) == {}
    np.testing.assert_array_equal(quality.factor, 1.0)
    # the noise put in; 42 pairs x 1200 pixels know it to better than a per cent
    assert quality.typical_misfit == pytest.approx(0.4, rel=0.03)
    assert quality.n_failing_before == 0


def test_a_slope_makes_a_pair_suspect(rng):
    network, phase = consistent(rng, noise=0.2)
    phase[8] += np.linspace(-2, 2, 40, dtype=np.float32)
    quality = judge(network, phase)
    assert verdicts(quality) == {8: "suspect"}
    verdict = quality.verdicts[8]
    # the rms of the slope, 4 / sqrt(12), and the pair's own noise
    assert verdict.misfit == pytest.approx(np.hypot(4 / np.sqrt(12), 0.2), rel=0.03)
    assert verdict.factor == pytest.approx((0.2 / verdict.misfit) ** 2, rel=0.1)
    assert verdict.plane_share > 0.9
    assert "plane over the image" in verdict.reason
    assert quality.n_failing_before == verdict.n_triplets
    assert quality.n_failing_after == 0


def test_widespread_cycle_errors_exclude_a_pair(rng):
    network, phase = consistent(rng, noise=0.3)
    phase[12, :, :16] += TURN
    quality = judge(network, phase)
    assert verdicts(quality) == {12: "excluded"}
    assert quality.factor[12] == 0.0
    assert quality.verdicts[12].cycle_fraction == pytest.approx(0.4, abs=0.01)
    assert "whole-cycle errors on 40 % of the pixels" in quality.verdicts[12].reason
    assert quality.tally.as_dict()["rejected"] == {"contradicts the other pairs": 1}


def test_a_small_patch_is_left_to_the_pixels(rng):
    network, phase = consistent(rng, noise=0.1)
    phase[12, 3:9, 3:9] -= TURN
    quality = judge(network, phase)
    assert verdicts(quality) == {}
    assert "left to the rejection pixel by pixel" in quality.verdicts[12].reason


def test_several_bad_pairs_are_told_apart(rng):
    network, phase = consistent(rng, noise=0.25)
    for k in (3, 17, 18, 30):
        phase[k, :, :20] += TURN
    assert verdicts(judge(network, phase)) == dict.fromkeys((3, 17, 18, 30), "excluded")


def test_constants_and_order_do_not_matter(rng):
    network, phase = consistent(rng, noise=0.25)
    phase[8] += np.linspace(-2, 2, 40, dtype=np.float32)
    moved = phase + rng.normal(size=(len(phase), 1, 1)).astype(np.float32) * 50
    first, second = judge(network, phase), judge(network, moved)
    np.testing.assert_allclose(first.factor, second.factor, rtol=1e-3)
    assert verdicts(first) == verdicts(second)


def test_gaps_are_borne(rng):
    network, phase = consistent(rng, noise=0.25)
    phase[20, :, :20] += TURN
    phase[rng.random(phase.shape) < 0.2] = np.nan
    quality = judge(network, phase)
    assert verdicts(quality) == {20: "excluded"}


def test_of_two_rivals_the_less_coherent_is_blamed(rng):
    """The last date hangs on two pairs: the data cannot say which of them is wrong."""
    network, phase = consistent(rng, n_next=2, noise=0.1)
    last = [k for k, pair in enumerate(network.pairs) if pair.secondary == network.dates[-1]]
    assert len(last) == 2
    phase[last[0]] += np.linspace(-1, 1, 40, dtype=np.float32)
    coherence = np.full(len(phase), 0.7)
    for blamed, other in (last, last[::-1]):
        coherence[blamed], coherence[other] = 0.4, 0.7
        quality = judge(network, phase, coherence=coherence)
        assert verdicts(quality) == {blamed: "suspect"}
        assert f"{network.pairs[other]} closes the same loop" in quality.verdicts[blamed].reason
    # without coherence the longer one is
    longer = max(last, key=lambda k: network.pairs[k].days)
    assert verdicts(judge(network, phase)) == {longer: "suspect"}


def test_a_pair_in_no_loop_is_not_judged(rng):
    network, phase = consistent(rng, n_next=1)
    phase[4] += np.linspace(-9, 9, 40, dtype=np.float32)
    quality = judge(network, phase)
    assert verdicts(quality) == {}
    assert all(v.reason == "no loop of pairs checks it" for v in quality.verdicts)
    assert all(v.redundancy == pytest.approx(0.0, abs=1e-6) for v in quality.verdicts)


def test_a_pair_without_values_does_not_disturb(rng):
    network, phase = consistent(rng, noise=0.2)
    phase[5] = np.nan
    quality = judge(network, phase)
    assert verdicts(quality) == {}
    assert quality.verdicts[5].reason == "no loop of pairs checks it"


def test_not_more_than_a_share_is_called_bad(rng):
    network, phase = consistent(rng, noise=0.1)
    phase[::2] += TURN * rng.integers(0, 2, size=(len(phase[::2]), 30, 40))
    quality = judge(network, phase)
    assert len(verdicts(quality)) <= 0.3 * len(phase)


def test_shapes_are_checked(rng):
    network, phase = consistent(rng)
    flat = phase.reshape(len(phase), -1)
    with pytest.raises(ShapeMismatchError, match="pairs, pixels"):
        judge_pairs(flat[:4], network=network, options=OPTIONS)
    with pytest.raises(ShapeMismatchError, match="coherence of shape"):
        judge_pairs(flat, network=network, options=OPTIONS, coherence=np.ones(3))
    with pytest.raises(ShapeMismatchError, match="positions of shape"):
        judge_pairs(flat, network=network, options=OPTIONS, positions=np.ones((3, 2)))


@pytest.mark.data
def test_mexico_city_has_three_bad_pairs(helper_data):
    network, phase, coherence = mexico_city(helper_data)
    quality = judge(network, phase, coherence=coherence)
    bad = {str(v.pair): v for v in quality.verdicts if v.verdict != "good"}
    assert set(bad) == {"20180307_20180319", "20180307_20180331", "20180331_20180717"}
    assert quality.n_failing_before == 5
    assert quality.n_failing_after == 0
    for verdict in bad.values():
        assert 0.0 < verdict.factor < 0.05
        assert verdict.cycle_fraction < 0.001
        assert verdict.plane_share > 0.95
    assert "20180506_20180717 closes the same loop" in bad["20180331_20180717"].reason
