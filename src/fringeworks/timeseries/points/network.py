"""Points in one network: velocity, height error and series of persistent and distributed scatterers together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.points.adjustment import PointFits, fit_series
from fringeworks.timeseries.points.atmosphere import Atmosphere, estimate_atmosphere
from fringeworks.timeseries.points.atmosphere_options import AtmosphereOptions
from fringeworks.timeseries.points.backbone import (
    Backbone,
    build_backbone,
    false_alarm_at,
    find_threshold,
    pass_test,
)
from fringeworks.timeseries.points.datum import Datum, choose_datum
from fringeworks.timeseries.points.densify import Attached, PointArrays, attach
from fringeworks.timeseries.points.design import TimeDesign, make_design
from fringeworks.timeseries.points.networkphase import unwrap_network
from fringeworks.timeseries.points.options import NetworkOptions
from fringeworks.timeseries.points.pointseries import make_series
from fringeworks.timeseries.points.pointset import PointSet
from fringeworks.timeseries.points.solution import ArcRecord, NetworkSolution

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]

FEW_DATES = 15
"""Dates below which velocities and the tests of coherence are weak, and a finding says so."""
ROUNDS = 3
"""Times the network is unwrapped at most, each time without the members that did not agree."""
FEW_MEMBERS = 10
"""Points below which the variance of dates and the choice of a datum are weak."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps hand on."""

    arrays: PointArrays
    usable: Bools
    years: Reals
    design: TimeDesign
    options: NetworkOptions
    reference: int


def solve_network(
    points: PointSet,
    *,
    years: NDArray[np.floating],
    height_to_phase: NDArray[np.floating],
    wavelength: float,
    options: NetworkOptions,
    reference: int = 0,
) -> NetworkSolution:
    """Estimate velocity, height error and displacement of scatterers in one network.

    Parameters
    ----------
    points : PointSet
        Persistent and distributed scatterers; their sigmas are the weights.
    years : float, (date)
        Time of the dates [yr], from any epoch.
    height_to_phase : float, (date, point)
        Phase of one metre of height error [rad/m], of the sign of ``phase``.
    wavelength : float
        Radar wavelength [m].
    options : NetworkOptions
        What a person may change.
    reference : int
        Index of the reference date.

    Returns
    -------
    NetworkSolution

    Raises
    ------
    ShapeMismatchError
        Arrays disagree about dates or points.
    OutOfRangeError
        The reference date or the reference point does not exist, or times or wavelength are not finite.

    Notes
    -----
    The steps [Ferretti2001, Kampes2006]: the least noisy points of a coarse grid are joined by arcs; velocity and
    height error are searched along each; arcs that noise could have made, or that contradict the others, are left out;
    the largest connected part is unwrapped about its model in space and time; all other points are attached to several
    neighbours each; the series of every point is fitted by weighted least squares.
    """
    work, findings = _prepare(points, years, height_to_phase, wavelength, options, reference)
    backbone = build_backbone(
        work.arrays,
        usable=work.usable,
        design=work.design,
        options=options,
    )
    unwrapped = _unwrap_all(work, backbone)
    datum = choose_datum(
        unwrapped.phase,
        work.arrays,
        members=unwrapped.members,
        design=work.design,
        options=options,
        coherence=unwrapped.attached.models.coherence,
        date_level=backbone.date_level,
        reference=reference,
    )
    return _assemble(work, backbone, unwrapped, datum, wavelength, findings)


def _prepare(
    points: PointSet,
    years: NDArray[np.floating],
    height_to_phase: NDArray[np.floating],
    wavelength: float,
    options: NetworkOptions,
    reference: int,
) -> tuple[_Work, list[Finding]]:
    """Check, turn arrays to (point, date), and decide what can be estimated."""
    times: Reals = np.asarray(years, np.float64)
    _check(points, times, height_to_phase, wavelength, options, reference)
    variance = np.ascontiguousarray(points.variance().T)
    sensitivity = np.ascontiguousarray(height_to_phase.T, np.float32)
    known = np.isfinite(sensitivity).all(axis=1)
    usable = (np.isfinite(variance).sum(axis=1) >= 2) & known & np.isfinite(variance[:, reference])
    sensitivity[~known] = 0.0
    variance[~usable] = np.nan
    arrays = PointArrays(
        np.stack([points.x, points.y], axis=1).astype(float),
        np.ascontiguousarray(points.phase.T, np.float32),
        variance,
        sensitivity,
    )
    typical = np.median(sensitivity[usable], axis=0) if usable.any() else np.zeros(len(times))
    design, findings = make_design(times, sensitivity=typical, wavelength=wavelength, options=options)
    return _Work(arrays, usable, times, design, options, reference), findings


