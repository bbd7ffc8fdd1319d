"""Compiled sums over looks: product and powers of two images, the geometric phase taken out on the way."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import cosine_sine

Complexes: TypeAlias = NDArray[np.complex64]
Counts: TypeAlias = NDArray[np.int64]
Reals: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

WITHOUT: Final = 0
EACH_PIXEL: Final = 1
LATTICE: Final = 2

PIECE: Final = 512
"""Samples worked on at once: their intermediate values stay in the nearest cache."""


@kernel
def fill_angle(
    values: NDArray[Any], kind: int, place: Reals, scale: float, line: int, first: int, angle: Reals
) -> None:
    """Fill the geometric phase of consecutive samples of a line [rad].

    Parameters
    ----------
    values : float32 or float64, (line, sample) or (node, node)
        One value a pixel, or the nodes of a lattice.
    kind : int
        :data:`EACH_PIXEL` or :data:`LATTICE`.
    place : float64, (4)
        Of a lattice: line of the first node, lines between nodes, sample of the first node, samples between nodes.
    scale : float
        Radians per unit of ``values``.
    line, first : int
        Line, and first of ``angle.size`` samples.
    angle : float64, (sample)
        Filled.
    """
    if kind == EACH_PIXEL:
        for k in range(angle.size):
            angle[k] = scale * values[line, first + k]
        return
    y = (line - place[0]) / place[1]
    upper = min(max(int(np.floor(y)), 0), values.shape[0] - 2)
    y -= upper
    k = 0
    while k < angle.size:
        x = (first + k - place[2]) / place[3]
        left = min(max(int(np.floor(x)), 0), values.shape[1] - 2)
        begin = (1.0 - y) * values[upper, left] + y * values[upper + 1, left]
        end = (1.0 - y) * values[upper, left + 1] + y * values[upper + 1, left + 1]
        origin = scale * (begin + (end - begin) * (x - left))
        slope = scale * (end - begin) / place[3]
        stop = angle.size
        if left < values.shape[1] - 2:
            stop = min(stop, int(np.ceil(place[2] + (left + 1) * place[3])) - first)
        stop = max(stop, k + 1)
        for m in range(k, stop):
            angle[m] = origin + slope * (m - k)
        k = stop


@kernel
def multiply_piece(
    reference: Complexes, secondary: Complexes, cosine: Reals, sine: Reals, kind: int, out: Singles
) -> None:
    """Fill product (real, imaginary), both powers and validity of consecutive samples, (5, sample).

    The product is reference times conjugate of secondary, times ``cosine - i sine`` unless ``kind`` is
    :data:`WITHOUT`; all five are zero where it is not finite.
    """
    for k in range(reference.size):
        a, b = reference[k].real, reference[k].imag
        c, d = secondary[k].real, secondary[k].imag
        real, imaginary = a * c + b * d, b * c - a * d
        if kind != WITHOUT:
            x, y = np.float32(cosine[k]), np.float32(sine[k])
            real, imaginary = real * x + imaginary * y, imaginary * x - real * y
        total = real + imaginary
        good = total - total == np.float32(0.0)
        out[0, k] = real if good else np.float32(0.0)
        out[1, k] = imaginary if good else np.float32(0.0)
        out[2, k] = a * a + b * b if good else np.float32(0.0)
        out[3, k] = c * c + d * d if good else np.float32(0.0)
        out[4, k] = np.float32(1.0) if good else np.float32(0.0)


@kernel
def _leave_out(valid: NDArray[np.bool_], piece: Singles) -> None:
    for k in range(valid.size):
        if not valid[k]:
            piece[:, k] = np.float32(0.0)


@kernel
def _add(values: Singles, sums: Singles) -> None:
    for k in range(values.size):
        sums[k] += values[k]


@kernel
def _reduce(columns: Singles, first_sample: int, n_range: int, first_cell: int, out: Singles) -> None:
    """Sum columns over the cells of range looks, and set them back to zero."""
    for n in range(columns.shape[0]):
        column = 0
        while column < columns.shape[1]:
            cell = (first_sample + column) // n_range
            stop = min((cell + 1) * n_range - first_sample, columns.shape[1])
            total = 0.0
            for k in range(column, stop):
                total += columns[n, k]
                columns[n, k] = np.float32(0.0)
            out[n, cell - first_cell] += np.float32(total)
            column = stop


@kernel
def sum_lines(
    reference: Complexes,
    secondary: Complexes,
    valid: NDArray[np.bool_],
    values: NDArray[Any],
    kind: int,
    place: Reals,
    scale: float,
    origin: Counts,
    looks: Counts,
    layout: Counts,
    lines: tuple[int, int],
    out: Singles,
) -> None:
    """Sum a range of lines over any number of sets of looks.

    Parameters
    ----------
    reference, secondary : complex64, (line, sample)
        Samples.
    valid : bool, (line, sample) or (0, 0)
        Samples to use; all where it is empty.
    values, kind, place, scale
        Geometric phase, as :func:`fill_angle` takes it.
    origin : int64, (2)
        Line and sample of the block's first pixel in the whole image, where cells begin at 0.
    looks : int64, (set, 2)
        Lines and samples of a cell.
    layout : int64, (set, 4)
        Of each set: offset in ``out``, number of columns, first row, first column of the cells.
    lines : (int, int)
        First line and end, inside the block; no other call may touch the same cells.
    out : float32, (5, cell)
        Sums of real and imaginary part, reference and secondary power, and count; added to.
    """
    n_samples = reference.shape[1]
    columns = np.zeros((looks.shape[0], 5, n_samples), np.float32)
    piece = np.empty((5, PIECE), np.float32)
    angle, cosine, sine = np.empty(PIECE), np.empty(PIECE), np.empty(PIECE)
    for line in range(lines[0], lines[1]):
        for first in range(0, n_samples, PIECE):
            stop = min(first + PIECE, n_samples)
            n = stop - first
            if kind != WITHOUT:
                fill_angle(values, kind, place, scale, line, first, angle[:n])
                cosine_sine(angle[:n], cosine[:n], sine[:n])
            multiply_piece(
                reference[line, first:stop], secondary[line, first:stop], cosine, sine, kind, piece
            )
            if valid.size:
                _leave_out(valid[line, first:stop], piece)
            for s in range(looks.shape[0]):
                for m in range(5):
                    _add(piece[m, :n], columns[s, m, first:stop])
        for s in range(looks.shape[0]):
            row = (origin[0] + line) // looks[s, 0]
            if (origin[0] + line + 1) % looks[s, 0] == 0 or line + 1 == lines[1]:
                begin = layout[s, 0] + (row - layout[s, 2]) * layout[s, 1]
                _reduce(
                    columns[s], origin[1], looks[s, 1], layout[s, 3], out[:, begin : begin + layout[s, 1]]
                )
