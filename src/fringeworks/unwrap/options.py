"""What a person may change about unwrapping."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.errors import OutOfRangeError
from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class UnwrapOptions:
    """Options of :func:`fringeworks.unwrap.unwrap_pair`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning, or tiles are not larger than their overlap.
    """

    method: str = option(
        "whirlwind",
        meaning="whirlwind: minimum cost flow, fast; snaphu: needs the extra snaphu, whose solver is free for "
        "non-commercial use only; growing: from good coherence to poor, as NSBAS; or the name of an installed one.",
    )
    coherence_threshold: float = option(
        0.0,
        meaning="Pixels of lower coherence are left out before unwrapping. 0 = leave none out; each method still "
        "keeps out of its components what it finds unreliable.",
        minimum=0.0,
        maximum=1.0,
    )
    minimum_component_size: int = option(
        100,
        meaning="Connected components of fewer pixels are left out of the result.",
        unit="pixels",
        minimum=1,
        maximum=1_000_000_000,
    )
    tile_size: int = option(
        2048,
        meaning="Images with a longer side are unwrapped in tiles of at most this side, whose whole cycles are then "
        "solved together. 0 = always in one piece, whatever memory that takes.",
        unit="pixels",
        minimum=0,
        maximum=100_000,
    )
    tile_overlap: int = option(
        128,
        meaning="Pixels that neighbouring tiles share; from these their whole cycles are found.",
        unit="pixels",
        minimum=2,
        maximum=10_000,
    )
    bridge_gap: int = option(
        50,
        meaning="Components that come this close to each other are placed against each other by the smallest phase "
        "step across the gap. 0 = leave every component its own arbitrary number of cycles.",
        unit="pixels",
        minimum=0,
        maximum=10_000,
    )
    bridge_reliability: float = option(
        0.95,
        meaning="A bridge is used, and the two components become one, if its number of cycles is right with at least "
        "this probability, judged by how much phase changes over the same distance inside components.",
        minimum=0.5,
        maximum=1.0,
    )
    bridges: tuple[tuple[int, ...], ...] = option(
        (),
        meaning="Bridges given by hand, each [row, column, row, column, cycles]: phase at the second pixel minus phase "
        "at the first is their wrapped difference plus these cycles.",
    )
    snaphu_cost: str = option(
        "smooth",
        meaning="Statistics of snaphu: smooth, or defo where the ground may break (earthquakes).",
    )
    smoothing: int = option(
        5,
        meaning="Growing only: side of the window whose mean phase is unwrapped first; each pixel is then placed "
        "against it. An odd number.",
        unit="pixels",
        minimum=3,
        maximum=51,
    )

    def __post_init__(self) -> None:
        if self.snaphu_cost not in _COSTS:
            raise OutOfRangeError(f"snaphu_cost {self.snaphu_cost!r}", expected=f"one of {', '.join(_COSTS)}")
        if self.smoothing % 2 == 0:
            raise OutOfRangeError(f"smoothing {self.smoothing}", expected="an odd number of pixels")
        for bridge in self.bridges:
            if len(bridge) != 5:
                raise OutOfRangeError(
                    f"bridge {list(bridge)}", expected="five whole numbers: row, column, row, column, cycles"
                )
        if self.tile_size and self.tile_size < 2 * self.tile_overlap:
            raise OutOfRangeError(
                f"tile_size {self.tile_size} with tile_overlap {self.tile_overlap}",
                expected="tiles of at least twice their overlap",
            )


_COSTS = ("smooth", "defo")
