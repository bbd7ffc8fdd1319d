"""Task: what two bursts of neighbouring sub-swaths both show, summed up for phase steps between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Window
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import OverlapStatistics, overlap_statistics
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import open_samples, read_samples, step_at

STEP = "joins"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundarySpec:
    """One burst of the nearer and one of the farther sub-swath, and what both show.

    Attributes
    ----------
    store : str
        Working store.
    names : tuple of str
        Nearer and farther burst.
    stored : tuple of Window
        What is kept of each.
    window : Window
        What both show, on the common grid.
    pairs : int64, (pair, 2)
        Pairs of dates.
    fraction : float
        Independent samples behind one sample.
    options : DiversityOptions
        How.
    """

    store: str
    names: tuple[str, str]
    stored: tuple[Window, Window]
    window: Window
    pairs: NDArray[np.int64]
    fraction: float
    options: DiversityOptions


def bound(spec: BoundarySpec) -> Payload:
    """Sum up what two bursts both show, and keep the sums."""
    step = step_at(spec.store, "coregister")
    both = []
    for name, stored in zip(spec.names, spec.stored, strict=True):
        rows = slice(spec.window.row - stored.row, spec.window.row - stored.row + spec.window.rows)
        cols = slice(spec.window.col - stored.col, spec.window.col - stored.col + spec.window.cols)
        both.append(read_samples(open_samples(step, name), (slice(None), rows, cols)))
    statistics = overlap_statistics(
        both[0],
        both[1],
        separation=0.0,
        pairs=spec.pairs,
        fraction=spec.fraction,
        options=spec.options,
        name=" / ".join(spec.names),
    )
    path = boundary_path(spec.store, spec.names)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **statistics.to_arrays())
    return {"n_samples": spec.window.shape.size}


def boundary_path(store: str, names: tuple[str, str]) -> Path:
    """Return where the sums of two bursts are kept."""
    return step_at(store, STEP).folder / "sums" / f"{names[0]}_{names[1]}.npz"


def read_boundary(spec: BoundarySpec) -> OverlapStatistics:
    """Return the sums of two bursts."""
    with np.load(boundary_path(spec.store, spec.names)) as found:
        return OverlapStatistics.from_arrays(dict(found))
