"""Bias that fades with time: short pairs held against long ones and against linked phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.arrays import BoolImage, FloatImage, FloatStack
from fringeworks.model.grids import Looks, Shape
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.distributed.fading_kernels import look_pairs
from fringeworks.timeseries.distributed.neighbours import Similar, grid_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rate:
    """How much faster the ground seems to move away in one kind of phase than in another.

    Attributes
    ----------
    value : float32, (row, column)
        Difference of the rates [rad/year], positive = away; NaN where nothing is known.
    std : float32, (row, column)
        Its standard deviation, from the scatter of closures [rad/year].
    """

    value: FloatImage
    std: FloatImage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FadingBias:
    """What closures say about bias that fades with time, cell by cell.

    Attributes
    ----------
    short : Rate
        Chains of consecutive pairs against the long pair over the same time: the bias of a short-pair network.
    linked : Rate
        Linked phases against the long pair: what of it they kept.
    gained : Rate
        Chains of consecutive pairs against linked phases; known also where long pairs are noise.
    closure_rms : float32, (row, column)
        Root mean square of the closures of consecutive dates, three by three [rad]; 1.8 is noise.
    susceptible : bool, (row, column)
        The bias of short pairs is larger than three of its standard deviations.
    span_days : float
        Mean time of the long pairs [days].
    tally : Tally
        Cells considered, with closures, without.
    """

    short: Rate
    linked: Rate
    gained: Rate
    closure_rms: FloatImage
    susceptible: BoolImage
    span_days: float
    tally: Tally


def nearest_closures(
    stack: NDArray[np.complex64], *, window: Shape, strides: Looks, similar: Similar | None = None
) -> FloatStack:
    """Close each three consecutive dates: ``phase(1,2) + phase(2,3) - phase(1,3)`` over the window of each cell.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Coregistered, flattened images; NaN or 0 where there is nothing.
    window : Shape
        Lines and samples averaged, placed as in :class:`Similar`.
    strides : Looks
        Lines and samples of a cell.
    similar : Similar, optional
        Use these samples of the window alone.

    Returns
    -------
    float32, (date - 2, row, column)
        Closures in (-pi, pi] [rad]; NaN where one of the three pairs has no sample.

    Raises
    ------
    TooFewDataError
        Fewer than three dates.
    ShapeMismatchError
        Similar samples are of another grid or window.

    Notes
    -----
    One sample closes always; an average does not where parts of the ground moved, or changed, differently.
    """
    n_dates = len(stack)
    if n_dates < 3:
        raise TooFewDataError(f"{n_dates} dates", expected="three for a closure")
    first = np.arange(n_dates - 2)
    pairs = np.concatenate([_chain(n_dates), np.stack([first, first + 2], axis=1)])
    sums = _look(stack, pairs, window, strides, similar)
    short, long = np.angle(sums[: n_dates - 1]), np.angle(sums[n_dates - 1 :])
    return _wrap(short[:-1] + short[1:] - long).astype(np.float32)


def fading_bias(
    stack: NDArray[np.complex64],
    phase: FloatStack,
    *,
    days: NDArray[np.float64],
    window: Shape,
    strides: Looks,
    similar: Similar | None = None,
    span_days: float = 90.0,
) -> FadingBias:
    """Estimate by how much short pairs, and linked phases, are biased against long pairs.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Coregistered, flattened images; NaN or 0 where there is nothing.
    phase : float32, (date, row, column)
        Linked phase [rad], positive = toward the satellite; NaN where there is none.
    days : float64, (date)
        Rising [days].
    window, strides, similar
        As for :func:`nearest_closures`.
    span_days : float
        Time of a long pair; each date is paired with the one that comes nearest to it, if within half of it.

    Returns
    -------
    FadingBias
        A block with its halo gives the values of the whole.

    Raises
    ------
    TooFewDataError
        No pair is so long and has a date in between.
    ShapeMismatchError
        Phases, days or similar samples do not fit the stack.

    Notes
    -----
    With ``tau = mean exp(i closure)`` over all long pairs, ``rate = arg(tau) / mean span``.  Closures that overlap share
    their noise: as many count as independent as long pairs side by side fill the time.  What moves soil water and plants
    decorrelates within weeks, so that a long pair is free of it; a bias that the long pair shares is not seen.
    """
    days = np.asarray(days, np.float64)
    ladders = _ladders(days, len(stack), span_days)
    grid = grid_of(stack.shape, strides)
    if phase.shape != (len(stack), *grid):
        raise ShapeMismatchError(
            f"linked phases of shape {phase.shape}",
            expected=f"{len(stack)} dates of {grid.rows} x {grid.cols}",
        )
    n_short = len(days) - 1
    sums = _look(stack, np.concatenate([_chain(len(days)), ladders]), window, strides, similar)
    short, long = np.angle(sums[:n_short]), np.angle(sums[n_short:])
    chain = _chained(short, ladders)
    early, late = ladders.T
    link = phase[early].astype(np.float64) - phase[late]
    spans = days[late] - days[early]
    independent = max((days[late].max() - days[early].min()) / spans.mean(), 1.0)
    rates = [
        _rate(closure, float(spans.mean()), independent)
        for closure in (chain - long, link - long, chain - link)
    ]
    nearest = nearest_closures(stack, window=window, strides=strides, similar=similar)
    known = np.isfinite(rates[0].value)
    n_known = int(known.sum())
    with np.errstate(invalid="ignore"):
        susceptible = np.abs(rates[0].value) > 3.0 * rates[0].std
    return FadingBias(
        short=rates[0],
        linked=rates[1],
        gained=rates[2],
        closure_rms=_rms(nearest),
        susceptible=susceptible,
        span_days=float(spans.mean()),
        tally=Tally("cells", grid.size, n_known, {"no complete closure": grid.size - n_known}),
    )


def _chain(n_dates: int) -> NDArray[np.int64]:
    """Return the pairs of consecutive dates, (pair, 2)."""
    first = np.arange(n_dates - 1)
    return np.stack([first, first + 1], axis=1)


def _chained(short: NDArray[np.floating], ladders: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of consecutive pairs over the time of each long pair; NaN where one is missing."""
    start = np.zeros((1, *short.shape[1:]))
    known = np.isfinite(short)
    along = np.concatenate([start, np.cumsum(np.where(known, short, 0.0), axis=0, dtype=np.float64)])
    gaps = np.concatenate([start, np.cumsum(~known, axis=0)])
    early, late = ladders.T
    return np.where(gaps[late] > gaps[early], np.nan, along[late] - along[early])


