import numpy as np
import pytest
from tests.tops.speckle import LINE, decaying, overlap

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.diversity import estimate_shifts
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import date_pairs, overlap_statistics
from fringeworks.tops.platforms import platform_constants

SWATHS = ("IW1", "IW2", "IW3")
SEPARATION = (-4750.0, -4030.0, -4260.0)
STEP = (1.65, 1.40, 1.45)
"""Steps from burst to burst between two satellites, as another program's users reported them [rad]."""


def constants(values, sigma, platforms, **more):
    settings = {
        "reference": 0,
        "columns": SWATHS,
        "significance": 4.0,
        "least_scatter": 0.002 * LINE,
        "what": "azimuth shift",
        "units": {"lines": 1 / LINE, "rad": tuple(-2 * np.pi * np.array(SEPARATION))},
    }
    return platform_constants(values, sigma, platforms=platforms, **{**settings, **more})


def test_the_steps_of_a_mixed_stack_are_estimated_removed_and_named(rng):
    platforms = ["S1A", "S1C"] * 5
    options = DiversityOptions()
    pairs = date_pairs(6.0 * np.arange(10), reference=0, options=options)
    own = rng.normal(0, 0.002, 10) * LINE
    own[0] = 0.0
    shifts = []
    for separation, step in zip(SEPARATION, STEP, strict=True):
        # a step in the interferogram of S1A (reference) and S1C: of the sign that the later burst is ahead
        constant = step / (2 * np.pi * separation)
        error = own + np.where(np.array(platforms) == "S1C", constant, 0.0)
        upper, lower, apart = overlap(rng, decaying(10), error, separation=separation)
        sums = overlap_statistics(upper, lower, separation=apart, pairs=pairs, fraction=1.0, options=options)
        shifts.append(estimate_shifts([sums], reference=0, options=options))
    values, sigma = (np.stack([getattr(s, name) for s in shifts], axis=1) for name in ("shift", "sigma"))
    found = constants(values, sigma, platforms)
    assert found.platforms == ("S1A", "S1C")
    expected = np.array(STEP) / (2 * np.pi * np.array(SEPARATION))
    assert found.is_significant[1].all()
    assert (np.abs(found.constant[1] - expected) < 4 * found.sigma[1]).all()
    # a common offset of all three sub-swaths, 0.027 lines
    np.testing.assert_allclose(found.constant[1] / LINE, -0.027, atol=0.005)
    mean, spread, misfit = found.common()
    assert mean[1] / LINE == pytest.approx(-0.027, abs=0.004)
    assert 0 < spread[1] < 0.002 * LINE
    assert misfit[1] < 3
    assert mean[0] == 0.0
    assert "S1C against S1A, IW1: azimuth shift of -0.02" in found.findings[0].text
    assert "rad) at all its 5 dates" in found.findings[0].text
    # what is applied to each date is its own estimate: constant and rest together
    applied = found.of(platforms)
    np.testing.assert_allclose(applied + found.rest, values, atol=1e-15)
    assert np.abs(found.rest - own[:, None]).max() < 5 * np.nanmax(sigma) + np.nanmax(found.sigma) * 4


def test_steps_between_sub_swaths_have_constants_too(rng):
    platforms = ["S1C", "S1A", "S1A", "S1C", "S1C", "S1A"]
    phase = np.where(np.array(platforms) == "S1C", 1, 0)[:, None] * np.array([1.40 - 1.65, 1.45 - 1.40])
    sigma = np.full((6, 2), 0.01)
    values = phase + rng.normal(0, 0.01, (6, 2))
    values -= values[0]
    sigma[0] = 0.0
    found = constants(
        values,
        sigma,
        platforms,
        columns=("IW1/IW2", "IW2/IW3"),
        least_scatter=0.01,
        what="phase step",
        units={"rad": 1.0},
    )
    assert found.platforms == ("S1C", "S1A")
    assert found.constant[1, 0] == pytest.approx(0.25, abs=0.04)
    assert found.is_significant[1, 0]
    # 0.05 rad is a few times the scatter of three dates each
    assert found.constant[1, 1] == pytest.approx(-0.05, abs=0.04)


