"""Complex images at fractional positions: carrier off, interpolation, carrier on at the new place, in one pass.

Positions are fractional (row, column) of the image that is resampled; 0 is the centre of its first sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import ComplexImage
from fringeworks.model.grids import Shape, Window
from fringeworks.numerics.compiled import in_threads
from fringeworks.numerics.nodes import Nodes
from fringeworks.numerics.planes import Place
from fringeworks.numerics.resample_kernels import Source, resample_strip
from fringeworks.numerics.runs import Reach
from fringeworks.numerics.taps import Taps

STRIP: Final = 64
"""Output lines that are worked on at once by one thread."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoarseField:
    """A smooth quantity at the nodes of a regular grid over the output image; linear in between, along both axes.

    Attributes
    ----------
    values : float32 or float64, (node row, node col)
        At the nodes; NaN where it is not known.
    row_start, row_step, col_start, col_step : int
        Node (a, b) lies at output row ``row_start + a row_step`` and column ``col_start + b col_step``.

    Notes
    -----
    One node holds everywhere; steps of 1 give a value to each sample.
    """

    values: NDArray[np.floating]
    row_start: int = 0
    row_step: int = 1
    col_start: int = 0
    col_step: int = 1

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.size == 0:
            raise ShapeMismatchError(f"nodes of shape {self.values.shape}", expected="(node row, node col)")
        if not (self.row_step > 0 and self.col_step > 0):
            raise OutOfRangeError(f"steps {self.row_step} x {self.col_step}", expected="1 or more")

    @classmethod
    def constant(cls, value: float) -> CoarseField:
        """Return a field that is the same everywhere."""
        return cls(values=np.full((1, 1), value))

    def covers(self, window: Window) -> bool:
        """Return whether the nodes enclose a window of the output; an axis with one node holds everywhere."""
        ends = (
            (window.row, window.rows, self.row_start, self.row_step, self.values.shape[0]),
            (window.col, window.cols, self.col_start, self.col_step, self.values.shape[1]),
        )
        return all(
            n_nodes == 1 or (start <= first and first + n - 1 <= start + (n_nodes - 1) * step)
            for first, n, start, step, n_nodes in ends
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowChirp:
    """A carrier along rows whose frequency changes linearly: that of a burst.

    Attributes
    ----------
    frequency : float64, (column)
        Centre of the spectrum along rows at row ``middle`` [cycles/row], not reduced to one cycle.  Between columns it
        is linear.
    rate : float64, (column)
        How it changes [cycles/row^2]; likewise.
    middle : float
        Row to which ``frequency`` belongs.
    """

    frequency: NDArray[np.float64]
    rate: NDArray[np.float64]
    middle: float

    def __post_init__(self) -> None:
        if self.frequency.ndim != 1 or self.frequency.shape != self.rate.shape:
            raise ShapeMismatchError(
                f"frequency {self.frequency.shape} and rate {self.rate.shape}", expected="(column), both"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidSamples:
    """Which samples of an image are valid: one run in each row.

    Attributes
    ----------
    first, last : int, (row)
        First and last valid column; -1 in both where a row has none.
    """

    first: NDArray[np.integer]
    last: NDArray[np.integer]

    @classmethod
    def all_of(cls, shape: Shape) -> ValidSamples:
        """Return that every sample is valid."""
        return cls(first=np.zeros(shape.rows, np.int64), last=np.full(shape.rows, shape.cols - 1))


def resample(
    samples: NDArray[Any],
    window: Window,
    *,
    row_offset: CoarseField,
    col_offset: CoarseField,
    row_taps: Taps,
    col_taps: Taps,
    carrier: RowChirp | None = None,
    valid: ValidSamples | None = None,
    phase: CoarseField | None = None,
    cycles_per_unit: float = 1.0,
    place: Window | None = None,
    out: ComplexImage | None = None,
) -> ComplexImage:
    """Interpolate a complex image at the positions that correspond to another grid.

    Output sample (i, j) is the image at row ``i + row_offset(i, j)`` and column ``j + col_offset(i, j)``, both counted
    from the image's own first sample.

    Parameters
    ----------
    samples : complex64 (row, column) or int16 (row, column, 2)
        The image, or the part of it that ``place`` names.  NaN where there is no data.
    window : Window
        Part of the output grid to fill; offsets and phase count in the rows and columns of the whole output grid.
    row_offset, col_offset : CoarseField
        Position in the image minus position in the output [samples].
    row_taps, col_taps : Taps
        Interpolation weights (:func:`fringeworks.numerics.taps.design_taps`).
    carrier : RowChirp, optional
        Phase of the image that is taken away before and put back after the interpolation, there at the interpolated
        position; has a column for each column of the whole image.
    valid : ValidSamples, optional
        Of the whole image, one entry a row; by default all samples are valid.
    phase : CoarseField, optional
        Phase to add to the result, in any unit; with ranges [m] and 2 / lambda this flattens.
    cycles_per_unit : float
        Turns that phase into cycles.
    place : Window, optional
        Where ``samples`` lie in the whole image, by default at its first row and column.
    out : complex64, (window.rows, window.cols), optional
        Where to write; C order.

    Returns
    -------
    complex64, (window.rows, window.cols)
        NaN in both parts where a sample under the weights is missing (beyond ``samples``, not valid, NaN) or the
        position is NaN.  A position exactly on a row or column (fraction 0) needs no neighbours along that axis.

    Raises
    ------
    ShapeMismatchError
        Samples, carrier, valid samples or ``out`` do not fit each other.
    OutOfRangeError
        The nodes of a field do not enclose the window, or the samples are of another type.

    Notes
    -----
    Each output sample depends on the offsets at itself and at ``col_taps.reach`` columns on each side, and on its neighbours
    in the image: blocks, strips and threads change no bit as long as the same fields are given.  Fields that are cut at a
    block's left and right edge go on linearly there, which differs by what they bend.
    Phases are evaluated and reduced to a cycle in float64, everything else is float32.  Reach: ``row_taps.reach`` and
    ``col_taps.reach`` samples around a position.  Memory beyond the arrays: less than 1 MiB a thread; fields of mixed
    types are copied as float64.
    """
    parts = _parts_of(samples)
    where = place or Window(0, 0, *parts.shape[:2])
    fields = [f for f in (row_offset, col_offset, phase) if f is not None]
    _check_fields(fields, window)
    if where.shape != Shape(*parts.shape[:2]):
        raise ShapeMismatchError(
            f"samples of shape {parts.shape[:2]}", expected=f"{tuple(where.shape)}, their place"
        )
    source = Source(
        _frozen(parts.reshape(where.rows, 2 * where.cols)),
        Place(where.row, where.row + where.rows, where.col, where.col + where.cols),
        _valid_columns(valid, where),
        *_chirp(carrier, where),
        _frozen(np.concatenate([np.concatenate([t.even, t.odd], axis=1) for t in (row_taps, col_taps)])),
        Reach(row_taps.reach, col_taps.reach),
    )
    result = _output(out, window)
    written = result.view(np.float32)
    kind = np.float64 if any(f.values.dtype != np.float32 for f in fields) else np.float32
    nodes = _nodes(row_offset, kind), _nodes(col_offset, kind), _nodes(phase, kind)

    def fill(first: int, last: int) -> None:
        for top in range(first * STRIP, min(last * STRIP, window.rows), STRIP):
            resample_strip(
                source,
                *nodes,
                float(cycles_per_unit),
                written[top : top + STRIP],
                window.row + top,
                window.col,
            )

    in_threads(fill, -(-window.rows // STRIP) if window.cols else 0)
    return result


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous array that cannot be written: so kernels are compiled once, whatever the caller's could."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _parts_of(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the samples as real and imaginary parts, (row, column, 2), without a copy where that is possible."""
    if samples.dtype == np.complex64 and samples.ndim == 2:
        return np.ascontiguousarray(samples).view(np.float32).reshape(*samples.shape, 2)
    if samples.dtype == np.int16 and samples.ndim == 3 and samples.shape[2] == 2:
        return np.ascontiguousarray(samples)
    raise OutOfRangeError(
        f"samples of type {samples.dtype} and shape {samples.shape}",
        expected="complex64 (row, column) or int16 (row, column, 2)",
    )


def _check_fields(fields: list[CoarseField], window: Window) -> None:
    for field in fields:
        if not field.covers(window):
            raise OutOfRangeError(
                f"nodes of shape {field.values.shape} from ({field.row_start}, {field.col_start}) in steps of "
                f"{field.row_step} x {field.col_step}",
                expected=f"nodes that enclose rows {window.row} to {window.row + window.rows - 1} and columns "
                f"{window.col} to {window.col + window.cols - 1}",
            )


def _valid_columns(valid: ValidSamples | None, where: Window) -> NDArray[np.int64]:
    n_rows, n_cols = where.row + where.rows, where.col + where.cols
    if valid is None:
        valid = ValidSamples.all_of(Shape(n_rows, n_cols))
    if valid.first.shape != valid.last.shape or valid.first.ndim != 1 or valid.first.size < n_rows:
        raise ShapeMismatchError(
            f"valid samples of shapes {valid.first.shape} and {valid.last.shape}",
            expected=f"one entry for each of {n_rows} rows or more",
        )
    return _frozen(np.stack([valid.first, valid.last]).astype(np.int64))


def _chirp(carrier: RowChirp | None, where: Window) -> tuple[NDArray[np.float64], float]:
    if carrier is None:
        return _frozen(np.empty((2, 0))), 0.0
    if carrier.rate.size < where.col + where.cols:
        raise ShapeMismatchError(
            f"a carrier of {carrier.rate.size} columns", expected=f"{where.col + where.cols} or more"
        )
    return _frozen(np.stack([carrier.frequency, carrier.rate]).astype(np.float64)), float(carrier.middle)


def _output(out: ComplexImage | None, window: Window) -> ComplexImage:
    if out is None:
        return np.empty(tuple(window.shape), np.complex64)
    if out.shape != tuple(window.shape) or out.dtype != np.complex64 or not out.flags.c_contiguous:
        raise ShapeMismatchError(
            f"out of shape {out.shape} and type {out.dtype}",
            expected=f"{tuple(window.shape)}, complex64, C order",
        )
    return out


def _nodes(field: CoarseField | None, kind: type[np.floating]) -> Nodes:
    if field is None:
        return Nodes(_frozen(np.empty((0, 0), kind)), 0, 1, 0, 1)
    values = _frozen(field.values.astype(kind, copy=False))
    return Nodes(values, int(field.row_start), int(field.row_step), int(field.col_start), int(field.col_step))
