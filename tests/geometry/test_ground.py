"""Radar to map: closing with map to radar, and elevation models whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.geometry.ground import project_at_height, project_on_dem
from fringeworks.geometry.radar import locate
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.numerics.interpolate import sample_image

# what is asked for: 1e-6 m and 1e-9 s
TIME, RANGE = 1e-9, 1e-6


@pytest.mark.parametrize("side", ["right", "left"])
def test_radar_to_map_to_radar_closes(each_pass, rng, side):
    curve = each_pass.curve()
    time, distance = rng.uniform(-80.0, 80.0, 3000), rng.uniform(790e3, 970e3, 3000)
    height = rng.uniform(-400.0, 8800.0, 3000)
    ground = project_at_height(curve, azimuth_time=time, slant_range=distance, height=height, side=side)
    assert ground.tally.used == 3000
    back = locate(curve, longitude=ground.longitude, latitude=ground.latitude, height=ground.height)
    np.testing.assert_allclose(back.azimuth_time, time, rtol=0, atol=TIME)
    np.testing.assert_allclose(back.slant_range, distance, rtol=0, atol=RANGE)
    np.testing.assert_array_equal(ground.height, height)


def test_right_is_right(one_pass):
    """Flying north over the northern hemisphere, the right side is east."""
    curve = one_pass.curve()
    here = project_at_height(curve, azimuth_time=0.0, slant_range=850e3)
    there = project_at_height(curve, azimuth_time=0.0, slant_range=850e3, side="left")
    nadir = np.arctan2(*curve.position(0.0)[[1, 0]])
    assert here.longitude > nadir > there.longitude


def test_what_cannot_be_seen_is_counted(one_pass):
    ground = project_at_height(
        one_pass.curve(), azimuth_time=[0.0, 500.0, 0.0, 0.0], slant_range=[1e5, 850e3, np.nan, 850e3]
    )
    assert ground.tally.rejected == {"no_ground": 2, "outside_orbit": 1}
    assert np.isfinite(ground.longitude).tolist() == [False, False, False, True]


def test_side_has_two_names(one_pass):
    with pytest.raises(OutOfRangeError, match="right or left"):
        project_at_height(one_pass.curve(), azimuth_time=0.0, slant_range=850e3, side="up")


def make_dem(curve, relief, *, step=1 / 1200, size=700):
    """Lay a model around the point that time 0 and 860 km show; ``relief`` gives heights from metres east, north."""
    centre = project_at_height(curve, azimuth_time=0.0, slant_range=860e3)
    lon0, lat0 = np.degrees(float(centre.longitude)), np.degrees(float(centre.latitude))
    wide = step / np.cos(np.radians(lat0))
    grid = MapGrid(
        "EPSG:4326", lon0 - 0.5 * size * wide, lat0 + 0.5 * size * step, wide, -step, Shape(size, size)
    )
    col, row = np.meshgrid(np.arange(size) + 0.5 - 0.5 * size, 0.5 * size - np.arange(size) - 0.5)
    east, north = col * step * 111e3, row * step * 111e3
    return relief(east, north).astype(np.float32), grid


def assert_on_model(curve, ground, dem, grid, time, distance):
    back = locate(curve, longitude=ground.longitude, latitude=ground.latitude, height=ground.height)
    np.testing.assert_allclose(
        back.azimuth_time, np.broadcast_to(time[:, None], back.azimuth_time.shape), atol=TIME
    )
    np.testing.assert_allclose(
        back.slant_range, np.broadcast_to(distance, back.slant_range.shape), atol=RANGE
    )
    lon = np.degrees(ground.longitude)
    lon += 360.0 * np.round((grid.x_start - lon) / 360.0)
    col, row = (
        (lon - grid.x_start) / grid.x_step - 0.5,
        (np.degrees(ground.latitude) - grid.y_start) / grid.y_step - 0.5,
    )
    np.testing.assert_allclose(ground.height, sample_image(dem, row, col=col), atol=1e-6)


@pytest.mark.parametrize(
    "relief",
    [
        lambda e, _: 0 * e + 1234.5,
        lambda e, n: 800 + 500 * np.sin(e / 900.0) * np.cos(n / 1100.0),
        # slopes of 5: layover everywhere, some crossing must be found
        lambda e, _: 2000 + 1500 * np.sin(e / 300.0),
    ],
    ids=["plain", "hills", "walls"],
)
def test_points_lie_on_the_model(each_pass, relief):
    curve = each_pass.curve()
    dem, grid = make_dem(curve, relief)
    time, distance = np.linspace(-0.4, 0.4, 21), 860e3 + np.linspace(-3e3, 3e3, 41)
    ground = project_on_dem(
        curve, azimuth_time=time, slant_range=distance, dem=dem, dem_grid=grid, start_height=1000.0
    )
    assert ground.tally.used == 21 * 41, ground.tally
    assert_on_model(curve, ground, dem, grid, time, distance)


def test_blocks_equal_the_whole(one_pass):
    curve = one_pass.curve()
    dem, grid = make_dem(curve, lambda e, n: 800 + 500 * np.sin(e / 900.0) * np.cos(n / 1100.0))
    time, distance = np.linspace(-0.4, 0.4, 20), 860e3 + np.linspace(-3e3, 3e3, 30)
    whole = project_on_dem(
        curve, azimuth_time=time, slant_range=distance, dem=dem, dem_grid=grid, start_height=800.0
    )
    part = project_on_dem(
        curve, azimuth_time=time[5:9], slant_range=distance[7:], dem=dem, dem_grid=grid, start_height=800.0
    )
    np.testing.assert_array_equal(part.height, whole.height[5:9, 7:])


def test_beyond_the_model_is_counted(one_pass):
    curve = one_pass.curve()
    dem, grid = make_dem(curve, lambda e, _: 0 * e + 100.0, size=60)
    ground = project_on_dem(
        curve, azimuth_time=[0.0], slant_range=[860e3, 900e3], dem=dem, dem_grid=grid, start_height=0.0
    )
    assert ground.tally.rejected == {"outside_dem": 1}
    assert np.isnan(ground.longitude[0, 1])


def test_model_has_to_be_geographic_and_fit_its_grid(one_pass):
    dem, grid = np.zeros((4, 4)), MapGrid("EPSG:32611", 0, 0, 10, -10, Shape(4, 4))
    with pytest.raises(OutOfRangeError, match="EPSG:4326"):
        project_on_dem(
            one_pass.curve(), azimuth_time=[0.0], slant_range=[8e5], dem=dem, dem_grid=grid, start_height=0.0
        )
    with pytest.raises(ShapeMismatchError, match="on its own grid"):
        project_on_dem(
            one_pass.curve(),
            azimuth_time=[0.0],
            slant_range=[8e5],
            dem=dem[1:],
            dem_grid=grid,
            start_height=0.0,
        )
