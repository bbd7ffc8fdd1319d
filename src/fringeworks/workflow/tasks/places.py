"""What tasks share: where arrays lie in the store, and how complex samples are kept there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from fringeworks.io.store import StepFolder, WorkingStore
from fringeworks.model.grids import Window

POSTING = (2, 4)
"""Lines and samples between heights kept for a burst: 28 m by 15 m on the ground, the grain of a 30 m model."""
STRIP = 256
"""Lines of a burst that are worked on at a time."""


def step_at(store: str, name: str) -> StepFolder:
    """Return the folder of a step."""
    return WorkingStore(Path(store)).step(name)


def nodes_of(window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lines and samples at which heights of a window are kept; they enclose it."""
    rows = window.row + POSTING[0] * np.arange((window.rows - 1) // POSTING[0] + 2)
    cols = window.col + POSTING[1] * np.arange((window.cols - 1) // POSTING[1] + 2)
    return rows, cols


def create_samples(step: StepFolder, name: str, shape: tuple[int, ...]) -> None:
    """Create an array of complex samples, (..., line, sample), kept as pairs of half-precision numbers.

    Half precision keeps eleven bits of a number: its error is 0.0003 of the sample, 70 dB below it, and its largest
    number is 65504, twice the largest sample of a product.
    """
    path = step.folder / "data.zarr" / name
    if (path / "zarr.json").exists():
        return
    chunks = (*(1 for _ in shape[:-2]), min(STRIP, shape[-2]), shape[-1], 2)
    step.create_chunked(name, (*shape, 2), dtype="float16", chunks=chunks, fill=np.nan)


def write_samples(step: StepFolder, name: str, key: Any, values: NDArray[np.complex64]) -> None:
    """Write complex samples at leading indices and rows: ``key`` selects all axes but the sample axis."""
    array: Any = step.sink(name)
    parts = np.ascontiguousarray(values).view(np.float32).reshape(*values.shape, 2)
    with np.errstate(over="ignore"):
        array[(*key, slice(None), slice(None))] = parts.astype(np.float16)


def read_samples(array: Any, key: Any) -> NDArray[np.complex64]:
    """Read complex samples; ``key`` selects all axes but the last, which holds the two parts."""
    parts = np.asarray(array[(*key, slice(None))])
    wide = np.ascontiguousarray(parts, dtype=np.float32)
    return wide.view(np.complex64)[..., 0]


def open_samples(step: StepFolder, name: str) -> zarr.Array[Any]:
    """Open an array of complex samples for reading."""
    opened: Any = step.array(name)
    return opened
