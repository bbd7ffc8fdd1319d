"""What one sub-swath and polarisation of one product is, as its annotation has to say it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.model.identity import Instant
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.carrier import Carrier
from fringeworks.simulate.scene.flight import Flight
from fringeworks.simulate.scene.ground import Ground
from fringeworks.simulate.scene.layout import BurstPlace, Layout, Overflight, SwathPlace
from fringeworks.simulate.scene.sight import annotated_angles, locate

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TiePoints:
    """The geolocation grid, all (tie line, tie sample): angles in degrees, times after the date's epoch [s]."""

    line: NDArray[np.int64]
    sample: NDArray[np.int64]
    time: Values
    two_way: Values
    longitude: Values
    latitude: Values
    height: Values
    incidence: Values
    elevation: Values


@dataclass(frozen=True, kw_only=True, eq=False)
class SwathFacts:
    """One sub-swath, polarisation and slice of a date.

    Attributes
    ----------
    layout, overflight, ground : Layout, Overflight, Ground
        Of the scene.
    swath : SwathPlace
        Which sub-swath.
    polarisation : str
        ``VV`` or ``VH``.
    slice_index : int
        From 0.
    bursts : tuple of BurstPlace
        Those in the product.
    carriers : tuple of Carrier
        Of the bursts.
    image_number : int
        Of the file, from 1.
    datatake : int
        Data take.
    byte_offsets : tuple of int
        Of each burst in the raster's file.
    mean, deviation : complex, tuple of float
        Of the samples: mean, and standard deviations of real and imaginary part.
    """

    layout: Layout
    overflight: Overflight
    ground: Ground
    swath: SwathPlace
    polarisation: str
    slice_index: int
    bursts: tuple[BurstPlace, ...]
    carriers: tuple[Carrier, ...]
    image_number: int
    datatake: int
    byte_offsets: tuple[int, ...]
    mean: complex
    deviation: tuple[float, float]

    def utc(self, seconds: float) -> str:
        """Spell an instant after the date's epoch, in microseconds."""
        whole = round(self.overflight.epoch.nanoseconds / 1000 + seconds * 1e6)
        text = Instant(whole * 1000).iso
        return text if "." in text else f"{text}.000000"

    @property
    def n_lines(self) -> int:
        """Lines of the raster."""
        return len(self.bursts) * self.swath.beam.lines

    @property
    def start(self) -> float:
        """Time of the first line [s]."""
        return self.bursts[0].start

    @property
    def stop(self) -> float:
        """Time of the last line [s]."""
        return self.bursts[-1].start + (self.swath.beam.lines - 1) * self.swath.beam.line_interval

    @property
    def sensed(self) -> float:
        """Duration of a burst's raw data, in strip map of the image's [s]."""
        beam = self.swath.beam
        return (beam.lines - 1) * beam.line_interval + 0.62 if beam.is_stripmap else beam.sensing_length

    def residual(self, two_way: Values) -> Values:
        """Return zero-Doppler time minus line time: half of what the two-way time exceeds that of the bulk correction."""
        return np.asarray(0.5 * two_way - self.layout.reference_range / SPEED_OF_LIGHT, np.float64)

    @cached_property
    def states(self) -> tuple[Values, Values, Values]:
        """Annotated orbit: times [s], positions, velocities, 10 s apart, a minute and more on both sides."""
        first = float(np.floor(self.start)) - 65.0
        time = np.arange(first, self.stop + 75.0, 10.0)
        position, velocity = perturbed(self.overflight, self.overflight.flown.annotated_error, time)
        return time, position, velocity

    @cached_property
    def tie_points(self) -> TiePoints:
        """Grid of 21 samples at the first line of each burst and the last line of the last; heights from the DEM.

        In strip map the lines lie about 0.43 s apart.
        """
        beam = self.swath.beam
        lines = [k * beam.lines for k in range(len(self.bursts))] + [self.n_lines - 1]
        at = np.array([b.start for b in self.bursts] + [self.stop])
        if beam.is_stripmap:
            count = max(round((self.stop - self.start) / 0.43), 2) + 1
            lines = [round(v) for v in np.linspace(0, self.n_lines - 1, count)]
            at = self.start + np.array(lines) * beam.line_interval
        step = self.swath.samples // 20
        columns = np.array([*range(0, 20 * step, step), self.swath.samples - 1])
        line, sample = np.meshgrid(np.array(lines), columns, indexing="ij")
        two_way = self.swath.two_way + sample / self.swath.beam.sampling_rate
        time = at[:, None] + self.residual(two_way)
        longitude, latitude, height = on_terrain(
            self.overflight, self.ground, time, 0.5 * SPEED_OF_LIGHT * two_way
        )
        incidence, elevation = annotated_angles(self.overflight.arc, time, longitude, latitude, height)
        return TiePoints(
            line=line,
            sample=sample,
            time=time,
            two_way=two_way,
            longitude=np.degrees(longitude),
            latitude=np.degrees(latitude),
            height=height,
            incidence=np.degrees(incidence),
            elevation=np.degrees(elevation),
        )


def perturbed(overflight: Overflight, error: Baseline, time: Values) -> tuple[Values, Values]:
    """Return positions and velocities, (n, 3), of a flight with an error beside its true path."""
    flight: Flight = overflight.flight
    position, velocity = flight.states(time)
    if error == Baseline():
        return position, velocity
    track = velocity / np.linalg.norm(velocity, axis=1, keepdims=True)
    cross = np.cross(-position, track)
    cross /= np.linalg.norm(cross, axis=1, keepdims=True)
    normal = np.cross(track, cross)
    # the rates hold near the scene; far from it the error must not grow without bound
    near = 60.0 * np.tanh(time / 60.0)
    slope = 1.0 / np.cosh(np.clip(time / 60.0, -50.0, 50.0)) ** 2
    off_c, off_n = error.cross + error.cross_rate * near, error.normal + error.normal_rate * near
    rate_c, rate_n = error.cross_rate * slope, error.normal_rate * slope
    moved = position + off_c[:, None] * cross + off_n[:, None] * normal
    return moved, velocity + rate_c[:, None] * cross + rate_n[:, None] * normal


def on_terrain(
    overflight: Overflight, ground: Ground, time: Values, distance: Values
) -> tuple[Values, Values, Values]:
    """Return longitude, latitude [rad] and height [m] of the terrain at times and ranges, (...).

    Plain repetition: locate at a height, take the terrain's height there; damped where slopes make it swing.  Beyond the
    map the plain's height is taken.
    """
    height = np.full(np.broadcast_shapes(time.shape, distance.shape), float(ground.scenario.terrain.base))
    for step in range(25):
        longitude, latitude = locate(overflight.arc, time, distance, height)
        terrain = ground.interpolate(ground.height, np.degrees(longitude), np.degrees(latitude))
        terrain = np.where(np.isfinite(terrain), terrain, ground.scenario.terrain.base)
        change = terrain - height
        height = height + change * (1.0 if step < 5 else 0.5)
        if np.abs(change).max() < 1e-4:
            break
    longitude, latitude = locate(overflight.arc, time, distance, height)
    return longitude, latitude, height
