"""Which averaged cells belong to which burst of a stack, and what is added to its phases."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.model.stack import Pair
from fringeworks.tops.frame import intersection
from fringeworks.workflow.scenes.stack import SceneStack


def cells_of(keep: Window, *, looks: Looks, looked: Shape) -> Window:
    """Return the cells whose centre lies in a window of samples; windows that meet share none and lose none.

    Parameters
    ----------
    keep : Window
        Lines and samples that a burst contributes to the joined image.
    looks : Looks
        Samples of a cell.
    looked : Shape
        Cells of the joined image.
    """
    row, rows = _span(keep.row, keep.rows, looks.azimuth, looked.rows)
    col, cols = _span(keep.col, keep.cols, looks.range, looked.cols)
    return Window(row, col, rows, cols)


def _span(first: int, size: int, step: int, limit: int) -> tuple[int, int]:
    middle = 0.5 * (step - 1)
    low = min(max(math.ceil((first - middle) / step), 0), limit)
    high = min(max(math.ceil((first + size - middle) / step), low), limit)
    return low, high - low


def kept_cells(scenes: SceneStack, name: str) -> Window | None:
    """Return the cells of a burst; None where it contributes none."""
    keep = intersection(scenes.frame.bursts[scenes.place_of(name)].keep, scenes.stored[name])
    if keep is None:
        return None
    cells = cells_of(keep, looks=scenes.looks, looked=scenes.looked)
    return cells if cells.shape.size else None


def days_of(scenes: SceneStack) -> list[float]:
    """Return the dates as days since the first."""
    return [float((d - scenes.days[0]).days) for d in scenes.days]


def phase_step(jumps: Mapping[str, float], pair: Pair, scenes: SceneStack, name: str) -> float:
    """Return the phase to take off a pair's interferogram in a burst, so that sub-swaths meet [rad]."""
    ends = (pair.reference.isoformat(), pair.secondary.isoformat())
    first, second = (date_step(jumps, day, scenes, name) for day in ends)
    return second - first


def date_step(jumps: Mapping[str, float], day: str, scenes: SceneStack, name: str) -> float:
    """Return the phase to add to a date in a burst, so that sub-swaths meet [rad]."""
    return float(jumps.get(f"{day} {scenes.frame.bursts[scenes.place_of(name)].swath.value}", 0.0))
