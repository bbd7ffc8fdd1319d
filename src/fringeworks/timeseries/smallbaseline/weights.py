"""Phase variance from coherence and number of looks, and weights from phase variance."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, erfcx, gammaincinv

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.compiled import parallel_kernel

PHASE_STD_FLOOR: Final = 0.02
"""No interferogram is trusted better than this [rad] (0.09 mm at C band), so that coherence 1 stays finite."""

_NODES: Final = 2048


def phase_variance(coherence: NDArray[np.float64], *, looks: float) -> NDArray[np.float64]:
    """Compute the variance of interferometric phase.

    Parameters
    ----------
    coherence : float64, (...)
        True coherence magnitude in [0, 1].
    looks : float
        Independent samples averaged, at least 1; need not be whole.

    Returns
    -------
    float64, (...)
        Variance of the phase wrapped to within pi of its true value [rad^2]: pi^2/3 at coherence 0, falling to
        (1 - coherence^2) / (2 coherence^2 (looks - 1)) for many looks.

    Notes
    -----
    The sum over looks of conj(s1) s2 of circular Gaussian signals is, given the energy E of s1 (Gamma distributed
    with shape ``looks``), a constant plus one circular Gaussian of signal-to-noise ratio
    E c^2 / (1 - c^2).  So the variance of the multilook phase (whose density is in Lee et al. 1994, eq. 15) is
    that of a constant in Gaussian noise, averaged over E: no hypergeometric function, and stable for any looks.
    """
    if not looks >= 1.0:
        raise OutOfRangeError(
            f"{looks} looks", expected="at least 1", hint="give the number of independent looks"
        )
    squared = np.clip(np.asarray(coherence, np.float64), 0.0, 1.0) ** 2
    nodes, share = np.polynomial.legendre.leggauss(64)
    energy = gammaincinv(looks, 0.5 * (nodes + 1.0))
    with np.errstate(divide="ignore"):
        ratio = squared[..., None] * energy / (1.0 - squared[..., None])
    return np.asarray(_constant_in_noise(ratio) @ (0.5 * share))


def _constant_in_noise(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of the phase of a constant plus circular Gaussian noise [rad^2]."""
    grid, table = _noise_table()
    with np.errstate(divide="ignore"):
        high = 0.5 / ratio * (1.0 + 0.5 / ratio)
    inside = np.interp(np.log(np.maximum(ratio, np.exp(grid[0]))), grid, table)
    return np.where(ratio > np.exp(grid[-1]), high, inside)


@lru_cache(maxsize=1)
def _noise_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Integrate phi^2 p(phi) on a grid of log signal-to-noise ratio."""
    grid = np.linspace(np.log(1e-12), np.log(1e4), 2500)
    nodes, share = np.polynomial.legendre.leggauss(400)
    root = np.exp(0.5 * grid)
    # Beyond 12 standard deviations 1/sqrt(2 ratio) the density is below 1e-31.
    width = np.minimum(np.pi, 12.0 / np.sqrt(2.0) / root)
    phi = 0.5 * (nodes + 1.0) * width[:, None]
    b = root[:, None] * np.cos(phi)
    ratio = np.exp(grid)[:, None]
    bulge = np.where(
        b >= 0,
        np.exp(-ratio * np.sin(phi) ** 2) * (1.0 + erf(b)),
        np.exp(-ratio) * erfcx(np.maximum(-b, 0.0)),
    )
    density = (np.exp(-ratio) + np.sqrt(np.pi) * b * bulge) / (2.0 * np.pi)
    return grid, width * ((phi**2 * density) @ share)


def variance_table(looks: float) -> NDArray[np.float64]:
    """Tabulate :func:`phase_variance` on a regular grid of coherence from 0 to 1, with its floor [rad^2]."""
    variance = phase_variance(np.linspace(0.0, 1.0, _NODES), looks=looks)
    variance[-1] = 0.0
    return np.maximum(variance, PHASE_STD_FLOOR**2)


@parallel_kernel
def coherence_weights(
    phase: NDArray[np.float32],
    coherence: NDArray[np.float32],
    factor: NDArray[np.float64],
    table: NDArray[np.float64],
    weight: NDArray[np.float32],
) -> None:
    """Fill ``weight`` (pair, pixel) with factor over phase variance [1/rad^2]; 0 where either value is NaN."""
    n_pairs, n_pixels = phase.shape
    last = table.size - 1
    for p in numba.prange(n_pairs):
        for k in range(n_pixels):
            c = float(coherence[p, k])
            weight[p, k] = 0.0
            if c == c and np.isfinite(phase[p, k]):  # noqa: PLR0124 - c == c is the NaN test
                at = min(max(c, 0.0), 1.0) * last
                i = min(int(at), last - 1)
                weight[p, k] = factor[p] / (table[i] + (at - i) * (table[i + 1] - table[i]))


@parallel_kernel
def uniform_weights(
    phase: NDArray[np.float32], factor: NDArray[np.float64], weight: NDArray[np.float32]
) -> None:
    """Fill ``weight`` (pair, pixel) with the pair's factor; 0 where the phase is NaN."""
    n_pairs, n_pixels = phase.shape
    for p in numba.prange(n_pairs):
        for k in range(n_pixels):
            weight[p, k] = factor[p] if np.isfinite(phase[p, k]) else 0.0
