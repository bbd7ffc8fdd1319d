"""Goldstein's filter: strong frequencies of a patch are kept, weak ones are weakened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.filters.goldstein_kernels import filter_patches
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.numerics.compiled import in_threads
from fringeworks.numerics.fourier import twiddles


def goldstein(
    phasor: ComplexImage,
    *,
    alpha: float,
    window: int = 32,
    step: int | None = None,
    smoothing: int = 3,
    coherence: FloatImage | None = None,
    least_alpha: float = 0.2,
    row: int = 0,
    col: int = 0,
) -> ComplexImage:
    """Filter an interferogram by the spectra of overlapping patches.

    Parameters
    ----------
    phasor : complex64, (row, col)
        NaN where there is no data; such pixels stay NaN.
    alpha : float
        Strength in [0, 1]: exponent of the normalised spectrum.  0 leaves the interferogram as it is.
    window : int
        Side of a patch, a power of two from 8 to 128 [pixels].
    step : int, optional
        Pixels between patches, a divisor of the window; a quarter of it by default.
    smoothing : int
        Side of the box over which the spectrum's magnitude is smoothed first, odd; 1 = none.
    coherence : float32, (row, col), optional
        Where it is given, each patch is filtered with one minus its mean coherence, from ``least_alpha`` to ``alpha``
        (Baran et al. 2003): what is clear already is left alone.
    least_alpha : float
        Weakest filter with coherence.
    row, col : int
        Position of a block in the whole image.

    Returns
    -------
    complex64, (row, col)
        A pure fringe keeps its phase and amplitude; noise loses amplitude.

    Raises
    ------
    OutOfRangeError
        A parameter is outside its range.
    ShapeMismatchError
        Coherence has another shape.

    Notes
    -----
    ``H = (S / max S)^alpha`` with S the smoothed magnitude of the patch's spectrum (Goldstein and Werner 1998);
    patches are joined with triangular weights that add up to 1.  A block with a halo of ``window - 1`` pixels gives
    the bits of the whole.
    """
    step = window // 4 if step is None else step
    _check(phasor, alpha, window, step, smoothing, coherence, least_alpha)
    out = np.zeros(phasor.shape, np.complex64)
    valid = np.isfinite(phasor)
    image = np.where(valid, phasor, 0).astype(np.complex64)
    guide = np.empty((0, 0), np.float32)
    if coherence is not None:
        guide = np.where(valid, coherence, np.nan).astype(np.float32)
    first, n_rows = _lattice(row, phasor.shape[0], window, step)
    left, n_cols = _lattice(col, phasor.shape[1], window, step)
    taper, table = _taper(window, step), twiddles(window)
    # Patches of one wave do not overlap along rows, so that threads never meet; the order of waves is that of the
    # whole image.
    n_waves = window // step
    for wave in range(n_waves):
        tops = [first + k * step for k in range(n_rows) if (first // step + k) % n_waves == wave]

        def work(begin: int, end: int, tops: list[int] = tops) -> None:
            for top in tops[begin:end]:
                filter_patches(
                    image,
                    guide,
                    (least_alpha, alpha),
                    smoothing // 2,
                    taper,
                    table,
                    (top - row, left - col, step, n_cols),
                    out,
                )

        in_threads(work, len(tops))
    out[~valid] = complex(np.nan, np.nan)
    return out


def _lattice(start: int, length: int, window: int, step: int) -> tuple[int, int]:
    """Return the first patch that reaches into a block, in the whole image, and their number along one side."""
    first = -(-(start - window + 1) // step) * step
    return first, (start + length - 1 - first) // step + 1


def _taper(window: int, step: int) -> NDArray[np.float32]:
    """Return triangular weights whose sum over all patches is 1 at every pixel, (window)."""
    k = np.arange(window) + 0.5
    shape = np.minimum(k, window - k)
    total = shape.reshape(-1, step).sum(axis=0)
    return np.asarray(shape / np.tile(total, window // step), np.float32)


def _check(
    phasor: ComplexImage,
    alpha: float,
    window: int,
    step: int,
    smoothing: int,
    coherence: FloatImage | None,
    least_alpha: float,
) -> None:
    if phasor.ndim != 2 or (coherence is not None and coherence.shape != phasor.shape):
        shape = None if coherence is None else coherence.shape
        raise ShapeMismatchError(
            f"phasor of {phasor.shape}, coherence of {shape}", expected="the same rows and columns"
        )
    if not 0.0 <= alpha <= 1.0 or not 0.0 <= least_alpha <= 1.0:
        raise OutOfRangeError(f"alpha {alpha}, least_alpha {least_alpha}", expected="in [0, 1]")
    if window not in (8, 16, 32, 64, 128):
        raise OutOfRangeError(f"window of {window} pixels", expected="8, 16, 32, 64 or 128")
    if step < 1 or window % step or step > window // 2:
        raise OutOfRangeError(f"step of {step} pixels", expected=f"a divisor of {window}, at most half of it")
    if smoothing < 1 or smoothing % 2 == 0 or smoothing > window // 2:
        raise OutOfRangeError(f"smoothing over {smoothing}", expected="an odd number, well below the window")
