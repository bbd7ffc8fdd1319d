"""One block of an overlap: which dates it has, how even its power is, and the average of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlap_kernels import (
    MOST_POWER,
    add_power,
    count_valid,
    equalise,
    fill_windows,
    shared_sums,
)

CELL: Final = (8, 16)
"""Lines and samples of a cell within which power is evened out: a hundred metres square, some 70 independent samples."""

PRESENT: Final = 0.5
"""A date belongs to a block if it holds this share of the samples of the fullest date."""

LEAST_SAMPLES: Final = 64
"""A block with fewer common samples is left out: its coherence would be noise."""

MOST_SHARED: Final = 0.9
"""Two images are taken to share no more of their speckle than this: the rest could not be told from rounding."""

MOST_PAIRS: Final = 6
"""Pairs of dates that are asked whether images share speckle: single samples are many enough."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Where the blocks write; ``figures`` (block, 4): looks, looks of a window, separation, speckle shared."""

    phasor: NDArray[np.complex64]
    coherence: NDArray[np.float32]
    present: NDArray[np.bool_]
    figures: Values

    @classmethod
    def empty(cls, n_blocks: int, n_pairs: int, n_dates: int) -> BlockSums:
        """Return room for so many blocks."""
        return cls(
            np.full((n_blocks, n_pairs), complex(np.nan, np.nan), np.complex64),
            np.full((2, n_blocks, n_pairs), np.nan, np.float32),
            np.zeros((n_blocks, n_dates), bool),
            np.zeros((n_blocks, 4)),
        )


