"""Invented stacks of interferograms whose truth is known, computed strip by strip on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SENTINEL1_FREQUENCY, SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Window
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.simulate.covariance import LookSums, cholesky_factor, independent_pairs, multilooked_pairs
from fringeworks.simulate.fields import patches
from fringeworks.simulate.geometry import LocalPlane, Look, SceneGeometry, draw_baselines, pixel_metres
from fringeworks.simulate.motion import years_since_2000
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scenario import StackScenario
from fringeworks.simulate.streams import Streams
from fringeworks.simulate.wholecycles import CyclePatch, draw_patches

WAVELENGTH = SPEED_OF_LIGHT / SENTINEL1_FREQUENCY
"""Radar wavelength of simulated stacks [m]."""
PHASE_PER_METRE = 4.0 * math.pi / WAVELENGTH
"""Interferometric phase of one metre of longer one-way range [rad/m]."""
STRIP_ROWS = 8
"""Rows whose noise is drawn together; any block is made of whole strips, so blocks do not change the numbers."""
WATER = 255
"""Class index of water in ``land``."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Some rows of all interferograms; float32, (pair, row, col), NaN where there is no data."""

    rows: slice
    phase: NDArray[np.float32]
    coherence: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStack:
    """An invented stack with its truth; strips are computed when asked for and always the same.

    Attributes
    ----------
    scenario : StackScenario
        What was asked for.
    network : PairNetwork
        Dates, pairs and perpendicular baselines at the scene's centre, signed so that a point above the height told
        adds a phase of the baseline's sign: the opposite of :meth:`Look.perpendicular` and of GAMMA's tables.
    geometry : SceneGeometry
        Orbits.
    height : float32, (y, x)
        Heights as the processor is told [m above the ellipsoid].
    dem_error : float32, (y, x)
        True height minus ``height`` [m].
    land : uint8, (y, x)
        Class index into ``scenario.land``; 255 is water.
    turbulence : float32, (date, y, x), or None
        Turbulent delay along the line of sight [m]; an array or a file mapped into memory.
    zenith : float64, (date)
        Change of the layered zenith delay at sea level [m].
    pair_offset : float64, (pair)
        Constant added to each pair [rad].
    cycle_patches : tuple of CyclePatch
        Unwrapping errors injected.
    """

    scenario: StackScenario
    network: PairNetwork
    geometry: SceneGeometry
    height: NDArray[np.float32]
    dem_error: NDArray[np.float32]
    land: NDArray[np.uint8]
    turbulence: NDArray[np.float32] | None
    zenith: NDArray[np.float64]
    pair_offset: NDArray[np.float64]
    cycle_patches: tuple[CyclePatch, ...]
    streams: Streams

    @property
    def wavelength(self) -> float:
        """Radar wavelength [m]."""
        return WAVELENGTH

    def pair_baseline(self, pair: Pair) -> Baseline:
        """Return the baseline of a pair at the scene's centre, secondary minus reference."""
        dates = self.scenario.dates
        return self.geometry.pair_baseline(dates.index(pair.reference), dates.index(pair.secondary))

    def look(self, rows: slice) -> Look:
        """Return how some rows are seen, at the heights told."""
        return self.geometry.look(rows, self.height[rows])

    def displacement(self, rows: slice) -> NDArray[np.float32]:
        """Return the true motion of some rows since the first date, (date, row, col) [m, positive = toward]."""
        return self._displacement(rows, self.look(rows))

    def _displacement(self, rows: slice, look: Look) -> NDArray[np.float32]:
        plane = LocalPlane.of(self.scenario.grid).rows(rows)
        total = np.zeros((len(self.network.dates), *look.time.shape))
        for motion in self.scenario.motions:
            history = motion.history.values(self.network.dates)
            toward = np.einsum("eyx,eyx->yx", look.los_enu, motion.source.enu(plane.x, plane.y))
            total += (history - history[0])[:, None, None] * toward
        return total.astype(np.float32)

    def delay(self, rows: slice) -> NDArray[np.float32]:
        """Return the atmosphere's delay along the line of sight of some rows, (date, row, col) [m, positive = away]."""
        return self._delay(rows, self.look(rows))

    def _delay(self, rows: slice, look: Look) -> NDArray[np.float32]:
        total = np.zeros((len(self.network.dates), *look.time.shape), np.float32)
        if self.turbulence is not None:
            total += self.turbulence[:, rows]
        if self.scenario.layered_air is not None:
            profile = self.scenario.layered_air.profile(self.height[rows]) / np.cos(look.incidence)
            total += (self.zenith[:, None, None] * profile).astype(np.float32)
        return total

    def strips(self, *, rows: int = STRIP_ROWS, workers: int = 2) -> Iterator[Strip]:
        """Iterate the scene from top to bottom, in blocks of ``rows`` rows (a multiple of 8).

        The strips of a block are computed by ``workers`` threads; neither number changes the values.
        """
        if rows < 1 or rows % STRIP_ROWS:
            raise OutOfRangeError(f"blocks of {rows} rows", expected=f"a positive multiple of {STRIP_ROWS}")
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, self.scenario.grid.shape.rows, rows):
                parts = list(pool.map(self._strip, self._firsts(start, start + rows)))
                yield Strip(
                    slice(start, parts[-1].rows.stop),
                    np.concatenate([part.phase for part in parts], axis=1),
                    np.concatenate([part.coherence for part in parts], axis=1),
                )

    def _firsts(self, start: int, stop: int) -> range:
        return range(start, min(stop, self.scenario.grid.shape.rows), STRIP_ROWS)

    def _strip(self, first: int) -> Strip:
        rows = slice(first, min(first + STRIP_ROWS, self.scenario.grid.shape.rows))
        look = self.look(rows)
        ends = self.network.endpoints()
        away = self._delay(rows, look).astype(np.float64) - self._displacement(rows, look)
        if self.scenario.dem_error is not None:
            for k, baseline in enumerate(self.geometry.baselines):
                away[k] += look.metres_per_height(baseline) * self.dem_error[rows]
        away *= PHASE_PER_METRE
        phase = away[ends[:, 1]] - away[ends[:, 0]]
        phase += self.pair_offset[:, None, None]
        sums = self._noise(first, rows)
        phase += sums.noise.reshape(phase.shape)
        plane = LocalPlane.of(self.scenario.grid).rows(rows)
        for patch in self.cycle_patches:
            phase[patch.pair] += 2.0 * math.pi * patch.cycles * patch.covers(plane.x, plane.y)
        coherence = sums.coherence.reshape(phase.shape)
        result = phase.astype(np.float32)
        result[~self._valid(rows, coherence)] = np.nan
        return Strip(rows, result, coherence)

    def _valid(self, rows: slice, coherence: NDArray[np.float32]) -> NDArray[np.bool_]:
        valid = np.broadcast_to(self.land[rows] != WATER, coherence.shape).copy()
        gaps = self.scenario.gaps
        if gaps is None:
            return valid
        valid &= coherence >= gaps.least_coherence
        if gaps.dropout > 0.0:
            width, height = pixel_metres(self.scenario.grid)
            row = (np.arange(self.scenario.grid.shape.rows)[rows] * height // gaps.tile).astype(int)
            col = (np.arange(self.scenario.grid.shape.cols) * width // gaps.tile).astype(int)
            n_rows = int(self.scenario.grid.shape.rows * height // gaps.tile) + 1
            for n in range(len(coherence)):
                drawn = self.streams.of("gaps", n).random((n_rows, int(col[-1]) + 1))
                valid[n] &= (drawn >= gaps.dropout)[row[:, None], col[None, :]]
        return valid

    def _noise(self, first: int, rows: slice) -> LookSums:
        """Draw noise and coherence estimates of a strip, (pair, pixel)."""
        ends = self.network.endpoints()
        land = self.land[rows].ravel()
        noise = np.zeros((len(ends), land.size), np.float32)
        coherence = np.zeros_like(noise)
        for index in np.unique(land):
            here = np.flatnonzero(land == index)
            part = self._class_noise(int(index), here.size, first, ends)
            noise[:, here] = part.noise
            coherence[:, here] = part.coherence
        return LookSums(noise, coherence)

    def _class_noise(self, index: int, count: int, first: int, ends: NDArray[np.int64]) -> LookSums:
        matrix = self.coherence_matrix(index)
        model = matrix[ends[:, 0], ends[:, 1]]
        kind = self.scenario.pair_noise
        if kind is None:
            shape = (len(ends), count)
            return LookSums(
                np.zeros(shape, np.float32), np.broadcast_to(model[:, None], shape).astype(np.float32)
            )
        rng = self.streams.of("pair noise", first, index)
        looks = self.scenario.effective_looks
        if kind.kind == "independent":
            return independent_pairs(model, looks=looks, n_pixels=count, rng=rng)
        return multilooked_pairs(cholesky_factor(matrix), ends, looks=looks, n_pixels=count, rng=rng)

    def coherence_matrix(self, index: int) -> NDArray[np.float64]:
        """Return the true coherence of every two dates for a class of ``land``, (date, date)."""
        if index == WATER:
            return np.eye(len(self.network.dates))
        centre = _centre_look(self.geometry)
        baseline = np.array([float(centre.perpendicular(b).item()) for b in self.geometry.baselines])
        model = self.scenario.land[index].coherence
        return model.matrix(self.network.dates, perpendicular_baseline=baseline)

    def whole(self) -> Strip:
        """Return all rows at once, in memory."""
        rows = self.scenario.grid.shape.rows
        return next(self.strips(rows=-(-rows // STRIP_ROWS) * STRIP_ROWS))


def simulate_interferograms(
    scenario: StackScenario, *, rng: np.random.Generator, scratch: Path | None = None
) -> SimulatedStack:
    """Invent a stack of unwrapped interferograms.

    Parameters
    ----------
    scenario : StackScenario
        What is to be invented.
    rng : numpy.random.Generator
        Source of randomness; one number is drawn from it, everything else follows from that.
    scratch : Path, optional
        An empty folder for the turbulent delays, which then stay on disk: memory is bounded by one layer of the scene and
        one strip of all pairs.  Without it they are held in memory.

    Returns
    -------
    SimulatedStack
        Truth, and interferograms on demand.

    Notes
    -----
    ``phase = 4 pi / lambda ((R_s - R_r))`` with ``R = delay - displacement + height term``: ground that comes nearer makes
    a negative phase in the later image.
    """
    streams = Streams.rooted(rng)
    view, grid = scenario.acquisition, scenario.grid
    baselines = draw_baselines(
        len(scenario.dates),
        cross_spread=view.cross_spread,
        normal_spread=view.normal_spread,
        rate_spread=view.rate_spread,
        rng=streams.of("baselines"),
    )
    geometry = SceneGeometry.over(
        grid, baselines, incidence=view.incidence, pass_direction=view.pass_direction
    )
    height, land = _ground(scenario, streams)
    spacing = pixel_metres(grid)[::-1]
    error = np.zeros_like(height)
    if scenario.dem_error is not None:
        error = scenario.dem_error.draw(grid.shape, spacing, rng=streams.of("dem error"))
    zenith = np.zeros(len(scenario.dates))
    if scenario.layered_air is not None:
        zenith = scenario.layered_air.zenith(years_since_2000(scenario.dates), rng=streams.of("layered air"))
    network = PairNetwork(scenario.dates, scenario.pairs)
    centre = _centre_look(geometry)
    across = np.array(
        [-centre.perpendicular(geometry.pair_baseline(int(i), int(j))).item() for i, j in network.endpoints()]
    )
    n_pairs = len(network.pairs)
    return SimulatedStack(
        scenario=scenario,
        network=replace(network, perpendicular_baseline=across),
        geometry=geometry,
        height=height,
        dem_error=error,
        land=land,
        turbulence=_turbulence(scenario, spacing, streams, scratch),
        zenith=zenith,
        pair_offset=scenario.pair_offset * streams.of("pair offset").standard_normal(n_pairs),
        cycle_patches=draw_patches(
            scenario.unwrapping_errors, grid, n_pairs, rng=streams.of("unwrapping errors")
        ),
        streams=streams,
    )


def _ground(scenario: StackScenario, streams: Streams) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    grid, plane = scenario.grid, LocalPlane.of(scenario.grid)
    spacing = pixel_metres(grid)[::-1]
    height = scenario.terrain.draw(plane.x, plane.y, spacing, rng=streams.of("terrain"))
    shares = tuple(kind.share for kind in scenario.land)
    land = patches(grid.shape, shares, spacing, rng=streams.of("land"))
    for lake in scenario.water:
        inside = lake.holds(plane.x, plane.y)
        if inside.any():
            height[inside] = height[inside].min()
            land[inside] = WATER
    return height, land


def _turbulence(
    scenario: StackScenario, spacing: tuple[float, float], streams: Streams, scratch: Path | None
) -> NDArray[np.float32] | None:
    turbulence = scenario.turbulence
    if turbulence is None:
        return None
    shape = (len(scenario.dates), *scenario.grid.shape)
    fields: NDArray[np.float32]
    if scratch is None:
        fields = np.empty(shape, np.float32)
    else:
        fields = np.lib.format.open_memmap(
            scratch / "turbulence.npy", mode="w+", dtype=np.float32, shape=shape
        )
    strengths = np.exp(turbulence.spread * streams.of("strength").standard_normal(shape[0]))
    for k, strength in enumerate(strengths):
        drawn = turbulence.law.draw(scenario.grid.shape, spacing, rng=streams.of("turbulence", k))
        fields[k] = np.float32(strength) * drawn
    return fields


def _centre_look(geometry: SceneGeometry) -> Look:
    """Return how the centre of the grid is seen, one pixel at height zero."""
    rows, cols = geometry.grid.shape
    point = geometry.grid.crop(Window(rows // 2, cols // 2, 1, 1))
    return replace(geometry, grid=point).look(slice(0, 1), np.zeros((1, 1), np.float32))
