"""What a person may change about the alignment of bursts in a stack."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option

MODES = ("network", "pair", "off")
TERMS = ("constant", "slope", "quadratic")
DATUMS = ("mean", "first")


@dataclass(frozen=True, slots=True)
class DiversityOptions:
    """Options of :func:`fringeworks.tops.diversity.estimate_shifts` and of the sums it starts from.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    diversity: str = option(
        "network",
        meaning="Azimuth shifts from burst overlaps. network: from all pairs of dates up to a distance in time; "
        "pair: from pairs with the reference date alone; off: orbits and elevation alone.",
    )
    neighbours: int = option(
        12,
        meaning="Each date is compared with this many dates before and after it.",
        minimum=1,
        maximum=1000,
    )
    neighbour_days: float = option(
        0.0,
        meaning="Besides, each date is compared with all dates within so many days. 0 = none.",
        unit="days",
        minimum=0.0,
        maximum=10000.0,
    )
    azimuth_terms: str = option(
        "constant",
        meaning="How a date's shift may vary along a sub-swath's bursts. constant: not; slope: linearly; "
        "quadratic: as a parabola. Anything but constant needs as many overlaps as terms, and takes motion and "
        "ionosphere for shifts.",
    )
    block_samples: int = option(
        256,
        meaning="Samples of a block: coherence is taken to be alike within a block, which is as long as the overlap.",
        unit="samples",
        minimum=16,
        maximum=100000,
    )
    window_lines: int = option(
        32,
        meaning="Lines over which an interferogram is averaged before two bursts are compared: fringes are to be "
        "wider than this.",
        unit="lines",
        minimum=1,
        maximum=1000,
    )
    window_samples: int = option(
        64, meaning="The same along range.", unit="samples", minimum=4, maximum=10000
    )
    minimum_coherence: float = option(
        0.05,
        meaning="A pair of dates is left out of a block where its coherence is below this, or not above its noise.",
        minimum=0.0,
        maximum=0.99,
    )
    rejection_sigma: float = option(
        5.0,
        meaning="A date is left out of a block where it disagrees with the other dates by more than this many "
        "standard deviations (expected ones, or those of all blocks if they scatter more).",
        minimum=2.0,
        maximum=100.0,
    )

    def __post_init__(self) -> None:
        for name, words in (("diversity", MODES), ("azimuth_terms", TERMS)):
            value = getattr(self, name)
            if value not in words:
                raise OutOfRangeError(f"{name} {value!r}", expected=f"one of {', '.join(words)}")

    @property
    def n_terms(self) -> int:
        """Number of terms of a date's shift along azimuth."""
        return TERMS.index(self.azimuth_terms) + 1


@dataclass(frozen=True, slots=True)
class MatchingOptions:
    """Options of :func:`fringeworks.tops.matching.estimate_match`."""

    search_samples: int = option(
        6,
        meaning="Largest range shift that is looked for.",
        unit="samples",
        minimum=1,
        maximum=100,
    )
    search_lines: int = option(
        4, meaning="Largest azimuth shift that is looked for.", unit="lines", minimum=1, maximum=100
    )
    minimum_signal: float = option(
        7.0,
        meaning="A peak of the correlation is believed where it stands out of its surroundings by this many standard "
        "deviations; below, the shift is zero.",
        minimum=3.0,
        maximum=100.0,
    )
    rejection_sigma: float = option(
        4.0,
        meaning="A patch is left out where it pulls at the peak by more than this many standard deviations of all "
        "patches.",
        minimum=2.0,
        maximum=100.0,
    )


@dataclass(frozen=True, slots=True)
class JoinOptions:
    """Options of :func:`fringeworks.tops.joins.estimate_joins` and of constants of platforms.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning.
    """

    datum: str = option(
        "mean",
        meaning="Phases between sub-swaths are known relative to each other. mean: each date's mean over sub-swaths is "
        "zero; first: that of the first sub-swath is.",
    )
    largest_sigma_rad: float = option(
        0.2,
        meaning="A phase between sub-swaths that is known no better than this is left at zero and flagged.",
        unit="rad",
        minimum=0.001,
        maximum=3.0,
    )
    platform_significance: float = option(
        4.0,
        meaning="A constant of a platform is reported as such where it exceeds this many of its standard deviations.",
        minimum=2.0,
        maximum=100.0,
    )

    def __post_init__(self) -> None:
        if self.datum not in DATUMS:
            raise OutOfRangeError(f"datum {self.datum!r}", expected=f"one of {', '.join(DATUMS)}")


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Options of :func:`fringeworks.tops.gates.judge`.

    Raises
    ------
    OutOfRangeError
        The limits are not in order.
    """

    pass_rad: float = option(
        0.05,
        meaning="A step of phase at a seam passes up to this: 3 degrees, 0.2 mm toward the satellite, a thousandth of a "
        "line of misregistration. Less is not seen in any interferogram.",
        unit="rad",
        minimum=0.001,
        maximum=3.0,
    )
    fail_rad: float = option(
        0.15,
        meaning="A step fails from this on: 9 degrees, 0.7 mm, which a map of annual motion shows. Between the two it is "
        "a warning.",
        unit="rad",
        minimum=0.001,
        maximum=3.14,
    )
    sigmas: float = option(
        2.0,
        meaning="A step counts only as far as it exceeds this many of its standard deviations; where those alone exceed "
        "pass_rad, the verdict is a warning: nobody knows.",
        minimum=0.0,
        maximum=10.0,
    )

    def __post_init__(self) -> None:
        if self.fail_rad < self.pass_rad:
            raise OutOfRangeError(
                f"fail_rad {self.fail_rad}", expected=f"at least pass_rad, which is {self.pass_rad}"
            )
