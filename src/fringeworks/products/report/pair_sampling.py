"""Small copies of the layers of one interferogram: phase as mean phasor, the rest as means or every n-th pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import Shape
from fringeworks.products.report.pair_data import PairReportData
from fringeworks.products.report.sampling import Frame, frame_of, step_for, thinned

_ROWS: Final = 256
_PHASES: Final = frozenset({"wrapped", "filtered"})
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
    layers = {}
    for name, source in data.layers.items():
        if name in _PHASES | _MEANS:
            layers[name] = averaged(source, step=step, kind="phase" if name in _PHASES else name)
        elif name in {"displacement", "connected_components"}:
            layers[name] = thinned(source, step=step, layer=name)
    return SampledPair(step=step, frame=frame_of(data.grid, step=step), layers=layers)


def averaged(source: ArraySource, *, step: int, kind: str) -> NDArray[np.float32]:
    """Return the means of a raster over cells of ``step`` by ``step`` pixels.

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
        Over the pixels with a value; NaN where fewer than half of the cell's have one.
    """
    shape = Shape(*source.shape[-2:])
    out = np.empty((-(-shape.rows // step), -(-shape.cols // step)), np.float32)
    rows = step * -(-_ROWS // step)
    for row in range(0, shape.rows, rows):
        part = np.asarray(source[slice(row, min(row + rows, shape.rows)), slice(0, shape.cols)], np.float32)
        first = row // step
        out[first : first + -(-part.shape[0] // step)] = _cell_means(part, step, kind)
    return out


def _cell_means(part: NDArray[np.float32], step: int, kind: str) -> NDArray[np.float32]:
    if step == 1:
        return part
    valid = np.isfinite(part)
    number = _cell_sums(valid.astype(np.float32), step)
    whole = _cell_sums(np.ones_like(part), step)
    known = np.where(valid, part, np.float32(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "phase":
            real = _cell_sums(np.where(valid, np.cos(known), np.float32(0)), step)
            imaginary = _cell_sums(np.where(valid, np.sin(known), np.float32(0)), step)
            mean = np.arctan2(imaginary, real)
        elif kind == "amplitude":
            mean = np.sqrt(_cell_sums(known * known, step) / number)
        else:
            mean = _cell_sums(known, step) / number
    return np.where(2 * number >= whole, mean, np.float32(np.nan)).astype(np.float32)


def _cell_sums(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Sum over cells; those at the far edges may be smaller."""
    rows = np.arange(0, values.shape[0], step)
    cols = np.arange(0, values.shape[1], step)
    summed: NDArray[Any] = np.add.reduceat(np.add.reduceat(values, rows, axis=0), cols, axis=1)
    return np.asarray(summed, np.float32)
