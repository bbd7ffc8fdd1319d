"""Which samples around a cell are of the same ground, by their amplitudes in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.arrays import BoolImage, FloatImage
from fringeworks.model.grids import Looks, Shape
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.distributed.neighbours_bits import count_bits, keep_connected
from fringeworks.timeseries.distributed.neighbours_kernels import (
    Cells,
    Counts,
    Words,
    average_scatter,
    compare_power,
    describe,
)
from fringeworks.timeseries.distributed.neighbours_levels import (
    SET_SAMPLES,
    anderson_levels,
    independent_dates,
    kolmogorov_levels,
    mean_levels,
    ratio_levels,
)
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.neighbours_ranks import compare_distribution, quadratic_table

Images: TypeAlias = NDArray[np.complex64] | NDArray[np.float32]
"""Images or amplitudes, (date, line, sample)."""
TABLED = 128
"""Dates up to which ranks are counted; above, merging two series is faster."""
WIDEST = 63
"""Most lines or samples of a window."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Similar:
    """Samples alike to the centre of each cell's window.

    Attributes
    ----------
    words : uint64, (row, column, word)
        Bit ``p & 63`` of word ``p >> 6`` stands for the sample in line ``p // window.cols`` and column ``p % window.cols``
        of the cell's window; 1 = alike.
    window : Shape
        Lines and samples of a window; that of cell r begins at line ``r s + (s - w) // 2`` for s lines a cell and w a
        window, and may reach beyond the image, where no bit is set.
    strides : Looks
        Lines and samples of a cell.
    number : int32, (row, column)
        Samples alike, the centre included; 0 where the centre has no data.
    effective_dates : float32, (row, column)
        Independent dates the amplitudes are worth; NaN where there is no data.
    note : str
        What a person should know about the test, empty if nothing.
    tally : Tally
        Cells considered, with similar samples, without.
    """

    words: Words
    window: Shape
    strides: Looks
    number: Counts
    effective_dates: FloatImage
    note: str
    tally: Tally

    def mask(self, row: int, column: int) -> BoolImage:
        """Return the similar samples of one cell, (line, sample) of its window."""
        bits = np.unpackbits(self.words[row, column].astype("<u8").view(np.uint8), bitorder="little")
        return bits[: self.window.size].reshape(tuple(self.window)).astype(np.bool_)


