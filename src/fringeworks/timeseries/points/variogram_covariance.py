"""The covariance of the semivariances of classes of distance: pairs share points, and points share the field."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.points.variogram_models import MODELS, Variogram
from fringeworks.timeseries.points.variogram_pairs import EmpiricalVariogram

Doubles: TypeAlias = NDArray[np.float64]


def bin_variance(measured: EmpiricalVariogram, variogram: Variogram) -> Doubles:
    """Return the diagonal of :func:`bin_covariance` alone, (filled class,)."""
    return np.diag(_covariance(measured, variogram, 1)).copy()


def bin_covariance(measured: EmpiricalVariogram, variogram: Variogram) -> Doubles:
    """Return the covariance of the semivariances of filled classes at one date under a model, (class, class).

    Parameters
    ----------
    measured : EmpiricalVariogram
        Its classes and sampled pairs.
    variogram : Variogram
        The model.

    Returns
    -------
    float64, (filled class, filled class)
        For Gaussian values; ``mean c^2 / 2`` over pairs of different pairs, and each pair with itself as often as it
        occurs.
    """
    return _covariance(measured, variogram, len(measured.distance))


def _covariance(measured: EmpiricalVariogram, variogram: Variogram, n_beside: int) -> Doubles:
    """Return the covariance of classes less than ``n_beside`` apart, the others zero."""
    filled = measured.filled
    sample = measured.sample[filled]
    n_pairs = np.maximum(measured.n_pairs[:, filled].max(axis=0), 1).astype(np.float64)
    number = MODELS.index(variogram.model)
    out = np.zeros((len(sample), len(sample)))
    law = (number, variogram.sill, variogram.range_metres, variogram.exponent, variogram.nugget)
    _pair_covariance(sample, n_pairs, law, n_beside, out)
    return out


@kernel
def model_semivariance(
    distance: float, number: int, sill: float, length: float, exponent: float, nugget: float
) -> float:
    """Return the semivariance at a distance with the nugget; 0 at distance 0.  ``number`` is the model's in MODELS."""
    if distance <= 0.0:
        return 0.0
    scaled = distance / length
    if number == 0:
        return nugget + sill * (1.0 - math.exp(-scaled))
    if number == 1:
        s = math.sqrt(3.0) * scaled
        return nugget + sill * (1.0 - (1.0 + s) * math.exp(-s))
    return nugget + sill * math.pow(scaled, exponent)


@kernel
def _pair_covariance(
    sample: Doubles,
    n_pairs: Doubles,
    law: tuple[int, float, float, float, float],
    n_beside: int,
    out: Doubles,
) -> None:
    """Fill the covariance of classes, (class, class)."""
    n_bins, n_sample, _ = sample.shape
    for a in range(n_bins):
        for b in range(a, min(a + n_beside, n_bins)):
            square, count, alone = 0.0, 0, 0.0
            for p in range(n_sample):
                for q in range(n_sample):
                    if not (np.isfinite(sample[a, p, 0]) and np.isfinite(sample[b, q, 0])):
                        continue
                    c = difference_covariance(sample[a, p], sample[b, q], law)
                    if a == b and p == q:
                        alone += c * c
                    else:
                        square += c * c
                        count += 1
            mean = square / max(count, 1)
            if a == b:
                n_own = np.sum(np.isfinite(sample[a, :, 0]))
                mean = mean * (1.0 - 1.0 / n_pairs[a]) + alone / n_own / n_pairs[a]
            out[a, b] = out[b, a] = 0.5 * mean


@kernel
def difference_covariance(one: Doubles, two: Doubles, law: tuple[int, float, float, float, float]) -> float:
    """Return the covariance of the differences of two pairs, each given by the places of its ends."""
    total = 0.0
    for i in range(2):
        for j in range(2):
            apart = np.hypot(one[2 * i] - two[2 * j], one[2 * i + 1] - two[2 * j + 1])
            value = model_semivariance(apart, law[0], law[1], law[2], law[3], law[4])
            total += value if i != j else -value
    return total
