"""Scatterers with their series: the one table of columns that `points.parquet` holds (DESIGN.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError

PERSISTENT, DISTRIBUTED = "ps", "ds"
"""Kinds of scatterers: one object that outshines its cell, or ground whose samples were averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        As in the file.
    unit : str
        UDUNITS spelling; ``1`` for pure numbers, empty for words.
    dtype : str
        NumPy type; ``str`` for words.
    meaning : str
        How to read it, and what positive means.
    """

    name: str
    unit: str
    dtype: str
    meaning: str


COLUMNS: Final[tuple[Column, ...]] = (
    Column(
        name="id", unit="", dtype="str", meaning="Burst, line and sample: the same point has the same name"
    ),
    Column(name="longitude", unit="degree", dtype="float64", meaning="WGS84, after height correction"),
    Column(name="latitude", unit="degree", dtype="float64", meaning="WGS84, after height correction"),
    Column(
        name="height", unit="m", dtype="float32", meaning="Above the WGS84 ellipsoid, after height correction"
    ),
    Column(
        name="height_error",
        unit="m",
        dtype="float32",
        meaning="Correction that was added to the elevation model's height",
    ),
    Column(name="height_error_std", unit="m", dtype="float32", meaning="Standard deviation of height_error"),
    Column(name="line", unit="1", dtype="float64", meaning="Line on the common radar grid, from 0"),
    Column(name="sample", unit="1", dtype="float64", meaning="Sample on the common radar grid, from 0"),
    Column(name="kind", unit="", dtype="str", meaning="ps: persistent scatterer; ds: distributed scatterer"),
    Column(
        name="effective_area",
        unit="m2",
        dtype="float32",
        meaning="Ground that the point stands for: a resolution cell, or the averaged samples",
    ),
    Column(
        name="velocity",
        unit="m/yr",
        dtype="float32",
        meaning="Slope of a straight line through the series, positive = toward the satellite",
    ),
    Column(name="velocity_std", unit="m/yr", dtype="float32", meaning="Standard deviation of velocity"),
    Column(
        name="temporal_coherence",
        unit="1",
        dtype="float32",
        meaning="How well the phases follow the point's model, 0 to 1",
    ),
    Column(
        name="amplitude_dispersion",
        unit="1",
        dtype="float32",
        meaning="Standard deviation over mean of the calibrated amplitude; of ds the mean of its samples",
    ),
    Column(name="rmse", unit="m", dtype="float32", meaning="Root mean square of series minus straight line"),
    Column(
        name="incidence",
        unit="degree",
        dtype="float32",
        meaning="Between the line of sight and the ellipsoid's normal at the point",
    ),
    Column(
        name="los_east", unit="1", dtype="float32", meaning="East part of the unit vector to the satellite"
    ),
    Column(
        name="los_north", unit="1", dtype="float32", meaning="North part of the unit vector to the satellite"
    ),
    Column(name="los_up", unit="1", dtype="float32", meaning="Up part of the unit vector to the satellite"),
)
"""All columns but ``displacement``, which holds a list for each point."""

NUMBERS: Final = tuple(c.name for c in COLUMNS if c.dtype != "str")
"""Columns that hold numbers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scatterers:
    """Points with what is known of each.

    Attributes
    ----------
    columns : mapping of str to array
        Every name of :data:`COLUMNS`, each (point,).
    displacement : float32, (point, date)
        Along the line of sight [m], positive = toward the satellite, first date zero; NaN where unknown.
    dates : tuple of date
        In order.
    facts : mapping of str to value
        What holds for all points: reference, wavelength, configuration; plain values.
    """

    columns: Mapping[str, NDArray[Any]]
    displacement: NDArray[np.float32]
    dates: tuple[date, ...]
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        names = {c.name for c in COLUMNS}
        wrong = sorted(names ^ set(self.columns))
        if wrong:
            raise OutOfRangeError(
                f"columns {', '.join(wrong)} are missing or unknown", expected=", ".join(sorted(names))
            )
        n = len(self.columns["id"])
        odd = [name for name, values in self.columns.items() if np.shape(values) != (n,)]
        if odd or self.displacement.shape != (n, len(self.dates)):
            raise ShapeMismatchError(
                f"columns {', '.join(odd) or 'none'} and displacement {self.displacement.shape}",
                expected=f"{n} points and {len(self.dates)} dates",
            )

    def __len__(self) -> int:
        return len(self.columns["id"])
