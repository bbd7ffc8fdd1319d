"""Pictures of what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from fringeworks.unwrap import Unwrapped, WrappedPhase

TURN = 2.0 * np.pi


def draw_methods(path: Path, wrapped: WrappedPhase, results: Mapping[str, Unwrapped]) -> None:
    """Draw a wrapped phase, its coherence, what each method made of it, and where the methods disagree."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(15, 9), layout="constrained")
    panels = list(axes.ravel())
    image = panels[0].imshow(np.angle(wrapped.phasor), cmap="twilight", interpolation="none")
    panels[0].set_title("wrapped phase [rad]")
    figure.colorbar(image, ax=panels[0])
    image = panels[1].imshow(wrapped.coherence, cmap="gray", vmin=0, vmax=1, interpolation="none")
    panels[1].set_title("coherence")
    figure.colorbar(image, ax=panels[1])
    levels = {name: found.phase - np.nanmedian(found.phase) for name, found in results.items()}
    largest = max(float(np.nanpercentile(np.abs(phase), 99.9)) for phase in levels.values())
    for panel, (name, phase) in zip(panels[2:], levels.items(), strict=False):
        image = panel.imshow(phase, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="none")
        panel.set_title(f"{name}: unwrapped phase [rad]")
        figure.colorbar(image, ax=panel)
    _draw_disagreement(panels[2 + len(results)], list(results.values()))
    for panel in panels[3 + len(results) :]:
        panel.set_axis_off()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_disagreement(panel: Any, results: list[Unwrapped]) -> None:
    apart = np.zeros(results[0].phase.shape, bool)
    for first, second in combinations(results, 2):
        both = (first.components > 0) & (second.components > 0)
        apart |= both & (np.round((first.phase - second.phase) / TURN) != 0)
    known = results[0].components > 0
    panel.imshow(np.where(known, 0.85, 1.0), cmap="gray", vmin=0, vmax=1, interpolation="none")
    rows, cols = np.nonzero(apart)
    panel.plot(cols, rows, "o", markersize=7, markerfacecolor="none", color="crimson")
    panel.set_title(f"whole cycles differ at {rows.size} pixels")
