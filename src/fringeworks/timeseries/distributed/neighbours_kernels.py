"""Compiled tests of samples against the centre of their window, as bits of whole words."""

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


@kernel
def compare_distribution(
    ordered: NDArray[np.float32],
    count: Counts,
    effective: FloatImage,
    *,
    row: int,
    cells: Cells,
    least: int,
    levels: NDArray[np.float32],
    table: NDArray[np.float64],
    quadratic: bool,
    words: Words,
) -> None:
    """Set the bits of samples whose distribution of power is like the centre's, for a row of cells.

    Parameters
    ----------
    ordered : float32, (line, sample, date)
        Powers in rising order, those of missing dates last.
    table : float64, (place, below)
        From :func:`quadratic_table`; without rows, series are merged.
    quadratic : bool
        True: statistic of Anderson and Darling; False: of Kolmogorov and Smirnov, whose ``levels`` count dates.
    """
    n_lines, n_samples, n_dates = ordered.shape
    along, across, height, width = cells
    top, left = row * along + (along - height) // 2, (across - width) // 2
    middle, below = top + height // 2, np.zeros(n_dates, np.int32)
    for col in range(words.shape[1]):
        start = col * across + left
        here = start + width // 2
        n_here = count[middle, here]
        if n_here < least:
            continue
        centre, dates = ordered[middle, here], effective[row, col]
        for dy in range(max(-top, 0), min(height, n_lines - top)):
            for dx in range(max(-start, 0), min(width, n_samples - start)):
                n = count[top + dy, start + dx]
                if n < least:
                    continue
                other = ordered[top + dy, start + dx]
                level = levels[entry_of(dates, n_here, n, len(levels))]
                if n_here < n_dates or n < n_dates or (quadratic and len(table) == 0):
                    total, largest = _merged(centre[:n_here], other[:n])
                    like = total <= level if quadratic else largest * n_dates < level - 1e-3
                elif quadratic:
                    like = _like_quadratic(centre, other, level, table, below)
                else:
                    like = _like_largest(centre, other, int(level))
                place = dy * width + dx
                words[row, col, place >> 6] |= np.uint64(like) << np.uint64(place & 63)


@kernel
def _like_largest(first: NDArray[np.float32], second: NDArray[np.float32], steps: int) -> bool:
    """Return whether two distribution functions are less than so many dates apart.

    They are ``steps`` dates apart where the i-th value of one lies below the (i - steps + 1)-th of the other.
    """
    apart = False
    lag = steps - 1
    for i in range(len(first) - lag):
        apart |= (second[i] > first[i + lag]) | (first[i] > second[i + lag])
    return not apart


@kernel
def _like_quadratic(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    level: float,
    table: NDArray[np.float64],
    below: NDArray[np.int32],
) -> bool:
    """Return whether the statistic of Anderson and Darling is at most ``level``.

    It is a sum over the values of one series of a term that depends on their place and on how many values of the
    other lie below: no merging.  Values that both hold go the long way.  ``below`` is room for as many numbers.
    """
    n = len(first)
    below[:] = 0
    # values of the other below and up to each value: twice the number below, unless some are equal
    for j in range(n):
        value = second[j]
        for i in range(n):
            below[i] += np.int32(value < first[i]) + np.int32(value <= first[i])
    total, odd = table[0, 0], 0
    for i in range(n):
        odd |= below[i] & 1
        total += table[i + 1, below[i] >> 1]
    if odd != 0:
        return _merged(first, second)[0] <= level
    return bool(total <= level)


