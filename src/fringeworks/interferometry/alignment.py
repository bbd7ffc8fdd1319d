"""A common zero for all interferograms: each carries an arbitrary constant of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatStack
from fringeworks.model.grids import Shape, Window

CELL = 16
"""Side of the cells among which the common area is looked for [pixels]."""


@dataclass(frozen=True, slots=True)
class CellSums:
    """What is known of each cell of the image, in order of rows.

    Attributes
    ----------
    n_valid : int64, (pair, cell)
        Valid pixels of each interferogram.
    coherence : float64, (cell)
        Sum over pixels of the mean coherence; pixels without coherence count as 0.
    n_doubted : int64, (cell)
        Pixels where some triplet closes on whole cycles.
    """

    n_valid: NDArray[np.int64]
    coherence: NDArray[np.float64]
    n_doubted: NDArray[np.int64]


def cells_of(shape: Shape) -> list[Window]:
    """Cut an image into cells; those at the right and lower edge may be smaller."""
    return [
        Window(row, col, min(CELL, shape.rows - row), min(CELL, shape.cols - col))
        for row in range(0, shape.rows, CELL)
        for col in range(0, shape.cols, CELL)
    ]


def sum_cells(
    phase: FloatStack, coherence: NDArray[np.float32], n_unwrapping_errors: NDArray[np.int16]
) -> CellSums:
    """Sum validity, coherence and doubt over the cells of a strip of rows.

    Parameters
    ----------
    phase : float32, (pair, y, x)
        A strip whose first row is a multiple of :data:`CELL` of the image's rows.
    coherence : float32, (y, x)
        Mean coherence.
    n_unwrapping_errors : int16, (y, x)
        Triplets that close on whole cycles; -1 where there is none.
    """
    cells = cells_of(Shape(*phase.shape[1:]))
    n_valid = np.zeros((phase.shape[0], len(cells)), np.int64)
    total, doubted = np.zeros(len(cells)), np.zeros(len(cells), np.int64)
    for k, cell in enumerate(cells):
        rows, cols = cell.slices
        n_valid[:, k] = np.isfinite(phase[:, rows, cols]).sum(axis=(1, 2))
        total[k] = float(np.nansum(coherence[rows, cols], dtype=np.float64))
        doubted[k] = int((n_unwrapping_errors[rows, cols] > 0).sum())
    return CellSums(n_valid, total, doubted)


def choose_cell(sums: CellSums, cells: list[Window]) -> int:
    """Choose the cell that serves as common zero.

    The cell in which most interferograms have a value; among those the one with the smallest share of doubted
    pixels, then with the highest coherence.  Doubted pixels would carry a cycle error into a whole interferogram.

    Returns
    -------
    int
        Index of the cell.
    """
    area = np.array([c.rows * c.cols for c in cells], float)
    filled = (sums.n_valid >= np.maximum(area / 4, 1)).sum(axis=0)
    some = (sums.n_valid > 0).sum(axis=0)
    doubt = np.round(sums.n_doubted / area, 2)
    order = np.lexsort((-sums.coherence / area, doubt, -filled, -some))
    return int(order[0])


def constants_from_triplets(
    constants: NDArray[np.float64], *, triplets: NDArray[np.int64], closure: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fill in the constants of interferograms that have no value in the common area, through their triplets.

    Parameters
    ----------
    constants : float64, (pair)
        Constant of each interferogram [rad]; NaN where unknown.
    triplets : int64, (triplet, 3)
        Pairs (1,2), (2,3), (1,3).
    closure : float64, (triplet)
        Constant of each triplet's closure, ``c12 + c23 - c13`` [rad].

    Returns
    -------
    float64, (pair)
        NaN remains where no triplet with two known sides reaches a pair.
    """
    found = constants.copy()
    for _ in range(len(found)):
        before = int(np.isnan(found).sum())
        for (first, second, third), value in zip(triplets, closure, strict=True):
            sides = found[[first, second, third]]
            if np.isnan(sides).sum() != 1:
                continue
            if np.isnan(sides[2]):
                found[third] = sides[0] + sides[1] - value
            elif np.isnan(sides[1]):
                found[second] = value + sides[2] - sides[0]
            else:
                found[first] = value + sides[2] - sides[1]
        if int(np.isnan(found).sum()) == before:
            break
    return found