def _ladders(days: NDArray[np.float64], n_dates: int, span_days: float) -> NDArray[np.int64]:
    """Return the long pairs, (pair, 2)."""
    if days.shape != (n_dates,):
        raise ShapeMismatchError(f"days of shape {days.shape}", expected=f"{n_dates} dates")
    if not np.isfinite(days).all() or (np.diff(days) <= 0.0).any():
        raise OutOfRangeError("days that do not rise", expected="dates in order, each once")
    if not span_days > 0.0:
        raise OutOfRangeError(f"long pairs of {span_days} days", expected="a positive time")
    rows = []
    for first in range(n_dates - 2):
        misses = np.abs(days[first + 2 :] - days[first] - span_days)
        last = int(np.argmin(misses))
        if misses[last] <= 0.5 * span_days:
            rows.append((first, first + 2 + last))
    if not rows:
        raise TooFewDataError(
            f"{n_dates} dates over {np.ptp(days) if n_dates else 0:g} days",
            expected=f"pairs of about {span_days:g} days with a date in between",
            hint="choose another span",
        )
    return np.array(rows, np.int64)


def _look(
    stack: NDArray[np.complex64],
    pairs: NDArray[np.int64],
    window: Shape,
    strides: Looks,
    similar: Similar | None,
) -> NDArray[np.complex64]:
    """Return interferograms over the windows, complex64, (pair, row, column)."""
    grid = grid_of(stack.shape, strides)
    words = np.zeros((0, 0, 0), np.uint64)
    if similar is not None:
        words = similar.words
        if (similar.window, similar.strides, words.shape[:2]) != (window, strides, tuple(grid)):
            raise ShapeMismatchError(
                f"similar samples of {words.shape[:2]} cells in windows of {tuple(similar.window)}",
                expected=f"{tuple(grid)} cells in windows of {tuple(window)}",
            )
    images = np.ascontiguousarray(stack, np.complex64)
    result = np.empty((len(pairs), *grid), np.complex64)
    cells = (strides.azimuth, strides.range, window.rows, window.cols)

    def work(first: int, last: int) -> None:
        for row in range(first, last):
            look_pairs(images, pairs, words, row, cells, result)

    in_threads(work, grid.rows)
    return result


def _rate(closure: NDArray[np.float64], span: float, independent: float) -> Rate:
    """Return the rate that closures of one kind show, and its standard deviation."""
    known = np.isfinite(closure)
    count = known.sum(axis=0)
    total = np.where(known, np.exp(1j * np.where(known, closure, 0.0)), 0.0).sum(axis=0)
    per_year = DAYS_PER_YEAR / span
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(count > 0, np.angle(total), np.nan) * per_year
        length = np.clip(np.abs(total) / count, 1e-6, 1.0)
        # closures lost to gaps take their share of the independent ones
        number = np.maximum(independent * count / len(closure), 1.0)
        std = np.sqrt(-2.0 * np.log(length) / number) * per_year
    return Rate(value=value.astype(np.float32), std=std.astype(np.float32))


def _rms(closure: FloatStack) -> FloatImage:
    known = np.isfinite(closure)
    total = np.where(known, closure, 0.0).astype(np.float64) ** 2
    count = known.sum(axis=0)
    mean = total.sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, np.sqrt(mean), np.nan).astype(np.float32)


def _wrap(angle: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return angles in [-pi, pi)."""
    return np.asarray(angle - 2.0 * np.pi * np.floor(angle / (2.0 * np.pi) + 0.5))
