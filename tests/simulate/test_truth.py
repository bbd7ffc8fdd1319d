"""Truth folders: written, read back, and the same block by block."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import rasterio

from fringeworks.errors import MissingInputError
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.stack import WATER, simulate_interferograms
from fringeworks.simulate.truth import read_truth, straight_slope, write_truth


@pytest.fixture(scope="module")
def stack():
    return simulate_interferograms(
        demo_scenario(shape=Shape(45, 50), n_dates=7), rng=np.random.default_rng(3)
    )


def test_truth_comes_back_as_it_was(stack, tmp_path):
    write_truth(stack, tmp_path)
    truth = read_truth(tmp_path)
    assert truth.dates == stack.network.dates
    assert truth.pairs == stack.network.pairs
    assert truth.grid == stack.scenario.grid
    everywhere = slice(None)
    np.testing.assert_array_equal(truth.displacement(4), stack.displacement(everywhere)[4])
    np.testing.assert_array_equal(truth.atmosphere(2), stack.delay(everywhere)[2])
    np.testing.assert_array_equal(truth.layer("dem_error"), stack.dem_error)
    np.testing.assert_array_equal(truth.layer("land") == WATER, stack.land == WATER)
    assert truth.layer("los_enu").shape == (3, 45, 50)
    with rasterio.open(tmp_path / "displacement.tif") as file:
        assert file.descriptions == tuple(day.isoformat() for day in truth.dates)
        assert "toward" in file.tags()["SIGN"]


def test_listed_unwrapping_errors_are_those_in_the_raster(stack, tmp_path):
    write_truth(stack, tmp_path)
    truth = read_truth(tmp_path)
    listed = truth.description["unwrapping_errors"]
    assert len(listed) == len(stack.cycle_patches) >= 1
    with rasterio.open(tmp_path / "unwrapping_errors.tif") as file:
        for band, entry in enumerate(listed, 1):
            cycles = file.read(band)
            assert file.descriptions[band - 1] == entry["pair"] == str(truth.pairs[entry["pair_index"]])
            assert np.count_nonzero(cycles) == entry["n_pixels"]
            assert set(np.unique(cycles)) <= {0, entry["cycles"]}


def test_description_names_what_was_put_in(stack, tmp_path):
    write_truth(stack, tmp_path)
    found = read_truth(tmp_path).description
    assert [m["source"]["kind"] for m in found["motions"]] == ["Mogi", "Bowl", "Bowl", "ScrewDislocation"]
    assert found["noise"]["turbulence"]["law"]["exponent"] == pytest.approx(8 / 3)
    assert found["pairs"][0]["perpendicular_baseline_m"] == pytest.approx(
        float(stack.network.perpendicular_baseline[0])
    )
    assert len(found["entropy"]) == 4


def test_block_size_does_not_change_the_truth(stack, tmp_path):
    write_truth(stack, tmp_path / "one")
    write_truth(stack, tmp_path / "two", block_rows=7)
    for path in sorted((tmp_path / "one").glob("*.tif")):
        with rasterio.open(path) as one, rasterio.open(tmp_path / "two" / path.name) as two:
            np.testing.assert_array_equal(one.read(), two.read(), err_msg=path.name)
    assert (tmp_path / "one/truth.json").read_text() == (tmp_path / "two/truth.json").read_text()


def test_straight_slope_is_that_of_a_polynomial_fit(rng):
    dates = tuple(date(2020, month, 3) for month in (1, 2, 5, 6, 11))
    series = rng.normal(size=(5, 2, 3)).astype(np.float32)
    years = np.array([(day - dates[0]).days for day in dates]) / 365.25
    expected = np.polyfit(years, series.reshape(5, -1).astype(float), 1)[0].reshape(2, 3)
    np.testing.assert_allclose(straight_slope(dates, series), expected, rtol=1e-5)


def test_a_folder_without_truth_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match=r"no truth\.json"):
        read_truth(tmp_path)
