"""The inner loops of the complex resampler: one strip of output lines, tile by tile."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.deramp_kernels import Chirp, Deramped, Source, deramp_window
from fringeworks.numerics.nodes import FARTHEST, Nodes, expand_line, span_of
from fringeworks.numerics.phase import turn_of

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

TILE: Final = 512
"""Samples of a tile: with some sixty lines, its deramped samples stay in the second cache."""
RUN: Final = 256
"""Most samples that are interpolated at once: weights and sums stay in the first cache."""
_NOWHERE: Final = -(2**40)
_LARGEST: Final = 2**20  # samples of a tile's window; four times what an unwarped tile needs at most


class Weights(NamedTuple):
    """Coefficients of row and column taps."""

    row_even: Singles
    row_odd: Singles
    col_even: Singles
    col_odd: Singles


class Line(NamedTuple):
    """One output line of a tile: positions, fractions, and where each sample's neighbours begin."""

    row: Doubles
    col: Doubles
    row_fraction: Singles
    col_fraction: Singles
    row_index: NDArray[np.int64]
    col_shift: NDArray[np.int64]
    cycles: Doubles


class Scratch(NamedTuple):
    """What a run of samples needs: weights of both axes, sums along a row, and the result."""

    row_weight: Singles
    col_weight: Singles
    part_real: Singles
    part_imaginary: Singles
    real: Singles
    imaginary: Singles


@kernel
def resample_strip(
    source: Source,
    row_nodes: Nodes,
    col_nodes: Nodes,
    phase_nodes: Nodes,
    chirp: Chirp,
    weights: Weights,
    out: Singles,
    first_row: int,
    first_col: int,
) -> None:
    """Fill output lines; ``out`` is (line, 2 sample), parts side by side, its origin at (first_row, first_col)."""
    n_rows, n_cols = out.shape[0], out.shape[1] // 2
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    width = min(TILE, n_cols)
    line = Line(
        np.empty(width),
        np.empty(width),
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        np.empty(width, np.int64),
        np.empty(width, np.int64),
        np.zeros(width),
    )
    scratch = Scratch(
        np.empty((2 * row_reach, RUN), np.float32),
        np.empty((2 * col_reach, RUN), np.float32),
        np.empty(RUN, np.float32),
        np.empty(RUN, np.float32),
        np.empty(RUN, np.float32),
        np.empty(RUN, np.float32),
    )
    for left in range(0, n_cols, TILE):
        right = min(left + TILE, n_cols)
        low, high = span_of(row_nodes, first_row, first_row + n_rows, first_col + left, first_col + right)
        near, far = span_of(col_nodes, first_row, first_row + n_rows, first_col + left, first_col + right)
        image = _tile_image(
            source,
            chirp,
            first_row + low - row_reach,
            first_row + n_rows + high + row_reach + 1,
            first_col + left + near - col_reach,
            first_col + right + far + col_reach + 1,
        )
        for r in range(n_rows):
            _place(line, row_nodes, col_nodes, phase_nodes, first_row + r, first_col + left, right - left)
            target = out[r, 2 * left : 2 * right]
            _fill_line(line, image, source, chirp, weights, scratch, target)


@kernel
def _tile_image(source: Source, chirp: Chirp, top: int, bottom: int, left: int, right: int) -> Deramped:
    """Deramp what a tile needs; nothing where offsets jump so much that it would be far more than a tile."""
    if (bottom - top) * (right - left) > _LARGEST:
        return deramp_window(source, chirp, source.row, source.row, source.col, source.col)
    return deramp_window(source, chirp, top, bottom, left, right)


@kernel
def _place(
    line: Line, row_nodes: Nodes, col_nodes: Nodes, phase_nodes: Nodes, row: int, first_col: int, n: int
) -> None:
    """Fill positions, fractions and indices of one output line."""
    expand_line(row_nodes, row, first_col, line.row[:n])
    expand_line(col_nodes, row, first_col, line.col[:n])
    if phase_nodes.values.size:
        expand_line(phase_nodes, row, first_col, line.cycles[:n])
    rows, cols = line.row[:n], line.col[:n]
    row_fraction, col_fraction = line.row_fraction[:n], line.col_fraction[:n]
    row_index, col_shift = line.row_index[:n], line.col_shift[:n]
    for k in range(n):
        y = row + rows[k]
        x = first_col + k + cols[k]
        rows[k], cols[k] = y, x
        known = abs(y) < FARTHEST and abs(x) < FARTHEST  # not so for NaN
        y0, x0 = np.floor(y), np.floor(x)
        row_fraction[k], col_fraction[k] = y - y0, x - x0
        # Positions on a sample need that sample alone, and make runs of their own: odd numbers.
        row_index[k] = 2 * int(y0) + (y == y0) if known else _NOWHERE
        col_shift[k] = 2 * (int(x0) - k) + (x == x0) if known else _NOWHERE