def test_sub_swaths_with_constants_of_their_own_do_not_agree():
    values = np.tile([[0.0, 0.0, 0.0], [0.02, 0.02, -0.02]], (5, 1)) * LINE
    found = constants(values, np.full((10, 3), 1e-4 * LINE), ["S1A", "S1B"] * 5)
    _, _, misfit = found.common()
    assert misfit[1] > 10
    unknown = constants(values, np.full((10, 3), np.nan), ["S1A", "S1B"] * 5)
    assert np.isnan(unknown.common()[0]).all()


def test_one_platform_has_no_constant(rng):
    values = rng.normal(0, 1e-5, (5, 3))
    found = constants(values, np.full((5, 3), 1e-7), ["S1A"] * 5)
    assert found.constant.tolist() == [[0.0] * 3]
    assert not found.findings
    np.testing.assert_array_equal(found.rest, values)


def test_equal_platforms_get_no_constant(rng):
    platforms = ["S1A"] * 6 + ["S1B"] * 6
    wrong = 0
    for _ in range(50):
        values = rng.normal(0, 0.003, (12, 3)) * LINE
        wrong += constants(values - values[0], np.full((12, 3), 1e-4 * LINE), platforms).is_significant.sum()
    assert wrong <= 1


def test_sigma_of_a_constant_is_honest(rng):
    platforms = ["S1A"] * 8 + ["S1C"] * 8
    ratios = []
    for _ in range(150):
        values = rng.normal(0, 0.004, (16, 1)) * LINE + np.array([0.0] * 8 + [0.02 * LINE] * 8)[:, None]
        found = constants(
            values - values[0],
            np.full((16, 1), 1e-4 * LINE),
            platforms,
            columns=("IW1",),
            units={"lines": 1 / LINE},
        )
        ratios.append((found.constant[1] - 0.02 * LINE) / found.sigma[1])
    assert 0.8 < np.sqrt(np.mean(np.square(ratios))) < 1.2


def test_an_outlier_does_not_move_a_constant(rng):
    platforms = ["S1A", "S1C"] * 6
    values = np.tile([[0.0], [0.02 * LINE]], (6, 3)) + rng.normal(0, 1e-3 * LINE, (12, 3))
    values[5] += 0.08 * LINE
    found = constants(values, np.full((12, 3), 1e-4 * LINE), platforms)
    np.testing.assert_allclose(found.constant[1] / LINE, 0.02, atol=0.002)


def test_a_date_without_an_estimate_is_expected_at_its_platforms_mean():
    # the reference date is off by -0.2 of all others: so would be the date of which nothing is known
    platforms = ["S1A", "S1C"] * 6
    values, sigma = np.tile([[0.2], [1.2]], (6, 1)), np.full((12, 1), 0.01)
    values[0] = values[3] = 0.0
    sigma[0], sigma[3] = 0.0, np.nan
    found = constants(values, sigma, platforms, columns=("IW1",), least_scatter=0.02, units={"s": 1.0})
    expected, spread = found.expected(platforms)
    assert expected[3, 0] == pytest.approx(1.2)
    assert expected[2, 0] == pytest.approx(0.2, abs=0.03)
    assert spread[3, 0] == pytest.approx(0.025, abs=0.01)
    assert found.n_dates.tolist() == [[6], [5]]
    lost = constants(values, np.full((12, 1), np.nan), platforms, columns=("IW1",), units={"s": 1.0})
    assert np.isnan(lost.constant[1, 0])
    assert not lost.is_significant.any()
    assert lost.expected(["S1C"])[0].tolist() == [[0.0]]
    assert np.isnan(lost.expected(["S1C"])[1]).all()


def test_bad_arguments_are_refused():
    with pytest.raises(ShapeMismatchError, match="values"):
        constants(np.zeros((3, 3)), np.zeros((3, 3)), ["S1A"] * 2)
    with pytest.raises(OutOfRangeError, match="scatter"):
        constants(np.zeros((2, 3)), np.zeros((2, 3)), ["S1A"] * 2, least_scatter=0.0)
