"""Smooth functions of three variables as polynomials on a box: fitted once, evaluated millions of times.

A function that is smooth over a box is interpolated at Chebyshev nodes; the error of such an interpolation falls
geometrically with the order, and is measured at points between the nodes.  Evaluation needs no transcendental
function, and collapses to a polynomial of two variables along a line of constant first variable.

Reference: Trefethen (2013), Approximation Theory and Approximation Practice, chapters 2, 8 and 15.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numba import prange
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import kernel, parallel_kernel

Vector: TypeAlias = NDArray[np.float64]
BoxFunction: TypeAlias = Callable[[Vector, Vector, Vector], Vector]
"""Takes x, y, z of shape (n) and gives values of shape (n_values, n)."""
_HIGHEST = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxPolynomial:
    """Polynomials of three variables on a common box.

    Attributes
    ----------
    lower, upper : float64, (3)
        Corners of the box, in the units of the variables.
    coefficients : float64, (value, x power, y power, z power)
        Of powers of the variables scaled to [-1, 1].
    error : float64, (value)
        Largest difference from the function at points between the nodes, in the units of the values.
    """

    lower: Vector
    upper: Vector
    coefficients: NDArray[np.float64]
    error: Vector

    def __call__(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        """Evaluate at points; the three broadcast. Returns float64, (value, ...); NaN gives NaN."""
        px, py, pz = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x, y, z)))
        points = np.stack([px.reshape(-1), py.reshape(-1), pz.reshape(-1)])
        scaled = _scaled(points, self.lower, self.upper)
        out = np.empty((self.coefficients.shape[0], points.shape[1]))
        _evaluate(self.coefficients, np.ascontiguousarray(scaled), out)
        return out.reshape(-1, *px.shape)

    def on_grid(
        self, value: int, *, x: ArrayLike, y: ArrayLike, z: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Evaluate one value on a grid of x and y, with z given at each of its nodes.

        Parameters
        ----------
        value : int
            Which of the values.
        x, y : float64, (n_x), (n_y)
            Axes of the grid.
        z : float32 or float64, (n_x, n_y)
            Third variable; NaN gives NaN.

        Returns
        -------
        float64, (n_x, n_y)
        """
        px, py = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
        if z.shape != (px.size, py.size):
            raise ShapeMismatchError(f"z of shape {z.shape}", expected=f"({px.size}, {py.size})")
        scale = np.array([self.scale_of(axis) for axis in range(3)])
        out = np.empty(z.shape)
        _evaluate_grid(self.coefficients[value], scale, px, py, np.ascontiguousarray(z), out)
        return out

    def scale_of(self, axis: int) -> tuple[float, float]:
        """Return (a, b) such that a * variable + b is the scaled variable of an axis."""
        width = float(self.upper[axis] - self.lower[axis])
        return 2.0 / width, -float(self.upper[axis] + self.lower[axis]) / width


def _scaled(points: NDArray[np.float64], lower: Vector, upper: Vector) -> NDArray[np.float64]:
    return np.asarray((2.0 * points - (upper + lower)[:, None]) / (upper - lower)[:, None], np.float64)


def fit_box(
    function: BoxFunction,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    order: tuple[int, int, int],
    tolerance: ArrayLike | None = None,
) -> BoxPolynomial:
    """Interpolate a smooth function at the Chebyshev nodes of a box.

    Parameters
    ----------
    function : callable
        Of three float64 arrays (n); returns float64, (value, n), finite.
    lower, upper : float64, (3)
        The box; each side longer than zero.
    order : tuple of int
        Degree along each axis to begin with.
    tolerance : float64, (value), optional
        Raise the degrees, by two at a time and to twelve at most, until the error between nodes is below it.

    Raises
    ------
    OutOfRangeError
        The box has no extent, or the function is not finite in it.
    ShapeMismatchError
        The function gives an array of another shape.
    """
    low, high = np.asarray(lower, np.float64), np.asarray(upper, np.float64)
    if low.shape != (3,) or high.shape != (3,) or not (high > low).all():
        raise OutOfRangeError(
            f"box {low.tolist()} to {high.tolist()}", expected="three sides longer than zero"
        )
    wanted = None if tolerance is None else np.asarray(tolerance, np.float64)
    degrees = order
    while True:
        fitted = _fit_once(function, low, high, degrees)
        if wanted is None or (fitted.error <= wanted).all() or min(degrees) >= _HIGHEST:
            return fitted
        degrees = (
            min(degrees[0] + 2, _HIGHEST),
            min(degrees[1] + 2, _HIGHEST),
            min(degrees[2] + 2, _HIGHEST),
        )


