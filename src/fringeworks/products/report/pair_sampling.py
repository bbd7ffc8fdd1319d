"""Small copies of the layers of one interferogram: phase as mean phasor, the rest as means or every n-th pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import Shape
from fringeworks.numerics.compiled import in_threads
from fringeworks.products.report.pair_data import PairReportData
from fringeworks.products.report.sampling import Frame, frame_of, step_for, thinned

_BLOCK_BYTES: Final = 48 * 2**20
"""A raster of a single burst's size is read at once: its tiles are then decoded once."""
_PHASES: Final = frozenset({"wrapped", "filtered"})
_PIXELS: Final = 3
"""Pixels looked at along each side of a cell: nine tell the mean to a third of their scatter."""
THINNED: Final = frozenset({"displacement", "connected_components"})
"""Layers of which every n-th pixel is drawn: means across a step of whole cycles, or of labels, mean nothing."""
_MEANS: Final = frozenset({"coherence", "amplitude"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledPair:
    """The small copies the pictures of an interferogram are drawn from.

    Attributes
    ----------
    step : int
        Pixels of the product along the side of a pixel drawn.
    frame : Frame
        How they are drawn.
    layers : mapping of str to float32, (row, column)
        By layer name; NaN where there is no data. Wrapped phase is the argument of the mean phasor, coherence and
        amplitude (root of mean square) are means over the cell; displacement and components are every ``step``-th pixel.
    """

    step: int
    frame: Frame
    layers: Mapping[str, NDArray[np.float32]]


def sample_pair(data: PairReportData, *, longest: int) -> SampledPair:
    """Read all the page draws, each raster once, block by block.

    Parameters
    ----------
    data : PairReportData
        The page's data.
    longest : int
        Pixels on the longer side of the small copies.
    """
    step = step_for(data.grid.shape, longest)
    names = [name for name in data.layers if name in _PHASES | _MEANS | THINNED]
    found: dict[str, NDArray[np.float32]] = {}

    def read(first: int, last: int) -> None:
        for name in names[first:last]:
            source = data.layers[name]
            if name in THINNED:
                found[name] = thinned(source, step=step, layer=name)
            else:
                found[name] = averaged(source, step=step, kind="phase" if name in _PHASES else name)

    in_threads(read, len(names))
    layers = {name: found[name] for name in names}
    return SampledPair(step=step, frame=frame_of(data.grid, step=step), layers=layers)


def averaged(source: ArraySource, *, step: int, kind: str) -> NDArray[np.float32]:
    """Return means of a raster over cells of ``step`` by ``step`` pixels, of which at most 3 by 3 are looked at.

    Parameters
    ----------
    source : ArraySource, (y, x)
        What to read.
    step : int
        Side of a cell; 1 = all pixels as they are.
    kind : str
        ``phase``: argument of the mean phasor [rad]; ``amplitude``: root of the mean square; else the mean.

    Returns
    -------
    float32, (ceil(y / step), ceil(x / step))
        Over the pixels with a value; NaN where fewer than half of those looked at have one.
    """
    shape = Shape(*source.shape[-2:])
    out = np.empty((-(-shape.rows // step), -(-shape.cols // step)), np.float32)
    rows = step * max(_BLOCK_BYTES // (4 * step * shape.cols), 1)
    for row in range(0, shape.rows, rows):
        part = np.asarray(source[slice(row, min(row + rows, shape.rows)), slice(0, shape.cols)], np.float32)
        first = row // step
        out[first : first + -(-part.shape[0] // step)] = _cell_means(part, step, kind)
    return out


def _cell_means(part: NDArray[np.float32], step: int, kind: str) -> NDArray[np.float32]:
    if step == 1:
        return part
    shape = -(-part.shape[0] // step), -(-part.shape[1] // step)
    looked, valid = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    total = np.zeros(shape, np.complex64 if kind == "phase" else np.float32)
    places = np.unique(np.linspace(0, step - 1, min(step, _PIXELS)).round().astype(np.int64))
    for row in places:
        for col in places:
            values = part[row::step, col::step]
            at = (slice(0, values.shape[0]), slice(0, values.shape[1]))
            known = np.isfinite(values)
            looked[at] += 1
            valid[at] += known
            total[at] += np.where(
                known, _summand(np.where(known, values, np.float32(0)), kind), np.float32(0)
            )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.angle(total) if kind == "phase" else total / valid
        mean = np.sqrt(mean) if kind == "amplitude" else mean
    return np.where(2 * valid >= looked, mean, np.float32(np.nan)).astype(np.float32)


def _summand(values: NDArray[np.float32], kind: str) -> NDArray[Any]:
    if kind == "phase":
        return np.asarray(np.exp(1j * values), np.complex64)
    return values * values if kind == "amplitude" else values
