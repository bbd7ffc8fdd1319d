"""Map to radar: against an independent solution on the analytic orbit, and the twin without compilation."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.radar import locate, locate_grid, locate_points
from fringeworks.model.grids import RadarGrid, Shape

# 1e-9 s and 1e-6 m are asked; the method leaves 1e-13 s and 1e-8 m
TIME, RANGE = 1e-11, 2e-8


def plain_zero_doppler(orbit, points, steps=60):
    """Bisect the zero-Doppler equation on the analytic orbit itself: no curve, no derivative."""
    low, high = np.full(len(points), -99.0), np.full(len(points), 99.0)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        position, velocity = orbit.state(middle)
        ahead = np.sum((points - position) * velocity, axis=-1) > 0
        low, high = np.where(ahead, middle, low), np.where(ahead, high, middle)
    middle = 0.5 * (low + high)
    return middle, np.linalg.norm(points - orbit.state(middle)[0], axis=-1)


@pytest.fixture
def ground(each_pass, rng):
    time, distance = rng.uniform(-60.0, 60.0, 400), rng.uniform(800e3, 960e3, 400)
    height = rng.uniform(-400.0, 8800.0, 400)
    return project_at_height(each_pass.curve(), azimuth_time=time, slant_range=distance, height=height)


def test_agrees_with_bisection_on_the_analytic_orbit(each_pass, ground):
    found = locate(
        each_pass.curve(), longitude=ground.longitude, latitude=ground.latitude, height=ground.height
    )
    points = geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)
    time, distance = plain_zero_doppler(each_pass, points)
    np.testing.assert_allclose(found.azimuth_time, time, rtol=0, atol=TIME)
    np.testing.assert_allclose(found.slant_range, distance, rtol=0, atol=RANGE)
    assert found.tally.used == 400
    assert found.converged.all()


def grid_near(ground):
    lon = np.unwrap(ground.longitude[:1])[0] + np.radians(np.linspace(0.0, 0.3, 57))
    lat = ground.latitude[0] + np.radians(np.linspace(0.1, -0.1, 43))
    height = 1500.0 + 900.0 * np.sin(40 * lon[None, :]) * np.cos(55 * np.degrees(lat)[:, None])
    return lon, lat, height.astype(np.float32)


def test_grid_equals_points(one_pass, rng):
    ground = project_at_height(one_pass.curve(), azimuth_time=[1.0], slant_range=[860e3], height=0.0)
    lon, lat, height = grid_near(ground)
    height[3, 4] = np.nan
    by_grid = locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=height)
    by_point = locate(one_pass.curve(), longitude=lon[None, :], latitude=lat[:, None], height=height)
    np.testing.assert_allclose(by_grid.azimuth_time, by_point.azimuth_time, rtol=0, atol=TIME)
    np.testing.assert_allclose(by_grid.slant_range, by_point.slant_range, rtol=0, atol=RANGE)
    assert np.isnan(by_grid.azimuth_time[3, 4])
    assert by_grid.tally.rejected == {"not_finite": 1}


def test_rows_alone_give_the_same_numbers_as_in_the_block(one_pass):
    ground = project_at_height(one_pass.curve(), azimuth_time=[1.0], slant_range=[860e3], height=0.0)
    lon, lat, height = grid_near(ground)
    whole = locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=height)
    part = locate_grid(one_pass.curve(), longitude=lon, latitude=lat[10:20], height=height[10:20])
    np.testing.assert_array_equal(part.azimuth_time, whole.azimuth_time[10:20])
    np.testing.assert_array_equal(part.slant_range, whole.slant_range[10:20])


def test_longitudes_may_run_past_the_antimeridian(one_pass):
    ground = project_at_height(one_pass.curve(), azimuth_time=[1.0], slant_range=[860e3], height=0.0)
    lon, lat, height = grid_near(ground)
    here = locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=height)
    turned = locate_grid(one_pass.curve(), longitude=lon + 2 * np.pi, latitude=lat, height=height)
    # sines of a turned angle differ in the last place: 1e-9 m
    np.testing.assert_allclose(turned.slant_range, here.slant_range, rtol=0, atol=RANGE)
    np.testing.assert_allclose(turned.azimuth_time, here.azimuth_time, rtol=0, atol=TIME)


def test_what_the_orbit_does_not_see_is_counted(one_pass):
    found = locate(one_pass.curve(), longitude=[0.0, 2.5], latitude=[-1.3, np.nan], height=0.0)
    assert np.isnan(found.azimuth_time).all()
    assert found.tally.rejected == {"outside_orbit": 1, "not_finite": 1}
    assert found.tally.considered == 2


def test_the_nearest_pass_of_a_long_orbit_is_found(one_pass):
    from fringeworks.geometry.orbit import orbit_curve

    long = orbit_curve(one_pass.states(-3000.0, 9000.0))
    ground = project_at_height(one_pass.curve(), azimuth_time=[5.0], slant_range=[850e3], height=100.0)
    points = geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)
    assert locate_points(long, points).azimuth_time[0] == pytest.approx(5.0, abs=1e-9)


def test_line_and_sample_count_from_first_sample(one_pass):
    grid = RadarGrid("2020-06-01T14:00:03", -2.0, 0.5, 850e3, 2.0, Shape(10, 10))
    ground = project_at_height(one_pass.curve(), azimuth_time=[2.25], slant_range=[850_005.0], height=10.0)
    found = locate(
        one_pass.curve(), longitude=ground.longitude, latitude=ground.latitude, height=ground.height
    )
    line, sample = found.line_and_sample(grid)
    assert line[0] == pytest.approx((2.25 - 3.0 + 2.0) / 0.5, abs=1e-8)
    assert sample[0] == pytest.approx(2.5, abs=1e-7)


def test_wrong_shapes(one_pass):
    with pytest.raises(ShapeMismatchError, match=r"\(x\), \(y\), \(y, x\)"):
        locate_grid(one_pass.curve(), longitude=[0.0, 0.1], latitude=[0.0], height=np.zeros((2, 1)))
    with pytest.raises(ShapeMismatchError, match="positions of shape"):
        locate_points(one_pass.curve(), np.zeros((3, 2)))


def test_inputs_are_left_alone_and_integers_are_heights_too(one_pass):
    ground = project_at_height(one_pass.curve(), azimuth_time=[1.0], slant_range=[860e3], height=0.0)
    lon, lat, height = grid_near(ground)
    kept = height.copy()
    locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=height)
    np.testing.assert_array_equal(height, kept)
    whole = np.rint(height).astype(np.int16)
    by_int = locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=whole)
    by_float = locate_grid(one_pass.curve(), longitude=lon, latitude=lat, height=whole.astype(float))
    np.testing.assert_array_equal(by_int.slant_range, by_float.slant_range)
