"""A slow, plain NumPy twin of the compiled fit, and a small noise model of its own."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np


def regular_dates(n, step=12, start=date(2020, 1, 6)):
    return tuple(start + timedelta(days=step * k) for k in range(n))


def plain_fit(series, matrix, correlation, covariance=None):
    """Fit one pixel; return slope, its sigma, coefficients, their sigmas, rmse."""
    valid = np.isfinite(series)
    d, G, R = series[valid].astype(float), matrix[valid], correlation[np.ix_(valid, valid)]
    C = np.zeros_like(R) if covariance is None else covariance[np.ix_(valid, valid)].astype(float)
    t = G[:, 1]
    g = (t - t.mean()) / np.sum((t - t.mean()) ** 2)
    P = np.linalg.pinv(G)
    M = np.eye(len(d)) - G @ P
    r = M @ d
    s2 = max((r @ r - np.trace(M @ C @ M)) / np.trace(M @ R @ M), 0.0)
    total = C + s2 * R
    sigma = np.sqrt(np.diag(P @ total @ P.T))
    return g @ d, np.sqrt(g @ total @ g), P @ d, sigma, np.sqrt(np.mean(r**2))


def chain_network(n_dates, depth=3):
    """Return the incidence matrix of pairs with the next ``depth`` dates."""
    pairs = [(i, j) for i in range(n_dates) for j in range(i + 1, i + 1 + depth) if j < n_dates]
    matrix = np.zeros((len(pairs), n_dates))
    for k, (i, j) in enumerate(pairs):
        matrix[k, i], matrix[k, j] = -1.0, 1.0
    return matrix


def noisy_series(rng, *, n_dates, n_pixels, pair_sigma, date_sigma, days=None, memory=0.0, depth=3):
    """Simulate inverted series of noise alone, with the covariance an inversion would report.

    Returns series (date, pixel) [m] and covariance (pixel, date, date) [m^2], scaled by the a-posteriori variance.
    """
    matrix = chain_network(n_dates, depth)
    noise = rng.normal(size=(n_dates, n_pixels)) * date_sigma
    if memory > 0.0:
        gap = np.abs(days[:, None] - days[None, :])
        noise = np.linalg.cholesky(np.exp(-gap / memory)) @ noise
    scale = 0.5 + rng.random(matrix.shape[0])
    data = matrix @ noise + rng.normal(size=(matrix.shape[0], n_pixels)) * scale[:, None] * pair_sigma
    weight = 1.0 / scale**2
    A = matrix[:, 1:]
    inverse = np.linalg.inv(A.T @ (weight[:, None] * A))
    solution = inverse @ (A.T @ (weight[:, None] * data))
    residual = data - A @ solution
    factor = (weight[:, None] * residual**2).sum(axis=0) / (A.shape[0] - A.shape[1])
    series = np.zeros((n_dates, n_pixels), np.float32)
    series[1:] = solution
    covariance = np.zeros((n_pixels, n_dates, n_dates), np.float32)
    covariance[:, 1:, 1:] = factor[:, None, None] * inverse
    return series, covariance
