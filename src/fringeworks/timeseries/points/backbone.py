"""The network itself: which points make it, and which arcs hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from fringeworks.model.tally import Tally
from fringeworks.timeseries.points.adjustment import GAUSSIAN_MAD
from fringeworks.timeseries.points.arcs import Arcs, make_arcs
from fringeworks.timeseries.points.densify import PointArrays
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.falsealarm import coherence_threshold, false_alarm_probability
from fringeworks.timeseries.points.integerarcs import estimate_arcs_by_integers
from fringeworks.timeseries.points.integration import Integrated, integrate_arcs
from fringeworks.timeseries.points.options import NetworkOptions
from fringeworks.timeseries.points.periodogram import ArcModels, estimate_arcs

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]

FEW_POINTS = 3
FEW_DATES = 10
"""Dates below which the test of coherence is eased, because scatterers would fail it too."""
HIGHEST_USUAL = 0.3**2
"""Largest variance of a phase that is usual enough to ease the test [rad^2]."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Backbone:
    """The network and what its arcs say.

    Attributes
    ----------
    members : int64, (member)
        Numbers of the points that make it.
    velocity, height : float64, (member)
        Integrated along the arcs, relative to one of them [m/yr, m].
    arcs : Arcs
        All arcs that were looked at; numbers are those of the whole point set.
    models : ArcModels
        What was found along them.
    kept : bool, (arc)
        Arcs that hold.
    threshold : float
        Coherence that the test asks of an arc with all dates.
    date_level : float64, (date)
        Variance of the difference of atmosphere along an arc, for each metre of it [rad^2/m].
    arc_tally : Tally
        Of arcs.
    """

    members: Numbers
    velocity: Reals
    height: Reals
    arcs: Arcs
    models: ArcModels
    kept: Bools
    threshold: float
    date_level: Reals
    arc_tally: Tally


def build_backbone(
    points: PointArrays, *, usable: Bools, design: TimeDesign, options: NetworkOptions
) -> Backbone:
    """Choose the points of the network, test their arcs, and integrate velocity and height error along them.

    Parameters
    ----------
    points : PointArrays
        All points.
    usable : bool, (point)
        Points that may make the network.
    design : TimeDesign
        Parameters and limits.
    options : NetworkOptions
        Distances, tests.

    Returns
    -------
    Backbone
        Without members where no two points agree.

    Notes
    -----
    Arcs are made twice, by triangulation and to the nearest points: among all that may make the network, then among those
    that a coherent arc touches, which the noise between them no longer keeps apart.  The second time each date is weighted
    by how much the residuals of the first differ along an arc: a stormy date then takes coherence from no one.
    """
    level = np.zeros(len(design.line))
    estimate = estimate_arcs_by_integers if options.estimator == "integer" else estimate_arcs
    chosen = choose_members(points, usable, options)
    arcs = Arcs(np.zeros((0, 2), np.int32), np.zeros(0))
    for round_ in range(ROUNDS):
        arcs = _join(arcs, _arcs_between(points, chosen, options), len(usable))
        models = estimate(
            points.phase,
            points.variance,
            points.sensitivity,
            arcs=arcs.ends,
            design=design,
            growth=arcs.length,
            date_level=level,
        )
        passed = pass_test(models, points, design=design, probability=options.arc_false_alarm, n_ends=2.0)
        settled = _settle(arcs, models, passed, len(usable), design, options)
        if round_ < ROUNDS - 1:
            level = measure_levels_of_dates(points, arcs.select(settled.kept), models, settled.kept, design)
            chosen = np.unique(arcs.ends[passed]).astype(np.int64)
    members = np.flatnonzero(settled.connected)
    velocity, height = settled.values[0, members], settled.values[1, members]
    return Backbone(
        members,
        velocity,
        height,
        arcs,
        models,
        settled.kept,
        find_threshold(points, design, options.arc_false_alarm, float(len(design.line)), n_ends=2.0),
        level,
        _count_arcs(models, passed, settled),
    )


