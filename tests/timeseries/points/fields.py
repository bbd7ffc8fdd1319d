"""Random fields with a known variogram, drawn from their covariance: nothing of the package is in them."""

from __future__ import annotations

import numpy as np


def semivariance(model, h, length, exponent=1.0):
    if model == "exponential":
        return 1.0 - np.exp(-h / length)
    if model == "matern":
        s = np.sqrt(3.0) * h / length
        return 1.0 - (1.0 + s) * np.exp(-s)
    return (h / length) ** exponent


class Field:
    """Draws a Gaussian field of sill 1 at points."""

    def __init__(self, x, y, model="exponential", length=2e3, exponent=1.0):
        h = np.hypot(x[:, None] - x, y[:, None] - y)
        top = 1.0 if model != "power" else 3.0 * semivariance(model, h.max(), length, exponent)
        covariance = top - semivariance(model, h, length, exponent)
        self.root = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(x)))

    def draw(self, n_dates, rng):
        return (self.root @ rng.standard_normal((len(self.root), n_dates))).T
