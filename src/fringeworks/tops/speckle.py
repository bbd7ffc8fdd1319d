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

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_VARIANCE: Final = 0.01
"""Measured coherences are drawn toward zero until no date is predicted from others better than this: a matrix of
magnitudes need not be positive, and noise of a few hundredths must not be inverted."""

RIDGE: Final = 1e-13
"""Keeps equations of equal dates solvable."""


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


def complete_inverse(coherence: Values, joined: Bools) -> tuple[Values, Values]:
    """Complete coherence matrices that are known near their diagonals, and invert them.

    Parameters
    ----------
    coherence : float64, (block, date, date)
        Symmetric, ones on the diagonal; used where ``joined``.
    joined : bool, (date, date)
        Symmetric; date i is joined with all dates up to some date, which moves on as i does.

    Returns
    -------
    completed, inverse : float64, (block, date, date)
        The matrix of largest entropy with the known entries; its inverse is zero where two dates are not joined.

    Notes
    -----
    Each date is predicted from the earlier dates it is joined with: with coefficients a and error variance d, the inverse
    is the sum over dates of (e_i - a_i)(e_i - a_i)' / d_i [Grone1984].  Entries are drawn toward zero first, if need be,
    until all error variances are above :data:`LEAST_VARIANCE`.
    """
    n_blocks, n = coherence.shape[:2]
    kept = np.ones(n_blocks)
    while True:
        drawn = kept[:, None, None] * coherence
        drawn[:, np.arange(n), np.arange(n)] = 1.0
        rows, variance = _predictions(drawn, joined)
        bad = variance.min(axis=1) < LEAST_VARIANCE
        if not bad.any():
            break
        kept[bad] *= 0.97
    inverse = np.einsum("bki,bk,bkj->bij", rows, 1.0 / variance, rows, optimize=True)
    if joined.all():
        return drawn, inverse
    return np.asarray(np.linalg.inv(inverse), np.float64), inverse


def _predictions(coherence: Values, joined: Bools) -> tuple[Values, Values]:
    """Return for each date the row 1 at itself and minus its coefficients before, and the error's variance."""
    n = coherence.shape[1]
    reach = [int(np.flatnonzero(joined[i, : i + 1])[0]) for i in range(n)]
    width = max(i - first for i, first in enumerate(reach))
    rows = np.zeros_like(coherence)
    rows[:, np.arange(n), np.arange(n)] = 1.0
    variance = np.ones(coherence.shape[:2])
    if width == 0:
        return rows, variance
    # dates before, padded with a date of no coherence with any other
    before = np.array(
        [[first + k if first + k < i else n for k in range(width)] for i, first in enumerate(reach)]
    )
    padded = np.pad(coherence, ((0, 0), (0, 1), (0, 1)))
    padded[:, n, n] = 1.0
    among = padded[:, before[:, :, None], before[:, None, :]]
    among[:, before == n] = 0.0
    among[:, :, np.arange(width), np.arange(width)] = 1.0
    with_it = padded[:, np.arange(n)[:, None], before]
    coefficients = np.linalg.solve(among + RIDGE * np.eye(width), with_it[..., None])[..., 0]
    variance = 1.0 - (coefficients * with_it).sum(axis=2)
    wide = np.zeros((len(coherence), n, n + 1))
    wide[:, np.arange(n)[:, None], before] = -coefficients
    rows += wide[:, :, :n]
    return rows, variance


@dataclass(frozen=True, slots=True)
class PhaseInformation:
    """What blocks know about the dates' phases.

    Attributes
    ----------
    weight : float64, (block, date, date)
        Of each pair, symmetric, zero diagonal; may be negative where pairs are redundant.
    curvature : float64, (block, date, date)
        Laplacian of the weights: minus the derivative of the score by the phases.
    covariance : float64, (block, date, date)
        Of the score, the sum over pairs of weight times residual phase.
    """

    weight: Values
    curvature: Values
    covariance: Values


def phase_information(
    squared: Values, joined: Bools, *, looks: Values, window_looks: Values
) -> PhaseInformation:
    """Return weights of pairs and what they lead to, for blocks of double differences.

    Parameters
    ----------
    squared : float64, (block, date, date)
        Product of the two images' coherences, symmetric; 0 or NaN where a pair is not used.
    joined : bool, (date, date)
        Pairs that are compared, see :func:`complete_inverse`.
    looks, window_looks : float64, (block)
        Independent samples of a block, and of one of its windows.

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
    n = squared.shape[1]
    number = np.arange(n)
    used = np.isfinite(squared) & (squared > 0.0) & joined & (number[:, None] != number)
    magnitude = np.sqrt(np.where(used, np.minimum(squared, 1.0), 0.0))
    magnitude[:, number, number] = 1.0
    whole = joined | (number[:, None] == number)
    completed, inverse = complete_inverse(magnitude, whole)
    gamma = np.where(used, completed, 0.0)
    wide, narrow = looks[:, None, None], window_looks[:, None, None]
    weight = -wide * gamma * inverse
    first = np.divide(weight, gamma, out=np.zeros_like(weight), where=gamma > 0)
    second = np.divide(first, gamma, out=np.zeros_like(weight), where=gamma > 0)
    covariance = _score_covariance(first, completed) / wide
    covariance += _score_covariance(second, completed**2) / (2.0 * wide * narrow)
    curvature = _laplacian(weight)
    spread = np.trace(covariance, axis1=1, axis2=2)
    # Blocks whose windows are small against 1/coherence^2 know less than their looks promise.
    share = np.trace(curvature, axis1=1, axis2=2)
    share = np.divide(share, spread, out=np.zeros_like(spread), where=spread > 0)[:, None, None]
    return PhaseInformation(share * weight, share * curvature, share**2 * covariance)


def star_information(
    squared: Values, joined: Bools, *, looks: Values, window_looks: Values
) -> PhaseInformation:
    """Return the same where each date is compared with one date alone.

    What the dates' errors have in common is not known then: the covariance takes them for independent, which leaves
    each date's own variance right.
    """
    number = np.arange(squared.shape[1])
    used = np.isfinite(squared) & (squared > 0.0) & joined & (number[:, None] != number)
    variance = pair_variance(np.where(used, squared, 0.5), looks[:, None, None], window_looks[:, None, None])
    weight = np.where(used, 1.0 / np.maximum(variance, 1e-12), 0.0)
    curvature = _laplacian(weight)
    return PhaseInformation(weight, curvature, curvature)


def _laplacian(weight: Values) -> Values:
    laplacian = -weight
    number = np.arange(weight.shape[1])
    laplacian[:, number, number] += weight.sum(axis=2)
    return laplacian


def _score_covariance(scaled: Values, gamma: Values) -> Values:
    right = gamma @ scaled
    return np.asarray((scaled @ right) * gamma - right.transpose(0, 2, 1) * right)
