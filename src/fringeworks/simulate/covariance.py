"""Images whose statistics are given: coherence of land classes, and circular Gaussian images that have it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.motion import years_since_2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CoherenceModel:
    """How alike two images of a kind of ground are.

    Attributes
    ----------
    initial : float
        Coherence of two images just apart in time.
    decay_days : float
        Time over which it falls [days].
    floor : float
        What stays for ever.
    seasonal_loss : float
        Share by which an image of the worst season loses coherence with all others.
    worst_season : float
        Fraction of the calendar year of the worst season.
    critical_baseline : float
        Perpendicular baseline at which coherence is lost [m]; infinite for none.
    """

    initial: float = 0.6
    decay_days: float = 50.0
    floor: float = 0.1
    seasonal_loss: float = 0.0
    worst_season: float = 0.5
    critical_baseline: float = np.inf

    def __post_init__(self) -> None:
        if not 0.0 <= self.floor <= self.initial <= 1.0 or self.decay_days <= 0.0:
            raise OutOfRangeError(
                f"coherence from {self.initial} to {self.floor} over {self.decay_days} days",
                expected="0 <= floor <= initial <= 1 and a positive decay time",
            )

    def matrix(
        self, dates: tuple[date, ...], *, perpendicular_baseline: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the coherence of every two dates, (date, date), with a diagonal of ones.

        Notes
        -----
        ``(initial - floor) exp(-|dt|/decay) + floor`` off the diagonal, times a factor of each date's season, times
        ``1 - |dB| / critical`` (spectral shift).  Each factor is a positive semi-definite kernel and the diagonal is
        raised, hence so is the product: a Cholesky factor exists for any dates.
        """
        days = np.array([day.toordinal() for day in dates], float)
        gaps = np.abs(days[:, None] - days[None, :])
        coherence = (self.initial - self.floor) * np.exp(-gaps / self.decay_days) + self.floor
        season = np.cos(np.pi * (years_since_2000(dates) - self.worst_season)) ** 2
        kept = 1.0 - self.seasonal_loss * season
        coherence *= kept[:, None] * kept[None, :]
        if perpendicular_baseline is not None and np.isfinite(self.critical_baseline):
            apart = np.abs(perpendicular_baseline[:, None] - perpendicular_baseline[None, :])
            coherence *= np.maximum(1.0 - apart / self.critical_baseline, 0.0)
        np.fill_diagonal(coherence, 1.0)
        return np.asarray(coherence, float)


def cholesky_factor(coherence: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the lower factor L of a coherence matrix, (date, date): coherence = L L^T.

    Raises
    ------
    OutOfRangeError
        The matrix is not that of any set of images.
    """
    try:
        return np.linalg.cholesky(coherence).astype(np.float32)
    except np.linalg.LinAlgError as error:
        raise OutOfRangeError(
            "a coherence matrix that is not positive definite",
            expected="coherences that some set of images can have",
            hint="lower the largest off-diagonal values, or build it with CoherenceModel",
        ) from error


def circular_gaussian(
    factor: NDArray[np.float32], n_samples: int, *, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Draw complex samples of unit mean power with a given covariance.

    Parameters
    ----------
    factor : float32, (date, date)
        Lower Cholesky factor of the coherence matrix.
    n_samples : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    complex64, (date, sample)
        Zero-mean circular Gaussian; samples are independent.
    """
    n_dates = len(factor)
    white = rng.standard_normal((2, n_dates, n_samples), dtype=np.float32) * np.float32(np.sqrt(0.5))
    samples = np.empty((n_dates, n_samples), np.complex64)
    samples.real = factor @ white[0]
    samples.imag = factor @ white[1]
    return samples


@dataclass(frozen=True, slots=True)
class LookSums:
    """What multilooking gives of each pair: the phase's noise and the coherence estimate, each float32 (pair, pixel)."""

    noise: NDArray[np.float32]
    coherence: NDArray[np.float32]


def multilooked_pairs(
    factor: NDArray[np.float32],
    endpoints: NDArray[np.int64],
    *,
    looks: int,
    n_pixels: int,
    rng: np.random.Generator,
) -> LookSums:
    """Draw noise of interferograms that come from one stack of images, so that pairs with a common date share noise.

    Parameters
    ----------
    factor : float32, (date, date)
        Lower Cholesky factor of the coherence matrix.
    endpoints : int64, (pair, 2)
        Reference and secondary date of each pair.
    looks : int
        Independent samples averaged.
    n_pixels : int
        How many multilooked pixels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    LookSums
        Phase of ``sum z_ref conj(z_sec)`` in (-pi, pi], and its magnitude over the root of the powers.
    """
    noise = np.empty((len(endpoints), n_pixels), np.float32)
    coherence = np.empty_like(noise)
    for start in range(0, n_pixels, 1024):
        count = min(1024, n_pixels - start)
        samples = circular_gaussian(factor, count * looks, rng=rng)
        images = np.ascontiguousarray(samples.reshape(len(factor), count, looks).transpose(1, 0, 2))
        sums = images @ images.conj().transpose(0, 2, 1)
        power = np.einsum("pii->ip", sums).real
        cross = sums[:, endpoints[:, 0], endpoints[:, 1]].T
        part = slice(start, start + count)
        noise[:, part] = np.angle(cross)
        coherence[:, part] = np.abs(cross) / np.sqrt(power[endpoints[:, 0]] * power[endpoints[:, 1]])
    return LookSums(noise, np.minimum(coherence, np.float32(1.0)))


def independent_pairs(
    coherence: NDArray[np.float64], *, looks: float, n_pixels: int, rng: np.random.Generator
) -> LookSums:
    """Draw noise of interferograms that share nothing, from the exact multilook distribution.

    Parameters
    ----------
    coherence : float64, (pair)
        Coherence of each pair.
    looks : float
        Independent samples averaged; any number of at least 1.
    n_pixels : int
        How many multilooked pixels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    LookSums
        Noise and estimate of each pair and pixel, all independent.

    Notes
    -----
    The 2 x 2 sample covariance of L looks is complex Wishart; its Bartlett factors are p ~ Gamma(L),
    n ~ CN(0, 1) and q ~ Gamma(L - 1): with s = sqrt(1 - g^2), cross = g p + s sqrt(p) n, and the powers are
    p and |cross|^2 / p + s^2 q (Goodman 1963).
    """
    shape = (len(coherence), n_pixels)
    g = coherence[:, None]
    s = np.sqrt(1.0 - g**2)
    p = rng.standard_gamma(looks, shape)
    q = rng.standard_gamma(looks - 1.0, shape) if looks > 1.0 else np.zeros(shape)
    n = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * np.sqrt(0.5)
    cross = g * p + s * np.sqrt(p) * n
    power = np.abs(cross) ** 2 / p + s**2 * q
    estimate = np.minimum(np.abs(cross) / np.sqrt(p * power), 1.0)
    return LookSums(np.angle(cross).astype(np.float32), estimate.astype(np.float32))
