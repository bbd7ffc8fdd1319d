"""Compiled kernels: scatterers onto the grid of a burst, and the burst's samples out of it.

A burst without its ramp is a stationary band-limited field.  Scatterers are laid on its grid at their exact places with a
compact kernel; the spectrum is then cut to the processor's window and freed of the kernel (a non-uniform Fourier
transform of type 1, Greengard and Lee 2004), and the ramp is put on.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT, WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.simulate.scene.beams import WAVELENGTH
from fringeworks.simulate.scene.compiled import kernel
from fringeworks.simulate.scene.sight import horner, seen_near

_E2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
_A = WGS84_SEMI_MAJOR
_C = SPEED_OF_LIGHT
_TURN = 2.0 * math.pi
TABLE_STEPS = 2048
"""Entries of a kernel's table per sample."""
HEIGHT, EAST, NORTH, UP, DELAY = range(5)
"""Layers of a :class:`Map`."""


class Path(NamedTuple):
    """A flight for kernels: unit of time [s] and coefficients of position, velocity, acceleration, (3, power)."""

    half: float
    place: NDArray[np.float64]
    speed: NDArray[np.float64]
    pull: NDArray[np.float64]


class Map(NamedTuple):
    """The ground for kernels: first node and step [rad], and layers on the nodes."""

    lon: float
    lat: float
    lon_step: float
    lat_step: float
    layers: NDArray[np.float32]
    """Height, movement east, north and up, and delay [m], (y, x, layer): what belongs together lies together."""
    cover: NDArray[np.uint8]
    ion: NDArray[np.float64]
    """Ionospheric path at node (0, 0) and per node along y and x [m]."""


class Frame(NamedTuple):
    """The grid of a burst for kernels."""

    start: float
    """Time of the first line [s]."""
    middle: float
    """Line of the burst's middle."""
    step: float
    """Between lines [s]."""
    near: float
    """Range of the first sample [m]."""
    range_step: float
    reference: float
    """Range of the bulk bistatic correction [m]."""
    late: float
    """Timing error [lines]."""
    far: float
    """Timing error [samples]."""
    turn: float
    """Constant phase [rad]."""
    drift: float
    """Doppler frequency that targets get from flying past the slope of the ionosphere [Hz]."""
    pad: int
    """Grid lines and samples before the first of the burst."""
    carrier: NDArray[np.float64]


class Kernels(NamedTuple):
    """Tables of the compact kernels along azimuth and range, and how many samples they span."""

    azimuth: NDArray[np.float64]
    n_azimuth: int
    range: NDArray[np.float64]
    n_range: int


@kernel
def ramp_phase(carrier: NDArray[np.float64], eta: float, two_way: float) -> float:
    """Return the phase of the ramp [rad] at a time from the burst's middle [s] and a two-way time [s] (compiled).

    ``pi k_t (eta - eta_ref)^2 + 2 pi f_c (eta - eta_ref)`` with ``eta_ref = eta_c - eta_c(first valid sample)``
    (Miranda 2014).
    """
    offset = two_way - carrier[0]
    centroid = carrier[3] + offset * (carrier[4] + offset * carrier[5])
    rate = carrier[6] + offset * (carrier[7] + offset * carrier[8])
    total = rate * carrier[1] / (rate - carrier[1])
    lag = eta - (-centroid / rate - carrier[2])
    return float(math.pi * lag * (total * lag + 2.0 * centroid))


