"""What is unwrapped in space and time, what comes back, and what a program that does it promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Tally

Reals: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int32]

PLACED: Final = 1
"""Flag: at this date no arc joins the point to its reference; its cycles come from its dates before and after."""
UNPLACED: Final = 2
"""Flag: it has phase, but its reference point has none at this date, or no other date could place it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointPhases:
    """Wrapped phases of a network of points.

    Attributes
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
        Phase that a model of each point gives (velocity, height error) [rad]; where it is NaN, the phase counts as missing.
    phase_std : float32, (point,), optional
        Noise of each point [rad].
    lengths : float64, (edge,), optional
        Of the arcs [m].
    reference_point : int, optional
        Wanted reference point of the component that it lies in.

    Raises
    ------
    ShapeMismatchError
        Arrays disagree about dates, points or arcs.
    OutOfRangeError
        The reference date or an arc's point does not exist, or times are not finite.
    """

    phase: Reals
    edges: Counts
    triangles: Counts
    years: NDArray[np.float64]
    reference: int = 0
    prior: Reals | None = None
    phase_std: Reals | None = None
    lengths: NDArray[np.float64] | None = None
    reference_point: int | None = None

    def __post_init__(self) -> None:
        if self.phase.ndim != 2 or self.years.shape != self.phase.shape[:1]:
            raise ShapeMismatchError(
                f"phase of {self.phase.shape}, {self.years.shape} times", expected="(date, point) and (date,)"
            )
        n_dates, n_points = self.phase.shape
        for name, shape in (
            ("prior", (n_dates, n_points)),
            ("phase_std", (n_points,)),
            ("lengths", (len(self.edges),)),
        ):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ShapeMismatchError(f"{name} of {array.shape}", expected=f"{shape}")
        if self.edges.max(initial=-1) >= n_points:
            raise OutOfRangeError(f"an arc to point {self.edges.max()}", expected=f"points below {n_points}")
        if not 0 <= self.reference < max(n_dates, 1):
            raise OutOfRangeError(f"reference date {self.reference}", expected=f"0 to {n_dates - 1}")
        if not np.isfinite(self.years).all():
            raise OutOfRangeError("times that are not finite", expected="decimal years of every date")

    def usable(self) -> Reals:
        """Return the phase, NaN where the prior is."""
        if self.prior is None:
            return self.phase
        return np.where(np.isfinite(self.prior), self.phase, np.float32(np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappedPoints:
    """Unwrapped phase of a network.

    Attributes
    ----------
    phase : float32, (date, point)
        Unwrapped, minus that of the reference point of the point's component [rad]; exactly 0 at reference points and at
        the reference date; NaN where the input is, where a flag says ``UNPLACED``, and where ``component`` is 0.  It
        differs from the wrapped phase minus that of the reference point by whole cycles only.
    component : int32, (point,)
        Points joined by arcs, numbered from 1, the largest first; 0 = without phase at any date.
    references : int64, (component,)
        Reference point of each component.
    flags : uint8, (date, point)
        ``PLACED`` and ``UNPLACED``.
    arc_std : float32, (edge,)
        Root mean square departure of an arc's phases from what its other dates let expect [rad].
    arc_changes : int32, (edge,)
        Cycles that closing the triangles added to the arc, over all dates, without sign.
    residues : int32, (date,)
        Triangles that did not close after unwrapping in time.
    changed : int32, (date,)
        Arcs whose cycles were changed to close them.
    reviewed : int32, (date,)
        Phases whose cycles were changed after, by their own dates and their neighbours; zero where none was looked at.
    tally : Tally
        Of phases: a date of a point.
    """

    phase: Reals
    component: Counts
    references: NDArray[np.int64]
    flags: NDArray[np.uint8]
    arc_std: Reals
    arc_changes: Counts
    residues: Counts
    changed: Counts
    reviewed: Counts
    tally: Tally


@runtime_checkable
class PointUnwrapper(Protocol):
    """Finds the whole cycles of a network of points at all dates."""

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        ...

    @property
    def licence(self) -> str:
        """Licence of the solver behind it."""
        ...

    def unwrap(self, phases: PointPhases) -> UnwrappedPoints:
        """Unwrap; the argument is left as it is, and the same input gives the same output."""
        ...
