"""What a person may change about scatterers and their network."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class CandidateOptions:
    """Options of :func:`fringeworks.timeseries.points.find_candidates`.

    Raises
    ------
    OutOfRangeError
        A number lies outside its range.
    """

    dispersion: float = option(
        0.3,
        meaning="A candidate's amplitude varies by at most this share of its mean, after the images were made "
        "comparable. 0.25 stands for about 0.25 rad of phase noise, and a scatterer of 0.25 often shows 0.3 in "
        "twenty dates; above 0.4 the two have little to do with each other.",
        minimum=0.01,
        maximum=1.0,
    )
    signal_to_clutter: float = option(
        2.0,
        meaning="A candidate's mean power is at least this many times that of the ground around it. 2 stands for "
        "0.5 rad of phase noise. 0 = do not ask.",
        minimum=0.0,
        maximum=1000.0,
    )
    minimum_dates: int = option(
        3, meaning="A sample that fewer dates show is no candidate.", minimum=2, maximum=100000
    )
    resolution_lines: float = option(
        1.6,
        meaning="Resolution along track, in lines of the image: one candidate is kept within it. Sentinel-1 IW: "
        "about 22 m of 14 m lines.",
        unit="lines",
        minimum=1.0,
        maximum=20.0,
    )
    resolution_samples: float = option(
        1.4,
        meaning="Resolution in range, in samples of the image: one candidate is kept within it. Sentinel-1 IW: "
        "about 3.1 m of 2.3 m samples.",
        unit="samples",
        minimum=1.0,
        maximum=20.0,
    )
    side_lobe_db: float = option(
        -15.0,
        meaning="A candidate in line with a stronger one, along track or in range, that is weaker than it by this "
        "or more at the first side lobe, and by 6 dB more at each doubling of the distance, is taken for its "
        "side lobe. The windows of Sentinel-1 keep their side lobes below -17 dB of this kind; the rest is room "
        "for the ground under them.",
        unit="dB",
        minimum=-60.0,
        maximum=-6.0,
    )
    side_lobe_reach: float = option(
        25.0,
        meaning="How far side lobes are looked for. 0 = do not look.",
        unit="resolution cells",
        minimum=0.0,
        maximum=100.0,
    )

    def __post_init__(self) -> None:
        _check_numbers(self)


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """Options of :func:`fringeworks.timeseries.points.solve_network`.

    Raises
    ------
    OutOfRangeError
        A number lies outside its range, or a word is not one of those listed in its meaning.
    """

    estimator: str = option(
        "periodogram",
        meaning="How velocity and height error of an arc are found. periodogram: the largest temporal coherence over "
        "a grid, refined; integer: integer least squares with half the limits below as a priori sigmas, where the arc "
        "has all dates and these are 200 at most.",
    )
    max_velocity: float = option(
        0.1,
        meaning="Largest difference of velocity along an arc that is looked for.",
        unit="m/yr",
        minimum=0.001,
        maximum=5.0,
    )
    max_height: float = option(
        50.0,
        meaning="Largest difference of height error along an arc that is looked for.",
        unit="m",
        minimum=0.0,
        maximum=1000.0,
    )
    seasonal: bool = option(
        default=False,
        meaning="Estimate a yearly term too, where the series is longer than a year.",
    )
    max_arc_length: float = option(
        5000.0,
        meaning="Arcs longer than this are not formed, and points farther than this from the network are not attached: the "
        "atmosphere between their ends is no longer small.",
        unit="m",
        minimum=10.0,
        maximum=1.0e6,
    )
    free_arcs: int = option(
        4,
        meaning="Arcs from each point to its nearest ones, besides those of the triangulation. 0 = none.",
        minimum=0,
        maximum=50,
    )
    network_spacing: float = option(
        100.0,
        meaning="In each square of this size, the point with the least noise makes the network; the others are "
        "attached to it afterwards. 0 = all points make the network.",
        unit="m",
        minimum=0.0,
        maximum=10000.0,
    )
    false_alarm: float = option(
        1.0e-5,
        meaning="Probability that a point of pure noise passes the test of its temporal coherence against the network.",
        minimum=1.0e-12,
        maximum=0.5,
    )
    arc_false_alarm: float = option(
        1.0e-3,
        meaning="The same for an arc of the network, with the noise of both its ends; a wrong one contradicts the others, "
        "and its point is tested again.",
        minimum=1.0e-12,
        maximum=0.5,
    )
    minimum_coherence: float = option(
        0.0,
        meaning="A point needs at least this temporal coherence, whatever the false alarm rate says.",
        minimum=0.0,
        maximum=1.0,
    )
    minimum_arcs: int = option(
        2,
        meaning="A point needs this many coherent arcs; one that has fewer is not used. In a network of three "
        "points or fewer one is enough.",
        minimum=1,
        maximum=50,
    )
    rejection_sigma: float = option(
        4.0,
        meaning="An arc whose velocity or height error departs from the integrated ones by more than this many "
        "sigmas is left out.",
        minimum=2.0,
        maximum=100.0,
    )
    neighbours: int = option(
        6,
        meaning="Points of the network that a further point is attached to at once.",
        minimum=1,
        maximum=50,
    )
    datum: str = option(
        "network",
        meaning="What phases are relative to. network: the mean of the network, with median velocity and median "
        "height error zero; point: the reference point.",
    )
    reference_point: int = option(
        -1,
        meaning="Number of the reference point in the point set. -1 = chosen: well connected, coherent, and with a "
        "velocity that most points share.",
        minimum=-1,
    )
    atmosphere: bool = option(
        default=True,
        meaning="Estimate the atmosphere of every date from the network, and take it off the displacement.",
    )

    def __post_init__(self) -> None:
        _check_numbers(self)
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise OutOfRangeError(f"{name} {value!r}", expected=f"one of {', '.join(words)}")


_WORDS = {"estimator": ("periodogram", "integer"), "datum": ("network", "point")}


def _check_numbers(record: CandidateOptions | NetworkOptions) -> None:
    """Hold every number of a record against the range beside it."""
    for field in record.__dataclass_fields__.values():
        value = getattr(record, field.name)
        low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            raise OutOfRangeError(
                f"{field.name} {value!r}", expected=f"{low} to {high if high is not None else 'any'}"
            )
