"""Compiled Fourier transforms of small square patches, in single precision, many columns at once.

Real and imaginary parts are arrays of their own, so that every step is the same arithmetic on consecutive numbers.
The transform is Stockham's: no reordering of bits, factors of four and at most one of two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.compiled import kernel

Singles: TypeAlias = NDArray[np.float32]


@lru_cache(maxsize=16)
def twiddles(size: int) -> Singles:
    """Return cosines and sines of ``2 pi k / size``, (2, size), for :func:`transform_patches`.

    Raises
    ------
    OutOfRangeError
        The size is no power of two from 4 to 512.
    """
    if size not in (4, 8, 16, 32, 64, 128, 256, 512):
        raise OutOfRangeError(f"patch of {size}", expected="a power of two from 4 to 512")
    angle = 2.0 * np.pi * np.arange(size) / size
    table = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    table.flags.writeable = False
    return table


@kernel
def _four(
    real: Singles, imaginary: Singles, to_real: Singles, to_imaginary: Singles, stride: int, table: Singles
) -> None:
    """Do one step of four; arrays are (size, column), flat."""
    size, width = table.shape[1], real.size // table.shape[1]
    quarter, run = size // stride // 4, stride * width
    for p in range(quarter):
        k = p * stride
        w1r, w1i = table[0, k], -table[1, k]
        w2r, w2i = table[0, 2 * k], -table[1, 2 * k]
        w3r, w3i = table[0, 3 * k], -table[1, 3 * k]
        a, b = run * p, run * (p + quarter)
        c, d = run * (p + 2 * quarter), run * (p + 3 * quarter)
        ar, ai, br, bi = real[a : a + run], imaginary[a : a + run], real[b : b + run], imaginary[b : b + run]
        cr, ci, dr, di = real[c : c + run], imaginary[c : c + run], real[d : d + run], imaginary[d : d + run]
        o = 4 * run * p
        y0r, y0i = to_real[o : o + run], to_imaginary[o : o + run]
        y1r, y1i = to_real[o + run : o + 2 * run], to_imaginary[o + run : o + 2 * run]
        y2r, y2i = to_real[o + 2 * run : o + 3 * run], to_imaginary[o + 2 * run : o + 3 * run]
        y3r, y3i = to_real[o + 3 * run : o + 4 * run], to_imaginary[o + 3 * run : o + 4 * run]
        for q in range(run):
            sr, si, tr, ti = ar[q] + cr[q], ai[q] + ci[q], ar[q] - cr[q], ai[q] - ci[q]
            ur, ui, vr, vi = br[q] + dr[q], bi[q] + di[q], br[q] - dr[q], bi[q] - di[q]
            y0r[q], y0i[q] = sr + ur, si + ui
            er, ei = tr + vi, ti - vr
            y1r[q], y1i[q] = er * w1r - ei * w1i, er * w1i + ei * w1r
            er, ei = sr - ur, si - ui
            y2r[q], y2i[q] = er * w2r - ei * w2i, er * w2i + ei * w2r
            er, ei = tr - vi, ti + vr
            y3r[q], y3i[q] = er * w3r - ei * w3i, er * w3i + ei * w3r


@kernel
def _two(real: Singles, imaginary: Singles, to_real: Singles, to_imaginary: Singles) -> None:
    """Do the last step, of two: no twiddles are left."""
    half = real.size // 2
    for q in range(half):
        ar, ai, br, bi = real[q], imaginary[q], real[half + q], imaginary[half + q]
        to_real[q], to_imaginary[q] = ar + br, ai + bi
        to_real[half + q], to_imaginary[half + q] = ar - br, ai - bi


@kernel
def transform_columns(
    real: Singles, imaginary: Singles, spare_real: Singles, spare_imaginary: Singles, table: Singles
) -> None:
    """Transform the columns of a patch in place; arrays are (size, column), flat, spares of the same size."""
    size, stride, swapped = table.shape[1], 1, False
    while stride < size:
        if swapped:
            r, i, o, p = spare_real, spare_imaginary, real, imaginary
        else:
            r, i, o, p = real, imaginary, spare_real, spare_imaginary
        if size // stride >= 4:
            _four(r, i, o, p, stride, table)
            stride *= 4
        else:
            _two(r, i, o, p)
            stride *= 2
        swapped = not swapped
    if swapped:
        real[:] = spare_real
        imaginary[:] = spare_imaginary


@kernel
def _transpose(source: Singles, target: Singles, size: int) -> None:
    """Transpose each of some square patches side by side; arrays are (size, patch, size), flat."""
    count = source.size // (size * size)
    row = count * size
    for patch in range(count):
        for i in range(0, size, 4):
            for j in range(0, size, 4):
                p = i * row + patch * size + j
                a0, a1, a2, a3 = source[p], source[p + 1], source[p + 2], source[p + 3]
                p += row
                b0, b1, b2, b3 = source[p], source[p + 1], source[p + 2], source[p + 3]
                p += row
                c0, c1, c2, c3 = source[p], source[p + 1], source[p + 2], source[p + 3]
                p += row
                d0, d1, d2, d3 = source[p], source[p + 1], source[p + 2], source[p + 3]
                q = j * row + patch * size + i
                target[q], target[q + 1], target[q + 2], target[q + 3] = a0, b0, c0, d0
                q += row
                target[q], target[q + 1], target[q + 2], target[q + 3] = a1, b1, c1, d1
                q += row
                target[q], target[q + 1], target[q + 2], target[q + 3] = a2, b2, c2, d2
                q += row
                target[q], target[q + 1], target[q + 2], target[q + 3] = a3, b3, c3, d3


@kernel
def transform_patches(
    real: Singles, imaginary: Singles, spare_real: Singles, spare_imaginary: Singles, table: Singles
) -> None:
    """Transform square patches in place into their *transposed* spectra, ``sum x exp(-2 pi i (u m + v n) / size)``.

    Parameters
    ----------
    real, imaginary : float32, (size, patch, size), flat
        Any number of patches side by side: several small ones at once keep the loops long.
    spare_real, spare_imaginary : float32, of the same size
        Hold intermediate values.
    table : float32, (2, size)
        From :func:`twiddles`.

    Notes
    -----
    Called again with real and imaginary part exchanged, it gives the patches back, times ``size**2``.
    """
    size = table.shape[1]
    transform_columns(real, imaginary, spare_real, spare_imaginary, table)
    _transpose(real, spare_real, size)
    _transpose(imaginary, spare_imaginary, size)
    transform_columns(spare_real, spare_imaginary, real, imaginary, table)
    real[:] = spare_real
    imaginary[:] = spare_imaginary
