"""Task: the whole cycles of one interferogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.unwrap import FailedPair, UnwrapOptions, WrappedPhase, unwrap_pair
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import step_at
from fringeworks.workflow.tasks.predicting import PredictedPair, turned_back
from fringeworks.workflow.water import cells_of

STEP = "unwrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrapSpec:
    """One pair.

    Attributes
    ----------
    store : str
        Working store.
    index : int
        Which pair.
    filtered : bool
        Whether cycles are sought on the filtered phase.
    keep_filtered : bool
        Whether the unwrapped phase is the filtered one; else the unfiltered one with the cycles of the filtered.
    effective_looks : float
        Independent samples behind a coherence value.
    options : UnwrapOptions
        How.
    predicted : PredictedPair, optional
        What is taken out of the unfiltered phase, as it was before filtering.
    """

    store: str
    index: int
    filtered: bool
    keep_filtered: bool
    effective_looks: float
    options: UnwrapOptions
    predicted: PredictedPair | None = None


def unwrap(spec: UnwrapSpec) -> Payload:
    """Unwrap and keep one interferogram; a failure is a result like any other."""
    formed = step_at(spec.store, "interferograms")
    phasor = np.asarray(formed.array("phasor")[spec.index, :, :])
    if spec.predicted is not None:
        phasor = turned_back(phasor, spec.predicted.phase(spec.store))
    coherence = np.asarray(formed.array("coherence")[spec.index, :, :])
    source = phasor
    if spec.filtered:
        source = np.asarray(step_at(spec.store, "filter").array("filtered")[spec.index, :, :])
    valid = np.isfinite(source) & np.isfinite(coherence)
    wrapped = WrappedPhase(
        phasor=np.where(valid, source, np.complex64(complex(np.nan, np.nan))),
        coherence=np.where(valid, coherence, np.float32(np.nan)),
        effective_looks=spec.effective_looks,
    )
    leave_out = {}
    water = water_cells(spec.store, phasor.shape)
    if water is not None:
        leave_out["water"] = water
    mask = hidden_cells(spec.store, phasor.shape)
    if mask is not None:
        leave_out["layover or shadow"] = mask
    result = unwrap_pair(wrapped, options=spec.options, leave_out=leave_out)
    step = step_at(spec.store, STEP)
    if isinstance(result, FailedPair):
        step.sink("phase")[spec.index, :, :] = np.full(phasor.shape, np.nan, np.float32)
        step.sink("components")[spec.index, :, :] = np.zeros(phasor.shape, np.uint16)
        return {"failed": True, **result.as_dict()}
    phase = result.unwrapped.phase
    if spec.filtered and not spec.keep_filtered:
        noise = np.angle(phasor * np.conj(np.where(valid, source, 1)))
        phase = np.asarray(phase + noise, np.float32)
    step.sink("phase")[spec.index, :, :] = phase
    step.sink("components")[spec.index, :, :] = result.unwrapped.components
    return {"failed": False, **result.as_dict()}


def water_cells(store: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return the cells of the radar image that show water by the given mask; None where none is given."""
    lookup = step_at(store, "lookup")
    if not lookup.has("water"):
        return None
    wet = np.asarray(lookup.array("water")[:, :]) != 0
    row, col = np.asarray(lookup.array("row")[:, :]), np.asarray(lookup.array("col")[:, :])
    return cells_of(wet, row, col, shape=shape)


def hidden_cells(store: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return the cells of the radar image that show ground in layover or shadow; None where there is none."""
    lookup = step_at(store, "lookup")
    hidden = np.asarray(lookup.array("hidden")[:, :]) != 0
    if not hidden.any():
        return None
    row = np.asarray(lookup.array("row")[:, :])[hidden]
    col = np.asarray(lookup.array("col")[:, :])[hidden]
    known = np.isfinite(row) & np.isfinite(col)
    r, c = np.rint(row[known]).astype(np.int64), np.rint(col[known]).astype(np.int64)
    inside = (r >= 0) & (c >= 0) & (r < shape[0]) & (c < shape[1])
    mask = np.zeros(shape, np.bool_)
    mask[r[inside], c[inside]] = True
    return mask