def _check(
    points: PointSet,
    years: Reals,
    height_to_phase: NDArray[np.floating],
    wavelength: float,
    options: NetworkOptions,
    reference: int,
) -> None:
    n_dates, n = points.phase.shape
    if years.shape != (n_dates,):
        raise ShapeMismatchError(f"years of shape {years.shape}", expected=f"({n_dates},), one a date")
    if height_to_phase.shape != (n_dates, n):
        raise ShapeMismatchError(
            f"height_to_phase of shape {height_to_phase.shape}", expected=f"({n_dates}, {n})"
        )
    if n_dates < 2:
        raise ShapeMismatchError(f"{n_dates} dates", expected="at least two", hint="add images")
    if not 0 <= reference < n_dates:
        raise OutOfRangeError(f"reference date {reference}", expected=f"0 to {n_dates - 1}")
    if not (math.isfinite(wavelength) and wavelength > 0):
        raise OutOfRangeError(f"wavelength {wavelength}", expected="above zero [m]")
    if not np.isfinite(years).all() or np.unique(years).size < n_dates:
        raise OutOfRangeError(
            "times not finite, or two dates at one time", expected="one time [yr] for each date"
        )
    if options.reference_point >= max(n, 1):
        raise OutOfRangeError(f"reference point {options.reference_point}", expected=f"0 to {n - 1}, or -1")


@dataclass(frozen=True, slots=True)
class _Unwrapped:
    """The network's unwrapped phase, every point against it, and which pass.

    ``members`` are numbers of the points that make the network in the end; ``phase`` is (point, date), absolute: it differs
    from the wrapped one by whole cycles; NaN where a point did not pass.
    """

    members: NDArray[np.int64]
    phase: Singles
    attached: Attached
    joined: Bools


def _unwrap_all(work: _Work, backbone: Backbone) -> _Unwrapped:
    """Unwrap the network, attach every point to it, and drop members that do not agree with those around them."""
    which = np.ones(backbone.members.size, np.bool_)
    for round_ in range(ROUNDS):
        members = backbone.members[which]
        network = work.arrays.select(members)
        phase = unwrap_network(
            network,
            velocity=backbone.velocity[which],
            height=backbone.height[which],
            years=work.years,
            design=work.design,
            reference=work.reference,
        )
        attached, joined = _densify(work, backbone, members, phase)
        left = joined[backbone.members] & which
        if round_ == ROUNDS - 1 or np.array_equal(left, which) or not left.any():
            break
        which = left
    kept = joined[members]
    unwrapped = np.where(joined[:, None], attached.phase, np.float32(np.nan))
    unwrapped[members[kept]] = phase[kept]
    return _Unwrapped(members[kept], np.ascontiguousarray(unwrapped, np.float32), attached, joined)


def _densify(
    work: _Work, backbone: Backbone, members: NDArray[np.int64], phase: Singles
) -> tuple[Attached, Bools]:
    """Search every point against its neighbours of the network; return which pass the test."""
    network = work.arrays.select(members)
    own = np.full(len(work.usable), -1, np.int64)
    own[members] = np.arange(members.size)
    attached = attach(
        work.arrays,
        PointArrays(network.places, phase, network.variance, network.sensitivity),
        design=work.design,
        neighbours=work.options.neighbours,
        max_length=work.options.max_arc_length,
        own=own,
        date_level=backbone.date_level,
    )
    joined = pass_test(
        attached.models,
        work.arrays,
        design=work.design,
        probability=work.options.false_alarm,
        n_ends=1.0 + 1.0 / work.options.neighbours,
        minimum_coherence=work.options.minimum_coherence,
    )
    return attached, joined & work.usable


