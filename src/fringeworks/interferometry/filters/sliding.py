"""Means over a sliding window along the local fringes, their cascade, and the colinearity of phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.filters.sliding_kernels import sum_along_fringes
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.numerics.compiled import in_threads
from fringeworks.numerics.filters import box_weights, triangle_weights, weighted_sum


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlidingMean:
    """Mean around each pixel.

    Attributes
    ----------
    phasor : complex64, (row, col)
        Weighted mean over the window, turned to the pixel's own phase; NaN where the input is.
    colinearity : float32, (row, col)
        Length of the weighted sum over the sum of lengths, in [0, 1]: 1 where all phases of the window lie on one
        plane, about one over the root of the number of pixels in noise.
    """

    phasor: ComplexImage
    colinearity: FloatImage


def slide(
    phasor: ComplexImage, *, window: int, triangular: bool = True, along_fringes: bool = True
) -> SlidingMean:
    """Average over a window that moves pixel by pixel.

    Parameters
    ----------
    phasor : complex64, (row, col)
        NaN where there is no data; longer phasors weigh more.
    window : int
        Side, odd [pixels].
    triangular : bool
        Weights that fall linearly from the centre; else all alike.
    along_fringes : bool
        Take out the slope of the phase inside each window first, so that fringes lose nothing.

    Returns
    -------
    SlidingMean
        Filtered phasor and colinearity.

    Notes
    -----
    The slope is the angle of the mean product of neighbours over the window, where it stands out of what noise
    makes (three times); else it counts as level.  A block with a halo of ``window // 2 + 1`` pixels gives the bits
    of the whole.
    """
    if window < 1 or window % 2 == 0:
        raise OutOfRangeError(f"window of {window} pixels", expected="an odd number")
    if phasor.ndim != 2:
        raise ShapeMismatchError(f"phasor of shape {phasor.shape}", expected="rows and columns")
    valid = np.isfinite(phasor)
    clean = np.where(valid, phasor, 0).astype(np.complex64)
    weights = triangle_weights(window) if triangular else box_weights(window)
    planes = np.stack([clean.real, clean.imag])
    if along_fringes and window > 1:
        sums = _sum_along(planes, _steps(clean, window), weights)
    else:
        sums = np.stack([weighted_sum(plane, down=weights, across=weights) for plane in planes])
    length = weighted_sum(np.abs(clean), down=weights, across=weights)
    share = weighted_sum(valid.astype(np.float32), down=weights, across=weights)
    nothing = np.float32(np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = (sums[0] + np.complex64(1j) * sums[1]) / share
        colinearity = np.minimum(np.hypot(sums[0], sums[1]) / length, np.float32(1.0))
    out[~valid] = complex(np.nan, np.nan)
    colinearity[~valid | ~(length > 0)] = nothing
    return SlidingMean(phasor=out, colinearity=colinearity)


def cascade(phasor: ComplexImage, *, windows: Sequence[int]) -> ComplexImage:
    """Filter from coarse to fine: each window works on what the wider ones have left.

    Parameters
    ----------
    phasor : complex64, (row, col)
        NaN where there is no data.
    windows : sequence of int
        Sides of the windows, odd, falling [pixels].

    Returns
    -------
    complex64, (row, col)
        Length is the colinearity in the last window.

    Notes
    -----
    The phase of the widest window is taken out of the interferogram, the rest is filtered in the next narrower
    one, and so on; the phases are added.  What a narrower window finds counts by its colinearity c: the correction is the
    angle of ``(1 - c) + c exp(i found)``, so that in noise the wider window's phase stays.  The halo is the sum of
    those of the windows.
    """
    sides = list(windows)
    if not sides or any(b >= a for a, b in pairwise(sides)):
        raise OutOfRangeError(f"windows {sides}", expected="at least one, each smaller than the one before")
    mean = slide(phasor, window=sides[0])
    found = _unit(mean.phasor)
    for side in sides[1:]:
        mean = slide(phasor * np.conj(found), window=side)
        share = mean.colinearity
        found = _unit(found * ((1 - share) + share * _unit(mean.phasor)))
    return np.asarray(found * mean.colinearity, np.complex64)


def measure_colinearity(phasor: ComplexImage, *, window: int, along_fringes: bool = True) -> FloatImage:
    """Measure how well the phases around each pixel lie on one plane, in place of coherence.

    Parameters
    ----------
    phasor : complex64, (row, col)
        Filtered or not; only angles count.  NaN where there is no data.
    window : int
        Side, odd [pixels].
    along_fringes : bool
        Take out the local slope first.

    Returns
    -------
    float32, (row, col)
        In [0, 1], NaN where the input is: ``|sum u exp(-i slope)| / n`` over the n valid pixels of the window, u
        phasors of length 1.

    Notes
    -----
    After the criterion of Pinel-Puysségur et al. (2012), which asks how far neighbouring phasors are parallel.  Of
    a filtered interferogram it is high where the filter found a phase at all, so it separates areas that can be
    unwrapped from those that cannot; it is no coherence and has no number of looks.
    """
    return slide(_unit(phasor), window=window, triangular=False, along_fringes=along_fringes).colinearity


def _unit(phasor: ComplexImage) -> ComplexImage:
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = phasor / np.abs(phasor)
    return np.where(np.abs(phasor) > 0, unit, np.where(np.isfinite(phasor), 0, phasor)).astype(np.complex64)


def _steps(clean: ComplexImage, window: int) -> NDArray[np.float32]:
    """Return cosine and sine of the mean phase step down and across, (4, row, col); 1 and 0 where noise may make it."""
    weights = box_weights(window)
    steps = np.zeros((4, *clean.shape), np.float32)
    for k, axis in enumerate((0, 1)):
        later, earlier = (clean[1:], clean[:-1]) if axis == 0 else (clean[:, 1:], clean[:, :-1])
        product = np.zeros_like(clean)
        np.multiply(later, np.conj(earlier), out=product[:-1] if axis == 0 else product[:, :-1])
        real, imaginary, length, count = (
            weighted_sum(np.asarray(part, np.float32), down=weights, across=weights)
            for part in (product.real, product.imag, np.abs(product), np.abs(product) > 0)
        )
        size = np.hypot(real, imaginary)
        clear = size * np.sqrt(count * window * window) > 3.0 * length
        with np.errstate(invalid="ignore", divide="ignore"):
            steps[2 * k] = np.where(clear, real / size, 1.0)
            steps[2 * k + 1] = np.where(clear, imaginary / size, 0.0)
    return steps


def _sum_along(
    planes: NDArray[np.float32], steps: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    half = len(weights) // 2
    padded = np.pad(planes, ((0, 0), (0, 0), (half, half)))
    single = np.asarray(weights, np.float32)
    out = np.empty(planes.shape, np.float32)
    in_threads(
        lambda first, last: sum_along_fringes(padded, steps, single, single, (first, last), out),
        planes.shape[1],
    )
    return out
