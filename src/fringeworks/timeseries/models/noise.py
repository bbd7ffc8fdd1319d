"""How long the noise of the dates is remembered: a correlation in time, pooled over many pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.tally import Finding
from fringeworks.timeseries.models.terms import Design, ModelOptions, build_design

_SHARES = (0.75, 0.5, 0.25)
_N_SCALES = 16
_MOST_PATTERNS = 24
_FEWEST_DATES = 8
_OUTLYING = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalCorrelation:
    """Correlation of the noise of two dates: ``share * exp(-days / scale_days)``, and 1 with itself.

    Attributes
    ----------
    scale_days : float
        Time after which the remembered part has fallen to 1/e [days]; 0 = no memory.
    share : float
        Part of the variance that is remembered, in [0, 1].
    n_pixels : int
        Pixels it was estimated from; 0 = assumed.
    finding : Finding
        One sentence for the report.
    """

    scale_days: float
    share: float
    n_pixels: int
    finding: Finding

    def matrix(self, dates: tuple[date, ...]) -> NDArray[np.float64]:
        """Return the correlation matrix, (date, date)."""
        return _matrix(_days(dates), self.scale_days, self.share)


NO_MEMORY = TemporalCorrelation(
    scale_days=0.0,
    share=0.0,
    n_pixels=0,
    finding=Finding("note", "temporal correlation", "the noise of the dates is taken as without memory"),
)
"""Noise that is independent from date to date."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Pixels with the same valid dates, in the space that the model does not reach."""

    valid: NDArray[np.bool_]
    basis: NDArray[np.float64]
    scatter: NDArray[np.float64]
    pair_noise: NDArray[np.float64]
    n_pixels: int


def estimate_correlation(
    displacement: NDArray[np.float32],
    *,
    dates: tuple[date, ...],
    options: ModelOptions,
    covariance: NDArray[np.float32] | None = None,
) -> TemporalCorrelation:
    """Estimate the memory of the date noise from the scatter of many series about their model.

    Parameters
    ----------
    displacement : float32, (date, pixel)
        A sparse sample of the whole image, some hundred pixels or more [m]; NaN where a date has no value.
    dates : tuple of date
        Dates of the series.
    options : ModelOptions
        The fullest model: motion it does not hold counts as noise.
    covariance : float32, (pixel, date, date), optional
        Covariance of each series from the noise of the interferograms [m^2].

    Returns
    -------
    TemporalCorrelation
        No memory where it was not asked for, or where fewer than eight dates, or no scatter beyond the interferograms' noise, leave nothing
        to estimate from.

    Raises
    ------
    ShapeMismatchError
        The arrays do not belong together.

    Notes
    -----
    Restricted maximum likelihood (Patterson and Thompson 1971) of ``C + s^2 R``, with ``C`` the covariance of
    the interferograms' noise and ``R`` an exponential memory plus a part without memory, over a fixed grid of
    time scales and shares, of the scatter summed over all pixels; those with more than four times the median
    scatter count as having four times, so that few loud places do not decide.  Neighbouring pixels share their atmosphere; the estimate is then of few independent series,
    and scatters accordingly.
    """
    if displacement.ndim != 2 or displacement.shape[0] != len(dates):
        raise ShapeMismatchError(
            f"series of shape {displacement.shape}", expected=f"({len(dates)} dates, pixels)"
        )
    if covariance is not None and covariance.shape != (displacement.shape[1], len(dates), len(dates)):
        raise ShapeMismatchError(
            f"covariance of shape {covariance.shape}", expected="(pixel, date, date) of the series"
        )
    if not options.temporal_correlation:
        return NO_MEMORY
    groups = _groups(displacement.astype(np.float64), build_design(dates, options), covariance)
    if not groups:
        return NO_MEMORY
    days = _days(dates)
    return _search(groups, days, n_pixels=sum(group.n_pixels for group in groups))


def _search(groups: list[_Group], days: NDArray[np.float64], *, n_pixels: int) -> TemporalCorrelation:
    best_cost, date_part = _deviance(groups, _matrix(days, 0.0, 0.0))
    scale, best_share = 0.0, 0.0
    if date_part > 0.05:
        longest, shortest = (days[-1] - days[0]) / 4.0, max(float(np.median(np.diff(days))), 1.0) / 2.0
        scales = [float(trial) for trial in np.geomspace(shortest, longest, _N_SCALES)]
        tried = {(k, 1.0): _deviance(groups, _matrix(days, trial, 1.0)) for k, trial in enumerate(scales)}
        top = min(tried, key=lambda key: tried[key][0])[0]
        for k in range(top, min(top + 5, len(scales))):
            # with a part that is forgotten at once, the rest is remembered longer
            tried |= {(k, part): _deviance(groups, _matrix(days, scales[k], part)) for part in _SHARES}
        index, share = min(tried, key=lambda key: tried[key][0])
        if tried[index, share][0] < best_cost:
            scale, best_share, date_part = scales[index], share, tried[index, share][1]
    text = (
        f"noise of the dates: {100 * best_share:.0f} % of its variance is remembered, with a time scale of "
        f"{scale:.0f} days"
        if scale > 0.0
        else "no memory found in the noise of the dates"
    )
    text += f" ({n_pixels} pixels; {100 * date_part:.0f} % of the scatter is noise of the dates)"
    return TemporalCorrelation(
        scale_days=scale,
        share=best_share,
        n_pixels=n_pixels,
        finding=Finding("note", "temporal correlation", text),
    )