def _assemble(
    work: _Work,
    backbone: Backbone,
    unwrapped: _Unwrapped,
    datum: Datum,
    wavelength: float,
    findings: list[Finding],
) -> NetworkSolution:
    """Fit all series relative to the datum and put the solution together."""
    phase = unwrapped.phase - datum.series.astype(np.float32)
    fits = fit_series(
        phase,
        work.arrays.variance,
        work.arrays.sensitivity,
        design=work.design,
        date_level=backbone.date_level,
    )
    used = unwrapped.joined & np.isfinite(fits.velocity)
    atmosphere = _atmosphere(work, unwrapped.members, fits, used)
    series = make_series(
        phase,
        fits,
        sensitivity=work.arrays.sensitivity,
        atmosphere=None if atmosphere is None else atmosphere.phase.T,
        design=work.design,
        wavelength=wavelength,
        reference=work.reference,
        point=datum.point if work.options.datum == "point" else -1,
    )
    in_network = np.zeros(len(used), np.bool_)
    in_network[unwrapped.members] = True
    findings = [*findings, *_weaknesses(work, used), *(atmosphere.findings if atmosphere else ())]
    return NetworkSolution(
        used=used,
        in_network=in_network & used,
        velocity=_masked(series.velocity, used),
        velocity_std=_masked(series.velocity_std, used),
        height_error=_masked(series.height, used),
        height_std=_masked(series.height_std, used),
        phase=series.phase,
        displacement=series.displacement,
        atmosphere=series.atmosphere,
        temporal_coherence=_masked(unwrapped.attached.models.coherence, used),
        rmse=_masked(series.rmse, used),
        season=np.where(used, series.season, np.nan).astype(np.float32),
        date_std=np.sqrt(fits.date_variance).astype(np.float32),
        datum=work.options.datum,
        reference_point=datum.point,
        tally=_count_points(work, unwrapped.attached, unwrapped.joined, used),
        findings=tuple(findings),
        arcs=ArcRecord(
            arcs=backbone.arcs,
            velocity=backbone.models.velocity.astype(np.float32),
            height=backbone.models.height.astype(np.float32),
            coherence=backbone.models.coherence.astype(np.float32),
            kept=backbone.kept,
            threshold=backbone.threshold,
            tally=backbone.arc_tally,
        ),
    )


def _atmosphere(work: _Work, members: NDArray[np.int64], fits: PointFits, used: Bools) -> Atmosphere | None:
    """Estimate the atmosphere from the residuals of the network, at all points."""
    there = members[used[members]]
    if not work.options.atmosphere or there.size == 0:
        return None
    residual = (fits.residual[there] + fits.constant[there, None]).T
    residual = residual - residual[work.reference]
    x, y = work.arrays.places.T
    found = estimate_atmosphere(
        x[there],
        y[there],
        residual,
        years=work.years,
        at_x=x[used],
        at_y=y[used],
        reference=work.reference,
        phase_std=np.sqrt(np.nanmean(work.arrays.variance[there], axis=1)),
        options=AtmosphereOptions(),
    )
    everywhere = np.full((len(work.years), used.size), np.nan, np.float32)
    everywhere[:, used] = found.phase
    return replace(found, phase=everywhere)


def _masked(values: NDArray[np.floating], used: Bools) -> Singles:
    return np.where(used, values, np.nan).astype(np.float32)


def _count_points(work: _Work, attached: Attached, joined: Bools, used: Bools) -> Tally:
    alone = work.usable & (attached.n_neighbours == 0)
    return Tally(
        "points",
        used.size,
        int(np.count_nonzero(used)),
        {
            "no two dates with a sigma, none at the reference date, or no geometry": int(
                np.count_nonzero(~work.usable)
            ),
            "no point of the network within reach": int(np.count_nonzero(alone & ~joined)),
            "not coherent": int(np.count_nonzero(work.usable & ~joined & ~alone)),
            "too few dates for the fit": int(np.count_nonzero(joined & ~used)),
        },
    )


def _weaknesses(work: _Work, used: Bools) -> list[Finding]:
    """Say where the numbers of dates or points make statistics weak."""
    findings = []
    n_dates, n_used = len(work.years), int(np.count_nonzero(used))
    needed = find_threshold(work.arrays, work.design, work.options.false_alarm, float(n_dates))
    if needed >= 1.0 and len(used):
        text = f"With {n_dates} dates the temporal coherence cannot tell scatterers from noise: all points pass that have phases."
        findings.append(Finding("warning", "coherence", text))
    elif n_dates < FEW_DATES:
        chance = false_alarm_at(work.arrays, work.design, needed)
        text = (
            f"{n_dates} dates are few: a point needs a temporal coherence of {needed:.2f}, which noise reaches with a "
            f"probability of {chance:.1g}, and sigmas are rough."
        )
        findings.append(Finding("warning", "dates", text))
    if n_used == 0:
        text = (
            f"No network: none of {used.size} points agrees with another one."
            if used.size
            else "There are no points."
        )
        findings.append(Finding("warning", "points", text))
    elif n_used < FEW_MEMBERS:
        text = f"{n_used} points are few: the datum and the variance of the dates follow from them alone."
        findings.append(Finding("warning", "points", text))
    return findings