@kernel
def _fill_line(
    line: Line,
    image: Deramped,
    source: Source,
    chirp: Chirp,
    weights: Weights,
    scratch: Scratch,
    out: Singles,
) -> None:
    """Cut a line into runs whose samples have their neighbours at the same place, and fill each."""
    n = out.size // 2
    row_index, col_shift = line.row_index, line.col_shift
    k = 0
    while k < n:
        end = k + 1
        stop = min(n, k + RUN)
        while end < stop and row_index[end] == row_index[k] and col_shift[end] == col_shift[k]:
            end += 1
        first, last = end, end
        if row_index[k] != _NOWHERE:
            first, last = _valid_part(line, source, weights, k, end)
        for j in range(2 * k, 2 * first):
            out[j] = np.nan
        for j in range(2 * last, 2 * end):
            out[j] = np.nan
        if last > first:
            _interpolate(
                line,
                _run_image(line, image, source, chirp, weights, first, last),
                weights,
                scratch,
                first,
                last,
            )
            _finish(line, chirp, scratch, first, out[2 * first : 2 * last])
        k = end


@kernel
def _run_image(
    line: Line, image: Deramped, source: Source, chirp: Chirp, weights: Weights, start: int, end: int
) -> Deramped:
    """Return the tile's samples if they hold all neighbours of a run, else the run's own."""
    y, x = line.row_index[start] >> 1, line.col_shift[start] >> 1
    top, bottom = y - len(weights.row_even) + 1, y + len(weights.row_even) + 1
    left, right = x + start - len(weights.col_even) + 1, x + end + len(weights.col_even)
    top, left = max(top, source.row), max(left, source.col)
    bottom = min(bottom, source.row + source.samples.shape[0])
    right = min(right, source.col + source.samples.shape[1])
    rows, cols = image.real.shape
    if top >= image.row and left >= image.col and bottom <= image.row + rows and right <= image.col + cols:
        return image
    return deramp_window(source, chirp, top, bottom, left, right)


@kernel
def _valid_part(line: Line, source: Source, weights: Weights, start: int, end: int) -> tuple[int, int]:
    """Return which of a run's samples have all their neighbours."""
    y, x = line.row_index[start] >> 1, line.col_shift[start] >> 1
    top, bottom, before, after = y, y, 0, 0
    if not line.row_index[start] & 1:
        top, bottom = y - len(weights.row_even) + 1, y + len(weights.row_even)
    if not line.col_shift[start] & 1:
        before, after = len(weights.col_even) - 1, len(weights.col_even)
    if top < source.row or bottom >= source.row + source.samples.shape[0]:
        return end, end
    low, high = source.col, source.col + source.samples.shape[1] - 1
    for r in range(top, bottom + 1):
        if source.first_valid[r] < 0:
            return end, end
        low, high = max(low, source.first_valid[r]), min(high, source.last_valid[r])
    first = min(max(low + before - x, start), end)
    return first, max(min(high - after - x + 1, end), first)


