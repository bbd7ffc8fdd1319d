"""Any number of dates linked in mini-stacks, on one datum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.arrays import ArraySource, FloatStack
from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.linking import Linked, SimilarSamples, halo
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.update import SequentialOptions, as_linked, begin, update


def link_sequential(
    stack: ArraySource,
    *,
    days: NDArray[np.float64],
    options: LinkingOptions,
    sequential: SequentialOptions,
    strides: Looks,
    reference: int = 0,
    effective_share: float = 1.0,
    similar: SimilarSamples | None = None,
    rows: slice | None = None,
) -> Linked:
    """Link the phases of a long stack in mini-stacks.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Coregistered, flattened images, or anything that gives them when sliced by dates; NaN or 0 where there is nothing.
        Images of two mini-stacks are held at a time.
    days : float64, (date)
        Rising [days].
    options : LinkingOptions
        Estimator and window.
    sequential : SequentialOptions
        Mini-stacks.
    strides : Looks
        Lines and samples of a cell.
    reference : int
        Index of the date whose phase is 0.
    effective_share : float
        Independent samples per sample, in (0, 1].
    similar : Similar, optional
        Samples of each window that are taken.
    rows : slice, optional
        Rows of cells to return, all by default; the others are the halo (:func:`sequential_halo`).

    Returns
    -------
    Linked
        As :func:`fringeworks.timeseries.distributed.linking.link` gives it; the quality is the mean over the mini-stacks.

    Raises
    ------
    ShapeMismatchError
        Stack, days or similar samples do not belong together.
    TooFewDataError
        Less than two dates.
    OutOfRangeError
        Reference, share or order of days.

    Notes
    -----
    See :func:`fringeworks.timeseries.distributed.update.update`: the result is that of the same dates in updates, bit by
    bit.  Work grows with the number of dates, and with the third power of a mini-stack.
    """
    days = np.asarray(days, np.float64)
    n_dates = stack.shape[0]
    if len(stack.shape) != 3 or days.shape != (n_dates,):
        raise ShapeMismatchError(
            f"a stack of shape {stack.shape} with days of shape {days.shape}",
            expected="(date, line, sample), and a day for each date",
        )
    if n_dates < 2:
        raise TooFewDataError(f"{n_dates} dates", expected="at least two", hint="give more images")
    if not -n_dates <= reference < n_dates:
        raise OutOfRangeError(f"reference date {reference}", expected=f"an index below {n_dates}")
    reference %= n_dates
    size = sequential.ministack
    state = replace(
        begin((stack.shape[1], stack.shape[2]), strides=strides, options=sequential), reference=reference
    )
    grid = state.flags.shape
    phase, variance = (np.empty((n_dates, *grid), np.float32) for _ in range(2))
    # a last mini-stack of one date is linked as well: the one before stands beside it
    for start in range(0, n_dates, size):
        stop = min(start + size, n_dates)
        state = update(
            state,
            np.asarray(stack[start:stop], np.complex64),
            days=days[start:stop],
            options=options,
            effective_share=effective_share,
            similar=similar,
        ).state
        first = state.first_image
        phase[first:stop], variance[first:stop] = state.phase, state.variance
    kept = slice(None) if rows is None else rows
    whole = as_linked(state, phase, variance, 0)
    return whole if rows is None else _cut(whole, kept)


def sequential_halo(*, strides: Looks, window: Shape, ministacks: int = 3) -> Looks:
    """Return how many lines and samples beyond its cells a block has to hold.

    Each mini-stack that is summed hands on what the edge of the block did to its phases, to cells half a window
    further in, but weaker each time.  A halo of three windows leaves nothing that matters; where every bit has to be that of
    the whole, blocks are cut to what they keep after each update (:meth:`LinkState.crop`), their halo is read anew, and no update
    goes beyond the end of a mini-stack; then the halo of a link is enough.
    """
    once = halo(strides=strides, window=window)
    return Looks(once.azimuth * ministacks, once.range * ministacks)


def _cut(linked: Linked, rows: slice) -> Linked:
    """Return some rows of a result; its tally stays that of the block."""
    return Linked(
        phase=linked.phase[:, rows],
        phase_std=linked.phase_std[:, rows],
        temporal_coherence=linked.temporal_coherence[rows],
        coherence_mean=linked.coherence_mean[rows],
        looks=linked.looks[rows],
        flags=linked.flags[rows],
        tally=linked.tally,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two results of the same dates lie apart.

    Attributes
    ----------
    rms : float
        Root mean square of the phase difference [rad].
    rms_in_std : float
        The same in standard deviations of the first result.
    largest : float
        Largest magnitude [rad].
    share_large : float
        Share of values more than half a cycle's quarter, pi / 4, apart.
    n_values : int
        Dates and cells that both have.
    """

    rms: float
    rms_in_std: float
    largest: float
    share_large: float
    n_values: int


def compare_linked(first: Linked, second: Linked) -> Difference:
    """Compare two results of the same dates and cells, such as batch and updates.

    Raises
    ------
    ShapeMismatchError
        They have other dates or cells.
    """
    if first.phase.shape != second.phase.shape:
        raise ShapeMismatchError(
            f"results of shape {first.phase.shape} and {second.phase.shape}",
            expected="the same dates and cells",
        )
    apart: FloatStack = np.angle(np.exp(1j * (first.phase - second.phase).astype(np.float64)))
    both = np.isfinite(apart) & (first.phase_std > 0.0)
    n = int(both.sum())
    if n == 0:
        return Difference(rms=0.0, rms_in_std=0.0, largest=0.0, share_large=0.0, n_values=0)
    values, std = apart[both], first.phase_std[both]
    return Difference(
        rms=float(np.sqrt(np.mean(values**2))),
        rms_in_std=float(np.sqrt(np.mean((values / std) ** 2))),
        largest=float(np.abs(values).max()),
        share_large=float(np.mean(np.abs(values) > np.pi / 4)),
        n_values=n,
    )