def _groups(
    series: NDArray[np.float64], design: Design, covariance: NDArray[np.float32] | None
) -> list[_Group]:
    valid = np.isfinite(series)
    least = max(_FEWEST_DATES, design.matrix.shape[1] + 4)
    keys = np.packbits(valid, axis=0)
    _, member, size = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    member = member.reshape(-1)
    groups = []
    for k in np.argsort(-size, kind="stable")[:_MOST_PATTERNS]:
        pixels = np.flatnonzero(member == k)
        rows = valid[:, pixels[0]]
        if rows.sum() < least or np.linalg.matrix_rank(design.matrix[rows]) < design.matrix.shape[1]:
            continue
        noise = None if covariance is None else covariance[pixels][:, rows][:, :, rows]
        groups.append(_group(series[:, pixels][rows], rows, design.matrix[rows], noise))
    return [group for group in groups if group.n_pixels > 0]


def _group(
    series: NDArray[np.float64],
    rows: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    covariance: NDArray[np.float32] | None,
) -> _Group:
    basis = np.linalg.qr(matrix, mode="complete")[0][:, matrix.shape[1] :]
    contrast = basis.T @ series
    power = np.mean(contrast**2, axis=0)
    usable = power > 0.0
    if covariance is not None:
        usable &= np.isfinite(covariance).all(axis=(1, 2))
    n_pixels = int(usable.sum())
    noise = np.zeros((basis.shape[1],) * 2)
    if n_pixels == 0:
        return _Group(rows, basis, noise, noise, 0)
    weight = np.minimum(1.0, _OUTLYING * float(np.median(power[usable])) / power[usable])
    weight /= np.sum(weight * power[usable]) / n_pixels
    scatter = (contrast[:, usable] * weight) @ contrast[:, usable].T
    if covariance is not None:
        mean = np.einsum("p,pij->ij", weight, covariance[usable].astype(np.float64)) / n_pixels
        noise = basis.T @ mean @ basis
    return _Group(rows, basis, scatter, noise, n_pixels)


def _deviance(groups: list[_Group], correlation: NDArray[np.float64]) -> tuple[float, float]:
    """Return minus twice the restricted log likelihood at its best, and the share of the dates in the scatter.

    Pair noise and date noise of a group are made diagonal together, so that each trial variance costs next to nothing.
    """
    by_pair, power, n_pixels, traces, constant = [], [], [], 0.0, 0.0
    for group in groups:
        noise = group.basis.T @ correlation[np.ix_(group.valid, group.valid)] @ group.basis
        lower = np.linalg.cholesky(noise)
        half = np.linalg.solve(lower, np.linalg.solve(lower, group.pair_noise).T)
        values, vectors = np.linalg.eigh(0.5 * (half + half.T))
        turned = vectors.T @ np.linalg.inv(lower)
        by_pair.append(np.maximum(values, 0.0))
        power.append(np.sum((turned @ group.scatter) * turned, axis=1))
        n_pixels.append(np.full(values.size, float(group.n_pixels)))
        traces += group.n_pixels * float(np.trace(noise))
        constant += group.n_pixels * 2.0 * float(np.sum(np.log(np.diag(lower))))
    pair, seen, count = np.concatenate(by_pair), np.concatenate(power), np.concatenate(n_pixels)

    def cost(variance: float) -> float:
        total = pair + variance
        return constant + float(np.sum(count * np.log(total) + seen / total))

    best = _best_variance(pair, seen, count, cost)
    by_date = best * traces
    return cost(best), by_date / (by_date + sum(g.n_pixels * float(np.trace(g.pair_noise)) for g in groups))


def _best_variance(
    pair: NDArray[np.float64],
    seen: NDArray[np.float64],
    count: NDArray[np.float64],
    cost: Callable[[float], float],
) -> float:
    alone = float(np.sum(seen) / np.sum(count))
    if not pair.any():
        return alone
    return float(
        minimize_scalar(cost, bounds=(1e-6, 2.0 * alone), method="bounded", options={"xatol": 1e-4}).x
    )


def _matrix(days: NDArray[np.float64], scale: float, share: float) -> NDArray[np.float64]:
    if scale <= 0.0:
        return np.eye(days.size)
    remembered = share * np.exp(-np.abs(days[:, None] - days[None, :]) / scale)
    return remembered + (1.0 - share) * np.eye(days.size)


def _days(dates: tuple[date, ...]) -> NDArray[np.float64]:
    return np.array([(d - dates[0]).days for d in dates], float)
