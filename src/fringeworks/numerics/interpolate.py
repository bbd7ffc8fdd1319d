"""Interpolation on images and along curves.

Image positions are fractional (row, col); 0 is the centre of the first pixel.  Complex signals with a
carrier are resampled elsewhere, with long kernels.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import kernel, parallel_kernel

Method: TypeAlias = Literal["bilinear", "bicubic"]


def sample_image(
    image: NDArray[np.floating], row: ArrayLike, *, col: ArrayLike, method: Method = "bilinear"
) -> NDArray[np.float64]:
    """Interpolate an image at fractional positions.

    Parameters
    ----------
    image : float32 or float64, (row, col)
        NaN where there is no data.
    row, col : float64, any shapes that broadcast
        Positions; the outermost pixel centres are still inside.
    method : {"bilinear", "bicubic"}
        Bicubic is Keys' kernel with a = -1/2, exact for parabolas; where its 4 x 4 neighbourhood is not
        complete (border, NaN) it gives way to bilinear.

    Returns
    -------
    float64
        NaN outside the image, and where a pixel with weight is NaN.

    Raises
    ------
    ShapeMismatchError
        The image is not two-dimensional.
    OutOfRangeError
        The method has another name.
    """
    if image.ndim != 2:
        raise ShapeMismatchError(f"image of shape {image.shape}", expected="(row, col)")
    if method not in ("bilinear", "bicubic"):
        raise OutOfRangeError(f"method {method!r}", expected="bilinear or bicubic")
    r, c = np.broadcast_arrays(np.asarray(row, np.float64), np.asarray(col, np.float64))
    out = np.empty(r.size)
    _sample_all(
        np.ascontiguousarray(image),
        np.ascontiguousarray(r).reshape(-1),
        np.ascontiguousarray(c).reshape(-1),
        3 if method == "bicubic" else 1,
        out,
    )
    return out.reshape(r.shape)


def interpolate_lagrange(nodes: ArrayLike, values: ArrayLike, *, at: ArrayLike) -> NDArray[np.float64]:
    """Evaluate the polynomial through all given nodes (barycentric form, second kind).

    Parameters
    ----------
    nodes : float64, (n)
        Distinct.
    values : float64, (n, ...)
        Values at the nodes.
    at : float64, (m)
        Where to evaluate.

    Returns
    -------
    float64, (m, ...)

    Raises
    ------
    ShapeMismatchError
        Nodes and values differ in number.
    OutOfRangeError
        Two nodes are equal.
    """
    x, y, t = _curve_arguments(nodes, values, at)
    gap = x[:, None] - x[None, :]
    np.fill_diagonal(gap, 1.0)
    scale = np.ptp(x) / 4.0 if x.size > 1 else 1.0
    weight = 1.0 / np.prod(gap / scale, axis=1)
    distance = t[:, None] - x[None, :]
    hit = distance == 0.0
    on_node = hit.any(axis=1)
    part = weight / np.where(hit, 1.0, distance)
    part[on_node] = hit[on_node]
    return np.asarray(np.tensordot(part / part.sum(axis=1, keepdims=True), y, axes=1), np.float64)


def interpolate_hermite(
    nodes: ArrayLike, values: ArrayLike, *, slopes: ArrayLike, at: ArrayLike
) -> NDArray[np.float64]:
    """Evaluate the polynomial that has given values and slopes at all given nodes.

    Parameters
    ----------
    nodes : float64, (n)
        Distinct.
    values, slopes : float64, (n, ...)
        Values and first derivatives at the nodes.
    at : float64, (m)
        Where to evaluate.

    Returns
    -------
    float64, (m, ...)
        Degree 2 n - 1.

    Raises
    ------
    ShapeMismatchError
        Nodes, values and slopes differ in number.
    OutOfRangeError
        Two nodes are equal.
    """
    x, y, t = _curve_arguments(nodes, values, at)
    rise = np.asarray(slopes, np.float64)
    if rise.shape != y.shape:
        raise ShapeMismatchError(f"slopes of shape {rise.shape}", expected=f"{y.shape}, as the values")
    gap = x[:, None] - x[None, :]
    np.fill_diagonal(gap, np.inf)
    lean = (1.0 / gap).sum(axis=1)  # derivative of each Lagrange base polynomial at its own node
    base = interpolate_lagrange(x, np.eye(x.size), at=t)
    away = t[:, None] - x[None, :]
    of_value = base**2 * (1.0 - 2.0 * lean * away)
    of_slope = base**2 * away
    return np.asarray(np.tensordot(of_value, y, axes=1) + np.tensordot(of_slope, rise, axes=1), np.float64)


def _curve_arguments(
    nodes: ArrayLike, values: ArrayLike, at: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(nodes, np.float64), np.asarray(values, np.float64)
    if x.ndim != 1 or y.shape[:1] != x.shape:
        raise ShapeMismatchError(f"nodes {x.shape} and values {y.shape}", expected="(n) and (n, ...)")
    if np.unique(x).size != x.size:
        raise OutOfRangeError("two nodes are equal", expected="distinct nodes")
    return x, y, np.atleast_1d(np.asarray(at, np.float64))


@kernel
def bilinear_at(image: NDArray[np.floating], row: float, col: float) -> float:
    """Interpolate linearly at one position; for compiled callers (see :func:`sample_image`)."""
    n_rows, n_cols = image.shape
    if not (row >= 0.0 and col >= 0.0 and row <= n_rows - 1 and col <= n_cols - 1):
        return np.nan
    r, c = int(row), int(col)
    fr, fc = row - r, col - c
    # a neighbour without weight is not asked: it may be NaN, or beyond the last row
    r1, c1 = r + (fr > 0.0), c + (fc > 0.0)
    top = float(image[r, c]) if c1 == c else (1.0 - fc) * image[r, c] + fc * image[r, c1]
    if r1 == r:
        return top
    low = float(image[r1, c]) if c1 == c else (1.0 - fc) * image[r1, c] + fc * image[r1, c1]
    return (1.0 - fr) * top + fr * low


@kernel
def _keys(f: float) -> tuple[float, float, float, float]:
    """Weights of the four neighbours for a fraction in [0, 1) (Keys 1981, a = -1/2)."""
    g = 1.0 - f
    return (
        -0.5 * f * g * g,
        1.0 + f * f * (1.5 * f - 2.5),
        1.0 + g * g * (1.5 * g - 2.5),
        -0.5 * g * f * f,
    )


@kernel
def bicubic_at(image: NDArray[np.floating], row: float, col: float) -> float:
    """Interpolate with Keys' cubic at one position; for compiled callers (see :func:`sample_image`)."""
    n_rows, n_cols = image.shape
    inside = row >= 1.0 and col >= 1.0 and row < n_rows - 2 and col < n_cols - 2
    if inside:
        r, c = int(row), int(col)
        wr, wc = _keys(row - r), _keys(col - c)
        total = 0.0
        for i in range(4):
            part = 0.0
            for j in range(4):
                part += wc[j] * image[r - 1 + i, c - 1 + j]
            total += wr[i] * part
        if math.isfinite(total):
            return total
    value = bilinear_at(image, row, col)
    return float(value)


