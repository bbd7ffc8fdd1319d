"""How many independent looks a set of samples holds: neighbouring samples of a focused image are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.model.arrays import FloatImage
from fringeworks.numerics.compiled import in_threads
from fringeworks.timeseries.distributed.neighbours import Similar
from fringeworks.timeseries.distributed.neighbours_bits import set_looks

REACH = 3
"""Samples apart up to which they are taken to be alike."""
_TILE = 8


def sample_correlation(stack: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Estimate how alike samples beside each other are, from images.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Flattened images of some hundred samples across; NaN or 0 where there is nothing.

    Returns
    -------
    float64, (lag along azimuth, lag along range)
        Squared magnitude of the correlation of two samples 0 to 3 lines and samples apart; 1 at no distance.

    Raises
    ------
    ShapeMismatchError
        The stack has not three axes.
    TooFewDataError
        No tile of 8 x 8 samples has data.

    Notes
    -----
    Products of two samples are summed over the dates and over tiles, so that the carrier of bursts, which is that of all
    dates, costs nothing; the median over tiles of their squared correlation is taken, and ``1 / looks`` taken off, which
    samples without any correlation have.  A bright point has the same correlation as the ground: that of the system.
    """
    if stack.ndim != 3:
        raise ShapeMismatchError(f"a stack of shape {stack.shape}", expected="(date, line, sample)")
    images = np.where(np.isfinite(stack), stack, 0)
    found = np.zeros((REACH + 1, REACH + 1))
    for down in range(REACH + 1):
        for across in range(REACH + 1):
            found[down, across] = 1.0 if down == across == 0 else _squared(images, down, across)
    return found


def _squared(images: NDArray[np.complex64], down: int, across: int) -> float:
    """Return the squared correlation of samples so far apart, the median over tiles."""
    n_lines, n_samples = images.shape[1:]
    cross = np.zeros((n_lines - down, n_samples - across), np.complex128)
    here, there = np.zeros(cross.shape), np.zeros(cross.shape)
    count = np.zeros(cross.shape)
    for image in images:
        first, second = image[: n_lines - down, : n_samples - across], image[down:, across:]
        both = (first != 0) & (second != 0)
        cross += first * second.conj()
        here += np.abs(first) ** 2 * both
        there += np.abs(second) ** 2 * both
        count += both
    power = _tiles(here) * _tiles(there)
    good = power > 0.0
    if not good.any():
        raise TooFewDataError(
            f"no data in tiles of {_TILE} x {_TILE} of a stack of {images.shape}",
            expected="an area with data of some hundred samples across",
        )
    squared = np.abs(_tiles(cross)[good]) ** 2 / power[good]
    bias = 1.0 / _tiles(count)[good]
    return float(np.clip(np.median((squared - bias) / (1.0 - bias)), 0.0, 1.0))


def _tiles(image: NDArray[Any]) -> NDArray[Any]:
    """Return sums over tiles, those at the far edges left out where they are not whole."""
    rows, cols = image.shape[0] // _TILE, image.shape[1] // _TILE
    cut = image[: rows * _TILE, : cols * _TILE].reshape(rows, _TILE, cols, _TILE)
    return np.asarray(cut.sum(axis=(1, 3)))


def effective_looks(similar: Similar, correlation: NDArray[np.float64]) -> FloatImage:
    """Return the independent looks of each cell's similar samples, float32, (row, column); 0 without samples.

    Parameters
    ----------
    similar : Similar
        Samples.
    correlation : float64, (lag along azimuth, lag along range)
        From :func:`sample_correlation`, or what bandwidth and sampling imply; 1 at no distance.

    Raises
    ------
    ShapeMismatchError
        The correlation is no table of lags, or not 1 at no distance.

    Notes
    -----
    ``n^2 / sum_pq |rho(p - q)|^2`` over all pairs of the n samples: what is left of the variance of their mean power.
    """
    table = np.asarray(correlation, np.float64)
    if table.ndim != 2 or table.size == 0 or abs(table[0, 0] - 1.0) > 1e-6 or max(table.shape) > 32:
        raise ShapeMismatchError(
            f"a correlation of shape {table.shape}", expected="lags along azimuth and range, 1 at no distance"
        )
    looks = np.zeros(similar.number.shape, np.float32)

    def work(first: int, last: int) -> None:
        for row in range(first, last):
            set_looks(similar.words, row, similar.window.rows, similar.window.cols, table, looks)

    in_threads(work, len(looks))
    return looks
