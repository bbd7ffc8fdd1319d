"""How well speckle lets phases between dates be known: weights of pairs, and the covariance they lead to.

Samples of a homogeneous area are circular complex Gaussian with a coherence matrix Gamma.  All that is said here follows
from the covariance of the interferograms C of such samples averaged over L looks,
cov(C_ij, C_kl*) = Gamma_ik Gamma_lj / L: phases of pairs that share a date, or whose dates are coherent with each
other, have errors in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_EIGENVALUE: Final = 0.01
"""Measured coherences are drawn toward zero until no eigenvalue is below this: a matrix of magnitudes need not be
positive, and noise of a few hundredths must not be inverted."""


def independent_fraction(bandwidth: float, sampling_rate: float, *, hamming: float = 0.75) -> float:
    """Return the independent samples per sample along one axis of a band-limited image.

    Parameters
    ----------
    bandwidth, sampling_rate : float
        Processed bandwidth and sampling rate [Hz, both].
    hamming : float
        Coefficient a of the window a - (1 - a) cos that the spectrum's amplitude was weighted with; 1 = none.

    Returns
    -------
    float
        In (0, 1].

    Raises
    ------
    OutOfRangeError
        The bandwidth is not above zero, or the coefficient not in (0.5, 1].

    Notes
    -----
    One over the sum of the squared autocorrelation of speckle, which by Parseval is (integral of S)^2 over (sampling
    rate times integral of S^2), S being the squared window: the variance of an average over n samples is that of n times
    this fraction independent ones.
    """
    if not (bandwidth > 0.0 and sampling_rate > 0.0):
        raise OutOfRangeError(f"bandwidth {bandwidth}, sampling {sampling_rate}", expected="both above 0 Hz")
    if not 0.5 < hamming <= 1.0:
        raise OutOfRangeError(f"a window coefficient of {hamming}", expected="above 0.5, at most 1")
    frequency = (np.arange(4096) + 0.5) / 4096 - 0.5
    power = (hamming + (1.0 - hamming) * np.cos(2.0 * np.pi * frequency)) ** 2
    share = float(power.mean() ** 2 / (power**2).mean())
    return min(share * bandwidth / sampling_rate, 1.0)


def pair_variance(squared: Values, looks: Values, window_looks: Values) -> Values:
    """Return the phase variance of a double difference [rad^2].

    Parameters
    ----------
    squared : float64, (...)
        Product of the two images' coherences, above 0 and at most 1.
    looks, window_looks : float64, (...)
        Independent samples altogether, and in each window whose interferograms were multiplied.

    Notes
    -----
    Each image adds (1 - g^2) / (2 L g^2); that noise of one meets noise of the other adds
    (1 - g^4) / (2 L W g^4), W being the looks of a window.
    """
    return (1.0 - squared) / (looks * squared) + (1.0 - squared**2) / (
        2.0 * looks * window_looks * squared**2
    )


def cliques_of(joined: Bools) -> list[NDArray[np.int64]]:
    """Return the largest sets of consecutive dates in which all pairs are joined.

    Parameters
    ----------
    joined : bool, (date, date)
        Symmetric; date i is joined with all dates up to some date, which moves on as i does.
    """
    n = len(joined)
    reach = [int(np.flatnonzero(joined[i, i:] | (np.arange(i, n) == i)).max()) + i for i in range(n)]
    sets, last = [], -1
    for i, end in enumerate(reach):
        if end > last:
            sets.append(np.arange(i, end + 1))
            last = end
    return sets


def complete_inverse(coherence: Values, joined: Bools) -> tuple[Values, Values]:
    """Complete a coherence matrix that is known near its diagonal, and invert it.

    Parameters
    ----------
    coherence : float64, (date, date)
        Symmetric, ones on the diagonal; used where ``joined``.
    joined : bool, (date, date)
        See :func:`cliques_of`.

    Returns
    -------
    completed, inverse : float64, (date, date)
        The matrix of largest entropy with the known entries; its inverse is zero where two dates are not joined.

    Notes
    -----
    The inverse is the sum of the inverses over the cliques less those over their intersections [Grone1984].  Entries
    are drawn toward zero first, if need be, until all cliques have eigenvalues above :data:`LEAST_EIGENVALUE`.
    """
    n = len(coherence)
    cliques = cliques_of(joined)
    least = min(float(np.linalg.eigvalsh(coherence[np.ix_(c, c)])[0]) for c in cliques)
    if least < LEAST_EIGENVALUE:
        kept = (1.0 - LEAST_EIGENVALUE) / (1.0 - least)
        coherence = kept * coherence + (1.0 - kept) * np.eye(n)
    inverse = np.zeros((n, n))
    before: NDArray[np.int64] | None = None
    for clique in cliques:
        inverse[np.ix_(clique, clique)] += np.linalg.inv(coherence[np.ix_(clique, clique)])
        shared = np.intersect1d(before, clique) if before is not None else clique[:0]
        if shared.size:
            inverse[np.ix_(shared, shared)] -= np.linalg.inv(coherence[np.ix_(shared, shared)])
        before = clique
    if len(cliques) == 1:
        return coherence, inverse
    return np.asarray(np.linalg.inv(inverse), np.float64), inverse


@dataclass(frozen=True, slots=True)
class PhaseInformation:
    """What one block knows about the dates' phases.

    Attributes
    ----------
    weight : float64, (date, date)
        Of each pair, symmetric, zero diagonal; may be negative where pairs are redundant.
    curvature : float64, (date, date)
        Laplacian of the weights: minus the derivative of the score by the phases.
    covariance : float64, (date, date)
        Of the score, the sum over pairs of weight times residual phase.
    """

    weight: Values
    curvature: Values
    covariance: Values


def phase_information(squared: Values, *, looks: float, window_looks: float) -> PhaseInformation:
    """Return weights of pairs and what they lead to, for one block of double differences.

    Parameters
    ----------
    squared : float64, (date, date)
        Product of the two images' coherences, symmetric; 0 or NaN where a pair is not used.
    looks, window_looks : float
        Independent samples of the block, and of a window.

    Returns
    -------
    PhaseInformation
        In 1/rad^2.

    Notes
    -----
    For Gaussian samples the information that one image holds of its phases is 2 L (Gamma o Gamma^-1 - I)
    [Guarnieri2007]; with two independent images of the same ground, whose common phases are unknown, half of it
    remains.  The weights -L g_ij (Gamma^-1)_ij reach it.  With V = weight / g, element by element, the score's
    covariance is ((V Gamma V) o Gamma - (V Gamma) o (Gamma V)) / L, and a like term of the squared matrices for noise
    of one image against noise of the other.
    """
    n = len(squared)
    used = np.isfinite(squared) & (squared > 0.0) & ~np.eye(n, dtype=bool)
    magnitude = np.sqrt(np.where(used, np.minimum(squared, 1.0), 0.0)) + np.eye(n)
    joined = _filled(used)
    completed, inverse = complete_inverse(magnitude, joined)
    gamma = np.where(used, completed, 0.0)
    weight = -looks * gamma * inverse
    curvature = _laplacian(weight)
    first = np.divide(weight, gamma, out=np.zeros_like(weight), where=gamma > 0)
    second = np.divide(first, gamma, out=np.zeros_like(weight), where=gamma > 0)
    covariance = _score_covariance(first, completed) / looks
    covariance += _score_covariance(second, completed**2) / (2.0 * looks * window_looks)
    spread = float(np.trace(covariance))
    # Blocks whose windows are small against 1/coherence^2 know less than their looks promise.
    share = float(np.trace(curvature)) / spread if spread > 0 else 0.0
    return PhaseInformation(share * weight, share * curvature, share**2 * covariance)


def star_information(squared: Values, *, looks: float, window_looks: float) -> PhaseInformation:
    """Return the same where each date is compared with one date alone.

    What the dates' errors have in common is not known then: the covariance takes them for independent, which leaves
    each date's own variance right.
    """
    used = np.isfinite(squared) & (squared > 0.0) & ~np.eye(len(squared), dtype=bool)
    variance = pair_variance(np.where(used, squared, 0.5), np.array(looks), np.array(window_looks))
    weight = np.where(used, 1.0 / np.maximum(variance, 1e-12), 0.0)
    curvature = _laplacian(weight)
    return PhaseInformation(weight, curvature, curvature)


def _laplacian(weight: Values) -> Values:
    return np.diag(weight.sum(axis=0)) - weight


def _score_covariance(scaled: Values, gamma: Values) -> Values:
    right = gamma @ scaled
    return (scaled @ right) * gamma - right.T * right


def _filled(used: Bools) -> Bools:
    """Return the pairs between dates that some used pair spans: the smallest set that :func:`cliques_of` takes."""
    n = len(used)
    reach = np.arange(n)
    for i in range(n):
        ahead = np.flatnonzero(used[i, i:])
        end = int(ahead.max()) + i if ahead.size else i
        reach[i] = max(end, reach[i - 1] if i else 0)
    columns = np.arange(n)
    upper = (columns[None, :] >= columns[:, None]) & (columns[None, :] <= reach[:, None])
    return upper | upper.T
