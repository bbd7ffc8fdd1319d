"""What a person may change about the atmosphere that is estimated from a network."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option
from fringeworks.timeseries.points.variogram_models import MODELS


@dataclass(frozen=True, slots=True)
class AtmosphereOptions:
    """Options of :func:`fringeworks.timeseries.points.atmosphere.estimate_atmosphere`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    smoothing_days: float = option(
        75.0,
        meaning="Standard deviation of the Gaussian weights in time: what is smooth over this is motion, what changes from "
        "date to date is atmosphere or noise.",
        unit="days",
        minimum=1.0,
        maximum=3650.0,
    )
    seasonal: bool = option(
        default=True,
        meaning="Count a yearly sine as motion as well, where the dates span more than a year and are at least ten.",
    )
    variogram: str = option(
        "auto",
        meaning="auto, exponential, matern (smoothness 3/2) or power: how the atmosphere's differences grow with distance.",
    )
    longest_distance_m: float = option(
        0.0,
        meaning="Longest distance at which the variogram is looked at. 0 = a third of the largest extent.",
        unit="m",
        minimum=0.0,
        maximum=1e6,
    )
    neighbours: int = option(24, meaning="Points that a prediction is made from.", minimum=1, maximum=200)

    def __post_init__(self) -> None:
        if self.variogram not in (*MODELS, "auto"):
            raise OutOfRangeError(
                f"variogram {self.variogram!r}", expected=f"auto or one of {', '.join(MODELS)}"
            )
