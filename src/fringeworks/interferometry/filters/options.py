"""What a person may change about the phase filter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """Options of :func:`fringeworks.interferometry.filters.filter_phase`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning, or a window does not fit the method.
    """

    method: str = option(
        "goldstein",
        meaning="goldstein: spectra of patches; sliding-window: mean along the local fringes; cascade: sliding windows "
        "from coarse to fine; gaussian: plain Gaussian mean; none: no filter.",
    )
    amplitude: str = option(
        "coherence",
        meaning="What each pixel weighs in the filter. coherence: its coherence; unit: all alike; keep: its amplitude, "
        "so that bright points prevail.",
    )
    alpha: float = option(
        0.8,
        meaning="Strength of goldstein: exponent of the spectrum, 0 = none.",
        minimum=0.0,
        maximum=1.0,
    )
    adaptive: bool = option(
        default=False,
        meaning="Let goldstein filter each patch with one minus its mean coherence, at most alpha.",
    )
    least_alpha: float = option(0.2, meaning="Weakest filter where adaptive is on.", minimum=0.0, maximum=1.0)
    patch: int = option(
        32,
        meaning="Side of the patches of goldstein, a power of two; 64 for wide fringes.",
        unit="pixels",
        minimum=8,
        maximum=128,
    )
    overlap: float = option(
        0.75,
        meaning="Share by which patches of goldstein overlap: 0.5, 0.75 or 0.875. More is smoother and slower.",
        minimum=0.5,
        maximum=0.875,
    )
    smoothing: int = option(
        3,
        meaning="Box over which the magnitude of a spectrum is smoothed; 1 = none.",
        minimum=1,
        maximum=7,
    )
    windows: tuple[int, ...] = option(
        (9,),
        meaning="Side of the sliding window; for cascade several, falling, such as [33, 9]. Odd numbers.",
        unit="pixels",
        minimum=1,
        maximum=255,
    )
    sigma: float = option(
        1.5, meaning="Width of gaussian, one standard deviation.", unit="pixels", minimum=0.1, maximum=50.0
    )

    def __post_init__(self) -> None:
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise OutOfRangeError(f"{name} {value!r}", expected=f"one of {', '.join(map(str, words))}")
        sides = list(self.windows)
        falling = all(b < a for a, b in pairwise(sides))
        if not sides or not falling or any(side % 2 == 0 or side < 1 for side in sides):
            raise OutOfRangeError(
                f"windows {sides}", expected="odd numbers, each smaller than the one before"
            )
        if self.smoothing % 2 == 0:
            raise OutOfRangeError(f"smoothing {self.smoothing}", expected="an odd number")

    @property
    def step(self) -> int:
        """Pixels between patches."""
        return round(self.patch * (1.0 - self.overlap))


_WORDS: dict[str, tuple[object, ...]] = {
    "method": ("goldstein", "sliding-window", "cascade", "gaussian", "none"),
    "amplitude": ("coherence", "unit", "keep"),
    "patch": (8, 16, 32, 64, 128),
    "overlap": (0.5, 0.75, 0.875),
}
