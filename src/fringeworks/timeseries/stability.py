"""How far a place stands out from the scene: the figures a reference is chosen by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from fringeworks.model.arrays import BoolImage, FloatImage

_FEWEST = 8
_QUARTER_TO_SIGMA = 1.0 / 0.31864
"""A quarter of normal values lie within 0.31864 sigma of the mean."""


def depart_from_mode(velocity: FloatImage, usable: BoolImage) -> tuple[NDArray[np.float64], float]:
    """Return velocity minus the commonest velocity of the scene, (y, x) [m/yr], and the spread of those near it.

    Stable ground is what most pixels agree on.  Where much of a scene sinks, neither mean nor median nor a plane is
    stable ground: all three lie on the slope between it and the bowl.  The commonest velocity is found as the half-sample
    mode (Bickel and Fruehwirth 2006): the densest half of the values, the densest half of these, and so on.
    """
    values = np.sort(velocity[usable].astype(np.float64))
    mode = _half_sample_mode(values)
    spread = float(np.quantile(np.abs(values - mode), 0.25)) * _QUARTER_TO_SIGMA
    departure = np.full(usable.shape, np.nan)
    departure[usable] = velocity[usable] - mode
    return departure, spread


def _half_sample_mode(ordered: NDArray[np.float64]) -> float:
    """Return the half-sample mode of ordered values."""
    while ordered.size > _FEWEST:
        half = (ordered.size + 1) // 2
        width = ordered[half - 1 :] - ordered[: ordered.size - half + 1]
        start = int(np.argmin(width))
        ordered = ordered[start : start + half]
    return float(np.mean(ordered))


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
