"""Values of a field between points, by kriging from each place's nearest points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.points.kriging_kernels import krige_places
from fringeworks.timeseries.points.variogram_models import MODELS, Variogram, shape_of

Doubles: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.float32]

_SPARE: Final = 16
"""Points beyond the wanted neighbours among which dates with missing ones find theirs."""
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
    set of points.
    """
    data: Doubles = np.asarray(values, np.float64)
    sill, nugget = _of_dates(data, variogram, sill, nugget)
    _check(x, y, data, at_x, at_y, noise, neighbours)
    if mean is not None and variogram.model == "power":
        raise OutOfRangeError("a known mean under a power law", expected="no mean: its field has none")
    relative = np.ones(len(x)) if noise is None else noise / max(float(np.mean(noise)), 1e-300)
    task = _Task(
        places=np.stack([x, y], axis=1).astype(np.float64),
        noise=np.asarray(relative, np.float64),
        values=data,
        valid=np.isfinite(data),
        wanted=np.stack([at_x, at_y], axis=1).astype(np.float64),
        variogram=variogram,
        ratio=_ratios(sill, nugget),
        sill=sill,
        nugget=nugget,
        mean=mean,
        neighbours=neighbours,
    )
    out = np.full((2, len(data), len(at_x)), np.nan, np.float32)
    dates = np.flatnonzero(task.valid.any(axis=1))
    if len(at_x) and len(dates):
        # Dates whose nearest points are among the nearest of all share them; the others are told apart by what they miss.
        left = task.predict(dates, np.asarray(task.valid[dates].any(axis=0)), _SPARE, out)
        for same in _patterns(task.valid, left):
            task.predict(same, task.valid[same[0]], 0, out)
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


def _ratios(sill: Doubles, nugget: Doubles) -> Doubles:
    """Return the ratio of nugget to sill of every date, of a class of like ratios."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(
            np.nan_to_num(nugget / sill, nan=_MOST_RATIO, posinf=_MOST_RATIO), _LEAST_RATIO, _MOST_RATIO
        )
    return np.asarray(_RATIO_STEP ** np.round(np.log(ratio) / np.log(_RATIO_STEP)))


def _patterns(valid: NDArray[np.bool_], dates: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return dates by which points they miss."""
    patterns: dict[bytes, list[int]] = {}
    for date in dates.tolist():
        patterns.setdefault(np.packbits(valid[date]).tobytes(), []).append(date)
    return [np.array(same) for same in patterns.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is predicted from what: (point, 2), (point,), (date, point) twice, (place, 2), and (date,)."""

    places: Doubles
    noise: Doubles
    values: Doubles
    valid: NDArray[np.bool_]
    wanted: Doubles
    variogram: Variogram
    ratio: Doubles
    sill: Doubles
    nugget: Doubles
    mean: float | None
    neighbours: int

    def predict(
        self, dates: NDArray[np.int64], points: NDArray[np.bool_], spare: int, out: Reals
    ) -> NDArray[np.int64]:
        """Fill predictions and errors, (2, date, place); return dates that found too few of the points, left NaN."""
        own = np.flatnonzero(points)
        near = min(self.neighbours + spare, len(own))
        index = cKDTree(self.places[own]).query(self.wanted, k=near)[1].reshape(len(self.wanted), near)
        index = np.ascontiguousarray(own[index], np.int64)
        ready = dates
        if spare:
            # Of a date with gaps every place must see enough points, or all that the date has.
            enough = np.minimum(self.neighbours, self.valid[dates].sum(axis=1))
            seen = np.array([self.valid[date][index].sum(axis=1).min() for date in dates])
            ready = dates[seen >= enough]
        order = ready[np.lexsort((ready, self.ratio[ready]))]
        law = (
            MODELS.index(self.variogram.model),
            self.variogram.range_metres,
            self.variogram.exponent,
            self._zero(),
        )

        def work(first: int, last: int) -> None:
            krige_places(
                self.places,
                self.noise,
                self.values,
                self.valid,
                self.wanted,
                index,
                self.neighbours,
                law,
                order,
                self.ratio,
                int(self.mean is not None),
                self.mean or 0.0,
                self.sill,
                self.nugget,
                first,
                last,
                out,
            )

        if len(order):
            in_threads(work, len(self.wanted))
        return np.setdiff1d(dates, ready)

    def _zero(self) -> float:
        """Return the covariance of sill 1 at distance 0; for a power law, a constant that weights of sum 1 cancel."""
        law = self.variogram
        if law.model != "power":
            return 1.0
        extent = float(np.ptp(np.concatenate([self.places, self.wanted]), axis=0).max()) + law.range_metres
        return _LIFT * float(shape_of(law.model, np.array([extent]), law.range_metres, law.exponent)[0])
