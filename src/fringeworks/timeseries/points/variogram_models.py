"""Models of the semivariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.timeseries.points.variogram_pairs import EmpiricalVariogram

Doubles: TypeAlias = NDArray[np.float64]

MODELS: Final = ("exponential", "matern", "power")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variogram:
    """A model of the semivariance: half the mean square difference of two values.

    Attributes
    ----------
    model : str
        ``exponential``: ``sill (1 - exp(-h / range))``; ``matern``: the Matern model of smoothness 3/2,
        ``sill (1 - (1 + s) exp(-s))`` with ``s = sqrt(3) h / range``; ``power``: ``sill (h / range)^exponent``.
    sill : float
        Semivariance without the nugget: far apart, for ``power`` at ``range_metres`` [unit of values squared].
    range_metres : float
        Length of the model [m].
    exponent : float
        Of ``power``, above 0 and below 2; 1 for the others.
    nugget : float
        Variance of what has no length: noise [unit of values squared].
    sill_std, range_std, exponent_std, nugget_std : float
        Sampling errors; infinite where the data do not tell.
    misfit : float
        Mean over bins of the squared departure over its variance.
    measured : EmpiricalVariogram, optional
        What it was fitted to.
    """

    model: str
    sill: float
    range_metres: float
    nugget: float
    exponent: float = 1.0
    sill_std: float = float("inf")
    range_std: float = float("inf")
    exponent_std: float = float("inf")
    nugget_std: float = float("inf")
    misfit: float = float("nan")
    measured: EmpiricalVariogram | None = None

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise OutOfRangeError(f"variogram {self.model!r}", expected=f"one of {', '.join(MODELS)}")
        if not (
            self.sill >= 0.0 and self.nugget >= 0.0 and self.range_metres > 0.0 and 0.0 < self.exponent < 2.0
        ):
            raise OutOfRangeError(
                f"sill {self.sill}, nugget {self.nugget}, range {self.range_metres}, exponent {self.exponent}",
                expected="sill and nugget of at least 0, range above 0, exponent between 0 and 2",
            )

    def semivariance(self, distance: Doubles) -> Doubles:
        """Return the semivariance without the nugget at distances [m], same shape."""
        return self.sill * shape_of(self.model, distance, self.range_metres, self.exponent)


def shape_of(model: str, distance: Doubles, range_metres: float, exponent: float) -> Doubles:
    """Return the semivariance of sill 1 without nugget at distances [m], same shape."""
    scaled = distance / range_metres
    if model == "exponential":
        return np.asarray(-np.expm1(-scaled))
    if model == "matern":
        s = np.sqrt(3.0) * scaled
        return np.asarray(1.0 - (1.0 + s) * np.exp(-s))
    return np.asarray(scaled**exponent)
