"""Interferograms with a known phase: smooth fields, and the speckle of two partly coherent images."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label as regions_of

from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase

TURN = 2.0 * np.pi


@dataclass(frozen=True)
class Scene:
    """What was invented, and what an unwrapper sees of it."""

    wrapped: WrappedPhase
    truth: np.ndarray
    coherence: np.ndarray

    def wrong(self, found: Unwrapped, where=None):
        """Return the share of unwrapped pixels with a wrong number of cycles, one constant for each component free."""
        known = (found.components > 0) & (True if where is None else where)
        observed = self.truth + np.angle(self.wrapped.phasor * np.exp(-1j * self.truth))
        cycles = np.round((found.phase - observed) / TURN)
        n_wrong = 0
        for component in range(1, int(found.components.max(initial=0)) + 1):
            values, counts = np.unique(cycles[known & (found.components == component)], return_counts=True)
            n_wrong += int(counts.sum() - counts.max()) if values.size else 0
        return n_wrong / max(int(known.sum()), 1)

    def levels(self, found: Unwrapped):
        """Return the cycles by which each component lies above the truth, by its number; [0] is unused."""
        cycles = np.round((found.phase - self.truth) / TURN)
        n = int(found.components.max(initial=0))
        return np.array([0.0, *(np.median(cycles[found.components == c]) for c in range(1, n + 1))])


def field(shape, rng, *, slope):
    """Return a random field of power spectrum k^-slope, zero mean, standard deviation 1."""
    n = max(shape)
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    k[0, 0] = np.inf
    spectrum = (rng.standard_normal(k.shape) + 1j * rng.standard_normal(k.shape)) * k ** (-slope / 2)
    image = np.fft.irfft2(spectrum, s=(n, n))[: shape[0], : shape[1]]
    return (image - image.mean()) / image.std()


def speckle(truth, coherence, looks, rng):
    """Return the mean of products of two circular Gaussian images of given coherence, and their sample coherence."""

    def noise():
        return (rng.standard_normal(truth.shape) + 1j * rng.standard_normal(truth.shape)) / np.sqrt(2)

    product, power = np.zeros(truth.shape, complex), [np.zeros(truth.shape), np.zeros(truth.shape)]
    for _ in range(looks):
        first = noise()
        second = coherence * first + np.sqrt(1 - coherence**2) * noise()
        product += first * np.exp(1j * truth) * np.conj(second)
        power[0] += np.abs(first) ** 2
        power[1] += np.abs(second) ** 2
    sample = np.abs(product) / np.sqrt(power[0] * power[1])
    return (product / np.abs(product)).astype(np.complex64), sample.astype(np.float32)


def make_scene(truth, rng, *, coherence=None, looks=12, missing=None):
    """Return a scene of a given phase; coherence varies from 0.1 to 0.95 unless it is given."""
    if coherence is None:
        coherence = np.clip(0.6 + 0.2 * field(truth.shape, rng, slope=3.0), 0.1, 0.95)
    phasor, sample = speckle(truth, coherence, looks, rng)
    if missing is not None:
        phasor[missing], sample[missing] = np.nan, np.nan
    wrapped = WrappedPhase(phasor=phasor, coherence=sample, effective_looks=float(looks))
    return Scene(wrapped, truth, np.broadcast_to(coherence, truth.shape))


def bowl(shape, *, fringes, width):
    """Return a bowl of so many fringes in the middle, and a tilt of three."""
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(float)
    away = ((rows - 0.5 * shape[0]) ** 2 + (cols - 0.45 * shape[1]) ** 2) / width**2
    return TURN * (fringes * np.exp(-away) + 3.0 * cols / shape[1])


class FloodUnwrapper:
    """The plainest one, for smooth phase: from pixel to pixel, in the order in which they are reached."""

    name = "flood"
    licence = "Apache-2.0"

    def unwrap(self, wrapped):
        """Unwrap from the first pixel of each region."""
        valid = np.isfinite(wrapped.phasor) & np.isfinite(wrapped.coherence) & (wrapped.phasor != 0)
        angle = np.where(valid, np.angle(np.where(valid, wrapped.phasor, 1.0)), np.nan).astype(float)
        phase = np.full(angle.shape, np.nan)
        components, n = regions_of(valid)
        for component in range(1, n + 1):
            row, col = np.argwhere(components == component)[0]
            phase[row, col] = angle[row, col]
            queue = deque([(row, col)])
            while queue:
                here = queue.popleft()
                for there in self._around(here, valid.shape):
                    if valid[there] and np.isnan(phase[there]):
                        step = angle[there] - angle[here]
                        phase[there] = phase[here] + step - TURN * np.round(step / TURN)
                        queue.append(there)
        return Unwrapped(phase=phase.astype(np.float32), components=components.astype(np.uint16))

    @staticmethod
    def _around(here, shape):
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            row, col = here[0] + down, here[1] + right
            if 0 <= row < shape[0] and 0 <= col < shape[1]:
                yield row, col
