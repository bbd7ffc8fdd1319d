"""The Doppler history of a burst: the centroid, the azimuth FM rate, and the ramp that the steered beam makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.orbit import ground_points
from fringeworks.simulate.scene.beams import WAVELENGTH
from fringeworks.simulate.scene.flight import Arc
from fringeworks.simulate.scene.layout import BurstPlace, Layout, Overflight, SwathPlace
from fringeworks.simulate.scene.sight import locate
from fringeworks.simulate.streams import Streams

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carrier:
    """Doppler centroid and FM rate of one burst, with the very digits of the annotation.

    Attributes
    ----------
    time : float
        Of the burst's centre line [s after the date's epoch].
    origin : float
        Two-way time from which the polynomials count [s].
    centroid, rate : float64, (3)
        Coefficients of the centroid [Hz/s^k] and of the FM rate [Hz/s/s^k].
    sweep : float
        Doppler rate by the steering of the beam, k_s [Hz/s].
    first_two_way : float
        Two-way time of the first valid sample [s].
    speed : float
        Of the satellite, Earth-fixed [m/s].
    """

    time: float
    origin: float
    centroid: Values
    rate: Values
    sweep: float
    first_two_way: float
    speed: float

    def packed(self) -> Values:
        """Return the numbers a kernel needs, (10)."""
        at_first = self.beam_centre(np.array(self.first_two_way))
        return np.concatenate([[self.origin, self.sweep, float(at_first)], self.centroid, self.rate])

    def beam_centre(self, two_way: Values) -> Values:
        """Return when the beam's centre passes, after the burst's middle [s]: minus centroid over rate."""
        offset = two_way - self.origin
        centroid = np.polynomial.polynomial.polyval(offset, self.centroid)
        rate = np.polynomial.polynomial.polyval(offset, self.rate)
        return np.asarray(-centroid / rate, np.float64)

    def ramp(self, two_way: Values) -> Values:
        """Return the Doppler rate in the image, k_t = k_a k_s / (k_a - k_s) [Hz/s], same shape."""
        rate = np.polynomial.polynomial.polyval(two_way - self.origin, self.rate)
        return np.asarray(rate * self.sweep / (rate - self.sweep), np.float64)


def carrier_of(
    layout: Layout, overflight: Overflight, swath: SwathPlace, burst: BurstPlace, streams: Streams
) -> Carrier:
    """Return the Doppler history of a burst.

    The FM rate is that of the geometry at the mean height of the ground; the centroid has a value of its own for each
    sub-swath, falls along range as in real products, and gets the date's offset.
    """
    middle = burst.start + 0.5 * (swath.beam.lines - 1) * swath.beam.line_interval
    origin = float(f"{layout.swaths[0].two_way:.15e}")
    two_way = swath.two_way + np.linspace(0.0, swath.samples / swath.beam.sampling_rate, 9)
    rate = fm_rate(overflight.arc, middle, 0.5 * SPEED_OF_LIGHT * two_way, layout.scenario.terrain.base)
    fitted = np.polynomial.Polynomial.fit(two_way - origin, rate, 2).convert().coef
    level = 15.0 + 6.0 * streams.of("doppler", swath.beam.number).standard_normal() + overflight.flown.doppler
    _, velocity = overflight.arc.at(middle)
    speed = float(np.linalg.norm(velocity))
    return Carrier(
        time=middle,
        origin=origin,
        centroid=np.array([float(f"{c:.6e}") for c in (level, -1.3e4, -1.4e7)]),
        rate=np.array([float(f"{c:.15e}") for c in fitted]),
        sweep=2.0 * speed / WAVELENGTH * np.radians(swath.beam.steering_rate),
        first_two_way=swath.two_way + swath.valid_samples[0] / swath.beam.sampling_rate,
        speed=speed,
    )


def fm_rate(arc: Arc, time: float, distance: Values, height: float) -> Values:
    """Return the azimuth FM rate [Hz/s]: -2/lambda times the second derivative of the range at zero Doppler."""
    instant = np.full(distance.shape, time)
    longitude, latitude = locate(arc, instant, distance, np.full(distance.shape, height))
    points = ground_points(longitude, latitude, np.full(distance.shape, height))
    place, velocity = arc.at(time)
    pull = np.polynomial.polynomial.polyval(time / arc.half, arc.acceleration.T)
    bend = np.sum((place - points) * pull, axis=-1)
    return np.asarray(-2.0 / WAVELENGTH * (velocity @ velocity + bend) / distance, np.float64)
