"""Timing terms: what separates an annotated sample from the zero-Doppler geometry of its target.

Each term is a function with a name, so that each can be switched on and off and shown on its own.  Times are
seconds of azimuth time, ranges metres of one-way slant range, counted as the literature counts them; each
text says with which sign the term joins a geometric position and an annotated one, and
:mod:`fringeworks.geometry.corrections` sums them with that sign.

References: Gisinger et al. (2021), IEEE TGRS 59(2), 1157-1181, for the terms; Miranda (2014), ESA technical
note on TOPS deramping, for the Doppler of the steered beam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.model.acquisition import Burst

_TROPOSPHERE_SCALE_HEIGHT = 6000.0
_TROPOSPHERE_ZENITH = 2.3
_IONOSPHERE = 40.31  # m^3/s^2: delay = 40.31 TEC / f^2
_ELECTRONS_PER_TECU = 1e16


def mid_range(near_range: float, n_samples: int, *, range_step: float) -> float:
    """Give the one-way range at the middle of a sub-swath [m]; IW2's is the bulk bistatic correction's reference."""
    return near_range + 0.5 * n_samples * range_step


def bistatic_residual(slant_range: ArrayLike, *, reference_range: float) -> NDArray[np.float64]:
    """Give the part of the bistatic delay that the processor leaves in the line times [s].

    The satellite flies on while the pulse travels.  ESA's processor corrects all lines by the delay at one
    range, mid swath of IW2, and its geolocation grid says what is left: **line time = zero-Doppler time minus
    this**.

    Parameters
    ----------
    slant_range : float64, (...)
        One-way [m].
    reference_range : float
        One-way range of the bulk correction [m] (:func:`mid_range` of IW2).

    Returns
    -------
    float64, (...)
        (R - R_reference) / c; positive in the far range.
    """
    return (np.asarray(slant_range, np.float64) - reference_range) / SPEED_OF_LIGHT


def bistatic_delay(
    slant_range: ArrayLike, *, reference_range: float, rank: int, pulse_repetition_frequency: float
) -> NDArray[np.float64]:
    """Give the whole bistatic correction of a line time [s]: **zero-Doppler time = line time plus this**.

    Parameters
    ----------
    slant_range : float64, (...)
        One-way [m].
    reference_range : float
        One-way range of the bulk correction [m].
    rank : int
        Pulses in the air between a pulse and its echo.
    pulse_repetition_frequency : float
        Of the instrument [Hz].

    Notes
    -----
    ``tau_reference / 2 + tau / 2 - rank / PRF``.  It differs from :func:`bistatic_residual` by a constant of
    each sub-swath (0.3 ms for IW2), which a grid made by the processor does not hold and a comparison of two
    passes does not see; absolute positions against surveyed reflectors do.
    """
    tau = 2.0 * np.asarray(slant_range, np.float64) / SPEED_OF_LIGHT
    return reference_range / SPEED_OF_LIGHT + 0.5 * tau - rank / pulse_repetition_frequency


def doppler_centroid(
    burst: Burst, azimuth_time: ArrayLike, *, slant_range: ArrayLike, speed: float
) -> NDArray[np.float64]:
    """Give the Doppler frequency of samples of a burst, with the sweep of the steered beam [Hz].

    Parameters
    ----------
    burst : Burst
        Its polynomials nearest in time to its middle are used.
    azimuth_time : float64
        Seconds since the epoch of the burst's grid; broadcasts against ``slant_range``.
    slant_range : float64
        One-way [m].
    speed : float
        Of the satellite at the burst's middle, Earth-fixed [m/s].

    Notes
    -----
    ``f_c(R) + k_t(R) (eta - eta_ref(R))`` [Miranda2014]: eta from the burst's middle, k_s = 2 v omega / lambda,
    k_t = k_a k_s / (k_a - k_s), eta_ref = eta_c(R) - eta_c(R_first valid), eta_c = -f_c / k_a.
    """
    rate_of = burst.nearest(burst.fm_rate)
    centroid_of = burst.nearest(burst.doppler)
    distance = np.asarray(slant_range, np.float64)
    rate, centroid = rate_of.at(distance), centroid_of.at(distance)
    sweep = 2.0 * speed * burst.radar.steering_rate / burst.radar.wavelength
    ramp = rate * sweep / (rate - sweep)
    first = np.asarray(burst.grid.range_start + burst.valid.col * burst.grid.range_step)
    beam_centre = -centroid / rate + centroid_of.at(first) / rate_of.at(first)
    eta = np.asarray(azimuth_time, np.float64) - burst.mid_time
    return np.asarray(centroid + ramp * (eta - beam_centre), np.float64)


def doppler_range_shift(doppler: ArrayLike, *, chirp_rate: float) -> NDArray[np.float64]:
    """Give the range shift that a Doppler frequency causes in the compressed pulse [m].

    Parameters
    ----------
    doppler : float64, (...)
        Doppler frequency of the sample [Hz].
    chirp_rate : float
        Of the transmitted pulse [Hz/s], positive for an up-chirp.

    Returns
    -------
    float64, (...)
        ``c f / (2 K)``.  An echo raised in frequency meets an up-chirp's replica early, so the target's image lies
        **nearer** by this: annotated range = geometric range minus this.
    """
    return 0.5 * SPEED_OF_LIGHT * np.asarray(doppler, np.float64) / chirp_rate


def fm_rate_at(
    orbit: OrbitCurve, *, azimuth_time: ArrayLike, points: ArrayLike, wavelength: float
) -> NDArray[np.float64]:
    """Give the azimuth FM rate of targets from orbit and position [Hz/s]; negative.

    Parameters
    ----------
    orbit : OrbitCurve
        Covers the times.
    azimuth_time : float64, (...)
        Zero-Doppler times of the points [s since the orbit's epoch].
    points : float64, (..., 3)
        Earth-fixed positions [m].
    wavelength : float
        [m].

    Notes
    -----
    ``-(2 / lambda) ((S - P) . A + |V|^2) / |S - P|``: the second derivative of the range at zero Doppler.
    """
    away = orbit.position(azimuth_time) - np.asarray(points, np.float64)
    velocity, acceleration = orbit.velocity(azimuth_time), orbit.acceleration(azimuth_time)
    bend = np.sum(away * acceleration, axis=-1) + np.sum(velocity**2, axis=-1)
    return np.asarray(-2.0 / wavelength * bend / np.linalg.norm(away, axis=-1), np.float64)


def fm_rate_mismatch(
    doppler: ArrayLike, *, annotated_rate: ArrayLike, true_rate: ArrayLike
) -> NDArray[np.float64]:
    """Give the azimuth shift of a target focused with the FM rate of another height [s].

    Parameters
    ----------
    doppler : float64, (...)
        Doppler frequency at which the target was seen [Hz] (:func:`doppler_centroid`).
    annotated_rate, true_rate : float64, (...)
        FM rate the processor used and that of the target itself [Hz/s], both negative.

    Returns
    -------
    float64, (...)
        ``f (1 / k_true - 1 / k_annotated)``: **line time = zero-Doppler time plus this**.  (Frequency f of the target
        lies at ``f / k_true`` from its zero-Doppler time, of the replica at ``f / k_annotated``.)
    """
    frequency = np.asarray(doppler, np.float64)
    return frequency * (
        1.0 / np.asarray(true_rate, np.float64) - 1.0 / np.asarray(annotated_rate, np.float64)
    )


def static_troposphere(height: ArrayLike, *, incidence: ArrayLike) -> NDArray[np.float64]:
    """Give the one-way delay of a standard troposphere [m]: ``2.3 exp(-h / 6000) / cos(incidence)``.

    Parameters
    ----------
    height : float64, (...)
        Metres above the ellipsoid.
    incidence : float64, (...)
        From the ellipsoid's normal [rad].
    """
    zenith = _TROPOSPHERE_ZENITH * np.exp(-np.asarray(height, np.float64) / _TROPOSPHERE_SCALE_HEIGHT)
    return np.asarray(zenith / np.cos(incidence), np.float64)


def slant_troposphere(zenith_delay: ArrayLike, *, incidence: ArrayLike) -> NDArray[np.float64]:
    """Give the one-way slant delay [m] of a given zenith delay [m], a weather model's for one, by 1 / cosine."""
    return np.asarray(np.asarray(zenith_delay, np.float64) / np.cos(incidence), np.float64)


def slant_ionosphere(
    vertical_tec: ArrayLike, *, incidence: ArrayLike, wavelength: float, shell_height: float = 450e3
) -> NDArray[np.float64]:
    """Give the one-way group delay of a thin ionosphere shell [m].

    Parameters
    ----------
    vertical_tec : float64, (...)
        Vertical electron content between ground and satellite [TECU = 1e16 / m^2].
    incidence : float64, (...)
        At the ground, from the ellipsoid's normal [rad].
    wavelength : float
        [m].
    shell_height : float
        Of the shell [m].

    Notes
    -----
    ``40.31 TEC / f^2 / cos(z)`` with sin(z) = R sin(incidence) / (R + shell height), R = 6371 km.
    """
    frequency = SPEED_OF_LIGHT / wavelength
    sine = np.sin(incidence) * 6371e3 / (6371e3 + shell_height)
    zenith = _IONOSPHERE * _ELECTRONS_PER_TECU * np.asarray(vertical_tec, np.float64) / frequency**2
    return np.asarray(zenith / np.sqrt(1.0 - sine**2), np.float64)
