"""From double differences of pairs to one unknown per date: a robust network adjustment.

An unknown x of date i turns the phase of the pair (i, j) in a block by ``lever (x_j - x_i)``; the lever is
2 pi times the spectral separation for an azimuth shift, and one for a phase.  Only differences are seen: the reference
date's unknown is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.tops.overlaps import OverlapStatistics
from fringeworks.tops.speckle import pair_variance

Values = NDArray[np.float64]

SIGNIFICANT: Final = 4.0
"""A pair is used in a block where its double difference is this many times the noise of incoherent images."""

RIDGE: Final = 1e-12
"""Added to the diagonal of normal equations, in units of it: what nothing is known of keeps its value."""

ITERATIONS: Final = 20
"""Re-weightings of the robust start: it only has to come near enough for phases not to wrap."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of several overlaps, one after the other.

    Attributes
    ----------
    n_dates : int
        Dates of the stack.
    pairs : int64, (pair, 2)
        Earlier and later date.
    phasor : complex128, (block, pair)
        Double difference; 0 where a pair is not used.
    variance : float64, (block, pair)
        Expected phase variance of each pair by itself [rad^2]; infinite where it is not used.
    lever : float64, (block)
        Phase per unit of the unknown.
    basis : float64, (block, term)
        Value of each term at the block; the first is 1.
    overlap : int64, (block)
        Number of the overlap.
    looks, window_looks : float64, (block)
        Independent samples of the block, and of a window.
    present : bool, (block, date)
        Whether the date is used in the block.
    """

    n_dates: int
    pairs: NDArray[np.int64]
    phasor: NDArray[np.complex128]
    variance: Values
    lever: Values
    basis: Values
    overlap: NDArray[np.int64]
    looks: Values
    window_looks: Values
    present: NDArray[np.bool_]

    def residual(self, values: Values) -> Values:
        """Return what values (date, term) leave of each phase, (block, pair) [rad]; 0 where a pair is not used."""
        return np.angle(self.turned_back(values))

    def turned_back(self, values: Values) -> NDArray[np.complex128]:
        """Return the double differences less the phase of values (date, term), (block, pair)."""
        phase = self.lever[:, None] * (self.basis @ values.T)
        i, j = self.pairs.T
        return np.asarray(self.phasor * np.exp(-1j * (phase[:, j] - phase[:, i])))


def gather(
    overlaps: Sequence[OverlapStatistics],
    *,
    levers: Sequence[Values],
    bases: Sequence[Values],
    minimum_coherence: float,
) -> Blocks:
    """Put the blocks of overlaps one after the other, pairs without a signal left out.

    Parameters
    ----------
    overlaps : sequence of OverlapStatistics
        Of the same dates and pairs, at least one.
    levers, bases : sequence of float64, (block) and (block, term)
        For each overlap.
    minimum_coherence : float
        Geometric mean of the two images' coherences below which a pair is not used.
    """
    looks = np.concatenate([o.looks for o in overlaps])
    window_looks = np.concatenate([o.window_looks for o in overlaps])
    phasor = np.concatenate([o.phasor for o in overlaps]).astype(np.complex128)
    squared = np.nan_to_num(np.abs(phasor))
    # Incoherent images leave |D| of 1 / sqrt(number of windows) / W = 1 / sqrt(L W).
    noise = 1.0 / np.sqrt(looks * window_looks)
    used = squared > np.maximum(minimum_coherence**2, SIGNIFICANT * noise)[:, None]
    squared = np.clip(squared, 1e-12, 1.0 - 1e-9)
    variance = np.where(used, pair_variance(squared, looks[:, None], window_looks[:, None]), np.inf)
    return Blocks(
        n_dates=overlaps[0].n_dates,
        pairs=overlaps[0].pairs,
        phasor=np.where(used, phasor, 0.0),
        variance=variance,
        lever=np.concatenate(levers),
        basis=np.concatenate(bases),
        overlap=np.repeat(np.arange(len(overlaps)), [len(o.looks) for o in overlaps]),
        looks=looks,
        window_looks=window_looks,
        present=np.concatenate([o.present for o in overlaps]),
    )


def subsets_of(blocks: Blocks) -> NDArray[np.int64]:
    """Return for each date the number of the subset it belongs to: dates joined by pairs with a signal, (date)."""
    subset = np.arange(blocks.n_dates)
    for i, j in blocks.pairs[np.isfinite(blocks.variance).any(axis=0)]:
        low, high = sorted((int(subset[i]), int(subset[j])))
        subset[subset == high] = low
    return subset


def start_from_tree(blocks: Blocks, *, reference: int, coarse: Values) -> Values:
    """Return a first value for each date, along the pairs of best quality from the reference date on.

    Parameters
    ----------
    blocks : Blocks
        Double differences.
    reference : int
        Date whose value is zero; in other subsets the first date keeps its coarse value.
    coarse : float64, (date)
        Values known to within half a turn; results lie nearest to them.

    Returns
    -------
    float64, (date)
        In units of the unknown, the same along azimuth.
    """
    i, j = blocks.pairs.T
    start = np.zeros((blocks.n_dates, blocks.basis.shape[1]))
    start[:, 0] = coarse
    weight = np.where(np.isfinite(blocks.variance), 1.0 / blocks.variance, 0.0)
    unit = np.divide(
        *(blocks.turned_back(start), np.abs(blocks.phasor)), where=blocks.phasor != 0, out=0 * blocks.phasor
    )
    total = (weight * unit).sum(axis=0)
    lever = np.divide(
        blocks.lever @ weight, weight.sum(axis=0), where=weight.any(axis=0), out=np.ones(len(i))
    )
    step = np.angle(total) / lever
    quality = np.abs(total)
    found = coarse.astype(np.float64).copy()
    known = np.zeros(blocks.n_dates, bool)
    queue = [reference, *range(blocks.n_dates)]
    for root in queue:
        known[root] = True
        while True:
            edge = np.where(known[i] != known[j], quality, 0.0)
            best = int(np.argmax(edge)) if edge.size else 0
            if not edge.size or edge[best] <= 0.0:
                break
            here, there, sign = (i[best], j[best], 1.0) if known[i[best]] else (j[best], i[best], -1.0)
            value = found[here] + coarse[there] - coarse[here] + sign * step[best]
            turn = 2.0 * np.pi / abs(lever[best])
            found[there] = value - turn * np.rint((value - coarse[there] - found[root] + coarse[root]) / turn)
            known[there] = True
    return found


def solve_absolute(blocks: Blocks, start: Values, *, fixed: NDArray[np.bool_]) -> Values:
    """Minimise the sum of absolute residuals over their expected sigma, by re-weighted least squares.

    Parameters
    ----------
    blocks : Blocks
        Double differences.
    start : float64, (date, term)
        Near enough for no residual of weight to wrap.
    fixed : bool, (date)
        Dates that keep their start.

    Returns
    -------
    float64, (date, term)
    """
    values = start.copy()
    sigma = np.sqrt(blocks.variance)
    scale = blocks.lever**2
    moment = np.einsum("k,ks,kt->kst", scale, blocks.basis, blocks.basis)
    for _ in range(ITERATIONS):
        residual = blocks.residual(values)
        weight = 1.0 / blocks.variance / np.maximum(np.abs(residual) / sigma, 0.1)
        weight[~np.isfinite(blocks.variance)] = 0.0
        normal = np.einsum("kst,kp->pst", moment, weight)
        right = np.einsum("kt,kp->pt", blocks.lever[:, None] * blocks.basis, weight * residual)
        step = solve_pairs(normal, right, pairs=blocks.pairs, fixed=fixed)
        values = values + step
        if float(np.abs(step).max(initial=0.0)) * float(np.abs(blocks.lever).max(initial=0.0)) < 1e-6:
            break
    return values


def solve_pairs(
    normal: Values, right: Values, *, pairs: NDArray[np.int64], fixed: NDArray[np.bool_]
) -> Values:
    """Solve for dates (date, term) from sums over pairs: normal (pair, term, term), right (pair, term)."""
    n_dates, n_terms = len(fixed), right.shape[1]
    i, j = pairs.T
    whole = np.zeros((n_dates, n_terms, n_dates, n_terms))
    gradient = np.zeros((n_dates, n_terms))
    np.add.at(gradient, j, right)
    np.add.at(gradient, i, -right)
    for first, second, sign in ((i, i, 1.0), (j, j, 1.0), (i, j, -1.0), (j, i, -1.0)):
        for s in range(n_terms):
            for t in range(n_terms):
                np.add.at(whole[:, s, :, t], (first, second), sign * normal[:, s, t])
    return solve_free(whole, gradient, fixed=fixed)[0]


def solve_free(whole: Values, gradient: Values, *, fixed: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Solve normal equations for the dates that are not fixed.

    Parameters
    ----------
    whole : float64, (date, term, date, term)
        Normal matrix.
    gradient : float64, (date, term)
        Right side.
    fixed : bool, (date)
        Dates whose result is zero.

    Returns
    -------
    step : float64, (date, term)
    inverse : float64, (date, term, date, term)
        Of the normal matrix, zero for fixed dates; huge for directions without information, whose step is zero.
    """
    n_dates, n_terms = gradient.shape
    free = np.repeat(~fixed, n_terms)
    size = n_dates * n_terms
    matrix = whole.reshape(size, size)[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    scale[scale == 0.0] = 1.0
    step, inverse = np.zeros(size), np.zeros((size, size))
    if matrix.size:
        scaled = matrix / np.outer(scale, scale)
        found = np.linalg.inv(scaled + RIDGE * np.eye(len(scale)))
        inverse[np.ix_(free, free)] = found / np.outer(scale, scale)
        step = inverse @ gradient.ravel()
    return step.reshape(n_dates, n_terms), inverse.reshape(n_dates, n_terms, n_dates, n_terms)
