"""Task: one interferogram from two dates on the common grid, looked down and joined across bursts."""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.coherence import unbias_coherence, window_coherence
from fringeworks.interferometry.forming import line_multiple, sum_looks
from fringeworks.interferometry.looks import LookSums, finish, join_sums
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.banding import RangeBand, narrowed
from fringeworks.workflow.tasks.places import STRIP, open_samples, read_samples, step_at

STEP = "interferograms"


@dataclass(frozen=True, slots=True)
class LookSet:
    """A set of looks.

    Attributes
    ----------
    looks : Looks
        Samples averaged.
    window : Shape
        Cells of the coherence window, odd numbers.
    effective_looks : float
        Independent samples in a coherence window.
    """

    looks: Looks
    window: Shape
    effective_looks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSpec:
    """One pair.

    Attributes
    ----------
    store : str
        Working store.
    index : int
        Which interferogram.
    dates : tuple of int
        Indices of reference and secondary date.
    shape : Shape
        Of the common grid.
    stored, keep : mapping of str to Window
        For each burst that both dates hold: what is in the store, and what the joined image takes of it.
    steps : mapping of str to float
        Phase to take off each burst's interferogram [rad]: the sub-swath's step.
    own : LookSet
        Of the run.
    extra : tuple of LookSet
        Further ones, from the same pass.
    bands : mapping of str to RangeBand
        Spectra of the bursts that are filtered to the common band first; empty = none.
    baselines : (float, float)
        Perpendicular ones of both dates from the date of the common grid [m].
    """

    store: str
    index: int
    dates: tuple[int, int]
    shape: Shape
    stored: Mapping[str, Window]
    keep: Mapping[str, Window]
    steps: Mapping[str, float]
    own: LookSet
    extra: tuple[LookSet, ...] = ()
    bands: Mapping[str, RangeBand] = field(default_factory=dict)
    baselines: tuple[float, float] = (0.0, 0.0)


def form(spec: FormSpec) -> Payload:
    """Form, look down and keep one interferogram."""
    parts = [part for name in spec.stored for part in _burst_sums(spec, name)]
    coherence = _keep(spec, spec.own, [part[0] for part in parts], suffix="")
    for k, each in enumerate(spec.extra, start=1):
        suffix = f"_{each.looks.azimuth}x{each.looks.range}"
        _keep(spec, each, [part[k] for part in parts], suffix=suffix)
    finite = coherence[np.isfinite(coherence)]
    return {
        "n_valid": int(finite.size),
        "common_band": bool(spec.bands),
        "coherence_mean": float(finite.mean()) if finite.size else None,
    }


def _keep(spec: FormSpec, wanted: LookSet, parts: list[LookSums], *, suffix: str) -> NDArray[np.float32]:
    """Join the sums of a set of looks, keep what they make, and return the coherence."""
    sums = join_sums(parts, shape=spec.shape)
    image = finish(sums)
    raw = window_coherence(sums, window=wanted.window)
    coherence = unbias_coherence(raw, looks=wanted.effective_looks)
    step = step_at(spec.store, STEP)
    phasor = np.where(np.isfinite(coherence), image.phasor, np.complex64(complex(np.nan, np.nan)))
    for name, values in (("phasor", phasor), ("coherence", coherence), ("amplitude", image.amplitude)):
        step.sink(name + suffix)[spec.index, :, :] = values
    return coherence


def _burst_sums(spec: FormSpec, name: str) -> list[tuple[LookSums, ...]]:
    """Sum all sets of looks of one burst's share of the image, strip by strip."""
    samples = open_samples(step_at(spec.store, "coregister"), name)
    stored, keep = spec.stored[name], spec.keep[name]
    turn = np.complex64(cmath.exp(-1j * spec.steps.get(name, 0.0)))
    parts = []
    sizes = [spec.own.looks, *(each.looks for each in spec.extra)]
    multiple = line_multiple(sizes)
    rows = max(STRIP - STRIP % multiple, multiple)
    cols = slice(keep.col - stored.col, keep.col - stored.col + keep.cols)
    row = keep.row
    while row < keep.row + keep.rows:
        end = min(row - row % multiple + rows, keep.row + keep.rows)
        lines = slice(row - stored.row, end - stored.row)
        first, second = (_read(samples, date, lines, cols) for date in spec.dates)
        if name in spec.bands:
            first, second = narrowed(
                (first, second), band=spec.bands[name], baselines=spec.baselines, first_col=keep.col
            )
        found = sum_looks(first, second, looks=sizes, line=row, sample=keep.col)
        parts.append(tuple(replace(s, product=s.product * turn) if turn != 1 else s for s in found))
        row = end
    return parts


def _read(samples: object, date: int, lines: slice, cols: slice) -> NDArray[np.complex64]:
    return read_samples(samples, (date, lines, cols))
