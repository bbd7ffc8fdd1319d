"""Baselines of passes moved by known amounts."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.baseline import find_baselines, height_of_ambiguity
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.model.acquisition import StateVectors


@pytest.fixture
def scene(each_pass):
    curve = each_pass.curve()
    ground = project_at_height(
        curve, azimuth_time=np.array([[-1.0], [1.0]]), slant_range=np.array([830e3, 900e3]), height=100.0
    )
    return curve, geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)


def moved(each_pass, direction):
    """Move the whole pass in the local frame of its state at time 0 by 100 m."""
    states = each_pass.states()
    return orbit_curve(
        StateVectors(
            epoch=states.epoch,
            time=states.time,
            position=states.position + 100.0 * direction,
            velocity=states.velocity,
            source="precise",
        )
    )


def test_signs(each_pass, scene):
    curve, points = scene
    here, forward = curve.position(0.0), curve.velocity(0.0)
    forward /= np.linalg.norm(forward)
    view = points[0, 0] - here
    view -= forward * (view @ forward)
    view /= np.linalg.norm(view)
    outward = np.cross(forward, view)
    outward *= np.sign(outward @ here)
    nearer = find_baselines(curve, moved(each_pass, view), points=points)
    # directions turn by 1 s of flight (1e-3 rad) and 5 degrees across the swath
    assert (nearer.parallel > 99.0).all()
    assert nearer.parallel[0, 0] == pytest.approx(100.0, abs=0.05)
    higher = find_baselines(curve, moved(each_pass, outward), points=points)
    assert higher.perpendicular[0, 0] == pytest.approx(100.0, abs=0.05)
    # growing look angle: the far point is looked at more sideways
    assert higher.parallel[0, 1] != pytest.approx(higher.parallel[0, 0], abs=1.0)


def test_no_baseline_and_exchanged_passes(each_pass, scene):
    curve, points = scene
    none = find_baselines(curve, curve, points=points)
    np.testing.assert_allclose(none.perpendicular, 0.0, atol=1e-6)
    other = moved(each_pass, np.array([0.3, -0.5, 0.8]) / np.linalg.norm([0.3, -0.5, 0.8]))
    there, back = (
        find_baselines(curve, other, points=points),
        find_baselines(other, curve, points=points),
    )
    # the frames turn by B / R = 1e-4
    np.testing.assert_allclose(there.perpendicular, -back.perpendicular, atol=0.03)
    np.testing.assert_allclose(there.parallel, -back.parallel, atol=0.03)
    ranges = there.reference.slant_range - there.secondary.slant_range
    # B^2 / 2 R
    np.testing.assert_allclose(there.parallel, ranges, atol=0.01)
    np.testing.assert_allclose(
        np.sqrt(there.parallel**2 + there.perpendicular**2 + there.along_track**2) <= 100.0 + 10.0, True
    )


def test_height_of_ambiguity_known_value():
    """100 m, 850 km, 34 degrees, C band: about 132 m."""
    height = height_of_ambiguity(
        [100.0, -100.0, 0.0], wavelength=0.0555, slant_range=850e3, incidence=np.radians(34.0)
    )
    np.testing.assert_allclose(height[:2], [-131.9, 131.9], atol=0.1)
    assert np.isinf(height[2])


def test_points_need_three_values(scene):
    with pytest.raises(ShapeMismatchError, match=r"\(\.\.\., 3\)"):
        find_baselines(scene[0], scene[0], points=np.zeros((3, 2)))
