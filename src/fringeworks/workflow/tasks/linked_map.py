"""Task: what linking says of its phases, joined across bursts and brought onto the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Shape, Window
from fringeworks.numerics.geocode import geocode_image
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.tasks.linking import STEP, array_of
from fringeworks.workflow.tasks.places import step_at

OUT = "linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedMapSpec:
    """One image.

    Attributes
    ----------
    store : str
        Working store.
    what : str
        Name of the array, in both steps.
    date : int
        Which date; -1 for an image of all dates.
    looked : Shape
        Cells of the joined image.
    cells : mapping of str to Window
        Cells of each burst.
    """

    store: str
    what: str
    date: int
    looked: Shape
    cells: Mapping[str, Window]


def joined(spec: LinkedMapSpec) -> NDArray[np.float32]:
    """Return one image of all bursts on the grid of cells; NaN where no burst has a value."""
    image = np.full(tuple(spec.looked), np.nan, np.float32)
    linked = step_at(spec.store, STEP)
    for name, cells in spec.cells.items():
        source = linked.array(array_of(spec.what, name))
        image[cells.slices] = source[spec.date, :, :] if spec.date >= 0 else source[:, :]
    return image


def bring_linked(spec: LinkedMapSpec) -> Payload:
    """Join one image and bring it onto the map."""
    lookup = step_at(spec.store, "lookup")
    row, col = np.asarray(lookup.array("row")[:, :]), np.asarray(lookup.array("col")[:, :])
    values = geocode_image(joined(spec), row, col)
    sink = step_at(spec.store, OUT).sink(spec.what)
    sink[(spec.date, slice(None), slice(None)) if spec.date >= 0 else (slice(None), slice(None))] = values
    return {"n_valid": int(np.isfinite(values).sum())}
