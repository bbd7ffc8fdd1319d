"""What a person may change about the choice of similar samples."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option

METHODS = ("glrt", "anderson-darling", "kolmogorov-smirnov", "window")
"""Names of the tests; ``window`` tests nothing."""


@dataclass(frozen=True, slots=True)
class NeighbourOptions:
    """Options of :func:`fringeworks.timeseries.distributed.neighbours.similar_samples`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning, or the rate is no rate.
    """

    method: str = option(
        "glrt",
        meaning="How the amplitudes of a sample are held against those of the centre. glrt: ratio of mean powers, for "
        "speckle; anderson-darling, kolmogorov-smirnov: whole distributions, whatever they are, with less power; "
        "window: every valid sample of the window.",
    )
    false_rejection: float = option(
        0.05,
        meaning="Share of samples of the same ground that the test may turn away.",
        minimum=1e-6,
        maximum=0.5,
    )
    connected: bool = option(
        default=True,
        meaning="Keep similar samples only where a chain of similar samples leads to the centre, side by side or "
        "corner to corner.",
    )
    correlated_dates: bool = option(
        default=True,
        meaning="Count dates as so many independent ones as the scatter of amplitudes in time says. Without it, "
        "coherent ground is turned away far more often than false_rejection.",
    )

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OutOfRangeError(f"method {self.method!r}", expected=", ".join(METHODS))
        if not 1e-6 <= self.false_rejection <= 0.5:
            raise OutOfRangeError(
                f"false_rejection {self.false_rejection!r}", expected="a share from 1e-6 to 0.5"
            )
