"""Outlines on the ground, across the antimeridian and around a pole."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import Point, Polygon
from shapely.ops import unary_union

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.geometry.footprint import find_footprint, outline_of
from fringeworks.geometry.ground import project_at_height
from fringeworks.model.grids import RadarGrid, Shape

GRID = RadarGrid("2020-06-01T14:00:00", -10.0, 0.01, 820e3, 100.0, Shape(2001, 1001))


def test_inside_and_outside(each_pass):
    curve = each_pass.curve()
    footprint = find_footprint(curve, GRID, height=200.0)
    area = unary_union([Polygon(p) for p in footprint.parts()])
    assert area.is_valid
    for time, distance, inside in (
        (0.0, 870e3, True),
        (9.5, 825e3, True),
        (-9.5, 915e3, True),
        (10.5, 870e3, False),
        (0.0, 930e3, False),
    ):
        point = project_at_height(curve, azimuth_time=time, slant_range=distance, height=200.0)
        at = Point(np.degrees(float(point.longitude)), np.degrees(float(point.latitude)))
        assert area.covers(at) == inside
    for part in footprint.parts():
        assert (part[0] == part[-1]).all()
        assert np.abs(part[:, 0]).max() <= 180.0


def test_across_the_antimeridian():
    footprint = outline_of(np.array([179.0, -179.0, -179.2, 178.8]), np.array([10.0, 10.5, 12.0, 11.5]))
    assert footprint.bounds == pytest.approx((178.8, 10.0, 181.0, 12.0))
    east, west = footprint.parts()
    assert (east[:, 0].min(), east[:, 0].max()) == pytest.approx((178.8, 180.0))
    assert (west[:, 0].min(), west[:, 0].max()) == pytest.approx((-180.0, -179.0))
    whole = Polygon(footprint.outline).area
    assert Polygon(east).area + Polygon(west).area == pytest.approx(whole, rel=1e-12)


def test_around_the_south_pole():
    footprint = outline_of(np.array([0.0, 90.0, 179.0, -90.0]), np.array([-85.0, -86.0, -85.0, -84.0]))
    assert footprint.encloses_pole == -1
    assert footprint.bounds == (-180.0, -90.0, 180.0, -84.0)
    area = unary_union([Polygon(p) for p in footprint.parts()])
    assert area.covers(Point(33.0, -89.0))
    assert area.covers(Point(-150.0, -89.5))
    assert not area.covers(Point(33.0, -80.0))


def test_plain_outline_is_one_part():
    footprint = outline_of(np.array([1.0, 2.0, 2.0, 1.0]), np.array([1.0, 1.0, 2.0, 2.0]))
    assert len(footprint.parts()) == 1
    assert footprint.encloses_pole == 0
    np.testing.assert_allclose(footprint.parts()[0], footprint.outline)


def test_what_cannot_be_outlined(one_pass):
    with pytest.raises(TooFewDataError, match="have no ground"):
        find_footprint(one_pass.curve(), RadarGrid("2020-06-01T14:00:00", 500.0, 0.1, 8e5, 1.0, Shape(9, 9)))
    with pytest.raises(OutOfRangeError, match="three finite"):
        outline_of(np.array([1.0, np.nan, 2.0]), np.zeros(3))
