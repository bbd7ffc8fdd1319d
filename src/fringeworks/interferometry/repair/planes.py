"""The smooth part of closures: a plane each, found on wrapped values, so that cycle errors do not move it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError

TURN = 2.0 * np.pi
_MOST_CYCLES = 3.0
_STEP = 0.25
_ROUNDS = 4
_SEARCHED = 1000


def fit_closure_planes(
    sample: NDArray[np.float32], *, positions: NDArray[np.float64], triplets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Fit a plane to the closure of each triplet.

    Parameters
    ----------
    sample : float32, (pair, pixel)
        Unwrapped phase of pixels from the whole image [rad]; NaN where there is no data.  Two thousand are enough.
    positions : float64, (pixel, 2)
        Row and column of each.
    triplets : int64, (triplet, 3)
        As :func:`fringeworks.interferometry.network.find_triplets` gives them.

    Returns
    -------
    float64, (triplet, 3)
        Constant [rad] and slopes [rad/pixel] down and across, so that the plane is
        ``c0 + c1 row + c2 col``: what closes there closes on whole cycles.  Zeros where no pixel has all three
        phases.

    Raises
    ------
    ShapeMismatchError
        Positions do not fit the sample.

    Notes
    -----
    Interferograms flattened with baselines of their own do not close by a ramp, which is no unwrapping error.  Whole
    cycles do not show in ``exp(i closure)``: its periodogram, up to three cycles over the image either way, gives the
    slopes, least squares on what is left refine them, and the commonest number of whole cycles completes the
    constant.
    """
    if positions.shape != (sample.shape[1], 2):
        raise ShapeMismatchError(
            f"positions of shape {positions.shape}", expected=f"({sample.shape[1]} pixels, 2)"
        )
    planes = np.zeros((len(triplets), 3))
    for k, (first, second, third) in enumerate(triplets):
        value = sample[first].astype(np.float64) + sample[second] - sample[third]
        finite = np.isfinite(value)
        if finite.any():
            planes[k] = _fit(value[finite], positions[finite])
    return planes


def _fit(value: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = positions.mean(axis=0)
    extent = np.maximum(np.ptp(positions, axis=0), 1.0)
    place = (positions - middle) / extent
    few = slice(None, None, max(len(value) // _SEARCHED, 1))
    slopes = _search(np.exp(1j * value[few]), place[few]) if len(value) >= 8 else np.zeros(2)
    basis = np.column_stack([np.ones(len(value)), place])
    constant = float(np.angle(np.mean(np.exp(1j * (value - place @ slopes)))))
    plane = np.array([constant, *slopes])
    for _ in range(_ROUNDS if len(value) >= 8 else 0):
        rest = value - basis @ plane
        rest -= TURN * np.round(rest / TURN)
        close = np.abs(rest) < 0.5 * np.pi
        if close.sum() < 8:
            break
        plane = plane + np.linalg.lstsq(basis[close], rest[close], rcond=None)[0]
    numbers, counts = np.unique(np.round((value - basis @ plane) / TURN), return_counts=True)
    plane[0] += TURN * numbers[np.argmax(counts)]
    slopes = plane[1:] / extent
    return np.array([plane[0] - slopes @ middle, *slopes])


def _search(unit: NDArray[np.complex128], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slopes of the highest point of the periodogram [rad over the image]; the least of equals."""
    slopes = TURN * np.arange(-_MOST_CYCLES, _MOST_CYCLES + _STEP / 2, _STEP)
    down = np.exp(-1j * slopes[:, None] * place[:, 0])
    across = np.exp(-1j * slopes[:, None] * place[:, 1])
    height = np.abs((down * unit) @ across.T)
    # A slope has to earn its place: noise alone makes some point of the periodogram the highest.
    height -= 1e-3 * len(unit) * np.hypot(slopes[:, None], slopes) / TURN
    row, col = np.unravel_index(int(np.argmax(height)), height.shape)
    return np.array([slopes[row], slopes[col]])
