"""Compiled comparisons of whole distributions of power: Kolmogorov and Smirnov, Anderson and Darling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage
from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.neighbours_kernels import Cells, Counts, Words, entry_of


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
