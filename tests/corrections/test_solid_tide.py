"""The solid Earth tide as a correction: the conformance suite, and its sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.contracts.correction import CorrectionContract, look_geometry

from fringeworks.corrections.solid_tide import SolidEarthTide
from fringeworks.geometry.tides import solid_tide
from fringeworks.model.identity import Instant

WHEN = datetime(2023, 1, 8, 17, 5, tzinfo=UTC)


class TestContract(CorrectionContract):
    """The conformance suite."""

    @pytest.fixture
    def correction(self):
        return SolidEarthTide()

    @pytest.fixture
    def fields(self):
        return {}

    @pytest.fixture
    def when(self):
        return WHEN


def test_ground_that_is_lifted_looks_nearer():
    look = look_geometry()
    tide = SolidEarthTide()
    for hours in range(0, 24, 5):
        when = WHEN + timedelta(hours=hours)
        east, north, up = solid_tide(
            Instant.parse(when.replace(tzinfo=None).isoformat()),
            longitude=look.longitude,
            latitude=look.latitude,
            height=look.height,
        )
        toward = east * look.look_enu[0] + north * look.look_enu[1] + up * look.look_enu[2]
        # float32 of decimetres
        np.testing.assert_allclose(tide.delay(when, look, {}).delay, -toward, atol=1e-7)
        # a look of 33 to 43 degrees from above sees most of the vertical, of which the horizontal is a third at most
        if abs(up.mean()) > 0.08:
            assert np.sign(toward.mean()) == np.sign(up.mean())


def test_a_pixel_without_a_place_has_no_prediction():
    look = look_geometry()
    look.height[3, 4] = np.nan
    found = SolidEarthTide().delay(WHEN, look, {})
    assert np.isnan(found.delay[3, 4])
    assert np.isnan(found.sigma[3, 4])
    assert np.isfinite(found.delay).sum() == found.delay.size - 1