@parallel_kernel
def _sample_all(
    image: NDArray[np.floating],
    row: NDArray[np.float64],
    col: NDArray[np.float64],
    order: int,
    out: NDArray[np.float64],
) -> None:
    for i in prange(row.size):
        if order == 3:
            out[i] = bicubic_at(image, row[i], col[i])
        else:
            out[i] = bilinear_at(image, row[i], col[i])


def fill_holes(image: NDArray[np.float32], *, reach: int) -> NDArray[np.float32]:
    """Fill small holes of an image from what lies around them.

    Parameters
    ----------
    image : float32, (row, col)
        NaN in the holes.
    reach : int
        How far to look for a valid pixel in each of the eight directions [pixels]; also the halo that makes a
        block equal to the whole.

    Returns
    -------
    float32, (row, col)
        Each NaN that has valid pixels within reach in at least five of eight directions gets their mean weighted by
        inverse squared distance; other NaN stay.
    """
    out = image.copy()
    _fill_all(np.ascontiguousarray(image), reach, out)
    return out


@parallel_kernel
def _fill_all(image: NDArray[np.float32], reach: int, out: NDArray[np.float32]) -> None:
    n_rows, n_cols = image.shape
    for r in prange(n_rows):
        for c in range(n_cols):
            if not np.isnan(image[r, c]):
                continue
            total, weight, hits = 0.0, 0.0, 0
            for direction in range(9):
                dr, dc = direction // 3 - 1, direction % 3 - 1
                steps = _first_valid(image, r, c, dr, dc, reach)
                if steps > 0:
                    w = 1.0 / (steps * steps * (dr * dr + dc * dc))
                    total += w * image[r + steps * dr, c + steps * dc]
                    weight += w
                    hits += 1
            if hits >= 5:
                out[r, c] = total / weight


@kernel
def _first_valid(image: NDArray[np.float32], r: int, c: int, dr: int, dc: int, reach: int) -> int:
    """Return the steps to the first valid pixel in a direction, 0 where there is none within reach."""
    if dr == 0 and dc == 0:
        return 0
    for steps in range(1, reach + 1):
        y, x = r + steps * dr, c + steps * dc
        if y < 0 or x < 0 or y >= image.shape[0] or x >= image.shape[1]:
            return 0
        if not np.isnan(image[y, x]):
            return steps
    return 0
