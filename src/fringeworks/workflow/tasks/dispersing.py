"""Task: how much the amplitudes of a burst's samples vary, and which may be persistent scatterers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Looks, Window
from fringeworks.model.tally import Tally
from fringeworks.timeseries.points.candidates import Candidates, candidate_halo, find_candidates
from fringeworks.timeseries.points.dispersion import AmplitudeSums, measure_levels, sum_amplitudes
from fringeworks.timeseries.points.options import CandidateOptions
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import STRIP, open_samples, read_samples, step_at

STEP: Final = "dispersion"
EDGES: Final = np.linspace(0.0, 1.0, 51)
"""Of the histogram of amplitude dispersion."""
_LEVEL_STEP: Final = 7
"""Every which line tells how bright dates are against one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisperseSpec:
    """One burst.

    Attributes
    ----------
    store, name : str
        Working store and burst.
    stored, cells : Window
        What of the burst is in the store, and its cells.
    looks : Looks
        Samples of a cell.
    dates : tuple of int
        Dates that hold the burst.
    rows : int
        Lines that are worked on at a time.
    options : CandidateOptions
        How candidates are chosen.
    """

    store: str
    name: str
    stored: Window
    cells: Window
    looks: Looks
    dates: tuple[int, ...]
    rows: int
    options: CandidateOptions


def candidates_path(store: str, name: str) -> Path:
    """Return where a burst's candidates are kept."""
    return step_at(store, STEP).folder / "candidates" / f"{name}.npz"


def chosen_of(store: str, name: str) -> dict[str, NDArray[Any]]:
    """Return a burst's candidates, on the common grid (:class:`GatherSpec`)."""
    with np.load(candidates_path(store, name)) as found:
        return {key: found[key] for key in found.files}


def disperse(spec: DisperseSpec) -> Payload:
    """Sum the amplitudes of a burst over its dates, and keep its candidates."""
    factors = _factors(spec)
    parts: list[dict[str, NDArray[Any]]] = []
    tally = Tally("samples", 0, 0)
    everyone, chosen = np.zeros(EDGES.size - 1, np.int64), np.zeros(EDGES.size - 1, np.int64)
    image = np.full((spec.stored.rows, spec.stored.cols), np.nan, np.float32)
    halo = candidate_halo(spec.options).rows
    for first in range(0, spec.stored.rows, spec.rows):
        last = min(first + spec.rows, spec.stored.rows)
        low, high = max(first - halo, 0), min(last + halo, spec.stored.rows)
        sums = _sums(spec, low, high, factors)
        keep = Window(first - low, 0, last - first, spec.stored.cols)
        found = find_candidates(sums, options=spec.options, keep=keep)
        own = sums.dispersion().dispersion[keep.row : keep.row + keep.rows]
        image[first:last] = own
        shown = np.isfinite(own) & (sums.count[keep.row : keep.row + keep.rows] >= spec.options.minimum_dates)
        everyone += np.histogram(own[shown], EDGES)[0]
        chosen += np.histogram(found.dispersion, EDGES)[0]
        parts.append(_placed(found, spec, low))
        tally = tally + found.tally
    path = candidates_path(spec.store, spec.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
    np.savez(path, allow_pickle=False, **whole, cell_dispersion=_by_cell(image, spec))
    return {
        "tally": tally.as_dict(),
        "all": everyone.tolist(),
        "chosen": chosen.tolist(),
        "factors": [float(f) for f in factors],
    }


def _factors(spec: DisperseSpec) -> NDArray[np.float64]:
    """Return what amplitudes of each date are multiplied by to be comparable, from a part of the lines."""
    source = open_samples(step_at(spec.store, "coregister"), spec.name)
    levels = None
    for first in range(0, spec.stored.rows, STRIP):
        last = min(first + STRIP, spec.stored.rows)
        rows = [
            read_samples(source, (day, slice(first, last), slice(0, spec.stored.cols)))[::_LEVEL_STEP]
            for day in spec.dates
        ]
        found = measure_levels(np.stack(rows))
        levels = found if levels is None else levels + found
    return np.ones(len(spec.dates)) if levels is None else np.asarray(levels.factors(), np.float64)


def _sums(spec: DisperseSpec, first: int, last: int, factors: NDArray[np.float64]) -> AmplitudeSums:
    """Sum the lines of all dates, one date at a time."""
    source = open_samples(step_at(spec.store, "coregister"), spec.name)
    total: AmplitudeSums | None = None
    for place, day in enumerate(spec.dates):
        lines = read_samples(source, (day, slice(first, last), slice(0, spec.stored.cols)))
        sums = sum_amplitudes(lines[None], factors=factors[place : place + 1])
        total = sums if total is None else total + sums
    if total is None:
        shape = (last - first, spec.stored.cols)
        return AmplitudeSums(np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int32))
    return total


def _placed(found: Candidates, spec: DisperseSpec, first: int) -> dict[str, NDArray[Any]]:
    """Return candidates on the common grid."""
    down, along = spec.stored.row + first, spec.stored.col
    return {
        "line": found.row + down,
        "sample": found.col + along,
        "peak_line": found.line + down,
        "peak_sample": found.sample + along,
        "dispersion": found.dispersion,
        "signal_to_clutter": found.signal_to_clutter,
        "std": found.phase_std,
    }


def _by_cell(image: NDArray[np.float32], spec: DisperseSpec) -> NDArray[np.float32]:
    """Return the mean dispersion of the samples of each cell; NaN where it has none."""
    rows, cols = spec.cells.shape
    looks = spec.looks
    down = spec.cells.row * looks.azimuth - spec.stored.row
    along = spec.cells.col * looks.range - spec.stored.col
    padded = np.full((rows * looks.azimuth, cols * looks.range), np.nan, np.float32)
    top, left = max(down, 0), max(along, 0)
    part = image[top : down + padded.shape[0], left : along + padded.shape[1]]
    padded[top - down : top - down + part.shape[0], left - along : left - along + part.shape[1]] = part
    cells = padded.reshape(rows, looks.azimuth, cols, looks.range)
    valid = np.isfinite(cells)
    count = valid.sum(axis=(1, 3))
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.where(valid, cells, 0).sum(axis=(1, 3)) / np.where(count > 0, count, np.nan), np.float32
        )
