"""The final adjustment of a network of dates: efficient weights, outliers, and sigmas that the blocks confirm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Tally
from fringeworks.tops.network import Blocks, solve_absolute, solve_pairs, start_from_tree, subsets_of
from fringeworks.tops.scatter import block_factor, covariance_of, overlap_phases, overlap_variance
from fringeworks.tops.weighting import Bools, Values, Weighting, has_signal

ROUNDS: Final = 3
"""Rounds of least squares and rejection; each begins where the one before ended."""


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
        By which the variance that coherence promises was multiplied, from the scatter of blocks.
    overlap_sigma : float64, (date)
        Phase that each overlap of a date was found to have of its own, beyond the scatter of blocks [rad].
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
    overlap_sigma: Values
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
    dates and that blocks and overlaps scatter more, or less, than coherence lets expect
    (:mod:`fringeworks.tops.scatter`).
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
    weighting = Weighting.of(blocks, reference=reference)
    for _ in range(ROUNDS):
        is_complete = not _reject(weighting, values, rejection_sigma)
        values = _least_squares(weighting, values, fixed)
        if is_complete:
            break
    return _result(weighting, values, fixed, reference=reference, subset=subset)


def _reject(weighting: Weighting, values: Values, threshold: float) -> int:
    """Take dates out of blocks where they disagree with the others, the worst first; return how many."""
    n_rejected = 0
    residual = weighting.blocks.residual(values)
    standardised = np.abs(weighting.standardised(residual))
    # A date whose blocks all scatter keeps them: its sigma will say so.
    used = weighting.expected > 0.0
    medians = [np.median(standardised[u, d]) if u.any() else 0.0 for d, u in enumerate(used.T)]
    limit = threshold * np.maximum(1.4826 * np.array(medians), 1.0)
    for k in np.flatnonzero((standardised > limit).any(axis=1)):
        worst = standardised[k] / limit
        while float(worst.max()) > 1.0:
            weighting.present[k, int(np.argmax(worst))] = False
            n_rejected += 1
            weighting.weigh(np.array([k]))
            scores = (weighting.weight[k] * residual[k]) @ weighting.incidence
            root = np.sqrt(weighting.expected[k])
            worst = np.abs(np.divide(scores, root, out=np.zeros_like(scores), where=root > 0)) / limit
    return n_rejected


def _least_squares(weighting: Weighting, values: Values, fixed: Bools) -> Values:
    blocks, weight = weighting.blocks, weighting.weight
    moments = np.einsum("k,ks,kt->kst", blocks.lever**2, blocks.basis, blocks.basis)
    normal = np.einsum("kst,kp->pst", moments, weight)
    size = np.abs(blocks.phasor)
    for _ in range(10):
        back = blocks.turned_back(values)
        sine = np.divide(back.imag, size, out=np.zeros_like(size), where=size > 0)
        right = np.einsum("kt,kp->pt", blocks.lever[:, None] * blocks.basis, weight * sine)
        step = solve_pairs(normal, right, pairs=blocks.pairs, fixed=fixed)
        values = values + step
        if float(np.abs(step).max(initial=0.0)) * float(np.abs(blocks.lever).max(initial=0.0)) < 1e-7:
            break
    return values


def _result(
    weighting: Weighting, values: Values, fixed: Bools, *, reference: int, subset: NDArray[np.int64]
) -> Adjustment:
    blocks, n_terms = weighting.blocks, values.shape[1]
    n_overlaps = int(blocks.overlap.max(initial=-1)) + 1
    sums = [weighting.sums(o) for o in range(n_overlaps)]
    factor = block_factor(weighting, sums, blocks.residual(values))
    phases = overlap_phases(weighting, sums, values, n_overlaps=n_overlaps)
    variance = overlap_variance(phases, factor, n_terms=n_terms)
    covariance = covariance_of(sums, factor=factor, variance=variance, fixed=fixed, n_terms=n_terms)
    whole = weighting.with_outcasts()
    if whole is not weighting:
        phases = overlap_phases(
            whole, [whole.sums(o) for o in range(n_overlaps)], values, n_overlaps=n_overlaps
        )
    is_reference = np.arange(len(subset)) == reference
    return Adjustment(
        value=_place_subsets(values, subset, reference=reference),
        covariance=covariance,
        known=(subset == subset[reference]) & (weighting.present.any(axis=0) | is_reference),
        subset=subset,
        n_blocks=weighting.present.sum(axis=0),
        variance_factor=factor,
        overlap_sigma=np.sqrt(variance),
        residual=phases.residual,
        residual_sigma=phases.sigma * np.sqrt(factor),
        before=phases.before,
        tally=_tally(weighting),
    )


def _tally(weighting: Weighting) -> Tally:
    blocks = weighting.blocks
    n_present, n_used = int(blocks.present.sum()), int(weighting.present.sum())
    n_mute = n_present - int((blocks.present & has_signal(blocks, weighting.incidence)).sum())
    rejected = {"no coherent pair": n_mute, "disagrees with the other dates": n_present - n_mute - n_used}
    return Tally("dates in blocks", n_present, n_used, rejected)


def _place_subsets(values: Values, subset: NDArray[np.int64], *, reference: int) -> Values:
    """Move the subsets that nothing joins with the reference date to the mean of its own subset."""
    placed = values.copy()
    mean = values[subset == subset[reference], 0].mean()
    for s in set(subset.tolist()) - {int(subset[reference])}:
        inside = subset == s
        if np.count_nonzero(inside) > 1:
            placed[inside, 0] += mean - placed[inside, 0].mean()
    return placed
