"""The kernel that links pieces of an image: some rows of cells, a vector's width of columns each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.bound_kernels import deviations, least_deviations
from fringeworks.timeseries.distributed.covariance_kernels import (
    count_samples,
    pack,
    select_products,
    sum_products,
)
from fringeworks.timeseries.distributed.driving_kernels import (
    EMI,
    ML,
    TOO_FEW,
    by_eigenvector,
    describe,
    most_likely,
    prepare,
)

F32 = NDArray[np.float32]
ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
LEARNING_EXCESS: Final = 1.03
"""Errors with a coherence learnt from the window, over the bound of the coherence: 1.03 to 1.09 (validation.linking)."""
EMI_EXCESS: Final = 0.88
"""Errors of EMI over those of weights that are independent of the samples: 0.77 to 0.96 (validation.linking)."""


@kernel
def link_pieces(
    first: int, last: int, stack: NDArray[np.complex64], words: NDArray[np.uint64],
    first_row: int, rows: int, lanes: int, strides: tuple[int, int], window: tuple[int, int],
    method: int, reference: int, minimum: int, share: float, bins: NDArray[np.int32], smooth: F32, known: F32,
    phase: F32, phase_std: F32, quality: F32, flags: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Link pieces ``first`` to ``last``; a piece is ``rows`` rows by ``lanes`` columns of cells.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Images.
    words : uint64, (row, column, word)
        Similar samples of each cell of the results; of no rows where all samples of a window count.
    known : float32, (element)
        Coherence of all pairs where it is known, else of no elements.
    first_row : int
        Row of cells that the results begin with.
    phase, phase_std : float32, (date, row, column)
        Filled.
    quality : float32, (3, row, column)
        Filled with temporal coherence, mean coherence and effective looks.
    flags : uint8, (row, column)
        Filled.
    """
    n, n_rows, n_columns = phase.shape
    groups = (n_columns + lanes - 1) // lanes
    lines = (rows - 1) * strides[0] + window[0]
    columns = (lanes + (window[1] - 1) // strides[1] + 7) // 8 * 8
    elements = n * (n + 1) // 2
    real = np.empty((n, lines * columns * strides[1]), np.float32)
    imag = np.empty_like(real)
    valid = np.empty_like(real)
    nothing = np.zeros_like(real)
    work = np.empty((6, real.shape[1]), np.float32)
    sums = np.empty((rows, 2, elements, lanes), np.float32)
    counts = np.empty((rows, 2, elements, lanes), np.float32)
    found = np.empty((2, n, lanes), np.float32)
    kinds = np.empty((3, lanes), np.float32)
    marks = np.empty(lanes, np.uint8)
    matrices = np.empty((5, elements, lanes), np.float32)
    vectors = np.empty((10, n, lanes), np.float32)
    scratch = np.empty((4, max(n, smooth.shape[0], 4), lanes), np.float32)
    for piece in range(first, last):
        row, column = piece // groups * rows, piece % groups * lanes
        line = (first_row + row) * strides[0] + (strides[0] - window[0]) // 2
        sample = column * strides[1] + (strides[1] - window[1]) // 2
        partial = pack(stack, line, sample, lines, strides[1], real, imag, valid)
        if words.shape[0] == 0:
            sum_products(real, imag, lines, strides, window, work, sums)
            if partial:
                sum_products(valid, nothing, lines, strides, window, work, counts)
            else:
                count_samples(valid, lines, strides, window, work, counts)
        for r in range(min(rows, n_rows - row)):
            if words.shape[0] > 0:
                select_products(
                    real, imag, valid, lines, words[row + r], column, r, strides, window, sums[r], counts[r]
                )
            link_row(
                sums[r], counts[r, 0], method, reference, minimum, share, bins, smooth, known, matrices, vectors, scratch,
                found, kinds, marks,
            )  # fmt: skip
            for lane in range(min(lanes, n_columns - column)):
                for i in range(n):
                    phase[i, row + r, column + lane] = found[0, i, lane]
                    phase_std[i, row + r, column + lane] = found[1, i, lane]
                for k in range(3):
                    quality[k, row + r, column + lane] = kinds[k, lane]
                flags[row + r, column + lane] = marks[lane]


@kernel
def link_row(
    sums: F32, counts: F32, method: int, reference: int, minimum: int, share: float,
    bins: NDArray[np.int32], smooth: F32, known: F32, matrices: F32, vectors: F32, scratch: F32,
    found: F32, kinds: F32, marks: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Link cells that lie side by side.

    Parameters
    ----------
    sums : float32, (2, element, lane)
        Sums of products; used up.
    counts : float32, (element, lane)
        Samples that both dates of a pair have.
    matrices, vectors, scratch : float32, (5, element, lane), (10, date, lane), (4, date or bin, lane)
        Scratch.
    found : float32, (2, date, lane)
        Filled with phase and its standard deviation [rad], NaN where there is none.
    kinds : float32, (3, lane)
        Filled with temporal coherence, mean coherence and effective looks.
    marks : uint8, (lane)
        Filled with flags.
    """
    n, lanes = found.shape[1:]
    vr, vi, yr, yi, present = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4]
    model, f, work = vectors[5:], scratch[3, : smooth.shape[0]], scratch[:3]
    total, moving, looks = np.empty((2, lanes), np.float32), np.empty(lanes, np.float32), kinds[2]
    t, m, x, hr, hi = matrices[0], matrices[1], matrices[2], matrices[3], matrices[4]
    prepare(sums, counts, minimum, share, yr, present, looks, marks)
    cr, ci = sums[0], sums[1]
    if method == ML:
        most_likely(
            cr, ci, bins, smooth, looks, present, reference, known, model, f, work, t, m, x, hr, hi, vr, vi, yr, yi,
            total, moving, marks,
        )  # fmt: skip
        least_deviations(x, looks, LEARNING_EXCESS if known.size == 0 else 1.0, found[1])
    else:
        by_eigenvector(
            cr, ci, bins, smooth, looks, present, method, model, f, work, t, m, x, hr, hi, vr, vi, yr, yi,
            total, moving, marks,
        )  # fmt: skip
        deviations(t, m, looks, reference, EMI_EXCESS if method == EMI else 1.0, x, hr, total, found[1])
    describe(cr, ci, vr, vi, present, kinds[0], kinds[1])
    for lane in range(lanes):
        for i in range(n):
            good = present[i, lane] * present[reference, lane] > ZERO and marks[lane] & TOO_FEW == 0
            re = vr[i, lane] * vr[reference, lane] + vi[i, lane] * vi[reference, lane]
            im = vi[i, lane] * vr[reference, lane] - vr[i, lane] * vi[reference, lane]
            found[0, i, lane] = np.arctan2(im, re) if good else np.float32(np.nan)
            found[1, i, lane] = found[1, i, lane] if good else np.float32(np.nan)
            if i == reference and good:
                found[0, i, lane] = ZERO
                found[1, i, lane] = ZERO
        if marks[lane] & TOO_FEW or present[reference, lane] == ZERO:
            kinds[0, lane] = np.float32(np.nan)
            kinds[1, lane] = np.float32(np.nan)
