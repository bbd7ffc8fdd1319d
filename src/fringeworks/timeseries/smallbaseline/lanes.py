"""One pixel of a solved tile: its dates, closed over gaps and freed of the height error, and their variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.elimination import Elimination
from fringeworks.timeseries.smallbaseline.adjustment import Tile
from fringeworks.timeseries.smallbaseline.gaps import Constraint, apply_matrix

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@kernel
def dates_of_lane(tile: Tile, lane: int, graph: Elimination, dates: Array) -> None:
    """Copy the solution of a lane into (date) order [rad]; node 0 and nodes held at zero are zero."""
    dates[0] = 0.0
    for u in range(graph.node.size):
        dates[graph.node[u]] = tile.right[u, lane]


@kernel
def first_reached(label: Labels) -> int:
    """Return the first date with a value, -1 if there is none."""
    for k in range(label.size):
        if label[k] >= 0:
            return k
    return -1


@kernel
def close_dates(constraint: Constraint, label: Labels, dates: Array) -> None:
    """Subtract the terms of the constraint, then the first date; NaN where a date is not reached."""
    removed = apply_matrix(constraint.basis, apply_matrix(constraint.functional, dates))
    first = first_reached(label)
    zero = dates[first] - removed[first]
    for k in range(dates.size):
        dates[k] = dates[k] - removed[k] - zero if label[k] >= 0 else np.nan


@kernel
def apply_covariance(tile: Tile, lane: int, graph: Elimination, vector: Array) -> Array:
    """Return the covariance of a lane's dates (unit variance factor) times a vector, (date)."""
    n = graph.node.size
    x = np.empty(n)
    for u in range(n):
        x[u] = vector[graph.node[u]]
    for j in range(n):
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            x[graph.row[a]] -= tile.lower[a, lane] * x[j]
    for j in range(n - 1, -1, -1):
        x[j] *= tile.inverse_pivot[j, lane]
        for a in range(graph.column_start[j], graph.column_start[j + 1]):
            x[j] -= tile.lower[a, lane] * x[graph.row[a]]
    result = np.zeros(n + 1)
    for u in range(n):
        result[graph.node[u]] = x[u]
    return result


@kernel
def terms_covariance(
    constraint: Constraint,
    spread_terms: Array,
    variance_factor: float,
    scatter: float,
    height_variance: float,
) -> Array:
    """Return what the errors of the weak equations add to the covariance of the terms, (term, term) [rad^2].

    ``spread_terms`` is the part that the noise of the interferograms makes, for unit variance factor; where only
    the height error is estimated, it is already inside ``height_variance`` and not counted twice.
    """
    n = constraint.cofactor.shape[0]
    extra = np.zeros((n, n))
    if n == 1 and constraint.height:
        extra[0, 0] = max(height_variance - variance_factor * spread_terms[0, 0], 0.0)
    elif n > 0:
        for q in range(n):
            for r in range(n):
                extra[q, r] = scatter * constraint.cofactor[q, r]
    return extra


@kernel
def lane_variance(
    tile: Tile,
    lane: int,
    graph: Elimination,
    constraint: Constraint,
    label: Labels,
    factors: tuple[float, float, float],
) -> Array:
    """Compute the variance of a closed lane against its first date, (date) [rad^2].

    ``factors`` are the variance factor, the scatter of the weak equations [rad^2] and the variance of the height
    error [m^2].  :func:`invert_pattern` must have been called.
    """
    variance_factor, scatter, height_variance = factors
    n, n_terms = label.size, constraint.basis.shape[1]
    first = first_reached(label)
    unit = np.zeros(n)
    unit[first] = 1.0
    column = apply_covariance(tile, lane, graph, unit)
    smeared, inner = np.zeros((n_terms, n)), np.zeros((n_terms, n_terms))
    for q in range(n_terms):
        smear = apply_covariance(tile, lane, graph, constraint.functional[q])
        for k in range(n):
            smeared[q, k] = smear[k]
            for r in range(n_terms):
                inner[r, q] += constraint.functional[r, k] * smear[k]
    extra = terms_covariance(constraint, inner, variance_factor, scatter, height_variance)
    result = np.zeros(n)
    for u in range(graph.node.size):
        result[graph.node[u]] = tile.variance[u, lane]
    at_first = result[first]
    for k in range(n):
        noise, added = result[k] + at_first - 2.0 * column[k], 0.0
        for q in range(n_terms):
            step = constraint.basis[k, q] - constraint.basis[first, q]
            noise -= 2.0 * step * (smeared[q, k] - smeared[q, first])
            for r in range(n_terms):
                other = constraint.basis[k, r] - constraint.basis[first, r]
                noise += step * inner[q, r] * other
                added += step * extra[q, r] * other
        result[k] = variance_factor * max(noise, 0.0) + added if label[k] >= 0 else np.nan
    return result
