"""Times apart: which pairs of dates share one, and over which neighbours coherence is averaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMOOTHING_SHARE = 0.1
"""Standard deviation of the smoothing over the time apart, as a share of the time apart."""
WIDEST_SMOOTHING = 25.0
"""Its upper limit [days]: seasons are to stay visible."""


def lag_bins(days: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Sort the pairs of dates by the time between them.

    Parameters
    ----------
    days : float64, (date)
        Increasing [days].

    Returns
    -------
    bins : int32, (element)
        Bin of each element (i, j), j <= i, of a lower triangle row by row; 0 on the diagonal.
    smooth : float32, (bin, bin)
        Weight with which pairs of the second bin count in the value of the first.
    """
    n = days.size
    i, j = np.tril_indices(n)
    lag = days[i] - days[j]
    off = i != j
    step = max(float(np.diff(days).min()), float(np.median(np.diff(days))) / 4, 1e-6)
    # bins one step wide, wider where the smoothing is
    position = np.where(lag < 20 * step, lag / step, 20 + 20 * np.log(np.maximum(lag / step, 20.0) / 20) * 2)
    label = np.rint(position).astype(np.int64)
    label[~off] = -1
    used, index = np.unique(label, return_inverse=True)
    bins = (index - 1).astype(np.int32)
    bins[~off] = 0
    n_bins = used.size - 1
    centre = np.array([lag[off][bins[off] == b].mean() for b in range(n_bins)])
    width = np.maximum(np.minimum(SMOOTHING_SHARE * centre, WIDEST_SMOOTHING), 0.3 * step)
    smooth = np.exp(-0.5 * ((centre[:, None] - centre[None, :]) / width[:, None]) ** 2)
    smooth[smooth < 0.02] = 0.0
    return bins, smooth.astype(np.float32)
