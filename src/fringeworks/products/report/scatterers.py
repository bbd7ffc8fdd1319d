"""What the report says of scatterers: candidates, points, arcs, and covariance of single cells."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.tally import Tally
from fringeworks.products.report.words import count, number, plural


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
        Points a square kilometre in cells of the map, first row north.
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

    def __post_init__(self) -> None:
        n = self.x.size
        sizes = {a.size for a in (self.y, self.velocity, self.coherence, self.persistent)}
        if sizes != {n} or self.arcs.shape != (self.arc_coherence.size, 4):
            raise ShapeMismatchError(
                f"points of sizes {sorted(sizes | {n})}, arcs {self.arcs.shape}",
                expected="one value for each point, four for each arc",
            )


def scatterer_opening(found: ScattererFacts) -> list[str]:
    """Say in plain words how many scatterers there are."""
    n_ps, n_ds = found.n_points.get("ps", 0), found.n_points.get("ds", 0)
    if n_ps + n_ds == 0:
        return [
            "No point holds what was asked for: look at the counts below, and at points.* and linking.* in the "
            "configuration."
        ]
    text = f"<b>points.parquet</b> holds {plural(n_ds, 'distributed scatterer')}"
    if n_ps or found.dispersion_all.size:
        text += f" and {plural(n_ps, 'persistent scatterer')}"
    texts = [text + ", each with its series, height correction and direction of view."]
    if found.arc_coherence.size:
        texts.append(
            f"Half of the arcs of their network have a temporal coherence above "
            f"{number(float(np.median(found.arc_coherence)), 2)}."
        )
    return texts


def scatterer_counts(found: ScattererFacts) -> list[dict[str, str]]:
    """Return what was considered, used and rejected, a row each."""
    return [
        {
            "what": tally.what,
            "considered": count(tally.considered),
            "used": count(tally.used),
            "rejected": "; ".join(f"{count(n)} {why}" for why, n in sorted(tally.rejected.items())) or "none",
        }
        for tally in found.tallies
    ]


def matrix_data(found: ScattererFacts) -> dict[str, Any]:
    """Return what the page's script draws of the matrices: coordinates, dates, and bytes in base64."""
    return {
        "dates": [d.isoformat() for d in found.dates],
        "cells": [
            {
                "x": round(m.x, 6),
                "y": round(m.y, 6),
                "longitude": round(m.longitude, 5),
                "latitude": round(m.latitude, 5),
                "mean": round(_mean(m.coherence), 3),
                "data": base64.b64encode(m.coherence.tobytes()).decode(),
            }
            for m in found.matrices
        ],
    }


def _mean(coherence: NDArray[np.uint8]) -> float:
    """Return the mean off the diagonal."""
    n = len(coherence)
    if n < 2:
        return 0.0
    return float((coherence.sum(dtype=np.float64) - np.trace(coherence.astype(np.float64))) / (n * (n - 1)) / 255.0)
