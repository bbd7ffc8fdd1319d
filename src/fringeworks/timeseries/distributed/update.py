"""New dates linked to a series, touching only what they must."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks
from fringeworks.model.options import option
from fringeworks.model.tally import Tally
from fringeworks.timeseries.distributed.datum import close_ministack, link_images
from fringeworks.timeseries.distributed.linking import Linked, SimilarSamples
from fringeworks.timeseries.distributed.neighbours import grid_of
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.state import LinkState


@dataclass(frozen=True, slots=True)
class SequentialOptions:
    """Options of linking in mini-stacks.

    Raises
    ------
    OutOfRangeError
        A mini-stack of fewer than four dates.
    """

    ministack: int = option(
        20,
        meaning="Dates of a mini-stack: two of them are linked image by image, older dates as sums of aligned images. "
        "Less costs less, more comes nearer to linking all dates at once.",
        minimum=4,
        maximum=150,
    )

    def __post_init__(self) -> None:
        if self.ministack < 4:
            raise OutOfRangeError(f"mini-stacks of {self.ministack} dates", expected="at least 4")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Update:
    """What new dates changed.

    Attributes
    ----------
    first : int
        Index, among all dates, of the first date whose phase changed; those before stay as they were.
    linked : Linked
        Phases of all dates from there on, and quality of the whole series.
    state : LinkState
        For the next update.
    """

    first: int
    linked: Linked
    state: LinkState


def begin(
    stack_shape: tuple[int, int], *, strides: Looks, options: SequentialOptions, reference: int = 0
) -> LinkState:
    """Return the state of a series without any date.

    Parameters
    ----------
    stack_shape : tuple of int
        Lines and samples of the images to come.
    strides : Looks
        Lines and samples of a cell.
    options : SequentialOptions
        Mini-stacks.
    reference : int
        Index of the date whose phase is to be 0, one of the first mini-stack.

    Raises
    ------
    TooFewDataError
        Not one whole cell.
    OutOfRangeError
        The reference lies beyond the first mini-stack.
    """
    grid = tuple(grid_of(stack_shape, strides))
    if min(grid) == 0:
        raise TooFewDataError(
            f"images of {stack_shape[0]} x {stack_shape[1]} samples",
            expected=f"one whole cell of {strides.azimuth} x {strides.range}",
        )
    if not 0 <= reference < options.ministack:
        raise OutOfRangeError(
            f"reference date {reference}",
            expected=f"one of the first {options.ministack} dates, the first mini-stack",
            hint="refer the phases to another date when they are read, or link all dates at once",
        )
    unknown = np.full(grid, np.nan, np.float32)
    return LinkState(
        strides=strides,
        ministack=options.ministack,
        reference=reference,
        n_previous=0,
        days=np.zeros(0),
        compressed=np.zeros((0, *stack_shape), np.complex64),
        bin_days=np.zeros(0),
        bin_sizes=np.zeros(0, np.int64),
        bin_variance=np.zeros((0, *grid), np.float32),
        images=np.zeros((0, *stack_shape), np.complex64),
        phase=np.zeros((0, *grid), np.float32),
        variance=np.zeros((0, *grid), np.float32),
        own_variance=np.zeros(grid, np.float32),
        reference_phase=unknown,
        reference_variance=unknown,
        quality=np.full((3, *grid), np.nan, np.float32),
        past_quality=np.zeros((3, *grid), np.float32),
        past_dates=np.zeros(grid, np.int64),
        flags=np.zeros(grid, np.uint8),
    )


def update(
    state: LinkState,
    stack: NDArray[np.complex64],
    *,
    days: NDArray[np.float64],
    options: LinkingOptions,
    effective_share: float = 1.0,
    similar: SimilarSamples | None = None,
) -> Update:
    """Link new dates to a series.

    Parameters
    ----------
    state : LinkState
        From :func:`begin` or the last update.
    stack : complex64, (date, line, sample)
        New images on the grid of the old ones; NaN or 0 where there is nothing.
    days : float64, (date)
        When [days]: rising, and later than all dates so far.
    options : LinkingOptions
        Estimator and window, those of the series.
    effective_share : float
        Independent samples per sample, in (0, 1].
    similar : Similar, optional
        Samples of each window that are taken.

    Returns
    -------
    Update
        Dates before ``first`` keep their phases.

    Raises
    ------
    ShapeMismatchError
        Images and days do not fit one another or the series.
    OutOfRangeError
        Days that do not rise, or not after the last date.
    TooFewDataError
        No new date, or a series of one date.

    Notes
    -----
    Images of the last closed mini-stack and of the open one are linked together with sums of all older images, in bins
    that grow with age.  Each image in a sum was turned back by its phase, so that all sums have the same phase but for
    errors: their weighted mean is the datum [Ansari2017].  When a mini-stack is full, the one before goes into the sums, and the next
    begins.  The result depends on the dates alone, not on how many came at a time.
    """
    _check(state, stack, days)
    final, first, start = [], None, 0
    while start < len(days):
        if state.n_open == state.ministack:
            if first is not None:
                final.append((state.phase[: state.n_previous], state.variance[: state.n_previous]))
            state = close_ministack(state)
        stop = min(start + state.ministack - state.n_open, len(days))
        first = state.first_image if first is None else first
        state = replace(
            state,
            days=np.concatenate([state.days, days[start:stop]]),
            images=np.concatenate([state.images, np.asarray(stack[start:stop], np.complex64)]),
        )
        state = link_images(state, options, effective_share, similar)
        start = stop
    final.append((state.phase, state.variance))
    phase, variance = (np.concatenate(parts) for parts in zip(*final, strict=True))
    assert first is not None
    return Update(first=first, linked=as_linked(state, phase, variance, first), state=state)


def as_linked(
    state: LinkState, phase: NDArray[np.float32], variance: NDArray[np.float32], first: int
) -> Linked:
    """Return phases against the datum as phases against the reference date, with the quality of the series.

    Parameters
    ----------
    state : LinkState
        After the last date.
    phase, variance : float32, (date, row, column)
        Against the datum [rad, rad^2].
    first : int
        Index of the first of these dates among all.
    """
    relative = phase - state.reference_phase
    relative -= np.float32(2.0 * np.pi) * np.floor(relative / np.float32(2.0 * np.pi) + np.float32(0.5))
    std = np.sqrt(variance + state.reference_variance)
    own = state.reference - first
    if 0 <= own < len(phase):
        known = np.isfinite(relative[own])
        relative[own] = np.where(known, np.float32(0.0), relative[own])
        std[own] = np.where(known, np.float32(0.0), std[own])
    quality = _mean_quality(state)
    known = np.isfinite(relative).any(axis=0)
    unreferenced = ~known & np.isfinite(phase).any(axis=0)
    rest = known.size - int(known.sum()) - int(unreferenced.sum())
    return Linked(
        phase=relative,
        phase_std=std,
        temporal_coherence=quality[0],
        coherence_mean=quality[1],
        looks=quality[2],
        flags=state.flags,
        tally=Tally(
            "cells",
            known.size,
            int(known.sum()),
            {"too few samples": rest, "reference date missing": int(unreferenced.sum())},
        ),
    )


def _mean_quality(state: LinkState) -> NDArray[np.float32]:
    """Return the mean quality over all dates, (3, row, column)."""
    here = np.isfinite(state.quality[0]) * len(state.images)
    total = state.past_quality + np.where(np.isfinite(state.quality), state.quality, 0.0) * here
    n = state.past_dates + here
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
    mean[2] = np.where(n > 0, mean[2], 0.0)
    return mean.astype(np.float32)


def _check(state: LinkState, stack: NDArray[np.complex64], days: NDArray[np.float64]) -> None:
    """Raise what is wrong with new dates."""
    shape = state.images.shape[1:]
    if stack.ndim != 3 or stack.shape[1:] != shape or stack.dtype != np.complex64:
        raise ShapeMismatchError(
            f"new images of {stack.dtype} with shape {stack.shape}",
            expected=f"complex64 (date, {shape[0]}, {shape[1]}), as those of the series",
        )
    if days.shape != (len(stack),):
        raise ShapeMismatchError(
            f"days of shape {days.shape}", expected=f"({len(stack)},), one for each image"
        )
    if len(stack) == 0 or len(state.days) + len(stack) < 2:
        raise TooFewDataError(
            f"{len(stack)} new dates after {len(state.days)}", expected="a new date, and two together"
        )
    if not np.isfinite(days).all() or (np.diff(days) <= 0.0).any():
        raise OutOfRangeError("days that do not rise", expected="dates in order, each once")
    if len(state.days) and days[0] <= state.days[-1]:
        again = bool((state.days == days[0]).any())
        raise OutOfRangeError(
            f"a new date at day {days[0]:g}, "
            + ("which is linked already" if again else f"before the last one at day {state.days[-1]:g}"),
            expected="dates after the last one",
            hint="leave it out" if again else "link the series again from its first date to take it in",
        )
