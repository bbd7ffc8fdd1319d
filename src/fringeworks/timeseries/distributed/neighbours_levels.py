"""How unlike two series of amplitudes may be: critical values of three tests, exact for few dates."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma
from scipy.stats import f as fisher

from fringeworks.errors import OutOfRangeError

STEPS = 8
"""Entries of a table for each effective date."""
LISTED_DATES, SUMMED_DATES = 8, 48
"""Dates up to which the distribution of Anderson and Darling is listed, and summed; above, it no longer changes."""
SET_SAMPLES = 24
"""Samples whose mean power is held against one sample's; fewer are not trusted."""
_BIN, _BINS = 0.001, 12000
_TINY = 1e-9


def counts(n_dates: int) -> NDArray[np.float64]:
    """Return the effective numbers of dates at which tables are given, (entry): 1 to ``n_dates`` in eighths."""
    if n_dates < 1:
        raise OutOfRangeError(f"{n_dates} dates", expected="at least one")
    return 1.0 + np.arange((n_dates - 1) * STEPS + 1) / STEPS


def independent_dates(scatter: NDArray[np.float32], n_dates: int) -> NDArray[np.float32]:
    """Return how many independent dates amplitudes are worth.

    Parameters
    ----------
    scatter : float32, any shape
        By how much the logarithm of the mean power in time exceeds the mean of its logarithm, averaged around each cell;
        NaN where there is none.
    n_dates : int
        Dates.

    Returns
    -------
    float32
        From 1 to ``n_dates``; 1 where there is nothing to tell.

    Notes
    -----
    The mean of n independent powers of speckle is Gamma distributed with shape n: its logarithm exceeds the mean
    logarithm by ``digamma(n) - ln n + 0.5772`` on average, whatever the brightness.  The n that gives what is found
    makes a Gamma distribution of mean powers of correlated dates too; it is exact for equal dates, n = 1.
    """
    if n_dates < 2:
        return np.ones_like(scatter)
    dates = np.geomspace(1.0, n_dates, 2001)
    found = np.interp(np.asarray(scatter, np.float64), digamma(dates) - np.log(dates) + np.euler_gamma, dates)
    return np.where(np.isfinite(scatter), found, 1.0).astype(np.float32)


def ratio_levels(n_dates: int, *, false_rejection: float) -> NDArray[np.float32]:
    """Return the largest logarithm of the ratio of two mean powers that speckle of one ground makes, (entry).

    Parameters
    ----------
    n_dates : int
        Dates of the stack; entries are those of :func:`counts`.
    false_rejection : float
        Share of equal pairs above it.

    Notes
    -----
    The mean power of n independent dates of speckle is Gamma distributed with shape n, the ratio of two of them
    Fisher's F(2n, 2n), for any n.  The generalised likelihood ratio of two exponential distributions,
    ``2 n ln((s1 + s2)^2 / (4 s1 s2))``, rises with ``|ln(s1 / s2)|`` alone: the two tests are the same, and this
    threshold is exact where the usual one from chi-square holds for many dates only.
    """
    degrees = 2.0 * counts(n_dates)
    ratio = np.asarray(fisher.isf(0.5 * false_rejection, degrees, degrees), np.float64)
    return np.log(ratio).astype(np.float32)


def mean_levels(n_dates: int, *, false_rejection: float) -> NDArray[np.float32]:
    """Return the range of the logarithm of one mean power over that of a set of samples, (bound, entry): lower, upper.

    Parameters
    ----------
    n_dates : int
        Dates of the stack; entries are those of :func:`counts`.
    false_rejection : float
        Share of equal samples outside, half on each side.

    Notes
    -----
    Fisher's F(2n, 2nm) for a set of m samples; ``SET_SAMPLES`` of them, more make it no narrower.
    """
    degrees, half = 2.0 * counts(n_dates), 0.5 * false_rejection
    bounds = [
        fisher.ppf(half, degrees, degrees * SET_SAMPLES),
        fisher.isf(half, degrees, degrees * SET_SAMPLES),
    ]
    return np.log(np.asarray(bounds, np.float64)).astype(np.float32)


def rank_dates(effective: float, n_dates: int) -> float:
    """Return the independent dates that ranks hold, where mean powers hold ``effective`` ones.

    Notes
    -----
    Two powers of speckle with correlation r (the squared coherence) have ranks correlated by ``3 r / (4 - r)``: the sum
    of ``r^k 4^-k`` over the Laguerre terms of their joint distribution.  The mean r is ``(N/n - 1) / (N - 1)``.
    """
    if n_dates < 2:
        return float(n_dates)
    r = min(max((n_dates / effective - 1.0) / (n_dates - 1.0), 0.0), 1.0)
    return n_dates / (1.0 + (n_dates - 1.0) * 3.0 * r / (4.0 - r))


