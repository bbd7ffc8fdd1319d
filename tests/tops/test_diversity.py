from dataclasses import replace

import numpy as np
import pytest
from tests.tops.speckle import LINE, TwoBursts, decaying, overlap

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.diversity import estimate_shifts
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import date_pairs, overlap_statistics

OPTIONS = DiversityOptions(block_samples=128)


def estimate(images, *, reference=0, options=OPTIONS, coarse=None, along=None):
    """Shifts from a list of (upper, lower, separation)."""
    n_dates = len(images[0][0])
    pairs = date_pairs(12.0 * np.arange(n_dates), reference=reference, options=options)
    overlaps = [
        overlap_statistics(
            upper,
            lower,
            separation=separation,
            pairs=pairs,
            fraction=1.0,
            options=options,
            name=f"IW1 {k + 1}/{k + 2}",
            along=float(k if along is None else along[k]),
        )
        for k, (upper, lower, separation) in enumerate(images)
    ]
    return estimate_shifts(overlaps, reference=reference, options=options, coarse=coarse)


def assert_right(found, error, *, reference=0, times=4.0):
    """Shifts within four sigmas of the errors relative to the reference date."""
    expected = error - error[reference]
    assert found.shift[reference] == found.sigma[reference] == 0.0
    others = np.arange(len(error)) != reference
    assert (np.abs(found.shift - expected)[others] < times * found.sigma[others]).all()


def test_the_sign_is_that_of_focused_scatterers(rng):
    # Nothing here but scatterers, a beam that sweeps forward, and images that come late.
    late = np.array([0.0, 0.02, -0.015]) * LINE
    scene = TwoBursts(rng, n_dates=3, n_lines=64, n_columns=150, coherence=0.8)
    options = replace(OPTIONS, block_samples=150)
    before = scene.sample(late=late, shift=np.zeros(3))
    found = estimate([(*before, scene.separation)], options=options)
    # 64 lines of 310 Hz at 486 Hz, oversampled: sigma for independent samples is too small by sqrt(486/310)
    assert (np.abs(found.shift - late)[1:] < 4 * 1.25 * found.sigma[1:]).all()
    assert (found.sigma[1:] < 5e-4 * LINE).all()
    after = scene.sample(late=late, shift=found.shift)
    again = estimate([(*after, scene.separation)], options=options)
    assert (np.abs(again.shift) < 2e-5 * LINE).all(), "sampled at the shift added, nothing is left"


@pytest.mark.parametrize(
    ("n_dates", "n_overlaps", "size"), [(3, 1, 0.03), (3, 4, 0.001), (12, 2, 0.02), (20, 1, 0.01)]
)
def test_injected_errors_are_found(rng, n_dates, n_overlaps, size):
    error = rng.uniform(-size, size, n_dates) * LINE
    gamma = decaying(n_dates, first=0.5, floor=0.2)
    reference = n_dates // 2
    images = [overlap(rng, gamma, error, spread=0.02) for _ in range(n_overlaps)]
    found = estimate(images, reference=reference)
    assert_right(found, error, reference=reference)
    assert found.shift.shape == found.sigma.shape == (n_dates,)
    assert (found.sigma < 1e-3 * LINE).all()
    assert not found.findings
    lines, sigma = found.in_lines(LINE)
    np.testing.assert_allclose(lines * LINE, found.shift)
    np.testing.assert_allclose(sigma * LINE, found.sigma)


def test_sigmas_are_honest(rng):
    # 60 scenes of 7 independent shifts: rms known to 1/sqrt(840) = 3.5 %
    ratios = []
    for first, floor in ((0.3, 0.2), (0.6, 0.1), (0.9, 0.5)):
        gamma = decaying(8, first=first, floor=floor, days=30)
        for _ in range(20):
            error = rng.uniform(-0.01, 0.01, 8) * LINE
            found = estimate([overlap(rng, gamma, error, shape=(40, 256)) for _ in range(2)])
            ratios.append((found.shift - error + error[0])[1:] / found.sigma[1:])
    assert 0.85 < np.sqrt(np.mean(np.square(ratios))) < 1.15


