"""The contract of corrections, kept by a made-up one, and how delays leave a series."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.correction import CorrectionContract, look_geometry
from tests.timeseries.models.twin import regular_dates

from fringeworks.corrections.protocol import Delay, apply_correction
from fringeworks.errors import MissingInputError, ShapeMismatchError

DATES = regular_dates(6)
SHAPE = (4, 5)


class ExponentialAtmosphere:
    """Zenith delay that falls off with height, mapped by the cosine of the incidence."""

    name = "exponential atmosphere"
    needs = frozenset({"sea_level_delay"})

    def delay(self, when, look, fields):
        if "sea_level_delay" not in fields:
            raise MissingInputError("no sea_level_delay among the fields", expected="metres at sea level")
        zenith = fields["sea_level_delay"] * np.exp(-look.height / 6000.0)
        found = (zenith / np.cos(look.incidence)).astype(np.float32)
        return Delay(found, np.full_like(found, 0.01))


class TestExponentialAtmosphere(CorrectionContract):
    @pytest.fixture
    def correction(self):
        return ExponentialAtmosphere()

    @pytest.fixture
    def fields(self):
        return {"sea_level_delay": 2.4}

    @pytest.fixture
    def when(self):
        return datetime(2020, 1, 6, 12, 30, tzinfo=UTC)

    def test_a_known_value(self, correction, fields, when):
        look = look_geometry(incidence=np.deg2rad(60.0), height=np.zeros((12, 15)))
        # cos 60 degrees is one half
        np.testing.assert_allclose(correction.delay(when, look, fields).delay, 4.8, rtol=1e-6)


def delays_of(rng, days, *, sigma=0.01):
    return {
        d: Delay(rng.normal(size=SHAPE).astype(np.float32), np.full(SHAPE, sigma, np.float32)) for d in days
    }


def faked(delays, dates):
    """The displacement delays fake: a longer path at a date looks like motion away."""
    first = delays[dates[0]].delay
    return np.stack([first - delays[d].delay for d in dates])


def test_the_sign_a_longer_path_looks_like_motion_away():
    longer = {
        d: Delay(np.full(SHAPE, 0.02 * k, np.float32), np.zeros(SHAPE, np.float32))
        for k, d in enumerate(DATES)
    }
    still = faked(longer, DATES)
    assert np.all(still[1:] < 0)
    found = apply_correction(still, longer, dates=DATES)
    np.testing.assert_allclose(found.displacement, 0.0, atol=1e-7)


def test_true_motion_survives(rng):
    delays = delays_of(rng, DATES)
    motion = 0.01 * np.arange(6)[:, None, None] * np.ones(SHAPE)
    series = (motion + faked(delays, DATES)).astype(np.float32)
    found = apply_correction(series, delays, dates=DATES)
    # float32 of metres
    np.testing.assert_allclose(found.displacement, motion, atol=1e-6)
    assert found.reference_date == DATES[0]
    assert found.corrected == DATES
    np.testing.assert_array_equal(found.sigma[0], 0.0)
    np.testing.assert_allclose(found.sigma[1:], np.hypot(0.01, 0.01), rtol=1e-6)


def test_dates_without_data_are_kept_and_said(rng):
    delays = delays_of(rng, (DATES[0], DATES[2], DATES[3]))
    series = rng.normal(size=(6, *SHAPE)).astype(np.float32)
    found = apply_correction(series, delays, dates=DATES, reasons={DATES[5]: "file damaged"})
    for k in (1, 4, 5):
        np.testing.assert_array_equal(found.displacement[k], series[k])
        assert np.isnan(found.sigma[k]).all()
    assert found.uncorrected == {
        DATES[1]: "no data for this date",
        DATES[4]: "no data for this date",
        DATES[5]: "file damaged",
    }
    assert found.tally.as_dict() == {
        "what": "dates",
        "considered": 6,
        "used": 3,
        "rejected": {"file damaged": 1, "no data for this date": 2},
    }


def test_the_first_date_with_data_is_the_reference(rng):
    delays = delays_of(rng, DATES[2:])
    series = np.zeros((6, *SHAPE), np.float32)
    found = apply_correction(series, delays, dates=DATES)
    assert found.reference_date == DATES[2]
    np.testing.assert_array_equal(found.displacement[:3], 0.0)
    np.testing.assert_allclose(
        found.displacement[4], delays[DATES[4]].delay - delays[DATES[2]].delay, atol=1e-7
    )


def test_no_data_at_all_changes_nothing(rng):
    series = rng.normal(size=(6, *SHAPE)).astype(np.float32)
    found = apply_correction(series, {}, dates=DATES)
    np.testing.assert_array_equal(found.displacement, series)
    assert found.reference_date is None
    assert found.tally.used == 0


def test_a_pixel_without_prediction_is_kept(rng):
    delays = delays_of(rng, DATES)
    delays[DATES[3]].delay[1, 2] = np.nan
    series = rng.normal(size=(6, *SHAPE)).astype(np.float32)
    found = apply_correction(series, delays, dates=DATES)
    assert found.displacement[3, 1, 2] == series[3, 1, 2]
    assert np.isnan(found.sigma[3, 1, 2])
    assert np.isfinite(found.displacement).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sets(st.integers(0, 5)))
def test_what_was_taken_can_be_given_back(seed, known):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(6, *SHAPE)).astype(np.float32)
    before = series.copy()
    found = apply_correction(series, delays_of(rng, [DATES[k] for k in sorted(known)]), dates=DATES)
    # one rounding to float32 of values of some metres
    np.testing.assert_allclose(found.displacement + found.correction, series, atol=1e-6)
    np.testing.assert_array_equal(series, before)


def test_shapes_are_checked(rng):
    with pytest.raises(ShapeMismatchError, match="6 dates"):
        apply_correction(np.zeros((5, *SHAPE), np.float32), {}, dates=DATES)
    with pytest.raises(ShapeMismatchError, match="as the series"):
        apply_correction(np.zeros((6, 3, 3), np.float32), delays_of(rng, DATES), dates=DATES)