def grid_of(shape: tuple[int, ...], strides: Looks) -> Shape:
    """Return the rows and columns of whole cells in an image of so many lines and samples."""
    return Shape(shape[-2] // strides.azimuth, shape[-1] // strides.range)


def similar_samples(
    stack: Images,
    *,
    window: Shape,
    strides: Looks,
    options: NeighbourOptions | None = None,
) -> Similar:
    """Find in the window of each cell the samples whose amplitudes are distributed as those of its centre.

    Parameters
    ----------
    stack : complex64 or float32, (date, line, sample)
        Images, or amplitudes (not powers); NaN or 0 where there is nothing.
    window : Shape
        Lines and samples that are looked at, at most 63 each.
    strides : Looks
        Lines and samples of a cell of the result.
    options : NeighbourOptions, optional
        Test and its rate.

    Returns
    -------
    Similar
        A block that holds the halo (:func:`fringeworks.timeseries.distributed.linking.halo`) gives the bits of the whole.

    Raises
    ------
    ShapeMismatchError
        The stack has not three axes.
    TooFewDataError
        It has no date, or not one whole cell.
    OutOfRangeError
        The window is empty or too large.

    Notes
    -----
    The centre is the sample at ``window.rows // 2``, ``window.cols // 2`` of the window; it has to have data in at
    least half of the dates, as has each sample beside it.

    Amplitudes of coherent dates are alike, so that dates hold fewer independent ones.  How many is read from the data
    (:func:`fringeworks.timeseries.distributed.neighbours_levels.independent_dates`), whatever the brightness.

    The power of one sample is itself uncertain.  With ``glrt``, where at least 24 samples are like the centre, all samples of
    the window are held once more against the mean power of these: half of the noise is gone, and other ground is found
    that the centre alone could not tell apart.

    Cost: one pass over the stack, then some comparisons for each sample of each window.
    """
    options = options or NeighbourOptions()
    checked = _checked(stack, window, strides)
    n_dates, n_lines, n_samples = checked.shape
    grid = grid_of(checked.shape, strides)
    log_power, scatter = np.empty((2, n_lines, n_samples), np.float32)
    count = np.zeros((n_lines, n_samples), np.int32)
    in_threads(
        lambda first, last: describe(checked, first, last, log_power=log_power, scatter=scatter, count=count),
        n_lines,
    )
    scatter[count < least_dates(n_dates)] = np.nan
    cells = (strides.azimuth, strides.range, window.rows, window.cols)
    effective = _effective_dates(scatter, grid, cells, n_dates, options)
    words = np.zeros((grid.rows, grid.cols, -(-window.size // 64)), np.uint64)
    number = np.zeros(tuple(grid), np.int32)
    levels = _levels(n_dates, options)
    compare = _comparison(checked, log_power, count, effective, cells, levels, options)

    def work(first: int, last: int) -> None:
        for row in range(first, last):
            compare(row, words)
            if options.connected:
                keep_connected(words, row, window.rows, window.cols)
            count_bits(words, row, number)

    in_threads(work, grid.rows)
    used = int((number > 0).sum())
    return Similar(
        words=words,
        window=window,
        strides=strides,
        number=number,
        effective_dates=np.where(number > 0, effective, np.float32(np.nan)),
        note=_note(n_dates, levels, options),
        tally=Tally("cells", grid.size, used, {"no data at the centre": grid.size - used}),
    )


def _comparison(
    stack: Images,
    log_power: FloatImage,
    count: Counts,
    effective: FloatImage,
    cells: Cells,
    levels: NDArray[np.float32],
    options: NeighbourOptions,
) -> Callable[[int, Words], None]:
    """Return what sets the bits of one row of cells."""
    n_dates = len(stack)
    least = least_dates(n_dates)
    if not _ranks(options):
        logs, powers, counts = (_by_place(image, cells[1]) for image in (log_power, np.exp(log_power), count))
        fewest = SET_SAMPLES if options.method == "glrt" else np.iinfo(np.int32).max

        def by_power(row: int, words: Words) -> None:
            compare_power(
                logs,
                powers,
                counts,
                effective,
                row=row,
                cells=cells,
                least=least,
                fewest=fewest,
                levels=levels,
                words=words,
            )

        return by_power
    ordered, quadratic = _ordered(stack), options.method == "anderson-darling"
    tabled = quadratic and n_dates <= TABLED
    table = quadratic_table(n_dates if tabled else 0)[: None if tabled else 0]
    return lambda row, words: compare_distribution(
        ordered,
        count,
        effective,
        row=row,
        cells=cells,
        least=least,
        levels=levels,
        table=table,
        quadratic=quadratic,
        words=words,
    )


def _by_place(image: NDArray[Any], across: int) -> NDArray[Any]:
    """Return an image as (line, place in its cell, column), so that columns of cells lie side by side."""
    n_lines, n_samples = image.shape
    n_wide = -(-n_samples // across)
    fill = 0 if image.dtype.kind == "i" else np.nan
    padded = np.full((n_lines, n_wide * across), fill, image.dtype)
    padded[:, :n_samples] = image
    return np.ascontiguousarray(padded.reshape(n_lines, n_wide, across).transpose(0, 2, 1))


def least_dates(n_dates: int) -> int:
    """Return how many valid dates a sample needs: half of all, and one."""
    return max((n_dates + 1) // 2, 1)


def _checked(stack: Images, window: Shape, strides: Looks) -> Images:
    if stack.ndim != 3:
        raise ShapeMismatchError(f"a stack of shape {stack.shape}", expected="(date, line, sample)")
    if not (1 <= window.rows <= WIDEST and 1 <= window.cols <= WIDEST):
        raise OutOfRangeError(
            f"a window of {window.rows} x {window.cols} samples", expected=f"1 to {WIDEST} in each direction"
        )
    if stack.shape[0] == 0 or grid_of(stack.shape, strides).size == 0:
        raise TooFewDataError(
            f"a stack of shape {stack.shape}",
            expected=f"a date and one whole cell of {strides.azimuth} x {strides.range} samples",
        )
    if np.iscomplexobj(stack):
        return np.ascontiguousarray(stack, np.complex64)
    return np.ascontiguousarray(stack, np.float32)


def _ranks(options: NeighbourOptions) -> bool:
    return options.method in {"anderson-darling", "kolmogorov-smirnov"}


def _levels(n_dates: int, options: NeighbourOptions) -> NDArray[np.float32]:
    rate = options.false_rejection
    if options.method == "glrt":
        return np.concatenate(
            [ratio_levels(n_dates, false_rejection=rate)[None], mean_levels(n_dates, false_rejection=rate)]
        )
    if options.method == "anderson-darling":
        return anderson_levels(n_dates, false_rejection=rate)
    if options.method == "kolmogorov-smirnov":
        return kolmogorov_levels(n_dates, false_rejection=rate).astype(np.float32)
    return np.array([[np.inf], [-np.inf], [np.inf]], np.float32)


def _effective_dates(
    scatter: FloatImage,
    grid: Shape,
    cells: Cells,
    n_dates: int,
    options: NeighbourOptions,
) -> FloatImage:
    effective = np.full(tuple(grid), n_dates, np.float32)
    if not options.correlated_dates or options.method == "window":
        return effective

    def work(first: int, last: int) -> None:
        for row in range(first, last):
            average_scatter(scatter, row, cells, effective)

    in_threads(work, grid.rows)
    return independent_dates(effective, n_dates)


def _ordered(stack: Images) -> NDArray[np.float32]:
    """Return powers in rising order, (line, sample, date); missing ones are infinite and last."""
    n_dates, n_lines, n_samples = stack.shape
    ordered = np.empty((n_lines, n_samples, n_dates), np.float32)

    def work(first: int, last: int) -> None:
        part = stack[:, first:last]
        power = part.real * part.real + part.imag * part.imag
        power[~((power > 0.0) & np.isfinite(power))] = np.inf
        ordered[first:last] = np.sort(np.ascontiguousarray(power.transpose(1, 2, 0)), axis=-1)

    in_threads(work, n_lines)
    return ordered


def _note(n_dates: int, levels: NDArray[np.float32], options: NeighbourOptions) -> str:
    """Return a sentence where the test is blind or weak."""
    if options.method == "window":
        return ""
    last = levels[..., -1].max()
    blind = last > n_dates if options.method == "kolmogorov-smirnov" else not np.isfinite(last)
    if blind:
        return (
            f"{n_dates} dates are too few for {options.method} at a rate of {options.false_rejection:g}: "
            "every valid sample of the window counts as alike."
        )
    if n_dates < 10:
        return f"With {n_dates} dates only ground of very different brightness is told apart."
    return ""
