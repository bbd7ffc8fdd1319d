"""Arcs by integer least squares, with the periodogram where it cannot be used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.integer import MOST_DATES, CycleSearch, find_cycles, prepare_search
from fringeworks.timeseries.points.periodogram import ArcModels, Results, estimate_arcs, pieces
from fringeworks.timeseries.points.periodogram_kernels import difference_arcs, refine_series

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]


def estimate_arcs_by_integers(
    phase: Singles,
    variance: Singles,
    sensitivity: Singles,
    *,
    arcs: NDArray[np.int32],
    design: TimeDesign,
    growth: Reals,
    date_level: Reals,
) -> ArcModels:
    """Estimate velocity and height error along arcs from their most likely whole cycles.

    Parameters
    ----------
    phase, variance, sensitivity, arcs, design, growth, date_level
        As in :func:`~fringeworks.timeseries.points.periodogram.estimate_arcs`.

    Returns
    -------
    ArcModels
        Second point minus first.

    Notes
    -----
    The cycles come from integer least squares with a priori sigmas of half the limits
    (:func:`~fringeworks.timeseries.points.integer.find_cycles`); the fit of the phases with these cycles, and its coherence,
    are those of the periodogram's peak at the same place.  The noise that weighs dates against a priori
    sigmas is that of the median arc.  Arcs that miss a date, and stacks of more than 200 dates, are left to the periodogram.
    """
    n_dates = phase.shape[1]
    whole = np.asarray(np.isfinite(variance[arcs]).all(axis=(1, 2)), np.bool_)
    if not whole.any() or n_dates > MOST_DATES:
        return estimate_arcs(
            phase, variance, sensitivity, arcs=arcs, design=design, growth=growth, date_level=date_level
        )
    gaps = estimate_arcs(
        phase,
        variance,
        sensitivity,
        arcs=arcs[~whole],
        design=design,
        growth=growth[~whole],
        date_level=date_level,
    )
    ends = np.ascontiguousarray(arcs[whole], np.int32)
    both = variance[ends[:, 0]].astype(float) + variance[ends[:, 1]] + growth[whole, None] * date_level
    typical = np.median(sensitivity[np.unique(ends)], axis=0).astype(float)
    search = prepare_search(design, sensitivity=typical, variance=np.median(both, axis=0))
    found = Results.empty(int(np.count_nonzero(whole)))

    def work(first: int, last: int) -> None:
        for part in pieces(first, last):
            shape = (part.stop - part.start, n_dates)
            difference, weight, between = np.empty(shape), np.empty(shape), np.empty(shape)
            length = growth[whole][part]
            difference_arcs(
                phase, variance, sensitivity, ends[part], length, date_level, difference, weight, between
            )
            _refine(found, part, difference, weight, between, design=design, search=search)

    in_threads(work, len(ends))
    return _merge(found.models(), gaps, whole)


def _refine(
    found: Results,
    part: slice,
    difference: Reals,
    weight: Reals,
    sensitivity: Reals,
    *,
    design: TimeDesign,
    search: CycleSearch,
) -> None:
    wrapped = difference - 2.0 * np.pi * np.round(difference / (2.0 * np.pi))
    _, start, _ = find_cycles(wrapped, search)
    if not design.with_height:
        start[:, 1] = 0.0
    refine_series(
        wrapped,
        weight,
        sensitivity,
        design.columns,
        design.n_columns,
        start,
        np.array([design.max_velocity, design.max_height]),
        found.values[part],
        found.covariances[part],
    )


def _merge(first: ArcModels, second: ArcModels, which: NDArray[np.bool_]) -> ArcModels:
    """Put the models of two kinds of arcs back in order."""
    order = np.argsort(np.concatenate([np.flatnonzero(which), np.flatnonzero(~which)]), kind="stable")
    names = ArcModels.__dataclass_fields__
    return ArcModels(
        **{name: np.concatenate([getattr(first, name), getattr(second, name)])[order] for name in names}
    )
