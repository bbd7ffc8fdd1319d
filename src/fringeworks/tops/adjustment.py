"""The final adjustment of a network of dates: efficient weights, outliers, and sigmas that the blocks confirm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Tally
from fringeworks.tops.network import (
    Blocks,
    solve_absolute,
    solve_free,
    solve_pairs,
    start_from_tree,
    subsets_of,
)
from fringeworks.tops.speckle import PhaseInformation, phase_information, star_information

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDS: Final = 3
"""Rounds of least squares and rejection; each begins where the one before ended."""

PRIOR_BLOCKS: Final = 40.0
"""Blocks that the expected variance counts for beside the scatter of a date's blocks."""

PRIOR_OVERLAPS: Final = 16.0
"""Overlaps that the scatter of blocks counts for beside the scatter of a date's overlaps."""

LEAST_FACTOR: Final = 0.5
"""The scatter of blocks may lower the expected variance to this: more would say that looks were counted wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One unknown per date and term, relative to the reference date.

    Attributes
    ----------
    value : float64, (date, term)
        In units of the unknown; 0 for the reference date.
    covariance : float64, (date, term, date, term)
        Zero for the reference date; meaningless where not ``known``.
    known : bool, (date)
        Whether a chain of pairs with a signal joins the date with the reference date.
    subset : int64, (date)
        Dates with the same number are joined with each other.
    n_blocks : int64, (date)
        Blocks that a date was used in.
    variance_factor : float64, (date)
        By which the variance that coherence promises was multiplied.
    residual, residual_sigma, before : float64, (overlap, date)
        Double difference of each date against the mean of the others [rad]: what the adjustment leaves, its sigma,
        and what there was before; NaN where a date is not used in the overlap.
    tally : Tally
        Dates in blocks.
    """

    value: Values
    covariance: Values
    known: Bools
    subset: NDArray[np.int64]
    n_blocks: NDArray[np.int64]
    variance_factor: Values
    residual: Values
    residual_sigma: Values
    before: Values
    tally: Tally


def adjust(blocks: Blocks, *, reference: int, coarse: Values, rejection_sigma: float) -> Adjustment:
    """Find each date's unknown: absolute residuals first, then least squares without what disagrees.

    Parameters
    ----------
    blocks : Blocks
        From :func:`fringeworks.tops.network.gather`.
    reference : int
        Date whose unknown is zero.
    coarse : float64, (date)
        Known values to within half a turn, relative to any zero.
    rejection_sigma : float
        See :class:`fringeworks.tops.options.DiversityOptions`.

    Notes
    -----
    The least squares maximise sum w |D| cos(residual), the likelihood of the phases of Gaussian speckle.  Its
    covariance is H^-1 G H^-1, H being the curvature and G the covariance of the gradient, which holds that pairs share
    dates and that blocks scatter more, or less, than coherence lets expect.
    """
    subset = subsets_of(blocks)
    fixed = np.zeros(blocks.n_dates, bool)
    fixed[
        [
            reference,
            *(int(np.flatnonzero(subset == s)[0]) for s in set(subset.tolist()) - {subset[reference]}),
        ]
    ] = True
    start = np.zeros((blocks.n_dates, blocks.basis.shape[1]))
    start[:, 0] = start_from_tree(blocks, reference=reference, coarse=coarse - coarse[reference])
    values = solve_absolute(blocks, start, fixed=fixed)
    model = _Model.of(blocks, star=_is_star(blocks.pairs, reference))
    for _ in range(ROUNDS):
        is_complete = not _reject(model, values, rejection_sigma)
        values = _least_squares(model, values, fixed)
        if is_complete:
            break
    return _result(model, values, fixed, reference=reference, subset=subset)


def _is_star(pairs: NDArray[np.int64], reference: int) -> bool:
    return bool((pairs == reference).any(axis=1).all()) and len(pairs) > 1


