"""What one layer is: the columns of the table in :mod:`fringeworks.model.layers`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

TOWARD: Final = "positive = toward the satellite"
AWAY: Final = "positive = away from the satellite (longer range)"
NONE: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One kind of raster.

    Attributes
    ----------
    name : str
        File stem and key everywhere.
    long_name : str
        What a person reads.
    unit : str
        UDUNITS spelling; ``1`` for pure numbers.
    dtype : str
        NumPy type on disk.
    fill : float
        Value where there is no data.
    sign : str
        What positive means, where that is a choice.
    valid_range : tuple of float, optional
        Values outside are a fault of the product.
    standard_name : str
        CF standard name where CF has one.
    meaning : str
        How to read it, with the source of a definition.
    colours : str
        Matplotlib colour map for display.
    axis : str
        Extra axis in front of (y, x): ``date``, ``enu`` or empty.
    """

    name: str
    long_name: str
    unit: str
    meaning: str
    dtype: str = "float32"
    fill: float = math.nan
    sign: str = NONE
    valid_range: tuple[float, float] | None = None
    standard_name: str = ""
    colours: str = "viridis"
    axis: str = ""
