"""The samples of a burst as an array that reads when it is sliced."""

from __future__ import annotations

import operator
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.io.safe.measurement import Measurement, StripMeasurement
from fringeworks.model.acquisition import Burst
from fringeworks.model.grids import Window

SampleKind: TypeAlias = Literal["complex64", "int16"]
Invalid: TypeAlias = Literal["keep", "nan"]


class BurstSamples:
    """Samples of one burst, an :class:`~fringeworks.model.arrays.ArraySource`.

    Parameters
    ----------
    measurement : Measurement
        Raster of the sub-swath.
    burst : Burst
        Which piece of it.
    kind : {"complex64", "int16"}
        complex64, (line, sample); or int16, (line, sample, 2), as they stand in the file.
    invalid : {"keep", "nan"}
        What to do with samples outside the valid ones: give what the file holds (zeros), or NaN in both parts.

    Raises
    ------
    OutOfRangeError
        NaN was asked for in integers.
    """

    __slots__ = ("_burst", "_invalid", "_kind", "_measurement")

    def __init__(
        self,
        measurement: Measurement,
        burst: Burst,
        *,
        kind: SampleKind = "complex64",
        invalid: Invalid = "keep",
    ) -> None:
        if kind == "int16" and invalid == "nan":
            raise OutOfRangeError("NaN in 16-bit integers", expected="kind complex64, or invalid keep")
        self._measurement = measurement
        self._burst = burst
        self._kind = kind
        self._invalid = invalid

    @property
    def shape(self) -> tuple[int, ...]:
        """(line, sample), or (line, sample, 2) for integers."""
        shape = tuple(self._burst.grid.shape)
        return shape if self._kind == "complex64" else (*shape, 2)

    @property
    def dtype(self) -> np.dtype[Any]:
        """complex64 or int16."""
        return np.dtype(self._kind)

    @property
    def is_direct(self) -> bool:
        """Whether a line can be read without unpacking what lies before it."""
        return isinstance(self._measurement, StripMeasurement) and self._measurement.is_direct

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Read the samples of a basic slice: integers and slices of step 1, of lines, samples and parts."""
        keys = _expand(key, len(self.shape))
        spans = [_span(k, n) for k, n in zip(keys, self.shape, strict=True)]
        (row, row_end), (col, col_end) = spans[:2]
        window = Window(self._burst.first_line + row, col, row_end - row, col_end - col)
        values = self._read(window, row)
        drop = tuple(0 if not isinstance(k, slice) else slice(None) for k in keys[:2])
        if len(keys) == 3:
            part, part_end = spans[2]
            last = part if not isinstance(keys[2], slice) else slice(part, part_end)
            return values[(*drop, last)]
        return values[drop]

    def _read(self, window: Window, row: int) -> NDArray[Any]:
        if self._kind == "int16":
            return self._measurement.integers(window)
        values = self._measurement.complexes(window)
        if self._invalid == "nan":
            rows = slice(row, row + window.rows)
            first, last = self._burst.first_valid[rows, None], self._burst.last_valid[rows, None]
            sample = np.arange(window.col, window.col + window.cols)
            values[(sample < first) | (sample > last) | (first < 0)] = complex(np.nan, np.nan)
        return values


def _expand(key: Any, n_axes: int) -> tuple[Any, ...]:
    """Return one index for each axis."""
    keys = key if isinstance(key, tuple) else (key,)
    if any(k is Ellipsis for k in keys):
        place = next(i for i, k in enumerate(keys) if k is Ellipsis)
        missing = n_axes - len(keys) + 1
        keys = (*keys[:place], *([slice(None)] * missing), *keys[place + 1 :])
    if len(keys) > n_axes:
        raise IndexError(f"{len(keys)} indices for {n_axes} axes")
    return (*keys, *([slice(None)] * (n_axes - len(keys))))


def _span(key: Any, length: int) -> tuple[int, int]:
    """Return start and end of an index along an axis."""
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step != 1:
            raise IndexError(f"a slice of step {step}; only step 1 is read")
        return start, max(start, stop)
    index = operator.index(key)
    if not -length <= index < length:
        raise IndexError(f"index {index} on an axis of {length}")
    index %= length
    return index, index + 1
