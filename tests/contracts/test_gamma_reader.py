"""The GAMMA reader keeps the contract of readers, on a stack of our own and on a real one."""

from __future__ import annotations

from datetime import date

import pytest
from tests.io.importers.gamma_folder import write_small_stack

from fringeworks.io.importers.gamma import GammaReader
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.stack import Pair
from fringeworks.testing.readers import KnownStack, StackReaderSuite


class TestSmallGammaStack(StackReaderSuite):
    """Ground that came 10 mm nearer in every pair."""

    @pytest.fixture(scope="class")
    @classmethod
    def known(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("gamma")
        stack = write_small_stack(folder)
        return KnownStack(
            reader=GammaReader(), path=folder, approach=stack.approach, grid=stack.grid, pairs=stack.pairs
        )


@pytest.mark.data
class TestMexicoCity(StackReaderSuite):
    """Thirty real interferograms."""

    @pytest.fixture(scope="class")
    @classmethod
    def known(cls, helper_data):
        folder = helper_data / "interferograms-mexico-city" / "cropA"
        grid = MapGrid(
            "EPSG:4326", -99.19106978163674, 19.451292623451756, 0.0013888889, -0.0013888889, Shape(60, 100)
        )
        return KnownStack(reader=GammaReader(), path=folder, grid=grid)

    def test_thirty_pairs_of_thirteen_dates(self, stack):
        assert len(stack.network.pairs) == 30
        assert len(stack.network.dates) == 13
        assert stack.network.pairs[0] == Pair(date(2018, 1, 6), date(2018, 1, 30))
