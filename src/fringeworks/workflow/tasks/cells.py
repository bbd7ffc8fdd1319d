"""Strips of a burst's averaged cells, and the samples their windows need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.timeseries.distributed.linking import halo
from fringeworks.workflow.tasks.places import open_samples, read_samples, step_at


def halo_of(window: Shape, looks: Looks) -> Shape:
    """Return how many lines and samples beyond its cells a strip needs, in whole cells."""
    least = halo(strides=looks, window=window)
    return Shape(
        -(-least.azimuth // looks.azimuth) * looks.azimuth, -(-least.range // looks.range) * looks.range
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Some rows of a burst's cells, and the samples around them.

    Attributes
    ----------
    store, name : str
        Working store and burst.
    stored : Window
        What of the burst is in the store, on the common grid.
    cells : Window
        The cells of the strip, on the grid of cells.
    dates : tuple of int
        Dates that hold the burst.
    looks : Looks
        Samples of a cell.
    halo : Shape
        Lines and samples around, in whole cells.
    """

    store: str
    name: str
    stored: Window
    cells: Window
    dates: tuple[int, ...]
    looks: Looks
    halo: Shape

    @property
    def inner_rows(self) -> slice:
        """Rows of cells of :meth:`samples` that are the strip's own."""
        first = self.halo.rows // self.looks.azimuth
        return slice(first, first + self.cells.rows)

    @property
    def inner_cols(self) -> slice:
        """Columns of cells of :meth:`samples` that are the strip's own."""
        first = self.halo.cols // self.looks.range
        return slice(first, first + self.cells.cols)

    @property
    def window(self) -> Window:
        """Lines and samples on the common grid, which the store may hold in part only."""
        return Window(
            self.cells.row * self.looks.azimuth - self.halo.rows,
            self.cells.col * self.looks.range - self.halo.cols,
            self.cells.rows * self.looks.azimuth + 2 * self.halo.rows,
            self.cells.cols * self.looks.range + 2 * self.halo.cols,
        )

    def samples(self) -> NDArray[np.complex64]:
        """Read the samples, (date, line, sample); NaN where the burst has none."""
        source = open_samples(step_at(self.store, "coregister"), self.name)
        window = self.window
        out = np.full((len(self.dates), window.rows, window.cols), np.nan + 1j * np.nan, np.complex64)
        lines, into_lines = _overlap(window.row, window.rows, self.stored.row, self.stored.rows)
        cols, into_cols = _overlap(window.col, window.cols, self.stored.col, self.stored.cols)
        if lines.start < lines.stop and cols.start < cols.stop:
            for place, day in enumerate(self.dates):
                out[place, into_lines, into_cols] = _read(source, day, lines, cols)
        return out


def _read(source: Any, day: int, lines: slice, cols: slice) -> NDArray[np.complex64]:
    return read_samples(source, (day, lines, cols))


def _overlap(first: int, size: int, stored: int, stored_size: int) -> tuple[slice, slice]:
    """Return what to read of the stored axis, and where it goes."""
    low, high = max(first, stored), min(first + size, stored + stored_size)
    high = max(low, high)
    return slice(low - stored, high - stored), slice(low - first, high - first)


def strips(
    *,
    store: str,
    name: str,
    stored: Window,
    cells: Window,
    dates: tuple[int, ...],
    looks: Looks,
    halo: Shape,
    rows: int,
) -> list[Strip]:
    """Cut a burst's cells into strips of so many rows."""
    return [
        Strip(
            store=store,
            name=name,
            stored=stored,
            cells=Window(cells.row + at, cells.col, min(rows, cells.rows - at), cells.cols),
            dates=dates,
            looks=looks,
            halo=halo,
        )
        for at in range(0, cells.rows, rows)
    ]
