"""The temporal coherence that pure noise reaches with a given probability."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import i0e, i1e

Reals = NDArray[np.float64]


def coherence_threshold(
    probability: float, *, n_dates: float, columns: NDArray[np.floating], limits: NDArray[np.floating]
) -> float:
    """Compute the temporal coherence that the best model of pure noise exceeds with a given probability.

    Parameters
    ----------
    probability : float
        Of a false alarm, 0 to 1.
    n_dates : float
        Effective number of dates, (sum of weights)^2 / sum of squared weights.
    columns : float, (date, parameter)
        Phase of each date for a unit of each parameter that is searched.
    limits : float, (parameter)
        The search goes from -limit to +limit.

    Returns
    -------
    float
        In [0, 1].  1 where no coherence is strong enough evidence, because dates are too few.

    Notes
    -----
    The coherence of N independent uniform phases at one trial model exceeds x with probability

        P1(x) = x / (k sqrt(det C)) exp(-N (k x - log I0(k))),   A(k) = I1(k) / I0(k) = x,

    C = diag(1 - A/k - A^2, A/k): the saddle-point tail of a random walk in the plane, exp(-N x^2) for small x.  Over the
    search the coherence is a field of two degrees of freedom, whose expected Euler characteristic above the level gives

        P(x) = P1(x) [1 + sum_i 2 l_i sqrt(L_ii u / pi) + (4 l_1 l_2 sqrt(det L) / 2 pi) (2 u - 1)],   u = -log P1,

    with L the variance matrix of the columns over the dates and l the limits [Worsley1994].  It is an upper bound as long
    as it is small.
    """
    spread = np.cov(np.asarray(columns, float), rowvar=False, bias=True)
    return _threshold(
        float(probability),
        float(n_dates),
        tuple(map(tuple, np.atleast_2d(spread))),
        tuple(map(float, limits)),
    )


def false_alarm_probability(coherence: float, n_dates: float, spread: Reals, limits: Reals) -> float:
    """Return the probability that noise exceeds a coherence; see :func:`coherence_threshold`.

    Parameters
    ----------
    coherence : float
        Level, 0 to 1.
    n_dates : float
        Effective number of dates.
    spread : float64, (parameter, parameter)
        Variance of the phase of a unit of each parameter, over the dates.
    limits : float64, (parameter)
        Half widths of the search.
    """
    single = _single_trial(coherence, n_dates)
    level = -math.log(max(single, 1e-300))
    factor = 1.0
    for i, limit in enumerate(limits):
        factor += 2.0 * limit * math.sqrt(max(spread[i, i], 0.0) * max(level, 0.0) / math.pi)
    if len(limits) == 2:
        root = math.sqrt(max(float(np.linalg.det(spread)), 0.0))
        factor += 4.0 * limits[0] * limits[1] * root / (2.0 * math.pi) * max(2.0 * level - 1.0, 0.0)
    return min(single * factor, 1.0)


@lru_cache(maxsize=4096)
def _threshold(
    probability: float, n_dates: float, spread: tuple[tuple[float, ...], ...], limits: tuple[float, ...]
) -> float:
    matrix, widths = np.array(spread), np.array(limits)

    def excess(coherence: float) -> float:
        found = false_alarm_probability(coherence, n_dates, matrix, widths)
        return math.log(max(found, 1e-300) / probability)

    # Each parameter, and the phase itself, takes one date: with no more left over, noise is fitted without residual.
    if n_dates - 1 - len(limits) < 1 or excess(_HIGHEST) >= 0:
        return 1.0
    return float(brentq(excess, 1e-3, _HIGHEST, xtol=1e-6)) if excess(1e-3) > 0 else 0.0


_HIGHEST = 0.9999


def _single_trial(coherence: float, n_dates: float) -> float:
    """Return the probability that the mean of unit phasors is longer than this."""
    kappa = _concentration(coherence)
    ratio = i1e(kappa) / i0e(kappa)
    rate = kappa * coherence - math.log(i0e(kappa)) - kappa
    along, across = 1.0 - ratio / kappa - ratio * ratio, ratio / kappa
    prefactor = coherence / (kappa * math.sqrt(max(along * across, 1e-300)))
    return min(float(prefactor * math.exp(-n_dates * rate)), 1.0)


def _concentration(coherence: float) -> float:
    """Invert I1(k) / I0(k) = coherence."""
    return float(brentq(lambda k: i1e(k) / i0e(k) - coherence, 1e-6, 1e6, xtol=1e-9))
