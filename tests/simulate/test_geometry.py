"""Looks and baselines: against ranges computed from positions."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from scipy.optimize import fsolve

from fringeworks.model.grids import Shape
from fringeworks.simulate.geometry import LocalPlane, SceneGeometry, draw_baselines, pixel_metres
from fringeworks.simulate.orbit import Baseline, ground_points
from fringeworks.simulate.scenario import grid_around

WAVELENGTH = 299_792_458.0 / 5.405000454334350e9


def scene(pass_direction, baseline):
    grid = grid_around(15.0, 37.7, shape=Shape(5, 6), spacing_m=4000.0)
    return SceneGeometry.over(
        grid, (Baseline(), baseline), incidence=math.radians(39.0), pass_direction=pass_direction
    )


@pytest.mark.parametrize("pass_direction", ["ascending", "descending"])
def test_height_error_phase_is_that_of_explicit_ranges(pass_direction, rng):
    baseline = Baseline(cross=90.0, normal=-40.0, cross_rate=0.05, normal_rate=0.03)
    geometry = scene(pass_direction, baseline)
    height = rng.uniform(0, 2000, (5, 6)).astype(np.float32)
    look = geometry.look(slice(None), height)
    longitude, latitude = np.broadcast_arrays(*geometry.angles(slice(None)))
    first, second = geometry.orbit, geometry.orbit.shifted(baseline)
    raise_by = 15.0
    for row, col in [(0, 0), (2, 3), (4, 5)]:
        told = ground_points(longitude[row, col], latitude[row, col], np.array(float(height[row, col])))

        def same_pixel(angles, row=row, col=col, told=told):
            point = ground_points(angles[0], angles[1], np.array(float(height[row, col]) + raise_by))
            time = float(first.closest_time(point)) - float(look.time[row, col])
            return [float(first.ranges(point) - first.ranges(told)), 7000.0 * time]

        start = [longitude[row, col], latitude[row, col]]
        angles, _, solved, _ = fsolve(same_pixel, start, xtol=1e-14, full_output=True)
        assert max(abs(v) for v in same_pixel(angles)) < 1e-6, solved
        true = ground_points(angles[0], angles[1], np.array(float(height[row, col]) + raise_by))
        change = float(
            (second.ranges(true) - first.ranges(true)) - (second.ranges(told) - first.ranges(told))
        )
        expected = 4 * math.pi / WAVELENGTH * change
        found = 4 * math.pi / WAVELENGTH * look.metres_per_height(baseline)[row, col] * raise_by
        # first order in 15 m / 870 km; the tilt of the vertical over 19 m on the ground is of the same size
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert abs(expected) > 0.3, "the test sees something"


def test_positive_perpendicular_baseline_makes_a_told_too_low_height_a_negative_phase():
    geometry = scene("ascending", Baseline(cross=100.0))
    look = geometry.look(slice(None), np.zeros((5, 6), np.float32))
    assert np.all(look.perpendicular(Baseline(cross=100.0)) > 50.0)
    assert np.all(look.metres_per_height(Baseline(cross=100.0)) < 0.0)


def test_perpendicular_baseline_is_that_of_the_look_angle():
    geometry = scene("descending", Baseline())
    look = geometry.look(slice(None), np.zeros((5, 6), np.float32))
    position = geometry.orbit.position(look.time)
    radius = np.linalg.norm(position, axis=-1)
    longitude, latitude = np.broadcast_arrays(*geometry.angles(slice(None)))
    point = ground_points(longitude, latitude, np.zeros((5, 6)))
    cosine = np.sum((position - point) * position, axis=-1) / (radius * look.slant_range)
    angle = np.arccos(cosine)
    found = look.perpendicular(Baseline(cross=70.0, normal=20.0))
    # the normal axis is tilted against the velocity's perpendicular by at most a few 1e-4 of an angle
    np.testing.assert_allclose(found, 70.0 * np.cos(angle) - 20.0 * np.sin(angle), atol=0.02)
    np.testing.assert_allclose(look.lift, np.sin(look.incidence), rtol=5e-3)


def test_look_vector_is_a_unit_vector_up_to_the_satellite():
    for pass_direction, sign in (("ascending", -1.0), ("descending", 1.0)):
        look = scene(pass_direction, Baseline()).look(slice(None), np.zeros((5, 6), np.float32))
        np.testing.assert_allclose(np.linalg.norm(look.los_enu, axis=0), 1.0, atol=1e-12)
        np.testing.assert_allclose(look.los_enu[2], np.cos(look.incidence), atol=1e-12)
        assert np.all(np.sign(look.los_enu[0]) == sign), "a right-looking radar stands west when it ascends"


def test_rows_are_seen_alike_alone_or_together():
    geometry = scene("ascending", Baseline())
    height = np.arange(30, dtype=np.float32).reshape(5, 6)
    whole, part = geometry.look(slice(None), height), geometry.look(slice(2, 4), height[2:4])
    np.testing.assert_array_equal(whole.slant_range[2:4], part.slant_range)
    np.testing.assert_array_equal(whole.los_enu[:, 2:4], part.los_enu)


def test_local_plane_measures_metres_of_the_ellipsoid():
    grid = grid_around(-70.0, -33.0, shape=Shape(41, 61), spacing_m=100.0)
    plane = LocalPlane.of(grid)
    geod = pyproj.Geod(ellps="WGS84")
    west, east = grid.centre_of(20, 0), grid.centre_of(20, 60)
    north, south = grid.centre_of(0, 30), grid.centre_of(40, 30)
    # over 6 km a geodesic and a parallel differ by 1e-7
    assert plane.x[0, 60] - plane.x[0, 0] == pytest.approx(geod.inv(*west, *east)[2], rel=1e-6)
    assert plane.y[0, 0] - plane.y[40, 0] == pytest.approx(geod.inv(*north, *south)[2], rel=1e-6)
    assert pixel_metres(grid)[0] == pytest.approx(100.0, rel=0.01)


def test_baselines_are_seen_from_the_first_date_and_repeatable():
    spreads = {"cross_spread": 60.0, "normal_spread": 20.0, "rate_spread": 0.01}
    drawn = draw_baselines(400, **spreads, rng=np.random.default_rng(4))
    assert drawn[0] == Baseline()
    assert drawn == draw_baselines(400, **spreads, rng=np.random.default_rng(4))
    cross = np.array([b.cross for b in drawn[1:]])
    # standard error of a standard deviation of 399 draws: 3.5 %; four of them
    assert np.std(cross) == pytest.approx(60.0, rel=0.15)