def kolmogorov_rejection(steps: int, n_dates: int) -> float:
    """Return the probability that two equal distributions of n dates differ by ``steps / n`` or more.

    Notes
    -----
    ``2 sum_i (-1)^(i+1) C(2n, n - i k) / C(2n, n)``: paths that touch a line, by reflection [Gnedenko1951].
    """
    if steps <= 0:
        return 1.0
    total, sign, i = 0.0, 1.0, 1
    base = 2.0 * math.lgamma(n_dates + 1)
    while i * steps <= n_dates:
        k = i * steps
        total += sign * math.exp(base - math.lgamma(n_dates - k + 1) - math.lgamma(n_dates + k + 1))
        sign, i = -sign, i + 1
    return min(2.0 * total, 1.0)


def kolmogorov_levels(n_dates: int, *, false_rejection: float) -> NDArray[np.int32]:
    """Return the number of dates by which two sorted series have to be apart to be unlike, (entry).

    Values above ``n_dates`` mean that nothing is unlike: so few dates cannot tell.

    Notes
    -----
    Exact for independent dates; the rate then is the largest possible one that does not exceed ``false_rejection``.  For
    fewer effective dates m the critical distance of m dates is used, by ``K / (sqrt(m/2) + 0.12 + 0.11 / sqrt(m/2))``
    with K from the limiting distribution [Stephens1970], and never less than the exact one.
    """
    exact = next(
        (k for k in range(1, n_dates + 1) if kolmogorov_rejection(k, n_dates) <= false_rejection + _TINY),
        n_dates + 1,
    )
    limit = math.sqrt(-0.5 * math.log(0.5 * false_rejection))
    ranks = np.array([rank_dates(float(n), n_dates) for n in counts(n_dates)])
    root = np.sqrt(0.5 * ranks)
    steps = np.ceil(n_dates * limit / (root + 0.12 + 0.11 / root) - _TINY)
    steps[ranks > n_dates - _TINY] = exact
    return np.clip(steps, exact, n_dates + 1).astype(np.int32)


def anderson_level(n_dates: int, *, false_rejection: float) -> float:
    """Return the largest statistic of two equal distributions of n independent dates; infinite if all are.

    Notes
    -----
    ``sum_i (2 M_i - i)^2 / (i (2 n - i))``, M of the first series among the first i of the 2n pooled values [Pettitt1976].  All orders of the pooled values are alike: up to 8 dates they are listed; above, the distribution of
    the sum is carried along the paths of M, rounded to bins of 0.001.
    """
    values, tail = _listed(n_dates) if n_dates <= LISTED_DATES else _summed(min(n_dates, SUMMED_DATES))
    beyond = np.flatnonzero(tail <= false_rejection + _TINY)
    if len(beyond) == 0:
        return math.inf
    # between the last value that is kept and the first that is turned away
    first = int(beyond[0])
    return float(0.5 * (values[max(first - 1, 0)] + values[first]))


@lru_cache(maxsize=8)
def _listed(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return all values of the statistic, and the probability of each or more."""
    chosen = np.array(list(combinations(range(2 * n), n)))
    first = np.zeros((len(chosen), 2 * n))
    np.put_along_axis(first, chosen, 1.0, axis=1)
    i = np.arange(1, 2 * n)
    m = np.cumsum(first, axis=1)[:, :-1]
    statistic = ((2 * m - i) ** 2 / (i * (2 * n - i))).sum(axis=1)
    values, count = np.unique(np.round(statistic, 9), return_counts=True)
    return np.asarray(values, np.float64), np.cumsum(count[::-1], dtype=np.float64)[::-1] / len(chosen)


@lru_cache(maxsize=64)
def _summed(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bins of the statistic, and the probability of each or more."""
    spread = np.zeros((n + 1, _BINS))
    spread[0, 0] = 1.0
    for i in range(1, 2 * n):
        after = np.zeros_like(spread)
        # the i-th value is of the first series, or not: drawn without replacement
        left = 2 * n - i + 1
        for m in range(max(0, i - n), min(i, n) + 1):
            mass = spread[m] * ((n - i + 1 + m) / left)
            if m > 0:
                mass = mass + spread[m - 1] * ((n - m + 1) / left)
            shift = min(round((2 * m - i) ** 2 / (i * (2 * n - i)) / _BIN), _BINS - 1)
            after[m, shift:] = mass[: _BINS - shift]
            after[m, -1] += mass[_BINS - shift :].sum()
        spread = after
    bins = _BIN * np.arange(_BINS, dtype=np.float64)
    return bins, np.cumsum(spread.sum(axis=0, dtype=np.float64)[::-1])[::-1]


def anderson_levels(n_dates: int, *, false_rejection: float) -> NDArray[np.float32]:
    """Return the largest statistic of Anderson and Darling that two equal distributions have, (entry).

    Notes
    -----
    Exact for independent dates, to a bin of 0.001.  Fewer effective dates m blow the statistic up by ``n / m``: its
    terms are variances of ranks.
    """
    critical = anderson_level(n_dates, false_rejection=false_rejection)
    inflation = [n_dates / rank_dates(float(n), n_dates) for n in counts(n_dates)]
    return (critical * np.array(inflation)).astype(np.float32)
