"""The truth of a scene, as files beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.orbit import ground_points, local_axes
from fringeworks.simulate.scene.beams import WAVELENGTH
from fringeworks.simulate.scene.carrier import fm_rate
from fringeworks.simulate.scene.ground import LAYOVER_SLOPE, Ground, sight_of_nodes
from fringeworks.simulate.scene.lattice import lay_lattice
from fringeworks.simulate.scene.layout import Layout
from fringeworks.simulate.scene.points import Points
from fringeworks.simulate.scene.product import Seen
from fringeworks.simulate.scene.scenario import SceneScenario
from fringeworks.simulate.scene.sight import zero_doppler

Values = NDArray[np.float64]
CONVENTIONS = (
    "phase of a sample = -4 pi/lambda (range + delay - ionosphere); displacement along the line of sight is positive toward "
    "the satellite, in metres since the first date, of the ground's own motions; plate_velocity (m/yr) and tide (m, absolute) "
    "add to it, whose vectors east, north, up are given at the corners, bilinear between; look vectors are east, north, up, ground to satellite; line time = "
    "zero-Doppler time - (range - reference_range)/c; a timing error e puts a target e lines or samples beyond the place that "
    "the annotation gives; heights are metres above the WGS84 ellipsoid, exactly bilinear between pixel centres"
)


def perpendicular_baseline(layout: Layout, date_index: int) -> tuple[float, float]:
    """Return perpendicular and parallel baseline of a date against the first, at the scene's centre [m].

    The perpendicular one is positive where the date flies higher or farther to the right; the parallel one is positive
    where it is farther from the ground.
    """
    lon, lat = (np.array(math.radians(v)) for v in layout.scenario.centre)
    point = ground_points(lon, lat, np.array(float(layout.scenario.terrain.base)))
    first, other = layout.overflights[0].arc, layout.overflights[date_index].arc
    time, distance = zero_doppler(first, point)
    later, farther = zero_doppler(other, point)
    place, velocity = first.at(float(time))
    gap = other.at(float(later))[0] - place
    across = np.cross(velocity, place - point)
    across /= np.linalg.norm(across)
    if across @ local_axes(lon, lat)[2] < 0.0:
        across = -across
    return float(gap @ across), float(farther - distance)


def write_layers(layout: Layout, ground: Ground, folder: Path) -> None:
    """Write what is known on the nodes of the DEM to ``truth.npz``."""
    los, incidence = sight_of_nodes(layout, ground)
    n_dates = len(layout.overflights)
    moves = [ground.shift(k) for k in range(n_dates)]
    layers: dict[str, NDArray[np.generic]] = {
        "longitude": ground.longitude,
        "latitude": ground.latitude,
        "dem": ground.height,
        "cover": ground.cover,
        "los_enu": los,
        "incidence": incidence,
        "inside": imaged(layout, ground),
        "layover_or_shadow": hidden(layout, ground),
        "velocity": ground.velocity(los),
        "displacement": np.stack([np.sum(move * los, axis=0) for move in moves]),
        "plate_velocity": np.sum(ground.plate_velocity() * los, axis=0),
        "tide": np.stack([np.sum(ground.tide(k) * los, axis=0) for k in range(n_dates)]),
        "turbulence": np.stack([ground.turbulent(k) for k in range(n_dates)]),
        "layered": np.stack([ground.layered(k, incidence) for k in range(n_dates)]),
        "ionosphere": np.stack([ground.ionospheric(k) for k in range(n_dates)]),
    }
    for index, (motion, source) in enumerate(zip(layout.scenario.motions, ground.sources, strict=True)):
        layers[f"motion_{motion.name or index}"] = source
    np.savez(folder / "truth.npz", allow_pickle=False, **layers)


def imaged(layout: Layout, ground: Ground) -> NDArray[np.bool_]:
    """Return which nodes lie in the valid part of any burst of the first date, (y, x)."""
    longitude, latitude = np.meshgrid(np.radians(ground.longitude), np.radians(ground.latitude))
    points = ground_points(longitude, latitude, ground.height.astype(np.float64))
    first = layout.overflights[0]
    time, distance = zero_doppler(first.arc, points)
    time = time - (distance - layout.reference_range) / SPEED_OF_LIGHT
    inside = np.zeros(time.shape, bool)
    for swath in layout.swaths:
        sample = (distance - swath.near) / swath.beam.range_step
        across = (sample >= swath.valid_samples[0]) & (sample <= swath.valid_samples[1])
        for burst in layout.bursts(first, swath):
            line = (time - burst.start) / swath.beam.line_interval
            inside |= across & (line >= swath.valid_lines[0]) & (line <= swath.valid_lines[1])
    return inside


def hidden(layout: Layout, ground: Ground) -> NDArray[np.bool_]:
    """Return which nodes lie in layover or shadow, seen on the first date, (y, x).

    Ground is walked outward at constant zero-Doppler time, two lines and four samples apart: layover is where range does
    not grow beyond all that came before, or stays above any that follows; shadow is where the look angle falls behind.
    """
    start, stop, near, far = layout.extent()
    top = max(float(ground.height.max()), 0.0)
    arc, beam = layout.overflights[0].arc, layout.swaths[0].beam
    across = np.arange(near - 200.0, far + top + 200.0, 4.0 * beam.range_step)
    along = np.arange(start, stop, 2.0 * beam.line_interval)
    bad = np.zeros(tuple(ground.grid.shape), bool)
    if ground.steepest < LAYOVER_SLOPE:
        return bad
    lattice = lay_lattice(layout, ground)
    for block in np.array_split(along, max(1, along.size // 64)):
        longitude, latitude = lattice.place(block, across)
        lon, lat = np.degrees(longitude), np.degrees(latitude)
        height = np.nan_to_num(ground.interpolate(ground.height, lon, lat))
        points = ground_points(longitude, latitude, height)
        seen, path = zero_doppler(arc, points)
        place = arc.at(seen)[0]
        nadir = np.sum((points - place) * place, axis=-1) / (path * np.linalg.norm(place, axis=-1))
        layover = (path < np.maximum.accumulate(path, axis=1)) | (
            path > np.minimum.accumulate(path[:, ::-1], axis=1)[:, ::-1]
        )
        shadow = nadir < np.maximum.accumulate(nadir, axis=1)
        col = np.rint((lon - ground.longitude[0]) / ground.grid.x_step).astype(int)
        row = np.rint((lat - ground.latitude[0]) / ground.grid.y_step).astype(int)
        kept = (layover | shadow) & (row >= 0) & (col >= 0) & (row < bad.shape[0]) & (col < bad.shape[1])
        bad[row[kept], col[kept]] = True
    return bad


def write_points(layout: Layout, points: Points, seen: Sequence[tuple[int, Seen]], folder: Path) -> None:
    """Write the points and where they lie in every burst that shows them to ``points.npz``."""
    rows: dict[str, list[NDArray[np.generic]]] = {
        key: [] for key in ("point", "date", "slice", "swath", "cross", "burst", "line", "sample")
    }
    places = {swath.beam.name: swath for swath in layout.swaths}
    for date_index, found in seen:
        swath = places[found.swath]
        line, sample = found.place[:, 0], found.place[:, 1]
        (top, bottom), (left, right) = swath.valid_lines, swath.valid_samples
        index = np.flatnonzero((line >= top) & (line <= bottom) & (sample >= left) & (sample <= right))
        constant = {
            "date": date_index,
            "slice": found.slice_index,
            "swath": swath.beam.number,
            "cross": found.polarisation == "VH",
            "burst": found.index_in_product,
        }
        rows["point"].append(index)
        rows["line"].append(line[index])
        rows["sample"].append(sample[index])
        for key, value in constant.items():
            rows[key].append(np.full(index.size, value, np.int32))
    observed = {
        f"seen_{key}": np.concatenate(values) if values else np.zeros(0) for key, values in rows.items()
    }
    np.savez(
        folder / "points.npz",
        allow_pickle=False,
        kind=points.kind,
        longitude=points.longitude,
        latitude=points.latitude,
        ground_height=points.ground_height,
        above=points.above,
        strength=points.strength,
        phase=points.phase,
        **observed,
    )


def ionospheric_shift(layout: Layout, ground: Ground, date_index: int) -> float:
    """Return by how many lines the ionosphere moves targets in the middle of the scene: -f/k_a (2 dI/dt over lambda is f)."""
    overflight = layout.overflights[date_index]
    rate = ground.ionospheric_rate(date_index, overflight.arc)
    swath = layout.swaths[len(layout.swaths) // 2]
    distance = np.array([swath.near + 0.5 * swath.samples * swath.beam.range_step])
    change = float(fm_rate(overflight.arc, 0.0, distance, float(layout.scenario.terrain.base))[0])
    return -2.0 * rate / WAVELENGTH / change / swath.beam.line_interval


def describe(layout: Layout, ground: Ground, products: Sequence[Sequence[str]], orbits: Sequence[str]) -> str:
    """Return the text of ``truth.json``."""
    scenario = layout.scenario
    dates = []
    for k, overflight in enumerate(layout.overflights):
        flown = overflight.flown
        across, along = perpendicular_baseline(layout, k)
        dates.append(
            {
                "day": flown.day.isoformat(),
                "platform": flown.platform,
                "absolute_orbit": overflight.absolute_orbit,
                "epoch": overflight.epoch.iso,
                "days": float(scenario.days[k]),
                "products": list(products[k]),
                "orbit": orbits[k],
                "perpendicular_baseline": across,
                "parallel_baseline": along,
                "doppler_offset_hz": flown.doppler,
                "burst_shift_lines": flown.burst_shift,
                "azimuth_error_lines": dict(flown.azimuth_error),
                "range_error_samples": dict(flown.range_error),
                "phase_offset_rad": {
                    s.beam.name: scenario.phase_offsets.get((flown.platform, s.beam.name), 0.0)
                    for s in layout.swaths
                },
                "missing": [list(entry) for entry in flown.missing],
                "ionosphere": list(ground.ionosphere(k)),
                "ionosphere_azimuth_shift_lines": ionospheric_shift(layout, ground, k),
                "tide_enu": _corners(ground.tide(k)),
                "units": [float(u) for u in ground.units[:, k]],
            }
        )
    swaths = [
        {
            "name": s.beam.name,
            "near_range": s.near,
            "samples": s.samples,
            "valid_samples": list(s.valid_samples),
            "valid_lines": list(s.valid_lines),
        }
        for s in layout.swaths
    ]
    text = {
        "title": scenario.title,
        "conventions": CONVENTIONS,
        "wavelength": WAVELENGTH,
        "track": layout.track,
        "coarseness": scenario.coarseness,
        "reference_range": layout.reference_range,
        "noise_db": scenario.noise,
        "plate_velocity_enu": _corners(ground.plate_velocity()),
        "motions": [m.name for m in scenario.motions],
        "covers": _covers(scenario),
        "swaths": swaths,
        "dates": dates,
    }
    return json.dumps(text, indent=1) + "\n"


def _corners(layers: NDArray[np.float32]) -> list[list[list[float]]]:
    """Return the corner nodes of layers, (layer, y, x), as (layer, north and south, west and east)."""
    corners: list[list[list[float]]] = layers[:, [0, -1]][:, :, [0, -1]].astype(float).tolist()
    return corners


def _covers(scenario: SceneScenario) -> list[dict[str, object]]:
    return [
        {
            "name": c.name,
            "sigma0_db": c.sigma0,
            "initial": c.initial,
            "floor": c.floor,
            "decay_days": c.decay_days,
            "fading_rad_per_day": c.fading,
        }
        for c in scenario.land
    ]
