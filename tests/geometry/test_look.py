"""Look vectors, incidence, heading, slopes: against plain geometry and limits."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import (
    geocentric_incidence,
    heading,
    incidence_angle,
    local_incidence,
    look_vectors,
    terrain_slopes,
)


@pytest.fixture
def seen(each_pass):
    curve, time = each_pass.curve(), np.linspace(-50.0, 50.0, 9)
    ground = project_at_height(curve, azimuth_time=time, slant_range=870e3, height=700.0)
    place = {"longitude": ground.longitude, "latitude": ground.latitude, "height": ground.height}
    return curve, time, place, look_vectors(curve, azimuth_time=time, **place)


def test_look_vectors_reach_the_satellite(seen):
    curve, time, place, look = seen
    np.testing.assert_allclose(np.linalg.norm(look, axis=0), 1.0, atol=1e-14)
    # ten metres toward the satellite is ten metres nearer; the chord bends by 10^2 / 870e3
    step = 10.0 * look
    lat = place["latitude"] + step[1] / 6.36e6
    lon = place["longitude"] + step[0] / (6.38e6 * np.cos(place["latitude"]))
    moved = geodetic_to_ecef(lon, lat, place["height"] + step[2])
    nearer = np.linalg.norm(curve.position(time) - moved, axis=-1)
    np.testing.assert_allclose(870e3 - nearer, 10.0, atol=0.08)


def test_right_looking_means_the_satellite_stands_to_the_left(seen):
    curve, time, _, look = seen
    toward = np.arctan2(look[0], look[1])
    turn = (toward - heading(curve, time) + np.pi) % (2 * np.pi) - np.pi
    # at the point the meridian is another than below the satellite: up to 90 degrees of it near the pole
    if abs(np.degrees(seen[2]["latitude"])).max() < 60:
        np.testing.assert_allclose(np.degrees(turn), -90.0, atol=8.0)


def test_heading(one_pass):
    """Sentinel-1's ground track at the equator: inclination 98.18 degrees and the Earth's turning under it."""
    from tests.geometry.conftest import PASSES, CircularOrbit

    ascending = CircularOrbit(0.0).curve()
    assert np.degrees(float(heading(ascending, 0.0))) == pytest.approx(-11.8, abs=0.3)
    descending = CircularOrbit(np.pi).curve()
    assert np.degrees(float(heading(descending, 0.0))) == pytest.approx(-168.2, abs=0.3)
    turn = PASSES["north-turn"].curve()
    assert np.degrees(float(heading(turn, 0.0))) == pytest.approx(-90.0, abs=0.5)


def test_incidence_from_normal_and_from_centre(seen):
    _, _, place, look = seen
    from_normal = incidence_angle(look)
    assert (np.radians(25) < from_normal).all()
    assert (from_normal < np.radians(50)).all()
    from_centre = geocentric_incidence(look, **place)
    # normal and radius differ by up to 0.19 degrees, in the meridian
    assert np.abs(np.degrees(from_centre - from_normal)).max() < 0.2
    at_equator = geocentric_incidence(look[:, :1], longitude=[0.3], latitude=[0.0], height=[0.0])
    np.testing.assert_allclose(at_equator, from_normal[:1], atol=1e-12)


def test_local_incidence_of_flat_facing_and_averted_ground():
    theta = np.radians(35.0)
    look = np.array([np.sin(theta), 0.0, np.cos(theta)])  # the satellite stands in the east
    assert local_incidence(look, slope_east=0.0, slope_north=0.0) == pytest.approx(theta)
    # ground that falls to the east faces the satellite
    assert local_incidence(look, slope_east=-np.tan(theta), slope_north=0.0) == pytest.approx(0.0, abs=1e-7)
    assert local_incidence(look, slope_east=np.tan(np.radians(60.0)), slope_north=0.0) > np.pi / 2
    north = local_incidence(look, slope_east=0.0, slope_north=0.5)
    assert north == pytest.approx(np.arccos(np.cos(theta) / np.sqrt(1.25)))


def test_terrain_slopes_of_a_tilted_plane():
    lat, lon = np.radians(45.0 - np.arange(30) / 3600), np.radians(7.0 + np.arange(40) / 3600)
    east, north = lon * 6388838.29 * np.cos(np.radians(45.0)), lat * 6367381.8
    height = (0.1 * (east - east[0]))[None, :] - (0.3 * (north - north[0]))[:, None]
    found = terrain_slopes(height, longitude=lon, latitude=lat)
    # the parallels' circumference changes by 1.4e-4 over the rows
    np.testing.assert_allclose(found[0], 0.1, rtol=3e-4)
    np.testing.assert_allclose(found[1], -0.3, rtol=1e-4)


def test_outside_the_orbit_is_nan(one_pass):
    assert np.isnan(
        look_vectors(one_pass.curve(), azimuth_time=900.0, longitude=0.0, latitude=0.5, height=0.0)
    ).all()


def test_shapes_are_checked():
    with pytest.raises(ShapeMismatchError, match="east, north, up"):
        incidence_angle(np.zeros((2, 4)))
    with pytest.raises(ShapeMismatchError, match="at least 2 x 2"):
        terrain_slopes(np.zeros((1, 3)), longitude=[0.0, 0.1, 0.2], latitude=[0.0])
