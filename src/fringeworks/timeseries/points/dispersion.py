"""Mean and dispersion of amplitudes over the dates, in one pass, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.dispersion_kernels import (
    add_amplitudes,
    add_magnitudes,
    count_levels,
    finish_dispersion,
)

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]

LEVEL_LIMIT, LEVEL_STEP = 4.0, 0.005
"""Range and step of the histogram of logarithms of amplitude ratios: 0.5 % of amplitude."""


@dataclass(frozen=True, slots=True)
class AmplitudeSums:
    """Sums over dates from which mean and dispersion follow; sums of other dates of the same samples can be added.

    Attributes
    ----------
    total, squares : float64, (line, sample)
        Sums of amplitudes and of their squares.
    count : int32, (line, sample)
        Dates that have an amplitude.
    """

    total: Reals
    squares: Reals
    count: NDArray[np.int32]

    def __add__(self, other: AmplitudeSums) -> AmplitudeSums:
        """Add the sums of other dates."""
        if self.total.shape != other.total.shape:
            raise ShapeMismatchError(
                f"sums of shapes {self.total.shape} and {other.total.shape}",
                expected="the same samples in both",
            )
        return AmplitudeSums(self.total + other.total, self.squares + other.squares, self.count + other.count)

    def dispersion(self) -> AmplitudeDispersion:
        """Compute mean and dispersion; see :class:`AmplitudeDispersion`."""
        mean, dispersion = (np.empty(self.total.shape, np.float32) for _ in range(2))
        in_threads(
            lambda a, b: finish_dispersion(self.total, self.squares, self.count, a, b, mean, dispersion),
            len(mean),
        )
        return AmplitudeDispersion(mean, dispersion, self.count)


@dataclass(frozen=True, slots=True)
class AmplitudeDispersion:
    """How steady the amplitude of each sample is.

    Attributes
    ----------
    mean : float32, (line, sample)
        Mean amplitude, in the unit of the images; NaN where no date has one.
    dispersion : float32, (line, sample)
        Standard deviation over mean, with the number of dates as divisor; 0.52 on ground without a dominant scatterer
        (Rayleigh), near the sigma of the phase where it is small [Ferretti2001].
    count : int32, (line, sample)
        Dates.
    """

    mean: Singles
    dispersion: Singles
    count: NDArray[np.int32]


def sum_amplitudes(stack: NDArray[Any], *, factors: NDArray[np.floating] | None = None) -> AmplitudeSums:
    """Sum amplitudes over the dates of a block of a stack.

    Parameters
    ----------
    stack : complex64 or float32, (date, line, sample)
        Images, or their amplitudes.  NaN and zero are missing.
    factors : float, (date), optional
        What the amplitudes of each date are multiplied by, to be comparable: see :class:`AmplitudeLevels`.

    Returns
    -------
    AmplitudeSums

    Raises
    ------
    ShapeMismatchError
        The stack is not (date, line, sample), or there is not one factor for each date.
    OutOfRangeError
        A factor is not above zero.

    Notes
    -----
    Every sample is read once.  Sums are kept in double precision: over 2000 dates mean and dispersion keep six digits.
    """
    if stack.ndim != 3:
        raise ShapeMismatchError(f"stack of shape {stack.shape}", expected="(date, line, sample)")
    n_dates, *shape = stack.shape
    weights = np.ones(n_dates, np.float32) if factors is None else np.asarray(factors, np.float32)
    if weights.shape != (n_dates,):
        raise ShapeMismatchError(f"factors of shape {weights.shape}", expected=f"({n_dates},), one a date")
    if not ((weights > 0) & np.isfinite(weights)).all():
        raise OutOfRangeError("a factor of an image is not above zero", expected="factors above zero")
    is_complex = np.iscomplexobj(stack)
    values: NDArray[Any] = np.ascontiguousarray(stack, np.complex64 if is_complex else np.float32)
    sums = AmplitudeSums(np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int32))
    add = add_amplitudes if is_complex else add_magnitudes

    def work(first: int, last: int) -> None:
        add(values, weights, first, last, sums.total, sums.squares, sums.count)

    in_threads(work, shape[0])
    return sums


def amplitude_dispersion(
    stack: NDArray[Any], *, factors: NDArray[np.floating] | None = None
) -> AmplitudeDispersion:
    """Compute mean and dispersion of the amplitudes of a stack; see :func:`sum_amplitudes`.

    Parameters
    ----------
    stack : complex64 or float32, (date, line, sample)
        Images, or their amplitudes.  NaN and zero are missing.
    factors : float, (date), optional
        What the amplitudes of each date are multiplied by.

    Returns
    -------
    AmplitudeDispersion

    Raises
    ------
    ShapeMismatchError
        The stack is not (date, line, sample), or there is not one factor for each date.
    OutOfRangeError
        A factor is not above zero.
    """
    return sum_amplitudes(stack, factors=factors).dispersion()


@dataclass(frozen=True, slots=True)
class AmplitudeLevels:
    """How bright each date is against the others: histograms that can be added over blocks.

    Attributes
    ----------
    histogram : int64, (date, bin)
        Counts of log(amplitude) minus its mean over the dates, of samples that have all dates.
    """

    histogram: NDArray[np.int64]

    def __add__(self, other: AmplitudeLevels) -> AmplitudeLevels:
        """Add the histograms of another block."""
        if self.histogram.shape != other.histogram.shape:
            raise ShapeMismatchError("levels of different dates", expected="the same dates in both blocks")
        return AmplitudeLevels(self.histogram + other.histogram)

    def factors(self) -> Reals:
        """Return what each date's amplitudes are multiplied by to be comparable, (date); 1 without samples.

        Notes
        -----
        The median over samples of the logarithm of amplitude over geometric mean: samples whose ground changed are
        few and do not move it.  The factors' geometric mean is 1.
        """
        total = self.histogram.sum(axis=1, keepdims=True)
        if not total.all():
            return np.ones(len(self.histogram))
        cumulated = np.cumsum(self.histogram, axis=1)
        place = (cumulated < 0.5 * total).sum(axis=1)
        before = np.take_along_axis(cumulated, place[:, None], axis=1)[:, 0]
        inside = np.take_along_axis(self.histogram, place[:, None], axis=1)[:, 0]
        share = (0.5 * total[:, 0] - before + inside) / inside
        level = -LEVEL_LIMIT + LEVEL_STEP * (place + share)
        return np.asarray(np.exp(level.mean() - level))


def measure_levels(stack: NDArray[Any]) -> AmplitudeLevels:
    """Count how bright the dates of a block are against one another.

    Parameters
    ----------
    stack : complex64 or float32, (date, line, sample)
        Images or amplitudes; a part of the samples is enough, every tenth line of a scene.

    Returns
    -------
    AmplitudeLevels

    Raises
    ------
    ShapeMismatchError
        The stack is not (date, line, sample).
    """
    if stack.ndim != 3:
        raise ShapeMismatchError(f"stack of shape {stack.shape}", expected="(date, line, sample)")
    amplitude = np.abs(stack).reshape(len(stack), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithms = np.where(amplitude > 0, np.log(amplitude), np.nan).astype(np.float32)
    histogram = np.zeros((len(stack), round(2 * LEVEL_LIMIT / LEVEL_STEP)), np.int64)
    count_levels(logarithms, -LEVEL_LIMIT, LEVEL_STEP, histogram)
    return AmplitudeLevels(histogram)
