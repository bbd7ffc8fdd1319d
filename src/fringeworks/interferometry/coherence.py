"""What a coherence is worth: independent looks, bias and its removal, and wider windows along local fringes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from fringeworks.errors import OutOfRangeError
from fringeworks.interferometry.coherence_kernels import window_lines
from fringeworks.interferometry.looks import LookSums
from fringeworks.model.arrays import FloatImage
from fringeworks.model.grids import Looks, Shape
from fringeworks.numerics.compiled import in_threads

_NODES: Final = 400
_ALMOST_ONE: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Spectrum of an image along one direction.

    Attributes
    ----------
    bandwidth : float
        Processed bandwidth [Hz].
    sampling_rate : float
        Samples a second [Hz]; the bandwidth does not exceed it.
    window : float
        Coefficient a of the generalised Hamming window ``a + (1 - a) cos(2 pi f / bandwidth)`` the spectrum was
        weighted with; 1 = none.
    """

    bandwidth: float
    sampling_rate: float
    window: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.bandwidth <= self.sampling_rate and 0.5 <= self.window <= 1.0):
            raise OutOfRangeError(
                f"bandwidth {self.bandwidth} Hz at {self.sampling_rate} Hz, window {self.window}",
                expected="0 < bandwidth <= sampling rate, window in [0.5, 1]",
            )

    def correlation(self, lags: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the correlation of samples ``lags`` apart, (lag): the transform of the squared window."""
        nodes, share = np.polynomial.legendre.leggauss(200)
        frequency = 0.5 * nodes  # in units of the bandwidth
        power = (self.window + (1.0 - self.window) * np.cos(2.0 * np.pi * frequency)) ** 2
        phase = 2.0 * np.pi * np.outer(lags, frequency) * (self.bandwidth / self.sampling_rate)
        return np.asarray(np.cos(phase) @ (share * power) / (share @ power))


def effective_looks(looks: Looks, *, azimuth: Band, range_: Band) -> float:
    """Return the number of independent samples in a cell of looks.

    Parameters
    ----------
    looks : Looks
        Lines and samples of the cell, or of the whole window that a coherence is estimated over.
    azimuth, range_ : Band
        Spectra along lines and samples.

    Notes
    -----
    ``n^2 / sum_ij |rho(i - j)|^2`` in each direction: the number of independent samples whose mean power has the
    same variance.  It is close to n bandwidth / sampling rate for wide cells, less what the window costs.
    """
    return _independent(looks.azimuth, azimuth) * _independent(looks.range, range_)


def _independent(n: int, band: Band) -> float:
    lags = np.arange(1 - n, n)
    # Beyond some thousand lags the correlation has long died out; the nodes of the integral resolve 60 periods.
    near = lags[np.abs(lags) <= 60]
    weight = (n - np.abs(near)) * band.correlation(near) ** 2
    return float(n * n / weight.sum())


def expected_coherence(true: NDArray[np.float64], *, looks: float) -> NDArray[np.float64]:
    """Return the mean of the sample coherence of circular Gaussian signals.

    Parameters
    ----------
    true : float64, (...)
        True coherence in [0, 1].
    looks : float
        Independent samples, above 1; need not be whole.

    Returns
    -------
    float64, (...)
        Mean of the estimate: sqrt(pi / 4 looks) or so at true coherence 0, 1 at 1.

    Notes
    -----
    The exact mean, a 3F2 (Touzi et al. 1999, eq. 10), is summed here as what it stands for: given a negative
    binomial number n of mean ``L D^2 / (1 - D^2)``, the squared estimate is Beta(1 + n, L - 1) distributed.  All
    terms are positive, and those that matter lie within some standard deviations of the mean, so that it is
    stable for any L.  The magnitude is that of a coherence over one cell; phase noise or fringes inside it are
    not counted.
    """
    if not looks > 1.0:
        raise OutOfRangeError(
            f"{looks} looks", expected="more than 1", hint="one look alone has coherence 1, always"
        )
    values = np.asarray(true, np.float64)
    return np.asarray(np.interp(values, _nodes(), _expectation(float(looks))))


def unbias_coherence(coherence: FloatImage, *, looks: float) -> FloatImage:
    """Remove the bias of the sample coherence, by inversion of its mean.

    Parameters
    ----------
    coherence : float32, (...)
        Sample coherence in [0, 1]; NaN stays NaN.
    looks : float
        Independent samples behind each value (:func:`effective_looks`), above 1.

    Returns
    -------
    float32, (...)
        The true coherence whose mean estimate is the given one; 0 below the mean at true coherence 0.

    Raises
    ------
    OutOfRangeError
        One look or fewer.

    Notes
    -----
    The mean over many cells of one true coherence comes out right when the estimates are averaged before they are
    corrected; corrected cell by cell, low coherence stays somewhat too high, since no estimate is moved below 0
    [Touzi1999].
    """
    expected = expected_coherence(_nodes(), looks=looks)
    found = np.interp(coherence, expected, _nodes())
    return np.asarray(found, np.float32)


def _nodes() -> NDArray[np.float64]:
    return np.append(np.linspace(0.0, _ALMOST_ONE, _NODES), 1.0)


@lru_cache(maxsize=32)
def _expectation(looks: float) -> NDArray[np.float64]:
    """Return the mean at the nodes; between 0.99 and 1 the bias is below 1e-4 / looks."""
    means = np.ones(_NODES + 1)
    for k, true in enumerate(_nodes()[:-1]):
        means[k] = _mean_of(float(true) ** 2, looks)
    return means


def _mean_of(square: float, looks: float) -> float:
    mean = looks * square / (1.0 - square)
    spread = np.sqrt(mean / (1.0 - square))
    low, high = max(int(mean - 12 * spread - 40), 0), int(mean + 14 * spread + 60)
    n = np.arange(low, high + 1, dtype=np.float64)
    given = gammaln(n + 1.5) - gammaln(n + 1.0) + gammaln(looks + n) - gammaln(looks + n + 0.5)
    chance = gammaln(looks + n) - gammaln(looks) - gammaln(n + 1.0) + looks * np.log1p(-square)
    if square > 0.0:
        chance += n * np.log(square)
    else:
        chance[n > 0] = -np.inf
    share = np.exp(chance)
    return float(np.sum(share * np.exp(given)) / np.sum(share))


def window_coherence(
    sums: LookSums, *, window: Shape, least_fraction: float = 0.5, along_fringes: bool = True
) -> FloatImage:
    """Estimate coherence over a window of cells around each cell.

    Parameters
    ----------
    sums : LookSums
        Of an image or of a block with its halo of half a window.
    window : Shape
        Cells in each direction, odd.
    least_fraction : float
        No value where a smaller fraction of the window's samples inside the image is valid.
    along_fringes : bool
        Take out the slope of the phase inside each window where that raises the coherence; else fringes lower it.

    Returns
    -------
    float32, (row, col)
        In [0, 1]; NaN where the cell itself has no sample, or the window too few.

    Notes
    -----
    The slope is the angle of the sum of products of neighbours, which is right up to half a cycle a cell.  Where
    noise alone might have made it (three times the mean step of noise), it counts as level, so that the coherence of
    pure noise is not raised; a window of fewer than ten cells therefore never shows a slope.
    """
    if window.rows < 1 or window.cols < 1 or window.rows % 2 == 0 or window.cols % 2 == 0:
        raise OutOfRangeError(f"window of {window.rows} x {window.cols} cells", expected="odd numbers")
    rows, cols = sums.product.shape
    out = np.full((rows, cols), np.nan, np.float32)
    least = least_fraction * sums.looks.azimuth * sums.looks.range
    half = window.rows // 2, window.cols // 2

    def work(first: int, last: int) -> None:
        window_lines(
            sums.product,
            sums.reference_power,
            sums.secondary_power,
            sums.count,
            half,
            least,
            1 if along_fringes else 0,
            (first, last),
            out,
        )

    in_threads(work, rows)
    return out
