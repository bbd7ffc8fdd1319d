"""What a scene is given, found again in its pixels: by interferograms at true offsets, overlaps, peaks and powers."""

import numpy as np
import pytest
from validation._scene_forming import deviations, form, timing_errors, truth_of
from validation._scene_measures import double_difference, overlap_lines

from fringeworks.simulate.scene.scene import simulate_scene
from validation import scene_effects


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    wanted = scene_effects.everything(220, ("IW2",))
    return simulate_scene(wanted, tmp_path_factory.mktemp("all") / "scene", rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def formed(scene):
    return {pair: [form(scene, burst, pair=pair) for burst in (0, 1)] for pair in [(0, 1), (0, 2)]}


@pytest.mark.parametrize("pair", [(0, 1), (0, 2)])
def test_interferograms_at_true_offsets_show_nothing_but_noise(formed, pair):
    patterns = tuple(
        name
        for name, part in formed[pair][0].parts.items()
        if name not in {"geometry", "phase_offset"} and np.nanstd(part) > 0.2
    )
    left = deviations(formed[pair], patterns)
    # 0.01 by the issue; 60 thousand samples of coherence 0.85 leave 0.002
    assert abs(left.pop("mean_rad")) < 0.01
    # a pattern of 0.2 rad is known to a hundredth, larger ones better
    assert {name: share for name, share in left.items() if abs(share) > 0.05} == {}
    assert {"volcano", "turbulence"} <= set(left) or pair == (0, 2)
    total = np.abs(sum(each.residual.sum() for each in formed[pair]))
    power = [sum(each.power[k][each.product != 0].sum() for each in formed[pair]) for k in (0, 1)]
    assert total / np.sqrt(power[0] * power[1]) > 0.75


@pytest.mark.parametrize("effect", ["ionosphere", "tide", "plate", "phase_offset", "layered", "bowl"])
def test_no_effect_can_be_left_out(formed, effect):
    # so that the test before means something: each part is needed, and with its sign
    whole = sum(abs(each.residual.sum()) for each in formed[0, 2])
    for factor in (1.0, 2.0):
        turned = [
            (each.residual * np.exp(1j * factor * np.nan_to_num(each.parts[effect]))).sum()
            for each in formed[0, 2]
        ]
        assert abs(np.angle(sum(turned))) > 0.1 or abs(sum(turned)) < 0.9 * whole


def test_overlaps_show_all_that_moves_targets_in_azimuth(scene):
    facts = truth_of(scene)[1]
    for pair in [(0, 1), (0, 2)]:
        raw = [form(scene, burst, pair=pair, timing=False) for burst in (0, 1)]
        found = double_difference([(each.reads[0], each.residual) for each in raw])
        wanted = timing_errors(facts, pair, "IW2")[0]
        assert abs(wanted) > 0.002
        # an overlap of 26 coarse lines and 240 samples: 7e-5 lines
        assert found == pytest.approx(wanted, abs=3e-4)


def test_coarse_lines_keep_clock_and_spectral_separation(scene, bright_scene):
    from validation._scene_measures import read_bursts

    separations = []
    for product in (scene.products[0][0], bright_scene.products[0][0]):
        upper, lower = read_bursts(product)
        top, below = overlap_lines(upper, lower)
        far = upper.ranges[[100]]
        gap = lower.frequency(below.astype(float), far) - upper.frequency(top.astype(float), far)
        separations.append(gap.mean())
        step = lower.burst.grid.azimuth_start - upper.burst.grid.azimuth_start
        # a beam cycle; each start is that of a whole line
        assert step == pytest.approx(2.758273, abs=1.01 * upper.burst.grid.azimuth_step)
        assert lower.burst.id.number == upper.burst.id.number + 1
    # starts are rounded to whole lines, which are four times as long
    assert separations[0] == pytest.approx(separations[1], rel=2e-3)
    coarse, fine = (s.products[0][0] for s in (scene, bright_scene))
    radars = [read_bursts(p)[0].burst.radar for p in (coarse, fine)]
    assert radars[0].azimuth_bandwidth * 4 == pytest.approx(radars[1].azimuth_bandwidth)


def test_strip_map(tmp_path):
    found = scene_effects.stripmap(tmp_path, samples=220, lines=1_200)
    assert found["reflectors"]["n"] == 3
    assert found["reflectors"]["line"] < 0.01
    assert found["reflectors"]["sample"] < 0.01
    assert abs(found["mean_rad"]) < 0.01
    assert abs(found["bowl"]) < 0.01


def test_an_ascending_track(tmp_path):
    found = scene_effects.ascending(tmp_path)
    assert found["n"] == 3
    assert max(found["line"], found["sample"]) < 0.01


def test_layover_is_bright_and_shadow_dark(tmp_path):
    found = scene_effects.steep_ground(tmp_path)
    assert min(found["blocks_in_shadow"], found["blocks_in_layover"]) > 50
    # sidelobes of the lit ground stay in it
    assert found["shadow_over_flat_db"] < -15.0
    # as much brighter as more ground falls into a block; a few hundred independent samples
    assert found["layover_over_flat_db"] == pytest.approx(found["scatterers_over_flat_db"], abs=1.0)


def test_the_depth_of_a_shadow_holds_the_annotated_noise_and_no_more(tmp_path):
    found = scene_effects.deep_shadow(tmp_path)
    # 35 thousand samples leave a hundredth; sidelobes of ground 11 dB over the noise at most another
    assert found["samples"] > 10_000
    assert found["flat_over_noise_db"] > 10.0
    assert found["over_noise"] == pytest.approx(1.0, abs=3.5 * found["sigma"] + 0.01)


def test_fields_bias_short_pairs_and_not_long_ones(tmp_path):
    found = scene_effects.fading(tmp_path, samples=400)
    bias = found["bias_by_days"]
    # per day of a pair's length: a decay of 20 days leaves nothing after two hundred
    per_day = [abs(bias[days]) / float(days) for days in ("6", "24", "48", "192")]
    assert per_day == sorted(per_day, reverse=True)
    assert abs(bias["6"]) > 0.05 > abs(bias["192"])
    # errors of pairs that share dates go together: 28 of them count as a dozen
    assert 0.5 < found["standardised_rms"] < 1.6
    assert found["coherence_off"] < 0.02
    longer = next(pair for pair in found["pairs"] if pair["days"] == 24)
    assert abs(found["chain_of_6_days_rad"] - longer["bias_rad"]) > 0.05


def test_noise_polarisations_and_points_are_as_bright_as_asked(tmp_path):
    found = scene_effects.brightness(tmp_path)
    assert found["points"] > 100
    # 100 thousand samples leave 0.02 dB; 160 points on clutter 20 dB below 0.05 dB
    assert abs(found["noise_db"]) < 0.1
    assert abs(found["clutter_db"]) < 0.1
    assert abs(found["cross_db"]) < 0.1
    assert abs(found["points_db"]) < 0.2
