"""What the report says of scatterers: candidates, points, arcs, and covariance of single cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMatrix:
    """Coherence between all dates in the surroundings of one cell.

    Attributes
    ----------
    x, y : float
        Place of the cell in the grid's coordinates.
    longitude, latitude : float
        [degrees].
    coherence : uint8, (date, date)
        0 to 255 for 0 to 1.
    """

    x: float
    y: float
    longitude: float
    latitude: float
    coherence: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScattererFacts:
    """The scatterers of a run.

    Attributes
    ----------
    n_points : mapping of str to int
        Points written, by kind.
    x, y : float64, (shown)
        Some of them, in the grid's coordinates.
    velocity : float32, (shown)
        [m/yr], positive toward.
    coherence : float32, (shown)
        Temporal coherence.
    persistent : bool, (shown)
        Which are persistent scatterers; the others are distributed.
    density : float32, (y, x)
        Points a square kilometre in cells of the map, first row north; NaN where there are none.
    arcs : float64, (arc, 4)
        Some arcs of the network: x, y, x, y of their ends.
    arc_coherence : float32, (arc)
        Temporal coherence of each.
    dispersion_edges : float64, (bin + 1)
        Of the histogram of amplitude dispersion.
    dispersion_all, dispersion_chosen : int64, (bin)
        Samples, and candidates among them; empty where no persistent scatterers were sought.
    matrices : tuple of CellMatrix
        Of cells spread over the map.
    dates : tuple of date
        Of the matrices.
    tallies : tuple of Tally
        What was considered, used and rejected on the way.
    sigma_by_date : float64, (date)
        Median standard deviation of linked phases [rad]; empty where none were linked.
    notes : tuple of str
        Sentences on the ground, such as a bias that fades with time.
    """

    n_points: dict[str, int]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    velocity: NDArray[np.float32]
    coherence: NDArray[np.float32]
    persistent: NDArray[np.bool_]
    density: NDArray[np.float32]
    arcs: NDArray[np.float64]
    arc_coherence: NDArray[np.float32]
    dispersion_edges: NDArray[np.float64]
    dispersion_all: NDArray[np.int64]
    dispersion_chosen: NDArray[np.int64]
    matrices: tuple[CellMatrix, ...]
    dates: tuple[date, ...]
    tallies: tuple[Tally, ...]
    sigma_by_date: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = self.x.size
        sizes = {a.size for a in (self.y, self.velocity, self.coherence, self.persistent)}
        if sizes != {n} or self.arcs.shape != (self.arc_coherence.size, 4):
            raise ShapeMismatchError(
                f"points of sizes {sorted(sizes | {n})}, arcs {self.arcs.shape}",
                expected="one value for each point, four for each arc",
            )
