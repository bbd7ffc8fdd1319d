"""Interferograms of known phase and coherence."""

from __future__ import annotations

import numpy as np


def noisy(rng, truth, coherence, *, looks=8):
    """Multilooked phasors of circular Gaussian images: complex64 of unit length, and the sample coherence."""
    shape = truth.shape

    def white():
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)

    product, first, second = np.zeros(shape, complex), np.zeros(shape), np.zeros(shape)
    for _ in range(looks):
        a = white()
        b = coherence * a + np.sqrt(1 - np.square(coherence)) * white()
        product += a * np.conj(b)
        first += abs(a) ** 2
        second += abs(b) ** 2
    phasor = product / abs(product) * np.exp(1j * truth)
    return phasor.astype(np.complex64), (abs(product) / np.sqrt(first * second)).astype(np.float32)


def ramp(shape, down, across):
    """Phase of fringes, radians a pixel each way."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return rows * down + cols * across


def rms(phasor, truth):
    """Root mean square of the phase error, wrapped [rad]."""
    error = np.angle(phasor * np.exp(-1j * truth))
    return float(np.sqrt(np.nanmean(error**2)))
