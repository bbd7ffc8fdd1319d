"""Designs: which terms the dates can carry, and what is said of those left out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from tests.timeseries.models.twin import regular_dates

from fringeworks.errors import ConfigurationError, TooFewDataError
from fringeworks.timeseries.models import ModelOptions, build_design, layer_names

YEARS = regular_dates(70)


def test_the_line_is_always_there():
    design = build_design(YEARS, ModelOptions(annual=False))
    assert design.matrix.shape == (70, 2)
    assert design.terms == ()
    np.testing.assert_array_equal(design.matrix[:, 0], 1.0)
    # 12 days between dates, in years of 365.25 days
    np.testing.assert_allclose(np.diff(design.matrix[:, 1]), 12 / 365.25, rtol=1e-12)


def test_time_counts_from_the_middle_of_the_series():
    time = build_design(YEARS, ModelOptions(annual=False)).matrix[:, 1]
    assert time[0] == pytest.approx(-time[-1], abs=1e-12)


def test_every_term_has_its_layers():
    options = ModelOptions(
        acceleration=True,
        annual=True,
        semiannual=True,
        steps=("2021-01-15",),
        postseismic=("log:2021-01-15:30",),
    )
    design = build_design(YEARS, options)
    assert [t.name for t in design.terms] == [
        "acceleration",
        "seasonal",
        "semiannual",
        "step_20210115",
        "postseismic_log_20210115",
    ]
    assert design.findings == ()
    assert set(layer_names(design)) >= {"velocity_model", "semiannual_phase", "step_20210115_std"}


@pytest.mark.parametrize("n_dates", [10, 31])
def test_a_season_needs_more_than_a_year(n_dates):
    # 31 dates of 12 days span 360 days
    design = build_design(regular_dates(n_dates), ModelOptions(annual=True))
    assert design.terms == ()
    assert f"{12 * (n_dates - 1)} days long" in design.findings[0].text


def test_a_season_is_kept_just_above_a_year():
    assert build_design(regular_dates(40), ModelOptions(annual=True)).terms[0].name == "seasonal"


@pytest.mark.parametrize(
    ("step", "side"), [("2019-01-01", "before the first"), ("2030-01-01", "after the last")]
)
def test_an_event_outside_the_series_is_left_out(step, side):
    design = build_design(YEARS, ModelOptions(annual=False, steps=(step,)))
    assert design.terms == ()
    assert side in design.findings[0].text


def test_the_same_event_twice_is_left_out_once():
    design = build_design(YEARS, ModelOptions(annual=False, steps=("2021-01-15", "2021-01-16")))
    assert len(design.terms) == 1
    assert "cannot tell" in design.findings[0].text


def test_a_step_counts_from_its_own_date():
    day = YEARS[20]
    column = build_design(YEARS, ModelOptions(annual=False, steps=(day.isoformat(),))).matrix[:, 2]
    np.testing.assert_array_equal(column, np.arange(70) >= 20)


def test_decays_start_at_zero():
    options = ModelOptions(annual=False, postseismic=("log:2020-06-01:30", "exp:2020-09-01:90"))
    matrix = build_design(YEARS, options).matrix
    days = np.array([(d - date(2020, 6, 1)).days for d in YEARS])
    np.testing.assert_allclose(matrix[:, 2], np.log1p(np.maximum(days, 0) / 30))
    days = np.array([(d - date(2020, 9, 1)).days for d in YEARS])
    np.testing.assert_allclose(matrix[:, 3], 1 - np.exp(-np.maximum(days, 0) / 90))


@pytest.mark.parametrize("text", ["log:2020-06-01", "sqrt:2020-06-01:30", "nonsense"])
def test_a_wrong_decay_is_refused(text):
    with pytest.raises(ConfigurationError, match="kind:date:days"):
        build_design(YEARS, ModelOptions(postseismic=(text,)))


@pytest.mark.parametrize("days", ["-3", "soon"])
def test_a_wrong_decay_time_is_refused(days):
    with pytest.raises(ConfigurationError, match="a positive number of days"):
        build_design(YEARS, ModelOptions(postseismic=(f"log:2020-06-01:{days}",)))


def test_a_wrong_date_is_refused():
    with pytest.raises(ConfigurationError, match="an ISO date"):
        build_design(YEARS, ModelOptions(steps=("16.02.2018",)))


def test_two_dates_are_too_few():
    with pytest.raises(TooFewDataError, match="2 dates"):
        build_design(YEARS[:2], ModelOptions())
