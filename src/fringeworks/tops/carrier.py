"""The azimuth carrier of a burst: what the steered beam and the Doppler centroid make of its phase, and its removal.

The spectrum of a TOPS burst at azimuth time eta (from the burst's middle, on the annotated line times) and range R is
centred on ``f(eta, R) = f_dc(R) + k_t(R) (eta - eta_ref(R))``; its integral is the carrier, in cycles.  Deramping
multiplies by exp(-2 pi j carrier): the spectrum then lies about zero everywhere, and short kernels interpolate it.
Reramping multiplies by exp(+2 pi j carrier) at the positions that were interpolated.

Reference: Miranda (2014), Definition of the TOPS SLC deramping function, ESA technical note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.acquisition import Burst, RangePolynomial
from fringeworks.model.arrays import ComplexImage
from fringeworks.model.grids import RadarGrid, Window
from fringeworks.numerics.resample import RowChirp
from fringeworks.numerics.taps import Taps, design_taps

AZIMUTH_MARGIN: Final = 30.0
"""Added to the processed azimuth bandwidth [Hz]: annotated Doppler centroids are wrong by up to half of it."""
_WIDEST: Final = 0.98


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carrier:
    """Phase and instantaneous frequency of one burst, or of a strip map image, as functions of line and sample.

    Attributes
    ----------
    grid : RadarGrid
        Line times as annotated, ranges, shape of the burst.
    sweep : float
        Doppler rate by the steering of the beam, k_s [Hz/s]; 0 in strip map.
    fm_rate : RangePolynomial
        Azimuth FM rate k_a [Hz/s], negative; the record nearest to the burst's middle.
    doppler : RangePolynomial
        Doppler centroid f_dc [Hz]; likewise.
    reference_range : float
        One-way range of the burst's first valid sample [m]: there eta_ref is zero.

    Notes
    -----
    ``k_t = k_a k_s / (k_a - k_s)``, ``eta_ref(R) = eta_c(R) - eta_c(reference range)``, ``eta_c = -f_dc / k_a``.  A
    constant error of f_dc or eta_ref moves the spectrum off zero by as much and changes nothing else, for the same
    function is taken off and put back.
    """

    grid: RadarGrid
    sweep: float
    fm_rate: RangePolynomial
    doppler: RangePolynomial
    reference_range: float

    @property
    def middle(self) -> float:
        """Line at which eta is zero."""
        return 0.5 * (self.grid.shape.rows - 1)

    def ramp(self, slant_range: ArrayLike) -> NDArray[np.float64]:
        """Return the Doppler rate in the image, k_t [Hz/s], at one-way slant ranges [m]; 0 in strip map."""
        rate = self.fm_rate.at(np.asarray(slant_range, np.float64))
        return np.asarray(rate * self.sweep / (rate - self.sweep), np.float64)

    def reference_time(self, slant_range: ArrayLike) -> NDArray[np.float64]:
        """Return eta_ref [s from the burst's middle] at one-way slant ranges [m]; 0 in strip map."""
        distance = np.asarray(slant_range, np.float64)
        if self.sweep == 0.0:
            return np.zeros_like(distance)
        return self._beam_centre(distance) - self._beam_centre(np.asarray(self.reference_range, np.float64))

    def _beam_centre(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(-self.doppler.at(distance) / self.fm_rate.at(distance), np.float64)

    def frequency(self, azimuth_time: ArrayLike, slant_range: ArrayLike) -> NDArray[np.float64]:
        """Return the centre of the azimuth spectrum [Hz], not reduced by the line rate.

        Parameters
        ----------
        azimuth_time : float64
            Annotated line time [s since the grid's epoch]; may lie outside the burst.
        slant_range : float64
            One-way [m]; the two broadcast.
        """
        distance = np.asarray(slant_range, np.float64)
        start = self.grid.azimuth_start + self.middle * self.grid.azimuth_step
        eta = np.asarray(azimuth_time, np.float64) - start
        return np.asarray(
            self.doppler.at(distance) + self.ramp(distance) * (eta - self.reference_time(distance)),
            np.float64,
        )

    def cycles(self, line: ArrayLike, sample: ArrayLike) -> NDArray[np.float64]:
        """Return the carrier's phase [cycles], not reduced, at fractional lines and samples that broadcast.

        Notes
        -----
        ``k_t / 2 (eta - eta_ref)^2 + f_dc (eta - eta_ref)``.
        """
        distance = self.grid.range_start + np.asarray(sample, np.float64) * self.grid.range_step
        eta = (np.asarray(line, np.float64) - self.middle) * self.grid.azimuth_step
        after = eta - self.reference_time(distance)
        return np.asarray(after * (0.5 * self.ramp(distance) * after + self.doppler.at(distance)), np.float64)

    def chirp(self) -> RowChirp:
        """Return the frequency as a table over the burst's samples, for :func:`fringeworks.numerics.resample.resample`.

        Its integral along lines is :meth:`cycles`, but for a constant of each range: exact on whole samples, and
        to 1e-8 cycles between them.
        """
        sample = np.arange(self.grid.shape.cols, dtype=np.float64)
        distance = self.grid.range_start + sample * self.grid.range_step
        ramp, step = self.ramp(distance), self.grid.azimuth_step
        frequency = self.doppler.at(distance) - ramp * self.reference_time(distance)
        return RowChirp(frequency=frequency * step, rate=ramp * step**2, middle=self.middle)


def carrier_of(burst: Burst, *, speed: float) -> Carrier:
    """Return the carrier of a burst from its annotation.

    Parameters
    ----------
    burst : Burst
        Of a TOPS product, or a strip map image (steering rate zero): then only the Doppler centroid remains.
    speed : float
        Of the satellite at the burst's middle, Earth-fixed [m/s]: the norm of
        :meth:`fringeworks.geometry.orbit.OrbitCurve.velocity`.

    Raises
    ------
    OutOfRangeError
        The burst has no Doppler or FM-rate record, its FM rate is not negative, or the speed is not that of a satellite.
    """
    if not 1e3 < speed < 1.2e4:
        raise OutOfRangeError(f"a speed of {speed} m/s", expected="that of a satellite, about 7600 m/s")
    if not burst.doppler or not burst.fm_rate:
        raise OutOfRangeError(
            f"{len(burst.doppler)} Doppler and {len(burst.fm_rate)} FM-rate records",
            expected="at least one of each",
        )
    carrier = Carrier(
        grid=burst.grid,
        sweep=2.0 * speed * burst.radar.steering_rate / burst.radar.wavelength,
        fm_rate=burst.nearest(burst.fm_rate),
        doppler=burst.nearest(burst.doppler),
        reference_range=burst.grid.range_start + max(burst.valid.col, 0) * burst.grid.range_step,
    )
    ends = np.array([0.0, 0.5, 1.0]) * burst.grid.shape.cols * burst.grid.range_step + burst.grid.range_start
    rates = carrier.fm_rate.at(ends)
    if not (rates < 0.0).all():
        raise OutOfRangeError(f"azimuth FM rates of {rates} Hz/s", expected="negative rates")
    return carrier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BurstTaps:
    """Interpolation weights of both axes of a burst."""

    azimuth: Taps
    range: Taps


def taps_of(burst: Burst, *, error: float = 1e-4) -> BurstTaps:
    """Design interpolation weights for the bandwidths of a burst.

    Parameters
    ----------
    burst : Burst
        Its processed bandwidths and sampling rates count.
    error : float
        Allowed power of the interpolation error of each axis over that of the signal
        (:func:`fringeworks.numerics.taps.design_taps`).

    Raises
    ------
    OutOfRangeError
        A bandwidth is not above zero.
    """
    azimuth = (burst.radar.azimuth_bandwidth + AZIMUTH_MARGIN) * burst.grid.azimuth_step
    range_ = burst.radar.range_bandwidth / burst.radar.range_sampling_rate
    return BurstTaps(
        azimuth=design_taps(min(azimuth, _WIDEST), error=error),
        range=design_taps(min(range_, _WIDEST), error=error),
    )


def deramp(samples: ComplexImage, carrier: Carrier, *, window: Window | None = None) -> ComplexImage:
    """Take the carrier off: multiply by exp(-2 pi j cycles).

    Parameters
    ----------
    samples : complex64, (line, sample)
        A burst, or the window of it.
    carrier : Carrier
        Of the whole burst.
    window : Window, optional
        Which part of the burst the samples are; by default it begins at its first line and sample.

    Returns
    -------
    complex64, (line, sample)
        A new array; NaN stays NaN.

    Raises
    ------
    ShapeMismatchError
        The samples are not of the window's shape.
    """
    return _turned(samples, carrier, window, -1.0)


def reramp(samples: ComplexImage, carrier: Carrier, *, window: Window | None = None) -> ComplexImage:
    """Put the carrier back: multiply by exp(+2 pi j cycles); the inverse of :func:`deramp`, with its arguments."""
    return _turned(samples, carrier, window, 1.0)


def _turned(samples: ComplexImage, carrier: Carrier, window: Window | None, sign: float) -> ComplexImage:
    part = window or Window(0, 0, *samples.shape)
    if samples.shape != tuple(part.shape):
        raise ShapeMismatchError(
            f"samples of shape {samples.shape}", expected=f"{tuple(part.shape)}, the window's"
        )
    out = np.empty(samples.shape, np.complex64)
    sample = part.col + np.arange(part.cols)
    for k in range(part.rows):
        cycles = carrier.cycles(part.row + k, sample)
        out[k] = samples[k] * np.exp(2j * np.pi * sign * (cycles - np.rint(cycles)))
    return out


def spectral_separation(
    earlier: Carrier, later: Carrier, *, azimuth_time: ArrayLike, slant_range: ArrayLike
) -> NDArray[np.float64]:
    """Return how far apart two bursts of one acquisition see the same ground in Doppler: f_later - f_earlier [Hz].

    Parameters
    ----------
    earlier, later : Carrier
        Of consecutive bursts of a sub-swath.
    azimuth_time : float64
        Annotated line time in their overlap [s since the epoch of both grids].
    slant_range : float64
        One-way [m]; the two broadcast.

    Raises
    ------
    OutOfRangeError
        The two count their times from different epochs.

    Notes
    -----
    Negative for Sentinel-1, near -k_t times the burst cycle: the beam is steered from aft to fore, so the end of a
    burst looks ahead and the beginning of the next looks back.
    """
    if earlier.grid.epoch != later.grid.epoch:
        raise OutOfRangeError(
            f"bursts with times from {earlier.grid.epoch} and {later.grid.epoch}", expected="one epoch"
        )
    return later.frequency(azimuth_time, slant_range) - earlier.frequency(azimuth_time, slant_range)
