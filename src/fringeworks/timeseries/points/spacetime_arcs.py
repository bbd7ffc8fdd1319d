"""What an arc's phase is expected to be at each date, from its other dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.timeseries.points.timeweights import gaussian_weights

Reals: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int32]

_TURN = 2.0 * np.pi
_FEWEST_FOR_RATE = 8
"""With fewer dates the best of many rates fits noise."""
_RATE_LEAN = 0.05
"""What the largest rate has to win in coherence over none."""
_BREAK = 1.2
"""Dates before and after that differ by more [rad] are not averaged: the ground may have jumped between them."""
_UNIFORM = np.pi**2 / 3.0
"""Variance of a phase that may be anything."""
_PRIOR_DATES = 5.0
"""Weight of the network's median variance in the variance of one arc, in dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcPrediction:
    """What is expected of every arc.

    Attributes
    ----------
    difference : float32, (date, edge)
        Expected unwrapped phase of the higher point minus that of the lower one [rad]; 0 at the reference date up to the
        noise that this date has; NaN where an arc has no data at any date.
    variance : float32, (edge,)
        Mean square of the wrapped departure of the phases from what was expected [rad2].
    rate : float32, (edge,)
        The rate that was taken out before smoothing [rad/yr].
    """

    difference: Reals
    variance: Reals
    rate: Reals


def predict_arcs(
    phase: Reals,
    *,
    edges: Counts,
    years: Doubles,
    reference: int,
    prior: Reals | None,
    smoothing_years: float,
    rate_limit: float,
) -> ArcPrediction:
    """Predict the phase difference of each arc at each date from its other dates.

    Parameters
    ----------
    phase : float32, (point, date)
        Wrapped, relative to the reference date [rad]; NaN where missing.
    edges : int32, (edge, 2)
        Points at the ends of each arc.
    years : float64, (date,)
        Ascending or not.
    reference : int
        Date of zero phase.
    prior : float32, (point, date), optional
        Phase that a model gives [rad]; taken out before and put back after.
    smoothing_years : float
        Standard deviation of the Gaussian weights in time [yr].
    rate_limit : float
        Rates up to this are tried for each arc [rad/yr]; 0 = none is looked for.

    Returns
    -------
    ArcPrediction

    Notes
    -----
    After the best rate is taken out (the maximum of the periodogram), the phasors of all other dates are averaged with
    Gaussian weights in time.  Their angle, followed from the reference date to both sides without steps above half a cycle,
    is what is expected: slow motion of any form passes, and what an arc holds at the date itself does not vouch for
    itself.  Where the averages before and after a date differ by more than 1.2 rad, as at a jump of the ground, the one nearer
    to the date's own phase counts alone.  Work grows with arcs times dates times the dates within the window.
    """
    n_edges, n_dates = len(edges), len(years)
    order = np.argsort(years, kind="stable")
    window = gaussian_weights(years, smoothing_years, own=0.0)
    weights = window.weights.astype(np.float32)
    rates = _trial_rates(years, rate_limit)
    elapsed = years - years[reference]
    turns = np.exp(-1j * rates[:, None] * elapsed[None, :]).astype(np.complex64)
    difference = np.empty((n_dates, n_edges), np.float32)
    variance = np.empty(n_edges, np.float32)
    rate = np.empty(n_edges, np.float32)
    start = int(np.flatnonzero(order == reference)[0])
    known = np.zeros((0, n_dates), np.float32) if prior is None else np.ascontiguousarray(prior, np.float32)

    def work(first: int, last: int) -> None:
        _predict(
            phase,
            known,
            edges,
            order,
            start,
            elapsed,
            weights,
            window.reach,
            rates,
            turns,
            first,
            last,
            difference,
            variance,
            rate,
        )

    in_threads(work, n_edges)
    return ArcPrediction(difference=difference, variance=_steadied(variance, n_dates), rate=rate)


def _trial_rates(years: Doubles, limit: float) -> Doubles:
    """Return the rates that are tried, none first [rad/yr]: four to one width of the periodogram's peak."""
    span = float(np.ptp(years)) if len(years) else 0.0
    if len(years) < _FEWEST_FOR_RATE or span <= 0.0 or limit <= 0.0:
        return np.zeros(1)
    step = 0.25 * _TURN / span
    n_side = min(int(limit / step), 400)
    side = step * np.arange(1, n_side + 1)
    return np.concatenate([[0.0], np.stack([side, -side], axis=1).ravel()])


