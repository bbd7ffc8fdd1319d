"""What a person may change about space-time unwrapping."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class SpaceTimeOptions:
    """Options of :func:`fringeworks.timeseries.points.spacetime.unwrap_points`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    method: str = option(
        "flow",
        meaning="flow: arcs in time, then a minimum cost flow at every date; spurt: the program of that name (extra "
        "spacetime), which takes no variances and none of the options below.",
    )
    smoothing_days: float = option(
        60.0,
        meaning="Standard deviation of the Gaussian weights with which an arc's other dates say what a date should "
        "be. Never less than twice the usual interval of the dates.",
        unit="days",
        minimum=1.0,
        maximum=3650.0,
    )
    rate_share: float = option(
        0.5,
        meaning="Where no model is given, a rate is looked for on every arc, up to this share of half a cycle per usual "
        "interval of the dates. 0 = no rate.",
        minimum=0.0,
        maximum=1.0,
    )
    review: bool = option(
        default=True,
        meaning="Look at every phase once more: where the line through its other dates and its neighbours' departure from "
        "theirs ask for other whole cycles, take these.",
    )
    longest_arc_m: float = option(
        0.0,
        meaning="Longer arcs are cut; what they alone joined becomes components of their own. 0 = none is cut.",
        unit="m",
        minimum=0.0,
        maximum=1e6,
    )

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OutOfRangeError(f"method {self.method!r}", expected=f"one of {', '.join(METHODS)}")


METHODS = ("flow", "spurt")
