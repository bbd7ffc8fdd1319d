"""Task: one interferogram from two dates on the common grid, looked down and joined across bursts."""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.coherence import unbias_coherence, window_coherence
from fringeworks.interferometry.forming import line_multiple, sum_looks
from fringeworks.interferometry.looks import LookSums, finish, join_sums
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import STRIP, open_samples, read_samples, step_at

STEP = "interferograms"


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
    looks : Looks
        Samples averaged.
    window : Shape
        Cells of the coherence window, odd numbers.
    effective_looks : float
        Independent samples in a coherence window.
    """

    store: str
    index: int
    dates: tuple[int, int]
    shape: Shape
    stored: Mapping[str, Window]
    keep: Mapping[str, Window]
    steps: Mapping[str, float]
    looks: Looks
    window: Shape
    effective_looks: float


def form(spec: FormSpec) -> Payload:
    """Form, look down and keep one interferogram."""
    parts = [part for name in spec.stored for part in _burst_sums(spec, name)]
    sums = join_sums(parts, shape=spec.shape)
    image = finish(sums)
    raw = window_coherence(sums, window=spec.window)
    coherence = unbias_coherence(raw, looks=spec.effective_looks)
    step = step_at(spec.store, STEP)
    phasor = np.where(np.isfinite(coherence), image.phasor, np.complex64(complex(np.nan, np.nan)))
    for name, values in (("phasor", phasor), ("coherence", coherence), ("amplitude", image.amplitude)):
        step.sink(name)[spec.index, :, :] = values
    finite = coherence[np.isfinite(coherence)]
    return {
        "n_valid": int(finite.size),
        "coherence_mean": float(finite.mean()) if finite.size else None,
    }


def _burst_sums(spec: FormSpec, name: str) -> list[LookSums]:
    """Sum the looks of one burst's share of the image, strip by strip."""
    samples = open_samples(step_at(spec.store, "coregister"), name)
    stored, keep = spec.stored[name], spec.keep[name]
    turn = np.complex64(cmath.exp(-1j * spec.steps.get(name, 0.0)))
    parts = []
    multiple = line_multiple([spec.looks])
    rows = max(STRIP - STRIP % multiple, multiple)
    cols = slice(keep.col - stored.col, keep.col - stored.col + keep.cols)
    row = keep.row
    while row < keep.row + keep.rows:
        end = min(row - row % multiple + rows, keep.row + keep.rows)
        lines = slice(row - stored.row, end - stored.row)
        first, second = (_read(samples, date, lines, cols) for date in spec.dates)
        (sums,) = sum_looks(first, second, looks=[spec.looks], line=row, sample=keep.col)
        parts.append(replace(sums, product=sums.product * turn) if turn != 1 else sums)
        row = end
    return parts


def _read(samples: object, date: int, lines: slice, cols: slice) -> NDArray[np.complex64]:
    return read_samples(samples, (date, lines, cols))
