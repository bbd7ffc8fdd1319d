"""Task: the interferogram of two dates from linked phases, joined across bursts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fringeworks.model.grids import Shape, Window
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.linking import STEP, array_of
from fringeworks.workflow.tasks.places import step_at

OUT = "interferograms"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPairSpec:
    """One pair.

    Attributes
    ----------
    store : str
        Working store.
    index : int
        Which interferogram.
    dates : tuple of int
        Reference and secondary date.
    looked : Shape
        Cells of the joined image.
    cells : mapping of str to Window
        For each burst that both dates hold, its cells.
    steps : mapping of str to float
        Phase to take off each burst's interferogram [rad]: the sub-swath's step.
    effective_looks : float
        Independent samples that coherence is understood to rest on.
    """

    store: str
    index: int
    dates: tuple[int, int]
    looked: Shape
    cells: Mapping[str, Window]
    steps: Mapping[str, float]
    effective_looks: float


def form_linked(spec: LinkedPairSpec) -> Payload:
    """Form and keep one interferogram from linked phases.

    Notes
    -----
    Coherence is the one at which ``effective_looks`` samples give an interferogram the noise that linking left:
    sigma^2 = (1 - g^2) / (2 L g^2), so g = 1 / sqrt(1 + 2 L sigma^2).  The variances of two dates are added, which is
    exact for pairs with the date whose phase is zero and too large for close dates.
    """
    shape = tuple(spec.looked)
    phasor = np.full(shape, np.nan + 1j * np.nan, np.complex64)
    coherence = np.full(shape, np.nan, np.float32)
    amplitude = np.full(shape, np.nan, np.float32)
    linked = step_at(spec.store, STEP)
    for name, cells in spec.cells.items():
        phases, sigmas = linked.array(array_of("phase", name)), linked.array(array_of("phase_std", name))
        first, second = (np.asarray(phases[d, :, :], np.float64) for d in spec.dates)
        phase = first - second - spec.steps.get(name, 0.0)
        variance = sum(np.asarray(sigmas[d, :, :], np.float64) ** 2 for d in spec.dates)
        phasor[cells.slices] = np.exp(1j * phase)
        coherence[cells.slices] = 1.0 / np.sqrt(1.0 + 2.0 * spec.effective_looks * variance)
        amplitude[cells.slices] = np.asarray(linked.array(array_of("amplitude", name))[:, :])
    unknown = ~(np.isfinite(phasor) & np.isfinite(coherence))
    phasor[unknown], coherence[unknown] = np.nan + 1j * np.nan, np.nan
    step = step_at(spec.store, OUT)
    for what, values in (("phasor", phasor), ("coherence", coherence), ("amplitude", amplitude)):
        step.sink(what)[spec.index, :, :] = values
    finite = coherence[~unknown]
    return {
        "n_valid": int(finite.size),
        "coherence_mean": float(finite.mean()) if finite.size else None,
    }
