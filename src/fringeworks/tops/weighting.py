"""Which dates each block uses, with which weights of pairs, and the sums over overlaps that follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.tops.network import Blocks
from fringeworks.tops.speckle import PhaseInformation, phase_information, star_information

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]

BATCH: Final = 1 << 18
"""Entries of date-by-date matrices worked on at once: a few megabytes each."""


@dataclass(slots=True)
class Weighting:
    """Weights as they stand.

    Attributes
    ----------
    blocks : Blocks
        The double differences.
    is_star : bool
        Whether all pairs hold one date.
    present : bool, (block, date)
        Whether a date is used in a block.
    weight : float64, (block, pair)
        Of residual phases [1/rad^2].
    expected : float64, (block, date)
        Variance of the score, the weighted residuals that meet in a date [1/rad^2].
    incidence : float64, (pair, date)
        -1 for the earlier, 1 for the later date of a pair.
    """

    blocks: Blocks
    is_star: bool
    present: Bools
    weight: Values
    expected: Values
    incidence: Values

    @classmethod
    def of(cls, blocks: Blocks, *, reference: int) -> Weighting:
        """Weigh all dates that have a pair with a signal."""
        n_pairs = len(blocks.pairs)
        incidence = np.zeros((n_pairs, blocks.n_dates))
        incidence[np.arange(n_pairs), blocks.pairs[:, 1]] = 1.0
        incidence[np.arange(n_pairs), blocks.pairs[:, 0]] = -1.0
        weighting = cls(
            blocks=blocks,
            is_star=n_pairs > 1 and bool((blocks.pairs == reference).any(axis=1).all()),
            present=blocks.present & has_signal(blocks, incidence),
            weight=np.zeros(blocks.phasor.shape),
            expected=np.zeros(blocks.present.shape),
            incidence=incidence,
        )
        weighting.weigh(np.arange(len(blocks.looks)))
        return weighting

    def weigh(self, which: Indices) -> None:
        """Fill the weights of blocks anew; with fewer than two dates a block has none."""
        self.weight[which] = 0.0
        self.expected[which] = 0.0
        self.present[which[self.present[which].sum(axis=1) < 2]] = False
        for inside, dates, information in self.information(which):
            number = np.full(self.blocks.n_dates, -1)
            number[dates] = np.arange(dates.size)
            i, j = number[self.blocks.pairs].T
            pairs = np.flatnonzero((i >= 0) & (j >= 0))
            self.weight[np.ix_(inside, pairs)] = information.weight[:, i[pairs], j[pairs]]
            diagonal = np.diagonal(information.covariance, axis1=1, axis2=2)
            self.expected[np.ix_(inside, dates)] = diagonal

    def information(self, which: Indices) -> Iterator[tuple[Indices, Indices, PhaseInformation]]:
        """Give blocks, the dates that all of them use, and what they know; a few at a time."""
        inform = star_information if self.is_star else phase_information
        which = which[self.present[which].any(axis=1)]
        patterns, kind = np.unique(self.present[which], axis=0, return_inverse=True)
        b = self.blocks
        for p, pattern in enumerate(patterns):
            dates = np.flatnonzero(pattern)
            pairs = np.flatnonzero(pattern[b.pairs].all(axis=1))
            i, j = (np.cumsum(pattern) - 1)[b.pairs[pairs]].T
            joined = np.zeros((dates.size, dates.size), bool)
            joined[i, j] = joined[j, i] = True
            alike = which[kind.ravel() == p]
            for inside in np.array_split(alike, -(-alike.size * dates.size**2 // BATCH)):
                squared = np.zeros((inside.size, dates.size, dates.size))
                squared[:, i, j] = squared[:, j, i] = np.abs(b.phasor[np.ix_(inside, pairs)])
                looks, window_looks = b.looks[inside], b.window_looks[inside]
                yield inside, dates, inform(squared, joined, looks=looks, window_looks=window_looks)

    def scores(self, phase: Values) -> Values:
        """Return the weighted residuals (block, pair) that meet in each date, (block, date)."""
        return np.asarray((self.weight * phase) @ self.incidence)

    def standardised(self, phase: Values) -> Values:
        """Return the scores over their expected standard deviations; 0 where a date is not used."""
        root = np.sqrt(self.expected)
        return np.divide(self.scores(phase), root, out=np.zeros_like(root), where=root > 0)

    def sums(self, overlap: int) -> OverlapSums:
        """Return what the blocks of an overlap add up to."""
        b = self.blocks
        inside = np.flatnonzero(b.overlap == overlap)
        n = b.n_dates
        curvature, spread = np.zeros((n, n)), np.zeros((n, n))
        for _, dates, information in self.information(inside):
            both = np.ix_(dates, dates)
            curvature[both] += information.curvature.sum(axis=0)
            spread[both] += information.covariance.sum(axis=0)
        weight = np.abs(self.weight[inside]).sum(axis=1)
        share = weight / weight.sum() if weight.any() else np.full(inside.size, 1.0 / inside.size)
        lever = float(np.sqrt(share @ b.lever[inside] ** 2) * np.sign(b.lever[inside[0]]))
        return OverlapSums(overlap, curvature, spread, lever, b.basis[inside[0]])

    def with_outcasts(self) -> Weighting:
        """Put dates back into overlaps that rejected them in more than half of their blocks.

        Left out, they would hide from the table of overlaps what they were left out for.
        """
        b = self.blocks
        everything = b.present & has_signal(b, self.incidence)
        back = np.zeros_like(self.present)
        for o in np.unique(b.overlap):
            inside = b.overlap == o
            kept, held = self.present[inside].sum(axis=0), everything[inside].sum(axis=0)
            back[inside] = everything[inside] & (2 * kept < held)
        if not back.any():
            return self
        whole = replace(
            self, present=self.present | back, weight=self.weight.copy(), expected=self.expected.copy()
        )
        whole.weigh(np.flatnonzero(back.any(axis=1)))
        return whole


@dataclass(frozen=True, slots=True)
class OverlapSums:
    """Sums over the blocks of one overlap.

    Attributes
    ----------
    overlap : int
        Its number.
    curvature, spread : float64, (date, date)
        Minus the derivative of the dates' scores by their phases, and the scores' covariance [1/rad^2].
    lever : float
        Phase per unit of the unknown, root of the weighted mean square of the blocks.
    basis : float64, (term)
        Value of each term at the overlap.
    """

    overlap: int
    curvature: Values
    spread: Values
    lever: float
    basis: Values

    @property
    def dates(self) -> Indices:
        """Dates that are used in the overlap."""
        return np.flatnonzero(np.diag(self.curvature) > 0)


def has_signal(blocks: Blocks, incidence: Values) -> Bools:
    """Return whether some pair of a date has a signal in a block, (block, date)."""
    return np.asarray(np.isfinite(blocks.variance).astype(np.float64) @ np.abs(incidence) > 0)
