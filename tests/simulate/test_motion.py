"""Sources and histories: published closed forms and the symmetry of physics."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from fringeworks.simulate.motion import (
    Acceleration,
    Bowl,
    Mogi,
    Relaxation,
    ScrewDislocation,
    Seasonal,
    Steady,
    Step,
    Tilt,
    Uniform,
)

AXIS = np.linspace(-60_000.0, 60_000.0, 601)
X, Y = AXIS[None, :], AXIS[:, None]


def test_mogi_rises_as_published_over_its_centre():
    source = Mogi(east=0.0, north=0.0, depth=3000.0, volume=1e6)
    at = source.enu(np.array([[0.0]]), np.array([[0.0]]))
    # Mogi 1958: (1 - nu) dV / (pi d^2) above the centre
    assert at[2, 0, 0] == pytest.approx(0.75 * 1e6 / (math.pi * 9e6))
    assert at[0, 0, 0] == at[1, 0, 0] == 0.0


def test_mogi_horizontal_is_largest_at_depth_over_root_two_with_its_known_share():
    source = Mogi(east=0.0, north=0.0, depth=2000.0, volume=1e6)
    x = np.linspace(0.0, 8000.0, 8001)[None, :]
    outward = source.enu(x, np.array([[0.0]]))[0, 0]
    top = source.enu(np.array([[0.0]]), np.array([[0.0]]))[2, 0, 0]
    assert x[0, outward.argmax()] == pytest.approx(2000.0 / math.sqrt(2), abs=1.0)
    assert outward.max() / top == pytest.approx(2.0 / (3.0 * math.sqrt(3.0)), rel=1e-6)


def test_mogi_lifts_twice_one_minus_nu_of_its_volume():
    source = Mogi(east=1000.0, north=-2000.0, depth=1500.0, volume=2e6)
    up = source.enu(X, Y)[2]
    lifted = up.sum() * (AXIS[1] - AXIS[0]) ** 2
    # what lies beyond a radius r is d / r of it: 1500 / 60000
    assert lifted == pytest.approx(2 * 0.75 * 2e6, rel=0.03)


def test_mogi_is_the_same_from_every_side():
    source = Mogi(east=0.0, north=0.0, depth=2500.0, volume=1e6)
    angle = np.linspace(0, 2 * math.pi, 12, endpoint=False)[None, :]
    east, north, up = source.enu(3000.0 * np.cos(angle), 3000.0 * np.sin(angle))[:, 0]
    np.testing.assert_allclose(np.hypot(east, north), np.hypot(east, north)[0])
    np.testing.assert_allclose(up, up[0])
    assert np.all(east * np.cos(angle[0]) + north * np.sin(angle[0]) > 0.0), "swelling pushes outward"


def test_screw_dislocation_is_the_arctangent_of_a_locked_fault():
    fault = ScrewDislocation(strike=0.0, slip=0.04, top=10_000.0)
    x = np.array([[-1e9, -10_000.0, 0.0, 10_000.0, 1e9]])
    east, north, up = fault.enu(x, np.array([[0.0]]))[:, 0]
    # Savage and Burford 1973: v = s / pi atan(x / D); half the slip far away, a quarter at one locking depth
    np.testing.assert_allclose(north, [0.02, 0.01, 0.0, -0.01, -0.02], atol=1e-6)
    np.testing.assert_array_equal(east, 0.0)
    np.testing.assert_array_equal(up, 0.0)


def test_right_lateral_slip_carries_the_far_side_to_the_right_whatever_the_strike():
    for strike in np.radians([0.0, 35.0, 90.0, 200.0]):
        fault = ScrewDislocation(strike=strike, slip=1.0, top=100.0)
        right = np.array([math.cos(strike), -math.sin(strike)]) * 50_000.0
        e, n, _ = fault.enu(np.array([[right[0]]]), np.array([[right[1]]]))[:, 0, 0]
        assert e * math.sin(strike) + n * math.cos(strike) == pytest.approx(-0.5, abs=1e-2)
        assert e * right[0] + n * right[1] == pytest.approx(0.0, abs=1e-8)


def test_slip_that_ends_at_depth_dies_out_and_slip_to_the_surface_breaks_it():
    broken = ScrewDislocation(strike=0.0, slip=1.0, top=0.0, bottom=5000.0)
    x = np.array([[-1e-6, 1e-6, 1e7]])
    north = broken.enu(x, np.array([[0.0]]))[1, 0]
    assert north[0] - north[1] == pytest.approx(1.0, abs=1e-6)
    assert abs(north[2]) < 1e-3


def test_bowl_has_its_depth_its_inward_share_and_a_curl_free_horizontal():
    bowl = Bowl(east=0.0, north=0.0, radius=5000.0, uplift=-0.1, inward=0.4)
    east, north, up = bowl.enu(X, Y)
    middle = 300
    assert up[middle, middle] == pytest.approx(-0.1)
    assert np.hypot(east, north).max() == pytest.approx(0.04, rel=1e-3)
    assert east[middle, 330] < 0.0, "ground east of a sinking bowl moves west, to its centre"
    curl = np.gradient(north, AXIS, axis=1) - np.gradient(east, AXIS, axis=0)
    # central differences over 200 m of a 5 km bowl: (h/s)^2 / 6 of its strain of 8e-6
    np.testing.assert_allclose(curl, 0.0, atol=8e-6 * (200 / 5000) ** 2)


def test_uniform_and_tilt():
    moved = Uniform(vector=(0.1, 0.2, 0.3)).enu(X[:, :3], Y[:2])
    assert moved.shape == (3, 2, 3)
    np.testing.assert_array_equal(moved[:, 1, 1], [0.1, 0.2, 0.3])
    up = Tilt(per_km_east=0.001, per_km_north=-0.002).enu(np.array([[2000.0]]), np.array([[1000.0]]))
    np.testing.assert_allclose(up[:, 0, 0], [0.0, 0.0, 0.0], atol=1e-15)
    up = Tilt(per_km_east=0.001, per_km_north=0.0).enu(np.array([[2000.0]]), np.array([[0.0]]))
    assert up[2, 0, 0] == pytest.approx(0.002)


def test_histories_at_known_days():
    days = (date(2020, 1, 1), date(2020, 7, 1), date(2021, 1, 1), date(2022, 1, 1))
    steady = Steady().values(days)
    assert steady[3] - steady[0] == pytest.approx(731 / 365.25)
    np.testing.assert_array_equal(Step(day=date(2020, 7, 1)).values(days), [0, 1, 1, 1])
    relaxed = Relaxation(day=date(2021, 1, 1), tau=365.0).values(days)
    np.testing.assert_allclose(relaxed, [0, 0, 0, 1 - math.exp(-1)])
    grown = Relaxation(day=date(2021, 1, 1), tau=365.0, logarithmic=True).values(days)
    assert grown[3] == pytest.approx(math.log(2.0))
    bent = Acceleration(day=date(2020, 1, 1)).values(days)
    assert bent[3] == pytest.approx(0.5 * (731 / 365.25) ** 2)
    # 2020 begins 7305 days after 2000: exactly 20 years of 365.25 days
    swing = Seasonal(peak=0.0).values((date(2020, 1, 1), date(2020, 7, 1)))
    assert swing[0] == pytest.approx(1.0)
    assert swing[1] == pytest.approx(-1.0, abs=1e-3)
