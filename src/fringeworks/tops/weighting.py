"""Which dates each block uses, with which weights of pairs, and the sums over overlaps that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.tops.network import Blocks
from fringeworks.tops.speckle import PhaseInformation, phase_information, star_information

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]


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
        for k in range(len(blocks.looks)):
            weighting.weigh(k)
        return weighting

    def information(self, k: int) -> tuple[Indices, Indices, PhaseInformation]:
        """Return the dates used in a block, the pairs between them, and what they know."""
        dates = np.flatnonzero(self.present[k])
        number = np.cumsum(self.present[k]) - 1
        pairs = np.flatnonzero(self.present[k][self.blocks.pairs].all(axis=1))
        i, j = number[self.blocks.pairs[pairs]].T
        squared = np.zeros((dates.size, dates.size))
        squared[i, j] = squared[j, i] = np.abs(self.blocks.phasor[k, pairs])
        inform = star_information if self.is_star else phase_information
        looks, window_looks = float(self.blocks.looks[k]), float(self.blocks.window_looks[k])
        return dates, pairs, inform(squared, looks=looks, window_looks=window_looks)

    def weigh(self, k: int) -> None:
        """Fill the weights of a block anew; with fewer than two dates it has none."""
        self.weight[k] = 0.0
        self.expected[k] = 0.0
        if np.count_nonzero(self.present[k]) < 2:
            self.present[k] = False
            return
        dates, pairs, information = self.information(k)
        number = np.cumsum(self.present[k]) - 1
        i, j = number[self.blocks.pairs[pairs]].T
        self.weight[k, pairs] = information.weight[i, j]
        self.expected[k, dates] = np.diag(information.covariance)

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
        for k in inside[self.present[inside].any(axis=1)]:
            dates, _, information = self.information(int(k))
            both = np.ix_(dates, dates)
            curvature[both] += information.curvature
            spread[both] += information.covariance
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
        for k in np.flatnonzero(back.any(axis=1)):
            whole.weigh(int(k))
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
