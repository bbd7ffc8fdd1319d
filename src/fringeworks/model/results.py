"""What science returns: records of arrays, each axis named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Inversion:
    """Result of a small-baseline inversion of one block.

    Attributes
    ----------
    displacement : float32, (date, y, x)
        Metres, positive toward the satellite, first date zero; NaN where a date has no value.
    displacement_std : float32, (date, y, x)
        One sigma against the first date, from the noise of the interferograms [m].
    weight : float32, (pair, y, x)
        Final weight of each interferogram [1/rad^2]; 0 = rejected or absent. With these and the network the
        full covariance of the dates can be had again (``smallbaseline.date_covariance``).
    variance_factor : float32, (y, x)
        A-posteriori variance of unit weight: 1 = residuals as large as the weights say.
    dem_error, dem_error_std : float32, (y, x)
        Height correction and its sigma [m]; NaN where it was not estimated.
    misclosure_rms : float32, (y, x)
        Root mean square of the residuals of the interferograms used [rad].
    temporal_coherence : float32, (y, x)
        In [0, 1].
    n_interferograms, n_dates, n_subsets : int16, (y, x)
        Interferograms with weight; dates reached; connected subsets (1 = no gap).
    flags : uint16, (y, x)
        Bits of :class:`fringeworks.model.layers.Quality`.
    pair_square_sum, date_square_sum : float64, (pair), (date)
        Sum of squared residuals [rad^2], each residual counted at its pair, and half at each of its dates.
    pair_count, date_count : int64, (pair), (date)
        Residuals behind the sums.
    pair_rejected : int64, (pair)
        Pixels on which the robust iteration rejected the pair.
    tally : Tally
        Pixels considered, used, rejected by reason.
    bridge_scatter : float32, (y, x), optional
        Scatter of the dates about the parabola that bridges a gap [m]: the sigma of that statement; NaN where
        the network is connected.
    """

    displacement: FloatStack
    displacement_std: FloatStack
    weight: FloatStack
    variance_factor: FloatImage
    dem_error: FloatImage
    dem_error_std: FloatImage
    misclosure_rms: FloatImage
    temporal_coherence: FloatImage
    n_interferograms: NDArray[np.int16]
    n_dates: NDArray[np.int16]
    n_subsets: NDArray[np.int16]
    flags: NDArray[np.uint16]
    pair_square_sum: NDArray[np.float64]
    date_square_sum: NDArray[np.float64]
    pair_count: NDArray[np.int64]
    date_count: NDArray[np.float64]
    pair_rejected: NDArray[np.int64]
    tally: Tally
    bridge_scatter: FloatImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Record of a spatial and temporal reference: where, when, what was taken away.

    Attributes
    ----------
    row, col : int
        Centre pixel.
    x, y : float
        Its coordinates in the grid's CRS.
    radius : int
        Half width of the area [pixels].
    n_pixels : int
        Valid pixels in the area.
    when : date
        First date, where the series is zero.
    how : str
        ``automatic`` or ``given``.
    reason : str
        Why this place, in one sentence with figures.
    removed : float64, (date)
        Mean displacement of the area, subtracted from every pixel [m].
    """

    row: int
    col: int
    x: float
    y: float
    radius: int
    n_pixels: int
    when: date
    how: str
    reason: str
    removed: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFit:
    """Temporal models of one block.

    Attributes
    ----------
    layers : dict of str to float32, (y, x)
        By layer-table names: ``velocity``, ``velocity_std``, ``acceleration``, ``step_20200101`` ...
    residual_square_sum : float64, (date)
        Sum over pixels of squared series minus model [m^2].
    residual_count : int64, (date)
        Residuals behind the sums.
    tally : Tally
        Pixels considered, used, rejected by reason.
    """

    layers: dict[str, FloatImage]
    residual_square_sum: NDArray[np.float64]
    residual_count: NDArray[np.int64]
    tally: Tally
