"""Velocity and height error of points from their unwrapped series, with honest sigmas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.adjustment_kernels import MOST, fit_points, mean_phasor
from fringeworks.timeseries.points.design import TimeDesign

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]

PRIOR_FREEDOM = 10.0
"""Degrees of freedom that the scatter of all points counts as in that of one point."""
ROUNDS = 4
MOST_POINTS = 4000
"""Points, at equal steps, from which the number of independent ones is estimated."""
GAUSSIAN_MAD = 0.674489750
"""Median absolute value of a Gaussian of sigma one."""


@dataclass(frozen=True, slots=True)
class PointFits:
    """Fit of every point's series.

    Attributes
    ----------
    velocity, height : float64, (point)
        m/yr, m; height 0 where it is not estimated; NaN where the point has too few dates.
    velocity_std, height_std : float64, (point)
        Sigmas; height NaN where it is not estimated.
    season : float64, (2, point)
        Cosine and sine of the year [rad]; 0 where not estimated.
    residual : float32, (point, date)
        Phase minus velocity, height error, season and constant [rad].
    constant : float64, (point)
        Phase that all dates share [rad]: minus the noise and atmosphere of the reference date.
    date_variance : float64, (date)
        Variance that the dates have beyond the points' own noise [rad^2]: the atmosphere, relative to the datum.
    scale : float64, (point)
        Factor on the variances by which sigmas were computed, from the scatter of residuals.
    """

    velocity: Reals
    height: Reals
    velocity_std: Reals
    height_std: Reals
    season: Reals
    residual: Singles
    constant: Reals
    date_variance: Reals
    scale: Reals


@dataclass(frozen=True, slots=True)
class _Raw:
    """What the kernel fills; see :func:`~fringeworks.timeseries.points.adjustment_kernels.fit_points`."""

    model: Reals
    covariance: Reals
    chi_square: Reals
    count: NDArray[np.int64]
    residual: Singles


def fit_series(
    phase: Singles,
    variance: Singles,
    sensitivity: Singles,
    *,
    design: TimeDesign,
    date_variance: Reals | None = None,
    date_level: Reals | None = None,
) -> PointFits:
    """Fit velocity, height error and season to unwrapped phases, each date weighted by its own noise.

    Parameters
    ----------
    phase : float32, (point, date)
        Unwrapped, relative to the datum [rad]; NaN where missing.
    variance : float32, (point, date)
        Of each point's own noise [rad^2].
    sensitivity : float32, (point, date)
        Phase of one metre of height error [rad/m].
    design : TimeDesign
        Parameters.
    date_variance : float64, (date), optional
        Variance beyond the points' own noise [rad^2]; estimated from the residuals where it is not given.
    date_level : float64, (date), optional
        How strong the atmosphere of each date is against the others, of any scale, as short arcs tell.

    Returns
    -------
    PointFits

    Notes
    -----
    Weights are one over (variance of the point + variance of the date).  Where all points are seen at the same dates, the
    atmosphere that they share changes nothing else: with equal columns for all, generalised least squares with any
    covariance between points is the fit of each by itself [Zellner1962], and only the difference of dates in the size of
    their atmosphere has weight.  The variance of a date is the median square of residuals over all points, less
    the points' own, with the freedom that the fit took given back.  Over a network no larger than the atmosphere's
    correlation that is a mean over a few independent values; many short arcs tell better which dates are stormy.  Variances are
    drawn toward what these say, up to a factor, as far as chance explains the difference.

    A point's sigmas are those of its weights times sqrt(s): s is the mean of chi-square over freedom of its own residuals
    and of the median over all points, which counts as 10 degrees of freedom, so that few dates do not make
    sigmas by chance.
    """
    estimated = date_variance is None
    extra = np.zeros(phase.shape[1]) if date_variance is None else np.asarray(date_variance, float)
    raw = _run(phase, variance, sensitivity, extra, design)
    for _ in range(ROUNDS if estimated else 0):
        extra = _date_variance(raw, variance, extra, design, date_level)
        raw = _run(phase, variance, sensitivity, extra, design)
    scale = _scale(raw, design.n_columns + 1)
    diagonal = np.sqrt(np.diagonal(raw.covariance, axis1=1, axis2=2) * scale[:, None])
    zero = np.where(np.isfinite(raw.model[:, 1]), 0.0, np.nan)
    return PointFits(
        velocity=raw.model[:, 1].copy(),
        height=raw.model[:, 2].copy() if design.with_height else zero,
        velocity_std=diagonal[:, 0].copy(),
        height_std=diagonal[:, 1].copy() if design.with_height else np.full(len(phase), np.nan),
        season=raw.model[:, 3:5].T.copy() if design.with_season else np.stack([zero, zero]),
        residual=raw.residual,
        constant=raw.model[:, 0].copy(),
        date_variance=extra,
        scale=scale,
    )


def measure_coherence(residual: Singles) -> Singles:
    """Return |mean exp(j residual)| of each row, (point, date) to (point)."""
    residual = np.ascontiguousarray(residual, np.float32)
    coherence = np.empty(len(residual), np.float32)
    in_threads(lambda a, b: mean_phasor(residual[a:b], coherence[a:b]), len(residual))
    return coherence


def _run(phase: Singles, variance: Singles, sensitivity: Singles, extra: Reals, design: TimeDesign) -> _Raw:
    n_points, n_dates = phase.shape
    raw = _Raw(
        np.zeros((n_points, MOST)),
        np.zeros((n_points, MOST - 1, MOST - 1)),
        np.zeros(n_points),
        np.zeros(n_points, np.int64),
        np.empty((n_points, n_dates), np.float32),
    )

    def work(a: int, b: int) -> None:
        fit_points(
            phase[a:b],
            variance[a:b],
            extra,
            sensitivity[a:b],
            design.columns,
            design.n_columns,
            raw.model[a:b],
            raw.covariance[a:b],
            raw.chi_square[a:b],
            raw.count[a:b],
            raw.residual[a:b],
        )

    in_threads(work, n_points)
    return raw


def _date_variance(
    raw: _Raw, variance: Singles, extra: Reals, design: TimeDesign, level: Reals | None
) -> Reals:
    """Return the variance of each date beyond the points' own, from robust squares of residuals.

    A residual keeps the share 1 - w_t u_t of its variance, with w_t the date's weight and u_t the variance of the fitted
    value, and takes the rest from the other dates; with many dates the share is near (N - parameters) / N.
    """
    n_dates = variance.shape[1]
    usable = np.isfinite(raw.residual).any(axis=0)
    if np.count_nonzero(usable) <= design.n_columns + 1:
        return extra
    typical, own = np.zeros(n_dates), np.zeros(n_dates)
    typical[usable] = np.nanmedian(raw.residual[:, usable].astype(float) ** 2, axis=0) / GAUSSIAN_MAD**2
    own[usable] = np.nanmedian(variance[:, usable], axis=0)
    total = own + extra
    weight = np.where(usable, 1.0 / np.maximum(total, 1e-12), 0.0)
    share = np.maximum(1.0 - weight * _fitted_variance(weight, design), 0.2)
    # fixed point of total = typical + (1 - share) total: what the fit took from the date goes back by its own size
    renewed = np.maximum(typical + (1.0 - share) * total, 1e-12)
    freedom = _independent_points(raw.residual[:, usable], np.sqrt(np.maximum(typical[usable], 1e-12)))
    expected = np.ones(n_dates)
    if level is not None and level[usable].sum() > 0.0:
        beyond = np.maximum(renewed - own, 0.0)[usable].sum()
        expected = np.maximum(own + level * beyond / level[usable].sum(), 1e-12)
    renewed[usable] = expected[usable] * _draw_together(renewed[usable] / expected[usable], freedom)
    return np.where(usable, np.maximum(renewed - own, 0.0), 0.0)


def _independent_points(residual: Singles, scale: Reals) -> float:
    """Return how many independent points the residuals amount to: few, where the atmosphere moves all alike.

    With l the eigenvalues of the covariance between points, the variance of a mean square over points is that of
    (sum l)^2 / sum l^2 independent ones.  The products of dates have the same eigenvalues; what N dates add by
    chance, 1 / N, is taken off.
    """
    stride = -(-len(residual) // MOST_POINTS)
    scaled = np.clip(np.nan_to_num(residual[::stride].astype(float) / scale), -4.0, 4.0)
    products = scaled.T @ scaled
    total = float(np.trace(products))
    if total <= 0.0:
        return float(len(scaled))
    concentration = float((products**2).sum()) / total**2 - 1.0 / len(products)
    return 1.0 / max(concentration, 1.0 / len(scaled))


def _draw_together(values: Reals, freedom: float) -> Reals:
    """Draw variances of dates toward their common one, by how much of their scatter is that of chance.

    A variance from f independent values scatters in its logarithm by the trigamma function of f / 2, by chance alone; what
    its dates scatter beyond that is theirs.  Weights from unshrunk variances would follow the noise.
    """
    logs = np.log(values)
    centre = float(np.median(logs))
    chance = float(polygamma(1, max(freedom, 1.0) / 2.0))
    scatter = float(np.mean((logs - centre) ** 2))
    share = max(scatter - chance, 0.0) / max(scatter, 1e-12)
    # the mean of the logarithm lies below the logarithm of the mean, by what is drawn together
    level = centre + (1.0 - share) * (
        math.log(max(freedom, 1.0) / 2.0) - float(digamma(max(freedom, 1.0) / 2.0))
    )
    return np.asarray(np.exp(level + share * (logs - centre)))


def _fitted_variance(weight: Reals, design: TimeDesign) -> Reals:
    """Return the variance of the fitted value of each date for these weights; height errors count as typical."""
    rows = [np.ones_like(weight), design.columns[0], *design.columns[2 : design.n_columns]]
    matrix = np.stack(rows)
    inverse = np.linalg.pinv((matrix * weight) @ matrix.T)
    return np.asarray(np.einsum("pt,pq,qt->t", matrix, inverse, matrix))


def _scale(raw: _Raw, n_parameters: int) -> Reals:
    """Return the factor on the variances of each point."""
    freedom = np.maximum(raw.count - n_parameters, 0)
    known = (freedom > 0) & np.isfinite(raw.chi_square)
    ratio = raw.chi_square[known] / freedom[known]
    # the median of chi-square over freedom f is near (1 - 2 / (9 f))^3
    typical = 1.0
    if known.any():
        typical = float(np.median(ratio / (1.0 - 2.0 / (9.0 * freedom[known])) ** 3))
    # where most points are quieter than expected (coherent ground among scatterers), the others are not for that
    typical = max(typical, 1.0)
    scale = (PRIOR_FREEDOM * typical + np.nan_to_num(raw.chi_square)) / (PRIOR_FREEDOM + freedom)
    return np.where(np.isfinite(raw.chi_square), scale, np.nan)