@dataclass(slots=True)
class _Model:
    """Weights as they stand: ``weight`` (block, pair), ``expected`` (block, date) the variance of a date's score."""

    blocks: Blocks
    star: bool
    present: Bools
    weight: Values
    expected: Values
    incidence: Values

    @classmethod
    def of(cls, blocks: Blocks, *, star: bool) -> _Model:
        n_pairs = len(blocks.pairs)
        incidence = np.zeros((n_pairs, blocks.n_dates))
        incidence[np.arange(n_pairs), blocks.pairs[:, 1]] = 1.0
        incidence[np.arange(n_pairs), blocks.pairs[:, 0]] = -1.0
        signal = np.isfinite(blocks.variance)
        present = blocks.present & ((signal.astype(float) @ np.abs(incidence)) > 0)
        model = cls(
            blocks,
            star,
            present,
            np.zeros(blocks.phasor.shape),
            np.zeros(blocks.present.shape),
            incidence,
        )
        for k in range(len(blocks.looks)):
            model.weigh(k)
        return model

    def information(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64], PhaseInformation]:
        """Return the dates used in a block, the pairs between them, and what they know."""
        dates = np.flatnonzero(self.present[k])
        number = np.cumsum(self.present[k]) - 1
        pairs = np.flatnonzero(self.present[k][self.blocks.pairs].all(axis=1))
        i, j = number[self.blocks.pairs[pairs]].T
        squared = np.zeros((dates.size, dates.size))
        squared[i, j] = squared[j, i] = np.abs(self.blocks.phasor[k, pairs])
        inform = star_information if self.star else phase_information
        looks, window_looks = float(self.blocks.looks[k]), float(self.blocks.window_looks[k])
        return dates, pairs, inform(squared, looks=looks, window_looks=window_looks)

    def weigh(self, k: int) -> None:
        """Fill the weights of a block anew."""
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

    def with_outcasts(self) -> _Model:
        """Return the model with dates put back into overlaps that rejected them in more than half of their blocks.

        Left out, they would hide from the table of overlaps what they were left out for.
        """
        b = self.blocks
        everything = _Model.of(b, star=self.star)
        back = np.zeros_like(self.present)
        for o in np.unique(b.overlap):
            inside = b.overlap == o
            kept, held = self.present[inside].sum(axis=0), everything.present[inside].sum(axis=0)
            back[inside] = everything.present[inside] & (2 * kept < held)
        model = replace(
            self, present=self.present | back, weight=self.weight.copy(), expected=self.expected.copy()
        )
        for k in np.flatnonzero(back.any(axis=1)):
            model.weigh(int(k))
        return model

    def scores(self, phase: Values) -> Values:
        """Return the weighted residuals that meet in each date, (block, date)."""
        scores: Values = (self.weight * phase) @ self.incidence
        return scores

    def moments(self) -> Values:
        """Return lever^2 times the products of terms, (block, term, term)."""
        b = self.blocks
        return np.asarray(np.einsum("k,ks,kt->kst", b.lever**2, b.basis, b.basis))


def _standardised(model: _Model, values: Values) -> Values:
    scores = model.scores(model.blocks.residual(values))
    root = np.sqrt(model.expected)
    return np.divide(scores, root, out=np.zeros_like(scores), where=root > 0)


def _reject(model: _Model, values: Values, threshold: float) -> int:
    """Take dates out of blocks where they disagree with the others, the worst first; return how many."""
    n_rejected = 0
    standardised = np.abs(_standardised(model, values))
    seen = standardised[model.expected > 0]
    limit = threshold * max(1.0, 1.4826 * float(np.median(seen))) if seen.size else np.inf
    residual = model.blocks.residual(values)
    for k in np.flatnonzero(standardised.max(axis=1) > limit):
        worst = standardised[k]
        while float(worst.max()) > limit:
            model.present[k, int(np.argmax(worst))] = False
            n_rejected += 1
            model.weigh(int(k))
            scores = (model.weight[k] * residual[k]) @ model.incidence
            root = np.sqrt(model.expected[k])
            worst = np.abs(np.divide(scores, root, out=np.zeros_like(scores), where=root > 0))
    return n_rejected


