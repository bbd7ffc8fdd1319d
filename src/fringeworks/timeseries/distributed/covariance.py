"""Windows of cells, and the coherence matrix of one of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import BoolImage
from fringeworks.model.grids import Looks, Shape, Window


def cell_window(row: int, column: int, *, strides: Looks, window: Shape) -> Window:
    """Return the lines and samples whose covariance a cell has; they may reach beyond the image.

    Parameters
    ----------
    row, column : int
        Cell.
    strides : Looks
        Lines and samples of a cell.
    window : Shape
        Lines and samples of a window.
    """
    first_line = row * strides.azimuth + (strides.azimuth - window.rows) // 2
    first_sample = column * strides.range + (strides.range - window.cols) // 2
    return Window(first_line, first_sample, window.rows, window.cols)


def covariance_at(
    stack: NDArray[np.complex64],
    row: int,
    column: int,
    *,
    strides: Looks,
    window: Shape,
    similar: BoolImage | None = None,
) -> NDArray[np.complex64]:
    """Return the sample coherence of all pairs of dates in one cell.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Coregistered, flattened images; NaN or 0 where there is nothing.
    row, column : int
        Cell.
    strides : Looks
        Lines and samples of a cell.
    window : Shape
        Lines and samples that are averaged.
    similar : bool, (line, sample) of the window, optional
        Samples that count; all by default.

    Returns
    -------
    complex64, (date, date)
        ``sum z_i conj(z_j)`` over the root of the powers: Hermitian, ones on the diagonal; NaN in the rows and columns of
        dates without data.

    Raises
    ------
    ShapeMismatchError
        The stack has not three axes, or ``similar`` is not a window.
    OutOfRangeError
        No such cell.

    Notes
    -----
    Where dates have different samples, a pair's sum is scaled by ``sqrt(n_i n_j) / n_ij`` with n the numbers of samples.
    """
    if stack.ndim != 3:
        raise ShapeMismatchError(f"a stack of shape {stack.shape}", expected="(date, line, sample)")
    grid = Shape(stack.shape[1] // strides.azimuth, stack.shape[2] // strides.range)
    if not (0 <= row < grid.rows and 0 <= column < grid.cols):
        raise OutOfRangeError(f"cell ({row}, {column})", expected=f"a cell of {grid.rows} x {grid.cols}")
    if similar is not None and similar.shape != tuple(window):
        raise ShapeMismatchError(
            f"similar samples of shape {similar.shape}", expected=f"the window's, {tuple(window)}"
        )
    place = cell_window(row, column, strides=strides, window=window)
    rows = slice(max(place.row, 0), min(place.row + place.rows, stack.shape[1]))
    cols = slice(max(place.col, 0), min(place.col + place.cols, stack.shape[2]))
    images = stack[:, rows, cols].astype(np.complex128)
    valid = np.isfinite(images) & (images != 0)
    if similar is not None:
        inside = similar[
            rows.start - place.row : rows.stop - place.row, cols.start - place.col : cols.stop - place.col
        ]
        valid &= inside
    flat = np.where(valid, images, 0).reshape(stack.shape[0], -1)
    there = valid.reshape(stack.shape[0], -1).astype(float)
    sums, counts = flat @ flat.conj().T, there @ there.T
    number = np.diag(counts)
    scale = np.sqrt(np.outer(number, number)) / np.maximum(counts, 1)
    power = np.sqrt(np.outer(np.diag(sums).real, np.diag(sums).real))
    coherence = np.full(sums.shape, np.nan + 0j)
    np.divide(sums * scale, power, out=coherence, where=(power > 0) & (counts > 0))
    return coherence.astype(np.complex64)
