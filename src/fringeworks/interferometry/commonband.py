"""Keep of two images only what both have seen: filters to the common part of their spectra.

Seen from two places, the same ground appears at frequencies that differ by the spectral shift; what only one image
holds is noise in their product.  For Sentinel-1 the loss is below a few per cent (perpendicular baselines of
150 m against critical ones of 6 km, and bursts that repeat to 5 ms), so that both filters are off unless asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.coherence import Band
from fringeworks.model.arrays import ComplexImage
from fringeworks.model.tally import Tally

_SEGMENT = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommonBand:
    """Two images on their common band.

    Attributes
    ----------
    reference, secondary : complex64, (line, sample)
        Filtered; NaN where the input was, and where the two have no band in common.
    tally : Tally
        Samples considered, used, rejected.
    """

    reference: ComplexImage
    secondary: ComplexImage
    tally: Tally


def spectral_shift(
    perpendicular: ArrayLike,
    *,
    wavelength: float,
    slant_range: ArrayLike,
    incidence: ArrayLike,
    slope: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Return the frequency in range by which the reference sees the ground higher than the secondary [Hz].

    Parameters
    ----------
    perpendicular : float, (...)
        Perpendicular baseline, positive = the secondary lies toward growing look angle [m].
    wavelength : float
        Metres.
    slant_range, incidence : float, (...)
        One-way range [m] and incidence angle at the ellipsoid [rad].
    slope : float, (...)
        Tilt of the ground toward the radar [rad].

    Notes
    -----
    ``-c B / (lambda R tan(incidence - slope))``: the frequency of the fringes of reference times conjugate of
    secondary in two-way range time (Gatelli et al. 1994).  Without bound where the ground faces the radar.
    """
    angle = np.asarray(incidence, np.float64) - np.asarray(slope, np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(
            -SPEED_OF_LIGHT
            * np.asarray(perpendicular, np.float64)
            / (wavelength * np.asarray(slant_range, np.float64) * np.tan(angle))
        )


def keep_common_band(
    reference: ComplexImage,
    secondary: ComplexImage,
    *,
    axis: int,
    band: Band,
    shift: ArrayLike = 0.0,
    reference_centre: ArrayLike = 0.0,
    secondary_centre: ArrayLike = 0.0,
) -> CommonBand:
    """Filter two coregistered images to the band in which both have seen the ground.

    Parameters
    ----------
    reference, secondary : complex64, (line, sample)
        NaN where there is no data.
    axis : int
        0 = azimuth, 1 = range.
    band : Band
        Bandwidth, sampling rate and window of both images along the axis.
    shift : float, or (n) along the axis
        Frequency of the content in the reference minus that in the secondary [Hz]: :func:`spectral_shift` for
        range; 0 for azimuth, and for a secondary whose geometric phase was taken out.
    reference_centre, secondary_centre : float, or (n) along the axis
        Middle of each spectrum [Hz]: Doppler centroids for azimuth (of deramped bursts: the difference of their
        steering); 0 for range, and for a secondary whose geometric phase was taken out, the shift.

    Returns
    -------
    CommonBand
        The window of the full band is taken off, and one of the same kind laid over the common band.

    Raises
    ------
    ShapeMismatchError
        The images differ in shape, or a frequency has neither one value nor one for each sample along the axis.

    Notes
    -----
    Lines (or samples) across the axis are independent of each other.  Along it the filter works on segments of
    1024 samples that overlap by half, each with its own mean frequencies, and joins them with triangular weights.
    Power falls with the common bandwidth.
    """
    if reference.shape != secondary.shape or reference.ndim != 2:
        raise ShapeMismatchError(
            f"reference {reference.shape}, secondary {secondary.shape}", expected="the same lines and samples"
        )
    if axis not in (0, 1):
        raise OutOfRangeError(f"axis {axis}", expected="0 (azimuth) or 1 (range)")
    n = reference.shape[axis]
    shifts, first, second = (
        _along(values, n, name)
        for values, name in (
            (shift, "shift"),
            (reference_centre, "reference_centre"),
            (secondary_centre, "secondary_centre"),
        )
    )
    images = [np.moveaxis(image, axis, 1) for image in (reference, secondary)]
    valid = np.isfinite(images[0]) & np.isfinite(images[1])
    clean = [np.where(valid, image, 0).astype(np.complex64) for image in images]
    sums = [np.zeros(valid.shape, np.complex64) for _ in clean]
    weight, blind = np.zeros(n, np.float32), np.zeros(n, bool)
    for begin, end in _segments(n):
        inside = slice(begin, end)
        low, high = _common(
            float(first[inside].mean()), float((second + shifts)[inside].mean()), band.bandwidth
        )
        if high <= low:
            blind[inside] = True
            continue
        shape = _triangle(end - begin)
        weight[inside] += shape
        centres = float(first[inside].mean()), float(second[inside].mean())
        for k, away in enumerate((0.0, float(shifts[inside].mean()))):
            part = _filter(clean[k][:, inside], band, centres[k], (low - away, high - away))
            sums[k][:, inside] += part * shape
    used = valid & (weight > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        done = [
            np.where(used, total / weight, np.complex64(complex(np.nan, np.nan))).astype(np.complex64)
            for total in sums
        ]
    n_blind = int((valid & ~used).sum())
    return CommonBand(
        reference=np.moveaxis(done[0], 1, axis),
        secondary=np.moveaxis(done[1], 1, axis),
        tally=Tally(
            "samples",
            valid.size,
            int(used.sum()),
            {"no data in an image": int((~valid).sum()), "no common band": n_blind},
        ),
    )


def _along(values: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    if array.shape not in ((), (n,)):
        raise ShapeMismatchError(
            f"{name} of shape {array.shape}", expected=f"one value, or one for each of {n} along the axis"
        )
    return np.broadcast_to(array, (n,))


def _segments(n: int) -> list[tuple[int, int]]:
    if n <= _SEGMENT:
        return [(0, n)]
    half = _SEGMENT // 2
    return [(k, min(k + _SEGMENT, n)) for k in range(0, n - half, half)]


def _triangle(n: int) -> NDArray[np.float32]:
    """Return weights that rise from the ends to the middle; none is zero."""
    k = np.arange(n)
    return (np.minimum(k + 1, n - k) / ((n + 1) // 2)).astype(np.float32)


def _common(first: float, second: float, bandwidth: float) -> tuple[float, float]:
    """Return the common part of two bands, in frequencies of the reference."""
    return max(first, second) - bandwidth / 2, min(first, second) + bandwidth / 2


def _filter(
    image: ComplexImage, band: Band, centre: float, limits: tuple[float, float]
) -> NDArray[np.complex64]:
    """Take the band's window off each row, and lay one over the limits [Hz]."""
    n = image.shape[1]
    length = fft.next_fast_len(n + 64)
    rate = band.sampling_rate
    frequency = fft.fftfreq(length, 1.0 / rate)
    # A sampled spectrum repeats: distances from the middle count to within half the sampling rate.
    away = (frequency - centre + rate / 2) % rate - rate / 2
    middle, width = (limits[0] + limits[1]) / 2, limits[1] - limits[0]
    inside = (frequency - middle + rate / 2) % rate - rate / 2
    old = band.window + (1.0 - band.window) * np.cos(2.0 * np.pi * away / band.bandwidth)
    new = band.window + (1.0 - band.window) * np.cos(2.0 * np.pi * inside / width)
    gain = np.where(np.abs(inside) <= width / 2, new / np.maximum(old, 1e-3), 0.0).astype(np.float32)
    spectrum = fft.fft(image, length, axis=1)
    spectrum *= gain
    return np.asarray(fft.ifft(spectrum, axis=1)[:, :n], np.complex64)
