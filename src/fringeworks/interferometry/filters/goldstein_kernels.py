"""Compiled spectral filter of overlapping patches."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.fourier import transform_patches
from fringeworks.numerics.power import raise_to

Complexes: TypeAlias = NDArray[np.complex64]
Singles: TypeAlias = NDArray[np.float32]

# Columns transformed at once: as many patches as make this many.
_WIDTH: Final = 128


@kernel
def _load(
    image: Complexes, top: int, left: int, which: tuple[int, int], real: Singles, imaginary: Singles
) -> None:
    """Copy a patch to its place among others, (size, patch, size), flat; what lies outside the image is 0."""
    rows, cols = image.shape
    size = which[1]
    row = real.size // size
    j0, j1 = max(-left, 0), min(max(cols - left, 0), size)
    for i in range(size):
        begin = i * row + which[0] * size
        to_real, to_imaginary = real[begin : begin + size], imaginary[begin : begin + size]
        if j1 - j0 < size or top + i < 0 or top + i >= rows:
            to_real[:] = np.float32(0.0)
            to_imaginary[:] = np.float32(0.0)
        if 0 <= top + i < rows and j1 > j0:
            line = image[top + i, left + j0 : left + j1]
            for j in range(line.size):
                to_real[j0 + j] = line[j].real
                to_imaginary[j0 + j] = line[j].imag


@kernel
def _store(
    real: Singles, imaginary: Singles, which: int, taper: Singles, top: int, left: int, image: Complexes
) -> None:
    """Add one of the patches times its taper."""
    rows, cols = image.shape
    size = taper.size
    row = real.size // size
    j0, j1 = max(-left, 0), min(cols - left, size)
    for i in range(max(-top, 0), min(rows - top, size)):
        weight = taper[i] / np.float32(size * size)
        line = image[top + i, left + j0 : left + j1]
        begin = i * row + which * size
        r, m = real[begin + j0 : begin + j1], imaginary[begin + j0 : begin + j1]
        t = taper[j0:j1]
        for j in range(line.size):
            w = weight * t[j]
            line[j] += np.complex64(complex(w * r[j], w * m[j]))


@kernel
def smooth_patches(values: Singles, half: int, size: int, spare: Singles) -> None:
    """Sum patches over ``2 half + 1`` neighbours each way, round the ends, in place; (size, patch, size), flat."""
    row = values.size // size
    for i in range(size):
        line, first = spare[i * row : (i + 1) * row], values[i * row : (i + 1) * row]
        for j in range(row):
            line[j] = first[j]
        for d in range(1, half + 1):
            up, down = (i + size - d) % size, (i + d) % size
            above, below = values[up * row : (up + 1) * row], values[down * row : (down + 1) * row]
            for j in range(row):
                line[j] += above[j] + below[j]
    for begin in range(0, values.size, size):
        line, out = spare[begin : begin + size], values[begin : begin + size]
        middle = out[half : size - half]
        for j in range(middle.size):
            middle[j] = line[half + j]
        for d in range(1, half + 1):
            left, right = line[half - d : size - half - d], line[half + d : size - half + d]
            for j in range(middle.size):
                middle[j] += left[j] + right[j]
        for j in range(half):
            for end in (j, size - 1 - j):
                total = line[end]
                for d in range(1, half + 1):
                    total += line[(end + size - d) % size] + line[(end + d) % size]
                out[end] = total


@kernel
def _scale_to_largest(values: Singles, size: int, spare: Singles) -> None:
    """Divide each patch by its largest value, where that is not 0; (size, patch, size), flat."""
    row = values.size // size
    largest = spare[:row]
    largest[:] = np.float32(0.0)
    for i in range(size):
        line = values[i * row : (i + 1) * row]
        for j in range(row):
            largest[j] = max(largest[j], line[j])
    for begin in range(0, row, size):
        most = np.float32(0.0)
        for j in range(begin, begin + size):
            most = max(most, largest[j])
        largest[begin : begin + size] = np.float32(1.0) / most if most > 0 else np.float32(0.0)
    for i in range(size):
        line = values[i * row : (i + 1) * row]
        for j in range(row):
            line[j] *= largest[j]


@kernel
def _mean_coherence(coherence: Singles, top: int, left: int, size: int) -> float:
    rows, cols = coherence.shape
    total, n = 0.0, 0
    for i in range(max(top, 0), min(top + size, rows)):
        for j in range(max(left, 0), min(left + size, cols)):
            if coherence[i, j] >= 0:
                total += coherence[i, j]
                n += 1
    return total / n if n else 0.0


@kernel
def filter_patches(
    image: Complexes,
    coherence: Singles,
    strength: tuple[float, float],
    half: int,
    taper: Singles,
    table: Singles,
    places: tuple[int, int, int, int],
    out: Complexes,
) -> None:
    """Filter a row of patches.

    Parameters
    ----------
    image : complex64, (row, col)
        0 where there is no data.
    coherence : float32, (row, col) or (0, 0)
        Where it is given, the exponent of a patch is one minus its mean coherence; NaN is left out.
    strength : (float, float)
        Least and largest exponent.
    half : int
        The spectrum's magnitude is smoothed over ``2 half + 1`` neighbours each way.
    taper : float32, (size)
        Weights of a patch along each side; those of all patches add up to 1.
    table : float32, (2, size)
        Twiddles.
    places : (int, int, int, int)
        First row of the patches, first column of the first, columns between patches, number of patches.
    out : complex64, (row, col)
        Added to.
    """
    size = taper.size
    together = max(_WIDTH // size, 1)
    n = together * size * size
    real, imaginary = np.empty(n, np.float32), np.empty(n, np.float32)
    spare_real, spare_imaginary = np.empty(n, np.float32), np.empty(n, np.float32)
    magnitude, whole = np.empty(n, np.float32), np.empty(n, np.int32)
    top = places[0]
    for patch in range(0, places[3], together):
        # Of the last ones, some may lie beyond the image: they are zero and are not stored.
        for which in range(together):
            _load(image, top, places[1] + (patch + which) * places[2], (which, size), real, imaginary)
        transform_patches(real, imaginary, spare_real, spare_imaginary, table)
        for k in range(n):
            magnitude[k] = np.sqrt(real[k] * real[k] + imaginary[k] * imaginary[k])
        if half:
            smooth_patches(magnitude, half, size, spare_real)
        _scale_to_largest(magnitude, size, spare_real)
        if coherence.size:
            for which in range(together):
                mean = _mean_coherence(coherence, top, places[1] + (patch + which) * places[2], size)
                alpha = min(max(1.0 - mean, strength[0]), strength[1])
                for i in range(size):
                    begin = (i * together + which) * size
                    piece = slice(begin, begin + size)
                    raise_to(magnitude[piece], alpha, spare_real[piece], spare_imaginary[piece], whole[piece])
        else:
            raise_to(magnitude, strength[1], spare_real, spare_imaginary, whole)
        for k in range(n):
            real[k] *= spare_real[k]
            imaginary[k] *= spare_real[k]
        transform_patches(imaginary, real, spare_imaginary, spare_real, table)
        for which in range(min(together, places[3] - patch)):
            _store(real, imaginary, which, taper, top, places[1] + (patch + which) * places[2], out)
