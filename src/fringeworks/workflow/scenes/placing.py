"""Where the bursts of a stack lie on the common grid, what of them is processed, and how far dates lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ConfigurationError, MetadataMismatchError, OutOfRangeError
from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.radar import locate
from fringeworks.model.acquisition import Burst
from fringeworks.model.grids import Window
from fringeworks.model.tally import Finding
from fringeworks.tops.alignment import Pass, fit_offsets, grid_coordinates, radar_coordinates
from fringeworks.tops.frame import RadarFrame
from fringeworks.workflow.area import area_of
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.ground import bounds_of, map_grid
from fringeworks.workflow.scenes.stack import SceneDate

_AREA_MARGIN = 96
"""Lines and samples kept around an area: room for looks, filters and kernels."""


def frame_bursts(scenes: Sequence[SceneDate], *, reference: int) -> tuple[list[Burst], list[Finding]]:
    """Return one burst of each piece of ground: the reference's, or another date's moved to the reference's time."""
    own = scenes[reference].bursts
    bursts = [source.burst() for source in own.values()]
    findings = []
    names = {name: None for scene in scenes for name in scene.bursts}
    for name in names:
        if name in own:
            continue
        donor = next(s for s in scenes if name in s.bursts)
        burst = donor.bursts[name].burst()
        bursts.append(_moved(burst, donor.seen_by, bursts[0], scenes[reference].seen_by))
        text = f"the reference date {scenes[reference].day} lacks burst {name}: its place is taken from {donor.day}"
        findings.append(Finding("note", "frame", text))
    return bursts, findings


def _moved(burst: Burst, donor: Pass, other: Burst, reference: Pass) -> Burst:
    """Return a burst as the reference would have taken it: its middle at the reference's time and range."""
    point = middle_point(burst, donor)
    seen = find_baselines(reference.orbit, donor.orbit, points=point).reference
    if not seen.converged.all():
        raise OutOfRangeError("the reference's orbit does not cover a burst that another date holds")
    base = replace(other.grid, shape=burst.grid.shape)
    line, sample = grid_coordinates(base, seen.azimuth_time, seen.slant_range, seen_by=reference)
    row = round(float(line[0]) - 0.5 * burst.grid.shape.rows)
    col = round(float(sample[0]) - 0.5 * burst.grid.shape.cols)
    start = base.azimuth_start + row * base.azimuth_step
    grid = replace(base, azimuth_start=start, range_start=base.range_start + col * base.range_step)
    return replace(burst, grid=grid)


def stored_windows(
    config: RunConfig, frame: RadarFrame, *, seen_by: Pass, heights: tuple[float, float]
) -> dict[str, Window]:
    """Return the part of each burst that is processed: its valid samples, near the area where one is given."""
    whole = {b.name: b.valid for b in frame.bursts}
    outline = bounds_of(frame, seen_by, heights=heights, windows=list(whole.values()))
    if not any(getattr(config.area, key) for key in ("bbox", "wkt", "geojson", "shp", "kml")):
        return whole
    grid = map_grid(
        frame, seen_by, windows=list(whole.values()), height=heights[0], crs="EPSG:4326", spacing=100.0
    )
    part = grid.crop(area_of(config.area, grid).window)
    box = _radar_box(frame, seen_by, part.bounds, heights)
    result = {}
    for name, window in whole.items():
        top, left = max(window.row, box.row), max(window.col, box.col)
        bottom = min(window.row + window.rows, box.row + box.rows)
        right = min(window.col + window.cols, box.col + box.cols)
        if top < bottom and left < right:
            result[name] = Window(top, left, bottom - top, right - left)
    if not result:
        raise ConfigurationError(
            "the area touches no burst", expected=f"an area inside {', '.join(f'{b:.3f}' for b in outline)}"
        )
    return result


def _radar_box(
    frame: RadarFrame,
    seen_by: Pass,
    bounds: tuple[float, float, float, float],
    heights: tuple[float, float],
) -> Window:
    lon, lat = np.meshgrid(np.linspace(bounds[0], bounds[2], 9), np.linspace(bounds[1], bounds[3], 9))
    found = [
        locate(
            seen_by.orbit, longitude=np.radians(lon), latitude=np.radians(lat), height=np.full(lon.shape, h)
        )
        for h in heights
    ]
    line, sample = grid_coordinates(
        frame.grid,
        np.concatenate([f.azimuth_time.reshape(-1) for f in found]),
        np.concatenate([f.slant_range.reshape(-1) for f in found]),
        seen_by=seen_by,
    )
    row, col = math.floor(line.min()) - _AREA_MARGIN, math.floor(sample.min()) - _AREA_MARGIN
    rows = math.ceil(line.max()) + _AREA_MARGIN - row
    return Window(row, col, rows, math.ceil(sample.max()) + _AREA_MARGIN - col)


def with_baselines(
    scenes: Sequence[SceneDate], *, reference: int, frame: RadarFrame, height: float
) -> list[SceneDate]:
    """Fill in baselines from the reference at the middle of the frame, and check that every date covers its bursts."""
    first = scenes[reference].seen_by
    result = []
    for scene in scenes:
        name, source = next(iter(scene.bursts.items()))
        window = next(b.window for b in frame.bursts if b.name == name)
        offsets = fit_offsets(
            frame.grid,
            first,
            secondary=scene.seen_by,
            secondary_grid=source.burst().grid,
            window=window,
            heights=(height - 1.0, height + 1.0),
        ).polynomial
        middle = (window.row + 0.5 * window.rows, window.col + 0.5 * window.cols, height)
        line, sample, _, baseline = (float(v) for v in offsets(*middle))
        _check_place(scene, name, window, line, sample)
        result.append(replace(scene, baseline=baseline))
    return result


def _check_place(scene: SceneDate, name: str, window: Window, line: float, sample: float) -> None:
    """Refuse a burst that does not show the ground its identity says."""
    off_line, off_sample = line - 0.5 * window.rows, sample - 0.5 * window.cols
    if abs(off_line) > 0.25 * window.rows or abs(off_sample) > 0.25 * window.cols + 500.0:
        raise MetadataMismatchError(
            f"{scene.day}: burst {name} lies {off_line:.0f} lines and {off_sample:.0f} samples from its place in the reference",
            expected="bursts of one identity on one ground",
            hint="check the orbit file and the product of this date",
        )


def middle_point(burst: Burst, seen_by: Pass) -> NDArray[np.float64]:
    """Return the point on the ellipsoid behind the middle of a burst, float64, (1, 3) [m]."""
    grid = burst.grid
    line, sample = np.array([0.5 * grid.shape.rows]), np.array([0.5 * grid.shape.cols])
    time, distance = radar_coordinates(grid, line, sample, seen_by=seen_by)
    ground = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance)
    return geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)
