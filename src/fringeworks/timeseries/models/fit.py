"""Fit velocity and temporal models to displacement series, with their standard deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.results import ModelFit
from fringeworks.model.tally import Tally
from fringeworks.timeseries.models.kernels import TOO_FEW, fit_pixels
from fringeworks.timeseries.models.noise import NO_MEMORY, TemporalCorrelation
from fringeworks.timeseries.models.terms import (
    Design,
    ModelOptions,
    Term,
    build_design,
    mid_years,
)

PairCovariance: TypeAlias = Callable[[slice, slice], NDArray[np.float32]]
"""Covariance of the series from the noise of the interferograms, for some rows and columns of the block:
float32, (pixel, date, date) [m^2], pixels row by row, already scaled by its a-posteriori variance factor."""

PIXELS_AT_ONCE = 2000
"""Pixels whose covariance is held at the same time, at most."""

COVARIANCE_BYTES = 24 * 2**20
"""Memory these covariances may take: with many dates fewer pixels are held."""

_SEASONS = {"seasonal": 1.0, "semiannual": 2.0}


@dataclass(frozen=True, slots=True)
class _Tile:
    rows: slice
    cols: slice


def fit(
    displacement: FloatStack,
    *,
    dates: tuple[date, ...],
    options: ModelOptions,
    covariance: PairCovariance | NDArray[np.float32] | None = None,
    correlation: TemporalCorrelation = NO_MEMORY,
) -> ModelFit:
    """Fit a straight line, and the model that is asked for, to the series of every pixel.

    Parameters
    ----------
    displacement : float32, (date, y, x)
        Metres, positive toward the satellite; NaN where a date has no value.
    dates : tuple of date
        Dates of the series, in order.
    options : ModelOptions
        Terms beside the line, limits.
    covariance : callable, or float32 (date, date) or (y, x, date, date), optional
        Covariance of the series from the noise of the interferograms [m^2]; a callable is asked for about two
        thousand pixels at a time.  An unknown shift common to all dates (another first date) does not matter.
    correlation : TemporalCorrelation
        Memory of the date noise, estimated once for the whole image.

    Returns
    -------
    ModelFit
        ``velocity`` [m/yr] is the slope of the line alone, always.  ``velocity_std``, ``rmse`` always;
        the layers of the full model where it has more than the line.  NaN where a pixel has too few dates.

    Raises
    ------
    ShapeMismatchError
        Series, dates and covariance do not belong together.
    TooFewDataError
        Fewer than three dates.

    Notes
    -----
    Ordinary least squares: every estimate is ``p d`` with a fixed row ``p``.  Its variance is
    ``p (C + s^2 R) p'``: ``C`` is the noise of the interferograms, ``R`` the correlation of the noise of the
    dates (atmosphere, unmodelled motion).  The residual ``r = M d`` of the *fullest* model has
    ``E[r'r] = tr(M C M) + s^2 tr(M R M)``, from which ``s^2`` follows for each pixel, not below zero.
    So pair noise is not counted twice, and real seasons that the model holds are not taken for noise.
    The noise of the first date is in all others with the other sign: a constant shift, to which slope and
    residuals are blind; it therefore counts like that of any other date.

    A pixel whose dates cannot hold the full model keeps its line; the full model's layers are NaN there.
    """
    if displacement.ndim != 3 or displacement.shape[0] != len(dates):
        raise ShapeMismatchError(
            f"series of shape {displacement.shape}", expected=f"({len(dates)} dates, y, x)"
        )
    design = build_design(dates, options)
    noise = correlation.matrix(dates)
    _, rows, cols = displacement.shape
    layers = _empty_layers(design, (rows, cols))
    square, count = np.zeros(len(dates)), np.zeros(len(dates), np.int64)
    tally = Tally("pixels", 0, 0)
    seasons = np.array([t.columns[0] for t in design.terms if t.name in _SEASONS], np.int64)
    # a stack of fewer dates than the minimum is fitted where all of its dates have a value
    limits = (min(options.minimum_dates, max(len(dates), 3)), options.maximum_condition**2)
    for tile in _tiles(rows, cols, len(dates), whole=covariance is None):
        values = displacement[:, tile.rows, tile.cols]
        height, width = values.shape[1:]
        result = fit_pixels(
            np.ascontiguousarray(values, np.float32).reshape(len(dates), -1),
            design.matrix,
            noise,
            _covariance_of(covariance, tile, n_pixels=height * width, n_dates=len(dates)),
            seasons,
            limits,
        )
        for name, image in _layers(design, result).items():
            layers[name][tile.rows, tile.cols] = image.reshape(height, width)
        square += result[6].sum(axis=0)
        count += result[7].sum(axis=0)
        tally += _tally(result[4], result[5])
    return ModelFit(layers=layers, residual_square_sum=square, residual_count=count, tally=tally)


def predict(
    layers: dict[str, FloatImage], *, dates: tuple[date, ...], options: ModelOptions
) -> NDArray[np.float64]:
    """Evaluate the fitted model's shape at its dates, up to a constant, from its layers, (date, ...) [m].

    Parameters
    ----------
    layers : dict of str to float32
        Layers of :func:`fit`, of any common shape (one pixel for a plot).
    dates, options
        As they were given to :func:`fit`.

    Returns
    -------
    float64, (date, ...)
        Zero at the first date.
    """
    design = build_design(dates, options)
    velocity = layers["velocity_model"] if design.terms else layers["velocity"]
    shape = (len(dates),) + (1,) * np.ndim(velocity)
    value = mid_years(dates).reshape(shape) * np.asarray(velocity, np.float64)
    for term in design.terms:
        for column, factor in zip(term.columns, _factors(term, layers), strict=True):
            value = value + design.matrix[:, column].reshape(shape) * factor
    return np.asarray(value - value[:1])


def _factors(term: Term, layers: dict[str, FloatImage]) -> tuple[NDArray[np.float64], ...]:
    if term.name not in _SEASONS:
        return (np.asarray(layers[term.name], np.float64),)
    amplitude = np.asarray(layers[f"{term.name}_amplitude"], np.float64)
    angle = 2.0 * np.pi * _SEASONS[term.name] * np.asarray(layers[f"{term.name}_phase"], np.float64)
    return amplitude * np.cos(angle), amplitude * np.sin(angle)


def _tiles(rows: int, cols: int, n_dates: int, *, whole: bool) -> Iterator[_Tile]:
    most = max(min(PIXELS_AT_ONCE, COVARIANCE_BYTES // (4 * n_dates**2)), 16)
    width = cols if whole else min(cols, most)
    height = max((64 * PIXELS_AT_ONCE if whole else most) // max(width, 1), 1)
    for row in range(0, rows, height):
        for col in range(0, cols, max(width, 1)):
            yield _Tile(slice(row, min(row + height, rows)), slice(col, min(col + width, cols)))


def _covariance_of(
    covariance: PairCovariance | NDArray[np.float32] | None, tile: _Tile, *, n_pixels: int, n_dates: int
) -> NDArray[np.float32]:
    if covariance is None:
        return np.empty((0, n_dates, n_dates), np.float32)
    if callable(covariance):
        found = covariance(tile.rows, tile.cols)
    elif covariance.ndim == 2:
        found = np.broadcast_to(covariance, (n_pixels, *covariance.shape))
    else:
        found = covariance[tile.rows, tile.cols].reshape(-1, *covariance.shape[2:])
    if found.shape != (n_pixels, n_dates, n_dates):
        raise ShapeMismatchError(
            f"covariance of shape {found.shape}", expected=f"({n_pixels} pixels, {n_dates}, {n_dates})"
        )
    return np.ascontiguousarray(found, np.float32)


def layer_names(design: Design) -> tuple[str, ...]:
    """Return the names of the layers a fit of this design gives, in order."""
    names = ["velocity", "velocity_std", "rmse"]
    if design.terms:
        names += ["velocity_model", "velocity_model_std"]
    for term in design.terms:
        if term.name in _SEASONS:
            names += [f"{term.name}_amplitude", f"{term.name}_amplitude_std", f"{term.name}_phase"]
        else:
            names += [term.name, f"{term.name}_std"]
    return tuple(names)


def _empty_layers(design: Design, shape: tuple[int, int]) -> dict[str, FloatImage]:
    return {name: np.full(shape, np.nan, np.float32) for name in layer_names(design)}


def _layers(design: Design, result: tuple[NDArray[np.float64], ...]) -> dict[str, NDArray[np.float64]]:
    scalars, coefficients, variances, amplitude, outcome, count = result[:6]
    layers = {
        "velocity": scalars[:, 0],
        "velocity_std": _root(scalars[:, 1]),
        "rmse": np.sqrt(scalars[:, 2] / np.maximum(count, 1)),
    }
    if not design.terms:
        return layers
    whole = outcome == 0
    layers["velocity_model"] = np.where(whole, coefficients[:, 1], np.nan)
    layers["velocity_model_std"] = np.where(whole, _root(variances[:, 1]), np.nan)
    season = 0
    for term in design.terms:
        first = term.columns[0]
        if term.name in _SEASONS:
            layers |= _season_layers(term.name, coefficients[:, first : first + 2], amplitude[:, season])
            season += 1
        else:
            layers[term.name] = coefficients[:, first]
            layers[f"{term.name}_std"] = _root(variances[:, first])
    return layers


def _season_layers(
    name: str, pair: NDArray[np.float64], variance: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    turn = np.arctan2(pair[:, 1], pair[:, 0]) / (2.0 * np.pi)
    return {
        f"{name}_amplitude": np.hypot(pair[:, 0], pair[:, 1]),
        f"{name}_amplitude_std": _root(variance),
        f"{name}_phase": np.mod(turn, 1.0) / _SEASONS[name],
    }


def _root(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    # a variance that is zero in theory may come out below it by rounding
    return np.sqrt(np.where(variance < 0.0, 0.0, variance))


def _tally(outcome: NDArray[np.float64], count: NDArray[np.float64]) -> Tally:
    empty = int(np.count_nonzero(count == 0))
    few = int(np.count_nonzero(outcome == TOO_FEW)) - empty
    return Tally(
        "pixels",
        outcome.size,
        outcome.size - empty - few,
        {"no date has a value": empty, "fewer dates than asked for": few},
    )
