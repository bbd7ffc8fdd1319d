"""Rulers for simulated scenes, of their own make: they share no code with the simulator or with the chain.

Samples and annotation come through the reader of the house; ramps, positions, peaks and coherences are computed here
from published formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lxml import etree
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize import minimize

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.io.safe.product import open_safe
from fringeworks.model.acquisition import Acquisition, Burst
from fringeworks.model.identity import Instant, Polarisation, Swath

Image = NDArray[np.complex64]
Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadBurst:
    """A burst with its samples, from a first column on, and the acquisition it belongs to."""

    burst: Burst
    acquisition: Acquisition
    samples: Image
    first: int = 0

    @property
    def ranges(self) -> Values:
        """One-way range of each sample [m]."""
        grid = self.burst.grid
        return grid.range_start + (self.first + np.arange(self.samples.shape[1])) * grid.range_step

    @property
    def speed(self) -> float:
        """Earth-fixed speed of the satellite at the middle of the burst [m/s]."""
        orbit = self.acquisition.orbit
        curve = make_interp_spline(orbit.time, orbit.position, k=7)
        return float(np.linalg.norm(curve(self.burst.mid_time, 1)))

    def rates(self, distance: Values) -> tuple[Values, Values, Values]:
        """Return Doppler rate of the image [Hz/s], centroid [Hz] and reference time [s] at ranges [m]."""
        burst = self.burst
        rate_of, centroid_of = burst.nearest(burst.fm_rate), burst.nearest(burst.doppler)
        sweep = 2.0 * self.speed * burst.radar.steering_rate / burst.radar.wavelength
        rate, centroid = rate_of.at(distance), centroid_of.at(distance)
        first = np.asarray(burst.grid.range_start + burst.valid.col * burst.grid.range_step)
        at_first = -centroid_of.at(first) / rate_of.at(first)
        return rate * sweep / (rate - sweep), centroid, -centroid / rate - at_first

    def ramp(self, line: Values, distance: Values) -> Values:
        """Return the phase of the ramp [rad] at lines and ranges [m], which broadcast (Miranda 2014)."""
        total, centroid, reference = self.rates(distance)
        lag = (line - 0.5 * (self.burst.grid.shape.rows - 1)) * self.burst.grid.azimuth_step - reference
        return np.pi * total * lag**2 + 2.0 * np.pi * centroid * lag

    def frequency(self, line: Values, distance: Values) -> Values:
        """Return the Doppler frequency in the image [Hz] at lines and ranges [m]."""
        total, centroid, reference = self.rates(distance)
        lag = (line - 0.5 * (self.burst.grid.shape.rows - 1)) * self.burst.grid.azimuth_step - reference
        return total * lag + centroid

    @property
    def deramped(self) -> Image:
        """Samples without the ramp."""
        line = np.arange(self.samples.shape[0], dtype=float)[:, None]
        phase = self.ramp(line, self.ranges[None, :])
        return (self.samples * np.exp(-1j * phase)).astype(np.complex64)


def read_bursts(
    product: Path,
    swath: str = "IW2",
    polarisation: str = "VV",
    *,
    columns: tuple[int, int] | None = None,
) -> list[ReadBurst]:
    """Read all bursts of a sub-swath and polarisation, or some of their columns."""
    opened = open_safe(product)
    acquisition = opened.acquisition(Swath(swath), Polarisation(polarisation))
    found = []
    for burst in acquisition.bursts:
        first, stop = (0, burst.grid.shape.cols) if columns is None else columns
        first, stop = max(first, 0), min(stop, burst.grid.shape.cols)
        samples = opened.samples(burst)[:, first:stop]
        found.append(ReadBurst(burst=burst, acquisition=acquisition, samples=samples, first=first))
    return found


def peak(image: Image, line: float, sample: float, *, half: int = 16) -> tuple[float, float, complex]:
    """Return line, sample and value of the largest response near a place, by the image's own Fourier series."""
    i, j = round(line) - half, round(sample) - half
    spectrum = np.fft.fft2(image[i : i + 2 * half, j : j + 2 * half]) / (2 * half) ** 2
    frequency = np.fft.fftfreq(2 * half)

    def value(place: Values) -> complex:
        along = np.exp(2j * np.pi * frequency * place[0])
        across = np.exp(2j * np.pi * frequency * place[1])
        return complex(along @ spectrum @ across)

    start = np.array([line - i, sample - j])
    best = minimize(
        lambda p: -abs(value(p)), start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-6}
    )
    return float(best.x[0] + i), float(best.x[1] + j), value(best.x)


def spectrum_edges(power: Values, step: float) -> tuple[float, float, float]:
    """Return centroid, lower and upper edge (5 % of the peak of a smoothed spectrum) in cycles per unit of ``step``."""
    frequency = np.fft.fftshift(np.fft.fftfreq(power.size, step))
    shifted = np.fft.fftshift(power)
    smooth = np.convolve(shifted, np.ones(5) / 5, mode="same")
    inside = frequency[smooth > 0.05 * smooth.max()]
    return float((shifted * frequency).sum() / shifted.sum()), float(inside.min()), float(inside.max())


def read_orbit(path: Path, epoch: str) -> BSpline:
    """Return the curve through the positions of an orbit file, in seconds since an epoch.

    A spline of degree 7: a cubic over 10 s strays by 0.2 mm, and by 0.03 mm (0.007 rad) between dates whose clocks differ.
    """
    rows = []
    for vector in etree.parse(path).iterfind(".//OSV"):
        time = Instant.parse(vector.findtext("UTC", "")).seconds_since(epoch)
        rows.append([time, *(float(vector.findtext(k, "")) for k in "XYZ")])
    table = np.array(rows)
    return make_interp_spline(table[:, 0], table[:, 1:], k=7)