@kernel
def lay(
    grid: NDArray[np.float32],
    kernels: Kernels,
    frame: Frame,
    time: float,
    distance: float,
    dispersive: float,
    real: float,
    imaginary: float,
    across: NDArray[np.float32],
) -> tuple[float, float]:
    """Lay one scatterer on the grid; return its line and sample in the burst (compiled).

    ``distance`` is the path of the pulse's phase without, ``dispersive`` the path by the ionosphere; ``across`` is room for
    the weights of two numbers a sample of the kernel.
    """
    sample = (distance + dispersive - frame.near) / frame.range_step + frame.far
    line = (time - (distance - frame.reference) / _C - frame.start) / frame.step + frame.late
    two_way = 2.0 * (frame.near + sample * frame.range_step) / _C
    if frame.drift != 0.0:
        offset = two_way - frame.carrier[0]
        rate = frame.carrier[6] + offset * (frame.carrier[7] + offset * frame.carrier[8])
        line -= frame.drift / rate / frame.step
    y, x = line + frame.pad, sample + frame.pad
    n_y, n_x = kernels.n_azimuth, kernels.n_range
    first_y, first_x = math.ceil(y - 0.5 * n_y), math.ceil(x - 0.5 * n_x)
    if first_y < 0 or first_x < 0 or first_y + n_y > grid.shape[0] or 2 * (first_x + n_x) > grid.shape[1]:
        return line, sample
    ramp = ramp_phase(frame.carrier, (line - frame.middle) * frame.step, two_way)
    cycles = (frame.turn - ramp) / _TURN - 2.0 * (distance - dispersive) / WAVELENGTH
    phase = _TURN * (cycles - math.floor(cycles))
    cosine, sine = math.cos(phase), math.sin(phase)
    turned, quarter = real * cosine - imaginary * sine, real * sine + imaginary * cosine
    at_x = (first_x - x + 0.5 * n_x) * TABLE_STEPS
    low_x = int(at_x)
    share_x = at_x - low_x
    for j in range(n_x):
        k = low_x + j * TABLE_STEPS
        weight = np.float32(kernels.range[k] * (1.0 - share_x) + kernels.range[k + 1] * share_x)
        across[2 * j] = weight
        across[2 * j + 1] = weight
    at_y = (first_y - y + 0.5 * n_y) * TABLE_STEPS
    low_y = int(at_y)
    share_y = at_y - low_y
    for i in range(n_y):
        k = low_y + i * TABLE_STEPS
        factor = kernels.azimuth[k] * (1.0 - share_y) + kernels.azimuth[k + 1] * share_y
        even, odd = np.float32(turned * factor), np.float32(quarter * factor)
        target = grid[first_y + i, 2 * first_x : 2 * (first_x + n_x)]
        for j in range(n_x):
            target[2 * j] += even * across[2 * j]
            target[2 * j + 1] += odd * across[2 * j + 1]
    return line, sample


@kernel
def project(
    grid: NDArray[np.float32],
    kernels: Kernels,
    frame: Frame,
    path: Path,
    world: Map,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    guess: NDArray[np.float64],
    strength: NDArray[np.float32],
    weights: NDArray[np.complex64],
    fields: NDArray[np.complex64],
    lit: NDArray[np.float64],
) -> None:
    """Project one tile of the lattice of scatterers onto a burst (compiled).

    Parameters
    ----------
    grid : float32, (line, 2 x sample)
        Real and imaginary parts, added to.
    longitude, latitude : float64, (row power, column power)
        Polynomials of the lattice's angles [rad] in its scaled coordinates.
    rows, cols : float64, (row), (column)
        Scaled coordinates of the tile.
    guess : float64, (row)
        Zero-Doppler time of each row [s], about.
    strength : float32, (column)
        Amplitude of a scatterer of unit backscatter.
    weights : complex64, (cover, field)
        How a land cover mixes the fields on this date, times its amplitude.
    fields : complex64, (field, row, column)
        Independent random fields.
    lit : float64, (row)
        Largest look angle so far of each row: what lies lower is in shadow; updated.  Infinite values are kept: no shadow.
    """
    n_rows, n_cols = world.cover.shape
    lon_row, lat_row = np.empty(longitude.shape[1]), np.empty(latitude.shape[1])
    across = np.empty(2 * kernels.n_range, np.float32)
    value = np.empty(5)
    for i in range(rows.size):
        for k in range(lon_row.size):
            lon_row[k] = horner(longitude[:, k], rows[i])
            lat_row[k] = horner(latitude[:, k], rows[i])
        time = guess[i]
        turned = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
        for j in range(cols.size):
            lon, lat = horner(lon_row, cols[j]), horner(lat_row, cols[j])
            x, y = (lon - world.lon) / world.lon_step, (lat - world.lat) / world.lat_step
            if x < 0.0 or y < 0.0 or x >= n_cols - 1 or y >= n_rows - 1:
                continue
            _look_up(world.layers, y, x, value)
            kind = world.cover[int(y + 0.5), int(x + 0.5)]
            turned = _turned(lon, lat, turned)
            _, _, cos_lon, sin_lon, cos_lat, sin_lat = turned
            up = value[HEIGHT] + value[UP]
            prime = _A / math.sqrt(1.0 - _E2 * sin_lat * sin_lat)
            outward = (prime + up) * cos_lat - value[NORTH] * sin_lat
            px = outward * cos_lon - value[EAST] * sin_lon
            py = outward * sin_lon + value[EAST] * cos_lon
            pz = (prime * (1.0 - _E2) + up) * sin_lat + value[NORTH] * cos_lat
            time, distance, nadir = seen_near(px, py, pz, time, path.half, path.place, path.speed, path.pull)
            if lit[i] < math.inf:
                if nadir < lit[i]:
                    continue
                lit[i] = nadir
            total = np.complex64(0.0)
            for k in range(fields.shape[0]):
                total += weights[kind, k] * fields[k, i, j]
            total *= strength[j]
            ion = world.ion[0] + world.ion[1] * y + world.ion[2] * x
            lay(grid, kernels, frame, time, distance + value[DELAY], ion, total.real, total.imag, across)


