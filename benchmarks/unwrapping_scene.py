"""Interferograms with a known phase: two bowls, air, a tilt; coherence from noise to nearly one, and lakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TURN = 2.0 * np.pi


@dataclass(frozen=True)
class Scene:
    """What was invented: complex64 phasor and float32 coherence as observed, float32 truth [rad], true coherence."""

    phasor: NDArray[np.complex64]
    coherence: NDArray[np.float32]
    truth: NDArray[np.float32]
    true_coherence: NDArray[np.float32]
    looks: int


def field(n: int, rng: np.random.Generator, *, slope: float) -> NDArray[np.float32]:
    """Return a random square field of power spectrum k^-slope, mean 0, standard deviation 1."""
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    k[0, 0] = np.inf
    spectrum = (rng.standard_normal(k.shape) + 1j * rng.standard_normal(k.shape)) * k ** (-slope / 2)
    image = np.fft.irfft2(spectrum, s=(n, n))
    return ((image - image.mean()) / image.std()).astype(np.float32)


def invent(n: int, *, seed: int, looks: int = 20, fringes: float = 6.0) -> Scene:
    """Return a square scene of n x n pixels; the speckle is that of two circular Gaussian images."""
    rng = np.random.default_rng(seed)
    rows, cols = (axis.astype(np.float32) / n for axis in np.mgrid[:n, :n])
    truth = TURN * fringes * np.exp(-(((rows - 0.55) / 0.18) ** 2) - ((cols - 0.45) / 0.22) ** 2)
    truth += 0.5 * TURN * fringes * np.exp(-(((rows - 0.25) / 0.08) ** 2) - ((cols - 0.75) / 0.1) ** 2)
    truth += 3.0 * field(n, rng, slope=11 / 3) + 6.0 * cols
    coherence = np.clip(1 / (1 + np.exp(-0.55 - 1.1 * field(n, rng, slope=3.0))), 0.02, 0.97)
    coherence[field(n, rng, slope=3.5) > 1.7] = 0.02
    phasor, sample = _speckle(truth, coherence, looks, rng)
    return Scene(phasor, sample, truth.astype(np.float32), coherence.astype(np.float32), looks)


def _speckle(
    truth: NDArray[np.float32], coherence: NDArray[np.float32], looks: int, rng: np.random.Generator
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    def noise() -> NDArray[np.complex64]:
        parts = rng.standard_normal((2, *truth.shape), np.float32)
        return (parts[0] + 1j * parts[1]).astype(np.complex64)

    signal = np.exp(1j * truth).astype(np.complex64)
    product, first_power, second_power = np.zeros_like(signal), np.zeros_like(truth), np.zeros_like(truth)
    for _ in range(looks):
        first = noise()
        second = coherence * first + np.sqrt(1 - coherence**2) * noise()
        product += first * signal * np.conj(second)
        first_power += np.abs(first) ** 2
        second_power += np.abs(second) ** 2
    sample = np.abs(product) / np.sqrt(first_power * second_power)
    return (product / np.abs(product)).astype(np.complex64), sample.astype(np.float32)


def wrong_share(
    phase: NDArray[np.float32], components: NDArray[np.integer], scene: Scene
) -> tuple[float, float]:
    """Return the share of pixels in components whose cycles are not the truth's, one common constant free; and the share in components."""
    inside = (components > 0) & np.isfinite(phase)
    if not inside.any():
        return 1.0, 0.0
    observed = scene.truth + np.angle(scene.phasor * np.exp(-1j * scene.truth))
    cycles = np.round((phase[inside] - observed[inside]) / TURN).astype(np.int64)
    _, counts = np.unique(cycles, return_counts=True)
    return float(1 - counts.max() / counts.sum()), float(inside.mean())
