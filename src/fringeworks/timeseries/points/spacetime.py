"""Whole cycles of a sparse network of points: arcs in time first, then a minimum cost flow at every date."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.points.spacetime_arcs import predict_arcs
from fringeworks.timeseries.points.spacetime_assembly import assemble, find_components
from fringeworks.timeseries.points.spacetime_dates import close_rows, neighbours_of
from fringeworks.timeseries.points.spacetime_flow import dual_of
from fringeworks.timeseries.points.spacetime_options import SpaceTimeOptions
from fringeworks.timeseries.points.spacetime_protocol import PointPhases, PointUnwrapper, UnwrappedPoints
from fringeworks.timeseries.points.spacetime_review import review_phases
from fringeworks.timeseries.points.spacetime_spurt import SpurtUnwrapper

Reals: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int32]

DAYS_OF_A_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class FlowUnwrapper:
    """Arcs in time, then the cheapest closed network at every date (:func:`unwrap_points` says how)."""

    options: SpaceTimeOptions = field(default_factory=SpaceTimeOptions)

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        return "flow"

    @property
    def licence(self) -> str:
        """Licence of the solver."""
        return "Apache-2.0"

    def unwrap(self, phases: PointPhases) -> UnwrappedPoints:
        """Unwrap a network of points.

        Raises
        ------
        OutOfRangeError
            The reference point has no phase, or triangles do not fit the arcs.
        ShapeMismatchError
            Arcs or triangles have not two or three columns.
        """
        edges, dual = phases.edges, dual_of(phases.edges, phases.triangles)
        phase = phases.usable()
        interval = _usual_interval(phases.years)
        smoothing = max(self.options.smoothing_days / DAYS_OF_A_YEAR, 2.0 * interval)
        arcs = predict_arcs(
            np.ascontiguousarray(phase.T),
            edges=edges,
            years=phases.years,
            reference=phases.reference,
            prior=None if phases.prior is None else np.ascontiguousarray(phases.prior.T),
            smoothing_years=smoothing,
            rate_limit=0.0 if phases.prior is not None else self.options.rate_share * np.pi / interval,
        )
        variance = _at_least(arcs.variance, phases)
        used = self._used(phases)
        component, seeds = find_components(phase, edges, used, variance, phases.reference_point)
        neighbours = neighbours_of(edges, used, phase.shape[1])
        rows = close_rows(
            phase,
            expected=arcs.difference,
            variance=variance,
            edges=edges,
            used=used,
            dual=dual,
            neighbours=neighbours,
            seeds=seeds.astype(np.int32),
        )
        found = assemble(phase, rows, component, seeds, phases.years, np.sqrt(variance))
        if not self.options.review:
            return found
        unwrapped = found.phase.copy()
        prior = _relative_prior(phases, component, seeds)
        reviewed = review_phases(
            unwrapped,
            prior,
            usable=np.isfinite(unwrapped) & (found.flags == 0),
            neighbours=neighbours,
            component=component,
            references=seeds,
            years=phases.years,
            reference=phases.reference,
            smoothing_years=smoothing,
        )
        return replace(found, phase=unwrapped, reviewed=reviewed)

    def _used(self, phases: PointPhases) -> NDArray[np.bool_]:
        """Return which arcs are not cut, (edge,)."""
        if self.options.longest_arc_m <= 0.0 or phases.lengths is None:
            return np.ones(len(phases.edges), np.bool_)
        return np.asarray(phases.lengths <= self.options.longest_arc_m)


def _at_least(variance: Reals, phases: PointPhases) -> Reals:
    """Return variances not below what the noise of both ends makes, (edge,) [rad2]."""
    if phases.phase_std is None:
        return variance
    floor = np.square(phases.phase_std[phases.edges]).sum(axis=1)
    return np.maximum(variance, np.where(np.isfinite(floor), floor, 0.0)).astype(np.float32)


def _relative_prior(phases: PointPhases, component: Counts, seeds: NDArray[np.int64]) -> Reals | None:
    """Return the prior minus that of the reference points, (date, point)."""
    if phases.prior is None or not len(seeds):
        return None
    own = seeds[np.maximum(component - 1, 0)]
    return phases.prior - phases.prior[:, own]


def _usual_interval(years: NDArray[np.float64]) -> float:
    """Return the median interval of the dates [yr]; a year where there are fewer than two."""
    steps = np.diff(np.unique(years))
    return float(np.median(steps)) if steps.size else 1.0


def unwrap_points(
    phase: Reals,
    *,
    edges: Counts,
    triangles: Counts,
    years: NDArray[np.float64],
    reference: int = 0,
    prior: Reals | None = None,
    phase_std: Reals | None = None,
    lengths: NDArray[np.float64] | None = None,
    reference_point: int | None = None,
    options: SpaceTimeOptions | None = None,
) -> UnwrappedPoints:
    """Find the whole cycles of a network of points at all dates.

    Parameters
    ----------
    phase : float32, (date, point)
        Wrapped phase of each date minus that of the reference date [rad], + = toward the satellite; NaN where missing.
    edges : int32, (edge, 2)
        Arcs of the triangulation, lower point first.
    triangles : int32, (triangle, 3)
        Its triangles, counter-clockwise (:func:`~fringeworks.timeseries.points.triangulation.triangulate`).
    years : float64, (date,)
        Time of the dates [yr].
    reference : int
        Index of the reference date.
    prior : float32, (date, point), optional
        Phase that a model of each point gives (velocity, height error) [rad]; it is subtracted before and put back
        after, and no rate is then looked for.
    phase_std : float32, (point,), optional
        Noise of each point [rad]; no arc is taken for better than this lets it be.
    lengths : float64, (edge,), optional
        Of the arcs [m]; needed to cut long ones.
    reference_point : int, optional
        Reference point of the component that it lies in; without it, and in other components, the point with the most
        dates and the quietest arcs.
    options : SpaceTimeOptions, optional
        What a person may change.

    Returns
    -------
    UnwrappedPoints

    Raises
    ------
    ShapeMismatchError
        Arrays disagree about dates, points or arcs.
    OutOfRangeError
        The reference date or point does not exist, the point has no phase, times are not finite, or triangles do not fit.

    Notes
    -----
    In time, each arc follows the average of its other dates (:func:`~.spacetime_arcs.predict_arcs`), and takes at every
    date the cycles nearest to it.  In space, the cycles k added to the arcs of one date minimise the sum of ``|k| / variance``
    such that all triangles close (Costantini 1998).  How far an arc's phase lies from what was expected does not enter: arcs
    that meet at a noisy point err together, and costs that take them for independent wrap whole patches the wrong way.  Last,
    each phase is held against its point's other dates and its neighbours (:func:`~.spacetime_review.review_phases`).  Work grows
    with the arcs, and with the residues and how far they lie apart.
    """
    options = options or SpaceTimeOptions()
    unwrapper: PointUnwrapper = SpurtUnwrapper() if options.method == "spurt" else FlowUnwrapper(options)
    return unwrapper.unwrap(
        PointPhases(
            phase=phase,
            edges=edges,
            triangles=triangles,
            years=years,
            reference=reference,
            prior=prior,
            phase_std=phase_std,
            lengths=lengths,
            reference_point=reference_point,
        )
    )
