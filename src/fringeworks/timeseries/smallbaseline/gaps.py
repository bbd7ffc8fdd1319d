"""What the network leaves open at a pixel: subsets without a common date, and the height error.

Both are closed by the same weak statement, that of NSBAS (Lopez-Quiroz et al. 2009; Doin et al. 2011): the phase of the
dates is a parabola in time plus a term proportional to the perpendicular baseline,

    x[k] = c[subset of k] + b t[k] + a t[k]^2 + e u[k].

NSBAS adds these equations to the data with a weight so small that they matter only where the data say nothing.
Here the limit of vanishing weight is taken exactly: the data are solved first, then the equations by ordinary least
squares for what the data leave open.  So a connected pixel is not biased at all, and no weight has to be chosen.

All functions work on one pixel; arrays are (date).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

COLLINEAR = 1e-6
"""A column is dropped that the others explain but for this share of its square."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@kernel
def root(parent: Labels, k: int) -> int:
    """Return the representative of a date's subset, shortening the way to it."""
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@kernel
def join(parent: Labels, i: int, j: int) -> None:
    """Make one subset of those of two dates; the earlier date represents it."""
    a, b = root(parent, i), root(parent, j)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@kernel
def label_subsets(weight: Array, edges: Labels, minimum: int, label: Labels, parent: Labels) -> int:
    """Give numbers to the connected subsets of the dates that interferograms with weight reach.

    Parameters
    ----------
    weight : float64, (pair)
        Weight; 0 = not used.
    edges : int64, (pair, 2)
        Dates of each pair.
    minimum : int
        A date with fewer interferograms is not reached.
    label : int64, (date)
        Receives the subset's number from 0, in order of time; -1 = not reached.
    parent : int64, (date)
        Working memory.

    Returns
    -------
    int
        Number of subsets.
    """
    label[:] = 0
    for k in range(parent.size):
        parent[k] = k
    for p in range(weight.size):
        if weight[p] > 0:
            i, j = edges[p]
            label[i] += 1
            label[j] += 1
            join(parent, i, j)
    n = 0
    first = np.full(parent.size, -1)
    for k in range(label.size):
        if label[k] < minimum:
            label[k] = -1
            continue
        r = root(parent, k)
        if first[r] < 0:
            first[r] = n
            n += 1
        label[k] = first[r]
    return n


class Constraint(NamedTuple):
    """Least-squares solution of the weak equations, as matrices.

    Attributes
    ----------
    basis : float64, (date, term)
        What is subtracted from the dates for a unit of each term: subset offsets (if there are several), then
        the height error (if asked for); rows of dates that are not reached are zero.
    functional : float64, (term, date)
        Terms = functional @ dates.
    cofactor : float64, (term, term)
        Covariance of the terms for unit variance of the equations' errors.
    full, reader : float64, (date, parameter), (parameter, date)
        All columns and the matrix that solves for them, to find the errors of the equations.
    freedom : int
        Equations minus parameters.
    height : bool
        The last term is the height error, and it could be told from the rest.
    """

    basis: Array
    functional: Array
    cofactor: Array
    full: Array
    reader: Array
    freedom: int
    height: bool


@kernel
def multiply(a: Array, b: Array) -> Array:
    """Multiply two matrices by plain sums, which give the same bits on every machine."""
    result = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                result[i, j] += a[i, k] * b[k, j]
    return result


@kernel
def apply_matrix(a: Array, x: Array) -> Array:
    """Multiply a matrix and a vector by plain sums."""
    result = np.zeros(a.shape[0])
    for i in range(a.shape[0]):
        for k in range(x.size):
            result[i] += a[i, k] * x[k]
    return result


@kernel
def _sweep(matrix: Array) -> NDArray[np.bool_]:
    """Invert a symmetric matrix in place (sweep operator), columns explained by earlier ones set to zero."""
    n = matrix.shape[0]
    used = np.zeros(n, np.bool_)
    whole = np.empty(n)
    for k in range(n):
        whole[k] = matrix[k, k]
    for k in range(n):
        d = matrix[k, k]
        if not d > COLLINEAR * whole[k]:
            continue
        used[k] = True
        for i in range(n):
            if i != k:
                b = matrix[i, k] / d
                for j in range(n):
                    if j != k:
                        matrix[i, j] -= b * matrix[k, j]
                matrix[i, k] = -b
        for j in range(n):
            matrix[k, j] /= d
        matrix[k, k] = 1.0 / d
    for k in range(n):
        for i in range(n):
            if not (used[k] and used[i]):
                matrix[i, k] = 0.0
    return used


@kernel
def _columns(label: Labels, n_subsets: int, years: Array, sensitivity: Array) -> Array:
    """Stack offset, t, t^2 and height columns; t is scaled to -1...1."""
    n = label.size
    full = np.zeros((n, n_subsets + 2 + (sensitivity.size > 0)))
    middle = 0.5 * (years[0] + years[-1])
    half = max(0.5 * (years[-1] - years[0]), 1e-9)
    for k in range(n):
        if label[k] >= 0:
            t = (years[k] - middle) / half
            full[k, label[k]] = 1.0
            full[k, n_subsets] = t
            full[k, n_subsets + 1] = t * t
            if sensitivity.size > 0:
                full[k, n_subsets + 2] = sensitivity[k]
    return full


@kernel
def build_constraint(
    label: Labels, n_subsets: int, years: Array, sensitivity: Array, n_offsets: int
) -> Constraint:
    """Solve the weak equations of one pixel.

    Parameters
    ----------
    label, n_subsets
        Of :func:`label_subsets`.
    years : float64, (date)
        Time of each date.
    sensitivity : float64, (date) or (0)
        Phase of one metre of height error [rad/m]; empty or NaN where none is to be estimated.
    n_offsets : int
        Subset offsets among the terms: all of them or none.
    """
    known = sensitivity.size > 0
    for k in range(sensitivity.size):
        known = known and np.isfinite(sensitivity[k])
    full = _columns(label, n_subsets, years, sensitivity if known else sensitivity[:0])
    normal = multiply(full.T, full)
    used = _sweep(normal)
    freedom, last = 0, full.shape[1] - 1
    for k in range(label.size):
        freedom += label[k] >= 0
    for s in range(last + 1):
        freedom -= used[s]
    height = known and used[last] and freedom > 0
    n_terms = n_offsets + (1 if height else 0)
    reader = multiply(normal, full.T)
    basis, functional = np.empty((label.size, n_terms)), np.empty((n_terms, label.size))
    cofactor = np.empty((n_terms, n_terms))
    for q in range(n_terms):
        s = q if q < n_offsets else last
        for k in range(label.size):
            basis[k, q] = full[k, s]
            functional[q, k] = reader[s, k]
        for r in range(n_terms):
            cofactor[q, r] = normal[s, r if r < n_offsets else last]
    return Constraint(basis, functional, cofactor, full, reader, freedom, height)


@kernel
def constraint_scatter(constraint: Constraint, dates: Array) -> float:
    """Estimate the variance of the equations' errors from one pixel's dates [rad^2].

    Where nothing is left over to tell it, the mean square of the dates themselves stands in: an upper bound.
    """
    total, error = 0.0, np.zeros(dates.size)
    if constraint.freedom > 0:
        error = apply_matrix(constraint.full, apply_matrix(constraint.reader, dates))
    for k in range(dates.size):
        reached = False
        for s in range(constraint.full.shape[1]):
            reached = reached or constraint.full[k, s] != 0.0
        if reached:
            total += (dates[k] - error[k]) ** 2
    return total / (constraint.freedom if constraint.freedom > 0 else dates.size)