def sum_block(
    upper: NDArray[np.complex64],
    lower: NDArray[np.complex64],
    separation: Values,
    span: tuple[int, int],
    *,
    block: int,
    pairs: NDArray[np.int64],
    fraction: float,
    options: DiversityOptions,
    sums: BlockSums,
) -> None:
    """Fill one block, the samples of ``span``; arguments as in :func:`fringeworks.tops.overlaps.overlap_statistics`."""
    first, last = span
    n_valid = np.zeros(upper.shape[0], np.int64)
    upper, lower = (
        np.ascontiguousarray(upper[:, :, first:last]),
        np.ascontiguousarray(lower[:, :, first:last]),
    )
    count_valid(upper, lower, n_valid)
    present = n_valid >= max(PRESENT * n_valid.max(initial=0), 1)
    sums.present[block] = present
    dates = np.flatnonzero(present)
    inside = present[pairs[:, 0]] & present[pairs[:, 1]]
    if dates.size < 2 or not inside.any():
        return
    power: NDArray[np.float32] = np.zeros(upper[0].shape, np.float32)
    add_power(upper, present, power)
    add_power(lower, present, power)
    power /= 2 * dates.size
    scale = np.empty_like(power)
    equalise(power, *CELL, scale)
    n_common = int(np.count_nonzero(scale))
    if n_common < LEAST_SAMPLES:
        return
    number = np.cumsum(present) - 1
    own = np.repeat(np.arange(dates.size), 2).reshape(-1, 2)
    numbered = np.concatenate([own, number[pairs[inside]]])
    size = _even(len(scale), options.window_lines), _even(last - first, options.window_samples)
    n_windows = -(-len(scale) // size[0]) * -(-(last - first) // size[1])
    windows = np.zeros((2, n_windows, len(numbered)), np.complex128)
    n_samples = np.zeros(n_windows, np.int64)
    fill_windows(upper, lower, dates, numbered, scale, *size, windows, n_samples)
    valid = scale > 0
    evenness = _evenness(power[valid], windows[:, :, dates.size :], n_samples, dates.size)
    seen = n_samples > 0
    worth = evenness * _fraction_within(fraction, valid)
    mean = _average(windows[:, seen, dates.size :], n_samples[seen].astype(np.float64), worth)
    shared = _shared(upper, lower, dates, scale, numbered[dates.size :], np.abs(mean.phasor))
    sums.phasor[block, inside] = mean.phasor
    sums.coherence[:, block, inside] = _without_bias(mean.square, mean.window_looks)
    sums.figures[block] = (
        mean.looks,
        mean.window_looks,
        np.broadcast_to(separation[..., first:last], valid.shape)[valid].mean(),
        shared,
    )


def _fraction_within(fraction: float, valid: NDArray[np.bool_]) -> float:
    """Return the independent samples per sample of a block of few lines: its edges have no neighbours beyond.

    What neighbours have in common is taken to be alike along both axes, and to reach no farther than the next sample.
    """
    shared = 1.0 / np.sqrt(fraction) - 1.0
    n_lines, n_samples = int(valid.any(axis=1).sum()), int(valid.any(axis=0).sum())
    return float(1.0 / ((1.0 + shared * (1.0 - 1.0 / n_lines)) * (1.0 + shared * (1.0 - 1.0 / n_samples))))


def _shared(
    upper: NDArray[np.complex64],
    lower: NDArray[np.complex64],
    dates: NDArray[np.int64],
    scale: NDArray[np.float32],
    pairs: NDArray[np.int64],
    squared: Values,
) -> float:
    """Return the squared correlation r^2 of the two images' speckle, whatever its phase from sample to sample.

    With coherences g of a pair in each image, the double difference of single samples over the product of powers is
    (g^2 + r^2) / (1 + r^2 g^2); that of windows holds g^2 alone.
    """
    next_to = np.flatnonzero(pairs[:, 1] == pairs[:, 0] + 1)
    if not next_to.size:
        next_to = np.arange(len(pairs))
    few = next_to[np.unique(np.linspace(0, next_to.size - 1, MOST_PAIRS).round().astype(int))]
    products, powers = np.zeros(few.size, np.complex128), np.zeros(few.size)
    shared_sums(upper, lower, dates[pairs[few]], scale, products, powers)
    windows = squared[few]
    known = (powers > 0.0) & (windows > 0.0)
    if not known.any():
        return 0.0
    single = np.abs(products[known]) / powers[known]
    share = (single - windows[known]) / np.maximum(1.0 - single * windows[known], 1e-3)
    # The difference of two numbers near one says nothing: pairs count by what they leave room for.
    room = (1.0 - windows[known]) ** 2 + 1e-6
    return float(np.clip(np.average(share, weights=room), 0.0, MOST_SHARED))


@dataclass(frozen=True, slots=True)
class _Average:
    """Of the windows of a block: double difference (pair), squared coherence (image, pair), looks of all and of one."""

    phasor: NDArray[np.complex128]
    square: Values
    looks: float
    window_looks: float


def _average(windows: NDArray[np.complex128], n_samples: Values, fraction: float) -> _Average:
    """Average windows (image, window, pair), those without a signal toned down.

    The weight of a window is the mean squared coherence of its pairs, freed of its bias and drawn toward the block's
    mean as far as noise alone explains the differences.  A block half of water then counts as half a block of the
    coherence that its land has: averaged evenly, it would count as a whole block of less coherence, whose pairs
    have less noise in common.
    """
    looks = np.maximum(n_samples * fraction, 1.0)
    squared = np.abs(windows) ** 2
    signal = np.clip(squared.mean(axis=(0, 2)) - 1.0 / looks, 0.0, None)
    mean = float(np.average(signal, weights=n_samples))
    # Squared coherence g^2 of L looks has the variance 2 g^2 / L; two images and about half as many pairs as dates are
    # independent, and no fewer than one.
    n_independent = np.sqrt(windows.shape[2] / 2.0) + 0.5
    noise = float((2.0 * mean / looks + 1.0 / looks**2).mean() / (2.0 * n_independent))
    spread = float(np.average((signal - mean) ** 2, weights=n_samples))
    kept = max(1.0 - noise / spread, 0.0) if spread > 0 else 0.0
    weight = n_samples * np.maximum(mean + kept * (signal - mean), 1e-3 * max(mean, 1e-6))
    weight /= weight.sum()
    return _Average(
        phasor=weight @ (windows[1] * windows[0].conj()),
        square=weight @ squared,
        looks=float(1.0 / (weight**2 / looks).sum()),
        window_looks=float(weight @ looks),
    )


def _even(length: int, size: int) -> int:
    """Return the size nearest to the one asked for that leaves no narrow rest."""
    return -(-length // max(round(length / size), 1))


def _evenness(
    power: NDArray[np.float32], windows: NDArray[np.complex128], n_samples: NDArray[np.int64], n_dates: int
) -> float:
    """Return the share of independent samples that uneven power leaves.

    The mean power of n dates and two images still has speckle, with a relative variance of the mean squared coherence
    of all pairs of 2 n images; pairs that are not compared count as incoherent.  Samples that were toned down have lost
    theirs.
    """
    p = power.astype(np.float64)
    square = np.average(np.abs(windows) ** 2, axis=1, weights=n_samples)
    speckle = (n_dates + float(square.sum())) / (2.0 * n_dates**2)
    squares = np.where(p < 0.9999 * MOST_POWER, p * p / (1.0 + speckle), p * p)
    return float(min(p.sum() ** 2 / (p.size * squares.sum()), 1.0))


def _without_bias(square: Values, looks: float) -> NDArray[np.float32]:
    """Return coherence from its mean square over windows, whose expectation is 1/L more for incoherent images."""
    excess = (square * looks - 1.0) / max(looks - 1.0, 1.0)
    return np.sqrt(np.clip(excess, 0.0, 1.0)).astype(np.float32)
