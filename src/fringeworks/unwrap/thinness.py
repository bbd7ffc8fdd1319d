"""Images too thin for a solver: each row or column repeated, and the result thinned again."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def repeats_for(shape: tuple[int, ...], *, least: int) -> tuple[int, int]:
    """Return how often each row and each column has to be repeated so that there are at least so many."""
    return -(-least // shape[0]), -(-least // shape[1])


def thicken(image: NDArray[T], repeats: tuple[int, int]) -> NDArray[T]:
    """Return the image with rows and columns repeated; itself where none is."""
    for axis, times in enumerate(repeats):
        if times > 1:
            image = np.repeat(image, times, axis)
    return image


def thin(image: NDArray[T], repeats: tuple[int, int]) -> NDArray[Any]:
    """Return the first of each repeated row and column."""
    return np.ascontiguousarray(image[:: repeats[0], :: repeats[1]])
