"""Tides and plates against another series of Moon and Sun, and where the answer is known."""

import math

import numpy as np
import pytest

from fringeworks.geometry.tides import solid_tide
from fringeworks.model.identity import Instant
from fringeworks.simulate.scene.earth import PlateMotion, tide


def test_tides_agree_with_another_series():
    places = np.radians([[15.0, -120.0, 100.0], [41.0, -33.0, 5.0]])
    start, gaps = Instant.parse("2023-01-08T05:00:00"), []
    for k in range(60):
        when = start.plus(k * 149.3 * 3600.0)
        gaps.append(tide(when, *places) - solid_tide(when, longitude=places[0], latitude=places[1]))
    worst = np.abs(gaps).max(axis=(0, 2))
    # the other one has degree 3, 1.7 mm up, and Love numbers that depend on latitude
    assert worst[2] < 0.003
    assert worst[:2].max() < 0.001


def test_a_plate_turns_about_its_pole():
    pole = PlateMotion(latitude=90.0, longitude=0.0, rate=0.25)
    lon, lat = np.radians(np.array([10.0, 80.0])), np.radians(np.array([0.0, 60.0]))
    east, north, up = pole.velocity(lon, lat)
    rate = math.radians(0.25) * 1e-6
    # distance from the axis: the equatorial radius, and N cos(60 degrees) with N = a / sqrt(1 - e2 sin2)
    np.testing.assert_allclose(east, rate * np.array([6_378_137.0, 6_394_209.174 * 0.5]), rtol=1e-6)
    np.testing.assert_allclose([north, up], 0.0, atol=1e-12)
    near = PlateMotion(latitude=60.0, longitude=80.0, rate=1.0).velocity(lon[1:], lat[1:])
    # at the pole itself nothing moves but for the difference of geodetic and geocentric latitude: 0.17 degrees of 111 km
    assert np.abs(near).max() == pytest.approx(math.radians(1.0) * 1e-6 * 18_400.0, rel=0.02)
