"""spurt behind the protocol; skipped by name without the extra."""

from __future__ import annotations

from importlib import util

import numpy as np
import pytest
from tests.contracts.point_unwrapper import PointUnwrapperContract, places, record

from fringeworks.errors import MissingExtraError, TooFewDataError
from fringeworks.timeseries.points import spacetime_spurt
from fringeworks.timeseries.points.spacetime_spurt import SpurtUnwrapper

installed = pytest.mark.skipif(
    util.find_spec("spurt") is None, reason="the extra spacetime (spurt) is not installed"
)


@installed
class TestSpurt(PointUnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return SpurtUnwrapper()

    def test_few_dates_are_refused(self, unwrapper):
        x, y = places(20)
        network, _ = record(x, y, np.zeros((3, 20)))
        with pytest.raises(TooFewDataError, match="3 dates"):
            unwrapper.unwrap(network)

    def test_points_at_one_place_hang_on_their_corner(self, unwrapper):
        x, y = places(40)
        x[9], y[9] = x[3], y[3]
        network, truth = record(x, y, np.zeros((6, 40)), noise=0.2)
        found = unwrapper.unwrap(network)
        assert np.abs(found.phase - (truth - truth[:, found.references])).max() < 1e-4


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(spacetime_spurt, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"fringeworks\[spacetime\]"):
        SpurtUnwrapper()
