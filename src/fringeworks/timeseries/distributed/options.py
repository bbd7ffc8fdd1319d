"""What a person may change about phase linking."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option

METHODS = ("ml", "emi", "evd")


@dataclass(frozen=True, slots=True)
class LinkingOptions:
    """Options of :func:`fringeworks.timeseries.distributed.link`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    method: str = option(
        "ml",
        meaning="ml: maximum likelihood, weights from a coherence that is learnt from the window as a function of the "
        "time apart and a quality of each date; emi: smallest eigenvector, weights from the sample coherence; "
        "evd: largest eigenvector of the sample coherence matrix.",
    )
    window_azimuth: int = option(
        11, meaning="Lines of the window whose samples are averaged.", unit="line", minimum=1, maximum=201
    )
    window_range: int = option(
        21, meaning="Samples of the window whose samples are averaged.", unit="sample", minimum=1, maximum=201
    )
    minimum_samples: int = option(
        8,
        meaning="A date with fewer valid samples in the window has no value there.",
        minimum=2,
        maximum=10000,
    )
    maximum_dates: int = option(
        300,
        meaning="More dates than this are refused: cost grows with the third power; link sequentially instead.",
        minimum=2,
        maximum=1000,
    )

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OutOfRangeError(f"method {self.method!r}", expected=f"one of {', '.join(METHODS)}")
