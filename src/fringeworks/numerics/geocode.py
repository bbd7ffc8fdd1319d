"""Images at fractional positions given for every pixel of another grid, real and complex, and their regions."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numba import prange
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.compiled import parallel_kernel

Value = TypeVar("Value", np.float32, np.complex64)


def geocode_image(
    image: NDArray[Value],
    row: NDArray[np.float32],
    col: NDArray[np.float32],
    *,
    labels: NDArray[np.uint16] | None = None,
) -> NDArray[Value]:
    """Interpolate an image bilinearly at fractional rows and columns.

    Parameters
    ----------
    image : float32 or complex64, (line, sample)
        NaN where there is no data.
    row, col : float32, (y, x)
        Positions, 0 = centre of the first cell; NaN = none.
    labels : uint16, (line, sample), optional
        Regions; a pixel whose neighbours with weight lie in different regions stays empty, since values of different
        regions differ by an unknown constant.

    Returns
    -------
    float32 or complex64, (y, x)
        NaN outside the image, and where a neighbour with weight is NaN.

    Raises
    ------
    ShapeMismatchError
        Shapes do not fit each other.
    """
    if row.shape != col.shape or (labels is not None and labels.shape != image.shape):
        raise ShapeMismatchError(
            f"positions {row.shape} and {col.shape}, labels {None if labels is None else labels.shape}",
            expected=f"positions alike, labels {image.shape}",
        )
    regions = np.zeros((1, 1), np.uint16) if labels is None else np.ascontiguousarray(labels)
    if np.iscomplexobj(image):
        parts = [np.ascontiguousarray(p, np.float32) for p in (image.real, image.imag)]
        found = [_run(p, row, col, regions, uses=labels is not None) for p in parts]
        joined = (found[0] + np.complex64(1j) * found[1]).astype(np.complex64)
        joined[np.isnan(found[0]) | np.isnan(found[1])] = complex(np.nan, np.nan)
        return joined  # type: ignore[return-value]
    return _run(np.ascontiguousarray(image, np.float32), row, col, regions, uses=labels is not None)  # type: ignore[return-value]


def _run(
    image: NDArray[np.float32],
    row: NDArray[np.float32],
    col: NDArray[np.float32],
    labels: NDArray[np.uint16],
    *,
    uses: bool,
) -> NDArray[np.float32]:
    out = np.empty(row.shape, np.float32)
    _bilinear(image, np.ascontiguousarray(row), np.ascontiguousarray(col), labels, uses, out)
    return out


def geocode_components(
    labels: NDArray[np.uint16], row: NDArray[np.float32], col: NDArray[np.float32]
) -> NDArray[np.uint16]:
    """Take the region of the nearest cell at fractional rows and columns; 0 outside the image."""
    with np.errstate(invalid="ignore"):
        r, c = np.rint(row), np.rint(col)
        inside = (r >= 0) & (c >= 0) & (r < labels.shape[0]) & (c < labels.shape[1])
    out = np.zeros(row.shape, np.uint16)
    out[inside] = labels[r[inside].astype(np.int64), c[inside].astype(np.int64)]
    return out


@parallel_kernel
def _bilinear(
    image: NDArray[np.float32],
    row: NDArray[np.float32],
    col: NDArray[np.float32],
    labels: NDArray[np.uint16],
    uses: bool,  # noqa: FBT001
    out: NDArray[np.float32],
) -> None:
    n_rows, n_cols = image.shape
    for i in prange(row.shape[0]):
        for j in range(row.shape[1]):
            out[i, j] = np.nan
            r, c = row[i, j], col[i, j]
            if not (r >= 0.0 and c >= 0.0 and r <= n_rows - 1 and c <= n_cols - 1):
                continue
            r0, c0 = math.floor(r), math.floor(c)
            fr, fc = r - r0, c - c0
            r1 = r0 + 1 if fr > 0.0 else r0
            c1 = c0 + 1 if fc > 0.0 else c0
            if uses:
                label = labels[r0, c0]
                if labels[r0, c1] != label or labels[r1, c0] != label or labels[r1, c1] != label:
                    continue
            top = (1.0 - fc) * image[r0, c0] + fc * image[r0, c1]
            low = (1.0 - fc) * image[r1, c0] + fc * image[r1, c1]
            out[i, j] = (1.0 - fr) * top + fr * low
