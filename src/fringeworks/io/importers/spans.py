"""Basic slices of lazily read arrays, as ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError


@dataclass(frozen=True, slots=True)
class Spans:
    """What a key asks of each axis, and which axes it drops.

    Attributes
    ----------
    axes : tuple of range
        Indices wanted of each axis, step 1.
    dropped : tuple of int
        Axes that were asked for by a plain integer.
    """

    axes: tuple[range, ...]
    dropped: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape before axes are dropped."""
        return tuple(len(axis) for axis in self.axes)

    def drop(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return an array of :attr:`shape` without the dropped axes."""
        return values.reshape([n for k, n in enumerate(values.shape) if k not in self.dropped])


def spans_of(key: Any, shape: tuple[int, ...]) -> Spans:
    """Settle a key of integers, slices with step 1 and at most one ellipsis.

    Raises
    ------
    OutOfRangeError
        The key has a step, too many axes, or an index outside.
    """
    parts = list(key) if isinstance(key, tuple) else [key]
    if any(part is Ellipsis for part in parts):
        at = next(k for k, part in enumerate(parts) if part is Ellipsis)
        parts[at : at + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    parts += [slice(None)] * (len(shape) - len(parts))
    if len(parts) != len(shape):
        raise OutOfRangeError(
            f"{len(parts)} indices", expected=f"at most {len(shape)}, for the shape {shape}"
        )
    axes = tuple(_span(part, length) for part, length in zip(parts, shape, strict=True))
    return Spans(axes, tuple(k for k, part in enumerate(parts) if not isinstance(part, slice)))


def _span(part: Any, length: int) -> range:
    if isinstance(part, slice):
        span = range(*part.indices(length))
        if span.step == 1:
            return range(span.start, max(span.start, span.stop))
    elif isinstance(part, int | np.integer) and -length <= part < length:
        index = int(part) % length
        return range(index, index + 1)
    raise OutOfRangeError(f"index {part!r}", expected=f"0 to {length - 1}, or a slice with step 1")
