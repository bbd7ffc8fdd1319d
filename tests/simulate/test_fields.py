"""Random fields: their spectrum, their strength, and what they are made into."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Shape
from fringeworks.simulate.fields import Cone, Ellipse, LayeredAir, PowerLaw, Terrain, patches


def radial_slope(field, spacing):
    """Fit the slope of the radial mean of the power spectrum between 1/20 and 1/3 of the Nyquist wavenumber."""
    rows, cols = field.shape
    window = np.hanning(rows)[:, None] * np.hanning(cols)[None, :]
    power = np.abs(np.fft.fft2((field - field.mean()) * window)) ** 2
    k = np.hypot(np.fft.fftfreq(rows, spacing[0])[:, None], np.fft.fftfreq(cols, spacing[1])[None, :])
    nyquist = 0.5 / max(spacing)
    edges = np.geomspace(nyquist / 20, nyquist / 3, 9)
    mean = [power[(k >= a) & (k < b)].mean() for a, b in itertools.pairwise(edges)]
    middle = [k[(k >= a) & (k < b)].mean() for a, b in itertools.pairwise(edges)]
    return np.polyfit(np.log(middle), np.log(mean), 1)[0]


@pytest.mark.parametrize("exponent", [8 / 3, 11 / 3, 2.0])
def test_spectrum_falls_with_the_stated_power(exponent, rng):
    law = PowerLaw(exponent=exponent, rms_difference=0.01, distance=2000.0)
    spacing = (90.0, 60.0)
    slopes = [radial_slope(law.draw(Shape(160, 240), spacing, rng=rng), spacing) for _ in range(24)]
    error = np.std(slopes) / math.sqrt(len(slopes))
    # the Hann window smears the spectrum over three wavenumbers; on a power law that shifts slopes by at most 0.03
    assert np.mean(slopes) == pytest.approx(-exponent, abs=4 * error + 0.03)


@pytest.mark.parametrize("exponent", [0.0, 8 / 3, 11 / 3])
def test_rms_difference_is_as_asked_in_every_direction(exponent, rng):
    law = PowerLaw(exponent=exponent, rms_difference=0.02, distance=1200.0)
    squares = {"x": [], "y": []}
    for _ in range(120):
        field = law.draw(Shape(60, 90), (40.0, 60.0), rng=rng).astype(float)
        squares["x"].append(np.mean((field[:, 20:] - field[:, :-20]) ** 2))
        squares["y"].append(np.mean((field[30:] - field[:-30]) ** 2))
    for values in squares.values():
        error = np.std(values) / math.sqrt(len(values))
        # anisotropic pixels cut the corners of the spectrum off differently along x and y: 2 % of the square
        assert np.mean(values) == pytest.approx(0.02**2, abs=4 * error + 0.02 * 0.02**2)


def test_a_field_does_not_wrap_around(rng):
    law = PowerLaw(exponent=11 / 3, rms_difference=1.0, distance=1000.0)
    across, along = [], []
    for _ in range(60):
        field = law.draw(Shape(64, 64), (50.0, 50.0), rng=rng)
        across.append(np.mean((field[:, 0] - field[:, -1]) ** 2))
        along.append(np.mean((field[:, 0] - field[:, 1]) ** 2))
    assert np.mean(across) > 50 * np.mean(along), "opposite edges are far apart, not neighbours"


def test_a_distance_outside_the_domain_is_refused(rng):
    with pytest.raises(OutOfRangeError, match=r"distance 1e\+09 m"):
        PowerLaw(rms_difference=1.0, distance=1e9).draw(Shape(8, 8), (10.0, 10.0), rng=rng)


def test_layered_air_falls_with_height_and_follows_the_year():
    air = LayeredAir(seasonal=0.04, random=0.0, peak=0.5, scale_height=2000.0)
    share = air.profile(np.array([0.0, 2000.0], np.float32))
    np.testing.assert_allclose(share, [1.0, math.exp(-1)], rtol=1e-6)
    zenith = air.zenith(np.array([23.5, 24.0, 24.5]), rng=np.random.default_rng(1))
    np.testing.assert_allclose(zenith, [0.04, -0.04, 0.04], atol=1e-12)
    loose = LayeredAir(seasonal=0.0, random=0.02).zenith(np.zeros(2000), rng=np.random.default_rng(1))
    # standard error of a standard deviation of 2000 draws is 1.6 %
    assert np.std(loose) == pytest.approx(0.02, rel=0.065)


def test_terrain_holds_its_cone_and_its_floor(rng):
    x, y = np.linspace(-5000, 5000, 101)[None, :], np.linspace(5000, -5000, 81)[:, None]
    terrain = Terrain(
        base=10.0, cones=(Cone(east=2000.0, north=0.0, height=900.0, width=800.0),), lowest=12.0
    )
    height = terrain.draw(x, y, (125.0, 100.0), rng=rng)
    assert height.shape == (81, 101)
    assert height[40, 70] == pytest.approx(910.0)
    assert height.min() == pytest.approx(12.0)


def test_ellipse_holds_its_inside():
    lake = Ellipse(east=100.0, north=0.0, half_east=50.0, half_north=20.0)
    inside = lake.holds(np.array([100.0, 151.0, 100.0, 149.0]), np.array([0.0, 0.0, 21.0, 0.0]))
    np.testing.assert_array_equal(inside, [True, False, False, True])


def test_patches_have_their_shares_and_hang_together(rng):
    classes = patches(Shape(200, 300), (0.2, 0.5, 0.3), (50.0, 50.0), rng=rng)
    shares = np.bincount(classes.ravel(), minlength=3) / classes.size
    # quantiles of the very field: exact to a pixel
    np.testing.assert_allclose(shares, [0.2, 0.5, 0.3], atol=1e-4)
    assert np.mean(classes[:, 1:] == classes[:, :-1]) > 0.95
    assert not patches(Shape(3, 4), (1.0,), (1.0, 1.0), rng=rng).any()
    with pytest.raises(OutOfRangeError, match="shares"):
        patches(Shape(3, 4), (0.5, 0.6), (1.0, 1.0), rng=rng)
