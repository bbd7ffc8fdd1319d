"""Gaussian weights in time, and which dates they reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Doubles: TypeAlias = NDArray[np.float64]

_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWeights:
    """Weights of dates for a date.

    Attributes
    ----------
    weights : float64, (date, date)
        Of the second for the first; 0 where far.
    reach : int64, (date, 2)
        First index, and one after the last, of the dates with weight; narrow where the dates are in order.
    """

    weights: Doubles
    reach: NDArray[np.int64]


def gaussian_weights(years: Doubles, width: float | Doubles, *, own: float) -> TimeWeights:
    """Weigh dates by their distance in time.

    Parameters
    ----------
    years : float64, (date,)
        Times [yr].
    width : float or float64, (date,)
        Standard deviation of the Gaussian, of each date [yr].
    own : float
        Weight of a date for itself.

    Returns
    -------
    TimeWeights
        ``exp(-(t - u)^2 / (2 width^2))``; 0 where that is below 0.001.
    """
    apart = years[:, None] - years[None, :]
    weights = np.exp(-0.5 * (apart / np.broadcast_to(width, years.shape)[:, None]) ** 2)
    weights[weights < _LEAST] = 0.0
    np.fill_diagonal(weights, own)
    far = weights > 0.0
    reach = np.zeros((len(years), 2), np.int64)
    if len(years):
        some = far.any(axis=1)
        reach[:, 0] = np.where(some, far.argmax(axis=1), 0)
        reach[:, 1] = np.where(some, len(years) - far[:, ::-1].argmax(axis=1), 0)
    return TimeWeights(weights=weights, reach=reach)
