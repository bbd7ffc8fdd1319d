"""Heights behind radar samples, against the slow search of range and Doppler, and models whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.geometry.conftest import EPOCH

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.geometry.ground import project_at_height, project_on_dem
from fringeworks.geometry.radarheight import find_heights
from fringeworks.model.grids import MapGrid, RadarGrid, Shape, Window
from fringeworks.tops.alignment import Pass, fit_ground, radar_coordinates

GRID = RadarGrid(EPOCH, 0.0, 2.0556e-3, 850e3, 2.3296, Shape(400, 3000))
WINDOW = Window(0, 0, 400, 3000)


@pytest.fixture(scope="module")
def seen():
    from tests.geometry.conftest import CircularOrbit

    return Pass(orbit=CircularOrbit(np.radians(36.0)).curve(), reference_range=876e3)


@pytest.fixture(scope="module")
def ground(seen):
    return fit_ground(GRID, seen, window=WINDOW, heights=(-50.0, 1500.0))


@pytest.fixture(scope="module")
def model(seen):
    """Rolling hills of gentle slopes around the window, in steps of an arc second."""
    time, distance = radar_coordinates(GRID, np.array([0.0, 399.0]), np.array([0.0, 2999.0]), seen_by=seen)
    corner = project_at_height(seen.orbit, azimuth_time=time, slant_range=distance, height=500.0)
    lon, lat = np.degrees(corner.longitude), np.degrees(corner.latitude)
    step = 1 / 3600
    west, north = lon.min() - 0.1, lat.max() + 0.1
    shape = Shape(int((lat.max() - lat.min() + 0.2) / step), int((lon.max() - lon.min() + 0.2) / step))
    grid = MapGrid("EPSG:4326", west, north, step, -step, shape)
    y, x = np.mgrid[: shape.rows, : shape.cols]
    heights = 500 + 300 * np.sin(x / 60.0) * np.cos(y / 75.0) + 20 * np.sin(x / 9.0 + y / 11.0)
    return heights.astype(np.float32), grid


def test_the_same_as_the_slow_search(seen, ground, model):
    dem, grid = model
    line, sample = np.arange(0.0, 400, 40), np.arange(0.0, 3000, 100)
    found = find_heights(ground, line=line, sample=sample, dem=dem, dem_grid=grid)
    assert found.tally.used == line.size * sample.size
    # the slow search takes one time for all samples of a line: every sample's own time is asked for, one by one
    for i in (0, 3, 7):
        for j in (0, 11, 29):
            time, distance = radar_coordinates(GRID, line[i : i + 1], sample[j : j + 1], seen_by=seen)
            slow = project_on_dem(
                seen.orbit,
                azimuth_time=time,
                slant_range=distance,
                dem=dem,
                dem_grid=grid,
                start_height=500.0,
            )
            # both stop within 5 mm of height
            assert found.height[i, j] == pytest.approx(float(slow.height[0, 0]), abs=0.01)


def test_a_plane_is_found_exactly_and_blocks_equal_the_whole(ground, model):
    _, grid = model
    dem = np.full(tuple(grid.shape), 321.0, np.float32)
    line, sample = np.arange(0.0, 400, 50), np.arange(0.0, 3000, 150)
    whole = find_heights(ground, line=line, sample=sample, dem=dem, dem_grid=grid).height
    np.testing.assert_allclose(whole, 321.0, atol=0.006)
    part = find_heights(ground, line=line[3:5], sample=sample, dem=dem, dem_grid=grid).height
    np.testing.assert_array_equal(part, whole[3:5])


def test_outside_the_model_is_counted(ground, model):
    dem, grid = model
    far = MapGrid(grid.crs, grid.x_start + 30.0, grid.y_start, grid.x_step, grid.y_step, grid.shape)
    found = find_heights(ground, line=np.array([5.0]), sample=np.array([5.0, 6.0]), dem=dem, dem_grid=far)
    assert np.isnan(found.height).all()
    assert found.tally.rejected == {"outside_dem": 2}


def test_a_cliff_that_lies_over_gives_one_of_its_heights(ground, model):
    """Where several heights share a range, the one found is one of them: the model has it where it is found."""
    _dem, grid = model
    steep = (600 + 590 * np.sign(np.sin(np.arange(grid.shape.cols) / 10.0))).astype(np.float32)
    cliffs = np.broadcast_to(steep, tuple(grid.shape)).copy()
    line, sample = np.array([200.0]), np.arange(0.0, 3000, 7)
    found = find_heights(ground, line=line, sample=sample, dem=cliffs, dem_grid=grid)
    assert found.tally.used == sample.size
    lon, lat = np.degrees(ground(line[:, None], sample[None], found.height))
    from fringeworks.numerics.interpolate import sample_image

    there = sample_image(
        cliffs, (lat - grid.y_start) / grid.y_step - 0.5, col=(lon - grid.x_start) / grid.x_step - 0.5
    )
    # bisection ends within 1e-9 of the height's range; on a cliff of 40 m per metre that is still millimetres
    assert np.median(np.abs(there - found.height)) < 0.01
    assert np.mean(np.abs(there - found.height) < 1.0) > 0.99


def test_what_cannot_be_is_refused(ground, model):
    dem, grid = model
    with pytest.raises(ShapeMismatchError, match="as its grid says"):
        find_heights(ground, line=np.array([0.0]), sample=np.array([0.0]), dem=dem[1:], dem_grid=grid)
    utm = MapGrid("EPSG:32633", 0, 0, 1, -1, grid.shape)
    with pytest.raises(OutOfRangeError, match="EPSG:4326"):
        find_heights(ground, line=np.array([0.0]), sample=np.array([0.0]), dem=dem, dem_grid=utm)
