"""Grids as values: exact index arithmetic."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Looks, MapGrid, RadarGrid, Shape, Window

GRID = MapGrid("EPSG:4326", x_start=-99.5, y_start=20.0, x_step=0.25, y_step=-0.5, shape=Shape(4, 6))


def test_a_shape_is_rows_then_columns():
    assert tuple(Shape(3, 5)) == (3, 5)
    assert Shape(3, 5).size == 15
    assert Shape(3, 5) < Shape(4, 1)


def test_looks_count_from_one():
    assert Looks(azimuth=1, range=5).range == 5
    with pytest.raises(OutOfRangeError, match=r"looks 0 x 5; expected: at least 1 in each direction"):
        Looks(azimuth=0, range=5)
    with pytest.raises(OutOfRangeError, match=r"looks 2 x -1"):
        Looks(azimuth=2, range=-1)


def test_a_window_cuts_its_rows_and_columns():
    window = Window(row=2, col=3, rows=4, cols=5)
    assert window.slices == (slice(2, 6), slice(3, 8))
    assert window.shape == Shape(4, 5)


def test_the_affine_starts_at_the_outer_corner():
    assert GRID.transform == (0.25, 0.0, -99.5, 0.0, -0.5, 20.0)
    assert GRID.bounds == (-99.5, 18.0, -98.0, 20.0)


def test_bounds_do_not_depend_on_the_direction_of_the_rows():
    upward = replace(GRID, y_start=18.0, y_step=0.5)
    assert upward.bounds == GRID.bounds


def test_a_pixel_is_found_by_its_centre():
    assert GRID.centre_of(0, 0) == (-99.375, 19.75)
    assert GRID.index_of(-99.375, 19.75) == (0, 0)
    assert GRID.index_of(-99.51, 19.75) == (0, -1)


@given(row=st.integers(-1000, 1000), col=st.integers(-1000, 1000))
def test_index_and_centre_are_inverse(row, col):
    assert GRID.index_of(*GRID.centre_of(row, col)) == (row, col)


def test_a_grid_holds_its_own_pixels_only():
    assert GRID.holds(0, 0)
    assert GRID.holds(3, 5)
    assert not GRID.holds(4, 0)
    assert not GRID.holds(0, 6)
    assert not GRID.holds(-1, 0)
    assert not GRID.holds(0, -1)


def test_a_crop_keeps_every_pixel_where_it_was():
    crop = GRID.crop(Window(row=1, col=2, rows=2, cols=3))
    assert crop.shape == Shape(2, 3)
    assert crop.centre_of(0, 0) == GRID.centre_of(1, 2)
    assert crop.centre_of(1, 2) == GRID.centre_of(2, 4)
    assert crop.crs == GRID.crs


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"x_start": -99.5 + 0.0002}, True),  # 0.0008 of a pixel
        ({"x_start": -99.5 + 0.0003}, False),  # 0.0012 of a pixel
        ({"y_start": 20.0 + 0.001}, False),
        ({"x_step": 0.25 * (1 + 1e-3)}, False),  # adds up to 0.006 px over six columns
        ({"y_step": -0.5 * (1 + 1e-3)}, False),
        ({"shape": Shape(4, 5)}, False),
        ({"crs": "EPSG:3857"}, False),
    ],
)
def test_grids_agree_to_a_fraction_of_a_pixel(change, same):
    assert GRID.agrees_with(replace(GRID, **change)) is same


def test_the_tolerance_can_be_given():
    assert GRID.agrees_with(replace(GRID, x_start=-99.4), tolerance=0.5)


def test_grids_are_frozen():
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        GRID.x_start = 0.0  # type: ignore[misc]


def test_a_radar_grid_carries_its_epoch():
    grid = RadarGrid("2018-01-06T12:35:40", 0.5, 2.0555e-3, 800e3, 2.33, Shape(1500, 20000))
    assert grid.epoch == "2018-01-06T12:35:40"
    assert grid.shape.size == 30_000_000
