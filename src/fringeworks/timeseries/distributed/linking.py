"""Phase linking: the phases of all dates that explain the interferograms of all pairs best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.grids import Looks, Shape
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.distributed.driving_kernels import (
    DATES_MISSING,
    NOT_CONVERGED,
    REPAIRED,
    TOO_FEW,
)
from fringeworks.timeseries.distributed.lags import lag_bins
from fringeworks.timeseries.distributed.options import METHODS, LinkingOptions
from fringeworks.timeseries.distributed.piece_kernels import link_pieces

TOO_FEW_SAMPLES: Final = TOO_FEW
"""Flag: fewer than two dates have enough samples; there is no value."""
WEIGHTS_REPAIRED: Final = REPAIRED
"""Flag: a coherence matrix was not positive definite; its off-diagonal was halved until it was."""
DID_NOT_CONVERGE: Final = NOT_CONVERGED
"""Flag: the last step was still larger than the tolerance."""
SOME_DATES_MISSING: Final = DATES_MISSING
"""Flag: some date has too few samples and no value."""
TILE_BYTES: Final = 1 << 20
"""Size of the sums of products of the rows that are made together; kept near to the processor."""


class SimilarSamples(Protocol):
    """Which samples of each cell's window are like its centre."""

    @property
    def words(self) -> NDArray[np.uint64]:
        """Bits, (row, column, word): bit ``p & 63`` of word ``p >> 6`` is the window's sample p, line by line."""
        ...

    @property
    def window(self) -> Shape:
        """Lines and samples of a window."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linked:
    """Phases of all dates, cell by cell.

    Attributes
    ----------
    phase : float32, (date, row, column)
        SLC phase less that of the reference date, positive toward the satellite, in (-pi, pi] [rad]; NaN where nothing
        could be estimated.
    phase_std : float32, (date, row, column)
        Standard deviation of ``phase`` [rad]; 0 at the reference date.
    temporal_coherence : float32, (row, column)
        How well the phases explain those of all pairs, at most 1 (specification 2.4, gamma_PTA).
    coherence_mean : float32, (row, column)
        Mean magnitude of the sample coherence of all pairs.
    looks : float32, (row, column)
        Independent samples that were averaged.
    flags : uint8, (row, column)
        Sum of ``TOO_FEW_SAMPLES``, ``WEIGHTS_REPAIRED``, ``DID_NOT_CONVERGE`` and ``SOME_DATES_MISSING``.
    tally : Tally
        Cells considered, linked, and rejected by reason.
    """

    phase: NDArray[np.float32]
    phase_std: NDArray[np.float32]
    temporal_coherence: NDArray[np.float32]
    coherence_mean: NDArray[np.float32]
    looks: NDArray[np.float32]
    flags: NDArray[np.uint8]
    tally: Tally


def halo(*, strides: Looks, window: Shape) -> Looks:
    """Return how many lines and samples beyond its cells a block has to hold so that it gives what the whole gives."""
    return Looks(
        max(1, (window.rows - strides.azimuth + 1) // 2), max(1, (window.cols - strides.range + 1) // 2)
    )


def link(
    stack: NDArray[np.complex64],
    *,
    days: NDArray[np.float64],
    options: LinkingOptions,
    strides: Looks,
    reference: int = 0,
    effective_share: float = 1.0,
    similar: SimilarSamples | None = None,
    coherence: NDArray[np.float64] | None = None,
    rows: slice | None = None,
) -> Linked:
    """Link the phases of a stack of coregistered, flattened single-look images.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Images; NaN or exactly 0 where there is nothing.  A block holds the lines of its halo
        (:func:`halo`), rounded up to whole cells.
    days : float64, (date)
        When [days], increasing.
    options : LinkingOptions
        Estimator and window.
    strides : Looks
        Lines and samples of a cell; cell r covers lines r s to (r + 1) s - 1, its window of w lines begins at line
        ``r s + (s - w) // 2``, and holds what there is of it.
    reference : int
        Index of the date whose phase is 0.
    effective_share : float
        Independent samples per sample, in (0, 1]: what oversampling leaves.
    similar : SimilarSamples, optional
        Samples of each window that are taken, of all cells of ``stack``; its window replaces that of the options.
    coherence : float64, (date, date), optional
        Coherence of all pairs of dates where it is known, say from a large piece of like ground; ``ml`` learns it from
        each window otherwise.
    rows : slice, optional
        Rows of cells to return, all by default.

    Returns
    -------
    Linked
        Of ``lines // strides.azimuth`` rows (or those asked for) and ``samples // strides.range`` columns.

    Raises
    ------
    ShapeMismatchError
        Stack, days, similar samples or known coherence do not belong together.
    TooFewDataError
        Less than two dates.
    OutOfRangeError
        Reference, share, order of days, number of dates, or a known coherence.

    Notes
    -----
    Sample coherence c of all pairs; phases v = exp(j phase) minimise ``v^H (M o C) v``.  ``ml``: M is the inverse of
    a coherence learnt as ``q_i q_j f(|t_i - t_j|)`` [Guarnieri2008]; ``emi``: M is the inverse of abs(C) and v has free
    length [Ansari2018]; ``evd``: the first eigenvector of C.  Work grows with the third power of the dates.
    """
    n_dates = _check(stack, days, options, reference, effective_share)
    window = Shape(options.window_azimuth, options.window_range) if similar is None else similar.window
    grid = Shape(stack.shape[1] // strides.azimuth, stack.shape[2] // strides.range)
    kept = range(grid.rows)[slice(None) if rows is None else rows]
    if kept.step != 1:
        raise OutOfRangeError(f"rows with a step of {kept.step}", expected="consecutive rows")
    words = np.zeros((0, 0, 1), np.uint64)
    if similar is not None:
        words = _check_words(similar, grid)[kept.start : kept.stop]
    bins, smooth = lag_bins(days)
    known = _check_coherence(coherence, options, n_dates)
    # one kind of array, so that one kernel is compiled
    stack = np.require(stack, requirements=["C", "W"])
    phase = np.empty((n_dates, len(kept), grid.cols), np.float32)
    phase_std = np.empty_like(phase)
    quality = np.empty((3, len(kept), grid.cols), np.float32)
    flags = np.empty((len(kept), grid.cols), np.uint8)
    lanes = 32 if n_dates <= 64 else 16
    tile = _tile_rows(n_dates, lanes, strides, n_rows=len(kept))
    pieces = -(-len(kept) // tile) * -(-grid.cols // lanes)

    def work(first: int, last: int) -> None:
        link_pieces(
            first, last, stack, words, first_row=kept.start, rows=tile, lanes=lanes,
            strides=(strides.azimuth, strides.range), window=(window.rows, window.cols),
            method=METHODS.index(options.method), reference=reference % n_dates, minimum=options.minimum_samples,
            share=effective_share, bins=bins, smooth=smooth, known=known, phase=phase, phase_std=phase_std,
            quality=quality, flags=flags,
        )  # fmt: skip

    in_threads(work, pieces)
    return Linked(
        phase=phase,
        phase_std=phase_std,
        temporal_coherence=quality[0],
        coherence_mean=quality[1],
        looks=quality[2],
        flags=flags,
        tally=_count(phase, flags),
    )


def _tile_rows(n_dates: int, lanes: int, strides: Looks, *, n_rows: int) -> int:
    """Return how many rows are made together: several share sums of lines only where windows overlap closely."""
    if strides.azimuth > 1:
        return 1
    size = n_dates * (n_dates + 1) // 2 * lanes * 8
    return max(1, min(8, TILE_BYTES // size, n_rows))


def _check(
    stack: NDArray[np.complex64],
    days: NDArray[np.float64],
    options: LinkingOptions,
    reference: int,
    effective_share: float,
) -> int:
    """Raise what is wrong with the arguments; return the number of dates."""
    if stack.ndim != 3 or stack.dtype != np.complex64:
        raise ShapeMismatchError(
            f"a stack of {stack.dtype} with shape {stack.shape}", expected="complex64 (date, line, sample)"
        )
    n_dates = stack.shape[0]
    if days.shape != (n_dates,):
        raise ShapeMismatchError(f"days of shape {days.shape}", expected=f"({n_dates},), one for each image")
    if n_dates < 2:
        raise TooFewDataError(f"{n_dates} dates", expected="at least two", hint="give more images")
    if not (np.all(np.isfinite(days)) and np.all(np.diff(days) > 0)):
        raise OutOfRangeError("days that do not increase", expected="finite, increasing days")
    if n_dates > options.maximum_dates:
        raise OutOfRangeError(
            f"{n_dates} dates at once",
            expected=f"at most {options.maximum_dates} (maximum_dates)",
            hint="link sequentially in mini-stacks, or raise the limit and wait",
        )
    if not -n_dates <= reference < n_dates:
        raise OutOfRangeError(f"reference date {reference}", expected=f"an index below {n_dates}")
    if not 0.0 < effective_share <= 1.0:
        raise OutOfRangeError(f"effective share {effective_share}", expected="above 0, at most 1")
    return int(n_dates)


def _check_coherence(
    coherence: NDArray[np.float64] | None, options: LinkingOptions, n_dates: int
) -> NDArray[np.float32]:
    """Return the lower triangle of a known coherence, empty where there is none, or raise what is wrong with it."""
    if coherence is None:
        return np.zeros(0, np.float32)
    if coherence.shape != (n_dates, n_dates):
        raise ShapeMismatchError(
            f"coherence of shape {coherence.shape}", expected=f"({n_dates}, {n_dates}), (date, date)"
        )
    if options.method != "ml":
        raise OutOfRangeError(
            f"a known coherence with method {options.method!r}", expected="ml, the only one that uses it"
        )
    if not (np.all(np.abs(coherence) <= 1.0) and np.allclose(coherence, coherence.T)):
        raise OutOfRangeError("coherence that is above 1 or not symmetric", expected="values in [-1, 1]")
    return coherence[np.tril_indices(n_dates)].astype(np.float32)


def _check_words(similar: SimilarSamples, grid: Shape) -> NDArray[np.uint64]:
    """Return the bits of all cells, contiguous, or raise what does not fit."""
    words = np.ascontiguousarray(similar.words, np.uint64)
    expected = (grid.rows, grid.cols, -(-similar.window.size // 64))
    if words.shape != expected:
        raise ShapeMismatchError(
            f"similar samples of shape {words.shape}",
            expected=f"{expected} (row, column, word) for this stack, strides and window",
        )
    return words


def _count(phase: NDArray[np.float32], flags: NDArray[np.uint8]) -> Tally:
    """Count the cells that have phases, and why others have none."""
    empty = (flags & TOO_FEW_SAMPLES) > 0
    linked = np.isfinite(phase).any(axis=0)
    return Tally(
        "cells",
        flags.size,
        int(linked.sum()),
        {
            "too few samples": int(empty.sum()),
            "reference date missing": int((~linked & ~empty).sum()),
        },
    )
