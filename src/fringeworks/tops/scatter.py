"""How far blocks and overlaps scatter about an adjustment, against what coherence lets expect, and the sigmas then.

Two things make phases scatter more than speckle does.  Looks may be counted too high, or coherence be uneven within a
block: then *blocks* scatter, all variances are too small by one factor.  And each overlap of a date may have a phase of
its own, from the ionosphere or from motion along track: then *overlaps* scatter more than their blocks explain, by
the same phase whatever the coherence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from fringeworks.tops.network import solve_free
from fringeworks.tops.weighting import Bools, OverlapSums, Values, Weighting

PRIOR_BLOCKS: Final = 40.0
"""Blocks that the expected variance counts for beside the scatter of a date's blocks."""

PRIOR_OVERLAPS: Final = 8.0
"""Overlaps that the scatter of all dates counts for beside that of a date's own overlaps."""

LEAST_FACTOR: Final = 0.5
"""The scatter of blocks may lower the expected variance to this: more would say that looks were counted wrongly."""

DOUBTLESS: Final = 4.0
"""A mean square is beyond doubt too large this many of its standard deviations above its expectation."""


@dataclass(frozen=True, slots=True)
class OverlapPhases:
    """Double difference of each date against the mean of the others, by overlap.

    Attributes
    ----------
    residual, sigma, before : float64, (overlap, date)
        After the adjustment, its sigma from speckle alone, and before [rad]; NaN where a date is not used.
    """

    residual: Values
    sigma: Values
    before: Values


def overlap_phases(
    weighting: Weighting, sums: Sequence[OverlapSums], values: Values, *, n_overlaps: int
) -> OverlapPhases:
    """Return the phase that each date has in each overlap beside what values (date, term) explain."""
    blocks = weighting.blocks
    scores = weighting.scores(blocks.residual(values))
    found = np.full((3, n_overlaps, blocks.n_dates), np.nan)
    for s in sums:
        dates = s.dates
        if dates.size < 2:
            continue
        both = np.ix_(dates, dates)
        inverse = _solved(s.curvature[both])
        phase = inverse @ scores[blocks.overlap == s.overlap].sum(axis=0)[dates]
        spread = inverse @ s.spread[both] @ inverse
        explained = s.lever * (values @ s.basis)[dates]
        others = np.eye(dates.size) - 1.0 / dates.size
        others *= dates.size / (dates.size - 1.0)
        found[0, s.overlap, dates] = others @ phase
        found[1, s.overlap, dates] = np.sqrt(np.maximum(np.diag(others @ spread @ others), 0.0))
        found[2, s.overlap, dates] = others @ (phase + explained)
    return OverlapPhases(*found)


def block_factor(weighting: Weighting, sums: Sequence[OverlapSums], phase: Values) -> Values:
    """Return the variance of each date's blocks within their overlaps over the expected one, (date).

    Parameters
    ----------
    weighting : Weighting
        Weights and dates of the blocks.
    sums : sequence of OverlapSums
        Of all overlaps.
    phase : float64, (block, pair)
        Residuals of the adjustment [rad].
    """
    blocks = weighting.blocks
    scores, within = weighting.scores(phase), phase.copy()
    freedom = (weighting.expected > 0).sum(axis=0)
    for s in sums:
        dates, inside = s.dates, np.flatnonzero(blocks.overlap == s.overlap)
        if dates.size < 2:
            continue
        own = np.zeros(blocks.n_dates)
        own[dates] = _solved(s.curvature[np.ix_(dates, dates)]) @ scores[inside].sum(axis=0)[dates]
        within[inside] -= weighting.incidence @ own
        freedom[dates] -= 1
    squares = (weighting.standardised(within) ** 2).sum(axis=0)
    freedom = np.maximum(freedom, 0)
    drawn = (PRIOR_BLOCKS + np.where(freedom > 0, squares, 0.0)) / (PRIOR_BLOCKS + freedom)
    factor = np.where(_is_beyond(squares, freedom), squares / np.maximum(freedom, 1), drawn)
    return np.asarray(np.maximum(factor, LEAST_FACTOR))


def _solved(curvature: Values) -> Values:
    """Return the inverse of a Laplacian on what is orthogonal to a common phase."""
    n = len(curvature)
    scale = float(np.trace(curvature)) / n
    common = np.full((n, n), scale / n)
    inverse = np.linalg.inv(curvature + common + 1e-12 * scale * np.eye(n))
    if float(np.abs(inverse).max()) * scale > 1e8:
        # Dates that fall into subsets have a common phase each.
        return np.asarray(np.linalg.pinv(curvature, rcond=1e-10, hermitian=True))
    return np.asarray(inverse - 1.0 / (scale * n))


