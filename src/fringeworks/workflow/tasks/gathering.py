"""Task: the scatterers of one burst, persistent and distributed, with their phases at every date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Looks, Window
from fringeworks.numerics.phase import wrap
from fringeworks.timeseries.points.mainlobe import combine
from fringeworks.timeseries.points.pointset import DISTRIBUTED, PERSISTENT
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.linking import STEP as LINKING
from fringeworks.workflow.tasks.linking import array_of
from fringeworks.workflow.tasks.places import STRIP, open_samples, read_samples, step_at

STEP: Final = "scatterers"
FIELDS: Final = ("line", "sample", "kind", "dispersion", "coherence", "n_samples")
"""What is known of each point beside its phases and their sigmas, (point)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherSpec:
    """One burst.

    Attributes
    ----------
    store, name : str
        Working store and burst.
    stored, keep, cells : Window
        What is in the store, what the joined image takes of it, and its cells.
    looks : Looks
        Samples of a cell.
    dates : tuple of int
        Dates that all points have.
    steps : tuple of float
        Phase to add to each of these dates, so that sub-swaths meet [rad].
    reference : int
        Index, among these dates, of the one that phases are relative to.
    least_dates : int
        A persistent scatterer needs a sample on this many dates, the reference among them.
    minimum_coherence, maximum_std : float
        Distributed scatterers below and above these are left out; the latter is the median over dates [rad].
    persistent : mapping of str to array, optional
        ``line``, ``sample`` (whole, on the common grid), ``peak_line``, ``peak_sample``, ``dispersion`` and ``std`` [rad]
        of persistent candidates; None where they are not sought.
    window_samples : int
        Samples of the window behind a distributed scatterer.
    correlation : tuple of float
        Of the noise of neighbouring lines, and of neighbouring samples: images are sampled more finely than they resolve.
    """

    store: str
    name: str
    stored: Window
    keep: Window
    cells: Window
    looks: Looks
    dates: tuple[int, ...]
    steps: tuple[float, ...]
    reference: int
    least_dates: int
    minimum_coherence: float
    maximum_std: float
    persistent: Mapping[str, NDArray[Any]] | None
    window_samples: int
    correlation: tuple[float, float]


def part_path(store: str, name: str) -> Path:
    """Return where a burst's scatterers are kept until they are joined."""
    return step_at(store, STEP).folder / "parts" / f"{name}.npz"


def gather(spec: GatherSpec) -> Payload:
    """Gather and keep the scatterers of one burst."""
    distributed, tally = _distributed(spec)
    parts = [distributed]
    if spec.persistent is not None:
        parts.insert(0, _persistent(spec, spec.persistent))
    found = {key: np.concatenate([p[key] for p in parts], axis=-1) for key in parts[0]}
    phase = found["phase"] + np.array(spec.steps)[:, None]
    found["phase"] = wrap(phase - phase[spec.reference]).astype(np.float32)
    path = part_path(spec.store, spec.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **found)
    return {"tally": tally, "n": int(found["line"].size)}


def _distributed(spec: GatherSpec) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    step = step_at(spec.store, LINKING)
    coherence = np.asarray(step.array(array_of("temporal_coherence", spec.name))[:, :])
    phases, sigmas = (step.array(array_of(what, spec.name)) for what in ("phase", "phase_std"))
    phase = np.stack([np.asarray(phases[d, :, :]) for d in spec.dates])
    sigma = np.stack([np.asarray(sigmas[d, :, :]) for d in spec.dates])
    whole = np.isfinite(phase).all(axis=0) & np.isfinite(sigma).all(axis=0)
    median = np.where(whole, np.median(sigma[1:] if len(sigma) > 1 else sigma, axis=0), np.inf)
    taken = _holds_persistent(spec)
    coherent = whole & (coherence >= spec.minimum_coherence)
    sharp = coherent & (median <= spec.maximum_std)
    chosen = sharp & ~taken
    row, col = np.nonzero(chosen)
    n = row.size
    looks = spec.looks
    tally = {
        "what": "cells for distributed scatterers",
        "considered": int(chosen.size),
        "used": n,
        "rejected": {
            "not on all dates": int((~whole).sum()),
            "low temporal coherence": int((whole & ~coherent).sum()),
            "noisy": int((coherent & ~sharp).sum()),
            "a persistent scatterer lies there": int((sharp & taken).sum()),
        },
    }
    return {
        "line": (spec.cells.row + row + 0.5) * looks.azimuth - 0.5,
        "sample": (spec.cells.col + col + 0.5) * looks.range - 0.5,
        "grid_line": (spec.cells.row + row + 0.5) * looks.azimuth - 0.5,
        "grid_sample": (spec.cells.col + col + 0.5) * looks.range - 0.5,
        "kind": np.full(n, DISTRIBUTED, np.uint8),
        "dispersion": np.full(n, np.nan, np.float32),
        "coherence": coherence[row, col],
        "n_samples": np.full(n, spec.window_samples, np.float32),
        "phase": phase[:, row, col],
        "phase_std": sigma[:, row, col],
    }, tally


