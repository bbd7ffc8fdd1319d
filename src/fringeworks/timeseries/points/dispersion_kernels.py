"""Compiled loops over the amplitudes of a stack."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int32]

FLUSH = 32
"""Dates summed in single precision before they are added to the sums in double precision."""


@kernel
def add_amplitudes(
    stack: NDArray[Any], factors: Singles, first: int, last: int, total: Reals, squares: Reals, count: Counts
) -> None:
    """Add amplitudes, their squares and their number of the lines of a range; zero and NaN are missing.

    ``stack`` is complex64 (date, line, sample) with ``factors`` to multiply amplitudes by.
    """
    n_dates, _, n_samples = stack.shape
    part, part_squares = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.float32)
    for line in range(first, last):
        for date in range(n_dates):
            row, factor = stack[date, line], factors[date] * factors[date]
            for sample in range(n_samples):
                real, imaginary = row[sample].real, row[sample].imag
                power = factor * (real * real + imaginary * imaginary)
                power = power if power > 0.0 else np.float32(0.0)
                part[sample] += np.sqrt(power)
                part_squares[sample] += power
                count[line, sample] += np.int32(power > 0.0)
            if date % FLUSH == FLUSH - 1 or date == n_dates - 1:
                for sample in range(n_samples):
                    total[line, sample] += part[sample]
                    squares[line, sample] += part_squares[sample]
                    part[sample] = 0.0
                    part_squares[sample] = 0.0


@kernel
def add_magnitudes(
    stack: Singles, factors: Singles, first: int, last: int, total: Reals, squares: Reals, count: Counts
) -> None:
    """Do the same for amplitudes, float32 (date, line, sample)."""
    n_dates, _, n_samples = stack.shape
    part, part_squares = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.float32)
    for line in range(first, last):
        for date in range(n_dates):
            row, factor = stack[date, line], factors[date]
            for sample in range(n_samples):
                value = factor * row[sample]
                value = value if value > 0.0 else np.float32(0.0)
                part[sample] += value
                part_squares[sample] += value * value
                count[line, sample] += np.int32(value > 0.0)
            if date % FLUSH == FLUSH - 1 or date == n_dates - 1:
                for sample in range(n_samples):
                    total[line, sample] += part[sample]
                    squares[line, sample] += part_squares[sample]
                    part[sample] = 0.0
                    part_squares[sample] = 0.0


@kernel
def finish_dispersion(
    total: Reals, squares: Reals, count: Counts, first: int, last: int, mean: Singles, dispersion: Singles
) -> None:
    """Fill mean and dispersion, NaN where no date has an amplitude."""
    n_samples = total.shape[1]
    for line in range(first, last):
        for sample in range(n_samples):
            n = float(count[line, sample])
            average = total[line, sample] / n if n > 0.0 else np.nan
            variance = squares[line, sample] / n - average * average if n > 0.0 else np.nan
            variance = max(variance, 0.0)
            mean[line, sample] = average
            dispersion[line, sample] = math.sqrt(variance) / average


@kernel
def count_levels(logarithms: Singles, lowest: float, step: float, histogram: NDArray[np.int64]) -> None:
    """Count the departures of log amplitudes from their mean over the dates, (date, bin); NaN is missing."""
    n_dates, n_samples = logarithms.shape
    n_bins = histogram.shape[1]
    for sample in range(n_samples):
        total = 0.0
        n = 0
        for date in range(n_dates):
            value = float(logarithms[date, sample])
            if value - value == 0.0:
                total += value
                n += 1
        if n < n_dates:
            continue
        for date in range(n_dates):
            place = math.floor((float(logarithms[date, sample]) - total / n - lowest) / step)
            histogram[date, min(max(place, 0), n_bins - 1)] += 1