@kernel
def _interpolate(
    line: Line, image: Deramped, weights: Weights, scratch: Scratch, start: int, end: int
) -> None:
    """Sum the weighted neighbours of a run: along each row first, then over the rows."""
    n = end - start
    row_reach, col_reach = len(weights.row_even), len(weights.col_even)
    r0, r1, c0, c1 = 0, 2 * row_reach, 0, 2 * col_reach
    if line.row_index[start] & 1:
        r0, r1 = row_reach - 1, row_reach
    if line.col_shift[start] & 1:
        c0, c1 = col_reach - 1, col_reach
    _weigh(line.row_fraction[start:end], weights.row_even, weights.row_odd, scratch.row_weight)
    _weigh(line.col_fraction[start:end], weights.col_even, weights.col_odd, scratch.col_weight)
    real, imaginary = scratch.real[:n], scratch.imaginary[:n]
    part_re, part_im = scratch.part_real[:n], scratch.part_imaginary[:n]
    real[:] = 0.0
    imaginary[:] = 0.0
    top = (line.row_index[start] >> 1) - (row_reach - 1) - image.row
    left = start + (line.col_shift[start] >> 1) - (col_reach - 1) - image.col
    for r in range(r0, r1):
        part_re[:] = 0.0
        part_im[:] = 0.0
        re, im = image.real[top + r], image.imaginary[top + r]
        c = c0
        while c + 4 <= c1:
            _add_four(re[left + c :], scratch.col_weight[c : c + 4], part_re)
            _add_four(im[left + c :], scratch.col_weight[c : c + 4], part_im)
            c += 4
        while c < c1:
            _add_one(re[left + c :], scratch.col_weight[c], part_re)
            _add_one(im[left + c :], scratch.col_weight[c], part_im)
            c += 1
        _add_one(part_re, scratch.row_weight[r], real)
        _add_one(part_im, scratch.row_weight[r], imaginary)


@kernel
def _add_four(values: Singles, weight: Singles, total: Singles) -> None:
    n = total.size
    a, b, c, d = values[0:n], values[1 : n + 1], values[2 : n + 2], values[3 : n + 3]
    wa, wb, wc, wd = weight[0, :n], weight[1, :n], weight[2, :n], weight[3, :n]
    for k in range(n):
        total[k] += (wa[k] * a[k] + wb[k] * b[k]) + (wc[k] * c[k] + wd[k] * d[k])


@kernel
def _add_one(values: Singles, weight: Singles, total: Singles) -> None:
    for k in range(total.size):
        total[k] += weight[k] * values[k]


@kernel
def _weigh(fraction: Singles, even: Singles, odd: Singles, out: Singles) -> None:
    """Evaluate the weights of all taps for a run."""
    half, n = len(even), fraction.size
    for m in range(half):
        e0, e1, o0, o1 = even[m, 0], even[m, 1], odd[m, 0], odd[m, 1]
        left, right = out[m, :n], out[2 * half - 1 - m, :n]
        inner = np.float32(m == half - 1)
        for k in range(n):
            mu = fraction[k]
            nu = mu - np.float32(0.5)
            s = nu * nu
            p = mu * (np.float32(1.0) - mu)
            e, o = e0 + e1 * s, nu * (o0 + o1 * s)
            left[k] = p * (e + o) + inner * (np.float32(1.0) - mu)
            right[k] = p * (e - o) + inner * mu


@kernel
def _finish(line: Line, chirp: Chirp, scratch: Scratch, start: int, out: Singles) -> None:
    """Put the carrier at the very position back, add the given phase, and write."""
    n = out.size // 2
    real, imaginary = scratch.real[:n], scratch.imaginary[:n]
    rows, cols, extra = (
        line.row[start : start + n],
        line.col[start : start + n],
        line.cycles[start : start + n],
    )
    if chirp.cycles.shape[1] == 0:
        for k in range(n):
            cosine, sine = turn_of(extra[k])
            out[2 * k] = real[k] * cosine - imaginary[k] * sine
            out[2 * k + 1] = real[k] * sine + imaginary[k] * cosine
        return
    x = start + (line.col_shift[start] >> 1)
    c0, c1, c2 = chirp.cycles[0, x : x + n], chirp.cycles[1, x : x + n], chirp.cycles[2, x : x + n]
    x1 = x + 1 if not line.col_shift[start] & 1 else x
    d0, d1, d2 = chirp.cycles[0, x1 : x1 + n], chirp.cycles[1, x1 : x1 + n], chirp.cycles[2, x1 : x1 + n]
    for k in range(n):
        f = cols[k] - (x + k)
        t = rows[k] - chirp.middle
        a0, a1, a2 = c0[k] + f * (d0[k] - c0[k]), c1[k] + f * (d1[k] - c1[k]), c2[k] + f * (d2[k] - c2[k])
        cosine, sine = turn_of(a0 + t * (a1 + t * a2) + extra[k])
        out[2 * k] = real[k] * cosine - imaginary[k] * sine
        out[2 * k + 1] = real[k] * sine + imaginary[k] * cosine
