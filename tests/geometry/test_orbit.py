"""The orbit curve against an analytic orbit and its own definition."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.model.acquisition import StateVectors

EPOCH = "2020-06-01T14:00:00"


def test_passes_through_state_vectors(one_pass):
    states = one_pass.states()
    curve = orbit_curve(states)
    # float64 holds 7e6 m to 1e-9 m; the solution for eight coefficients costs two digits at most
    np.testing.assert_allclose(curve.position(states.time), states.position, atol=1e-7)
    np.testing.assert_allclose(curve.velocity(states.time), states.velocity, atol=1e-8)


def test_follows_the_analytic_orbit_between_them(each_pass):
    curve = each_pass.curve()
    time = np.linspace(-95.0, 95.0, 1001)
    position, velocity = each_pass.state(time)
    # degree 7 over 30 s: h^8/8! of the eighth derivative, 7e6 (1.06e-3)^8 m/s^8, is under 1e-8 m; rounding is more
    np.testing.assert_allclose(curve.position(time), position, atol=2e-8)
    np.testing.assert_allclose(curve.velocity(time), velocity, atol=2e-8)


def test_velocity_and_acceleration_are_derivatives(one_pass):
    curve, time, step = one_pass.curve(), np.linspace(-60.0, 60.0, 77), 1e-2
    slope = (curve.position(time + step) - curve.position(time - step)) / (2 * step)
    bend = (curve.velocity(time + step) - curve.velocity(time - step)) / (2 * step)
    # rounding 1e-9 m over 2e-2 s
    np.testing.assert_allclose(curve.velocity(time), slope, atol=5e-7)
    np.testing.assert_allclose(curve.acceleration(time), bend, atol=1e-7)


def test_uneven_times_are_taken_as_they_are(one_pass, rng):
    time = np.sort(np.arange(-100.0, 101.0, 10.0) + rng.uniform(-2.0, 2.0, 21))
    position, velocity = one_pass.state(time)
    curve = orbit_curve(
        StateVectors(epoch=EPOCH, time=time, position=position, velocity=velocity, source="precise")
    )
    inside = np.linspace(time[0], time[-1], 500)
    np.testing.assert_allclose(curve.position(inside), one_pass.state(inside)[0], atol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_state_vectors_make_a_shorter_polynomial(one_pass, n):
    curve = orbit_curve(one_pass.states(0.0, 10.0 * (n - 1)))
    time = np.linspace(0.0, 10.0 * (n - 1), 50)
    # cubic over 10 s: h^4/384 of the fourth derivative, 8.9e-6 m/s^4, is 0.23 mm
    tolerance = {2: 3e-4, 3: 1e-5, 4: 1e-6}[n]
    np.testing.assert_allclose(curve.position(time), one_pass.state(time)[0], atol=tolerance)


def test_outside_is_nan(one_pass):
    assert np.isnan(one_pass.curve().position([-100.1, 100.1, np.nan])).all()
    assert np.isfinite(one_pass.curve().position([-100.0, 100.0])).all()


def test_clip_keeps_the_numbers(one_pass):
    curve = one_pass.curve()
    part = curve.clip(-23.0, 31.0)
    assert (part.start, part.stop) == (-30.0, 40.0)
    time = np.linspace(-23.0, 31.0, 40)
    np.testing.assert_array_equal(part.position(time), curve.position(time))
    assert curve.clip(-100.0, 100.0).knots.size == curve.knots.size


def test_clip_beyond_the_curve_is_an_error(one_pass):
    with pytest.raises(OutOfRangeError, match=r"covers -120\.000 to 0\.000"):
        one_pass.curve().clip(-120.0, 0.0)


def test_one_state_vector_is_too_few(one_pass):
    with pytest.raises(TooFewDataError, match="1 state vectors"):
        orbit_curve(one_pass.states(0.0, 0.0))


def test_curve_is_read_only(one_pass):
    curve = one_pass.curve()
    with pytest.raises(ValueError, match="read-only"):
        curve.coefficients[0, 0, 0] = 1.0
