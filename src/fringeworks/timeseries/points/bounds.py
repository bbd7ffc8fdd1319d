"""The least sigma that velocity and height error of a point can have."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError

Reals = NDArray[np.float64]


def series_bound(
    years: NDArray[np.floating],
    *,
    sensitivity: NDArray[np.floating],
    wavelength: float,
    variance: NDArray[np.floating],
) -> tuple[float, float]:
    """Compute the least sigma of velocity and height error of one point by itself.

    Parameters
    ----------
    years : float, (date)
        Time [yr].
    sensitivity : float, (date)
        Phase of one metre of height error [rad/m].
    wavelength : float
        Radar wavelength [m].
    variance : float, (date)
        Of the phase of each date [rad^2].

    Returns
    -------
    float, float
        Sigma of the velocity [m/yr] and of the height error [m].

    Notes
    -----
    The Cramer-Rao bound of Gaussian noise: the inverse of A^T W A, with columns 1, 4 pi t / wavelength and sensitivity.
    """
    bounds = network_bound(
        years,
        sensitivity=np.asarray(sensitivity, float)[:, None],
        wavelength=wavelength,
        covariance=np.asarray(variance, float)[:, None, None],
    )
    return float(bounds[0, 0]), float(bounds[1, 0])


def network_bound(
    years: NDArray[np.floating],
    *,
    sensitivity: NDArray[np.floating],
    wavelength: float,
    covariance: NDArray[np.floating],
    datum: NDArray[np.floating] | None = None,
) -> Reals:
    """Compute the least sigmas of all points of a network together, under a covariance between them.

    Parameters
    ----------
    years : float, (date)
        Time [yr].
    sensitivity : float, (date, point)
        Phase of one metre of height error [rad/m].
    wavelength : float
        Radar wavelength [m].
    covariance : float, (date, point, point)
        Of the phases of each date [rad^2]: atmosphere and noise; dates are independent.
    datum : float, (point), optional
        Weights whose sum is 1: estimates are relative to the points' mean with these weights.  Absolute where not given.

    Returns
    -------
    float64, (2, point)
        Sigma of velocity [m/yr] and height error [m].

    Raises
    ------
    ShapeMismatchError
        Arrays disagree.

    Notes
    -----
    Generalised least squares with a constant, velocity and height error for each point: 3 n unknowns, solved densely.  For
    hundreds of points.
    """
    years, sensitivity = np.asarray(years, float), np.asarray(sensitivity, float)
    n_dates, n = sensitivity.shape
    if covariance.shape != (n_dates, n, n) or years.shape != (n_dates,):
        raise ShapeMismatchError(
            f"covariance of shape {covariance.shape} for {years.shape} dates",
            expected=f"({n_dates}, {n}, {n})",
        )
    line = 4.0 * math.pi / wavelength * (years - years.mean())
    typical = sensitivity.mean(axis=0)
    normal = np.zeros((3, n, 3, n))
    for date in range(n_dates):
        weight = np.linalg.inv(covariance[date])
        columns = np.stack([np.ones(n), np.full(n, line[date]), sensitivity[date] - typical])
        normal += columns[:, :, None, None] * weight[None, :, None, :] * columns[None, None, :, :]
    inverse = np.linalg.inv(normal.reshape(3 * n, 3 * n)).reshape(3, n, 3, n)
    relative = np.eye(n) - (0.0 if datum is None else np.asarray(datum, float)[None, :])
    return np.stack([np.sqrt(np.diag(relative @ inverse[p, :, p, :] @ relative.T)) for p in (1, 2)])
