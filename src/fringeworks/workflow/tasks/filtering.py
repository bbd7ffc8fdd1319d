"""Task: one interferogram's phase, filtered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fringeworks.interferometry.filters import FilterOptions, filter_phase
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.places import step_at
from fringeworks.workflow.tasks.predicting import PredictedPair, turned_back

STEP = "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec:
    """One pair."""

    store: str
    index: int
    options: FilterOptions
    predicted: PredictedPair | None = None


def run_filter(spec: FilterSpec) -> Payload:
    """Filter and keep one interferogram."""
    formed = step_at(spec.store, "interferograms")
    phasor = np.asarray(formed.array("phasor")[spec.index, :, :])
    if spec.predicted is not None:
        phasor = turned_back(phasor, spec.predicted.phase(spec.store))
    coherence = np.asarray(formed.array("coherence")[spec.index, :, :])
    filtered = filter_phase(phasor, coherence, options=spec.options).phasor
    step_at(spec.store, STEP).sink("filtered")[spec.index, :, :] = filtered
    both = np.isfinite(phasor) & np.isfinite(filtered)
    turned = np.angle(phasor[both] * np.conj(filtered[both]))
    return {
        "n_valid": int(both.sum()),
        "change_rms_rad": float(np.sqrt(np.mean(turned**2))) if both.any() else None,
    }
