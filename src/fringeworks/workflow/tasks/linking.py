"""Task: the phases of a strip of ground, one a date, linked from all its interferograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.store import StepFolder
from fringeworks.model.grids import Shape, Window
from fringeworks.model.tally import Tally
from fringeworks.timeseries.distributed.fading import fading_bias
from fringeworks.timeseries.distributed.linking import Linked, link
from fringeworks.timeseries.distributed.neighbours import Similar, similar_samples
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.sequential import link_sequential
from fringeworks.timeseries.distributed.update import SequentialOptions
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.cells import Strip
from fringeworks.workflow.tasks.places import step_at

STEP = "linking"
IMAGES = {
    "temporal_coherence": "float32",
    "coherence_mean": "float32",
    "looks": "float32",
    "flags": "uint8",
    "amplitude": "float32",
    "short_bias": "float32",
    "linked_bias": "float32",
    "susceptible": "uint8",
}
"""What is kept of each cell beside the phases and their sigmas."""


FADING_DAYS: Final = 90.0
"""Time of the long pairs that short ones are held against."""


def array_of(what: str, burst: str) -> str:
    """Return the name of a burst's array."""
    return f"{what}-{burst}"


def create_linked(step: StepFolder, burst: str, *, n_dates: int, cells: Window, rows: int) -> None:
    """Create the arrays of a burst; strips of so many rows fill whole chunks, so they may be written at the same time."""
    chunk = min(rows, cells.rows)
    for what in ("phase", "phase_std"):
        step.create_chunked(
            array_of(what, burst),
            (n_dates, cells.rows, cells.cols),
            dtype="float32",
            chunks=(1, chunk, cells.cols),
        )
    for what, dtype in IMAGES.items():
        step.create_chunked(
            array_of(what, burst),
            (cells.rows, cells.cols),
            dtype=dtype,
            chunks=(chunk, cells.cols),
            fill=np.nan if dtype == "float32" else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """One strip of a burst.

    Attributes
    ----------
    strip : Strip
        Cells and samples.
    first_row : int
        Row of the strip's first cell in the burst's arrays.
    days : tuple of float
        Time of each of the strip's dates [days].
    reference : int
        Index, among the strip's dates, of the one whose phase is zero.
    n_dates : int
        Dates of the whole stack.
    effective_share : float
        Independent samples behind one sample.
    options, neighbours, sequential : records
        How; without the last all dates are linked at once.
    """

    strip: Strip
    first_row: int
    days: tuple[float, ...]
    reference: int
    effective_share: float
    options: LinkingOptions
    neighbours: NeighbourOptions
    sequential: SequentialOptions | None


def link_strip(spec: LinkSpec) -> Payload:
    """Link and keep one strip."""
    strip = spec.strip
    samples = strip.samples()
    similar = None
    if spec.neighbours.method != "window":
        similar = similar_samples(
            samples,
            window=Shape(spec.options.window_azimuth, spec.options.window_range),
            strides=strip.looks,
            options=spec.neighbours,
        )
    linked = _linked(spec, samples, similar)
    _keep(spec, linked, _amplitude(samples, strip))
    _keep_fading(spec, samples, linked, similar)
    return {"tally": _tally(linked, strip).as_dict()}


def _linked(spec: LinkSpec, samples: NDArray[np.complex64], similar: Similar | None) -> Linked:
    """Link all dates at once, or in mini-stacks."""
    days, looks = np.array(spec.days), spec.strip.looks
    if spec.sequential is None:
        return link(
            samples,
            days=days,
            options=spec.options,
            strides=looks,
            reference=spec.reference,
            effective_share=spec.effective_share,
            similar=similar,
            rows=spec.strip.inner_rows,
        )
    return link_sequential(
        samples,
        days=days,
        options=spec.options,
        sequential=spec.sequential,
        strides=looks,
        reference=spec.reference,
        effective_share=spec.effective_share,
        similar=similar,
        rows=spec.strip.inner_rows,
    )


def _tally(linked: Linked, strip: Strip) -> Tally:
    """Count the strip's own cells, without those around it."""
    phase = linked.phase[:, :, strip.inner_cols]
    some = np.isfinite(phase).any(axis=0)
    return Tally(
        "cells",
        int(some.size),
        int(some.sum()),
        {"too few samples, or none at the first date": int((~some).sum())},
    )


def _keep(spec: LinkSpec, linked: Linked, amplitude: NDArray[np.float32]) -> None:
    strip, step = spec.strip, step_at(spec.strip.store, STEP)
    at = slice(spec.first_row, spec.first_row + strip.cells.rows)
    cols = strip.inner_cols
    for what, values in (("phase", linked.phase), ("phase_std", linked.phase_std)):
        sink: Any = step.sink(array_of(what, strip.name))
        for place, day in enumerate(strip.dates):
            sink[day, at, :] = values[place][:, cols]
    images = {
        "temporal_coherence": linked.temporal_coherence,
        "coherence_mean": linked.coherence_mean,
        "looks": linked.looks,
        "flags": linked.flags,
    }
    for what, image in images.items():
        step.sink(array_of(what, strip.name))[at, :] = np.asarray(image)[:, cols]
    step.sink(array_of("amplitude", strip.name))[at, :] = amplitude


def _keep_fading(
    spec: LinkSpec, samples: NDArray[np.complex64], linked: Linked, similar: Similar | None
) -> None:
    """Keep what closures say of bias that fades with time, of pairs and of linked phases [rad/yr, positive = away]."""
    strip, days = spec.strip, np.array(spec.days)
    if not has_long_pairs(days):
        return
    looks, rows = strip.looks, strip.inner_rows
    grid = len(days), samples.shape[1] // looks.azimuth, samples.shape[2] // looks.range
    phase = np.full(grid, np.nan, np.float32)
    phase[:, rows] = linked.phase
    window = Shape(spec.options.window_azimuth, spec.options.window_range)
    found = fading_bias(
        samples, phase, days=days, window=window, strides=looks, similar=similar, span_days=FADING_DAYS
    )
    step = step_at(strip.store, STEP)
    at = slice(spec.first_row, spec.first_row + strip.cells.rows)
    images: dict[str, NDArray[Any]] = {
        "short_bias": found.short.value,
        "linked_bias": found.linked.value,
        "susceptible": found.susceptible.astype(np.uint8),
    }
    for what, image in images.items():
        step.sink(array_of(what, strip.name))[at, :] = image[rows, strip.inner_cols]


def has_long_pairs(days: NDArray[np.float64]) -> bool:
    """Return whether dates, in order, hold a pair of about ninety days with a date in between."""
    return len(days) > 2 and any(
        np.abs(days[k + 2 :] - days[k] - FADING_DAYS).min() <= 0.5 * FADING_DAYS for k in range(len(days) - 2)
    )


def _amplitude(samples: NDArray[np.complex64], strip: Strip) -> NDArray[np.float32]:
    """Return the root mean power of each cell over dates and samples; NaN where there is none."""
    looks, halo = strip.looks, strip.halo
    rows, cols = strip.cells.rows, strip.cells.cols
    total, count = np.zeros((rows, cols)), np.zeros((rows, cols))
    for image in samples:
        own = image[halo.rows : halo.rows + rows * looks.azimuth, halo.cols : halo.cols + cols * looks.range]
        power = own.real**2 + own.imag**2
        valid = np.isfinite(power) & (power > 0)
        shape = (rows, looks.azimuth, cols, looks.range)
        total += np.where(valid, power, 0).reshape(shape).sum(axis=(1, 3), dtype=np.float64)
        count += valid.reshape(shape).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(total / count).astype(np.float32)
