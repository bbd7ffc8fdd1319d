"""One acquisition: where the satellite was, what each burst is, and how its samples are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import RadarGrid, Window
from fringeworks.model.identity import (
    AcquisitionKey,
    BurstId,
    Instant,
    PassDirection,
    Polarisation,
    Swath,
)
from fringeworks.model.tally import Finding

OrbitSource: TypeAlias = Literal["annotation", "restituted", "precise"]
FloatVector: TypeAlias = NDArray[np.float64]


def _read_only(record: object, name: str, value: NDArray[np.generic]) -> None:
    value = np.ascontiguousarray(value)
    if value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    object.__setattr__(record, name, value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateVectors:
    """Positions and velocities of a satellite at given times.

    Attributes
    ----------
    epoch : str
        UTC instant (ISO 8601, whole second) from which times count.
    time : float64, (n)
        Seconds since the epoch, strictly increasing.
    position : float64, (n, 3)
        Earth-fixed, Earth-centred [m].
    velocity : float64, (n, 3)
        Earth-fixed [m/s].
    source : {"annotation", "restituted", "precise"}
        Where they come from.
    frame : str
        Reference frame as the source names it.

    Raises
    ------
    ShapeMismatchError
        The arrays do not belong together.
    OutOfRangeError
        The epoch is no whole second, a value is not finite, or time does not increase.
    """

    epoch: str
    time: FloatVector
    position: FloatVector
    velocity: FloatVector
    source: OrbitSource
    frame: str = "Earth Fixed"

    def __post_init__(self) -> None:
        for name in ("time", "position", "velocity"):
            _read_only(self, name, np.asarray(getattr(self, name), np.float64))
        n = self.time.size
        if self.time.shape != (n,) or self.position.shape != (n, 3) or self.velocity.shape != (n, 3):
            raise ShapeMismatchError(
                f"time {self.time.shape}, position {self.position.shape}, velocity {self.velocity.shape}",
                expected="(n), (n, 3), (n, 3)",
            )
        if Instant.parse(self.epoch).nanoseconds % 1_000_000_000:
            raise OutOfRangeError(f"epoch {self.epoch}", expected="a whole second")
        if not all(np.isfinite(a).all() for a in (self.time, self.position, self.velocity)):
            raise OutOfRangeError("state vectors hold values that are not finite")
        if n > 1 and not (np.diff(self.time) > 0).all():
            raise OutOfRangeError("state vectors are not in order of time", expected="increasing time")

    def __len__(self) -> int:
        """Return the number of state vectors."""
        return int(self.time.size)

    @property
    def first(self) -> Instant:
        """Instant of the first state vector."""
        return Instant.parse(self.epoch).plus(float(self.time[0]))

    @property
    def last(self) -> Instant:
        """Instant of the last state vector."""
        return Instant.parse(self.epoch).plus(float(self.time[-1]))

    def since(self, epoch: str) -> StateVectors:
        """Return the same states with times counted from another epoch."""
        shift = Instant.parse(self.epoch).seconds_since(epoch)
        return StateVectors(
            epoch=epoch,
            time=self.time + shift,
            position=self.position,
            velocity=self.velocity,
            source=self.source,
            frame=self.frame,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePolynomial:
    """A quantity along range at one azimuth time: sum of c_k (R - R_0)^k, R one-way slant range.

    Attributes
    ----------
    azimuth_time : float
        Zero-Doppler time to which it belongs [s since the epoch of the burst's grid].
    range_origin : float
        One-way slant range R_0 [m].
    coefficients : tuple of float
        c_k in the unit of the quantity per m^k (Doppler centroid: Hz; azimuth FM rate: Hz/s).
    """

    azimuth_time: float
    range_origin: float
    coefficients: tuple[float, ...]

    def at(self, slant_range: FloatVector) -> FloatVector:
        """Return the quantity at one-way slant ranges [m], of any shape."""
        distance = np.asarray(slant_range, np.float64) - self.range_origin
        value = np.zeros_like(distance)
        for coefficient in reversed(self.coefficients):
            value = value * distance + coefficient
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DopplerEstimate:
    """One Doppler centroid estimate of the processor.

    Attributes
    ----------
    data : RangePolynomial
        Estimated from the data [Hz].
    geometry : RangePolynomial
        Computed from orbit and attitude [Hz].
    data_rms : float
        Residual of the data estimate [Hz].
    data_is_reliable : bool
        Whether the residual was below the processor's limit.
    """

    data: RangePolynomial
    geometry: RangePolynomial
    data_rms: float
    data_is_reliable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RadarParameters:
    """Settings of instrument and processor that hold for a whole sub-swath.

    Attributes
    ----------
    wavelength : float
        [m].
    range_sampling_rate : float
        Of the image [Hz].
    range_bandwidth, azimuth_bandwidth : float
        Processed bandwidths [Hz].
    range_window, azimuth_window : str
        Name of the weighting window; its coefficient in ``range_window_coefficient`` and
        ``azimuth_window_coefficient``.
    pulse_repetition_frequency : float
        Of the instrument [Hz] (the image's line rate is another).
    rank : int
        Pulses in the air between a pulse and its echo.
    pulse_length : float
        Of the transmitted chirp [s].
    chirp_rate : float
        Of the transmitted chirp [Hz/s].
    steering_rate : float
        Angular rate of the beam in azimuth [rad/s], as annotated (positive; zero in strip map).
    incidence_mid : float
        Incidence angle at mid swath [rad], as annotated.
    doppler_method : str
        How the processor chose its Doppler centroid, as annotated.
    """

    wavelength: float
    range_sampling_rate: float
    range_bandwidth: float
    azimuth_bandwidth: float
    range_window: str
    range_window_coefficient: float
    azimuth_window: str
    azimuth_window_coefficient: float
    pulse_repetition_frequency: float
    rank: int
    pulse_length: float
    chirp_rate: float
    steering_rate: float
    incidence_mid: float
    doppler_method: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Burst:
    """One burst of one sub-swath and polarisation (in strip map: the whole image).

    Attributes
    ----------
    id : BurstId, optional
        Which ground it shows; None in strip map.
    swath : Swath
        Sub-swath or beam.
    polarisation : Polarisation
        Polarisation.
    index : int
        Place in the product's sub-swath, from 0.
    grid : RadarGrid
        Line times as annotated (they lack the residual bistatic delay) and one-way ranges; shape of the burst.
    first_line : int
        Its first line in the measurement raster.
    first_valid, last_valid : int32, (line)
        First and last valid sample of each line; -1 where the line has none.
    valid : Window
        Largest window whose every sample is valid by ``first_valid`` and ``last_valid``, in the burst's own lines.
    sensing_start : float
        Time of its first echo in raw data [s since the grid's epoch].
    anx_time : float
        Line 0 since the ascending node, as annotated [s].
    radar : RadarParameters
        Settings of the sub-swath.
    doppler : tuple of RangePolynomial
        Doppler centroid in force in the processor [Hz], in order of time.
    fm_rate : tuple of RangePolynomial
        Azimuth FM rate [Hz/s], in order of time.
    """

    id: BurstId | None
    swath: Swath
    polarisation: Polarisation
    index: int
    grid: RadarGrid
    first_line: int
    first_valid: NDArray[np.int32]
    last_valid: NDArray[np.int32]
    valid: Window
    sensing_start: float
    anx_time: float
    radar: RadarParameters
    doppler: tuple[RangePolynomial, ...]
    fm_rate: tuple[RangePolynomial, ...]

    def __post_init__(self) -> None:
        _read_only(self, "first_valid", self.first_valid)
        _read_only(self, "last_valid", self.last_valid)

    @property
    def mid_time(self) -> float:
        """Zero-Doppler time of the middle of the burst [s since the grid's epoch]."""
        return self.grid.azimuth_start + 0.5 * (self.grid.shape.rows - 1) * self.grid.azimuth_step

    def nearest(self, polynomials: tuple[RangePolynomial, ...]) -> RangePolynomial:
        """Return the one of some polynomials that lies nearest in time to the burst's middle."""
        return min(polynomials, key=lambda p: abs(p.azimuth_time - self.mid_time))

    def valid_samples(self) -> NDArray[np.bool_]:
        """Return which samples are valid, (line, sample); True = use it."""
        sample = np.arange(self.grid.shape.cols)
        return (
            (sample >= self.first_valid[:, None])
            & (sample <= self.last_valid[:, None])
            & (self.first_valid[:, None] >= 0)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeolocationGrid:
    """Tie points between radar and ground, as the product gives them.

    All arrays are float64, (tie line, tie sample).

    Attributes
    ----------
    epoch : str
        UTC instant (ISO 8601, whole second) from which times count.
    azimuth_time : float64
        Zero-Doppler time with the residual bistatic delay included [s since the epoch].
    slant_range : float64
        One-way [m].
    line, sample : float64
        Place in the measurement raster of the sub-swath (not of a burst).
    latitude, longitude : float64
        WGS84 [rad].
    height : float64
        Above the ellipsoid [m].
    incidence, elevation : float64
        As annotated [rad]; the processor measures both from the geocentric normal.
    """

    epoch: str
    azimuth_time: FloatVector
    slant_range: FloatVector
    line: FloatVector
    sample: FloatVector
    latitude: FloatVector
    longitude: FloatVector
    height: FloatVector
    incidence: FloatVector
    elevation: FloatVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One sub-swath in one polarisation of one product.

    Attributes
    ----------
    key : AcquisitionKey
        Platform, orbit, data take, start.
    product : str
        Name of the product it was read from, without suffix.
    mode : str
        ``IW``, ``EW`` or ``SM``.
    swath, polarisation : Swath, Polarisation
        What this is of.
    pass_direction : PassDirection
        Direction of flight.
    relative_orbit : int
        Track at the start, as the manifest says it.
    processor_version : str
        Version of ESA's processor, such as ``3.40``.
    epoch : str
        UTC instant (ISO 8601, whole second) from which all times of this record count.
    heading : float
        Direction of flight at the scene centre, clockwise from north [rad], as annotated.
    ascending_node : float
        Time of the ascending node, as annotated [s since the epoch].
    bursts : tuple of Burst
        In order of time.
    orbit : StateVectors
        The annotated orbit.
    doppler : tuple of DopplerEstimate
        Every Doppler estimate of the annotation, both kinds.
    terrain_height : tuple of (float, float)
        Time [s since the epoch] and mean height [m] the processor used.
    findings : tuple of Finding
        What the reader noticed.
    """

    key: AcquisitionKey
    product: str
    mode: str
    swath: Swath
    polarisation: Polarisation
    pass_direction: PassDirection
    relative_orbit: int
    processor_version: str
    epoch: str
    heading: float
    ascending_node: float
    bursts: tuple[Burst, ...]
    orbit: StateVectors
    doppler: tuple[DopplerEstimate, ...]
    terrain_height: tuple[tuple[float, float], ...]
    findings: tuple[Finding, ...] = ()
