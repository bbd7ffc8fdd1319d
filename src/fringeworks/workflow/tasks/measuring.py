"""Tasks: what one overlap says of the timing of all dates, and what amplitudes say of one date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.geometry.orbit import orbit_curve
from fringeworks.model.identity import Instant
from fringeworks.tops.carrier import Carrier, carrier_of, spectral_separation
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import OverlapStatistics, overlap_statistics
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.aligning import DatedBurst
from fringeworks.workflow.tasks.places import open_samples, read_samples, step_at

STEP = "diversity"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasureSpec:
    """One overlap of two bursts.

    Attributes
    ----------
    store : str
        Working store.
    array : str
        Its strips in step ``overlaps``.
    label : str
        Its name in tables.
    bursts : tuple of DatedBurst
        Upper and lower burst of one date that holds both: their carriers stand for all dates'.
    lines : tuple of int
        First line and number of lines.
    columns : tuple of (int, int)
        Pieces along range.
    pairs : int64, (pair, 2)
        Pairs of dates.
    fraction : float
        Independent samples behind one sample.
    options : DiversityOptions
        How.
    """

    store: str
    array: str
    label: str
    bursts: tuple[DatedBurst, DatedBurst]
    lines: tuple[int, int]
    columns: tuple[tuple[int, int], ...]
    pairs: NDArray[np.int64]
    fraction: float
    options: DiversityOptions


def carrier_for(dated: DatedBurst) -> Carrier:
    """Return the carrier of a burst of a date."""
    burst = dated.source.burst()
    velocity = orbit_curve(dated.orbit.since(burst.grid.epoch)).velocity(np.array([burst.mid_time]))
    return carrier_of(burst, speed=float(np.linalg.norm(velocity)))


def samples_of(columns: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """Return the samples of the common grid that the pieces hold, one after the other."""
    return np.concatenate([np.arange(col, col + n, dtype=np.float64) for col, n in columns])


def separation_of(spec: MeasureSpec) -> NDArray[np.float64]:
    """Return the Doppler of the lower burst minus that of the upper one, (sample) [Hz]."""
    upper, lower = spec.bursts
    grid = upper.frame.grid
    carriers = carrier_for(upper), carrier_for(lower)
    burst = upper.source.burst()
    # the carriers' own clock: this date's line times, at the place the window has on the common grid
    window = next(b.window for b in upper.frame.bursts if b.name == upper.name)
    middle = spec.lines[0] + 0.5 * (spec.lines[1] - 1) - window.row
    time = burst.grid.azimuth_start + middle * burst.grid.azimuth_step
    slant = grid.range_start + samples_of(spec.columns) * grid.range_step
    apart = Instant.parse(lower.source.burst().grid.epoch).seconds_since(burst.grid.epoch)
    if apart == 0.0:
        return spectral_separation(carriers[0], carriers[1], azimuth_time=np.array(time), slant_range=slant)
    early = np.asarray(carriers[0].frequency(np.array(time), slant))
    return np.asarray(carriers[1].frequency(np.array(time - apart), slant)) - early


def measure(spec: MeasureSpec) -> Payload:
    """Sum an overlap up and keep the sums."""
    strips = open_samples(step_at(spec.store, "overlaps"), spec.array)
    upper, lower = (read_samples(strips, (slice(None), k, slice(None), slice(None))) for k in range(2))
    middle = spec.lines[0] + 0.5 * (spec.lines[1] - 1)
    statistics = overlap_statistics(
        upper,
        lower,
        separation=separation_of(spec),
        pairs=spec.pairs,
        fraction=spec.fraction,
        options=spec.options,
        name=spec.label,
        along=middle * spec.bursts[0].frame.grid.azimuth_step,
    )
    path = statistics_path(spec.store, spec.array)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **statistics.to_arrays())
    return {"n_lines": spec.lines[1], "n_samples": int(sum(n for _, n in spec.columns))}


def statistics_path(store: str, array: str) -> Path:
    """Return where an overlap's sums are kept."""
    return step_at(store, STEP).folder / "sums" / f"{array}.npz"


def read_statistics(store: str, array: str) -> OverlapStatistics:
    """Return an overlap's sums."""
    with np.load(statistics_path(store, array)) as found:
        return OverlapStatistics.from_arrays(dict(found))
