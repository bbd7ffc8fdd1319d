"""Polynomials on a box: exact for polynomials, as good as promised for smooth functions."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.boxpolynomial import fit_box

LOW, HIGH = (10.0, -5.0, 100.0), (1500.0, 21000.0, 4000.0)


def inside(rng, n):
    return [rng.uniform(a, b, n) for a, b in zip(LOW, HIGH, strict=True)]


def test_a_polynomial_of_the_order_is_reproduced(rng):
    def function(x, y, z):
        u, v, w = x / 1e3, y / 1e4, z / 1e3
        return np.stack([1.0 + u**2 * v - 3.0 * v**3 * w, u * v * w])

    fitted = fit_box(function, lower=LOW, upper=HIGH, order=(2, 3, 1))
    points = inside(rng, 500)
    # rounding alone: values reach 100
    np.testing.assert_allclose(fitted(*points), function(*points), rtol=0, atol=1e-10)
    assert fitted.error.max() < 1e-10


def test_the_order_rises_until_the_tolerance_is_met(rng):
    def function(x, y, z):
        return np.sqrt((x + 700e3) ** 2 + (y * 4.0 + 300e3) ** 2 + (z - 700e3) ** 2)[None]

    fitted = fit_box(function, lower=LOW, upper=HIGH, order=(1, 1, 1), tolerance=[1e-6])
    points = inside(rng, 2000)
    difference = np.abs(fitted(*points) - function(*points)).max()
    assert fitted.error[0] <= 1e-6
    # the error is measured between the nodes, where it is largest; elsewhere it may exceed that a little
    assert difference < 2e-6


def test_a_grid_gives_the_same_as_its_points(rng):
    fitted = fit_box(
        lambda x, y, z: np.stack([np.sin(x / 900) + y * z * 1e-8, np.cos(y / 9000)]),
        lower=LOW,
        upper=HIGH,
        order=(8, 6, 2),
    )
    x, y = np.linspace(10, 1500, 7), np.linspace(0, 21000, 11)
    z = rng.uniform(100, 4000, (7, 11)).astype(np.float32)
    z[3, 4] = np.nan
    grid = fitted.on_grid(1, x=x, y=y, z=z)
    points = fitted(x[:, None], y[None], z)[1]
    np.testing.assert_allclose(grid, points, rtol=0, atol=1e-14)
    assert np.isnan(grid[3, 4])
    assert np.isfinite(np.delete(grid.ravel(), 3 * 11 + 4)).all()


def test_a_box_without_extent_is_refused():
    with pytest.raises(OutOfRangeError, match="three sides longer than zero"):
        fit_box(lambda x, y, z: x[None] + y + z, lower=LOW, upper=LOW, order=(1, 1, 1))


def test_a_function_that_is_not_finite_is_refused():
    with pytest.raises(OutOfRangeError, match="not finite"):
        fit_box(lambda x, _, __: np.full((1, x.size), np.nan), lower=LOW, upper=HIGH, order=(1, 1, 1))


def test_a_grid_that_does_not_fit_is_refused():
    fitted = fit_box(lambda x, y, z: (x + y + z)[None], lower=LOW, upper=HIGH, order=(1, 1, 1))
    with pytest.raises(ShapeMismatchError, match="expected"):
        fitted.on_grid(0, x=[1.0, 2.0], y=[1.0], z=np.zeros((1, 2)))
