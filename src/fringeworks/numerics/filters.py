"""Weighted means around each pixel that leave out what is missing."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import in_threads, kernel

Singles: TypeAlias = NDArray[np.float32]
T = TypeVar("T", np.float32, np.complex64)


def box_weights(size: int) -> NDArray[np.float64]:
    """Return equal weights, (size), that add up to 1; the size is odd."""
    _check_odd(size)
    return np.full(size, 1.0 / size)


def triangle_weights(size: int) -> NDArray[np.float64]:
    """Return weights that fall linearly from the middle, (size), and add up to 1; the size is odd."""
    _check_odd(size)
    weights = (size // 2 + 1.0) - np.abs(np.arange(size) - size // 2)
    return np.asarray(weights / weights.sum())


def gaussian_weights(sigma: float, *, reach: float = 3.0) -> NDArray[np.float64]:
    """Return Gaussian weights out to ``reach`` sigmas [pixels], of odd number, that add up to 1."""
    if not sigma > 0:
        raise OutOfRangeError(f"sigma of {sigma} pixels", expected="above 0")
    half = int(np.ceil(reach * sigma))
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def local_mean(
    values: NDArray[T],
    *,
    down: NDArray[np.float64],
    across: NDArray[np.float64],
    least_weight: float = 0.0,
    fill: bool = False,
) -> NDArray[T]:
    """Average around each pixel with separable weights, over what is valid.

    Parameters
    ----------
    values : float32 or complex64, (row, col)
        Not finite where there is no data.
    down, across : float64, (k)
        Weights along rows and columns, of odd number, at least 0.
    least_weight : float
        No value where less than this share of the weight falls on valid pixels; pixels outside the array count as
        missing.
    fill : bool
        Give pixels that have no data a value, too; else they stay NaN.

    Returns
    -------
    same type, (row, col)
        ``sum w v / sum w`` over valid pixels.

    Raises
    ------
    ShapeMismatchError
        The values are not two-dimensional.
    OutOfRangeError
        An even number of weights.

    Notes
    -----
    A block with a halo of half the weights gives the bits of the whole.
    """
    if values.ndim != 2:
        raise ShapeMismatchError(f"values of shape {values.shape}", expected="rows and columns")
    _check_odd(len(down))
    _check_odd(len(across))
    valid = np.isfinite(values)
    clean = np.where(valid, values, 0)
    weight = weighted_sum(valid.astype(np.float32), down=down, across=across)
    enough = weight > max(least_weight * float(np.sum(down) * np.sum(across)) - 1e-6, 1e-12)
    keep = enough if fill else enough & valid
    parts = [clean.real, clean.imag] if np.iscomplexobj(values) else [clean]
    sums = [weighted_sum(np.ascontiguousarray(part, np.float32), down=down, across=across) for part in parts]
    out = np.full(values.shape, np.nan if len(sums) == 1 else complex(np.nan, np.nan), values.dtype)
    mean: NDArray[Any] = sums[0] if len(sums) == 1 else sums[0] + np.complex64(1j) * sums[1]
    np.divide(mean, weight, out=out, where=keep)
    return out


def weighted_sum(values: Singles, *, down: NDArray[np.float64], across: NDArray[np.float64]) -> Singles:
    """Sum around each pixel with separable weights, float32, (row, col); pixels outside the array count as 0."""
    out = np.empty(values.shape, np.float32)
    first, second = np.asarray(down, np.float32), np.asarray(across, np.float32)
    source = np.ascontiguousarray(values, np.float32)
    in_threads(lambda begin, end: _sum_lines(source, first, second, begin, end, out), values.shape[0])
    return out


def _check_odd(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise OutOfRangeError(f"{size} weights", expected="an odd number")


@kernel
def _sum_lines(values: Singles, down: Singles, across: Singles, begin: int, end: int, out: Singles) -> None:
    rows, cols = values.shape
    tall, wide = down.size // 2, across.size // 2
    line = np.zeros(cols + 2 * wide, np.float32)
    inner = line[wide : wide + cols]
    for row in range(begin, end):
        inner[:] = np.float32(0.0)
        for k in range(down.size):
            source = row + k - tall
            if 0 <= source < rows:
                weight, above = down[k], values[source]
                for col in range(cols):
                    inner[col] += weight * above[col]
        target = out[row]
        target[:] = np.float32(0.0)
        for k in range(across.size):
            weight, shifted = across[k], line[k : k + cols]
            for col in range(cols):
                target[col] += weight * shifted[col]
