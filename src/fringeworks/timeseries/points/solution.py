"""What the network of points gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.points.arcs import Arcs

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcRecord:
    """The arcs of the network, for the report.

    Attributes
    ----------
    arcs : Arcs
        Between points of the point set.
    velocity, height : float32, (arc)
        Second point minus first, as the arc alone has it [m/yr, m].
    coherence : float32, (arc)
        Temporal coherence of the arc's model.
    kept : bool, (arc)
        Coherent, and in agreement with the others.
    threshold : float
        Coherence that noise reaches with the probability asked for, for arcs with all dates.
    tally : Tally
        Of arcs.
    """

    arcs: Arcs
    velocity: Singles
    height: Singles
    coherence: Singles
    kept: NDArray[np.bool_]
    threshold: float
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSolution:
    """Velocity, height error and series of every point, relative to one datum.

    Attributes
    ----------
    used : bool, (point)
        Points that belong to the solution; all else is NaN at the others.
    in_network : bool, (point)
        Points of the network; the other used ones were attached to it.
    velocity, velocity_std : float32, (point)
        Line of sight, positive toward the satellite, and its sigma [m/yr].
    height_error, height_std : float32, (point)
        To be added to the height that was used [m]; error 0 and sigma NaN where it could not be estimated.
    phase : float32, (date, point)
        Unwrapped phase relative to the reference date and the datum [rad].
    displacement : float32, (date, point)
        Phase without that of the height error and the atmosphere, in metres toward the satellite; zero at the reference
        date.
    atmosphere : float32, (date, point), optional
        Phase of the atmosphere [rad], where it was estimated.
    temporal_coherence : float32, (point)
        |mean exp(j residual)| of the point against the mean of its neighbours, 0 to 1.
    rmse : float32, (point)
        Root mean square of the displacement about its model [m].
    season : float32, (2, point)
        Cosine and sine of the yearly term [m], toward the satellite; zero where not estimated.
    date_std : float32, (date)
        Sigma of each date beyond the points' own noise, relative to the datum [rad].
    datum : str
        ``network`` or ``point``.
    reference_point : int
        The reference point: the datum itself, or a point that stands for it; -1 where no point is used.
    tally : Tally
        Of points.
    findings : tuple of Finding
        What a person should know: what was not estimated, where statistics are weak.
    arcs : ArcRecord
        The arcs.
    """

    used: NDArray[np.bool_]
    in_network: NDArray[np.bool_]
    velocity: Singles
    velocity_std: Singles
    height_error: Singles
    height_std: Singles
    phase: Singles
    displacement: Singles
    atmosphere: Singles | None
    temporal_coherence: Singles
    rmse: Singles
    season: Singles
    date_std: Singles
    datum: str
    reference_point: int
    tally: Tally
    findings: tuple[Finding, ...]
    arcs: ArcRecord