def test_two_dates_whose_pair_wraps_are_told_apart(rng):
    error = np.array([0.0, 0.04, -0.04]) * LINE
    found = estimate([overlap(rng, decaying(3, first=0.8, floor=0.4, days=200), error)])
    assert_right(found, error)


def test_a_shift_beyond_half_a_turn_needs_a_coarse_value(rng):
    # half a turn of 4500 Hz is 0.054 lines
    error = np.array([0.0, 0.09, 0.01]) * LINE
    images = [overlap(rng, decaying(3, first=0.8, floor=0.4, days=200), error)]
    blind = estimate(images)
    assert blind.shift[1] == pytest.approx(0.09 * LINE - 1 / 4500.0, abs=5 * blind.sigma[1])
    assert_right(estimate(images, coarse=np.array([0.0, 0.07, -0.01]) * LINE), error)


def test_one_pair_is_a_network_too(rng):
    error = np.array([0.0, 0.01]) * LINE
    for mode in ("network", "pair"):
        found = estimate([overlap(rng, decaying(2), error)], options=replace(OPTIONS, diversity=mode))
        assert_right(found, error)
        looks = 48 * 512
        expected = np.sqrt((1 - 0.5275**2) / 0.5275**2 / looks) / (2 * np.pi * 4500.0)
        assert found.sigma[1] == pytest.approx(expected, rel=0.15)


def test_pair_mode_rests_on_pairs_with_the_reference_alone(rng):
    n, error = 10, np.linspace(0, 0.02, 10) * LINE
    gamma = decaying(n, first=0.7, floor=0.15, days=20)
    images = [overlap(rng, gamma, error)]
    star = estimate(images, options=replace(OPTIONS, diversity="pair"))
    whole = estimate(images)
    assert_right(star, error)
    assert_right(whole, error)
    # the last date reaches the first better over those between than by itself
    assert whole.sigma[-1] < star.sigma[-1]


def test_off_says_so_and_leaves_shifts_alone(rng):
    images = [overlap(rng, decaying(3), np.zeros(3))]
    found = estimate(images, options=replace(OPTIONS, diversity="off"))
    assert not found.shift.any()
    assert np.isnan(found.sigma).all()
    assert "off" in found.findings[0].text


def test_a_date_without_an_overlap_has_no_shift_and_is_named(rng):
    error = np.array([0.0, 0.01, 0.02, -0.01]) * LINE
    upper, lower, separation = overlap(rng, decaying(4), error)
    lower[2] = np.nan
    found = estimate([(upper, lower, separation)])
    assert found.shift[2] == 0.0
    assert np.isnan(found.sigma[2])
    assert np.isnan(found.table.residual[0, 2])
    assert found.n_blocks[2] == 0
    assert any("date 2" in f.text for f in found.findings)
    keep = [0, 1, 3]
    assert (np.abs(found.shift - error)[keep][1:] < 4 * found.sigma[keep][1:]).all()


def test_a_lone_burst_estimates_nothing_and_says_so():
    found = estimate_shifts([], reference=1, options=OPTIONS, n_dates=3)
    assert found.shift.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(found.sigma).all()
    assert found.findings[0].level == "warning"


def test_dates_that_lost_coherence_with_the_rest_are_kept_together(rng):
    error = np.array([0.0, 0.01, 0.0, 0.015, -0.01]) * LINE
    gamma = np.kron(np.diag([1.0, 0.0]), np.full((3, 3), 0.6))[:5, :5]
    gamma[3:, 3:] = 0.6
    np.fill_diagonal(gamma, 1.0)
    found = estimate([overlap(rng, gamma, error)])
    assert np.isnan(found.sigma[3:]).all()
    assert np.isfinite(found.sigma[:3]).all()
    # difference within the second subset is right, its mean is that of the first
    assert found.shift[3] - found.shift[4] == pytest.approx(0.025 * LINE, abs=5e-4 * LINE)
    assert found.shift[3:].mean() == pytest.approx(found.shift[:3].mean())
    assert sum("mean of the others" in f.text for f in found.findings) == 2


