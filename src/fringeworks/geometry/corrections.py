"""Timing terms summed: from a zero-Doppler position to where the processor put the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.geometry.radar import RadarPositions
from fringeworks.geometry.tides import solid_tide, tide_range_change
from fringeworks.geometry.timing import (
    bistatic_residual,
    doppler_centroid,
    doppler_range_shift,
    fm_rate_at,
    fm_rate_mismatch,
    slant_ionosphere,
    slant_troposphere,
    static_troposphere,
)
from fringeworks.model.acquisition import Burst
from fringeworks.model.identity import Instant

Term: TypeAlias = Literal[
    "bistatic", "doppler", "fm_rate", "solid_tide", "static_troposphere", "troposphere", "ionosphere"
]
TERMS: Final[tuple[Term, ...]] = (
    "bistatic",
    "doppler",
    "fm_rate",
    "solid_tide",
    "static_troposphere",
    "troposphere",
    "ionosphere",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """Points on the ground and what is known of the air above them.

    Attributes
    ----------
    longitude, latitude, height : float64, (...)
        Radians, radians, metres above the ellipsoid.
    zenith_delay : float64, (...), optional
        Of the troposphere, from a weather model [m]; needed by ``troposphere``.
    vertical_tec : float64, (...), optional
        Electron content [TECU]; needed by ``ionosphere``.
    """

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    height: NDArray[np.float64]
    zenith_delay: NDArray[np.float64] | None = None
    vertical_tec: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimingOffsets:
    """What to add to a zero-Doppler position to find the annotated one, term by term.

    Attributes
    ----------
    azimuth : mapping of term to float64, (...)
        Seconds of line time.
    slant_range : mapping of term to float64, (...)
        Metres of one-way range.
    """

    azimuth: Mapping[str, NDArray[np.float64]]
    slant_range: Mapping[str, NDArray[np.float64]]

    def total(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the sums: seconds of line time, metres of range; zero where no term was asked for."""
        zero = np.zeros(())
        return sum(self.azimuth.values(), start=zero), sum(self.slant_range.values(), start=zero)


def predict_offsets(
    burst: Burst,
    orbit: OrbitCurve,
    *,
    target: Target,
    position: RadarPositions,
    terms: frozenset[Term],
    bistatic_reference: float,
) -> TimingOffsets:
    """Compute the timing terms that are asked for.

    Parameters
    ----------
    burst : Burst
        The burst in which the targets are looked for.
    orbit : OrbitCurve
        Of the same acquisition.
    target : Target
        Points on the ground.
    position : RadarPositions
        Their zero-Doppler positions from this orbit, of the same shape.
    terms : frozenset of {"bistatic", "doppler", "fm_rate", "solid_tide", "static_troposphere", ...}
        Which terms (``TERMS``).
    bistatic_reference : float
        One-way range of the processor's bulk bistatic correction [m].

    Raises
    ------
    OutOfRangeError
        A term has another name.
    ShapeMismatchError
        A term needs a field that the target does not bring.

    Notes
    -----
    Signs: bistatic -(R - R_ref)/c; doppler -c f/2K; fm_rate +f (1/k_true - 1/k_annotated); tide, troposphere and
    ionosphere as they lengthen the path.  The tide's motion along track (under 2 cm) is left out.
    """
    unknown = sorted(terms - set(TERMS))
    if unknown:
        raise OutOfRangeError(f"timing term {unknown[0]!r}", expected=", ".join(TERMS))
    azimuth: dict[str, NDArray[np.float64]] = {}
    ranges: dict[str, NDArray[np.float64]] = {}
    if "bistatic" in terms:
        azimuth["bistatic"] = -bistatic_residual(position.slant_range, reference_range=bistatic_reference)
    if terms & {"doppler", "fm_rate"}:
        doppler = _doppler(burst, orbit, position)
        if "doppler" in terms:
            ranges["doppler"] = -doppler_range_shift(doppler, chirp_rate=burst.radar.chirp_rate)
        if "fm_rate" in terms:
            azimuth["fm_rate"] = _mismatch(burst, orbit, target, position, doppler)
    if terms - {"bistatic", "doppler", "fm_rate"}:
        ranges.update(_path_terms(burst, orbit, target, position, terms))
    return TimingOffsets(azimuth=MappingProxyType(azimuth), slant_range=MappingProxyType(ranges))


def _doppler(burst: Burst, orbit: OrbitCurve, position: RadarPositions) -> NDArray[np.float64]:
    shift = Instant.parse(position.epoch).seconds_since(burst.grid.epoch)
    speed = float(np.linalg.norm(orbit.velocity(burst.mid_time - shift)))
    return doppler_centroid(
        burst, position.azimuth_time + shift, slant_range=position.slant_range, speed=speed
    )


def _mismatch(
    burst: Burst,
    orbit: OrbitCurve,
    target: Target,
    position: RadarPositions,
    doppler: NDArray[np.float64],
) -> NDArray[np.float64]:
    points = geodetic_to_ecef(target.longitude, target.latitude, target.height)
    true = fm_rate_at(
        orbit, azimuth_time=position.azimuth_time, points=points, wavelength=burst.radar.wavelength
    )
    annotated = burst.nearest(burst.fm_rate).at(position.slant_range)
    return fm_rate_mismatch(doppler, annotated_rate=annotated, true_rate=true)


def _path_terms(
    burst: Burst, orbit: OrbitCurve, target: Target, position: RadarPositions, terms: frozenset[Term]
) -> dict[str, NDArray[np.float64]]:
    place = {"longitude": target.longitude, "latitude": target.latitude, "height": target.height}
    look = look_vectors(orbit, azimuth_time=position.azimuth_time, **place)
    incidence = incidence_angle(look)
    found: dict[str, NDArray[np.float64]] = {}
    if "solid_tide" in terms:
        when = Instant.parse(burst.grid.epoch).plus(burst.mid_time)
        found["solid_tide"] = tide_range_change(solid_tide(when, **place), look_enu=look)
    if "static_troposphere" in terms:
        found["static_troposphere"] = static_troposphere(target.height, incidence=incidence)
    if "troposphere" in terms:
        zenith = _needed(target.zenith_delay, "troposphere", "zenith_delay")
        found["troposphere"] = slant_troposphere(zenith, incidence=incidence)
    if "ionosphere" in terms:
        content = _needed(target.vertical_tec, "ionosphere", "vertical_tec")
        found["ionosphere"] = slant_ionosphere(
            content, incidence=incidence, wavelength=burst.radar.wavelength
        )
    return found


def _needed(field: NDArray[np.float64] | None, term: str, name: str) -> NDArray[np.float64]:
    if field is None:
        raise ShapeMismatchError(
            f"term {term} without {name}", expected=f"target.{name}", hint=f"give it, or leave {term} out"
        )
    return field
