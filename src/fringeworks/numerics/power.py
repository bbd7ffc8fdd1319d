"""Powers of many positive numbers at once, in vector code and single precision."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Integers: TypeAlias = NDArray[np.int32]
Singles: TypeAlias = NDArray[np.float32]

_TWO_OVER_LN2: Final = np.float32(2.8853900817779268)
_LN2: Final = np.float32(0.6931471805599453)
_ROOT2: Final = np.float32(1.4142135623730951)
_ROUNDING: Final = np.float32(1.5 * 2.0**23)


@kernel
def raise_to(values: Singles, exponent: float, out: Singles, spare: Singles, whole: Integers) -> None:
    """Fill ``values ** exponent``, to 1e-6 of it; 0 where a value is 0 or too small for single precision.

    Parameters
    ----------
    values : float32, (n)
        From 0 to 1e30.
    exponent : float
        From 0 to 4.
    out : float32, (n)
        Filled; not ``values`` itself.
    spare, whole : float32 and int32, (n)
        Hold intermediate values.

    Notes
    -----
    The logarithm of the mantissa, brought to [sqrt(1/2), sqrt(2)], is the series of the inverse hyperbolic tangent
    (error 4e-8); the exponential of what remains below half a power of two is Taylor's to degree 6.  Loops are
    short, and no loop reads one array under two types, so that each becomes vector code.
    """
    power = np.float32(exponent)
    bits, mantissa = values.view(np.int32), spare.view(np.int32)
    for k in range(values.size):
        mantissa[k] = (bits[k] & 0x7FFFFF) | 0x3F800000
        whole[k] = bits[k] >> 23
    for k in range(values.size):
        high = spare[k] > _ROOT2
        m = spare[k] * np.float32(0.5) if high else spare[k]
        twos = np.float32(whole[k]) - (np.float32(126.0) if high else np.float32(127.0))
        # np.divide asks no question about zero, which would keep the loop from becoming vector code
        z = np.divide(m - np.float32(1.0), m + np.float32(1.0))
        s = z * z
        series = np.float32(1.0) + s * (
            np.float32(1.0 / 3.0) + s * (np.float32(0.2) + s * np.float32(1.0 / 7.0))
        )
        y = power * (twos + _TWO_OVER_LN2 * z * series)
        y = min(np.float32(126.0), y)
        out[k] = max(np.float32(-126.0), y)
    for k in range(values.size):
        turns = (out[k] + _ROUNDING) - _ROUNDING
        x = (out[k] - turns) * _LN2
        whole[k] = np.int32(turns)
        out[k] = np.float32(1.0) + x * (
            np.float32(1.0)
            + x
            * (
                np.float32(0.5)
                + x
                * (
                    np.float32(1.0 / 6.0)
                    + x
                    * (np.float32(1.0 / 24.0) + x * (np.float32(1.0 / 120.0) + x * np.float32(1.0 / 720.0)))
                )
            )
        )
    for k in range(values.size):
        mantissa[k] = (whole[k] + 127) << 23
    for k in range(values.size):
        out[k] = spare[k] * out[k] if values[k] > np.float32(1e-37) else np.float32(0.0)
