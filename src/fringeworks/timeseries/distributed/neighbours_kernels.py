"""Compiled comparisons of mean powers with the centre of a window, as bits of whole words."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.numerics.compiled import kernel

Words: TypeAlias = NDArray[np.uint64]
Counts: TypeAlias = NDArray[np.int32]
Cells: TypeAlias = tuple[int, int, int, int]
"""Lines and samples of a cell, lines and samples of a window."""


@kernel
def describe(
    stack: NDArray[np.complex64] | NDArray[np.float32],
    first: int,
    last: int,
    *,
    log_power: FloatImage,
    scatter: FloatImage,
    count: Counts,
) -> None:
    """Fill of some lines the logarithm of mean power, by how much it exceeds the mean logarithm, and valid dates.

    Parameters
    ----------
    stack : complex64 or float32, (date, line, sample)
        Images or amplitudes; not finite or 0 where there is nothing.
    first, last : int
        Lines.
    log_power, scatter : float32, (line, sample)
        NaN where there is no valid date.
    count : int32, (line, sample)
        Valid dates.
    """
    n_dates, _, n_samples = stack.shape
    total, logs, product = np.empty(n_samples), np.empty(n_samples), np.empty(n_samples)
    for y in range(first, last):
        total[:], logs[:], product[:], count[y] = 0.0, 0.0, 1.0, 0
        for k in range(n_dates):
            for x in range(n_samples):
                value = stack[k, y, x]
                power = np.float64(value.real * value.real + value.imag * value.imag)
                # false for NaN, infinity and zero
                good = 0.0 < power < np.inf
                total[x] += power if good else 0.0
                product[x] *= power if good else 1.0
                count[y, x] += 1 if good else 0
            # six powers of single precision multiply without overflow: one logarithm for all
            if k % 6 == 5 or k == n_dates - 1:
                for x in range(n_samples):
                    logs[x] += np.log(product[x])
                    product[x] = 1.0
        for x in range(n_samples):
            log_power[y, x], scatter[y, x] = np.nan, np.nan
            if count[y, x] > 0:
                level = np.log(total[x] / count[y, x])
                log_power[y, x] = level
                scatter[y, x] = max(level - logs[x] / count[y, x], 0.0)


@kernel
def average_scatter(scatter: FloatImage, row: int, cells: Cells, mean: FloatImage) -> None:
    """Fill the mean of what is finite in the windows of a row of cells; NaN where nothing is."""
    n_lines, n_samples = scatter.shape
    along, across, height, width = cells
    top, left = row * along + (along - height) // 2, (across - width) // 2
    total, number = np.zeros(n_samples), np.zeros(n_samples)
    for y in range(max(top, 0), min(top + height, n_lines)):
        for x in range(n_samples):
            if scatter[y, x] >= 0.0:
                total[x] += scatter[y, x]
                number[x] += 1.0
    for col in range(mean.shape[1]):
        start = col * across + left
        s, n = 0.0, 0.0
        for x in range(max(start, 0), min(start + width, n_samples)):
            s += total[x]
            n += number[x]
        mean[row, col] = s / n if n > 0.0 else np.nan


@kernel
def entry_of(effective: float, n_centre: int, n_sample: int, n_entries: int) -> int:
    """Return the entry of a table for two samples of so many valid dates, ``effective`` independent ones at the centre."""
    shared = effective * 2.0 * n_sample / (n_centre + n_sample)
    return min(max(int((shared - 1.0) * 8.0 + 0.5), 0), n_entries - 1)


@kernel
def compare_power(
    log_power: FloatStack,
    power: FloatStack,
    count: NDArray[np.int32],
    effective: FloatImage,
    *,
    row: int,
    cells: Cells,
    least: int,
    fewest: int,
    levels: NDArray[np.float32],
    words: Words,
) -> None:
    """Set the bits of samples whose mean power is like the centre's, and then like that of all these, for a row of cells.

    Parameters
    ----------
    log_power, power, count : (line, place, column)
        Logarithm of mean power, mean power and valid dates of sample ``column * across + place``; NaN and 0 beyond the edge.
    effective : float32, (row, column)
        Independent dates.
    row : int
        Row of cells.
    cells : tuple of int
        Lines and samples of a cell, and of a window.
    least : int
        Valid dates a sample needs.
    fewest : int
        Samples like the centre that it takes to go by their mean power.
    levels : float32, (3, entry)
        For 1, 1 1/8, ... effective dates: largest difference of logarithms from the centre, least and largest from the
        mean.  One entry compares nothing.
    words : uint64, (row, column, word)
        Bits to set, in rows of the window; all zero before.
    """
    along, across, height, width = cells
    top, left = row * along + (along - height) // 2, (across - width) // 2
    middle, n_cols, first, last = (
        top + height // 2,
        words.shape[1],
        max(-top, 0),
        min(height, len(power) - top),
    )
    here = count[middle, left + width // 2, :n_cols]
    uniform = count[top + first : top + last].min() == count.max()
    aim, low, high = np.empty((3, n_cols), np.float32)
    total, number, entries = (
        np.zeros(n_cols, np.float32),
        np.zeros(n_cols, np.float32),
        np.zeros(n_cols, np.int64),
    )
    for col in range(n_cols):
        aim[col] = log_power[middle, left + width // 2, col] if here[col] >= least else np.nan
        entries[col] = entry_of(effective[row, col], 1, 1, levels.shape[1])
        low[col], high[col] = -levels[0, entries[col]], levels[0, entries[col]]
    by_mean = np.zeros(n_cols, np.bool_)
    bits = np.zeros((words.shape[2], n_cols), np.uint64)
    for turn in range(2):
        for place in range(first * width, last * width):
            y, q = top + place // width, left + place % width
            shift = q // across
            begin, end = max(0, -shift), min(n_cols, power.shape[2] - shift)
            if begin >= end:
                continue
            part, moved = slice(begin, end), slice(begin + shift, end + shift)
            n = count[y, q - shift * across, moved]
            if not uniform:
                _bounds(
                    n, here[part], least, effective[row, part], by_mean[part], levels, low[part], high[part]
                )
            values = log_power[y, q - shift * across, moved]
            if turn == 0:
                powers = power[y, q - shift * across, moved]
                _sum_like(values, powers, aim[part], low[part], high[part], total[part], number[part])
            else:
                _mark_like(values, aim[part], low[part], high[part], bits[place >> 6, part], place & 63)
        for col in range(n_cols):
            by_mean[col] = number[col] >= fewest
            if by_mean[col]:
                aim[col] = np.log(total[col] / number[col])
                low[col], high[col] = levels[1, entries[col]], levels[2, entries[col]]
    centre = height // 2 * width + width // 2
    for col in range(n_cols):
        if here[col] >= least:
            bits[centre >> 6, col] |= np.uint64(1) << np.uint64(centre & 63)
        for w in range(words.shape[2]):
            words[row, col, w] = bits[w, col]


@kernel
def _bounds(
    count: NDArray[np.int32],
    here: NDArray[np.int32],
    least: int,
    effective: NDArray[np.float32],
    by_mean: NDArray[np.bool_],
    levels: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
) -> None:
    """Fill the bounds of samples of so many valid dates against centres of others; none passes where too few are valid."""
    for i in range(len(count)):
        low[i], high[i] = np.inf, -np.inf
        if count[i] >= least and here[i] >= least:
            entry = entry_of(effective[i], here[i], count[i], levels.shape[1])
            low[i] = levels[1, entry] if by_mean[i] else -levels[0, entry]
            high[i] = levels[2, entry] if by_mean[i] else levels[0, entry]


@kernel
def _sum_like(
    values: NDArray[np.float32],
    powers: NDArray[np.float32],
    aim: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    total: NDArray[np.float32],
    number: NDArray[np.float32],
) -> None:
    """Add the powers of values within bounds around an aim, and count them; NaN is within none."""
    zero, one = np.float32(0.0), np.float32(1.0)
    for i in range(len(values)):
        apart = values[i] - aim[i]
        like = (apart >= low[i]) & (apart <= high[i])
        total[i] += powers[i] if like else zero
        number[i] += one if like else zero


@kernel
def _mark_like(
    values: NDArray[np.float32],
    aim: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    plane: NDArray[np.uint64],
    bit: int,
) -> None:
    """Set a bit where a value is within bounds around an aim."""
    for i in range(len(values)):
        apart = values[i] - aim[i]
        plane[i] |= np.uint64((apart >= low[i]) & (apart <= high[i])) << np.uint64(bit)