def _steadied(variance: Reals, n_dates: int) -> Reals:
    """Lean variances of few dates on the median of the network; NaN becomes that of no knowledge."""
    known = np.isfinite(variance)
    middle = float(np.median(variance[known])) if known.any() else _UNIFORM
    leaned = (variance * n_dates + middle * _PRIOR_DATES) / (n_dates + _PRIOR_DATES)
    return np.where(known, np.clip(leaned, 1e-3, _UNIFORM), _UNIFORM).astype(np.float32)


@kernel
def wrap(angle: float) -> float:
    """Return an angle within half a cycle of zero [rad]."""
    whole: float = np.round(angle / (2.0 * np.pi))
    return angle - 2.0 * np.pi * whole


@kernel
def best_rate(
    phasor: NDArray[np.complex64], rates: Doubles, turns: NDArray[np.complex64], n_valid: int
) -> int:
    """Return which trial rate makes the phasors agree most."""
    best, chosen = -1.0, 0
    largest = 1e-9 + np.abs(rates[len(rates) - 1])
    for trial in range(len(rates)):
        real, imaginary = np.float32(0.0), np.float32(0.0)
        for t in range(len(phasor)):
            turned = phasor[t] * turns[trial, t]
            real += turned.real
            imaginary += turned.imag
        score = (
            np.sqrt(real * real + imaginary * imaginary) / n_valid
            - _RATE_LEAN * np.abs(rates[trial]) / largest
        )
        if score > best + 1e-6:
            best, chosen = score, trial
    return chosen


@kernel
def follow(smooth: NDArray[np.complex64], order: NDArray[np.int64], start: int, angle: Doubles) -> None:
    """Follow the angles of smooth phasors from the reference date to both sides without steps above half a cycle."""
    for side in (-1, 1):
        place = start
        last = 0.0
        while 0 <= place < len(order):
            t = order[place]
            here = np.angle(smooth[t]) if smooth[t] != 0.0 else last
            angle[t] = last + wrap(here - last)
            last = angle[t]
            place += side


@kernel
def expected_phasor(
    phasor: NDArray[np.complex64], weights: Reals, reach: NDArray[np.int64], elapsed: Doubles, date: int
) -> np.complex64:
    """Average the phasors of the other dates; where those before and after differ, the side that this date agrees with."""
    before, after = np.complex64(0.0), np.complex64(0.0)
    for u in range(reach[0], reach[1]):
        if weights[u] > 0.0:
            if elapsed[u] < elapsed[date]:
                before += weights[u] * phasor[u]
            else:
                after += weights[u] * phasor[u]
    if before == 0.0 or after == 0.0 or phasor[date] == 0.0:
        return before + after
    if np.abs(np.angle(before * np.conj(after))) < _BREAK:
        return before + after
    own = phasor[date]
    nearer = np.abs(np.angle(before * np.conj(own))) <= np.abs(np.angle(after * np.conj(own)))
    return before if nearer else after


@kernel
def _predict(
    phase: Reals,
    prior: Reals,
    edges: Counts,
    order: NDArray[np.int64],
    start: int,
    elapsed: Doubles,
    weights: Reals,
    reach: NDArray[np.int64],
    rates: Doubles,
    turns: NDArray[np.complex64],
    first: int,
    last: int,
    difference: Reals,
    variance: Reals,
    rate: Reals,
) -> None:
    """Fill the predictions, (date, edge), variances and rates of a range of arcs."""
    n_dates = len(elapsed)
    phasor = np.zeros(n_dates, np.complex64)
    smooth = np.zeros(n_dates, np.complex64)
    angle = np.zeros(n_dates, np.float64)
    for edge in range(first, last):
        low, high = edges[edge, 0], edges[edge, 1]
        n_valid = 0
        for t in range(n_dates):
            step = phase[high, t] - phase[low, t]
            if len(prior):
                step -= prior[high, t] - prior[low, t]
            phasor[t] = np.exp(1j * step) if np.isfinite(step) else 0.0
            n_valid += phasor[t] != 0.0
        if n_valid == 0:
            difference[:, edge] = np.nan
            variance[edge] = np.nan
            rate[edge] = np.nan
            continue
        chosen = best_rate(phasor, rates, turns, n_valid) if len(rates) > 1 else 0
        for t in range(n_dates):
            phasor[t] *= turns[chosen, t]
        for t in range(n_dates):
            smooth[t] = expected_phasor(phasor, weights[t], reach[t], elapsed, t)
        follow(smooth, order, start, angle)
        square = 0.0
        for t in range(n_dates):
            away = wrap(np.angle(phasor[t]) - angle[t]) if phasor[t] != 0.0 else 0.0
            square += away * away
            expected = angle[t] + rates[chosen] * elapsed[t]
            if len(prior):
                expected += prior[high, t] - prior[low, t]
            difference[t, edge] = expected
        variance[edge] = square / n_valid
        rate[edge] = rates[chosen]
