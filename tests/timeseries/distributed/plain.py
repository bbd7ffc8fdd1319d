"""Phase linking once more, plainly: NumPy in double precision, one cell at a time, for comparison."""

from __future__ import annotations

import numpy as np


def coherence_matrix(n_dates, *, initial=0.6, decay=50.0, floor=0.1, step=12.0):
    lag = step * np.abs(np.subtract.outer(np.arange(n_dates), np.arange(n_dates)))
    matrix = (initial - floor) * np.exp(-lag / decay) + floor
    np.fill_diagonal(matrix, 1.0)
    return matrix


def draw_stack(coherence, shape, rng, *, phase=None):
    """Circular Gaussian images of a given coherence, turned by a phase (date, line, sample)."""
    n_dates = len(coherence)
    white = rng.normal(size=(2, n_dates, *shape)) @ np.eye(shape[1]) * np.sqrt(0.5)
    samples = np.einsum("ij,jyx->iyx", np.linalg.cholesky(coherence), white[0] + 1j * white[1])
    if phase is not None:
        samples = samples * np.exp(1j * phase)
    return samples.astype(np.complex64)


def window_samples(stack, row, column, *, strides, window):
    """Samples of a cell's window inside the image, (date, sample)."""
    first = [k * s + (s - w) // 2 for k, s, w in zip((row, column), strides, window, strict=True)]
    cut = tuple(
        slice(max(f, 0), min(f + w, size)) for f, w, size in zip(first, window, stack.shape[1:], strict=True)
    )
    return stack[(slice(None), *cut)].reshape(len(stack), -1).astype(complex)


def coherence_of(samples):
    product = samples @ samples.conj().T
    power = np.sqrt(np.diag(product).real)
    return product / np.outer(power, power)


def link_evd(coherence, reference=0):
    vector = np.linalg.eigh(coherence)[1][:, -1]
    return np.angle(vector * np.conj(vector[reference]))


def link_emi(coherence, reference=0):
    weights = np.linalg.inv(np.abs(coherence))
    vector = np.linalg.eigh(weights * coherence)[1][:, 0]
    return np.angle(vector * np.conj(vector[reference]))


def temporal_coherence(coherence, phase):
    i, j = np.triu_indices(len(phase), 1)
    return np.mean(np.cos(np.angle(coherence[i, j]) - (phase[i] - phase[j])))


def wrapped(values):
    return np.angle(np.exp(1j * values))
