"""The full covariance of the dates of each pixel, from the weights that the inversion left."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.stack import PairNetwork
from fringeworks.numerics.compiled import in_threads, kernel
from fringeworks.numerics.elimination import Elimination, plan_elimination
from fringeworks.numerics.leastsquares import LANES, invert_whole
from fringeworks.timeseries.smallbaseline.adjustment import adjust, count_rank, load, new_tile
from fringeworks.timeseries.smallbaseline.gaps import Constraint, build_constraint, label_subsets, multiply
from fringeworks.timeseries.smallbaseline.lanes import first_reached, terms_covariance
from fringeworks.timeseries.smallbaseline.options import InversionOptions

Single = NDArray[np.float32]
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def date_covariance(
    weight: Single,
    *,
    network: PairNetwork,
    wavelength: float,
    variance_factor: Single,
    sensitivity: Single | None = None,
    dem_error_std: Single | None = None,
    bridge_scatter: Single | None = None,
    options: InversionOptions,
) -> Single:
    """Compute the covariance of the displacement series of pixels against their first date.

    Parameters
    ----------
    weight : float32, (pair, pixel)
        ``Inversion.weight`` [1/rad^2].
    network : PairNetwork
        As given to the inversion.
    wavelength : float
        Radar wavelength [m].
    variance_factor : float32, (pixel)
        ``Inversion.variance_factor``.
    sensitivity : float32, (date, pixel), optional
        Of :func:`height_sensitivity` [rad/m], where the height error was removed from the series.
    dem_error_std, bridge_scatter : float32, (pixel), optional
        Of the inversion [m]; where they are left out, or NaN, only the noise of the interferograms is counted.
    options : InversionOptions
        As given to the inversion.

    Returns
    -------
    float32, (pixel, date, date)
        [m^2]; zero rows and columns at the first date reached, NaN at dates that have no value.  Its diagonal is
        the square of ``Inversion.displacement_std``.

    Raises
    ------
    ShapeMismatchError
        Arrays and network do not fit each other.

    Notes
    -----
    Takes 4 date^2 bytes a pixel for the result and little else: call it for a few thousand pixels at a time.
    """
    n_pixels = weight.shape[-1]
    if weight.shape != (len(network.pairs), n_pixels) or variance_factor.shape != (n_pixels,):
        raise ShapeMismatchError(
            f"weights {weight.shape} and variance factors {variance_factor.shape}",
            expected=f"({len(network.pairs)} pairs, pixel) and (pixel)",
        )
    n_dates, metres = len(network.dates), wavelength / (4.0 * math.pi)
    graph = plan_elimination(network.endpoints(), n_nodes=n_dates)
    flat = np.ascontiguousarray(weight, np.float32)
    empty = np.zeros((0, 0), np.float32)
    height = empty if sensitivity is None or not options.dem_error else sensitivity
    zero = np.zeros(n_pixels)
    known = np.stack(
        [
            variance_factor.astype(float),
            zero if bridge_scatter is None else np.nan_to_num(bridge_scatter / metres) ** 2,
            zero if dem_error_std is None else np.nan_to_num(dem_error_std.astype(float)) ** 2,
        ]
    )
    result = np.full((n_pixels, n_dates, n_dates), np.nan, np.float32)
    edges, years = network.endpoints(), network.years

    def work(first: int, last: int) -> None:
        _covariance_tiles(
            (first, last, LANES),
            flat,
            (edges, years, known, height),
            (options.minimum_per_date, options.minimum_interferograms, int(options.gaps == "bridge")),
            graph,
            metres**2,
            result,
        )

    in_threads(work, -(-n_pixels // LANES))
    return result


@kernel
def _covariance_tiles(
    tiles: tuple[int, int, int],
    weight: Single,
    arrays: tuple[Labels, Array, Array, Single],
    limits: tuple[int, int, int],
    graph: Elimination,
    square_metres: float,
    result: Single,
) -> None:
    edges, years, known, height = arrays
    first, last, lanes = tiles
    tile = new_tile(weight.shape[0], graph, lanes)
    inverse = np.empty((graph.node.size**2, lanes))
    label, parent = np.empty(years.size, np.int64), np.empty(years.size, np.int64)
    for t in range(first, last):
        start = t * lanes
        count = min(lanes, weight.shape[1] - start)
        load(tile, weight, weight, start, count)
        adjust(tile, graph)
        invert_whole(tile.lower, tile.inverse_pivot, graph, inverse)
        for k in range(count):
            pixel = start + k
            if count_rank(tile, k) == graph.node.size and limits[0] == 1 and height.size == 0:
                _write_plain(inverse, k, graph, known[0, pixel] * square_metres, result[pixel])
                continue
            n_used = 0
            for p in range(weight.shape[0]):
                n_used += tile.weight[p, k] > 0
            n_subsets = label_subsets(tile.weight[:, k], edges, limits[0], label, parent)
            if n_used >= limits[1] and (n_subsets == 1 or (n_subsets > 1 and limits[2] == 1)):
                sensitivity = np.empty(height.shape[0])
                for d in range(sensitivity.size):
                    sensitivity[d] = height[d, pixel]
                offsets = n_subsets if n_subsets > 1 else 0
                constraint = build_constraint(label, n_subsets, years, sensitivity, offsets)
                whole = _close_covariance(inverse, k, graph, constraint, known[:, pixel], label)
                for i in range(years.size):
                    for j in range(years.size):
                        result[pixel, i, j] = whole[i, j] * square_metres


@kernel
def _write_plain(inverse: Array, lane: int, graph: Elimination, scale: float, result: Single) -> None:
    for i in range(result.shape[0]):
        result[0, i] = 0.0
        result[i, 0] = 0.0
    for u in range(graph.node.size):
        for v in range(graph.node.size):
            result[graph.node[u], graph.node[v]] = scale * inverse[u * graph.node.size + v, lane]


@kernel
def _close_covariance(
    inverse: Array, lane: int, graph: Elimination, constraint: Constraint, known: Array, label: Labels
) -> Array:
    """Carry the covariance of the dates through the closing of gaps and the removal of the height error."""
    n, n_terms = label.size, constraint.basis.shape[1]
    plain = np.zeros((n, n))
    for u in range(graph.node.size):
        for v in range(graph.node.size):
            plain[graph.node[u], graph.node[v]] = inverse[u * graph.node.size + v, lane]
    smeared = multiply(constraint.functional, plain)
    inner = multiply(smeared, constraint.functional.T)
    extra = terms_covariance(constraint, inner, known[0], known[1], known[2])
    cross = multiply(constraint.basis, smeared)
    for q in range(n_terms):
        for r in range(n_terms):
            inner[q, r] = known[0] * inner[q, r] + extra[q, r]
    square = multiply(multiply(constraint.basis, inner), constraint.basis.T)
    whole = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            whole[i, j] = known[0] * (plain[i, j] - cross[i, j] - cross[j, i]) + square[i, j]
    first = first_reached(label)
    result = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            relative = whole[i, j] - whole[first, j] - whole[i, first] + whole[first, first]
            result[i, j] = relative if label[i] >= 0 and label[j] >= 0 else np.nan
    return result
