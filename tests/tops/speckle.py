"""Speckle with a known covariance, and bursts from first principles: what the tests of this room draw from."""

from __future__ import annotations

import numpy as np

LINE = 2.0555563e-3
"""Time between lines of Sentinel-1 [s]."""


def decaying(n, *, first=0.6, floor=0.2, days=60.0, step=12.0):
    """Coherence matrix: exponential decay in time down to a floor."""
    apart = step * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    gamma = (first - floor) * np.exp(-apart / days) + floor
    np.fill_diagonal(gamma, 1.0)
    return gamma


def draw(rng, gamma, shape):
    """Circular Gaussian samples, independent of each other, (date, *shape)."""
    root = np.linalg.cholesky(gamma).astype(np.float32)
    white = rng.standard_normal((len(gamma), *shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    return np.einsum("ij,j...->i...", root, white * np.float32(np.sqrt(0.5))).astype(np.complex64)


def overlap(rng, gamma, error, *, shape=(48, 512), separation=-4500.0, spread=0.0, above=2300.0):
    """Two bursts of the same ground whose dates lie ``error`` seconds late; and their separation, (sample)."""
    difference = separation * (1.0 + spread * np.linspace(-1, 1, shape[1]))
    upper, lower = draw(rng, gamma, shape), draw(rng, gamma, shape)
    late = np.asarray(error)[:, None, None]
    upper *= np.exp(-2j * np.pi * above * late).astype(np.complex64)
    lower *= np.exp(-2j * np.pi * (above + difference) * late).astype(np.complex64)
    return upper, lower, difference


class TwoBursts:
    """Scatterers seen by two bursts whose beam sweeps forward, written out as sums over scatterers.

    A scatterer at time t is focused as A sinc(B (time - t)) exp(2 pi i f(t) (time - t)), with the Doppler frequency
    f(t) = sweep (t - middle of the burst): its phase at its own time is that of its range alone, here in A.  A late
    image shows it ``late`` seconds later.
    """

    sweep, bandwidth, cycle = 1700.0, 310.0, 2.758273

    def __init__(self, rng, *, n_dates, n_lines, n_columns, coherence):
        self.times = (np.arange(n_lines) - n_lines / 2) * LINE
        margin = 25
        n = 4 * (n_lines + 2 * margin)
        self.place = rng.uniform(self.times[0] - margin * LINE, self.times[-1] + margin * LINE, n)
        common, own = rng.standard_normal((2, n_dates, n, n_columns)) + 1j * rng.standard_normal(
            (2, n_dates, n, n_columns)
        )
        common[:] = common[0]
        self.amplitude = np.sqrt(coherence) * common + np.sqrt(1 - coherence) * own

    def sample(self, *, late, shift):
        """Upper and lower image of each date, sampled ``shift`` seconds after where its annotation says."""
        images = []
        for middle in (-self.cycle / 2, self.cycle / 2):
            doppler = self.sweep * (self.place - middle)
            rows = []
            for date, amplitude in enumerate(self.amplitude):
                apart = (self.times + shift[date])[:, None] - (self.place + late[date])[None, :]
                response = np.sinc(self.bandwidth * apart) * np.exp(2j * np.pi * doppler * apart)
                rows.append(response @ amplitude)
            images.append(np.array(rows, np.complex64))
        return images

    @property
    def separation(self):
        return -self.sweep * self.cycle