@kernel
def _merged(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[float, float]:
    """Return the statistic of Anderson and Darling and the largest distance of two distribution functions.

    For any numbers of dates; ties are shared evenly.
    """
    n, m = len(first), len(second)
    i, j, total, largest = 0, 0, 0.0, 0.0
    while i + j < n + m - 1:
        tied = i < n and j < m and first[i] == second[j]
        if j >= m or (i < n and (first[i] < second[j] or (tied and i * m <= j * n))):
            i += 1
        else:
            j += 1
        apart = (i * m - j * n) / (n * m)
        k = i + j
        total += apart * apart * n * m / (k * (n + m - k))
        largest = largest if tied else max(largest, abs(apart))
    return total, largest


@kernel
def quadratic_table(n_dates: int) -> NDArray[np.float64]:
    """Return the terms of the statistic of Anderson and Darling, (place + 1, values of the other below); [0, 0]: constant.

    With ``w_h = 1 / (h (2n - h))`` and sums over the pooled places from R on, the i-th value at place R = i + below adds
    ``sum_{h >= R} ((2 i - h)^2 - (2 i - 2 - h)^2) w_h``, the constant is the sum of ``h^2 w_h``.
    """
    n = n_dates
    from_here = np.zeros((2 * n + 1, 2))
    table = np.zeros((n + 1, n + 1))
    for h in range(2 * n - 1, 0, -1):
        weight = 1.0 / (h * (2.0 * n - h))
        from_here[h, 0] = from_here[h + 1, 0] + weight
        from_here[h, 1] = from_here[h + 1, 1] + weight * h
        table[0, 0] += weight * h * h
    for i in range(1, n + 1):
        for below in range(n + 1):
            place = i + below
            table[i, below] = (8.0 * i - 4.0) * from_here[place, 0] - 4.0 * from_here[place, 1]
    return table


@kernel
def keep_connected(words: Words, row: int, height: int, width: int) -> None:
    """Clear in a row of cells the bits from which no chain of set bits, eight neighbours each, leads to the centre."""
    line, grown = np.zeros(height, np.uint64), np.zeros(height, np.uint64)
    middle = height // 2
    one = np.uint64(1)
    for col in range(words.shape[1]):
        _unpack(words[row, col], line, width)
        grown[:] = 0
        grown[middle] = line[middle] & (one << np.uint64(width // 2))
        changed = grown[middle] != 0
        while changed:
            changed = False
            for step in range(2 * height):
                y = step if step < height else 2 * height - 1 - step
                seed = grown[y]
                if y > 0:
                    seed |= grown[y - 1]
                if y + 1 < height:
                    seed |= grown[y + 1]
                seed = (seed | (seed << one) | (seed >> one)) & line[y]
                # along the line until nothing is added
                wider = (seed | (seed << one) | (seed >> one)) & line[y]
                while wider != seed:
                    seed = wider
                    wider = (seed | (seed << one) | (seed >> one)) & line[y]
                if seed != grown[y]:
                    grown[y] = seed
                    changed = True
        _pack(grown, words[row, col], width)


@kernel
def _unpack(word: NDArray[np.uint64], line: NDArray[np.uint64], width: int) -> None:
    """Cut the bits of a window into one word a line."""
    mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    for y in range(len(line)):
        place = y * width
        index, shift = place >> 6, place & 63
        value = word[index] >> np.uint64(shift)
        if shift + width > 64:
            value |= word[index + 1] << np.uint64(64 - shift)
        line[y] = value & mask


@kernel
def _pack(line: NDArray[np.uint64], word: NDArray[np.uint64], width: int) -> None:
    """Put one word a line together again."""
    word[:] = 0
    for y in range(len(line)):
        place = y * width
        index, shift = place >> 6, place & 63
        word[index] |= line[y] << np.uint64(shift)
        if shift + width > 64:
            word[index + 1] |= line[y] >> np.uint64(64 - shift)


@kernel
def count_bits(words: Words, row: int, number: NDArray[np.int32]) -> None:
    """Fill the number of set bits of each cell of a row."""
    for col in range(words.shape[1]):
        n = 0
        for w in range(words.shape[2]):
            rest = words[row, col, w]
            while rest != 0:
                rest &= rest - np.uint64(1)
                n += 1
        number[row, col] = n


@kernel
def set_looks(
    words: Words, row: int, height: int, width: int, correlation: NDArray[np.float64], looks: FloatImage
) -> None:
    """Fill the independent looks of the set bits of a row of cells: squared number over the sum of correlations."""
    line = np.zeros(height, np.uint64)
    for col in range(words.shape[1]):
        _unpack(words[row, col], line, width)
        number, total = 0, 0.0
        for y in range(height):
            number += _bits(line[y])
            for down in range(min(correlation.shape[0], height - y)):
                for across in range(-min(correlation.shape[1], width) + 1, min(correlation.shape[1], width)):
                    other = line[y + down]
                    other = other << np.uint64(-across) if across < 0 else other >> np.uint64(across)
                    pairs = _bits(line[y] & other)
                    total += (1.0 if down == 0 else 2.0) * pairs * correlation[down, abs(across)]
        looks[row, col] = number * number / total if number > 0 else 0.0


@kernel
def _bits(word: np.uint64) -> int:
    """Return the number of set bits."""
    n = 0
    while word != 0:
        word &= word - np.uint64(1)
        n += 1
    return n