def _least_squares(model: _Model, values: Values, fixed: Bools) -> Values:
    blocks = model.blocks
    normal = np.einsum("kst,kp->pst", model.moments(), model.weight)
    for _ in range(10):
        back = blocks.turned_back(values)
        size = np.abs(blocks.phasor)
        sine = np.divide(back.imag, size, out=np.zeros_like(size), where=size > 0)
        right = np.einsum("kt,kp->pt", blocks.lever[:, None] * blocks.basis, model.weight * sine)
        step = solve_pairs(normal, right, pairs=blocks.pairs, fixed=fixed)
        values = values + step
        if float(np.abs(step).max(initial=0.0)) * float(np.abs(blocks.lever).max(initial=0.0)) < 1e-7:
            break
    return values


def _result(
    model: _Model, values: Values, fixed: Bools, *, reference: int, subset: NDArray[np.int64]
) -> Adjustment:
    blocks = model.blocks
    factor = _variance_factor(model, values, _Table.of(model, values))
    table = _Table.of(model.with_outcasts(), values)
    covariance = _covariance(model, fixed, np.sqrt(factor))
    known = (subset == subset[reference]) & (
        model.present.any(axis=0) | (np.arange(len(subset)) == reference)
    )
    values = _place_subsets(values, subset, reference=reference)
    n_used = int(model.present.sum())
    signal = np.isfinite(blocks.variance).astype(float) @ np.abs(model.incidence) > 0
    n_present = int(blocks.present.sum())
    n_mute = n_present - int((blocks.present & signal).sum())
    rejected = {"no coherent pair": n_mute, "disagrees with the other dates": n_present - n_mute - n_used}
    return Adjustment(
        value=values,
        covariance=covariance,
        known=known,
        subset=subset,
        n_blocks=model.present.sum(axis=0),
        variance_factor=factor,
        residual=table.residual,
        residual_sigma=table.sigma * np.sqrt(factor),
        before=table.before,
        tally=Tally("dates in blocks", n_present, n_used, rejected),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Per overlap and date: residual phase, its sigma, the phase before, score and its expected variance."""

    residual: Values
    sigma: Values
    before: Values
    score: Values
    expected: Values

    @classmethod
    def of(cls, model: _Model, values: Values) -> _Table:
        blocks = model.blocks
        n_overlaps, n_dates = int(blocks.overlap.max(initial=-1)) + 1, blocks.n_dates
        empty = np.full((5, n_overlaps, n_dates), np.nan)
        scores = model.scores(blocks.residual(values))
        for o in range(n_overlaps):
            inside = np.flatnonzero(blocks.overlap == o)
            curvature, spread = _sums_of(model, inside)
            dates = np.flatnonzero(np.diag(curvature) > 0)
            if dates.size < 2:
                continue
            both = np.ix_(dates, dates)
            inverse = np.linalg.pinv(curvature[both], rcond=1e-10, hermitian=True)
            phase = inverse @ scores[inside].sum(axis=0)[dates]
            sigma = np.sqrt(np.maximum(np.diag(inverse @ spread[both] @ inverse), 0.0))
            weight = np.abs(model.weight[inside]).sum(axis=1)
            term = np.average(blocks.lever[inside, None] * blocks.basis[inside], axis=0, weights=weight)
            shift = (values @ term)[dates]
            others = dates.size / (dates.size - 1.0)
            empty[0, o, dates] = others * (phase - phase.mean())
            empty[1, o, dates] = others * sigma
            empty[2, o, dates] = others * (phase + shift - (phase + shift).mean())
            empty[3, o, dates] = scores[inside].sum(axis=0)[dates]
            empty[4, o, dates] = np.diag(spread)[dates]
        return cls(*empty)


def _sums_of(model: _Model, inside: NDArray[np.int64]) -> tuple[Values, Values]:
    """Return curvature and covariance of the score, summed over blocks, (date, date)."""
    n = model.blocks.n_dates
    curvature, spread = np.zeros((n, n)), np.zeros((n, n))
    for k in inside:
        if not model.present[k].any():
            continue
        dates, _, information = model.information(int(k))
        both = np.ix_(dates, dates)
        curvature[both] += information.curvature
        spread[both] += information.covariance
    return curvature, spread


def _variance_factor(model: _Model, values: Values, table: _Table) -> Values:
    """Return for each date the variance of blocks and overlaps over the expected one, (date)."""
    n_terms = values.shape[1]
    squares = (_standardised(model, values) ** 2).sum(axis=0)
    freedom = np.maximum((model.expected > 0).sum(axis=0) - n_terms, 0)
    blocks = _shrunk(squares, freedom, prior=np.ones(len(squares)), weight=PRIOR_BLOCKS)
    used = table.expected > 0
    squares = np.where(used, table.score**2 / np.where(used, table.expected, 1.0), 0.0).sum(axis=0) / blocks
    freedom = np.maximum(used.sum(axis=0) - n_terms, 0)
    several = freedom > 0
    whole = (PRIOR_OVERLAPS + squares[several].sum()) / (PRIOR_OVERLAPS + freedom[several].sum())
    overlaps = _shrunk(squares, freedom, prior=np.where(several, whole, 1.0), weight=PRIOR_OVERLAPS)
    return np.asarray(np.maximum(blocks * overlaps, LEAST_FACTOR))


def _shrunk(squares: Values, freedom: NDArray[np.int64], *, prior: Values, weight: float) -> Values:
    """Return mean squares drawn toward a prior, unless they are beyond all doubt larger than it."""
    drawn = (weight * prior + np.where(freedom > 0, squares, 0.0)) / (weight + freedom)
    beyond = squares > prior * (freedom + 4.0 * np.sqrt(2.0 * freedom) + 4.0)
    alone = squares / np.maximum(freedom, 1)
    return np.where(beyond & (freedom > 0), np.maximum(alone, drawn), drawn)


def _covariance(model: _Model, fixed: Bools, scale: Values) -> Values:
    blocks = model.blocks
    n_dates, n_terms = blocks.n_dates, blocks.basis.shape[1]
    normal = np.zeros((n_dates, n_terms, n_dates, n_terms))
    spread = np.zeros_like(normal)
    moments = model.moments()
    for k in range(len(blocks.looks)):
        if not model.present[k].any():
            continue
        dates, _, information = model.information(k)
        both = np.ix_(dates, np.arange(n_terms), dates, np.arange(n_terms))
        normal[both] += np.einsum("ab,st->asbt", information.curvature, moments[k])
        inflated = information.covariance * np.outer(scale[dates], scale[dates])
        spread[both] += np.einsum("ab,st->asbt", inflated, moments[k])
    return _sandwich(normal, spread, fixed)


def _sandwich(normal: Values, spread: Values, fixed: Bools) -> Values:
    n_dates, n_terms = normal.shape[:2]
    inverse = solve_free(normal, np.zeros((n_dates, n_terms)), fixed=fixed)[1]
    size = n_dates * n_terms
    flat = inverse.reshape(size, size)
    return np.asarray((flat @ spread.reshape(size, size) @ flat).reshape(normal.shape))


def _place_subsets(values: Values, subset: NDArray[np.int64], *, reference: int) -> Values:
    """Move the subsets that nothing joins with the reference date to the mean of its own subset."""
    placed = values.copy()
    mean = values[subset == subset[reference], 0].mean()
    for s in set(subset.tolist()) - {int(subset[reference])}:
        inside = subset == s
        if np.count_nonzero(inside) > 1:
            placed[inside, 0] += mean - placed[inside, 0].mean()
    return placed
