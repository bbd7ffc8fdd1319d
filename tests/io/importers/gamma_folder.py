"""A small GAMMA folder written for tests, its geometry in closed form: a circular path above a fixed Earth.

Zero Doppler of a point P on a circle around the Earth's centre, ``S(t) = r (s cos wt + v sin wt)``, is where
``P . dS/dt = 0``: ``tan wt = P.v / P.s``.  No iteration, no interpolation, nothing shared with the reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import rasterio

from fringeworks.constants import SENTINEL1_FREQUENCY, SPEED_OF_LIGHT
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.stack import Pair

WAVELENGTH = SPEED_OF_LIGHT / SENTINEL1_FREQUENCY
RADIUS_RATE = 7500.0
CENTRE_TIME = 2400.0
LINE_TIME, SPACING, NEAR = 4.1111126e-3, 18.636496, 830_000.0
START = CENTRE_TIME - 1000 * LINE_TIME


GRID = MapGrid("EPSG:4326", 14.0, 41.0, 0.001, -0.001, Shape(24, 30))


@dataclass(frozen=True)
class SmallStack:
    """What is written; every field can be changed for a test."""

    grid: MapGrid = GRID
    dates: tuple[date, ...] = tuple(date(2021, 1, 4) + timedelta(days=12 * k) for k in range(5))
    spans: tuple[int, ...] = (1, 2)
    approach: float = 0.010
    height: float = 300.0
    incidence_deg: float = 36.0
    heading_deg: float = -12.0
    baselines: tuple[tuple[float, float], ...] = ((0, 0), (60, -20), (-45, 30), (110, 25), (-80, -50))
    holes: tuple[tuple[int, int], ...] = field(default=((0, 0), (3, 4)))

    @property
    def pairs(self) -> tuple[Pair, ...]:
        n = len(self.dates)
        found = [Pair(self.dates[i], self.dates[i + s]) for s in self.spans for i in range(n - s)]
        return tuple(sorted(found))

    def points(self) -> np.ndarray:
        """Positions of pixel centres [m], (y, x, 3)."""
        a, b = 6378137.0, 6378137.0 * (1 - 1 / 298.257223563)
        rows, cols = np.mgrid[: self.grid.shape.rows, : self.grid.shape.cols]
        lon = np.radians(self.grid.x_start + (cols + 0.5) * self.grid.x_step)
        lat = np.radians(self.grid.y_start + (rows + 0.5) * self.grid.y_step)
        n = a**2 / np.hypot(a * np.cos(lat), b * np.sin(lat))
        flat = (n + self.height) * np.cos(lat)
        return np.stack(
            [flat * np.cos(lon), flat * np.sin(lon), (n * b**2 / a**2 + self.height) * np.sin(lat)], axis=-1
        )

    def path(self, k: int) -> tuple[float, np.ndarray, np.ndarray]:
        """Radius [m], place and flight direction (unit vectors) of date k at the centre time."""
        points = self.points()
        ground = points[points.shape[0] // 2, points.shape[1] // 2]
        lon = np.arctan2(ground[1], ground[0])
        lat = np.arcsin(ground[2] / np.linalg.norm(ground))  # geocentric: the frame only places the satellite
        east = np.array([-np.sin(lon), np.cos(lon), 0])
        up = ground / np.linalg.norm(ground)
        north = np.cross(up, east)
        assert lat > 0
        heading, incidence = np.radians(self.heading_deg), np.radians(self.incidence_deg)
        flight = np.sin(heading) * east + np.cos(heading) * north
        right = np.cross(flight, up)
        place = ground + 850_000 * (np.cos(incidence) * up - np.sin(incidence) * right)
        down = -place / np.linalg.norm(place)
        cross = np.cross(flight, -down)
        cross /= np.linalg.norm(cross)
        place = place + self.baselines[k][0] * cross + self.baselines[k][1] * down
        radius = float(np.linalg.norm(place))
        s = place / radius
        v = flight - (flight @ s) * s
        return radius, s, v / np.linalg.norm(v)

    def view(self, k: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Zero-Doppler time since centre [s], satellite position and range [m] of date k."""
        radius, s, v = self.path(k)
        angle = np.arctan2(points @ v, points @ s)
        place = radius * (np.cos(angle)[..., None] * s + np.sin(angle)[..., None] * v)
        return angle * radius / RADIUS_RATE, place, np.linalg.norm(points - place, axis=-1)

    def names(self, pair: Pair) -> tuple[str, str]:
        stem = f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}_VV_8rlks"
        return f"tifs/site_{stem}_eqa_unw.tif", f"tifs/site_{stem}_flat_eqa_cc.tif"


