"""The atmosphere of every date, from the residual phases of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.points.atmosphere_highpass import high_pass, motion_terms, pass_matrix
from fringeworks.timeseries.points.atmosphere_options import AtmosphereOptions
from fringeworks.timeseries.points.kriging import krige
from fringeworks.timeseries.points.variogram import fit_dates, fit_measured
from fringeworks.timeseries.points.variogram_models import Variogram
from fringeworks.timeseries.points.variogram_pairs import measure_variogram

Doubles: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.float32]

DAYS_OF_A_YEAR: Final = 365.25
_FEWEST_DATES: Final = 5
_FEWEST_POINTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """What a network tells of the atmosphere.

    Attributes
    ----------
    phase : float32, (date, place)
        Of each date minus the reference date [rad], up to one constant a date; to be subtracted.  Orthogonal in time to a
        straight line (and the yearly sine, where it counts as motion): with equal weights, subtracting it changes no
        velocity.  0 where nothing could be estimated.
    phase_std : float32, (date, place)
        Of the error of ``phase`` as an estimate of the atmosphere's high-passed part [rad]; 0 at the reference date, NaN
        where nothing could be estimated.
    left_share : float64, (date,)
        Share of the variance of an atmosphere of equal strength at all dates that the high-pass counts as motion and that
        therefore stays; 1 where nothing could be estimated.
    variogram : Variogram
        Of the high-passed phases, pooled over dates [rad2].
    sill, nugget : float64, (date,)
        Of the dates, for the pooled shape [rad2]; NaN where nothing could be estimated.
    findings : tuple of Finding
        What a person should read.
    tally : Tally
        Of dates.
    """

    phase: Reals
    phase_std: Reals
    left_share: Doubles
    variogram: Variogram
    sill: Doubles
    nugget: Doubles
    findings: tuple[Finding, ...]
    tally: Tally


def estimate_atmosphere(
    x: Doubles,
    y: Doubles,
    residual: NDArray[np.floating],
    *,
    years: Doubles,
    at_x: Doubles,
    at_y: Doubles,
    reference: int = 0,
    phase_std: NDArray[np.floating] | None = None,
    variogram: Variogram | None = None,
    options: AtmosphereOptions | None = None,
) -> Atmosphere:
    """Estimate the atmosphere from a network's residual phases, and predict it at other places.

    Parameters
    ----------
    x, y : float64, (point,)
        Coordinates in a plane [m].
    residual : floating, (date, point)
        Unwrapped phase of each date minus that of the reference date, without velocity and height error [rad]; motion that is
        smooth in time may still be in it.  NaN where missing.
    years : float64, (date,)
        Time of the dates [yr].
    at_x, at_y : float64, (place,)
        Where it is wanted [m].
    reference : int
        Index of the reference date.
    phase_std : floating, (point,), optional
        Noise of the points [rad]: noisier ones count less.  Only their ratios matter; the level is the nugget's.
    variogram : Variogram, optional
        Known one of the high-passed phases; without it one is fitted.
    options : AtmosphereOptions, optional
        What a person may change.

    Returns
    -------
    Atmosphere

    Raises
    ------
    ShapeMismatchError
        Arrays disagree about dates, points or places.
    OutOfRangeError
        The reference date does not exist, or times are not finite.

    Notes
    -----
    The atmosphere is new at every date and alike at near points; motion is alike at near dates; noise is neither.  First what
    could be motion is taken off in time (:func:`~.atmosphere_highpass.high_pass`); of what is left, the part that is alike at
    near points is predicted by ordinary kriging, date by date, with a variogram whose shape all dates share and whose sill and
    nugget are each date's own.  The atmosphere of the reference date, which is in all dates, is found with the others': each
    date's is relative to the mean of all before it is set relative to the reference date.
    """
    options = options or AtmosphereOptions()
    _check(x, y, residual, years, at_x, at_y, reference, phase_std)
    n_dates, n_points = residual.shape
    terms = motion_terms(years, seasonal="auto" if options.seasonal else "never")
    alive = int(np.count_nonzero(np.isfinite(residual).sum(axis=0) > terms.shape[1]))
    if n_dates < max(_FEWEST_DATES, terms.shape[1] + 2) or alive < _FEWEST_POINTS:
        return _nothing(residual, len(at_x), f"{n_dates} dates at {alive} points with enough of them")
    smoothing = options.smoothing_days / DAYS_OF_A_YEAR
    rough = high_pass(residual, years=years, terms=terms, smoothing_years=smoothing)
    passed = pass_matrix(years, terms, smoothing_years=smoothing)
    measured = measure_variogram(x, y, rough, longest=options.longest_distance_m or None)
    fitted = fit_measured(measured, model=options.variogram) if variogram is None else variogram
    sill, nugget = fit_dates(measured, fitted)
    told = np.isfinite(sill)
    sill, nugget = np.where(told, sill, fitted.sill), np.where(told, nugget, fitted.nugget)
    values, std = krige(
        x,
        y,
        rough,
        variogram=fitted,
        at_x=at_x,
        at_y=at_y,
        sill=sill,
        nugget=nugget,
        noise=_noise(phase_std),
        neighbours=options.neighbours,
    )
    values = _orthogonal(values, terms)
    phase = values - values[reference]
    left = np.square(np.eye(n_dates) - passed).sum(axis=1)
    return Atmosphere(
        phase=phase,
        phase_std=_difference_std(std, passed, reference),
        left_share=left,
        variogram=fitted,
        sill=sill,
        nugget=nugget,
        findings=_findings(fitted, left, n_points),
        tally=Tally("dates", n_dates, int(told.sum()), {"too few points": int(n_dates - told.sum())}),
    )


def _check(
    x: Doubles,
    y: Doubles,
    residual: NDArray[np.floating],
    years: Doubles,
    at_x: Doubles,
    at_y: Doubles,
    reference: int,
    phase_std: NDArray[np.floating] | None,
) -> None:
    if (
        residual.ndim != 2
        or residual.shape != (len(years), len(x))
        or x.shape != y.shape
        or at_x.shape != at_y.shape
    ):
        raise ShapeMismatchError(
            f"residual of {residual.shape}, {len(years)} times, points of {x.shape} and {y.shape}, places of {at_x.shape} and "
            f"{at_y.shape}",
            expected="(date, point), (date,), (point,) twice, (place,) twice",
        )
    if phase_std is not None and phase_std.shape != x.shape:
        raise ShapeMismatchError(f"phase_std of {phase_std.shape}", expected=f"{x.shape}")
    if not 0 <= reference < max(len(years), 1):
        raise OutOfRangeError(f"reference date {reference}", expected=f"0 to {len(years) - 1}")
    if not np.isfinite(years).all():
        raise OutOfRangeError("times that are not finite", expected="decimal years of every date")


def _noise(phase_std: NDArray[np.floating] | None) -> Doubles | None:
    """Return variances whose ratios are those of the points; one that is missing or far too small becomes usual."""
    if phase_std is None:
        return None
    variance = np.square(phase_std.astype(np.float64))
    known = np.isfinite(variance) & (variance > 0.0)
    usual = float(np.median(variance[known])) if known.any() else 1.0
    return np.maximum(np.where(known, variance, usual), 0.01 * usual)


def _orthogonal(values: Reals, terms: Doubles) -> Reals:
    """Take the terms off predicted series once more, (date, place); weights differed from date to date.  NaN becomes 0."""
    told = np.isfinite(values).all(axis=1)
    out = np.zeros(values.shape, np.float32)
    if told.any():
        part = values[told].astype(np.float64)
        out[told] = part - terms[told] @ np.linalg.lstsq(terms[told], part, rcond=None)[0]
    return out


def _difference_std(std: Reals, passed: Doubles, reference: int) -> Reals:
    """Return the sigma of the errors of dates minus that of the reference date, (date, place).

    What is left after taking off terms is correlated between dates as ``passed passed^T``, negatively for near ones.
    """
    alike = passed @ passed.T
    size = np.sqrt(np.maximum(np.diag(alike), 1e-300))
    correlation = (alike[reference] / (size * size[reference]))[:, None]
    square = std**2 + std[reference] ** 2 - 2.0 * correlation * std * std[reference]
    out: Reals = np.sqrt(np.maximum(square, 0.0)).astype(np.float32)
    out[reference] = 0.0
    return out


def _nothing(residual: NDArray[np.floating], n_places: int, found: str) -> Atmosphere:
    """Return an atmosphere of zero where too little is known, and say so."""
    n_dates = len(residual)
    unknown = np.full(n_dates, np.nan)
    return Atmosphere(
        phase=np.zeros((n_dates, n_places), np.float32),
        phase_std=np.full((n_dates, n_places), np.nan, np.float32),
        left_share=np.ones(n_dates),
        variogram=Variogram(model="exponential", sill=0.0, range_metres=1.0, nugget=0.0),
        sill=unknown,
        nugget=unknown.copy(),
        findings=(
            Finding(
                "note",
                "atmosphere",
                f"no atmosphere was estimated: {found}; it takes {_FEWEST_DATES} dates at {_FEWEST_POINTS} points.",
            ),
        ),
        tally=Tally("dates", n_dates, 0, {"too few dates or points": n_dates}),
    )


def _findings(variogram: Variogram, left: Doubles, n_points: int) -> tuple[Finding, ...]:
    """Say what was found, and where it is weak."""
    kind = (
        f"exponent {variogram.exponent:.2f}"
        if variogram.model == "power"
        else f"range {variogram.range_metres:.0f} m"
    )
    found = [
        Finding(
            "ok",
            "atmosphere",
            f"atmosphere from {n_points} points: {variogram.model} variogram, {kind}, sill {variogram.sill:.3g} rad2, nugget "
            f"{variogram.nugget:.3g} rad2; at the usual date {100.0 * float(np.median(left)):.0f} % of its variance could be "
            "motion and stays.",
        )
    ]
    if variogram.sill <= 2.0 * variogram.sill_std and np.isfinite(variogram.sill_std):
        found.append(
            Finding(
                "warning",
                "atmosphere",
                "the variogram does not tell atmosphere from noise: sill within two sigma.",
            )
        )
    return tuple(found)
