"""Velocity and height error along arcs, from wrapped phases, by the largest temporal coherence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.design import TimeDesign
from fringeworks.timeseries.points.periodogram_kernels import (
    CHI_SQUARE,
    COHERENCE,
    CONSTANT,
    DATES,
    EFFECTIVE,
    HEIGHT,
    N_RESULTS,
    VELOCITY,
    difference_arcs,
    search_series,
)

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]

STEP = 2.0 * math.pi / 3.0
"""Change of phase over the whole span of a column between neighbours of the coarse search [rad]: at most 5 % of the
coherence is lost between them, in each direction."""
PIECE = 512
"""Series that are searched at once: their arrays stay in the cache."""
LIKING = 1e-4
"""Peaks that are alike to this share go to the smaller velocity and height error."""


@dataclass(frozen=True, slots=True)
class ArcModels:
    """What was found along arcs, from the first point to the second.

    Attributes
    ----------
    velocity, height : float64, (arc)
        Difference second minus first [m/yr, m]; NaN where fewer than two dates are common.
    coherence : float64, (arc)
        Temporal coherence of the model, 0 to 1.
    constant : float64, (arc)
        Phase that all dates share [rad].
    covariance : float64, (arc, parameter, parameter)
        Of velocity, height error and seasonal terms, from the variances of the phases; 0 where not estimated.
    chi_square : float64, (arc)
        Sum of squared residuals over their variance.
    effective : float64, (arc)
        Effective number of dates, (sum of weights)^2 / sum of squared weights.
    n_dates : int64, (arc)
        Dates that both points have.
    """

    velocity: Reals
    height: Reals
    coherence: Reals
    constant: Reals
    covariance: Reals
    chi_square: Reals
    effective: Reals
    n_dates: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SearchGrid:
    """Trial values of the coarse search and what they turn each date by.

    Attributes
    ----------
    velocities, heights : float64, (velocity), (height)
        Trial values [m/yr, m].
    cosines, sines : float32, (date, velocity)
        Of the phase of each trial velocity at each date.
    liking : float32, (height, velocity)
        Factor just below one that grows toward small values.
    """

    velocities: Reals
    heights: Reals
    cosines: Singles
    sines: Singles
    liking: Singles


def make_grid(design: TimeDesign, sensitivity_span: float) -> SearchGrid:
    """Lay out trial velocities and height errors.

    Parameters
    ----------
    design : TimeDesign
        Dates, and which parameters are searched within which limits.
    sensitivity_span : float
        Largest span over the dates of the phase of a metre of height error [rad/m].
    """
    velocities = _trials(design.max_velocity, float(np.ptp(design.line)))
    heights = _trials(design.max_height if design.with_height else 0.0, sensitivity_span)
    angle = design.line[:, None] * velocities
    share = np.add.outer(_share(heights) ** 2, _share(velocities) ** 2)
    return SearchGrid(
        velocities,
        heights,
        np.cos(angle).astype(np.float32),
        np.sin(angle).astype(np.float32),
        (1.0 - LIKING * share).astype(np.float32),
    )


def estimate_arcs(
    phase: Singles,
    variance: Singles,
    sensitivity: Singles,
    *,
    arcs: NDArray[np.int32],
    design: TimeDesign,
    growth: Reals | None = None,
    date_level: Reals | None = None,
) -> ArcModels:
    """Estimate velocity and height error along arcs by a two-dimensional periodogram.

    Parameters
    ----------
    phase : float32, (point, date)
        Wrapped phase [rad], positive toward the satellite.
    variance : float32, (point, date)
        Variance of the phase [rad^2]; NaN where a date is missing.
    sensitivity : float32, (point, date)
        Phase of one metre of height error [rad/m].
    arcs : int32, (arc, 2)
        Numbers of the two points.
    design : TimeDesign
        Dates and limits of the search.
    growth : float64, (arc), optional
        Length of each arc [m], along which the atmosphere's difference grows.
    date_level : float64, (date), optional
        Variance of that difference for each metre [rad^2/m], at each date; zero where not given.

    Returns
    -------
    ArcModels
        Second point minus first.

    Notes
    -----
    The model of least residual phase maximises |sum w exp(j (phase - a v - b h))| / sum w [Ferretti2001], with
    a = 4 pi / wavelength t and b the phase of a metre of height error, the mean of the two points'.  The largest peaks of
    a grid are climbed, and the highest is fitted by least squares on the residuals about it, which are then far below pi:
    at the noise of a scatterer the two estimates differ by less than a hundredth of their sigma, and the last has least
    squares' covariance.  Cost: trials x dates multiplications an arc.
    """
    n_arcs, n_dates = len(arcs), phase.shape[1]
    found = Results.empty(n_arcs)
    length = np.zeros(n_arcs) if growth is None else np.asarray(growth, float)
    level = np.zeros(n_dates) if date_level is None else np.asarray(date_level, float)
    grid = make_grid(design, _span(sensitivity))
    ends = np.ascontiguousarray(arcs, np.int32)

    def work(first: int, last: int) -> None:
        for part in pieces(first, last):
            shape = (part.stop - part.start, n_dates)
            difference, weight, between = np.empty(shape), np.empty(shape), np.empty(shape)
            difference_arcs(
                phase, variance, sensitivity, ends[part], length[part], level, difference, weight, between
            )
            found.search(part, difference, weight, between, design=design, grid=grid)

    in_threads(work, n_arcs)
    return found.models()


@dataclass(frozen=True, slots=True)
class Results:
    """Results of many searches, filled part by part.

    Attributes
    ----------
    values : float64, (series, result)
        Columns of the kernel.
    covariances : float64, (series, parameter, parameter)
        Of the parameters.
    """

    values: Reals
    covariances: Reals

    @classmethod
    def empty(cls, n: int) -> Results:
        """Make room for so many series."""
        return cls(np.full((n, N_RESULTS), np.nan), np.zeros((n, 4, 4)))

    def search(
        self,
        part: slice,
        difference: Reals,
        weight: Reals,
        sensitivity: Reals,
        *,
        design: TimeDesign,
        grid: SearchGrid,
    ) -> None:
        """Search the series of a part and fill their results.

        Parameters
        ----------
        part : slice
            Where they belong.
        difference, weight, sensitivity : float64, (series, date)
            Wrapped phase [rad], one over its variance (0 = missing), phase of a metre of height error [rad/m].
        design : TimeDesign
            Parameters.
        grid : SearchGrid
            Trial values.
        """
        search_series(
            difference,
            weight,
            sensitivity,
            design.columns,
            design.n_columns,
            grid.velocities,
            grid.heights,
            grid.cosines,
            grid.sines,
            grid.liking,
            self.values[part],
            self.covariances[part],
        )

    def models(self) -> ArcModels:
        """Name the columns."""
        return arc_models(self.values, self.covariances)


def pieces(first: int, last: int) -> list[slice]:
    """Cut a range into parts whose arrays stay small."""
    return [slice(k, min(k + PIECE, last)) for k in range(first, last, PIECE)]


def arc_models(results: Reals, covariances: Reals) -> ArcModels:
    """Name the columns of the kernels' results."""
    return ArcModels(
        velocity=results[:, VELOCITY],
        height=results[:, HEIGHT],
        coherence=results[:, COHERENCE],
        constant=results[:, CONSTANT],
        covariance=covariances,
        chi_square=results[:, CHI_SQUARE],
        effective=results[:, EFFECTIVE],
        n_dates=np.nan_to_num(results[:, DATES]).astype(np.int64),
    )


def _trials(limit: float, span: float) -> Reals:
    """Return values from -limit to +limit whose neighbours differ by at most STEP over the span, 0 among them."""
    n = math.ceil(limit * span / STEP) if span > 0 else 0
    return np.linspace(-limit, limit, 2 * n + 1) if n else np.zeros(1)


def _share(values: Reals) -> Reals:
    return values / max(float(np.abs(values).max()), 1e-30)


def _span(sensitivity: Singles) -> float:
    if sensitivity.size == 0:
        return 0.0
    spans = np.nanmax(sensitivity, axis=1) - np.nanmin(sensitivity, axis=1)
    return float(spans.max())
