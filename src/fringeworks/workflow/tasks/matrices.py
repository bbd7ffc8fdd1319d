"""Task: coherence between all dates around some cells of a burst, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Shape
from fringeworks.timeseries.distributed.covariance import covariance_at
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.cells import Strip
from fringeworks.workflow.tasks.places import step_at

STEP: Final = "linking"
_MOST_DATES: Final = 80
"""More dates than these are thinned: the eye sees no more on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSpec:
    """A row of cells.

    Attributes
    ----------
    strip : Strip
        One row of cells and what is around it.
    columns : tuple of int
        Cells of the row, counted from the first.
    window : Shape
        Lines and samples that are averaged.
    """

    strip: Strip
    columns: tuple[int, ...]
    window: Shape


def matrix_path(store: str, name: str, row: int) -> Path:
    """Return where the matrices of a row of cells are kept."""
    return step_at(store, STEP).folder / "matrices" / f"{name}-{row}.npz"


def shown_dates(n: int) -> NDArray[np.int64]:
    """Return which of so many dates are shown."""
    return np.unique(np.linspace(0, n - 1, min(n, _MOST_DATES)).astype(np.int64))


def show_matrices(spec: MatrixSpec) -> Payload:
    """Compute and keep the coherence matrices of a row of cells."""
    strip, looks = spec.strip, spec.strip.looks
    samples = strip.samples()[shown_dates(len(strip.dates))]
    row, first = strip.inner_rows.start, strip.inner_cols.start
    found = [
        as_bytes(covariance_at(samples, row, first + column, strides=looks, window=spec.window))
        for column in spec.columns
    ]
    path = matrix_path(strip.store, strip.name, strip.cells.row)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        allow_pickle=False,
        line=np.full(len(found), (strip.cells.row + 0.5) * looks.azimuth - 0.5),
        sample=(strip.cells.col + np.array(spec.columns) + 0.5) * looks.range - 0.5,
        coherence=np.stack(found),
    )
    return {"n": len(found)}


def as_bytes(coherence: NDArray[np.complex64]) -> NDArray[np.uint8]:
    """Return magnitudes of coherence as 0 to 255, 0 where unknown."""
    return np.asarray(np.round(255.0 * np.clip(np.nan_to_num(np.abs(coherence)), 0.0, 1.0)), np.uint8)
