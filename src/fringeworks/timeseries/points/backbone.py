"""The network itself: which points make it, which arcs hold, and its unwrapped phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Tally
from fringeworks.timeseries.points.arcs import Arcs, make_arcs
from fringeworks.timeseries.points.densify import PointArrays
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.falsealarm import coherence_threshold
from fringeworks.timeseries.points.integration import Integrated, integrate_arcs
from fringeworks.timeseries.points.options import NetworkOptions
from fringeworks.timeseries.points.periodogram import ArcModels, estimate_arcs
from fringeworks.timeseries.points.spacetime import unwrap_points
from fringeworks.timeseries.points.triangulation import triangulate

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]

FEW_POINTS = 3
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
    phase : float32, (member, date)
        Unwrapped phase [rad], relative to one of them.
    arcs : Arcs
        All arcs that were looked at; numbers are those of the whole point set.
    models : ArcModels
        What was found along them.
    kept : bool, (arc)
        Arcs that hold.
    threshold : float
        Coherence that the test asks of an arc with all dates.
    arc_tally : Tally
        Of arcs.
    """

    members: Numbers
    velocity: Reals
    height: Reals
    phase: Singles
    arcs: Arcs
    models: ArcModels
    kept: Bools
    threshold: float
    arc_tally: Tally


def build_backbone(
    points: PointArrays, *, usable: Bools, years: Reals, design: TimeDesign, options: NetworkOptions, reference: int
) -> Backbone:
    """Choose the points of the network, test their arcs, and unwrap it.

    Parameters
    ----------
    points : PointArrays
        All points.
    usable : bool, (point)
        Points that may make the network.
    years : float64, (date)
        Time [yr].
    design : TimeDesign
        Parameters and limits.
    options : NetworkOptions
        Distances, tests.
    reference : int
        Index of the reference date.

    Returns
    -------
    Backbone
        Without members where no two points agree.

    Notes
    -----
    Arcs are made twice, by triangulation and to the nearest points: among all that may make the network, then among those
    that a coherent arc touches, which the noise between them no longer keeps apart.
    """
    chosen = choose_members(points, usable, options)
    arcs = _arcs_between(points, chosen, options, free=options.free_arcs)
    models = _estimate(points, arcs, design)
    passed = test_arcs(models, points, design, options)
    settled = _settle(arcs, models, passed, len(usable), design, options)
    for _ in range(ROUNDS - 1):
        coherent = np.unique(arcs.ends[passed]).astype(np.int64)
        more = _arcs_between(points, coherent, options, free=options.free_arcs)
        arcs, models = _join(points, arcs, models, more, design)
        passed = test_arcs(models, points, design, options)
        settled = _settle(arcs, models, passed, len(usable), design, options)
    members = np.flatnonzero(settled.connected)
    velocity, height = settled.values[0, members], settled.values[1, members]
    phase = _unwrap(points.select(members), velocity, height, years, design, reference)
    return Backbone(
        members,
        velocity,
        height,
        phase,
        arcs,
        models,
        settled.kept,
        arc_threshold(points, design, options, float(len(years))),
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


def arc_threshold(points: PointArrays, design: TimeDesign, options: NetworkOptions, n_dates: float) -> float:
    """Return the coherence that noise reaches with the probability asked for, with so many effective dates."""
    if not len(points.places):
        return 1.0
    typical = np.nanmedian(points.sensitivity, axis=0)
    columns, limits = [design.line], [design.max_velocity]
    if design.with_height:
        columns.append(typical)
        limits.append(design.max_height)
    # The yearly term is fitted too: two more dates are used up.
    left = n_dates - 2.0 * design.with_season
    return coherence_threshold(
        options.false_alarm, n_dates=left, columns=np.stack(columns, axis=1), limits=np.array(limits)
    )


def test_arcs(models: ArcModels, points: PointArrays, design: TimeDesign, options: NetworkOptions) -> Bools:
    """Return which arcs, or points against their neighbours, are more coherent than noise and than the least asked for.

    Parameters
    ----------
    models : ArcModels
        What was found.
    points : PointArrays
        All points: their typical sensitivity to height.
    design : TimeDesign
        Parameters and limits of the search.
    options : NetworkOptions
        False alarm rate and least coherence.

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
        needed[effective == count] = arc_threshold(points, design, options, float(count))
    testable = needed < 1.0
    if not testable.any():
        return np.isfinite(models.velocity) & (models.coherence >= options.minimum_coherence)
    return (models.coherence >= np.maximum(needed, options.minimum_coherence)) & testable


def _arcs_between(points: PointArrays, members: Numbers, options: NetworkOptions, *, free: int) -> Arcs:
    """Make arcs between members; ends are numbers of the whole set."""
    x, y = points.places[members, 0], points.places[members, 1]
    arcs = make_arcs(x, y, max_length=options.max_arc_length, free_arcs=free)
    return Arcs(members[arcs.ends].astype(np.int32).reshape(-1, 2), arcs.length)


def _estimate(points: PointArrays, arcs: Arcs, design: TimeDesign) -> ArcModels:
    return estimate_arcs(
        points.phase, points.variance, points.sensitivity, arcs=arcs.ends, design=design
    )


def _join(
    points: PointArrays, arcs: Arcs, models: ArcModels, more: Arcs, design: TimeDesign
) -> tuple[Arcs, ArcModels]:
    """Add arcs that are not there yet, with their models."""
    n = len(points.places)
    there = np.isin(_code(more, n), _code(arcs, n))
    more = more.select(~there)
    found = _estimate(points, more, design)
    joined = Arcs(np.concatenate([arcs.ends, more.ends]), np.concatenate([arcs.length, more.length]))
    names = ArcModels.__dataclass_fields__
    return joined, ArcModels(
        **{name: np.concatenate([getattr(models, name), getattr(found, name)]) for name in names}
    )


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


def _unwrap(
    network: PointArrays, velocity: Reals, height: Reals, years: Reals, design: TimeDesign, reference: int
) -> Singles:
    """Unwrap the members' phases about their own models."""
    n = len(network.places)
    if n == 0:
        return np.zeros((0, len(years)), np.float32)
    prior = velocity[:, None] * design.line + height[:, None] * network.sensitivity
    prior = prior - prior[:, reference : reference + 1]
    x, y = network.places.T
    edges, triangles = triangulate(x, y)
    wrapped = np.where(np.isfinite(network.variance), network.phase, np.nan).astype(np.float32)
    unwrapped = unwrap_points(
        np.ascontiguousarray(wrapped.T),
        edges=edges,
        triangles=triangles,
        years=years,
        reference=reference,
        prior=np.ascontiguousarray(prior.T, np.float32),
        phase_std=np.sqrt(np.nanmean(network.variance, axis=1)).astype(np.float32),
        lengths=np.hypot(x[edges[:, 1]] - x[edges[:, 0]], y[edges[:, 1]] - y[edges[:, 0]]),
    )
    # absolute again, so that every phase differs from the wrapped one by whole cycles
    seed = network.phase[unwrapped.references[0]]
    return np.ascontiguousarray(unwrapped.phase.T + seed)


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