def write_small_stack(folder: Path, stack: SmallStack | None = None) -> SmallStack:
    """Write the folder; return what was written."""
    stack = stack or SmallStack()
    for part in ("tifs", "pars"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for pair in stack.pairs:
        write_pair(folder, stack, pair)
    write_tif(
        folder / "tifs/site_dem.tif", np.full(tuple(stack.grid.shape), stack.height, np.float32), stack.grid
    )
    for k, day in enumerate(stack.dates):
        write_header(folder, stack, k, day)
    write_table(folder, stack)
    (folder / "pars/site_eqa_dem.par").write_text(_map_text(stack.grid))
    return stack


def write_pair(folder: Path, stack: SmallStack, pair: Pair, *, phase: np.ndarray | None = None) -> None:
    shape = tuple(stack.grid.shape)
    if phase is None:
        phase = np.full(shape, -4 * np.pi / WAVELENGTH * stack.approach, np.float32)
    coherence = np.full(shape, 0.8, np.float32)
    for row, col in stack.holes:
        phase[row, col] = coherence[row, col] = 0.0
    unwrapped, quality = stack.names(pair)
    write_tif(folder / unwrapped, phase, stack.grid, nodata=0.0)
    write_tif(folder / quality, coherence, stack.grid, nodata=0.0)
    index = {day: k for k, day in enumerate(stack.dates)}
    if pair.reference not in index or pair.secondary not in index:
        return
    one, two = (np.array(stack.baselines[index[day]], float) for day in (pair.reference, pair.secondary))
    cross, normal = two - one
    stem = f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}"
    (folder / f"pars/{stem}_base.par").write_text(
        "".join(
            f"{kind}_baseline(TCN):  0.0 {cross} {normal}  m m m\n{kind}_baseline_rate:  0.0 0.0 0.0  m/s m/s m/s\n"
            for kind in ("initial", "precision")
        )
    )


def write_tif(
    path: Path, values: np.ndarray, grid: MapGrid, *, nodata: float | None = None, **tags: str
) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", dtype=values.dtype, count=1, height=values.shape[0], width=values.shape[1],
        crs=grid.crs, transform=rasterio.Affine(*grid.transform), nodata=nodata, blockysize=8,
    ) as file:  # fmt: skip
        file.write(values, 1)
        file.update_tags(**tags)


def write_header(folder: Path, stack: SmallStack, k: int, day: date, **changed: str) -> Path:
    radius, s, v = stack.path(k)
    times = np.arange(-20.0, 21.0, 10.0)
    angle = RADIUS_RATE / radius * times[:, None]
    position = radius * (np.cos(angle) * s + np.sin(angle) * v)
    velocity = RADIUS_RATE * (-np.sin(angle) * s + np.cos(angle) * v)
    lines = {
        "title": f"s1a-iw1-slc-vv-{day:%Y%m%d}t004006-{day:%Y%m%d}t004031-020027-0221ec-004.tiff",
        "sensor": "S1A IW IW1 VV",
        "date": f"{day:%Y %m %d}",
        "start_time": f"{START:.6f} s",
        "center_time": f"{CENTRE_TIME:.6f} s",
        "azimuth_line_time": f"{LINE_TIME:.9e} s",
        "range_samples": "3000",
        "azimuth_lines": "2001",
        "range_looks": "8",
        "azimuth_looks": "2",
        "heading": f"{stack.heading_deg} degrees",
        "range_pixel_spacing": f"{SPACING} m",
        "near_range_slc": f"{NEAR:.4f} m",
        "center_range_slc": "850000.0000 m",
        "incidence_angle": f"{stack.incidence_deg} degrees",
        "azimuth_angle": "90.0 degrees",
        "radar_frequency": f"{SENTINEL1_FREQUENCY:.9e} Hz",
        "chirp_bandwidth": "5.65e+07 Hz",
        "prf": "486.4863103 Hz",
        "azimuth_proc_bandwidth": "327.0 Hz",
        "sar_to_earth_center": f"{radius:.4f} m",
        "earth_radius_below_sensor": "6369000.0 m",
        "number_of_state_vectors": str(len(times)),
        "time_of_first_state_vector": f"{CENTRE_TIME + times[0]:.6f} s",
        "state_vector_interval": "10.0 s",
    }
    for n, (place, speed) in enumerate(zip(position, velocity, strict=True), 1):
        lines[f"state_vector_position_{n}"] = " ".join(f"{x:.5f}" for x in place) + " m m m"
        lines[f"state_vector_velocity_{n}"] = " ".join(f"{x:.7f}" for x in speed) + " m/s m/s m/s"
    lines |= changed
    path = folder / f"pars/r{day:%Y%m%d}_VV_8rlks_mli.par"
    text = "".join(f"{key}: {value}\n" for key, value in lines.items() if value)
    path.write_text("Gamma Interferometric SAR Processor (ISP)\n\n" + text)
    return path


def write_table(folder: Path, stack: SmallStack) -> Path:
    time, _, distance = stack.view(0, stack.points())
    table = (distance - NEAR) / SPACING + 1j * (time + CENTRE_TIME - START) / LINE_TIME
    path = folder / f"pars/{stack.dates[0]:%Y%m%d}_VV_8rlks_eqa_to_rdc.lt"
    path.write_bytes(table.astype(">c8").tobytes())
    return path


def _map_text(grid: MapGrid) -> str:
    return (
        "Gamma DIFF&GEO DEM/MAP parameter file\ntitle: dem\nDEM_projection: EQA\nDEM_hgt_offset: 0.0\n"
        f"width: {grid.shape.cols}\nnlines: {grid.shape.rows}\n"
        f"corner_lat: {grid.y_start} decimal degrees\ncorner_lon: {grid.x_start} decimal degrees\n"
        f"post_lat: {grid.y_step} decimal degrees\npost_lon: {grid.x_step} decimal degrees\n"
    )
