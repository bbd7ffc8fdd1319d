"""What a band-limited signal's spectrum says of its samples."""

from __future__ import annotations

import numpy as np

from fringeworks.errors import OutOfRangeError


def independent_share(share: float, *, window: float = 1.0) -> float:
    """Return how many independent samples one sample of band-limited speckle is worth.

    Parameters
    ----------
    share : float
        Processed bandwidth over sampling rate, in (0, 1].
    window : float
        Coefficient of the generalised Hamming window on the amplitude spectrum, in [0.5, 1]; 1 = none.

    Raises
    ------
    OutOfRangeError
        A value out of its range.

    Notes
    -----
    Means of the power of n samples have the variance of ``n * share_independent`` independent ones, with
    ``(integral of S)^2 / (integral of S^2)`` over the sampling rate, S the power spectrum [Papoulis1991].
    """
    if not 0.0 < share <= 1.0 or not 0.5 <= window <= 1.0:
        raise OutOfRangeError(
            f"bandwidth share {share}, window {window}", expected="a share in (0, 1], a window in [0.5, 1]"
        )
    frequency = (np.arange(4096) + 0.5) / 4096 - 0.5
    power = (window + (1.0 - window) * np.cos(2.0 * np.pi * frequency)) ** 2
    return float(share * power.mean() ** 2 / (power**2).mean())