@kernel
def _look_up(layers: NDArray[np.float32], y: float, x: float, value: NDArray[np.float64]) -> None:
    """Interpolate all layers of a map between four nodes, bilinear."""
    i, j = int(y), int(x)
    fy, fx = y - i, x - j
    w00, w01, w10, w11 = (1.0 - fy) * (1.0 - fx), (1.0 - fy) * fx, fy * (1.0 - fx), fy * fx
    for k in range(value.size):
        value[k] = (
            w00 * layers[i, j, k]
            + w01 * layers[i, j + 1, k]
            + w10 * layers[i + 1, j, k]
            + w11 * layers[i + 1, j + 1, k]
        )


@kernel
def _turned(
    lon: float, lat: float, last: tuple[float, float, float, float, float, float]
) -> tuple[float, float, float, float, float, float]:
    """Return longitude, latitude, and cosine and sine of each, from those of a point close by where there is one."""
    d, e = lon - last[0], lat - last[1]
    if abs(d) > 1e-4 or abs(e) > 1e-4:
        return lon, lat, math.cos(lon), math.sin(lon), math.cos(lat), math.sin(lat)
    # the first term left out is below 1e-17; a tile is 128 columns, whose rounding adds up to less than 1e-13
    cd, sd = 1.0 - 0.5 * d * d, d - d * d * d / 6.0
    ce, se = 1.0 - 0.5 * e * e, e - e * e * e / 6.0
    return (
        lon,
        lat,
        last[2] * cd - last[3] * sd,
        last[3] * cd + last[2] * sd,
        last[4] * ce - last[5] * se,
        last[5] * ce + last[4] * se,
    )


@kernel
def lay_points(
    grid: NDArray[np.float32],
    kernels: Kernels,
    frame: Frame,
    time: NDArray[np.float64],
    distance: NDArray[np.float64],
    dispersive: NDArray[np.float64],
    amplitude: NDArray[np.complex128],
    found: NDArray[np.float64],
) -> None:
    """Lay single points; ``found``, (point, 2), gets their lines and samples in the burst (compiled)."""
    across = np.empty(2 * kernels.n_range, np.float32)
    for i in range(time.size):
        value = amplitude[i]
        found[i, 0], found[i, 1] = lay(
            grid, kernels, frame, time[i], distance[i], dispersive[i], value.real, value.imag, across
        )


@kernel
def finish(
    grid: NDArray[np.complex64],
    frame: Frame,
    lines: tuple[int, int],
    samples: tuple[int, int],
    out: NDArray[np.int16],
) -> int:
    """Put the ramp on the valid samples and round them to integers; return how many were clipped (compiled).

    Parameters
    ----------
    grid : complex64, (line, sample)
        The burst without ramp, with its padding.
    lines, samples : tuple of int
        First and last valid line and sample of the burst.
    out : int16, (line, sample, 2)
        Zero where it is not valid.
    """
    clipped = 0
    for i in range(lines[0], lines[1] + 1):
        eta = (i - frame.middle) * frame.step
        for j in range(samples[0], samples[1] + 1):
            phase = ramp_phase(frame.carrier, eta, 2.0 * (frame.near + j * frame.range_step) / _C)
            value = grid[i + frame.pad, j + frame.pad]
            cosine, sine = math.cos(phase), math.sin(phase)
            real = round(value.real * cosine - value.imag * sine)
            imaginary = round(value.real * sine + value.imag * cosine)
            if max(abs(real), abs(imaginary)) > 32_767:
                clipped += 1
                real, imaginary = min(max(real, -32_767), 32_767), min(max(imaginary, -32_767), 32_767)
            out[i, j, 0], out[i, j, 1] = real, imaginary
    return clipped