def choose_members(points: PointArrays, usable: Bools, options: NetworkOptions) -> Numbers:
    """Choose in each square of the spacing the point with the least noise.

    Parameters
    ----------
    points : PointArrays
        All points.
    usable : bool, (point)
        Those that may be chosen.
    options : NetworkOptions
        The spacing.

    Returns
    -------
    int64, (member)
        Numbers in ascending order.
    """
    candidates = np.flatnonzero(usable)
    if options.network_spacing == 0.0 or candidates.size == 0:
        return candidates
    squares = np.floor(points.places[candidates] / options.network_spacing).astype(np.int64)
    noise = np.nanmean(points.variance[candidates], axis=1)
    order = np.lexsort((candidates, noise, squares[:, 1], squares[:, 0]))
    _, first = np.unique(squares[order], axis=0, return_index=True)
    return np.sort(candidates[order[first]])


def find_threshold(
    points: PointArrays, design: TimeDesign, probability: float, n_dates: float, *, n_ends: float = 1.0
) -> float:
    """Return the coherence that is asked for, with so many effective dates.

    Parameters
    ----------
    points : PointArrays
        Their typical sensitivity to height, and their noise.
    design : TimeDesign
        Parameters and limits of the search.
    probability : float
        Of a false alarm.
    n_dates : float
        Effective number of dates.
    n_ends : float
        Points whose noise a series holds: 2 for an arc.

    Returns
    -------
    float
        What noise exceeds with the probability.  In a stack of fewer than ten dates hardly any scatterer could reach that: it
        is then lowered to what nineteen of twenty scatterers of usual noise, 0.3 rad at most, do reach, and noise
        passes more often (:func:`false_alarm_at` says how often).
    """
    if not len(points.places):
        return 1.0
    columns, limits = _searched(points, design)
    # The yearly term is fitted too: two more dates are used up.
    left = n_dates - 2.0 * design.with_season
    level = coherence_threshold(probability, n_dates=left, columns=columns, limits=limits)
    freedom = n_dates - 1.0 - design.n_columns
    if design.line.size >= FEW_DATES or freedom < 1.0:
        return level
    usual = points.variance[np.isfinite(points.variance)]
    noise = n_ends * min(float(np.median(usual)) if usual.size else 0.0, HIGHEST_USUAL)
    return min(level, 1.0 - float(chi2.ppf(0.95, freedom)) * noise / (2.0 * n_dates))


def false_alarm_at(points: PointArrays, design: TimeDesign, coherence: float) -> float:
    """Return the probability that noise exceeds a coherence, with all dates."""
    columns, limits = _searched(points, design)
    spread = np.atleast_2d(np.cov(columns, rowvar=False, bias=True))
    return false_alarm_probability(coherence, float(design.line.size), spread, limits)


def _searched(points: PointArrays, design: TimeDesign) -> tuple[Reals, Reals]:
    """Return the columns that are searched, (date, parameter), and their limits."""
    columns, limits = [design.line], [design.max_velocity]
    if design.with_height:
        columns.append(np.median(points.sensitivity, axis=0).astype(np.float64))
        limits.append(design.max_height)
    return np.stack(columns, axis=1), np.array(limits)


def pass_test(
    models: ArcModels,
    points: PointArrays,
    *,
    design: TimeDesign,
    probability: float,
    n_ends: float,
    minimum_coherence: float = 0.0,
) -> Bools:
    """Return which arcs, or points against their neighbours, are more coherent than noise and than the least asked for.

    Parameters
    ----------
    models : ArcModels
        What was found.
    points : PointArrays
        All points: their typical sensitivity to height.
    design : TimeDesign
        Parameters and limits of the search.
    probability : float
        Of a false alarm.
    n_ends : float
        Points whose noise a series holds: 2 for an arc.
    minimum_coherence : float
        Least coherence, whatever the probability says.

    Returns
    -------
    bool, (arc)

    Notes
    -----
    With so few dates that any phases are fitted without residual, the test cannot tell noise: it then lets all pass that
    have two dates, and a finding says so.
    """
    effective = np.floor(np.nan_to_num(models.effective) * 2.0) / 2.0
    needed = np.ones(effective.size)
    for count in np.unique(effective):
        needed[effective == count] = find_threshold(points, design, probability, float(count), n_ends=n_ends)
    testable = needed < 1.0
    if not testable.any():
        return np.isfinite(models.velocity) & (models.coherence >= minimum_coherence)
    return (models.coherence >= np.maximum(needed, minimum_coherence)) & testable


