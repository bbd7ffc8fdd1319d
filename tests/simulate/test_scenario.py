"""Descriptions of what is to be invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.fields import PowerLaw
from fringeworks.simulate.scenario import (
    PairDesign,
    PairNoise,
    StackScenario,
    grid_around,
    regular_dates,
)

DATES = regular_dates(date(2023, 1, 4), every=12, count=40)
GRID = grid_around(15.0, 37.7, shape=Shape(20, 30), spacing_m=100.0)


def test_nearest_pairs_are_counted_by_hand():
    pairs = PairDesign(nearest=3).pairs(DATES)
    assert len(pairs) == 39 + 38 + 37
    assert list(pairs) == sorted(set(pairs))
    assert max(pair.days for pair in pairs) == 36


def test_annual_pairs_span_a_year():
    added = set(PairDesign(nearest=2, annual=1).pairs(DATES)) - set(PairDesign(nearest=2).pairs(DATES))
    # 12 days x 30 = 360: dates 0 to 9 have that partner, date 10 the last date, 348 days later
    assert sorted(pair.days for pair in added) == [348] + [360] * 10


def test_breaks_part_the_network():
    day = DATES[20]
    pairs = PairDesign(nearest=3, annual=1, breaks=(day,)).pairs(DATES)
    assert pairs
    assert all((pair.reference < day) == (pair.secondary < day) for pair in pairs)


def test_the_demonstration_is_of_the_promised_size():
    scenario = demo_scenario()
    assert len(scenario.dates) == 40
    assert 110 <= len(scenario.pairs) <= 150
    terms = (scenario.pair_noise, scenario.turbulence, scenario.layered_air, scenario.dem_error)
    assert all(term is not None for term in (*terms, scenario.unwrapping_errors))
    assert sum(kind.share for kind in scenario.land) == pytest.approx(1.0)


def test_without_noise_keeps_the_motion_alone():
    quiet = demo_scenario().without_noise()
    assert quiet.motions == demo_scenario().motions
    assert (quiet.pair_noise, quiet.turbulence, quiet.dem_error, quiet.pair_offset) == (None, None, None, 0.0)


def test_grid_has_square_pixels_of_the_asked_size():
    assert abs(GRID.y_step) * 111_195 == pytest.approx(100.0, rel=1e-3)
    west, south, east, north = GRID.bounds
    assert (west + east) / 2 == pytest.approx(15.0, abs=1e-8)
    assert (south + north) / 2 == pytest.approx(37.7, abs=1e-8)


def test_what_cannot_be_is_refused():
    with pytest.raises(TooFewDataError, match="2 dates"):
        StackScenario(title="", dates=DATES[1::-1], grid=GRID)
    with pytest.raises(TooFewDataError, match="no pair"):
        StackScenario(title="", dates=DATES, grid=GRID, design=PairDesign(nearest=0))
    with pytest.raises(OutOfRangeError, match="grid in EPSG:32633"):
        StackScenario(title="", dates=DATES, grid=replace(GRID, crs="EPSG:32633"))
    with pytest.raises(OutOfRangeError, match="0 effective looks"):
        StackScenario(title="", dates=DATES, grid=GRID, effective_looks=0)
    with pytest.raises(OutOfRangeError, match="pair noise 'pink'"):
        PairNoise(kind="pink")
    assert PowerLaw(rms_difference=1.0, distance=10.0).exponent == pytest.approx(8 / 3)
