"""How unlike values are that lie a distance apart: measured, and told by a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from fringeworks.errors import OutOfRangeError
from fringeworks.timeseries.points.variogram_covariance import bin_covariance, bin_variance
from fringeworks.timeseries.points.variogram_models import MODELS, Variogram, shape_of
from fringeworks.timeseries.points.variogram_pairs import EmpiricalVariogram, measure_variogram

Doubles: TypeAlias = NDArray[np.float64]

_FEWEST_BINS: Final = 4
_ROUNDS: Final = 3
_NUGGET_SPREAD: Final = 0.5
"""How far the noise of a date lies from that of all, relative; dates where few near pairs tell lean on it."""


def fit_variogram(
    x: Doubles,
    y: Doubles,
    values: NDArray[np.floating],
    *,
    model: str = "auto",
    longest: float | None = None,
    n_bins: int = 15,
) -> Variogram:
    """Fit a variogram to values at points, pooled over dates.

    Parameters
    ----------
    x, y : float64, (point,)
        Coordinates in a plane [m].
    values : floating, (date, point) or (point,)
        Independent draws of one field, in any unit; NaN where missing.
    model : str
        One of :data:`MODELS`, or ``auto``: the one that departs least.
    longest : float, optional
        Longest distance that is looked at [m]; a third of the largest extent by default.
    n_bins : int
        Distances are told apart in so many classes, equal in logarithm.

    Returns
    -------
    Variogram
        With sill 0 and infinite errors where fewer than four classes hold pairs.

    Raises
    ------
    ShapeMismatchError
        Coordinates and values do not belong to the same points.
    OutOfRangeError
        The model is unknown, or a coordinate is not finite.

    Notes
    -----
    Weighted least squares (Cressie 1985), where the weight of a class is one over the variance of its semivariance under the
    model itself, for Gaussian fields and with all that pairs have in common: ``cov = mean c^2 / 2`` over pairs of pairs, c the
    covariance of their differences.  The same covariance gives the sampling errors; dates of unequal strength count as the
    number of equal ones that would scatter alike.
    """
    if model not in (*MODELS, "auto"):
        raise OutOfRangeError(f"variogram {model!r}", expected=f"auto or one of {', '.join(MODELS)}")
    measured = measure_variogram(x, y, np.atleast_2d(values), longest=longest, n_bins=n_bins)
    return fit_measured(measured, model=model)


def fit_measured(measured: EmpiricalVariogram, *, model: str = "auto") -> Variogram:
    """Fit a variogram to what was measured, pooled over dates.

    Parameters
    ----------
    measured : EmpiricalVariogram
        Semivariances by date and class of distance.
    model : str
        One of :data:`MODELS`, or ``auto``.

    Returns
    -------
    Variogram
    """
    distance, value, _ = measured.pooled()
    if len(distance) < _FEWEST_BINS:
        level = float(np.mean(value)) if len(value) else 0.0
        return Variogram(
            model="exponential" if model == "auto" else model,
            sill=0.0,
            range_metres=max(float(np.max(distance, initial=0.0)), 1.0),
            nugget=level,
            measured=measured,
        )
    variance = np.maximum(value, 1e-30) ** 2 / np.sqrt(len(value))
    first = _least("exponential", distance, value, variance)
    variance = bin_variance(measured, first) if first.sill + first.nugget > 0.0 else variance
    names = MODELS if model == "auto" else (model,)
    fits = [_least(name, distance, value, variance) for name in names]
    best = min(fits, key=lambda fit: fit.misfit)
    for _ in range(_ROUNDS):
        if best.sill + best.nugget <= 0.0:
            return replace(best, measured=measured)
        variance = bin_variance(measured, best)
        best = _least(best.model, distance, value, variance)
    return _with_errors(best, measured, variance)


def fit_dates(measured: EmpiricalVariogram, pooled: Variogram) -> tuple[Doubles, Doubles]:
    """Fit sill and nugget of every date to the pooled variogram's shape.

    Parameters
    ----------
    measured : EmpiricalVariogram
        Semivariances by date and class of distance.
    pooled : Variogram
        Whose model, range and exponent all dates share.

    Returns
    -------
    sill, nugget : float64, (date,)
        Not negative; NaN at dates with fewer than two classes.  The nugget leans on the pooled one with a sigma of half of it.
    """
    n_dates, _ = measured.semivariance.shape
    sill, nugget = np.full((2, n_dates), np.nan)
    shape = shape_of(pooled.model, measured.distance, pooled.range_metres, pooled.exponent)
    variance = (pooled.nugget + pooled.sill * shape) ** 2 / np.maximum(measured.n_pairs.mean(axis=0), 1.0)
    if pooled.sill + pooled.nugget > 0.0:
        full = np.full(len(shape), np.nan)
        full[measured.filled] = bin_variance(measured, pooled)
        variance = np.where(np.isfinite(full), full, variance)
    root = 1.0 / np.sqrt(np.maximum(variance, 1e-300))
    lean = 1.0 / (_NUGGET_SPREAD * pooled.nugget) if pooled.nugget > 0.0 else 0.0
    for date in range(n_dates):
        told = measured.filled & np.isfinite(measured.semivariance[date])
        if np.count_nonzero(told) < 2:
            continue
        design = np.stack([np.ones(np.count_nonzero(told)), shape[told]], axis=1) * root[told, None]
        target = measured.semivariance[date, told] * root[told]
        if lean > 0.0:
            design = np.concatenate([design, [[lean, 0.0]]])
            target = np.append(target, lean * pooled.nugget)
        (nugget[date], sill[date]), _ = nnls(design, target)
    return sill, nugget


def _least(model: str, distance: Doubles, value: Doubles, variance: Doubles) -> Variogram:
    """Return the model of least weighted squares: the length is searched, sill and nugget follow."""
    root = 1.0 / np.sqrt(np.maximum(variance, 1e-300))
    longest = float(distance[-1])
    if model == "power":
        trials = np.linspace(0.1, 1.95, 38)
    else:
        trials = np.geomspace(max(float(distance[0]), 1e-6 * longest), 10.0 * longest, 60)
    for _ in range(4):
        costs = [_at(model, t, longest, distance, value, root)[0] for t in trials]
        k = int(np.argmin(costs))
        trials = np.linspace(trials[max(k - 1, 0)], trials[min(k + 1, len(trials) - 1)], 11)
    chosen = float(trials[int(np.argmin([_at(model, t, longest, distance, value, root)[0] for t in trials]))])
    cost, sill, nugget = _at(model, chosen, longest, distance, value, root)
    power = model == "power"
    return Variogram(
        model=model,
        sill=sill,
        range_metres=longest if power else chosen,
        exponent=chosen if power else 1.0,
        nugget=nugget,
        misfit=cost / len(distance),
    )


def _at(
    model: str, trial: float, longest: float, distance: Doubles, value: Doubles, root: Doubles
) -> tuple[float, float, float]:
    """Return cost, sill and nugget at one length (or exponent): least squares of two terms that are not negative."""
    shape = shape_of(model, distance, *((longest, trial) if model == "power" else (trial, 1.0)))
    one, two, target = root, shape * root, value * root
    a, b, c = float(one @ one), float(one @ two), float(two @ two)
    d, e = float(one @ target), float(two @ target)
    determinant = a * c - b * b
    nugget, sill = -1.0, -1.0
    if determinant > 1e-12 * a * c:
        nugget, sill = (c * d - b * e) / determinant, (a * e - b * d) / determinant
    if nugget < 0.0 or sill < 0.0:
        alone, only = max(d / a, 0.0), max(e / c, 0.0) if c > 0.0 else 0.0
        better = only * e > alone * d
        nugget, sill = (0.0, only) if better else (alone, 0.0)
    left = target - nugget * one - sill * two
    return float(left @ left), sill, nugget


def _with_errors(fit: Variogram, measured: EmpiricalVariogram, variance: Doubles) -> Variogram:
    """Add sampling errors: those of weighted least squares under the full covariance of the classes."""
    distance, value, n_dates = measured.pooled()
    power = fit.model == "power"
    length = fit.exponent if power else fit.range_metres

    def shape(at: float) -> Doubles:
        return shape_of(fit.model, distance, *((fit.range_metres, at) if power else (at, 1.0)))

    step = 1e-4 * length
    slope = fit.sill * (shape(length + step) - shape(length - step)) / (2.0 * step)
    design = np.stack([np.ones(len(distance)), shape(length), slope], axis=1)
    weight = 1.0 / np.maximum(variance, 1e-300)
    normal = design.T @ (weight[:, None] * design)
    if not (
        fit.sill > 0.0 and np.linalg.cond(normal / np.sqrt(np.outer(np.diag(normal), np.diag(normal)))) < 1e10
    ):
        return replace(fit, measured=measured)
    gain = np.linalg.solve(normal, design.T * weight)
    covariance = bin_covariance(measured, fit)
    errors = np.sqrt(np.diag(gain @ covariance @ gain.T) / max(n_dates, 1.0))
    return replace(
        fit,
        nugget_std=float(errors[0]),
        sill_std=float(errors[1]),
        range_std=float("inf") if power else float(errors[2]),
        exponent_std=float(errors[2]) if power else float("inf"),
        misfit=float(
            np.mean((value - design[:, 0] * fit.nugget - design[:, 1] * fit.sill) ** 2 * weight) * n_dates
        ),
        measured=measured,
    )