def _fit_once(function: BoxFunction, low: Vector, high: Vector, order: tuple[int, int, int]) -> BoxPolynomial:
    nodes = [np.cos(np.pi * (np.arange(n + 1) + 0.5) / (n + 1)) for n in order]
    values = _on_grid(function, low, high, nodes)
    coefficients = values
    for axis, u in enumerate(nodes):
        inverse = _to_powers(len(u)) @ np.linalg.inv(chebyshev.chebvander(u, len(u) - 1))
        moved = np.tensordot(inverse, coefficients, axes=(1, axis + 1))
        coefficients = np.moveaxis(moved, 0, axis + 1)
    between = [np.cos(np.pi * np.arange(n + 2) / (n + 1)) for n in order]
    truth = _on_grid(function, low, high, between)
    fitted = BoxPolynomial(
        lower=low, upper=high, coefficients=np.ascontiguousarray(coefficients), error=np.zeros(len(truth))
    )
    grid = np.meshgrid(*between, indexing="ij")
    where = [0.5 * ((h - lo) * g + h + lo) for g, lo, h in zip(grid, low, high, strict=True)]
    error = np.abs(fitted(*where) - truth).reshape(len(truth), -1).max(axis=1)
    return BoxPolynomial(lower=low, upper=high, coefficients=fitted.coefficients, error=error)


def _on_grid(function: BoxFunction, low: Vector, high: Vector, nodes: list[Vector]) -> NDArray[np.float64]:
    axes = [0.5 * ((h - lo) * u + h + lo) for u, lo, h in zip(nodes, low, high, strict=True)]
    grid = [g.reshape(-1) for g in np.meshgrid(*axes, indexing="ij")]
    values = np.asarray(function(*grid), np.float64)
    if values.ndim != 2 or values.shape[1] != grid[0].size:
        raise ShapeMismatchError(f"values of shape {values.shape}", expected=f"(value, {grid[0].size})")
    if not np.isfinite(values).all():
        raise OutOfRangeError("the function is not finite in the whole box", expected="finite values")
    return values.reshape(-1, *(len(u) for u in nodes))


def _to_powers(n: int) -> NDArray[np.float64]:
    """Return the matrix from Chebyshev coefficients to those of powers, (power, degree)."""
    matrix = np.zeros((n, n))
    for degree in range(n):
        unit = np.zeros(degree + 1)
        unit[degree] = 1.0
        matrix[: degree + 1, degree] = chebyshev.cheb2poly(unit)
    return matrix


@kernel
def collapse(coefficients: NDArray[np.float64], u: float, out: NDArray[np.float64]) -> None:
    """Fix the first variable; for compiled callers: (x, y, z powers) at scaled ``u`` to (y, z powers)."""
    n_x, n_y, n_z = coefficients.shape
    for j in range(n_y):
        for k in range(n_z):
            value = coefficients[n_x - 1, j, k]
            for i in range(n_x - 2, -1, -1):
                value = value * u + coefficients[i, j, k]
            out[j, k] = value


@kernel
def along(coefficients: NDArray[np.float64], v: float, out: NDArray[np.float64]) -> None:
    """Fix the second variable too; for compiled callers: (y, z powers) at scaled ``v`` to (z powers)."""
    n_y, n_z = coefficients.shape
    for k in range(n_z):
        value = coefficients[n_y - 1, k]
        for j in range(n_y - 2, -1, -1):
            value = value * v + coefficients[j, k]
        out[k] = value


@kernel
def power_sum(coefficients: NDArray[np.float64], w: float) -> float:
    """Evaluate a polynomial of one variable; for compiled callers."""
    value = coefficients[coefficients.shape[0] - 1]
    for k in range(coefficients.shape[0] - 2, -1, -1):
        value = value * w + coefficients[k]
    return float(value)


@parallel_kernel
def _evaluate(
    coefficients: NDArray[np.float64], scaled: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    n_values, _, n_y, n_z = coefficients.shape
    for p in prange(scaled.shape[1]):
        plane, row = np.empty((n_y, n_z)), np.empty(n_z)
        for q in range(n_values):
            collapse(coefficients[q], scaled[0, p], plane)
            along(plane, scaled[1, p], row)
            out[q, p] = power_sum(row, scaled[2, p])


@parallel_kernel
def _evaluate_grid(
    coefficients: NDArray[np.float64],
    scale: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.floating],
    out: NDArray[np.float64],
) -> None:
    _, n_y, n_z = coefficients.shape
    for i in prange(x.size):
        plane, row = np.empty((n_y, n_z)), np.empty(n_z)
        collapse(coefficients, scale[0, 0] * x[i] + scale[0, 1], plane)
        for j in range(y.size):
            along(plane, scale[1, 0] * y[j] + scale[1, 1], row)
            out[i, j] = power_sum(row, scale[2, 0] * z[i, j] + scale[2, 1])
