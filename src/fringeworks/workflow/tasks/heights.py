"""Heights of single points, from the lattice that a burst's heights are kept on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Window
from fringeworks.numerics.interpolate import sample_image
from fringeworks.workflow.tasks.places import nodes_of, step_at


def heights_at(
    store: str, name: str, *, stored: Window, line: NDArray[np.float64], sample: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return heights above the ellipsoid behind lines and samples of the common grid inside a burst [m], (point)."""
    rows, cols = nodes_of(stored)
    lattice = np.asarray(step_at(store, "heights").array(name)[:, :], np.float64)
    row = (line - rows[0]) / float(rows[1] - rows[0])
    col = (sample - cols[0]) / float(cols[1] - cols[0])
    return np.asarray(sample_image(lattice, row[:, None], col=col[:, None])[:, 0], np.float64)