def ecef(longitude: Values, latitude: Values, height: Values) -> Values:
    """Return Earth-fixed positions, (..., 3), of WGS84 degrees and metres."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    b_over_a = (6_356_752.314245179 / 6_378_137.0) ** 2
    n = 6_378_137.0 / np.sqrt(np.cos(lat) ** 2 + b_over_a * np.sin(lat) ** 2)
    across = (n + height) * np.cos(lat)
    return np.stack(
        [across * np.cos(lon), across * np.sin(lon), (b_over_a * n + height) * np.sin(lat)], axis=-1
    )


def closest(curve: BSpline, points: Values, guess: float) -> tuple[Values, Values]:
    """Return when a path passes closest to points, (n, 3), and how far away [s], [m].

    Plain repetition: the way ahead over the speed is a time; each round leaves a ninth of the error, for the path is curved.
    """
    # half a minute of the path as one polynomial: micrometres, and faster than the spline
    nodes = 15.0 * np.cos(np.pi * (np.arange(16) + 0.5) / 16)
    path = np.polynomial.polynomial.polyfit(nodes, curve(guess + nodes), 9)
    flight = np.polynomial.polynomial.polyder(path)
    time = np.zeros(len(points))
    value = np.polynomial.polynomial.polyval
    for _ in range(12):
        speed = value(time, flight)
        time += np.sum((points.T - value(time, path)) * speed, axis=0) / np.sum(speed**2, axis=0)
    return guess + time, np.linalg.norm(points.T - value(time, path), axis=0)


def predicted(read: ReadBurst, curve: BSpline, points: Values, reference: float) -> tuple[Values, Values]:
    """Return lines and samples of points, (n, 3), in a burst: the residual bistatic delay included."""
    grid = read.burst.grid
    time, distance = closest(curve, points, read.burst.mid_time)
    line = (time - (distance - reference) / SPEED_OF_LIGHT - grid.azimuth_start) / grid.azimuth_step
    return line, (distance - grid.range_start) / grid.range_step


def resampled(read: ReadBurst, line: Values, sample: Values, *, taps: int = 16) -> Image:
    """Return a burst's samples at places, (line, sample), by a Kaiser-windowed sinc without the ramp, which is put back."""
    image = np.pad(read.deramped, taps)
    column = sample - read.first
    i, j = np.floor(line).astype(int), np.floor(column).astype(int)
    fi, fj = line - i, column - j
    total = np.zeros(line.shape, np.complex64)
    offsets = np.arange(taps) - taps // 2 + 1
    x = np.linspace(-0.5 * taps, 0.5 * taps, taps * 1_000 + 1)
    window = np.i0(5.0 * np.sqrt(np.maximum(1.0 - (2.0 * x / taps) ** 2, 0.0))) / np.i0(5.0)
    table = (np.sinc(x) * window).astype(np.float32)

    def weight(shift: Values, offset: int) -> NDArray[np.float32]:
        # the nearest of a thousand: off by less than a thousandth, at random
        return table[np.rint((shift - offset + 0.5 * taps) * 1_000.0).astype(np.int32)]

    across = [weight(fj, int(o)) for o in offsets]
    for p in offsets:
        row = np.clip(i + p + taps, 0, image.shape[0] - 1)
        part = np.zeros(line.shape, np.complex64)
        for q, factor in zip(offsets, across, strict=True):
            part += factor * image[row, np.clip(j + q + taps, 0, image.shape[1] - 1)]
        total += weight(fi, int(p)) * part
    distance = read.burst.grid.range_start + sample * read.burst.grid.range_step
    return (total * np.exp(1j * read.ramp(line, distance))).astype(np.complex64)


def overlap_lines(upper: ReadBurst, lower: ReadBurst) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lines of two bursts that show the same ground, in each one's own count (valid in both)."""
    gap = round(
        (lower.burst.grid.azimuth_start - upper.burst.grid.azimuth_start) / lower.burst.grid.azimuth_step
    )
    bottom = upper.burst.valid.row + upper.burst.valid.rows
    lines = np.arange(max(gap + lower.burst.valid.row, upper.burst.valid.row), bottom)
    return lines, lines - gap


def double_difference(pairs: list[tuple[ReadBurst, Image]]) -> float:
    """Return the azimuth shift [lines] of secondaries against references, from the overlap of two bursts.

    Parameters
    ----------
    pairs : list of (ReadBurst, Image)
        Upper and lower burst of the reference, each with the interferogram formed with it.

    Notes
    -----
    Where the secondary shows targets ``e`` lines late, reference times conjugate secondary has the phase 2 pi f e dt, f the
    Doppler frequency in the burst; the difference of the two bursts is divided by the difference of their frequencies.
    """
    (upper, first), (lower, second) = pairs
    top, below = overlap_lines(upper, lower)
    columns = slice(upper.burst.valid.col, upper.burst.valid.col + upper.burst.valid.cols)
    ranges = upper.ranges[None, columns]
    spread = lower.frequency(below[:, None].astype(float), ranges) - upper.frequency(
        top[:, None].astype(float), ranges
    )
    cross = second[below][:, columns] * np.conj(first[top][:, columns])
    step = upper.burst.grid.azimuth_step
    # one look at the whole overlap, weighted by power; the frequency difference varies by a thousandth in it
    return float(np.angle(cross.sum()) / (2.0 * np.pi * spread.mean() * step))
