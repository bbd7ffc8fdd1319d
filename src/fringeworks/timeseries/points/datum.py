"""What the phases of a network are relative to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.points.adjustment import fit_series
from fringeworks.timeseries.points.densify import PointArrays
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.options import NetworkOptions

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Datum:
    """The series that is zero by definition.

    Attributes
    ----------
    series : float64, (date)
        To be subtracted from the unwrapped phases [rad]; 0 at the reference date.
    point : int
        Number of the reference point; -1 where there is none.
    date : int
        Index of the reference date.
    """

    series: Reals
    point: int
    date: int


def choose_datum(
    phase: Singles,
    arrays: PointArrays,
    *,
    members: NDArray[np.int64],
    design: TimeDesign,
    options: NetworkOptions,
    coherence: Reals,
    date_level: Reals,
    reference: int,
) -> Datum:
    """Compute the series that phases are relative to.

    Parameters
    ----------
    phase : float32, (point, date)
        Unwrapped phases [rad], NaN where a point is not used.
    arrays : PointArrays
        All points.
    members : int64, (member)
        Points of the network.
    design : TimeDesign
        Parameters.
    options : NetworkOptions
        Kind of datum, and the reference point if one is wanted.
    coherence : float64, (point)
        Temporal coherence of each point against its neighbours.
    date_level : float64, (date)
        How strong the atmosphere of each date is against the others, of any scale.
    reference : int
        Index of the reference date.

    Returns
    -------
    Datum

    Notes
    -----
    The mean of the network has the noise of one point over the root of their number, and thus leaves each point its own
    noise only; a single point would add its own to all.  A linear motion and a height error that most points share cannot
    be told from the datum's own: the mean is turned until their medians are zero.  Elevation models are right in the
    median; the velocity is for a person to place (docs/howto/pick-a-reference.md).
    """
    there = members[np.isfinite(phase[members]).any(axis=1)]
    if there.size == 0:
        return Datum(np.zeros(len(design.line)), -1, reference)
    series = _mean_series(phase[there])
    series -= series[reference]
    fits = fit_series(
        phase[there] - series.astype(np.float32),
        arrays.variance[there],
        arrays.sensitivity[there],
        design=design,
        date_level=date_level,
    )
    velocity, height = fits.velocity, fits.height
    typical = np.median(arrays.sensitivity[there], axis=0)
    turn = np.nanmedian(velocity) * design.line + np.nanmedian(height) * typical
    turn = np.where(np.isfinite(turn), turn, 0.0)
    point = options.reference_point
    if point < 0:
        point = int(there[_most_typical(velocity, height, coherence[there])])
    return Datum(series + turn - turn[reference], point, reference)


def _mean_series(phase: Singles) -> Reals:
    """Return the mean over points of each date, level although points miss dates: mean steps about each point's mean."""
    values = phase.astype(float)
    whole = np.isfinite(values).all(axis=1)
    if whole.any():
        return np.asarray(values[whole].mean(axis=0))
    centred = values - np.nanmean(values, axis=1, keepdims=True)
    known = np.isfinite(centred)
    return np.asarray(np.where(known, centred, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _most_typical(velocity: Reals, height: Reals, coherence: Reals) -> int:
    """Return the most coherent point among the tenth whose velocity and height error are nearest to the median."""
    distance = np.zeros(velocity.size)
    for values in (velocity, height):
        away = np.abs(values - np.nanmedian(values))
        distance += away / max(float(np.nanmedian(away)), 1e-12)
    distance = np.where(np.isfinite(distance), distance, np.inf)
    near = np.argsort(distance, kind="stable")[: max(1, velocity.size // 10)]
    return int(near[np.argmax(np.nan_to_num(coherence[near], nan=-1.0))])
