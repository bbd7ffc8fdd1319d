"""Velocity and height error along arcs by integer least squares, with a priori sigmas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.integer_kernels import find_nearest, reduce_lattice

Reals = NDArray[np.float64]

MOST_DATES = 200
"""Dates above which the reduction takes too long."""
MOST_NODES = 20_000
"""Nodes of the search of one arc; an arc of noise would take far more, and is not coherent anyway."""
TURN = 2.0 * math.pi


@dataclass(frozen=True, slots=True)
class CycleSearch:
    """What the search for the cycles of an arc needs, alike for all arcs of a stack.

    Attributes
    ----------
    reference : int
        Date whose cycles are zero.
    others : int64, (date - 1)
        The other dates.
    triangle : float64, (date - 1, date - 1)
        Reduced triangular basis: lengths are residuals in sigmas.
    transform : float64, (date - 1, date - 1)
        Integers that lead from the reduced ambiguities to the cycles.
    inverse : float64, (date - 1, date - 1)
        The inverse of ``transform``, integers too.
    estimator : float64, (2, date - 1)
        Velocity and height error from unwrapped phases, with their a priori sigmas.
    success_rate : float
        Probability that successive rounding finds the right cycles, a lower bound of that of the search [Teunissen1998].
    """

    reference: int
    others: NDArray[np.int64]
    triangle: Reals
    transform: Reals
    inverse: Reals
    estimator: Reals
    success_rate: float


def prepare_search(
    design: TimeDesign,
    *,
    sensitivity: NDArray[np.floating],
    variance: NDArray[np.floating],
    reference: int = 0,
) -> CycleSearch:
    """Reduce the ambiguities of a stack's arcs.

    Parameters
    ----------
    design : TimeDesign
        Dates; half of the limits are the a priori sigmas of velocity and height error.
    sensitivity : float, (date)
        Phase of one metre of height error [rad/m].
    variance : float, (date)
        Variance of an arc's phase [rad^2].
    reference : int
        Date whose cycles are zero.

    Returns
    -------
    CycleSearch

    Raises
    ------
    ShapeMismatchError
        Arrays do not belong to the dates.
    OutOfRangeError
        A variance is not above zero, or there are too many dates.

    Notes
    -----
    With y the wrapped phases of all dates minus the reference date's, and a their cycles, y + 2 pi a = A b + e; e has the
    covariance Q of differences to one date, and b = (velocity, height error) the a priori mean 0 and covariance P
    [Kampes2006].  The most likely cycles make (y + 2 pi a)^T V^-1 (y + 2 pi a) least, V = Q + A P A^T.  V hardly resists
    changes of a that a velocity explains: the lattice is long and narrow.  An integer transform makes its basis short and
    nearly orthogonal (the decorrelation of LAMBDA [Teunissen1995], here by the reduction of Lenstra, Lenstra and Lovasz), after
    which few candidates have to be looked at.
    """
    n = design.line.size
    variance = np.asarray(variance, float)
    if variance.shape != (n,) or np.shape(sensitivity) != (n,):
        raise ShapeMismatchError(f"variance of shape {variance.shape} for {n} dates", expected=f"({n},)")
    if n > MOST_DATES:
        raise OutOfRangeError(f"{n} dates", expected=f"at most {MOST_DATES}", hint="use the periodogram")
    if not (variance > 0).all():
        raise OutOfRangeError("a variance not above zero", expected="above zero [rad^2]")
    others = np.flatnonzero(np.arange(n) != reference)
    columns = np.stack([design.line, np.asarray(sensitivity, float)])
    columns = (columns - columns[:, reference : reference + 1])[:, others]
    prior = np.array([0.5 * design.max_velocity, 0.5 * design.max_height if design.with_height else 0.0])
    spread = (columns.T * prior**2) @ columns
    whole = np.diag(variance[others]) + variance[reference] + spread
    precision = np.linalg.inv(whole)
    triangle = np.ascontiguousarray(np.linalg.cholesky(0.5 * (precision + precision.T)).T) * TURN
    transform = np.empty_like(triangle)
    reduce_lattice(triangle, transform)
    half = np.abs(np.diag(triangle)) / 2.0
    return CycleSearch(
        reference,
        others,
        triangle,
        transform,
        np.rint(np.linalg.inv(transform)),
        (columns * prior[:, None] ** 2) @ precision,
        float(np.prod(erf(half / math.sqrt(2.0)))),
    )


def find_cycles(difference: Reals, search: CycleSearch) -> tuple[Reals, Reals, NDArray[np.bool_]]:
    """Find the most likely cycles of arcs, and the velocity and height error that go with them.

    Parameters
    ----------
    difference : float64, (arc, date)
        Wrapped phase differences [rad], every date known.
    search : CycleSearch
        From :func:`prepare_search`.

    Returns
    -------
    cycles : float64, (arc, date)
        Whole cycles to be added; 0 at the reference date.
    start : float64, (arc, 2)
        Velocity [m/yr] and height error [m], drawn toward zero by their a priori sigmas.
    ended : bool, (arc)
        False where the search was cut off, and the cycles are the best found until then.
    """
    relative = difference - difference[:, search.reference : search.reference + 1]
    relative = relative[:, search.others]
    targets = -(relative / TURN) @ search.inverse.T
    reduced, ended = np.empty_like(targets), np.ones(len(targets), np.bool_)
    for arc, target in enumerate(targets):
        ended[arc] = find_nearest(search.triangle, target, MOST_NODES, reduced[arc]) > 0
    cycles = np.zeros(difference.shape)
    cycles[:, search.others] = np.rint(reduced @ search.transform.T)
    start = (relative + TURN * cycles[:, search.others]) @ search.estimator.T
    return cycles, start, ended
