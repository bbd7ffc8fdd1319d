"""From interferograms to the motion of each date: the small-baseline inversion of one block."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import DisconnectedNetworkError, OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.quality import Quality
from fringeworks.model.results import Inversion
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Tally
from fringeworks.numerics.elimination import plan_elimination
from fringeworks.numerics.leastsquares import LANES
from fringeworks.timeseries.smallbaseline.height import height_sensitivity
from fringeworks.timeseries.smallbaseline.options import InversionOptions
from fringeworks.timeseries.smallbaseline.rejection import Rule
from fringeworks.timeseries.smallbaseline.solution import Problem, Results, solve_block
from fringeworks.timeseries.smallbaseline.weights import coherence_weights, uniform_weights, variance_table


def invert(
    phase: FloatStack,
    coherence: FloatStack | None,
    *,
    network: PairNetwork,
    wavelength: float,
    effective_looks: float,
    slant_range: FloatImage | None = None,
    incidence: FloatImage | None = None,
    perpendicular_baseline: NDArray[np.floating] | None = None,
    pair_weight: NDArray[np.float64] | None = None,
    options: InversionOptions,
) -> Inversion:
    """Invert a block of unwrapped interferograms for the displacement of each date.

    Parameters
    ----------
    phase : float32, (pair, y, x)
        Unwrapped phase [rad], reference times conjugate of secondary: positive = away.  NaN = gap.
    coherence : float32, (pair, y, x), or None
        In [0, 1]; NaN = gap.  Not read with ``weighting`` uniform.
    network : PairNetwork
        Dates and pairs, in the order of ``phase``.
    wavelength : float
        Radar wavelength [m].
    effective_looks : float
        Independent samples behind a phase value, at least 1; not read with ``weighting`` uniform.
    slant_range, incidence : float32, (y, x), optional
        One-way range [m] and incidence angle [rad]; needed for the height error.
    perpendicular_baseline : float, (pair) or (pair, y, x), optional
        [m], sign as in :func:`height_sensitivity`; by default those of the network.
    pair_weight : float64, (pair), optional
        Factor on the weights of each pair, 0 (leave out) or 0.01 to 100.
    options : InversionOptions
        What a person may change.

    Returns
    -------
    Inversion
        Displacement toward the satellite and its quality.  A date that no interferogram reaches at a pixel is NaN
        there; the series is zero at the first date that is reached.

    Raises
    ------
    ShapeMismatchError
        Arrays and network do not fit each other.
    OutOfRangeError
        Wavelength, looks or pair weights cannot be right, or coherence is missing.
    DisconnectedNetworkError
        ``gaps`` is refuse, and no set of pixels could connect the network.

    Notes
    -----
    Each pixel is a weighted least-squares (or L1) adjustment of x[secondary] - x[reference] = phase.  Weights are
    one over the phase variance (:func:`phase_variance`), never the variance itself.  ``variance_factor`` is the weighted
    square sum of residuals over degrees of freedom f; below f = 10 it is drawn towards 1: f/10 of it plus 1 - f/10.
    Uniform weights know no scale: there the estimate stands as it is, and where there are no loops it is nearly zero, so
    that all noise is left to the scatter of the series.
    The series of a pixel depends on this pixel alone, to the last bit.
    """
    factor = _check(phase, coherence, network, wavelength, pair_weight, options)
    if options.gaps == "refuse":
        refuse_disconnected(network, used=factor > 0)
    n_pairs, rows, cols = phase.shape
    flat = np.ascontiguousarray(phase, np.float32).reshape(n_pairs, rows * cols)
    sensitivity = _sensitivity(
        (rows, cols), network, wavelength, slant_range, incidence, perpendicular_baseline, options
    )
    weight = prior_weights(flat, coherence, factor, effective_looks=effective_looks, options=options)
    results = _empty_results(weight, len(network.dates))
    problem = make_problem(network, sensitivity=sensitivity, options=options)
    graph = plan_elimination(network.endpoints(), n_nodes=len(network.dates))
    solve_block(flat, problem, _rule(options), graph, results)
    return _collect(results, network, wavelength, (rows, cols), options)


def _check(
    phase: FloatStack,
    coherence: FloatStack | None,
    network: PairNetwork,
    wavelength: float,
    pair_weight: NDArray[np.float64] | None,
    options: InversionOptions,
) -> NDArray[np.float64]:
    n_pairs = len(network.pairs)
    if phase.ndim != 3 or phase.shape[0] != n_pairs:
        raise ShapeMismatchError(f"phase of shape {phase.shape}", expected=f"({n_pairs} pairs, y, x)")
    if options.weighting == "coherence" and coherence is None:
        raise OutOfRangeError(
            "no coherence", expected="coherence of each interferogram", hint="or set weighting to uniform"
        )
    if coherence is not None and coherence.shape != phase.shape:
        raise ShapeMismatchError(
            f"coherence of shape {coherence.shape}", expected=f"that of the phase, {phase.shape}"
        )
    if not 0.0 < wavelength < 10.0:
        raise OutOfRangeError(f"wavelength of {wavelength} m", expected="metres, e.g. 0.0555 for Sentinel-1")
    return check_pair_weight(pair_weight, n_pairs)


def check_pair_weight(pair_weight: NDArray[np.float64] | None, n_pairs: int) -> NDArray[np.float64]:
    """Return the factor of each pair, ones by default.

    Raises
    ------
    ShapeMismatchError
        Not one for each pair.
    OutOfRangeError
        A factor is neither 0 nor in 0.01 to 100: beyond, rounding could no longer tell a weak link from a gap.
    """
    factor = np.ones(n_pairs) if pair_weight is None else np.asarray(pair_weight, np.float64)
    if factor.shape != (n_pairs,):
        raise ShapeMismatchError(f"{factor.shape} pair weights", expected=f"one for each of {n_pairs} pairs")
    wrong = ~((factor == 0) | ((factor >= 0.01) & (factor <= 100.0)))
    if wrong.any():
        raise OutOfRangeError(
            f"pair weight {factor[wrong][0]}", expected="0 (leave the pair out), or 0.01 to 100"
        )
    return factor


def refuse_disconnected(network: PairNetwork, *, used: NDArray[np.bool_]) -> None:
    """Raise if the pairs in use fall into subsets without a common date.

    Raises
    ------
    DisconnectedNetworkError
        They do; the message names the gap.
    """
    component = network.components(used)
    reached = np.zeros(len(network.dates), np.bool_)
    reached[np.unique(network.endpoints()[used])] = True
    subsets = [component[k] for k in np.flatnonzero(reached)]
    if len(set(subsets)) > 1:
        first = next(k for k in range(len(network.dates)) if reached[k] and component[k] != subsets[0])
        raise DisconnectedNetworkError(
            f"{int(used.sum())} interferograms in {len(set(subsets))} subsets without a common date; "
            f"the second one starts on {network.dates[first]}",
            expected="a connected network",
            hint="add interferograms across the gap, or set gaps to bridge",
        )


def _sensitivity(
    shape: tuple[int, int],
    network: PairNetwork,
    wavelength: float,
    slant_range: FloatImage | None,
    incidence: FloatImage | None,
    perpendicular_baseline: NDArray[np.floating] | None,
    options: InversionOptions,
) -> NDArray[np.float32]:
    if not options.dem_error:
        return np.zeros((0, 0), np.float32)
    if slant_range is None or incidence is None:
        raise OutOfRangeError(
            "no slant range or incidence",
            expected="both, to estimate the height error",
            hint="or set dem_error to false",
        )
    if slant_range.shape != shape or incidence.shape != shape:
        raise ShapeMismatchError(
            f"slant range {slant_range.shape} and incidence {incidence.shape}", expected=f"{shape}"
        )
    result = height_sensitivity(
        network,
        wavelength=wavelength,
        slant_range=slant_range,
        incidence=incidence,
        perpendicular_baseline=perpendicular_baseline,
    )
    return np.ascontiguousarray(result.reshape(result.shape[0], -1))


def prior_weights(
    flat: NDArray[np.float32],
    coherence: FloatStack | None,
    factor: NDArray[np.float64],
    *,
    effective_looks: float,
    options: InversionOptions,
) -> NDArray[np.float32]:
    """Return the weight of each value before any rejection, (pair, pixel) [1/rad^2]; 0 = gap."""
    weight = np.empty_like(flat)
    if options.weighting == "uniform" or coherence is None:
        uniform_weights(flat, factor, weight)
    else:
        table = variance_table(effective_looks)
        quality = np.ascontiguousarray(coherence, np.float32).reshape(flat.shape)
        coherence_weights(flat, quality, factor, table, weight)
    return weight


def make_problem(
    network: PairNetwork, *, sensitivity: NDArray[np.float32], options: InversionOptions
) -> Problem:
    """Gather what the compiled loop needs to know of network and options."""
    return Problem(
        edges=network.endpoints(),
        years=network.years,
        sensitivity=sensitivity,
        absolute=options.norm == "l1",
        bridge=options.gaps == "bridge",
        known_scale=options.weighting == "coherence",
        minimum_per_date=options.minimum_per_date,
        minimum_interferograms=options.minimum_interferograms,
    )


def _rule(options: InversionOptions) -> Rule:
    return Rule(
        options.robust_iterations,
        options.robust_scale,
        options.rejection_threshold if options.rejection_iterations else math.inf,
        options.rejection_sigma,
        options.rejection_iterations,
        options.max_rejected_fraction,
    )


def _empty_results(weight: NDArray[np.float32], n_dates: int) -> Results:
    n_pairs, n_pixels = weight.shape
    n_tiles = -(-n_pixels // LANES)

    def image() -> NDArray[np.float32]:
        return np.full(n_pixels, np.nan, np.float32)

    return Results(
        dates=np.full((n_dates, n_pixels), np.nan, np.float32),
        dates_std=np.full((n_dates, n_pixels), np.nan, np.float32),
        weight=weight,
        variance_factor=image(),
        height=image(),
        height_std=image(),
        bridge_scatter=image(),
        rms=image(),
        temporal_coherence=image(),
        n_used=np.zeros(n_pixels, np.int16),
        n_dates=np.zeros(n_pixels, np.int16),
        n_subsets=np.zeros(n_pixels, np.int16),
        unsettled=np.zeros(n_pixels, np.bool_),
        pair_square=np.zeros((n_tiles, n_pairs)),
        pair_count=np.zeros((n_tiles, n_pairs), np.int64),
        pair_rejected=np.zeros((n_tiles, n_pairs), np.int64),
    )


def _flags(results: Results, options: InversionOptions) -> NDArray[np.uint16]:
    flags = np.zeros(results.n_used.shape, np.uint16)
    empty = results.n_used == 0
    few = ~empty & ((results.n_used < options.minimum_interferograms) | (results.n_subsets == 0))
    for bit, where in (
        (Quality.NO_DATA, empty),
        (Quality.TOO_FEW_INTERFEROGRAMS, few),
        (Quality.NETWORK_DISCONNECTED, results.n_subsets > 1),
        (Quality.DATES_MISSING, ~empty & (results.n_dates < results.dates.shape[0])),
        (Quality.NOT_CONVERGED, results.unsettled),
    ):
        flags[where] |= np.uint16(bit)
    return flags


def _tally(results: Results, flags: NDArray[np.uint16]) -> Tally:
    used = np.isfinite(results.dates).any(axis=0)
    reasons: dict[str, int] = {}
    left = ~used
    for bit, reason in (
        (Quality.NO_DATA, "no data"),
        (Quality.TOO_FEW_INTERFEROGRAMS, "too few interferograms"),
        (Quality.NETWORK_DISCONNECTED, "network disconnected"),
    ):
        hit = left & ((flags & np.uint16(bit)) > 0)
        reasons[reason] = int(hit.sum())
        left &= ~hit
    return Tally("pixels", used.size, int(used.sum()), reasons)


def _collect(
    results: Results,
    network: PairNetwork,
    wavelength: float,
    shape: tuple[int, int],
    options: InversionOptions,
) -> Inversion:
    metres = np.float32(wavelength / (4.0 * math.pi))
    flags = _flags(results, options)
    pair_square, pair_count = results.pair_square.sum(axis=0), results.pair_count.sum(axis=0)
    n_dates = len(network.dates)
    ends = network.endpoints().T
    date_square = sum(np.bincount(e, 0.5 * pair_square, n_dates) for e in ends)
    date_count = sum(np.bincount(e, 0.5 * pair_count, n_dates) for e in ends)
    np.multiply(results.dates, -metres, out=results.dates)
    results.dates[results.dates == 0.0] = 0.0  # no negative zeros
    np.multiply(results.dates_std, metres, out=results.dates_std)
    return Inversion(
        displacement=results.dates.reshape(n_dates, *shape),
        displacement_std=results.dates_std.reshape(n_dates, *shape),
        weight=results.weight.reshape(-1, *shape),
        variance_factor=results.variance_factor.reshape(shape),
        dem_error=results.height.reshape(shape),
        dem_error_std=results.height_std.reshape(shape),
        misclosure_rms=results.rms.reshape(shape),
        temporal_coherence=results.temporal_coherence.reshape(shape),
        n_interferograms=results.n_used.reshape(shape),
        n_dates=results.n_dates.reshape(shape),
        n_subsets=results.n_subsets.reshape(shape),
        flags=flags.reshape(shape),
        pair_square_sum=pair_square,
        pair_count=pair_count,
        date_square_sum=np.asarray(date_square, np.float64),
        date_count=np.asarray(date_count, np.float64),
        pair_rejected=results.pair_rejected.sum(axis=0),
        tally=_tally(results, flags),
        bridge_scatter=(results.bridge_scatter * metres).reshape(shape),
    )