def _is_beyond(squares: Values, freedom: NDArray[np.int64]) -> Bools:
    """Return whether sums of squares, expected to be their degrees of freedom, are doubtlessly larger."""
    return np.asarray(squares > freedom + DOUBTLESS * np.sqrt(2.0 * freedom) + DOUBTLESS) & (freedom > 0)


def overlap_variance(phases: OverlapPhases, factor: Values, *, n_terms: int) -> Values:
    """Return the variance that each date's phase has from overlap to overlap beyond that of its blocks, (date) [rad^2].

    Parameters
    ----------
    phases : OverlapPhases
        After the adjustment.
    factor : float64, (date)
        From :func:`block_factor`.
    n_terms : int
        Terms that were adjusted along azimuth.

    Notes
    -----
    Zero where overlaps scatter as expected.  A phase counts against the mean of the other n - 1 dates, so its mean square
    holds 1/(n - 1)^2 of the variance of each of them; that is undone.
    """
    n_dates = len(factor)
    sigma = phases.sigma * np.sqrt(factor)
    used = np.isfinite(sigma) & (sigma > 0)
    freedom = np.maximum(used.sum(axis=0) - n_terms, 0)
    if not freedom.any():
        return np.zeros(n_dates)
    standard = np.divide(phases.residual, sigma, out=np.zeros_like(sigma), where=used)
    squares = (standard**2).sum(axis=0)
    noise = np.where(used, sigma, 0.0) ** 2
    total = (np.where(used, phases.residual, 0.0) ** 2).sum(axis=0)
    expected = noise.sum(axis=0) * freedom / np.maximum(used.sum(axis=0), 1)
    several = freedom > 0
    excess = _unmixed(np.where(several, (total - expected) / np.maximum(freedom, 1), 0.0), several)
    # The phases of n dates against each other have n - 1 degrees of freedom an overlap.
    n_free = freedom[several].mean() * max(np.count_nonzero(several) - 1, 1)
    n_squares = squares[several].mean() * max(np.count_nonzero(several) - 1, 1)
    doubtless = _is_beyond(squares, freedom)
    if n_squares <= n_free + 3.0 * np.sqrt(2.0 * n_free):
        return np.where(doubtless, excess, 0.0)
    # A sum of squares of f degrees of freedom has the median f (1 - 2 / (9 f))^3.
    common = float(np.median(excess[several])) / (1.0 - 2.0 / (9.0 * freedom[several].mean())) ** 3
    drawn = (PRIOR_OVERLAPS * common + freedom * excess) / (PRIOR_OVERLAPS + freedom)
    return np.asarray(np.where(doubtless, np.maximum(excess, drawn), drawn))


def _unmixed(mixed: Values, several: Bools) -> Values:
    """Return variances of dates from those of each date against the mean of the others."""
    n = int(np.count_nonzero(several))
    variance = np.zeros(len(mixed))
    if n > 2:
        matrix = np.full((n, n), 1.0 / (n - 1.0) ** 2)
        np.fill_diagonal(matrix, 1.0)
        variance[several] = nnls(matrix, mixed[several])[0]
    elif n == 2:
        # Which of the two it is makes no difference to what lies between them.
        variance[several] = 0.5 * np.maximum(mixed[several], 0.0)
    return variance


def covariance_of(
    sums: Sequence[OverlapSums], *, factor: Values, variance: Values, fixed: Bools, n_terms: int
) -> Values:
    """Return the covariance of the dates' unknowns.

    Parameters
    ----------
    sums : sequence of OverlapSums
        Of all overlaps.
    factor, variance : float64, (date)
        From :func:`block_factor` and :func:`overlap_variance`.
    fixed : bool, (date)
        Dates that were held.
    n_terms : int
        Terms along azimuth.

    Returns
    -------
    float64, (date, term, date, term)
        Zero for fixed dates.
    """
    n = len(factor)
    normal, spread = np.zeros((n, n_terms, n, n_terms)), np.zeros((n, n_terms, n, n_terms))
    scale = np.sqrt(factor)
    for s in sums:
        moment = s.lever**2 * np.outer(s.basis, s.basis)
        noise = s.spread * np.outer(scale, scale) + (s.curvature * variance) @ s.curvature
        normal += np.einsum("ab,st->asbt", s.curvature, moment)
        spread += np.einsum("ab,st->asbt", noise, moment)
    inverse = solve_free(normal, np.zeros((n, n_terms)), fixed=fixed)[1].reshape(n * n_terms, n * n_terms)
    return np.asarray((inverse @ spread.reshape(inverse.shape) @ inverse).reshape(normal.shape))
