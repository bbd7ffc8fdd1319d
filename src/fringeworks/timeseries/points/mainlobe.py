"""The samples of a scatterer's main lobe, taken together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_SWEEPS: Final = 4
"""Of the power iteration: patterns of single scatterers are far above the noise and settle in two."""


def combine(
    values: NDArray[np.complex64], *, correlation: tuple[float, float]
) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
    """Combine the samples of a scatterer's main lobe, each with the weight and phase it has at all dates together.

    Parameters
    ----------
    values : complex64, (date, sample, point)
        Two by two samples around the peak, line by line; NaN or 0 where there is none.
    correlation : tuple of float
        Of the noise of neighbouring lines, and of neighbouring samples.

    Returns
    -------
    series : complex64, (date, point)
        What the scatterer is at each date, up to one factor; 0 where no sample is known.
    share : float64, (sample, point)
        Weight of each sample, of sum 1.

    Notes
    -----
    The pattern is that of the best factorisation of the samples into one pattern times one series (the first singular
    vectors); weights are the pattern over the covariance of the noise, whose phases between samples are the pattern's.  A
    scatterer that lies between samples loses up to 1.4 dB in the brightest of them; together they hold all of it.
    """
    z = np.where(np.isfinite(values), values, np.complex64(0))
    brightest = np.argmax((np.abs(z) ** 2).sum(axis=0), axis=0)
    series = np.take_along_axis(z, brightest[None, None, :], axis=1)[:, 0]
    pattern = np.zeros(z.shape[1:], np.complex64)
    for _ in range(_SWEEPS):
        pattern = np.einsum("dsp,dp->sp", z, series.conj())
        norm = np.sqrt((np.abs(pattern) ** 2).sum(axis=0))
        pattern /= np.where(norm > 0, norm, 1)
        series = np.einsum("dsp,sp->dp", z, pattern.conj())
    shape = np.abs(pattern).astype(np.float64)
    weight = np.linalg.solve(_noise(correlation), shape)
    turn = np.exp(-1j * np.angle(pattern))
    best = np.einsum("dsp,sp->dp", z, (weight * turn).astype(np.complex64))
    share = weight * shape
    total = share.sum(axis=0)
    return best, np.where(total > 0, share / np.where(total > 0, total, 1), 0.25)


def neighbour_correlation(share: float, *, window: float) -> float:
    """Return how alike the speckle of two neighbouring samples is, 0 to 1.

    Parameters
    ----------
    share : float
        Processed bandwidth over sampling rate.
    window : float
        Coefficient of the Hamming window on the amplitude spectrum; 1 = none.

    Notes
    -----
    The autocorrelation at one sample: the transform of the power spectrum.
    """
    frequency = (np.arange(4096) + 0.5) / 4096 - 0.5
    power = (window + (1.0 - window) * np.cos(2.0 * np.pi * frequency)) ** 2
    return float((power * np.cos(2.0 * np.pi * frequency * share)).sum() / power.sum())


def _noise(correlation: tuple[float, float]) -> NDArray[np.float64]:
    """Return the correlation of the noise of two by two samples, line by line."""
    down, along = (np.array([[1.0, rho], [rho, 1.0]]) for rho in correlation)
    return np.kron(down, along)
