"""Geodetic and Earth-fixed coordinates against pyproj, round trips and the poles."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.ellipsoid import (
    curvature_radii,
    ecef_to_geodetic,
    geodetic_to_ecef,
    local_axes,
    wrap_longitude,
)

# float64 holds 6.4e6 m to 1e-9 m; a few roundings add up
ROUNDING = 5e-9


@pytest.fixture
def points(rng):
    lon = rng.uniform(-np.pi, np.pi, 5000)
    lat = np.arcsin(rng.uniform(-1, 1, 5000))
    lat[:4] = [np.pi / 2, -np.pi / 2, 0.0, 1e-12]
    return lon, lat, rng.uniform(-400.0, 8800.0, 5000)


def test_agrees_with_proj(points):
    lon, lat, height = points
    to_ecef = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    expected = np.stack(to_ecef.transform(np.degrees(lon), np.degrees(lat), height), axis=-1)
    # through degrees and back a radian loses 1e-15 of pi: 1e-8 m on the ground
    np.testing.assert_allclose(geodetic_to_ecef(lon, lat, height), expected, rtol=0, atol=2e-8)


def test_round_trip_closes_to_rounding_from_the_dead_sea_to_orbit(points, rng):
    lon, lat, _ = points
    height = rng.uniform(-500.0, 800e3, lon.size)
    xyz = geodetic_to_ecef(lon, lat, height)
    back = ecef_to_geodetic(xyz)
    np.testing.assert_allclose(geodetic_to_ecef(*back), xyz, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(back[2], height, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(back[1], lat, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("z", "latitude"), [(6_356_752.314245179 + 100.0, 90.0), (-6_356_752.314245179, -90.0)]
)
def test_poles(z, latitude):
    lon, lat, height = ecef_to_geodetic([0.0, 0.0, z])
    assert lon == 0.0
    assert np.degrees(lat) == pytest.approx(latitude, abs=1e-12)
    assert height == pytest.approx(abs(z) - 6_356_752.314245179, abs=ROUNDING)


def test_nan_stays_nan():
    assert np.isnan(ecef_to_geodetic([np.nan, 0.0, 0.0])[2])
    assert np.isnan(geodetic_to_ecef(0.1, np.nan, 0.0)).any()


def test_local_axes_are_right_handed_and_up_is_the_normal(points):
    lon, lat, height = points
    east, north, up = local_axes(lon, lat)
    np.testing.assert_allclose(np.cross(east, north), up, atol=1e-15)
    rise = geodetic_to_ecef(lon, lat, height + 1.0) - geodetic_to_ecef(lon, lat, height)
    np.testing.assert_allclose(rise, up, atol=ROUNDING)


def test_curvature_radii_are_the_slopes_of_position():
    lat, step = np.radians([0.0, 45.0, 80.0]), 1e-6
    meridian, normal = curvature_radii(lat)
    along = np.linalg.norm(
        geodetic_to_ecef(0.0, lat + step, 0.0) - geodetic_to_ecef(0.0, lat - step, 0.0), axis=-1
    )
    across = np.linalg.norm(geodetic_to_ecef(step, lat, 0.0) - geodetic_to_ecef(-step, lat, 0.0), axis=-1)
    # positions are rounded to 1e-9 m, the chord is 12.7 m: 1e-10 relative
    np.testing.assert_allclose(along / (2 * step), meridian, rtol=1e-9)
    np.testing.assert_allclose(across / (2 * step), normal * np.cos(lat), rtol=1e-9)


def test_wrap_longitude_counts_around_the_wanted_place():
    turned = np.degrees(wrap_longitude(np.radians([179.0, -179.0, 541.0]), near=np.pi))
    np.testing.assert_allclose(turned, [179.0, 181.0, 181.0], atol=1e-12)


def test_positions_need_three_values():
    with pytest.raises(ShapeMismatchError, match=r"\(\.\.\., 3\)"):
        ecef_to_geodetic(np.zeros((4, 2)))
