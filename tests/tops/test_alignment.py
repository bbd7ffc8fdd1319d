"""Offsets by geometry, against the equations themselves, and against an independent scene's reflectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.geometry.conftest import EPOCH, CircularOrbit

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError
from fringeworks.geometry.baseline import as_height_sensitivity
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.geometry.radar import locate_points
from fringeworks.model.grids import RadarGrid, Shape, Window
from fringeworks.tops.alignment import (
    Pass,
    fit_ground,
    fit_offsets,
    grid_coordinates,
    radar_coordinates,
)

GRID = RadarGrid(EPOCH, -2.0, 2.0556e-3, 845e3, 2.3296, Shape(1500, 21_000))
WINDOW = Window(0, 0, 1500, 21_000)
HEIGHTS = (-100.0, 4000.0)


@pytest.fixture(scope="module")
def passes():
    first = CircularOrbit(np.radians(36.0))
    states = first.states()
    # 120 m to the side, 60 m up, and half a second of flight ahead
    away = np.cross(states.position, states.velocity)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    up = states.position / np.linalg.norm(states.position, axis=1, keepdims=True)
    moved = replace(states, position=states.position + 120.0 * away + 60.0 * up, time=states.time - 0.5)
    return (
        Pass(orbit=first.curve(), reference_range=876e3),
        Pass(orbit=orbit_curve(moved), reference_range=876.2e3),
    )


def test_lines_and_samples_close(passes, rng):
    line, sample = rng.uniform(0, 1500, 100), rng.uniform(0, 21_000, 100)
    time, distance = radar_coordinates(GRID, line, sample, seen_by=passes[0])
    back = grid_coordinates(GRID, time, distance, seen_by=passes[0])
    # 1e-9 s is 5e-7 line
    np.testing.assert_allclose(back[0], line, atol=1e-6)
    np.testing.assert_allclose(back[1], sample, atol=1e-6)


def test_far_range_passes_later_than_its_line_says(passes):
    """Line time = zero-Doppler time minus (R - R_reference) / c."""
    time, distance = radar_coordinates(GRID, np.zeros(2), np.array([0.0, 20_000.0]), seen_by=passes[0])
    assert time[1] - time[0] == pytest.approx((distance[1] - distance[0]) / SPEED_OF_LIGHT, abs=1e-12)


def test_the_ground_of_a_burst(passes, rng):
    ground = fit_ground(GRID, passes[0], window=WINDOW, heights=HEIGHTS)
    line, sample, height = rng.uniform(0, 1499, 300), rng.uniform(0, 20_999, 300), rng.uniform(*HEIGHTS, 300)
    lon, lat = ground(line, sample, height)
    seen = locate_points(passes[0].orbit, geodetic_to_ecef(lon, lat, height))
    back = grid_coordinates(GRID, seen.azimuth_time, seen.slant_range, seen_by=passes[0])
    # the polynomials promise 1e-8 rad, 0.06 m on the ground: 0.005 line and 0.02 sample
    np.testing.assert_allclose(back[0], line, atol=0.005)
    np.testing.assert_allclose(back[1], sample, atol=0.02)


def test_offsets_are_those_of_the_equations(passes, rng):
    there = replace(GRID, azimuth_start=GRID.azimuth_start - 0.4987, range_start=GRID.range_start + 33.0)
    fitted = fit_offsets(
        GRID, passes[0], secondary=passes[1], secondary_grid=there, window=WINDOW, heights=HEIGHTS
    ).polynomial
    line, sample, height = rng.uniform(0, 1499, 200), rng.uniform(0, 20_999, 200), rng.uniform(*HEIGHTS, 200)
    time, distance = radar_coordinates(GRID, line, sample, seen_by=passes[0])
    from fringeworks.geometry.ground import project_at_height

    place = project_at_height(passes[0].orbit, azimuth_time=time, slant_range=distance, height=height)
    points = geodetic_to_ecef(place.longitude, place.latitude, place.height)
    seen = locate_points(passes[1].orbit, points)
    expected = grid_coordinates(there, seen.azimuth_time, seen.slant_range, seen_by=passes[1])
    found = fitted(line, sample, height)
    # a thousandth of a radian of TOPS carrier is 2e-5 line; 1e-5 m of range is 0.002 rad
    np.testing.assert_allclose(found[0], expected[0], atol=2e-5)
    np.testing.assert_allclose(found[1], expected[1], atol=2e-5)
    np.testing.assert_allclose(found[2], seen.slant_range - distance, atol=1e-5)
    assert np.abs(found[3]).max() < 140.0


def test_the_reference_against_itself_is_where_it_is(passes):
    fitted = fit_offsets(
        GRID, passes[0], secondary=passes[0], secondary_grid=GRID, window=WINDOW, heights=HEIGHTS
    ).polynomial
    line, sample = np.meshgrid(np.arange(0, 1500, 299.0), np.arange(0, 21_000, 3999.0), indexing="ij")
    found = fitted(line, sample, 500.0)
    np.testing.assert_allclose(found[0], line, atol=2e-5)
    np.testing.assert_allclose(found[1], sample, atol=2e-5)
    np.testing.assert_allclose(found[2:], 0.0, atol=1e-5)


def test_the_two_signs_of_the_baseline_are_joined(passes):
    """Height adds +4 pi / lambda B h / (R sin i) to the phase of reference times conjugate of secondary."""
    fitted = fit_offsets(
        GRID, passes[0], secondary=passes[1], secondary_grid=GRID, window=WINDOW, heights=HEIGHTS
    ).polynomial
    low, high = (fitted(750.0, 10_000.0, h) for h in (1000.0, 1001.0))
    # a scatterer 1 m higher at the same line and range of the reference: R_secondary - R_reference changes
    baseline = float(as_height_sensitivity(0.5 * (low[3] + high[3])))
    distance = GRID.range_start + 10_000 * GRID.range_step
    ground = fit_ground(GRID, passes[0], window=WINDOW, heights=HEIGHTS)
    from fringeworks.geometry.look import incidence_angle, look_vectors

    lon, lat = ground(750.0, 10_000.0, 1000.0)
    time, _ = radar_coordinates(GRID, np.array(750.0), np.array(10_000.0), seen_by=passes[0])
    look = look_vectors(passes[0].orbit, azimuth_time=time, longitude=lon, latitude=lat, height=1000.0)
    expected = baseline / (distance * np.sin(incidence_angle(look)))
    # first order in the baseline over the range: 1e-4 of the value
    assert float(high[2] - low[2]) == pytest.approx(float(expected), rel=2e-3)
    assert float(as_height_sensitivity(as_height_sensitivity(7.0))) == 7.0


def test_an_orbit_that_does_not_cover_is_refused(passes):
    late = replace(GRID, azimuth_start=200.0)
    with pytest.raises(OutOfRangeError, match=r"finite|cover"):
        fit_ground(late, passes[0], window=WINDOW, heights=HEIGHTS)
