"""Arithmetic of angles that are known to within whole turns."""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

TURN: Final = 2.0 * math.pi
# Adding and taking away 1.5 * 2^52 rounds a double to the nearest whole number, and compiles to vector code.
_ROUNDING: Final = 1.5 * 2.0**52

F = TypeVar("F", np.float32, np.float64)


def wrap(phase: NDArray[F]) -> NDArray[F]:
    """Bring angles to [-pi, pi] by whole turns.

    Parameters
    ----------
    phase : float32 or float64, (...)
        Angles [rad]; NaN stays NaN.

    Returns
    -------
    same type, (...)
        Congruent angles [rad].
    """
    wide = phase.astype(np.float64)
    wide -= TURN * np.rint(wide / TURN)
    return wide.astype(phase.dtype)


def circular_mean(phase: NDArray[Any], *, axis: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average angles as unit vectors, leaving NaN out.

    Parameters
    ----------
    phase : float, (...)
        Angles [rad].
    axis : int, optional
        Axis to average over; all by default.

    Returns
    -------
    mean : float64, (...)
        Direction of the mean vector [rad] in [-pi, pi]; NaN where no angle is finite.
    length : float64, (...)
        Length of the mean vector, in [0, 1]: 1 = all agree; NaN likewise.
    """
    finite = np.isfinite(phase)
    vectors = np.where(finite, np.exp(1j * np.where(finite, phase, 0.0)), 0.0)
    n = finite.sum(axis=axis)
    mean = np.divide(
        vectors.sum(axis=axis), n, out=np.full(np.shape(n), np.nan, np.complex128), where=np.asarray(n) > 0
    )
    return np.where(n > 0, np.angle(mean), np.nan), np.abs(mean)


@kernel
def cosine_sine(angle: NDArray[np.float64], cosine: NDArray[np.float64], sine: NDArray[np.float64]) -> None:
    """Fill cosine and sine of angles [rad] below 1e9, to 1e-8, in vector code.

    Half the angle, brought to [-pi/2, pi/2], goes into the Taylor series to degree 14 and 15; the formulas of the
    double angle give the result.  NaN gives NaN.
    """
    for k in range(angle.size):
        turns = (angle[k] * (1.0 / TURN) + _ROUNDING) - _ROUNDING
        half = 0.5 * (angle[k] - TURN * turns)
        s = half * half
        c = 1.0 + s * (
            -1.0 / 2
            + s
            * (
                1.0 / 24
                + s
                * (
                    -1.0 / 720
                    + s * (1.0 / 40320 + s * (-1.0 / 3628800 + s * (1.0 / 479001600 - s / 87178291200)))
                )
            )
        )
        d = half * (
            1.0
            + s
            * (
                -1.0 / 6
                + s
                * (
                    1.0 / 120
                    + s * (-1.0 / 5040 + s * (1.0 / 362880 + s * (-1.0 / 39916800 + s / 6227020800)))
                )
            )
        )
        cosine[k] = c * c - d * d
        sine[k] = 2.0 * c * d


@kernel
def turn_of(cycles: float) -> tuple[np.float32, np.float32]:
    """Return cosine and sine of an angle in cycles, to 2e-7.

    Whole cycles go in double precision; Taylor series at half the angle, then the formulas of the double angle.
    """
    h = np.float32(cycles - ((cycles + _ROUNDING) - _ROUNDING)) * np.float32(np.pi)
    s = h * h
    c = np.float32(1.0) + s * (
        np.float32(-1.0 / 2)
        + s
        * (
            np.float32(1.0 / 24)
            + s
            * (
                np.float32(-1.0 / 720)
                + s
                * (
                    np.float32(1.0 / 40320)
                    + s * (np.float32(-1.0 / 3628800) + s * np.float32(1.0 / 479001600))
                )
            )
        )
    )
    d = h * (
        np.float32(1.0)
        + s
        * (
            np.float32(-1.0 / 6)
            + s
            * (
                np.float32(1.0 / 120)
                + s
                * (np.float32(-1.0 / 5040) + s * (np.float32(1.0 / 362880) + s * np.float32(-1.0 / 39916800)))
            )
        )
    )
    return c * c - d * d, (c + c) * d
