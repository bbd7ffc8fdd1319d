"""How far a place stands out from the scene: the figures a reference is chosen by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from fringeworks.model.arrays import BoolImage, FloatImage

_MAD_TO_SIGMA = 1.4826
_TREND_ROUNDS = 4


def depart_from_trend(velocity: FloatImage, usable: BoolImage) -> tuple[NDArray[np.float64], float]:
    """Return velocity minus a plane fitted robustly (trimmed and iterated), (y, x), and the robust spread about it."""
    row, col = np.nonzero(usable)
    values = velocity[usable].astype(np.float64)
    rows, cols = usable.shape
    basis = np.column_stack([np.ones(values.size), row / rows - 0.5, col / cols - 0.5])
    plane = np.array([np.median(values), 0.0, 0.0])
    spread = 0.0
    for _ in range(_TREND_ROUNDS):
        residual = values - basis @ plane
        spread = _MAD_TO_SIGMA * float(np.median(np.abs(residual)))
        kept = np.abs(residual) <= 2.0 * max(spread, 1e-12)
        if kept.sum() < 10:
            break
        plane = np.linalg.lstsq(basis[kept], values[kept], rcond=None)[0]
    departure = np.full(usable.shape, np.nan)
    departure[usable] = values - basis @ plane
    return departure, spread


def average_lack(coherence: FloatImage, usable: BoolImage, radius: int) -> NDArray[np.float64]:
    """Average 1 minus a coherence over the area about each pixel, in units of its median over the image, (y, x)."""
    lack = np.where(usable, 1.0 - coherence.astype(np.float64), np.nan)
    return average_over_area(lack / max(float(np.nanmedian(lack)), 1e-6), usable, radius)


def average_over_area(values: NDArray[np.float64], usable: BoolImage, radius: int) -> NDArray[np.float64]:
    """Average the usable values of the area about each pixel, (y, x); NaN where there is none."""
    good = usable & np.isfinite(values)
    width = 2 * radius + 1
    total = uniform_filter(np.where(good, values, 0.0), width, mode="constant")
    share = uniform_filter(good.astype(float), width, mode="constant")
    return np.where(share > 0.5 / width**2, total / np.maximum(share, 1e-12), np.nan)