def test_ground_that_moves_is_left_out_and_counted(rng):
    error = np.array([0.0, 0.012, -0.007, 0.02]) * LINE
    upper, lower, separation = overlap(rng, decaying(4, first=0.8, floor=0.4), error, shape=(48, 1024))
    lower[2, :, 256:512] *= np.exp(1.2j).astype(np.complex64)
    found = estimate([(upper, lower, separation)])
    assert_right(found, error)
    assert found.tally.rejected == {"disagrees with the other dates": 2}
    assert found.n_blocks.tolist() == [8, 8, 6, 8]


def test_a_date_whose_overlap_is_off_shows_in_the_table(rng):
    error = np.array([0.0, 0.012, -0.007, 0.02]) * LINE
    images = [overlap(rng, decaying(4, first=0.8, floor=0.4), error) for _ in range(6)]
    images[4][1][3] *= np.exp(0.25j).astype(np.complex64)
    found = estimate(images)
    assert_right(found, error, times=5)
    assert found.table.names[4] == "IW1 5/6"
    # lower times conjugate of upper of (others, date 3): the later date enters by its conjugate
    assert found.table.residual[4, 3] == pytest.approx(-0.25, abs=0.06)
    quiet = np.abs(found.table.residual / found.table.sigma)
    quiet[4] = 0.0
    assert quiet.max() < 4.5


def test_before_and_after_differ_by_the_shift(rng):
    error = np.array([0.0, 0.03]) * LINE
    found = estimate([overlap(rng, decaying(2, first=0.9, floor=0.5), error) for _ in range(3)])
    step = found.table.before - found.table.residual
    np.testing.assert_allclose(step[:, 1], -2 * np.pi * 4500.0 * found.shift[1], rtol=1e-3)
    assert (np.abs(found.table.residual[:, 1]) < 4 * found.table.sigma[:, 1]).all()


def test_a_slope_along_azimuth_is_found_when_asked_for(rng):
    along = np.array([0.0, 2.8, 5.6, 8.4])
    slope, error = np.array([0.0, 0.008, -0.005]) * LINE, np.array([0.0, 0.01, 0.02]) * LINE
    position = (along - 4.2) / 4.2
    gamma = decaying(3, first=0.8, floor=0.4)
    images = [overlap(rng, gamma, error + slope * p) for p in position]
    found = estimate(images, options=replace(OPTIONS, azimuth_terms="slope"), along=along)
    assert_right(found, error)
    assert (np.abs(found.terms[1:, 1] - slope[1:]) < 4 * found.terms_sigma[1:, 1]).all()
    np.testing.assert_allclose(found.at(8.4), found.terms[:, 0] + found.terms[:, 1])
    curved = estimate(images[:2], options=replace(OPTIONS, azimuth_terms="quadratic"), along=along[:2])
    assert curved.terms.shape == (3, 2)
    assert "2 of 3 terms" in curved.findings[-1].text


def test_a_phase_common_to_both_bursts_changes_nothing(rng):
    error = rng.uniform(-0.01, 0.01, 4) * LINE
    upper, lower, separation = overlap(rng, decaying(4), error)
    plain = estimate([(upper, lower, separation)])
    turn = np.exp(1j * rng.uniform(-3, 3, (4, 1, 1))).astype(np.complex64)
    turned = estimate([(upper * turn, lower * turn, separation)])
    # float32 samples: 1e-7 rad of 2.8e4 rad/s, times the number of samples' root
    np.testing.assert_allclose(turned.shift, plain.shift, atol=1e-5 * LINE)


def test_bad_arguments_are_refused(rng):
    images = [overlap(rng, decaying(3), np.zeros(3))]
    upper, lower, separation = images[0]
    with pytest.raises(OutOfRangeError, match="negative for Sentinel-1"):
        estimate([(upper, lower, -separation)])
    with pytest.raises(ShapeMismatchError, match="coarse"):
        estimate(images, coarse=np.zeros(2))
    with pytest.raises(ShapeMismatchError, match="number of dates"):
        estimate_shifts([], reference=0, options=OPTIONS)
    with pytest.raises(OutOfRangeError, match="reference date 3"):
        estimate_shifts([], reference=3, options=OPTIONS, n_dates=3)
