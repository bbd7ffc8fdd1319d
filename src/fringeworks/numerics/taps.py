"""Weights that interpolate a band-limited signal between its samples, the best there are for a given length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError

LENGTHS: Final = (4, 6, 8, 10, 12, 14, 16, 18, 20, 24)
"""Numbers of taps that :func:`design_taps` offers."""
_N_FRACTIONS: Final = 256
_RIDGE: Final = 1e-10  # keeps the normal matrix regular; below the rounding of complex64, as a power


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taps:
    """Interpolation weights as a polynomial of the fraction mu between two samples.

    Tap m (0 to n - 1) weighs the sample at distance m - (n / 2 - 1) from the one below the position.

    Attributes
    ----------
    bandwidth : float
        Share of the sampling rate that the signal fills, centred on zero frequency.
    even, odd : float32, (n / 2, 2)
        Coefficients; see Notes.
    error : float
        Power of the interpolation error over that of the signal, mean over all fractions, white within the band.

    Notes
    -----
    With nu = mu - 1/2, E = even[m, 0] + even[m, 1] nu^2, O = nu (odd[m, 0] + odd[m, 1] nu^2), the weights of tap m
    and of its mirror n - 1 - m are mu (1 - mu) (E + O) and mu (1 - mu) (E - O); to the two middle taps 1 - mu and mu
    are added.  So a position on a sample gives that sample, exactly, and mirrored positions have mirrored weights.
    """

    bandwidth: float
    even: NDArray[np.float32]
    odd: NDArray[np.float32]
    error: float

    def __len__(self) -> int:
        """Return the number of taps."""
        return 2 * len(self.even)

    @property
    def reach(self) -> int:
        """Samples needed on each side of a position: the halo that makes a block equal to the whole."""
        return len(self.even)

    def weights(self, fraction: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the weights at fractions in [0, 1], (..., n)."""
        mu = np.asarray(fraction, np.float64)[..., None]
        nu = mu - 0.5
        even = self.even[:, 0] + self.even[:, 1] * nu**2
        odd = nu * (self.odd[:, 0] + self.odd[:, 1] * nu**2)
        weights = mu * (1.0 - mu) * np.concatenate([even + odd, (even - odd)[..., ::-1]], axis=-1)
        weights[..., self.reach - 1] += 1.0 - mu[..., 0]
        weights[..., self.reach] += mu[..., 0]
        return np.asarray(weights, np.float64)


def design_taps(bandwidth: float, *, n_taps: int | None = None, error: float = 1e-4) -> Taps:
    """Design the weights with the least mean square error for a signal that is white within a band.

    Parameters
    ----------
    bandwidth : float
        Share of the sampling rate that the signal fills, centred on zero frequency; in (0, 0.98].
    n_taps : int, optional
        One of ``LENGTHS``; by default the shortest that keeps ``error``, or the longest if none does.
    error : float
        Allowed power of the interpolation error over that of the signal.  Coherence with the exact answer is
        1 - error / 2, the scatter of the phase sqrt(error / 2) rad: 7 mrad for the default.

    Raises
    ------
    OutOfRangeError
        The bandwidth is outside its range, or the number of taps is not offered.

    Notes
    -----
    The error at a fraction mu is 1 - 2 r.w + w.R w with R[m, k] = s(m - k), r[m] = s(m - mu), s(d) = sinc(B d) the
    autocorrelation of the signal; the best weights solve R w = r.  They are smooth functions of mu, and a polynomial of
    degree 5 that is exact on the samples adds less than 3 % to the error at any bandwidth above 0.3.
    """
    if not 0.0 < bandwidth <= 0.98:
        raise OutOfRangeError(
            f"bandwidth {bandwidth:.3f} of the sampling rate", expected="above 0, up to 0.98"
        )
    if n_taps is not None:
        if n_taps not in LENGTHS:
            raise OutOfRangeError(f"{n_taps} taps", expected=f"one of {LENGTHS}")
        return _design(bandwidth, n_taps)
    for length in LENGTHS:
        taps = _design(bandwidth, length)
        if taps.error <= error:
            break
    return taps


@lru_cache(maxsize=64)
def _design(bandwidth: float, n_taps: int) -> Taps:
    half = n_taps // 2
    place = np.arange(n_taps) - (half - 1.0)
    normal = np.sinc(bandwidth * (place[:, None] - place)) + _RIDGE * np.eye(n_taps)
    # Chebyshev nodes: the fit is then nearly the best in the largest error, not only in the mean
    nu = 0.5 * np.cos(np.pi * (np.arange(_N_FRACTIONS) + 0.5) / _N_FRACTIONS)
    mu = nu + 0.5
    best = np.linalg.solve(normal, np.sinc(bandwidth * (place[:, None] - mu)))
    best[half - 1] -= 1.0 - mu
    best[half] -= mu
    first, mirror = best[:half], best[: half - 1 : -1]
    inside = mu * (1.0 - mu)
    even = _fit(0.5 * (first + mirror), np.stack([inside, inside * nu**2], axis=1))
    odd = _fit(0.5 * (first - mirror), np.stack([inside * nu, inside * nu**3], axis=1))
    draft = Taps(bandwidth=bandwidth, even=even, odd=odd, error=0.0)
    even.flags.writeable = odd.flags.writeable = False
    return Taps(bandwidth=bandwidth, even=even, odd=odd, error=_mean_error(draft))


def _fit(values: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.linalg.lstsq(base, values.T, rcond=None)[0].T, np.float32)


def _mean_error(taps: Taps) -> float:
    n = len(taps)
    mu = (np.arange(64) + 0.5) / 64
    place = np.arange(n) - (taps.reach - 1.0)
    weights = taps.weights(mu)
    normal = np.sinc(taps.bandwidth * (place[:, None] - place))
    right = np.sinc(taps.bandwidth * (place - mu[:, None]))
    error = 1.0 - 2.0 * np.sum(weights * right, axis=1) + np.einsum("fm,mk,fk->f", weights, normal, weights)
    return float(np.mean(error))
