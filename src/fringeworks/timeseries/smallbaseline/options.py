"""What a person may change about the small-baseline inversion."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class InversionOptions:
    """Options of :func:`fringeworks.timeseries.smallbaseline.invert`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    norm: str = option(
        "l2",
        meaning="l2: least squares with rejection of outliers; l1: least absolute residuals, robust by itself, "
        "without rejection and slower.",
    )
    weighting: str = option(
        "coherence",
        meaning="coherence: one over the phase variance that coherence and number of looks imply; "
        "uniform: all interferograms alike.",
    )
    gaps: str = option(
        "bridge",
        meaning="Where the interferograms fall into subsets without a common date. bridge: a parabola in time "
        "places the subsets against each other (flagged); mask: no value there; refuse: as mask, and stop with "
        "an error if the network as a whole is disconnected.",
    )
    dem_error: bool = option(
        default=False,
        meaning="Estimate and remove the phase of a height error, proportional to the perpendicular baseline. "
        "Needs baselines, slant range and incidence.",
    )
    robust_iterations: int = option(
        2,
        meaning="Re-weightings by w = 1/(residual^2 + robust_scale^2) before outliers are looked for, "
        "in pixels that have a residual above rejection_threshold. 0 = none.",
        minimum=0,
        maximum=20,
    )
    robust_scale: float = option(
        2.0,
        meaning="Residual at which the weight is halved, or twice the pixel's own scatter if that is more.",
        unit="rad",
        minimum=0.1,
        maximum=20.0,
    )
    rejection_threshold: float = option(
        1.2,
        meaning="An interferogram is rejected at a pixel if its residual exceeds this and rejection_sigma, and the "
        "other interferograms hold more evidence about it than itself.",
        unit="rad",
        minimum=0.0,
        maximum=100.0,
    )
    rejection_sigma: float = option(
        4.0,
        meaning="The same limit in the pixel's own robust standard deviations: noisy pixels lose nothing to "
        "the absolute limit.",
        minimum=2.0,
        maximum=100.0,
    )
    rejection_iterations: int = option(
        2,
        meaning="Rounds of rejection, each followed by a new solution. 0 = reject nothing.",
        minimum=0,
        maximum=20,
    )
    max_rejected_fraction: float = option(
        0.7,
        meaning="If more than this share of a pixel's interferograms would be rejected, none is, and the pixel is "
        "flagged as not converged.",
        minimum=0.0,
        maximum=1.0,
    )
    minimum_interferograms: int = option(
        1, meaning="A pixel with fewer interferograms has no value.", minimum=1, maximum=100000
    )
    minimum_per_date: int = option(
        1,
        meaning="A date that fewer interferograms reach at a pixel has no value there.",
        minimum=1,
        maximum=1000,
    )

    def __post_init__(self) -> None:
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise OutOfRangeError(f"{name} {value!r}", expected=f"one of {', '.join(words)}")


_WORDS = {"norm": ("l2", "l1"), "weighting": ("coherence", "uniform"), "gaps": ("bridge", "mask", "refuse")}
