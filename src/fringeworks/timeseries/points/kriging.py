"""Values of a field between points, by kriging from each place's nearest points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.variogram_models import Variogram, shape_of

Doubles: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.float32]

_CHUNK: Final = 512
_RATIO_STEP: Final = 1.25
_LEAST_RATIO, _MOST_RATIO = 1e-4, 1e4
_LIFT: Final = 4.0


def krige(
    x: Doubles,
    y: Doubles,
    values: NDArray[np.floating],
    *,
    variogram: Variogram,
    at_x: Doubles,
    at_y: Doubles,
    sill: Doubles | None = None,
    nugget: Doubles | None = None,
    noise: Doubles | None = None,
    mean: float | None = None,
    neighbours: int = 24,
) -> tuple[Reals, Reals]:
    """Predict a field without its noise.

    Parameters
    ----------
    x, y : float64, (point,)
        Coordinates in a plane [m].
    values : floating, (date, point)
        Field and noise; NaN where missing.
    variogram : Variogram
        Model, range and exponent of all dates; sill and nugget where those of dates are not given.
    at_x, at_y : float64, (place,)
        Where the field is wanted [m]; may be the points themselves.
    sill, nugget : float64, (date,), optional
        Of each date [unit of values squared].
    noise : float64, (point,), optional
        Relative noise variance of the points, of any common scale: the nugget is that of their mean.
    mean : float, optional
        Known mean of the field (simple kriging); without it the mean is unknown in every neighbourhood (ordinary kriging).
    neighbours : int
        Points that a prediction is made from.

    Returns
    -------
    values, std : float32, (date, place)
        Predicted field, and the standard deviation of its error; NaN at dates without points, std NaN where sill and nugget
        are not known.

    Raises
    ------
    ShapeMismatchError
        Arrays disagree about points, places or dates.
    OutOfRangeError
        ``neighbours`` is below 1, or the mean is given for a power law, whose field has none.

    Notes
    -----
    Weights depend on the ratio of nugget to sill.  Dates whose ratios differ by less than a quarter share theirs, those of the
    middle ratio; the variance is exact for the weights that are used, ``sill (c - 2 w b + w C w) + nugget w N w``, and larger
    than the least by a share of the second order.  Cost: one system of ``neighbours`` unknowns for each place, class of ratio and
    pattern of missing points.
    """
    data: Doubles = np.asarray(values, np.float64)
    sill, nugget = _of_dates(data, variogram, sill, nugget)
    _check(x, y, data, at_x, at_y, noise, neighbours)
    if mean is not None and variogram.model == "power":
        raise OutOfRangeError("a known mean under a power law", expected="no mean: its field has none")
    places = np.stack([x, y], axis=1).astype(np.float64)
    wanted = np.stack([at_x, at_y], axis=1).astype(np.float64)
    relative = np.ones(len(places)) if noise is None else noise / max(float(np.mean(noise)), 1e-300)
    out = np.full((2, len(data), len(wanted)), np.nan, np.float32)
    for dates, ratio in _groups(data, sill, nugget):
        valid = np.isfinite(data[dates[0]])
        if not valid.any() or not len(wanted):
            continue
        near = min(neighbours, int(valid.sum()))
        index = cKDTree(places[valid]).query(wanted, k=near)[1].reshape(len(wanted), near)
        system = _System(
            places=places[valid],
            noise=relative[valid],
            variogram=variogram,
            ratio=ratio,
            ordinary=mean is None,
        )
        _predict(
            system,
            data[dates][:, valid],
            wanted,
            index,
            mean or 0.0,
            sill[dates],
            nugget[dates],
            dates,
            out,
        )
    return out[0], out[1]


def _of_dates(
    values: Doubles, variogram: Variogram, sill: Doubles | None, nugget: Doubles | None
) -> tuple[Doubles, Doubles]:
    """Return sill and nugget of every date."""
    n_dates = len(values)
    made = [
        np.full(n_dates, level) if given is None else np.asarray(given, np.float64)
        for level, given in ((variogram.sill, sill), (variogram.nugget, nugget))
    ]
    if made[0].shape != (n_dates,) or made[1].shape != (n_dates,):
        raise ShapeMismatchError(
            f"sill of {made[0].shape}, nugget of {made[1].shape}", expected=f"({n_dates},)"
        )
    return made[0], made[1]


def _check(
    x: Doubles,
    y: Doubles,
    values: Doubles,
    at_x: Doubles,
    at_y: Doubles,
    noise: Doubles | None,
    neighbours: int,
) -> None:
    if values.ndim != 2 or x.shape != y.shape or values.shape[1:] != x.shape:
        raise ShapeMismatchError(
            f"x of {x.shape}, y of {y.shape}, values of {values.shape}",
            expected="(point,), (point,), (date, point)",
        )
    if at_x.shape != at_y.shape or at_x.ndim != 1 or (noise is not None and noise.shape != x.shape):
        raise ShapeMismatchError(
            f"places of {at_x.shape} and {at_y.shape}, noise of {None if noise is None else noise.shape}",
            expected="two lists of one length, and one value a point",
        )
    if neighbours < 1:
        raise OutOfRangeError(f"{neighbours} neighbours", expected="at least 1")


def _groups(values: Doubles, sill: Doubles, nugget: Doubles) -> list[tuple[NDArray[np.int64], float]]:
    """Return dates with like ratio of nugget to sill and the same missing points, and that ratio."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(
            np.nan_to_num(nugget / sill, nan=_MOST_RATIO, posinf=_MOST_RATIO), _LEAST_RATIO, _MOST_RATIO
        )
    number = np.round(np.log(ratio) / np.log(_RATIO_STEP)).astype(np.int64)
    patterns: dict[tuple[int, bytes], list[int]] = {}
    for date, row in enumerate(np.isfinite(values)):
        patterns.setdefault((int(number[date]), np.packbits(row).tobytes()), []).append(date)
    return [(np.array(dates), _RATIO_STEP ** key[0]) for key, dates in patterns.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _System:
    """Kriging systems of sill 1: places and relative noise of the points, ratio of nugget to sill, unknown mean or not."""

    places: Doubles
    noise: Doubles
    variogram: Variogram
    ratio: float
    ordinary: bool

    def solve(self, wanted: Doubles, index: NDArray[np.int64]) -> tuple[Doubles, Doubles, Doubles]:
        """Return weights (place, neighbour) and both parts of the variance (place,): of the field, of the noise."""
        near = self.places[index]
        between = self._covariance(np.linalg.norm(near[:, :, None] - near[:, None, :], axis=-1))
        toward = self._covariance(np.linalg.norm(near - wanted[:, None, :], axis=-1))
        n_places, n_near = index.shape
        size = n_near + self.ordinary
        matrix = np.ones((n_places, size, size))
        right = np.ones((n_places, size, 1))
        matrix[:, :n_near, :n_near] = between
        diagonal = np.arange(n_near)
        matrix[:, diagonal, diagonal] += self.ratio * self.noise[index] + 1e-10
        if self.ordinary:
            matrix[:, n_near, n_near] = 0.0
        right[:, :n_near, 0] = toward
        weights = np.linalg.solve(matrix, right)[:, :n_near, 0]
        field = (
            self._covariance(np.zeros(1))[0]
            - 2.0 * np.einsum("pn,pn->p", weights, toward)
            + np.einsum("pn,pnm,pm->p", weights, between, weights, optimize=True)
        )
        return weights, np.maximum(field, 0.0), np.einsum("pn,pn->p", weights**2, self.noise[index])

    def _covariance(self, distance: Doubles) -> Doubles:
        """Return the covariance of sill 1; for a power law, one that differs by a constant, which weights of sum 1 cancel."""
        law = self.variogram
        shape = shape_of(law.model, distance, law.range_metres, law.exponent)
        if law.model != "power":
            return np.asarray(1.0 - shape)
        extent = float(np.ptp(self.places, axis=0).max(initial=0.0)) + law.range_metres
        return (
            _LIFT * float(shape_of(law.model, np.array([extent]), law.range_metres, law.exponent)[0]) - shape
        )


def _predict(
    system: _System,
    values: Doubles,
    wanted: Doubles,
    index: NDArray[np.int64],
    mean: float,
    sill: Doubles,
    nugget: Doubles,
    dates: NDArray[np.int64],
    out: Reals,
) -> None:
    """Fill predictions and errors, (2, date, place), of dates that share their weights."""

    def work(first: int, last: int) -> None:
        for chunk in range(first, last):
            part = slice(chunk * _CHUNK, min((chunk + 1) * _CHUNK, len(wanted)))
            weights, field, noise = system.solve(wanted[part], index[part])
            for row, date in enumerate(dates):
                out[0, date, part] = mean + np.einsum("pn,pn->p", weights, values[row, index[part]] - mean)
                out[1, date, part] = np.sqrt(sill[row] * field + nugget[row] * noise)

    in_threads(work, -(-len(wanted) // _CHUNK))
