"""Compiled loops over candidates: duplicates, side lobes, clutter and the place of the peak."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@kernel
def find_strongest(
    amplitude: Singles,
    wanted: Bools,
    row: Numbers,
    col: Numbers,
    cell_rows: float,
    cell_cols: float,
    strongest: Bools,
) -> None:
    """Say which candidates are stronger than every other one within their resolution cell; ties go to the first."""
    n_rows, n_cols = amplitude.shape
    reach_rows, reach_cols = int(cell_rows), int(cell_cols)
    for k in range(row.size):
        r, c = row[k], col[k]
        strongest[k] = True
        for i in range(max(r - reach_rows, 0), min(r + reach_rows + 1, n_rows)):
            for j in range(max(c - reach_cols, 0), min(c + reach_cols + 1, n_cols)):
                if not wanted[i, j] or (i == r and j == c):
                    continue
                earlier = i < r or (i == r and j < c)
                if amplitude[i, j] > amplitude[r, c] or (amplitude[i, j] == amplitude[r, c] and earlier):
                    strongest[k] = False


@kernel
def find_side_lobes(
    amplitude: Singles,
    row: Numbers,
    col: Numbers,
    cell_rows: float,
    cell_cols: float,
    reach: float,
    level: float,
    lobe: Bools,
) -> None:
    """Say which candidates lie on an arm of a sample so much stronger that its side lobe may be what is seen.

    ``level`` is amplitude of side lobe over amplitude of main lobe at one and a half cells, where the first lies; it falls
    with one over the distance.  Arms are as wide as a cell.
    """
    n_rows, n_cols = amplitude.shape
    for k in range(row.size):
        r, c = row[k], col[k]
        own = float(amplitude[r, c])
        lobe[k] = False
        for axis in range(2):
            cell, across = (cell_cols, cell_rows) if axis == 0 else (cell_rows, cell_cols)
            along_reach, across_reach = int(reach * cell), int(0.5 * across + 0.5)
            for along in range(-along_reach, along_reach + 1):
                distance = abs(along) / cell
                if distance < 1.0:
                    continue
                needed = own / (level * min(1.5 / distance, 1.0))
                for beside in range(-across_reach, across_reach + 1):
                    i, j = (r + beside, c + along) if axis == 0 else (r + along, c + beside)
                    if 0 <= i < n_rows and 0 <= j < n_cols and amplitude[i, j] > needed:
                        lobe[k] = True


@kernel
def measure_clutter(
    power: Singles,
    row: Numbers,
    col: Numbers,
    guard_rows: int,
    guard_cols: int,
    outer_rows: int,
    outer_cols: int,
    clutter: Singles,
) -> None:
    """Fill the median mean power around each candidate, outside of its own lobes; NaN with fewer than 8 samples."""
    n_rows, n_cols = power.shape
    around = np.empty((2 * outer_rows + 1) * (2 * outer_cols + 1), np.float32)
    for k in range(row.size):
        r, c = row[k], col[k]
        n = 0
        for i in range(max(r - outer_rows, 0), min(r + outer_rows + 1, n_rows)):
            for j in range(max(c - outer_cols, 0), min(c + outer_cols + 1, n_cols)):
                # the arms of its side lobes are left out too
                if abs(i - r) <= guard_rows or abs(j - c) <= guard_cols:
                    continue
                if power[i, j] > 0.0:
                    around[n] = power[i, j]
                    n += 1
        clutter[k] = np.median(around[:n]) if n >= 8 else np.nan


@kernel
def place_peaks(
    amplitude: Singles, row: Numbers, col: Numbers, line: NDArray[np.float64], sample: NDArray[np.float64]
) -> None:
    """Fill the place of each maximum, by a parabola through the logarithms of three samples along either axis."""
    n_rows, n_cols = amplitude.shape
    for k in range(row.size):
        r, c = row[k], col[k]
        line[k], sample[k] = r, c
        if 0 < r < n_rows - 1:
            line[k] += _offset(amplitude[r - 1, c], amplitude[r, c], amplitude[r + 1, c])
        if 0 < c < n_cols - 1:
            sample[k] += _offset(amplitude[r, c - 1], amplitude[r, c], amplitude[r, c + 1])


@kernel
def _offset(before: float, here: float, after: float) -> float:
    """Return the place of the maximum of a parabola through three logarithms, 0 where they have none."""
    if not (before > 0.0 and after > 0.0 and here >= before and here >= after):
        return 0.0
    left, right = math.log(here / before), math.log(here / after)
    return 0.5 * (left - right) / (left + right) if left + right > 0.0 else 0.0