def _holds_persistent(spec: GatherSpec) -> NDArray[np.bool_]:
    """Return which cells hold a persistent scatterer: it outshines their samples."""
    taken = np.zeros(tuple(spec.cells.shape), np.bool_)
    if spec.persistent is None:
        return taken
    row = spec.persistent["line"] // spec.looks.azimuth - spec.cells.row
    col = spec.persistent["sample"] // spec.looks.range - spec.cells.col
    inside = (row >= 0) & (row < spec.cells.rows) & (col >= 0) & (col < spec.cells.cols)
    taken[row[inside].astype(np.int64), col[inside].astype(np.int64)] = True
    return taken


def _persistent(spec: GatherSpec, found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Read the phases of persistent candidates from the four samples around their peak."""
    keep = spec.keep
    line, sample = found["line"], found["sample"]
    inside = (line >= keep.row) & (line < keep.row + keep.rows)
    inside &= (sample >= keep.col) & (sample < keep.col + keep.cols)
    peak_line, peak_sample = found["peak_line"][inside], found["peak_sample"][inside]
    row, col = (np.floor(axis).astype(np.int64) for axis in (peak_line, peak_sample))
    values = _read(spec, row - spec.stored.row, col - spec.stored.col)
    series, share = combine(values, correlation=spec.correlation)
    known = series != 0
    whole = known[spec.reference] & (known.sum(axis=0) >= spec.least_dates)
    n = int(whole.sum())
    std = np.asarray(found["std"][inside][whole], np.float32)
    phase = np.where(known, np.angle(series), np.nan)[:, whole]
    return {
        "line": peak_line[whole],
        "sample": peak_sample[whole],
        "grid_line": (row + share[2] + share[3])[whole],
        "grid_sample": (col + share[1] + share[3])[whole],
        "kind": np.full(n, PERSISTENT, np.uint8),
        "dispersion": np.asarray(found["dispersion"][inside][whole], np.float32),
        "coherence": np.full(n, np.nan, np.float32),
        "n_samples": np.ones(n, np.float32),
        "phase": phase.astype(np.float32),
        "phase_std": np.broadcast_to(std, (len(spec.dates), n)).astype(np.float32),
    }


def _read(spec: GatherSpec, row: NDArray[np.int64], col: NDArray[np.int64]) -> NDArray[np.complex64]:
    """Return two by two samples from rows and columns of the stored burst on, (date, sample, point), strip by strip."""
    source = open_samples(step_at(spec.store, "coregister"), spec.name)
    rows, cols = spec.stored.rows, spec.stored.cols
    out = np.zeros((len(spec.dates), 4, row.size), np.complex64)
    strip = np.clip(row, 0, rows - 1) // STRIP
    for number in np.unique(strip):
        here = np.flatnonzero(strip == number)
        first = max(int(number) * STRIP - 1, 0)
        last = min((int(number) + 1) * STRIP + 1, rows)
        for place, day in enumerate(spec.dates):
            image = read_samples(source, (day, slice(first, last), slice(0, cols)))
            for corner, (down, along) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
                r, c = row[here] + down, col[here] + along
                inside = (r >= first) & (r < last) & (c >= 0) & (c < cols)
                out[place, corner, here[inside]] = image[r[inside] - first, c[inside]]
    return out
