"""What the steps on scatterers left for those after them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.workflow.stage import StageContext


def read_points(context: StageContext) -> dict[str, NDArray[Any]]:
    """Return what step `scatterers` gathered, by name; the last axis is that of points."""
    with np.load(context.upstream("scatterers").folder / "points.npz") as found:
        return {key: found[key] for key in found.files}


def read_network(context: StageContext) -> dict[str, NDArray[Any]]:
    """Return what step `network` found, by name; the last axis is that of points, but for arcs."""
    with np.load(context.upstream("network").folder / "network.npz") as found:
        return {key: found[key] for key in found.files}