def measure_levels_of_dates(
    points: PointArrays, arcs: Arcs, models: ArcModels, which: Bools, design: TimeDesign
) -> Reals:
    """Measure how much the atmosphere of each date differs along a metre of arc.

    Parameters
    ----------
    points : PointArrays
        All points.
    arcs : Arcs
        Arcs that hold.
    models : ArcModels
        Of all arcs.
    which : bool, (arc of all)
        Those that hold.
    design : TimeDesign
        Parameters.

    Returns
    -------
    float64, (date)
        Variance for each metre [rad^2/m]: mean square of wrapped residuals, without the largest, less the points' own
        noise, over the mean length.
    """
    level = np.zeros(len(design.line))
    if not len(arcs):
        return level
    i, j = arcs.ends.T
    velocity, height, constant = (getattr(models, name)[which] for name in ("velocity", "height", "constant"))
    for date in range(len(level)):
        sensitivity = 0.5 * (points.sensitivity[i, date] + points.sensitivity[j, date])
        model = constant + velocity * design.line[date] + height * sensitivity
        residual = points.phase[j, date].astype(float) - points.phase[i, date] - model
        residual -= 2.0 * np.pi * np.round(residual / (2.0 * np.pi))
        noise = points.variance[i, date].astype(float) + points.variance[j, date]
        known = np.isfinite(noise)
        if known.any():
            square = residual[known] ** 2
            square = np.minimum(square, 9.0 * np.median(square) / GAUSSIAN_MAD**2)
            level[date] = max(float((square - noise[known]).mean()), 0.0) / float(
                arcs.length[known].mean() + 1.0
            )
    return level


def _arcs_between(points: PointArrays, members: Numbers, options: NetworkOptions) -> Arcs:
    """Make arcs between members; ends are numbers of the whole set."""
    x, y = points.places[members, 0], points.places[members, 1]
    arcs = make_arcs(x, y, max_length=options.max_arc_length, free_arcs=options.free_arcs)
    return Arcs(members[arcs.ends].astype(np.int32).reshape(-1, 2), arcs.length)


def _join(arcs: Arcs, more: Arcs, n: int) -> Arcs:
    """Add arcs that are not there yet."""
    more = more.select(~np.isin(_code(more, n), _code(arcs, n)))
    return Arcs(np.concatenate([arcs.ends, more.ends]), np.concatenate([arcs.length, more.length]))


def _code(arcs: Arcs, n: int) -> Numbers:
    return arcs.ends[:, 0].astype(np.int64) * n + arcs.ends[:, 1]


def _settle(
    arcs: Arcs, models: ArcModels, passed: Bools, n_points: int, design: TimeDesign, options: NetworkOptions
) -> Integrated:
    """Integrate velocities and height errors over the coherent arcs that agree."""
    freedom = np.maximum(models.n_dates - 1 - design.n_columns, 1)
    inflation = np.maximum(models.chi_square / freedom, 1.0)
    variance = np.stack([models.covariance[:, p, p] for p in range(2)]) * inflation
    if not design.with_height:
        variance[1] = 1.0
    usable = passed & (np.nan_to_num(variance, nan=-1.0) > 0.0).all(axis=0)
    n_ends = np.unique(arcs.ends[usable]).size
    return integrate_arcs(
        arcs.ends,
        np.stack([models.velocity, models.height]),
        np.sqrt(np.where(usable, variance, 1.0)),
        n_points=n_points,
        usable=usable,
        rejection_sigma=options.rejection_sigma,
        minimum_arcs=1 if n_ends <= FEW_POINTS else options.minimum_arcs,
    )


def _count_arcs(models: ArcModels, passed: Bools, settled: Integrated) -> Tally:
    known = np.isfinite(models.coherence)
    n_kept = int(np.count_nonzero(settled.kept))
    n_incoherent = int(np.count_nonzero(known & ~passed))
    n_unknown = int(np.count_nonzero(~known))
    n_apart = passed.size - n_kept - n_incoherent - n_unknown - settled.n_inconsistent
    return Tally(
        "arcs",
        passed.size,
        n_kept,
        {
            "not coherent": n_incoherent,
            "fewer than two common dates": n_unknown,
            "contradicts the other arcs": settled.n_inconsistent,
            "not joined to the network": n_apart,
        },
    )
