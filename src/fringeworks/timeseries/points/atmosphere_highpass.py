"""The part of a series that is not smooth in time, and that no straight line or yearly sine holds."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.timeseries.points.timeweights import gaussian_weights

Doubles: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.float32]

_FEWEST_FOR_SEASON: Final = 10


def motion_terms(years: Doubles, *, seasonal: str = "auto") -> Doubles:
    """Return the terms that count as motion, orthonormal over the dates, (date, term).

    Parameters
    ----------
    years : float64, (date,)
        Time of the dates [yr].
    seasonal : str
        ``auto``: a yearly sine where at least ten dates span more than a year; ``never``.

    Returns
    -------
    float64, (date, term)
        Constant, slope, and the sine; fewer where the dates do not tell them apart.
    """
    time = years - years.mean() if len(years) else years
    terms = [np.ones(len(years)), time]
    if seasonal == "auto" and len(years) >= _FEWEST_FOR_SEASON and np.ptp(years) > 1.0:
        terms += [np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)]
    basis: list[Doubles] = []
    for term in terms:
        rest = term.astype(np.float64)
        for made in (*basis, *basis):
            rest = rest - made * (made @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-6 * max(float(np.linalg.norm(term)), 1e-300):
            basis.append(rest / size)
    return np.stack(basis, axis=1) if basis else np.zeros((len(years), 0))


def high_pass(
    values: NDArray[np.floating], *, years: Doubles, terms: Doubles, smoothing_years: float
) -> Reals:
    """Take off each point's motion terms and what is smooth in time.

    Parameters
    ----------
    values : floating, (date, point)
        Series; NaN where missing.
    years : float64, (date,)
        Time of the dates [yr].
    terms : float64, (date, term)
        As :func:`motion_terms` returns them.
    smoothing_years : float
        Standard deviation of the Gaussian weights [yr].

    Returns
    -------
    float32, (date, point)
        NaN where the input is, and at points with no more dates than terms.

    Notes
    -----
    ``P (1 - S) P`` of the series: P takes off the terms by least squares, S is a line fitted about every date with Gaussian
    weights in time, which are wide enough to hold the four nearest dates.  What is returned is orthogonal to all terms: with
    equal weights, subtracting it changes no velocity.
    """
    n_dates, n_points = values.shape
    out = np.full((n_points, n_dates), np.nan, np.float32)
    series = np.ascontiguousarray(values.T, np.float64)
    apart = np.abs(years[:, None] - years[None, :])
    fourth = np.sort(apart, axis=1)[:, min(4, n_dates - 1)] if n_dates else np.zeros(0)
    width = np.maximum(fourth, smoothing_years)
    window = gaussian_weights(years, width, own=1.0)

    def work(first: int, last: int) -> None:
        _pass(
            series[first:last],
            years,
            np.ascontiguousarray(terms),
            window.weights,
            window.reach,
            out[first:last],
        )

    if n_points and terms.shape[1]:
        in_threads(work, n_points)
    return np.ascontiguousarray(out.T)


def pass_matrix(years: Doubles, terms: Doubles, *, smoothing_years: float) -> Doubles:
    """Return what :func:`high_pass` does to a series without missing dates, as a matrix (date, date)."""
    identity = np.eye(len(years))
    return np.nan_to_num(
        high_pass(identity, years=years, terms=terms, smoothing_years=smoothing_years).astype(np.float64)
    )


@kernel
def take_off(series: Doubles, valid: NDArray[np.bool_], terms: Doubles) -> bool:
    """Take least-squares terms off the valid dates of a series, in place; False where they cannot be told apart."""
    n_dates, n_terms = terms.shape
    normal = np.zeros((n_terms, n_terms + 1))
    for t in range(n_dates):
        if valid[t]:
            for i in range(n_terms):
                normal[i, n_terms] += terms[t, i] * series[t]
                for j in range(n_terms):
                    normal[i, j] += terms[t, i] * terms[t, j]
    for i in range(
        n_terms
    ):  # elimination: the matrix is positive definite, and of size one for orthonormal terms
        if normal[i, i] < 1e-6:
            return False
        for k in range(n_terms):
            if k != i:
                factor = normal[k, i] / normal[i, i]
                for j in range(i, n_terms + 1):
                    normal[k, j] -= factor * normal[i, j]
    for t in range(n_dates):
        if valid[t]:
            for i in range(n_terms):
                series[t] -= terms[t, i] * normal[i, n_terms] / normal[i, i]
    return True


@kernel
def local_line(
    series: Doubles,
    valid: NDArray[np.bool_],
    years: Doubles,
    weights: Doubles,
    reach: NDArray[np.int64],
    date: int,
) -> float:
    """Return at a date the line that fits a series about it with weights."""
    s0, s1, s2, y0, y1 = 0.0, 0.0, 0.0, 0.0, 0.0
    for u in range(reach[0], reach[1]):
        if valid[u]:
            apart = years[u] - years[date]
            w = weights[u]
            s0 += w
            s1 += w * apart
            s2 += w * apart * apart
            y0 += w * series[u]
            y1 += w * apart * series[u]
    determinant = s0 * s2 - s1 * s1
    if determinant <= 1e-9 * s0 * s2 or determinant <= 0.0:
        return y0 / s0
    return (s2 * y0 - s1 * y1) / determinant


@kernel
def _pass(
    series: Doubles, years: Doubles, terms: Doubles, weights: Doubles, reach: NDArray[np.int64], out: Reals
) -> None:
    """Fill the high-passed series, (point, date)."""
    n_points, n_dates = series.shape
    valid = np.zeros(n_dates, np.bool_)
    left = np.zeros(n_dates)
    rough = np.zeros(n_dates)
    for point in range(n_points):
        n_valid = 0
        for t in range(n_dates):
            valid[t] = np.isfinite(series[point, t])
            n_valid += valid[t]
            left[t] = series[point, t] if valid[t] else 0.0
        if n_valid <= terms.shape[1] or not take_off(left, valid, terms):
            continue
        for t in range(n_dates):
            if valid[t]:
                rough[t] = left[t] - local_line(left, valid, years, weights[t], reach[t], t)
        take_off(rough, valid, terms)
        for t in range(n_dates):
            if valid[t]:
                out[point, t] = rough[t]
