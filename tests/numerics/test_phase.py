import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.numerics.phase import circular_mean, cosine_sine, wrap


@given(st.floats(-1e4, 1e4), st.integers(-50, 50))
def test_wrap_is_congruent_and_forgets_whole_turns(angle, turns):
    one, other = wrap(np.array([angle])), wrap(np.array([angle + 2 * np.pi * turns]))
    assert abs(one[0]) <= np.pi + 1e-9
    assert np.exp(1j * one) == pytest.approx(np.exp(1j * angle), abs=1e-9)
    assert np.exp(1j * one) == pytest.approx(np.exp(1j * other), abs=1e-9)


def test_wrap_keeps_type_nan_and_input():
    angle = np.array([0.0, 7.0, np.nan], np.float32)
    before = angle.copy()
    wrapped = wrap(angle)
    assert wrapped.dtype == np.float32
    np.testing.assert_allclose(wrapped, [0.0, 7.0 - 2 * np.pi, np.nan], atol=1e-6)
    np.testing.assert_array_equal(angle, before)
    np.testing.assert_array_equal(wrap(wrapped), wrapped)


def test_circular_mean_of_both_sides_of_pi_is_pi():
    mean, length = circular_mean(np.array([np.pi - 0.2, -np.pi + 0.2, np.nan]))
    assert abs(mean) == pytest.approx(np.pi)
    assert length == pytest.approx(np.cos(0.2))


def test_circular_mean_along_an_axis_and_without_any_value():
    phase = np.array([[0.1, np.nan], [0.3, np.nan]])
    mean, length = circular_mean(phase, axis=0)
    np.testing.assert_allclose(mean, [0.2, np.nan])
    np.testing.assert_allclose(length, [np.cos(0.1), np.nan])


def test_cosine_and_sine_against_the_library(rng):
    angle = np.concatenate(
        [np.linspace(-20, 20, 4001), 1e6 * rng.standard_normal(500), [np.nan, np.pi, -np.pi]]
    )
    cosine, sine = np.empty_like(angle), np.empty_like(angle)
    cosine_sine(angle, cosine, sine)
    # Truncation of the series at pi/2 is 3e-9; reducing angles of 1e6 in doubles leaves 2e-10.
    np.testing.assert_allclose(cosine, np.cos(angle), atol=1e-8)
    np.testing.assert_allclose(sine, np.sin(angle), atol=1e-8)
