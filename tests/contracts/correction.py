"""What every correction has to pass: inherit, and give ``correction``, ``fields`` and ``when``."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from fringeworks.corrections.protocol import Correction, LookGeometry
from fringeworks.errors import MissingInputError


def look_geometry(shape=(12, 15), *, incidence=None, height=None):
    """Return a plausible geometry: ascending, right-looking, 33 to 43 degrees."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    angle = np.deg2rad(33 + 10 * cols / shape[1]) if incidence is None else np.full(shape, incidence)
    azimuth = np.deg2rad(-102.0)
    look = np.stack([np.sin(angle) * np.sin(azimuth), np.sin(angle) * np.cos(azimuth), np.cos(angle)])
    return LookGeometry(
        look_enu=look.astype(np.float32),
        incidence=angle.astype(np.float32),
        longitude=np.deg2rad(-99.2 + 0.01 * cols),
        latitude=np.deg2rad(19.5 - 0.01 * rows),
        height=(np.full(shape, 2200.0) + 50 * rows if height is None else height).astype(np.float32),
    )


class CorrectionContract:
    """Conformance suite."""

    @pytest.fixture
    def correction(self) -> Correction:
        raise AssertionError("give the correction under test")

    @pytest.fixture
    def fields(self) -> dict:
        raise AssertionError("give ancillary data for one instant")

    @pytest.fixture
    def when(self) -> datetime:
        raise AssertionError("give the instant of the ancillary data, in UTC")

    def test_it_is_a_correction(self, correction):
        assert isinstance(correction, Correction)
        assert correction.name == correction.name.lower().strip()
        assert isinstance(correction.needs, frozenset)

    def test_it_fills_the_grid_in_metres(self, correction, fields, when):
        look = look_geometry()
        found = correction.delay(when, look, fields)
        for image in (found.delay, found.sigma):
            assert image.shape == look.shape
            assert image.dtype == np.float32
        assert np.isfinite(found.delay).any()
        # no correction of this house exceeds the whole troposphere at grazing incidence
        assert np.nanmax(np.abs(found.delay)) < 20.0
        assert np.nanmin(found.sigma) >= 0.0

    def test_it_gives_the_same_twice(self, correction, fields, when):
        first, second = (correction.delay(when, look_geometry(), fields) for _ in range(2))
        np.testing.assert_array_equal(first.delay, second.delay)

    def test_a_part_is_what_the_whole_has_there(self, correction, fields, when):
        look = look_geometry()
        at = (slice(3, 9), slice(2, 7))
        part = LookGeometry(
            look_enu=look.look_enu[(slice(None), *at)],
            incidence=look.incidence[at],
            longitude=look.longitude[at],
            latitude=look.latitude[at],
            height=look.height[at],
        )
        whole = correction.delay(when, look, fields).delay[at]
        # 1e-6 m: rounding to float32 of delays of metres
        np.testing.assert_allclose(correction.delay(when, part, fields).delay, whole, atol=1e-6)

    def test_it_leaves_its_arguments_alone(self, correction, fields, when):
        look = look_geometry()
        before = look.height.copy()
        correction.delay(when, look, fields)
        np.testing.assert_array_equal(look.height, before)

    def test_it_says_what_is_missing(self, correction, fields, when):
        for name in correction.needs:
            fewer = {k: v for k, v in fields.items() if k != name}
            with pytest.raises(MissingInputError, match=name):
                correction.delay(when, look_geometry(), fewer)
