"""From differences along arcs to values at points: robust first, then by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from fringeworks.timeseries.points.arcs import label_components

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]
Counts = NDArray[np.int32]

L1_ITERATIONS = 12
L1_FLOOR = 0.1
"""Residual, in sigmas, below which least absolute residuals turn into least squares."""
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Integrated:
    """Values at points, and which arcs agree with them.

    Attributes
    ----------
    values : float64, (parameter, point)
        Relative to the datum point; NaN at points outside of its connected part.
    kept : bool, (arc)
        Arcs that were used in the end.
    connected : bool, (point)
        Points joined to the datum point by kept arcs.
    residual : float64, (parameter, arc)
        Arc minus difference of its ends, in sigmas of the arc; NaN where an end is not connected.
    n_inconsistent : int
        Arcs that were left out because they depart from the others.
    datum : int
        The point whose values are zero.
    """

    values: Reals
    kept: Bools
    connected: Bools
    residual: Reals
    n_inconsistent: int
    datum: int


def integrate_arcs(
    ends: Counts,
    differences: Reals,
    sigmas: Reals,
    *,
    n_points: int,
    usable: Bools,
    rejection_sigma: float,
    minimum_arcs: int,
) -> Integrated:
    """Integrate differences along arcs, without the arcs that contradict the others.

    Parameters
    ----------
    ends : int32, (arc, 2)
        First and second point.
    differences, sigmas : float64, (parameter, arc)
        Second minus first, and its sigma.
    n_points : int
        Number of points.
    usable : bool, (arc)
        Arcs that may be used at all.
    rejection_sigma : float
        An arc is left out whose difference departs by more than this many sigmas, in any parameter, from a solution of
        least absolute residuals, which a few wrong arcs do not move.
    minimum_arcs : int
        Points with fewer arcs left are left out, and their arcs with them.

    Returns
    -------
    Integrated

    Notes
    -----
    Each round drops arcs and points, and keeps the largest connected part.  The last solution is least squares with
    weights of one over variance.  Arcs that meet in a point share its noise: sigmas of the values do not follow from
    those of the arcs as if these were independent, and are not given here; they come from the fit of each point's series
    (:mod:`~fringeworks.timeseries.points.adjustment`).
    """
    kept = usable & np.isfinite(differences).all(axis=0)
    allowed = kept.copy()
    residual = np.full(differences.shape, np.nan)
    connected, datum = np.zeros(n_points, np.bool_), -1
    inconsistent = np.zeros(kept.size, np.bool_)
    for _ in range(ROUNDS):
        kept, connected, datum = _largest_part(ends, allowed, n_points, minimum_arcs)
        if not kept.any():
            break
        values = _solve(ends, differences, sigmas, kept, connected, datum, robust=True)
        residual = _residuals(ends, differences, sigmas, values)
        wrong = kept & (np.abs(residual) > rejection_sigma).any(axis=0)
        if not wrong.any():
            break
        inconsistent |= wrong
        allowed &= ~wrong
    kept, connected, datum = _largest_part(ends, allowed, n_points, minimum_arcs)
    values = np.full((len(differences), n_points), np.nan)
    if kept.any():
        values = _solve(ends, differences, sigmas, kept, connected, datum, robust=False)
    residual = _residuals(ends, differences, sigmas, values)
    return Integrated(values, kept, connected, residual, int(np.count_nonzero(inconsistent)), datum)


def _largest_part(ends: Counts, allowed: Bools, n_points: int, minimum_arcs: int) -> tuple[Bools, Bools, int]:
    """Keep the largest connected part in which each point has its arcs; return arcs, points and the best joined point."""
    kept = allowed.copy()
    while True:
        degree = np.bincount(ends[kept].ravel(), minlength=n_points)
        poor = (degree > 0) & (degree < minimum_arcs)
        if not poor.any():
            break
        kept &= ~poor[ends].any(axis=1)
    label = label_components(ends[kept], n_points)
    connected = (label == 0) & (degree > 0)
    kept &= connected[ends].all(axis=1) if kept.size else kept
    return kept, connected, int(np.argmax(np.where(connected, degree, -1))) if n_points else -1


def _solve(
    ends: Counts,
    differences: Reals,
    sigmas: Reals,
    kept: Bools,
    connected: Bools,
    datum: int,
    *,
    robust: bool,
) -> Reals:
    """Solve for the values of connected points, the datum's zero."""
    unknown = np.flatnonzero(connected & (np.arange(connected.size) != datum))
    number = np.full(connected.size, -1, np.int64)
    number[unknown] = np.arange(unknown.size)
    first, second = number[ends[kept, 0]], number[ends[kept, 1]]
    values = np.full((len(differences), connected.size), np.nan)
    for p, (difference, sigma) in enumerate(zip(differences[:, kept], sigmas[:, kept], strict=True)):
        solution = np.zeros(unknown.size + 1)
        weight = np.ones(difference.size)
        for _ in range(L1_ITERATIONS if robust else 1):
            solution[:-1] = _weighted_solution(first, second, difference, weight / sigma**2, unknown.size)
            rest = np.abs(difference - solution[second] + solution[first]) / sigma
            weight = 1.0 / np.maximum(rest, L1_FLOOR)
        values[p, unknown], values[p, datum] = solution[:-1], 0.0
    return values


def _weighted_solution(
    first: NDArray[np.int64], second: NDArray[np.int64], difference: Reals, weight: Reals, n: int
) -> Reals:
    """Solve the normal equations of a network; number -1 is the datum."""
    if n == 0:
        return np.zeros(0)
    inner = (first >= 0) & (second >= 0)
    rows = np.concatenate([first[first >= 0], second[second >= 0], first[inner], second[inner]])
    cols = np.concatenate([first[first >= 0], second[second >= 0], second[inner], first[inner]])
    data = np.concatenate([weight[first >= 0], weight[second >= 0], -weight[inner], -weight[inner]])
    right = np.bincount(second[second >= 0], (weight * difference)[second >= 0], n)
    right -= np.bincount(first[first >= 0], (weight * difference)[first >= 0], n)
    normal = coo_array((data, (rows, cols)), shape=(n, n)).tocsc()
    return np.asarray(splu(normal, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right))


def _residuals(ends: Counts, differences: Reals, sigmas: Reals, values: Reals) -> Reals:
    return np.asarray((differences - values[:, ends[:, 1]] + values[:, ends[:, 0]]) / sigmas)
