"""How older dates are summed: in bins that grow with their age, so that any number of dates leaves few of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

YOUNGEST: Final = 2
"""Dates of the youngest bin."""


def split_sizes(n_dates: int) -> tuple[int, ...]:
    """Return the sizes of the bins that dates fall into when they are first summed, the oldest first.

    The youngest has two dates, each older one twice as many, the oldest what is left: what decorrelates within a few dates
    is passed on by the youngest, what stays by all.
    """
    sizes, size, left = [], YOUNGEST, n_dates
    while left >= 3 * size:
        sizes.append(size)
        left -= size
        size *= 2
    if left:
        sizes.append(left)
    return tuple(reversed(sizes))


def merged_groups(sizes: tuple[int, ...]) -> tuple[slice, ...]:
    """Return which bins become one, the oldest first.

    Two neighbours do where together they are no longer than all that is younger: seen from the youngest date they lie close
    together.  The number of bins grows with the logarithm of the number of dates.
    """
    groups = [slice(k, k + 1) for k in range(len(sizes))]
    lengths, k = list(sizes), 0
    while k + 1 < len(lengths):
        if lengths[k] + lengths[k + 1] <= sum(lengths[k + 2 :]):
            groups[k : k + 2] = [slice(groups[k].start, groups[k + 1].stop)]
            lengths[k : k + 2] = [lengths[k] + lengths[k + 1]]
            k = 0
        else:
            k += 1
    return tuple(groups)


def align_images(
    stack: NDArray[np.complex64], phase: NDArray[np.float32], *, strides: tuple[int, int]
) -> NDArray[np.complex64]:
    """Turn images back by their linked phases, complex64, (date, line, sample); 0 where image or phase is missing.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Images.
    phase : float32, (date, row, column)
        Linked phases [rad], those of a cell for all its samples; samples beyond the last whole cell take that cell's.
    strides : tuple of int
        Lines and samples of a cell.
    """
    line = np.minimum(np.arange(stack.shape[1]) // strides[0], phase.shape[1] - 1)
    sample = np.minimum(np.arange(stack.shape[2]) // strides[1], phase.shape[2] - 1)
    aligned = np.zeros(stack.shape, np.complex64)
    for image, angle, result in zip(stack, phase, aligned, strict=True):
        turned = image * np.exp(np.complex64(-1j) * angle)[line][:, sample]
        good = np.isfinite(turned)
        result[good] = turned[good]
    return aligned


def sum_groups(images: NDArray[np.complex64], groups: tuple[slice, ...]) -> NDArray[np.complex64]:
    """Return the sums of images group by group, complex64, (group, line, sample)."""
    return np.stack([images[group].sum(axis=0, dtype=np.complex64) for group in groups])


def mean_groups(
    values: NDArray[np.floating], sizes: tuple[int, ...], groups: tuple[slice, ...]
) -> NDArray[np.floating]:
    """Return means group by group, weighted with the sizes, along the first axis."""
    weights = np.asarray(sizes, values.dtype)
    return np.stack([np.tensordot(weights[g] / weights[g].sum(), values[g], axes=1) for g in groups])
