"""One tile of pixels through the network: load, weigh, solve, look at the residuals.

Everything here is (pair, lane) or (unknown, lane), a lane being one pixel of the tile.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.elimination import Elimination
from fringeworks.numerics.leastsquares import LANES, add_edges, factorise, select_smallest, substitute

STRIP: Final = 8 * LANES
"""Pixels read together: long enough rows for the memory to stream."""

MAD_TO_SIGMA: Final = 1.4826
"""Standard deviation over median absolute value, for a Gaussian."""

Array = NDArray[np.float64]


class Tile(NamedTuple):
    """Working memory of one tile, all float64.

    Attributes
    ----------
    phase, prior, weight, residual : (pair, lane)
        Phase [rad], weight it came with and weight it has now [1/rad^2], residual of the solution [rad].
    diagonal, right, variance : (unknown + 1, lane)
        Normal equations; ``right`` holds the solution afterwards; diagonal of the inverse.  The last row, number -1,
        stands for the first date, which is no unknown.
    inverse_pivot : (unknown, lane)
        Inverse pivots of the factor, zero where it has a rank defect.
    lower, covariance : (entry + 1, lane)
        Factor, and the inverse where the factor has entries.
    """

    phase: Array
    prior: Array
    weight: Array
    residual: Array
    diagonal: Array
    right: Array
    inverse_pivot: Array
    variance: Array
    lower: Array
    covariance: Array


@kernel
def new_tile(n_pairs: int, graph: Elimination, lanes: int) -> Tile:
    """Allocate a tile; one per thread, used again for each tile of pixels.

    The number of lanes is an argument, not a constant: the compiler would unroll loops of known length, and the
    unrolled code is scalar.
    """
    n, entries = graph.node.size, graph.row.size
    return Tile(
        np.zeros((n_pairs, lanes)),
        np.zeros((n_pairs, lanes)),
        np.zeros((n_pairs, lanes)),
        np.zeros((n_pairs, lanes)),
        np.zeros((n + 1, lanes)),
        np.zeros((n + 1, lanes)),
        np.zeros((n, lanes)),
        np.zeros((n + 1, lanes)),
        np.zeros((entries + 1, lanes)),
        np.zeros((entries + 1, lanes)),
    )


@kernel
def copy_lanes(source: Array, target: Array) -> None:
    """Copy one (something, lane) array into another."""
    for p in range(source.shape[0]):
        for k in range(source.shape[1]):
            target[p, k] = source[p, k]


@kernel
def copy_strip(block: NDArray[np.float32], begin: int, end: int, strip: NDArray[np.float32]) -> None:
    """Copy pixels ``begin`` to ``end`` of a (pair, pixel) block into a small array that stays in the cache.

    Rows of a block lie far apart in memory; tiles of a few pixels read straight from it would wait for each row.
    """
    for p in range(block.shape[0]):
        for k in range(end - begin):
            strip[p, k] = block[p, begin + k]


@kernel
def load(tile: Tile, phase: NDArray[np.float32], weight: NDArray[np.float32], start: int, count: int) -> None:
    """Copy ``count`` pixels from ``start`` into the tile; lanes beyond them, and NaN, get no weight."""
    for p in range(phase.shape[0]):
        for k in range(tile.phase.shape[1]):
            f, w = np.float32(0.0), np.float32(0.0)
            if k < count:
                f, w = phase[p, start + k], weight[p, start + k]
            good = np.isfinite(f) and w > 0
            tile.phase[p, k] = f if good else 0.0
            tile.prior[p, k] = w if good else 0.0
            tile.weight[p, k] = tile.prior[p, k]


@kernel
def adjust(tile: Tile, graph: Elimination) -> None:
    """Solve the tile with its present weights."""
    tile.diagonal[:] = 0.0
    tile.lower[:] = 0.0
    tile.right[:] = 0.0
    add_edges(tile.weight, tile.phase, graph, tile.diagonal, tile.lower, tile.right)
    factorise(tile.diagonal, tile.lower, tile.inverse_pivot, graph)
    substitute(tile.lower, tile.inverse_pivot, tile.right, graph)


@kernel
def find_residuals(tile: Tile, graph: Elimination) -> None:
    """Compute phase minus solution of every interferogram that came with a weight, rejected or not."""
    residual, phase, dates, prior = tile.residual, tile.phase, tile.right, tile.prior
    for p in range(phase.shape[0]):
        # Row -1 stands for the first date and is zero.
        i, j = graph.edge_unknown[p, 0], graph.edge_unknown[p, 1]
        for k in range(phase.shape[1]):
            good = 1.0 if prior[p, k] > 0 else 0.0
            residual[p, k] = (phase[p, k] - dates[j, k] + dates[i, k]) * good


@kernel
def count_used(tile: Tile, lane: int) -> int:
    """Count the interferograms that have a weight now."""
    n = 0
    for p in range(tile.weight.shape[0]):
        if tile.weight[p, lane] > 0:
            n += 1
    return n


@kernel
def count_rank(tile: Tile, lane: int) -> int:
    """Count the differences of dates that the last solution determined."""
    n = 0
    for u in range(tile.inverse_pivot.shape[0]):
        if tile.inverse_pivot[u, lane] > 0:
            n += 1
    return n


@kernel
def robust_sigma(tile: Tile, lane: int, buffer: Array) -> float:
    """Estimate the standard deviation of unit weight from the median absolute residual.

    Residuals are smaller than errors, because the solution follows the data: the square root of number n over degrees
    of freedom f undoes it on average.  A median of few values scatters: the factor 1 + 5/f of Rousseeuw and Leroy
    (1987, p. 44) keeps it from being too small.  0 where nothing is redundant.
    """
    n = 0
    for p in range(tile.weight.shape[0]):
        if tile.weight[p, lane] > 0:
            buffer[n] = abs(tile.residual[p, lane]) * np.sqrt(tile.prior[p, lane])
            n += 1
    freedom = n - count_rank(tile, lane)
    if freedom <= 0:
        return 0.0
    return float(MAD_TO_SIGMA * select_smallest(buffer, n, n // 2) * np.sqrt(n / freedom) * (1 + 5 / freedom))


@kernel
def minimise_absolute(tile: Tile, graph: Elimination, iterations: int) -> Array:
    """Minimise the sum of sqrt(prior) |residual| by re-weighted least squares.

    Weights are sqrt(prior) / max(|residual|, width); the width falls from 1 rad to 1e-6 rad, so that early steps
    find the basin and late ones the corner.  Returns the largest last change of each lane [rad]; the weights
    are restored, and the factor belongs to them.
    """
    adjust(tile, graph)
    width = 1.0
    last = tile.right.copy()
    root = np.sqrt(tile.prior)
    for _ in range(iterations):
        find_residuals(tile, graph)
        for p in range(tile.phase.shape[0]):
            w, r, r0 = tile.weight[p], tile.residual[p], root[p]
            for k in range(tile.phase.shape[1]):
                w[k] = r0[k] / max(abs(r[k]), width)
        copy_lanes(tile.right, last)
        adjust(tile, graph)
        width = max(0.5 * width, 1e-6)
    change = np.zeros(tile.phase.shape[1])
    for u in range(last.shape[0]):
        for k in range(tile.phase.shape[1]):
            change[k] = max(change[k], abs(tile.right[u, k] - last[u, k]))
    copy_lanes(tile.right, last)
    copy_lanes(tile.prior, tile.weight)
    adjust(tile, graph)
    copy_lanes(last, tile.right)
    return change
