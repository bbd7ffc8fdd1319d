"""Simulated stacks: sign, each noise term alone, and the same numbers however they are asked for."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Shape
from fringeworks.simulate.covariance import CoherenceModel
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.fields import Ellipse, LayeredAir, PowerLaw
from fringeworks.simulate.inmemory import interferogram_stack
from fringeworks.simulate.motion import Motion, Steady, Step, Uniform
from fringeworks.simulate.scenario import (
    Gaps,
    LandClass,
    PairDesign,
    PairNoise,
    StackScenario,
    Turbulence,
    UnwrappingErrors,
    grid_around,
    regular_dates,
)
from fringeworks.simulate.stack import WATER, simulate_interferograms

PER_METRE = 4 * math.pi * 5.405000454334350e9 / 299_792_458.0
DATES = regular_dates(date(2023, 1, 4), every=12, count=6)


def plain(**changes):
    """Give a small scene with nothing in it but what is asked for."""
    grid = grid_around(15.0, 37.7, shape=Shape(37, 29), spacing_m=100.0)
    return StackScenario(title="test", dates=DATES, grid=grid, design=PairDesign(nearest=2), **changes)


def made(scenario, seed=5):
    return simulate_interferograms(scenario, rng=np.random.default_rng(seed))


def noisy():
    return demo_scenario(shape=Shape(45, 50), n_dates=7)


def test_uplift_of_ten_millimetres_turns_the_phase_back_by_its_share_along_the_line_of_sight():
    lift = Motion(Uniform(vector=(0.0, 0.0, 0.010)), Step(day=DATES[3]))
    stack = made(plain(motions=(lift,)))
    phase = stack.whole().phase
    cosine = np.cos(stack.look(slice(None)).incidence)
    for n, (i, j) in enumerate(stack.network.endpoints()):
        expected = -PER_METRE * 0.010 * cosine if i < 3 <= j else 0.0 * cosine
        # float32 of a phase near 2 rad
        np.testing.assert_allclose(phase[n], expected, atol=1e-6)
    np.testing.assert_allclose(stack.displacement(slice(None))[5], 0.010 * cosine, atol=1e-8)
    assert phase.min() < -1.7, "nearer ground gives a negative phase later"


def test_movement_along_the_line_of_sight_counts_whole():
    look = made(plain()).look(slice(18, 19))
    toward = tuple(float(v) for v in 0.010 * look.los_enu[:, 0, 14])
    stack = made(plain(motions=(Motion(Uniform(vector=toward), Step(day=DATES[1])),)))
    assert stack.whole().phase[0, 18, 14] == pytest.approx(-PER_METRE * 0.010, abs=1e-6)


def test_noise_free_pairs_close_and_sum_to_the_series():
    stack = made(noisy().without_noise())
    whole = stack.whole()
    series = -PER_METRE * stack.displacement(slice(None)).astype(float)
    ends = stack.network.endpoints()
    land = stack.land != WATER
    expected = series[ends[:, 1]] - series[ends[:, 0]]
    np.testing.assert_allclose(whole.phase[:, land], expected[:, land], atol=1e-5)
    assert np.isnan(whole.phase[:, ~land]).all()


def test_longer_delay_in_the_later_image_is_a_positive_phase():
    stack = made(plain(turbulence=Turbulence(law=PowerLaw(rms_difference=0.01, distance=1000.0))))
    delay = stack.delay(slice(None)).astype(float)
    i, j = stack.network.endpoints()[3]
    np.testing.assert_allclose(stack.whole().phase[3], PER_METRE * (delay[j] - delay[i]), atol=1e-5)
    assert np.std(delay) > 0.003


def test_layered_air_is_a_function_of_height_over_cosine_of_incidence():
    scenario = replace(plain(layered_air=LayeredAir(seasonal=0.05, random=0.0)), terrain=noisy().terrain)
    stack = made(scenario)
    seen = stack.delay(slice(None))[4] * np.cos(stack.look(slice(None)).incidence)
    np.testing.assert_allclose(seen, stack.zenith[4] * np.exp(-stack.height / 2000.0), rtol=1e-5)


def test_height_error_scales_with_the_baseline_of_the_pair():
    stack = made(plain(dem_error=PowerLaw(rms_difference=10.0, distance=500.0, exponent=0.0)))
    phase, look = stack.whole().phase, stack.look(slice(None))
    for n, pair in enumerate(stack.network.pairs):
        across = look.perpendicular(stack.pair_baseline(pair))
        slope = -PER_METRE * across / (look.slant_range * look.lift)
        np.testing.assert_allclose(phase[n], slope * stack.dem_error, atol=1e-5)
        centre = -across[18, 14]
        # the network's sign is that of the phase of a height told too low; its baseline is that of the ellipsoid under the centre, 300 m below
        assert stack.network.perpendicular_baseline[n] == pytest.approx(centre, abs=0.1)


def test_unwrapping_errors_are_whole_cycles_in_the_listed_patches():
    stack = made(plain(unwrapping_errors=UnwrappingErrors(fraction=0.3, area=(0.05, 0.2))))
    phase = stack.whole().phase
    touched = {patch.pair for patch in stack.cycle_patches}
    assert len(touched) == round(0.3 * len(stack.network.pairs))
    for n in range(len(phase)):
        cycles = phase[n] / (2 * math.pi)
        np.testing.assert_allclose(cycles, np.round(cycles), atol=1e-6)
        assert bool(np.any(cycles)) == (n in touched)
    first = stack.cycle_patches[0]
    assert set(np.unique(np.round(phase[first.pair] / (2 * math.pi)))) == {0.0, float(first.cycles)}


def test_pair_offsets_are_constant_over_the_pair():
    stack = made(plain(pair_offset=2.0))
    phase = stack.whole().phase
    np.testing.assert_allclose(
        phase, np.broadcast_to(stack.pair_offset[:, None, None], phase.shape), atol=1e-6
    )
    assert np.std(stack.pair_offset) > 0.5


@pytest.mark.parametrize("kind", ["slc", "independent"])
def test_pair_noise_alone_has_the_statistics_of_its_coherence(kind):
    model = CoherenceModel(initial=0.8, decay_days=60.0, floor=0.2)
    land = (LandClass(name="one", share=1.0, coherence=model),)
    scenario = replace(plain(pair_noise=PairNoise(kind=kind), land=land), effective_looks=30)
    whole = made(scenario).whole()
    matrix = model.matrix(DATES)
    count = whole.phase[0].size
    for n, (i, j) in enumerate(made(scenario).network.endpoints()):
        g = matrix[i, j]
        # Cramer-Rao variance, which 30 looks of coherence above 0.7 exceed by less than 8 %
        expected = (1 - g * g) / (2 * 30 * g * g)
        error = expected * math.sqrt(2 / count)
        assert expected - 4 * error < np.var(whole.phase[n]) < 1.08 * expected + 4 * error
        # bias and spread of an estimate of 30 looks (Touzi and Lopes 1999): below 0.005 and (1 - g^2) / sqrt(60)
        spread = (1 - g * g) / math.sqrt(2 * 30 * count)
        assert np.mean(whole.coherence[n]) == pytest.approx(g, abs=0.005 + 4 * spread)


def test_twice_the_looks_halve_the_variance():
    scenario = plain(pair_noise=PairNoise(kind="independent"))
    one = np.var(made(replace(scenario, effective_looks=40)).whole().phase[0])
    two = np.var(made(replace(scenario, effective_looks=80)).whole().phase[0])
    # 1073 pixels: each variance is known to 4.3 %
    assert one / two == pytest.approx(2.0, rel=4 * math.sqrt(2) * 0.043)


def test_water_has_no_phase_and_low_coherence():
    lake = Ellipse(east=0.0, north=0.0, half_east=800.0, half_north=900.0)
    stack = made(plain(water=(lake,), pair_noise=PairNoise()))
    water = stack.land == WATER
    whole = stack.whole()
    assert 100 < water.sum() < 300
    np.testing.assert_array_equal(np.isnan(whole.phase), np.broadcast_to(water, whole.phase.shape))
    # 21 looks of unrelated images estimate sqrt(pi / 4 / 21) = 0.19 on average
    assert np.mean(whole.coherence[:, water]) == pytest.approx(0.19, abs=0.02)
    assert np.ptp(stack.height[water]) == 0.0


def test_gaps_take_low_coherence():
    whole = made(plain(pair_noise=PairNoise(), gaps=Gaps(least_coherence=0.4))).whole()
    np.testing.assert_array_equal(np.isnan(whole.phase), whole.coherence < 0.4)
    assert 0.05 < np.isnan(whole.phase).mean() < 0.95


def test_gaps_take_tiles_of_their_own_in_every_pair():
    missing = np.isnan(made(plain(gaps=Gaps(dropout=0.2, tile=400.0))).whole().phase)
    # about 9 pairs of 70 tiles: 20 % within four standard errors of 1.6 %, and pixels cut tiles unevenly
    assert missing.mean() == pytest.approx(0.2, abs=0.08)
    assert not np.array_equal(missing[0], missing[1])
    edges = np.count_nonzero(missing[:, 1:] != missing[:, :-1]) / missing.size
    assert edges < 0.15, "tiles, not single pixels"


def test_the_same_seed_gives_the_same_stack_and_another_another():
    one, two, other = made(noisy()).whole(), made(noisy()).whole(), made(noisy(), seed=6).whole()
    np.testing.assert_array_equal(one.phase, two.phase)
    np.testing.assert_array_equal(one.coherence, two.coherence)
    assert not np.array_equal(one.coherence, other.coherence)


def test_blocks_threads_and_disk_do_not_change_the_numbers(tmp_path):
    stack = made(noisy())
    whole = stack.whole()
    kept = simulate_interferograms(noisy(), rng=np.random.default_rng(5), scratch=tmp_path)
    assert isinstance(kept.turbulence, np.memmap)
    for rows, workers in ((8, 1), (24, 3)):
        parts = list(kept.strips(rows=rows, workers=workers))
        np.testing.assert_array_equal(np.concatenate([p.phase for p in parts], axis=1), whole.phase)
        np.testing.assert_array_equal(np.concatenate([p.coherence for p in parts], axis=1), whole.coherence)
        assert [p.rows.start for p in parts] == list(range(0, 45, rows))
    with pytest.raises(OutOfRangeError, match="blocks of 5 rows"):
        next(stack.strips(rows=5))


def test_one_noise_term_does_not_shift_the_numbers_of_another():
    full, less = made(noisy()), made(replace(noisy(), dem_error=None, unwrapping_errors=None))
    np.testing.assert_array_equal(full.whole().coherence, less.whole().coherence)
    np.testing.assert_array_equal(full.delay(slice(0, 8)), less.delay(slice(0, 8)))


def test_the_stack_as_a_reader_would_give_it():
    stack = made(noisy())
    record = interferogram_stack(stack)
    assert record.phase.shape == (len(stack.network.pairs), 45, 50)
    np.testing.assert_array_equal(record.phase[3], stack.whole().phase[3])
    centre = record.perpendicular_baseline[:, 22, 25]
    # a point that is higher than told adds a phase of the baseline's sign
    slope = stack.look(slice(None)).metres_per_height(stack.pair_baseline(stack.network.pairs[0]))
    assert np.array_equal(np.sign(slope), np.sign(record.perpendicular_baseline[0]))
    # over the scene's 300 m of height the baseline of 100 m changes by less than a tenth of a metre
    np.testing.assert_allclose(centre, stack.network.perpendicular_baseline, atol=0.15)
    assert record.network.dates == stack.scenario.dates
    assert record.wavelength == pytest.approx(4 * math.pi / PER_METRE)
    assert isinstance(stack.scenario.motions[0].history, Steady)
