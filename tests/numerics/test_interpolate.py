"""Interpolation: polynomials it must reproduce, plain twins, NaN, borders."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BarycentricInterpolator, RegularGridInterpolator

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.interpolate import (
    fill_holes,
    interpolate_hermite,
    interpolate_lagrange,
    sample_image,
)


@pytest.fixture
def places(rng):
    return rng.uniform(0.0, 11.0, 500), rng.uniform(0.0, 15.0, 500)


def test_bilinear_is_scipys(rng, places):
    image = rng.normal(size=(12, 16))
    twin = RegularGridInterpolator((np.arange(12), np.arange(16)), image)
    np.testing.assert_allclose(
        sample_image(image, places[0], col=places[1]), twin(np.stack(places, -1)), atol=1e-14
    )


def test_bicubic_reproduces_parabolas_inside(places):
    y, x = np.mgrid[:12, :16].astype(float)

    def surface(r, c):
        return 2 + 0.3 * r - 0.1 * c + 0.02 * r * c + 0.05 * r**2 - 0.04 * c**2

    inside = (places[0] > 1) & (places[0] < 10) & (places[1] > 1) & (places[1] < 14)
    row, col = places[0][inside], places[1][inside]
    found = sample_image(surface(y, x), row, col=col, method="bicubic")
    np.testing.assert_allclose(found, surface(row, col), atol=1e-13)


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_pixels_themselves_and_borders(rng, method):
    image = rng.normal(size=(5, 7)).astype(np.float32)
    row, col = np.mgrid[:5, :7]
    np.testing.assert_array_equal(sample_image(image, row, col=col, method=method), image)
    outside = sample_image(
        image, [-0.01, 4.01, 0.0, 0.0, np.nan], col=[0.0, 0.0, -0.01, 6.01, 1.0], method=method
    )
    assert np.isnan(outside).all()


def test_nan_stays_where_it_has_weight():
    image = np.arange(36.0).reshape(6, 6)
    image[2, 2] = np.nan
    found = sample_image(image, [2.0, 2.0, 1.5, 2.5], col=[3.0, 2.5, 1.0, 3.0])
    assert np.isnan(found).tolist() == [False, True, False, False]
    # bicubic gives way to bilinear around the hole
    assert sample_image(image, 3.5, col=3.5, method="bicubic") == pytest.approx(24.5)


def test_inputs_are_checked():
    with pytest.raises(ShapeMismatchError, match=r"\(row, col\)"):
        sample_image(np.zeros(4), 0.0, col=0.0)
    with pytest.raises(OutOfRangeError, match="bilinear or bicubic"):
        sample_image(np.zeros((4, 4)), 0.0, col=0.0, method="nearest")


def test_lagrange_is_scipys_and_exact_for_its_degree(rng):
    nodes, at = np.sort(rng.uniform(-5, 5, 9)), np.linspace(-5, 5, 101)
    values = rng.normal(size=(9, 3))
    np.testing.assert_allclose(
        interpolate_lagrange(nodes, values, at=at), BarycentricInterpolator(nodes, values)(at), rtol=1e-8
    )
    np.testing.assert_array_equal(interpolate_lagrange(nodes, values, at=nodes), values)
    power = np.polynomial.Polynomial(rng.normal(size=9))
    np.testing.assert_allclose(interpolate_lagrange(nodes, power(nodes), at=at), power(at), rtol=1e-7)


def test_hermite_has_values_and_slopes(rng):
    power = np.polynomial.Polynomial(rng.normal(size=8))
    nodes, at = np.array([-1.0, 0.1, 1.2, 2.0]), np.linspace(-1, 2, 61)
    found = interpolate_hermite(nodes, power(nodes), slopes=power.deriv()(nodes), at=at)
    np.testing.assert_allclose(found, power(at), atol=1e-10)
    step = 1e-6
    pair = interpolate_hermite(
        nodes, power(nodes), slopes=0.0 * nodes, at=nodes[1] + step * np.array([-1, 1])
    )
    assert abs(pair[1] - pair[0]) / (2 * step) < 1e-4


def test_curves_check_their_nodes():
    with pytest.raises(ShapeMismatchError, match="nodes"):
        interpolate_lagrange([0.0, 1.0], [1.0], at=0.5)
    with pytest.raises(OutOfRangeError, match="distinct"):
        interpolate_lagrange([0.0, 0.0], [1.0, 2.0], at=0.5)
    with pytest.raises(ShapeMismatchError, match="slopes"):
        interpolate_hermite([0.0, 1.0], [1.0, 2.0], slopes=[1.0], at=0.5)


def test_holes_are_filled_from_around_and_never_beyond_reach():
    y, x = np.mgrid[:40, :40].astype(np.float32)
    plane = 2 * x + 3 * y
    image = plane.copy()
    image[10, 10] = np.nan
    image[20:35, 20:35] = np.nan
    image[0, 0] = np.nan
    found = fill_holes(image, reach=4)
    # a lone hole lies in the middle of its neighbours: exact on a plane
    assert found[10, 10] == pytest.approx(plane[10, 10], abs=1e-4)
    assert np.isnan(found[27, 27])
    assert np.isnan(found[0, 0]), "a corner is no hole: only three directions hold pixels"
    assert np.isnan(image[10, 10]), "the input is left alone"
    kept = np.isfinite(image)
    np.testing.assert_array_equal(found[kept], image[kept])


def test_filled_holes_do_not_depend_on_the_block(rng):
    image = rng.normal(size=(60, 60)).astype(np.float32)
    image[rng.random((60, 60)) < 0.3] = np.nan
    whole = fill_holes(image, reach=6)
    np.testing.assert_array_equal(fill_holes(image[4:46, 9:51], reach=6)[6:-6, 6:-6], whole[10:40, 15:45])
