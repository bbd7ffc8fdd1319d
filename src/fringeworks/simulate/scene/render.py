"""From scatterers to the complex integers of one burst."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, ifft2, next_fast_len
from scipy.special import i0

from fringeworks.simulate.scene.beams import CALIBRATION_CONSTANT, WAVELENGTH, Beam
from fringeworks.simulate.scene.carrier import Carrier, carrier_of
from fringeworks.simulate.scene.ground import SHADOW_SLOPE, Ground, sight_of_nodes
from fringeworks.simulate.scene.lattice import (
    TILE_COLUMNS,
    TILE_ROWS,
    Lattice,
    Tiles,
    lay_lattice,
    tile_fields,
)
from fringeworks.simulate.scene.layout import BurstPlace, Layout, Overflight, SwathPlace
from fringeworks.simulate.scene.points import Points
from fringeworks.simulate.scene.splat import (
    DELAY,
    EAST,
    HEIGHT,
    TABLE_STEPS,
    UP,
    Frame,
    Kernels,
    Map,
    Path,
    finish,
    lay_points,
    project,
)
from fringeworks.simulate.streams import Streams

_PAD = 24
_SPAN = (6, 8)
"""Samples that the compact kernels span along azimuth and range; the range band fills more of its sampling."""


def _frequencies(n: int) -> NDArray[np.float64]:
    return np.asarray(np.fft.fftfreq(n), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A processor's window along one axis and the compact kernel that goes with it.

    Attributes
    ----------
    share : float
        Bandwidth over sampling rate.
    coefficient : float
        Of the Hamming window.
    span : int
        Samples of the kernel.
    """

    share: float
    coefficient: float
    span: int

    @property
    def _steepness(self) -> float:
        return math.pi * self.span * (1.0 - 0.5 * self.share)

    def table(self) -> NDArray[np.float64]:
        """Return the kernel (Kaiser and Bessel's) from its left edge to its right, one entry more at the end."""
        z = np.arange(self.span * TABLE_STEPS + 1) / (0.5 * self.span * TABLE_STEPS) - 1.0
        kernel = i0(self._steepness * np.sqrt(np.maximum(1.0 - z * z, 0.0))) / i0(self._steepness)
        return np.concatenate([kernel, [0.0]])

    def response(self, n: int) -> NDArray[np.float32]:
        """Return by what each frequency of a transform of n samples is to be multiplied, (n): unit peak of a point."""
        frequency = _frequencies(n)
        inside = np.abs(frequency) <= 0.5 * self.share
        window = self.weight(frequency)
        root = self._steepness**2 - (math.pi * self.span * frequency) ** 2
        positive = np.sqrt(np.where(inside, root, 1.0))
        spectrum = self.span * np.sinh(positive) / positive / i0(self._steepness)
        return np.where(inside, window / spectrum / self.mean(n), 0.0).astype(np.float32)

    def weight(self, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the window at frequencies [cycles per sample]."""
        a = self.coefficient
        inside = np.abs(frequency) <= 0.5 * self.share
        return np.where(inside, a + (1.0 - a) * np.cos(2.0 * np.pi * frequency / self.share), 0.0)

    def mean(self, n: int) -> float:
        """Return the mean of the window over all frequencies of a transform of n samples."""
        return float(self.weight(_frequencies(n)).mean())

    def energy(self, n: int) -> float:
        """Return the energy of the response of a point of unit peak [samples]."""
        weight = self.weight(_frequencies(n))
        return float(np.mean(weight**2) / np.mean(weight) ** 2)


def windows_of(beam: Beam) -> tuple[Window, Window]:
    """Return the windows of a sub-swath along azimuth and range."""
    return (
        Window(share=beam.azimuth_bandwidth * beam.line_interval, coefficient=beam.window, span=_SPAN[0]),
        Window(share=beam.range_bandwidth / beam.sampling_rate, coefficient=beam.window, span=_SPAN[1]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedBurst:
    """One burst: samples int16 (line, sample, 2), where its points lie, and how much was clipped."""

    samples: NDArray[np.int16]
    points: NDArray[np.float64]
    n_clipped: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Renderer:
    """Renders bursts of a scene; the same burst gives the same samples whatever was rendered before."""

    layout: Layout
    ground: Ground
    points: Points
    streams: Streams

    @cached_property
    def lattice(self) -> Lattice:
        """Scatterers of the ground."""
        return lay_lattice(self.layout, self.ground)

    @cached_property
    def tiles(self) -> Tiles:
        """The lattice in tiles."""
        return Tiles(lattice=self.lattice, ground=self.ground)

    @cached_property
    def incidence(self) -> NDArray[np.float32]:
        """Of the nodes of the ground [rad]."""
        return sight_of_nodes(self.layout, self.ground)[1]

    def world(self, date_index: int) -> Map:
        """Return the ground as it is on a date, for kernels."""
        ground, grid = self.ground, self.ground.grid
        layers = np.empty((*grid.shape, 5), np.float32)
        layers[..., HEIGHT] = ground.height
        layers[..., EAST : UP + 1] = np.moveaxis(ground.moved(date_index), 0, -1)
        layers[..., DELAY] = ground.turbulent(date_index) + ground.layered(date_index, self.incidence)
        return Map(
            lon=math.radians(grid.x_start + 0.5 * grid.x_step),
            lat=math.radians(grid.y_start + 0.5 * grid.y_step),
            lon_step=math.radians(grid.x_step),
            lat_step=math.radians(grid.y_step),
            layers=layers,
            cover=ground.cover,
            ion=ground.ionospheric_plane(date_index),
        )

    def carrier(self, overflight: Overflight, swath: SwathPlace, burst: BurstPlace) -> Carrier:
        """Return the Doppler history of a burst."""
        return carrier_of(self.layout, overflight, swath, burst, self.streams)

    def frame(self, overflight: Overflight, swath: SwathPlace, burst: BurstPlace) -> Frame:
        """Return the grid of a burst, with the errors that were asked for."""
        name, flown = swath.beam.name, overflight.flown
        drift = self.ground.ionospheric_rate(self.layout.overflights.index(overflight), overflight.arc)
        return Frame(
            start=burst.start,
            middle=0.5 * (swath.beam.lines - 1),
            step=swath.beam.line_interval,
            near=swath.near,
            range_step=swath.beam.range_step,
            reference=self.layout.reference_range,
            late=flown.azimuth_error.get(name, 0.0),
            far=flown.range_error.get(name, 0.0),
            turn=self.layout.scenario.phase_offsets.get((flown.platform, name), 0.0),
            drift=2.0 / WAVELENGTH * drift,
            pad=_PAD,
            carrier=self.carrier(overflight, swath, burst).packed(),
        )

    def burst(
        self, date_index: int, swath: SwathPlace, burst: BurstPlace, polarisation: str, *, world: Map
    ) -> RenderedBurst:
        """Render one burst; ``world`` is :meth:`world` of the date."""
        overflight = self.layout.overflights[date_index]
        azimuth, across = windows_of(swath.beam)
        lines, samples = swath.beam.lines, swath.samples
        shape = (next_fast_len(lines + 2 * _PAD), next_fast_len(samples + 2 * _PAD))
        grid = np.zeros(shape, np.complex64)
        kernels = Kernels(azimuth.table(), azimuth.span, across.table(), across.span)
        frame = self.frame(overflight, swath, burst)
        path = Path(
            overflight.arc.half, overflight.arc.position, overflight.arc.velocity, overflight.arc.acceleration
        )
        energy = azimuth.energy(shape[0]) * across.energy(shape[1])
        flat = grid.view(np.float32)
        look = (polarisation, swath.beam.number, burst.index)
        self._clutter(flat, date_index, look, kernels=kernels, frame=frame, path=path, world=world)
        grid *= np.float32(1.0 / math.sqrt(energy))
        found = np.full((len(self.points), 2), np.nan)
        time, distance, ion = self.points.seen(path, world)
        lay_points(
            flat, kernels, frame, time, distance, ion, self.points.amplitude(swath.beam, polarisation), found
        )
        grid = self._focus(grid, azimuth, across, self._noise_stream(date_index, swath, burst, polarisation))
        out = np.zeros((lines, samples, 2), np.int16)
        clipped = finish(grid, frame, swath.valid_lines, swath.valid_samples, out)
        return RenderedBurst(samples=out, points=found, n_clipped=clipped)

    def _noise_stream(
        self, date_index: int, swath: SwathPlace, burst: BurstPlace, polarisation: str
    ) -> np.random.Generator:
        return self.streams.of(f"noise {polarisation}", date_index, swath.beam.number, burst.index)

    def _clutter(
        self,
        grid: NDArray[np.float32],
        date_index: int,
        look: tuple[str, int, int],
        *,
        kernels: Kernels,
        frame: Frame,
        path: Path,
        world: Map,
    ) -> None:
        """Lay every scatterer of the lattice that can fall into a burst."""
        lattice, tiles = self.lattice, self.tiles
        weights = self.weights(date_index, look[0])
        stop = frame.start + (grid.shape[0] - frame.pad) * frame.step
        slack = abs(frame.late) * frame.step + abs(frame.drift) / 1_500.0 + 0.01
        rows = range(
            math.floor((frame.start - frame.pad * frame.step - slack) / tiles.row_time),
            math.ceil((stop + slack) / tiles.row_time),
        )
        shaded = self.layout.scenario.shadow and self.ground.steepest > SHADOW_SLOPE
        n_fields = date_index + 2
        for row in rows:
            lit = np.full(TILE_ROWS, -math.inf if shaded else math.inf)
            time, scaled = lattice.rows(row * TILE_ROWS, TILE_ROWS)
            for column in self._columns(frame, grid.shape[1] // 2, row, shaded=shaded):
                first = column * TILE_COLUMNS
                project(
                    grid,
                    kernels,
                    frame,
                    path,
                    world,
                    lattice.longitude,
                    lattice.latitude,
                    scaled,
                    lattice.columns(first, min(TILE_COLUMNS, lattice.n_columns - first)),
                    time,
                    lattice.strength[first:],
                    weights,
                    tile_fields(self.streams, look, (row, int(column)), n_fields),
                    lit,
                )

    def _columns(self, frame: Frame, width: int, row: int, *, shaded: bool) -> NDArray[np.int64]:
        """Return the tiles of a row whose scatterers may fall into a burst, given how high the ground is.

        What lies nearer may cast a shadow: it is passed too, where shadows are wanted.
        """
        near, far = self.tiles.reach(row)
        first = frame.near - (frame.pad + abs(frame.far)) * frame.range_step - 30.0
        last = frame.near + (width + abs(frame.far)) * frame.range_step + 30.0
        return np.flatnonzero((near <= last) & ((far >= first) | shaded))

    def weights(self, date_index: int, polarisation: str) -> NDArray[np.complex64]:
        """Return how the land covers mix the fields of a date, times their amplitudes, (cover, field)."""
        scenario = self.layout.scenario
        mixed = []
        for cover in scenario.land:
            level = cover.sigma0 + (cover.cross if polarisation == "VH" else 0.0)
            mixed.append(10.0 ** (level / 20.0) * cover.weights(scenario.days, date_index))
        return np.array(mixed).astype(np.complex64)

    def _focus(
        self, grid: NDArray[np.complex64], azimuth: Window, across: Window, rng: np.random.Generator
    ) -> NDArray[np.complex64]:
        """Cut the spectrum to the processor's window, free it of the kernels, and add thermal noise in it."""
        spectrum = fft2(grid, overwrite_x=True)
        spectrum *= azimuth.response(grid.shape[0])[:, None]
        spectrum *= across.response(grid.shape[1])[None, :]
        if self.layout.scenario.noise is not None:
            power = noise_power(self.layout.scenario.noise)
            shaped = [w.weight(_frequencies(n)) for w, n in zip((azimuth, across), grid.shape, strict=True)]
            mean = float(np.mean(shaped[0] ** 2) * np.mean(shaped[1] ** 2))
            white = rng.standard_normal((grid.shape[0], 2 * grid.shape[1]), dtype=np.float32)
            noise = white.view(np.complex64)
            scale = math.sqrt(0.5 * power * grid.size / mean)
            noise *= (scale * shaped[0]).astype(np.float32)[:, None]
            noise *= shaped[1].astype(np.float32)[None, :]
            spectrum += noise
        focused: NDArray[np.complex64] = ifft2(spectrum, overwrite_x=True)
        return focused


def noise_power(brightness: float) -> float:
    """Return the power of thermal noise in squared digital numbers, from radar brightness [dB]."""
    return float(CALIBRATION_CONSTANT**2 * 10.0 ** (brightness / 10.0))
