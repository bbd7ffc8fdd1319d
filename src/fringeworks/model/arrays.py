"""What an algorithm needs of an array, and how a large one is cut into blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MemoryLimitError, OutOfRangeError
from fringeworks.model.grids import Shape, Window

FloatImage: TypeAlias = NDArray[np.float32]
"""float32, (line, sample) or (y, x); NaN where there is no data."""
FloatStack: TypeAlias = NDArray[np.float32]
"""float32, (date or pair, line, sample); NaN where there is no data."""
ComplexImage: TypeAlias = NDArray[np.complex64]
"""complex64, (line, sample); NaN in both parts where there is no data."""
BoolImage: TypeAlias = NDArray[np.bool_]
"""bool, (line, sample); True = use it."""


@runtime_checkable
class ArraySource(Protocol):
    """Anything that has a shape and a dtype and gives arrays when sliced."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values that slicing gives."""
        ...

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Give the values of a basic slice (integers and slices with step 1)."""
        ...


@runtime_checkable
class ArraySink(Protocol):
    """Anything that takes arrays by slice assignment."""

    def __setitem__(self, key: Any, value: NDArray[Any], /) -> None:
        """Take the values of a basic slice."""
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of work: what to read (with halo) and what of it to keep.

    Attributes
    ----------
    index : int
        Running number.
    read : Window
        Window to read, in the coordinates of the whole image.
    keep : Window
        Window to write, in the coordinates of the whole image.
    """

    index: int
    read: Window
    keep: Window

    @property
    def inner(self) -> tuple[slice, slice]:
        """Slices that cut ``keep`` out of an array that holds ``read``."""
        row, col = self.keep.row - self.read.row, self.keep.col - self.read.col
        return slice(row, row + self.keep.rows), slice(col, col + self.keep.cols)


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """A partition of an image into blocks with a halo."""

    shape: Shape
    block: Shape
    halo: Shape = field(default=Shape(0, 0))

    def __post_init__(self) -> None:
        if self.block.rows < 1 or self.block.cols < 1:
            raise OutOfRangeError(
                f"block of {self.block.rows} x {self.block.cols}", expected="at least one pixel"
            )

    def __len__(self) -> int:
        """Return the number of blocks."""
        return -(-self.shape.rows // self.block.rows) * -(-self.shape.cols // self.block.cols)

    def __iter__(self) -> Iterator[Block]:
        """Iterate the blocks, row by row."""
        index = 0
        for row in range(0, self.shape.rows, self.block.rows):
            for col in range(0, self.shape.cols, self.block.cols):
                yield self._block(index, row, col)
                index += 1

    def _block(self, index: int, row: int, col: int) -> Block:
        row_end = min(row + self.block.rows, self.shape.rows)
        col_end = min(col + self.block.cols, self.shape.cols)
        top, left = max(row - self.halo.rows, 0), max(col - self.halo.cols, 0)
        bottom = min(row_end + self.halo.rows, self.shape.rows)
        right = min(col_end + self.halo.cols, self.shape.cols)
        return Block(
            index=index,
            read=Window(top, left, bottom - top, right - left),
            keep=Window(row, col, row_end - row, col_end - col),
        )


def plan_rows(shape: Shape, *, bytes_per_pixel: float, budget: float, multiple: int = 1) -> BlockPlan:
    """Cut an image into full-width strips whose working memory stays inside a budget.

    Parameters
    ----------
    shape : Shape
        Image to cut.
    bytes_per_pixel : float
        Working memory of the step for one pixel [bytes].
    budget : float
        Memory a block may take [bytes].
    multiple : int
        Strips are a multiple of this many rows (chunks of the store), where more than one strip is needed.

    Raises
    ------
    MemoryLimitError
        Not even ``multiple`` rows fit.
    """
    rows = int(budget // max(bytes_per_pixel * shape.cols, 1.0))
    if rows >= shape.rows:
        return BlockPlan(shape, shape)
    rows -= rows % multiple
    if rows < 1:
        need = bytes_per_pixel * shape.cols * multiple
        raise MemoryLimitError(
            f"{budget / 2**20:.0f} MiB for a block, but {multiple} rows of {shape.cols} pixels take {need / 2**20:.0f} MiB",
            hint="raise compute.max_memory, or make the area narrower",
        )
    return BlockPlan(shape, Shape(rows, shape.cols))
