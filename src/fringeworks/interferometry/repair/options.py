"""What a person may change about the repair of unwrapping errors."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """Options of :func:`fringeworks.interferometry.repair.repair_cycles`."""

    doubt: float = option(
        0.25,
        meaning="A triplet further than this from a whole number of cycles says nothing at a pixel.",
        unit="cycles",
        minimum=0.05,
        maximum=0.45,
    )
    least_jump: float = option(
        0.5,
        meaning="Share of a region's border over which closures have to jump by the cycles; else it is no unwrapping "
        "error but something smooth, such as a ramp, and stays.",
        minimum=0.0,
        maximum=1.0,
    )
    least_pixels: int = option(1, meaning="Smaller regions are left as they are.", minimum=1, maximum=1000000)
