"""Kernels that join pieces: counting whole cycles in overlaps, adding them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage
from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import TURN


@kernel
def count_votes(
    phase: FloatImage, pieces: NDArray[np.uint32], other_phase: FloatImage, other_pieces: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Count pixels of an overlap by their two pieces and the whole cycles between them.

    Returns
    -------
    int64, (run, column)
        Number of the piece and of the other piece, from 0; cycles of the first above the second; pixels.  One row for
        each run of like pixels along an image row: the same three numbers come more than once.
    """
    runs = np.empty((phase.size, 4), np.int64)
    n = 0
    for y in range(phase.shape[0]):
        before = (-1, -1, 0)
        for x in range(phase.shape[1]):
            if pieces[y, x] == 0 or other_pieces[y, x] == 0:
                before = (-1, -1, 0)
                continue
            cycles = int(np.rint((float(phase[y, x]) - float(other_phase[y, x])) / TURN))
            now = (int(pieces[y, x]) - 1, int(other_pieces[y, x]) - 1, cycles)
            if now == before:
                runs[n - 1, 3] += 1
                continue
            runs[n, 0], runs[n, 1], runs[n, 2], runs[n, 3] = now[0], now[1], now[2], 1
            n += 1
            before = now
    return runs[:n].copy()


@kernel
def add_cycles(phase: FloatImage, pieces: NDArray[np.integer], cycles: NDArray[np.int64]) -> None:
    """Add to the phase of each piece its whole cycles, in place; ``cycles`` is indexed by piece, 0 = none."""
    for y in range(phase.shape[0]):
        for x in range(phase.shape[1]):
            n = cycles[pieces[y, x]]
            if n != 0:
                phase[y, x] = float(phase[y, x]) + TURN * n
