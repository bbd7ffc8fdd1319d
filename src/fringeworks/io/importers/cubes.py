"""Rasters of one grid as lazily read float32 arrays with NaN for missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.io.importers.spans import spans_of
from fringeworks.io.raster_source import RasterSource
from fringeworks.model.arrays import FloatStack

_FLOAT32 = np.dtype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRaster:
    """One raster as float32, (y, x), with NaN where the file says there is no data.

    Each slice opens the file, reads its window and closes it, so any number of these can be held and read from
    any number of threads.

    Attributes
    ----------
    raster : RasterSource
        The file; its first band is read.
    fills : tuple of float
        Values that mean no data, beside the file's own.
    factor : float
        Multiplies the values: -1 turns a sign.
    """

    raster: RasterSource
    fills: tuple[float, ...] = ()
    factor: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.raster.grid.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always float32."""
        return _FLOAT32

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Read a window.

        Raises
        ------
        DamagedFileError
            The file cannot be decoded there.
        OutOfRangeError
            The key is no basic slice of step 1.
        """
        spans = spans_of(key, self.shape)
        return spans.drop(self.window(*spans.axes))

    def window(self, rows: range, cols: range) -> NDArray[np.float32]:
        """Read rows and columns, (y, x)."""
        key = (slice(rows.start, rows.stop), slice(cols.start, cols.stop))
        raw = self.raster[(0, *key) if len(self.raster.shape) == 3 else key]
        values = np.array(raw, np.float32)
        fills = self.fills if self.raster.fill is None else (*self.fills, self.raster.fill)
        missing = ~np.isfinite(values)
        for fill in {fill for fill in fills if not math.isnan(fill)}:
            missing |= raw == (raw.dtype.type(fill) if raw.dtype.kind == "f" else fill)
        values[missing] = np.nan
        if self.factor != 1.0:
            values *= np.float32(self.factor)
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCube:
    """Rasters of many pairs as one float32 array, (pair, y, x); only what is asked for is read.

    Attributes
    ----------
    rasters : tuple of FilledRaster
        One a pair, in the order of the network, all of the same grid.
    """

    rasters: tuple[FilledRaster, ...]

    def __post_init__(self) -> None:
        if not self.rasters:
            raise OutOfRangeError("no rasters", expected="at least one")

    @property
    def shape(self) -> tuple[int, ...]:
        """Pairs, rows, columns."""
        return (len(self.rasters), *self.rasters[0].shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always float32."""
        return _FLOAT32

    def __getitem__(self, key: Any, /) -> FloatStack:
        """Read a window of some of the pairs.

        Raises
        ------
        DamagedFileError
            A file cannot be decoded there.
        OutOfRangeError
            The key is no basic slice of step 1.
        """
        spans = spans_of(key, self.shape)
        values = np.empty(spans.shape, np.float32)
        for n, k in enumerate(spans.axes[0]):
            values[n] = self.rasters[k].window(*spans.axes[1:])
        return spans.drop(values)
