"""A look at a stack of images before any pixel is read: dates, bursts, orbits, elevation model, grids."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import (
    ConfigurationError,
    MetadataMismatchError,
    MissingInputError,
    OutOfRangeError,
    TooFewDataError,
)
from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import heading as flight_heading
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.geometry.radar import locate
from fringeworks.io.dem import open_dem
from fringeworks.io.orbits import list_orbit_files
from fringeworks.model.acquisition import Burst
from fringeworks.model.elevation import ElevationModel, VerticalDatum
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.model.identity import Instant, Polarisation, Swath
from fringeworks.model.tally import Finding
from fringeworks.numerics.spectrum import independent_share
from fringeworks.tops.alignment import Pass, fit_offsets, grid_coordinates, radar_coordinates
from fringeworks.tops.frame import RadarFrame, make_frame, reference_range_of
from fringeworks.tops.reference import choose_reference
from fringeworks.workflow.area import area_of
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.digest import file_digest
from fringeworks.workflow.scenes.ground import (
    DEFAULT_SPACING,
    bounds_of,
    burst_points,
    check_cover,
    continuous,
    height_limits,
    looks_for,
    map_grid,
)
from fringeworks.workflow.scenes.sources import (
    Products,
    choose_polarisation,
    choose_swaths,
    content_digest,
    day_of,
    mid_doppler,
    open_products,
    orbit_of,
    sources_of,
)
from fringeworks.workflow.scenes.stack import SceneDate, SceneStack, opened, product_paths

_AREA_MARGIN = 96
"""Lines and samples kept around an area: room for looks, filters and kernels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Dated:
    """A date before the reference is known."""

    scene: SceneDate
    finding: Finding
    files: tuple[Path, ...]


def survey_scenes(config: RunConfig) -> SceneStack:
    """Open the images' metadata and settle what is processed, on which grid, before anything is computed.

    Raises
    ------
    InputRefusedError
        The images contradict each other, or orbits or heights do not cover them.
    ConfigurationError
        Something was asked for that the images do not hold.
    """
    products = open_products(product_paths(tuple(config.inputs.slc_patterns), folder=Path.cwd()))
    dated, polarisation, left_out = _dates(config, products)
    if len(dated) < 2:
        raise TooFewDataError(
            f"{len(dated)} date ({', '.join(str(d.scene.day) for d in dated)})",
            expected="at least two dates of the same track",
            hint="add products, or look at inputs.exclude_dates",
        )
    scenes = [d.scene for d in dated]
    reference, reason = _reference(config, scenes)
    bursts, borrowed = _frame_bursts(scenes, reference)
    frame = make_frame(bursts)
    first = scenes[reference]
    dem = _elevation(config)
    footprint = bounds_of(
        frame, first.seen_by, heights=(0.0, 3000.0), windows=[b.valid for b in frame.bursts]
    )
    heights = height_limits(dem, footprint)
    mean = 0.5 * (heights[0] + heights[1])
    stored = _stored(config, frame, first.seen_by, heights)
    findings = [*products.inventory.findings, *dem.findings, *(d.finding for d in dated), *borrowed]
    findings += check_cover(dem, frame, first.seen_by, windows=dict(stored), height=mean)
    spacing = config.products.spacing_m or DEFAULT_SPACING
    grid = map_grid(
        frame,
        first.seen_by,
        windows=list(stored.values()),
        height=mean,
        crs=config.products.crs,
        spacing=spacing,
    )
    grid = grid.crop(area_of(config.area, grid).window)
    looks = _looks(config, frame, first.seen_by, spacing)
    rows, cols = frame.grid.shape
    radar = bursts[0].radar
    files = {
        str(products.facts[n].path): content_digest(products.facts[n].path)
        for s in scenes
        for n in s.products
    }
    for path in sorted({f for d in dated for f in d.files} | {Path(p) for p in dem.sources}):
        files[str(path)] = file_digest(path)
    return SceneStack(
        frame=frame,
        stored=stored,
        dates=tuple(_with_baselines(scenes, reference, frame, mean)),
        reference=reference,
        reference_reason=reason,
        polarisation=polarisation,
        wavelength=radar.wavelength,
        dem=dem,
        heights=heights,
        looks=looks,
        looked=Shape(max(rows // looks.azimuth, 1), max(cols // looks.range, 1)),
        grid=grid,
        effective_share=independent_share(
            radar.azimuth_bandwidth * frame.grid.azimuth_step, window=radar.azimuth_window_coefficient
        )
        * independent_share(
            radar.range_bandwidth / radar.range_sampling_rate, window=radar.range_window_coefficient
        ),
        files=files,
        track=products.inventory.track,
        pass_direction=products.inventory.pass_direction,
        heading=_heading(first),
        centre_time=Instant.parse(frame.grid.epoch)
        .plus(frame.grid.azimuth_start + 0.5 * rows * frame.grid.azimuth_step)
        .iso[11:],
        findings=tuple(findings),
        missing=products.refused,
        left_out=left_out,
    )


def _dates(
    config: RunConfig, products: Products
) -> tuple[list[_Dated], Polarisation, tuple[tuple[str, str], ...]]:
    inventory = products.inventory
    polarisation = choose_polarisation(inventory, config.inputs.polarisation)
    swaths = choose_swaths(inventory, config.inputs.swaths)
    folder = Path(config.inputs.orbits) if config.inputs.orbits else None
    files = list_orbit_files(folder) if folder else ()
    left_out = set(config.inputs.exclude_dates)
    unknown = sorted(left_out - {d.date for d in inventory.dates})
    if unknown:
        raise ConfigurationError(
            f"inputs.exclude_dates names {unknown[0]}, which no product holds",
            expected=f"dates from {inventory.dates[0].date} to {inventory.dates[-1].date}",
        )
    result, unused = [], []
    for found in inventory.dates:
        if found.date in left_out:
            unused.append((found.date, "left out by the user (inputs.exclude_dates)"))
            continue
        sources = sources_of(products, found, polarisation=polarisation, swaths=swaths)
        if not sources:
            unused.append((found.date, f"it holds no burst of {', '.join(sorted(swaths))} in {polarisation}"))
            continue
        chosen = orbit_of(products, found, files=files)
        bursts = {s.swath: s.burst() for s in sources.values()}
        finding = replace(chosen.finding, text=f"{found.date}: {chosen.finding.text}")
        scene = SceneDate(
            day=day_of(found),
            platform=found.key.platform.name,
            bursts=sources,
            orbit=chosen.states,
            reference_range=_bistatic_reference(products, found.slices, polarisation, bursts),
            baseline=0.0,
            doppler=mid_doppler(next(iter(bursts.values()))),
            products=found.slices,
            orbit_files=tuple(p.name for p in chosen.files),
        )
        result.append(_Dated(scene=scene, finding=finding, files=chosen.files))
    return result, polarisation, tuple(unused)


def _heading(scene: SceneDate) -> float:
    orbit = scene.seen_by.orbit
    burst = next(iter(scene.bursts.values())).burst()
    shift = Instant.parse(burst.grid.epoch).seconds_since(orbit.epoch)
    return float(flight_heading(orbit, burst.mid_time + shift))


def _bistatic_reference(
    products: Products, names: Sequence[str], polarisation: Polarisation, bursts: Mapping[Swath, Burst]
) -> float:
    """Return mid swath of IW2, whose annotation may be there although its samples are not processed."""
    if Swath.IW2 not in bursts:
        for name in names:
            product = opened(products.facts[name].path)
            if (Swath.IW2, polarisation) in product.available:
                found = product.acquisition(Swath.IW2, polarisation).bursts
                if found:
                    return reference_range_of({Swath.IW2: found[0]})
    return reference_range_of(bursts)


def _reference(config: RunConfig, scenes: Sequence[SceneDate]) -> tuple[int, str]:
    wanted = config.coregistration.reference_date
    n_bursts = np.array([len(s.bursts) for s in scenes], np.int64)
    baselines = _centre_baselines(scenes)
    try:
        choice = choose_reference(
            [s.day for s in scenes],
            baselines=baselines,
            doppler=np.array([s.doppler for s in scenes]),
            n_bursts=n_bursts,
            wanted=date.fromisoformat(wanted) if wanted and wanted != "auto" else None,
        )
    except ValueError as error:
        raise ConfigurationError(
            f"coregistration.reference_date = {wanted!r}: {error}", expected="auto, or a date of the stack"
        ) from error
    return choice.index, choice.reason


def _centre_baselines(scenes: Sequence[SceneDate]) -> NDArray[np.float64]:
    """Return perpendicular baselines from the first date at the middle of its first burst [m]."""
    first = scenes[0]
    point = _middle_point(next(iter(first.bursts.values())).burst(), first.seen_by)
    orbit = first.seen_by.orbit
    found = []
    for scene in scenes:
        there = find_baselines(orbit, scene.seen_by.orbit, points=point)
        if not np.isfinite(there.perpendicular).all():
            raise MetadataMismatchError(
                f"the orbit of {scene.day} does not pass over the ground of {first.day}",
                expected="dates of one track and area",
                hint="leave the date out, or give the right orbit file",
            )
        found.append(float(there.perpendicular[0]))
    return np.array(found)


def _middle_point(burst: Burst, seen_by: Pass) -> NDArray[np.float64]:
    grid = burst.grid
    line, sample = np.array([0.5 * grid.shape.rows]), np.array([0.5 * grid.shape.cols])
    time, distance = radar_coordinates(grid, line, sample, seen_by=seen_by)
    ground = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance)
    return geodetic_to_ecef(ground.longitude, ground.latitude, ground.height)


def _frame_bursts(scenes: Sequence[SceneDate], reference: int) -> tuple[list[Burst], list[Finding]]:
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
    point = _middle_point(burst, donor)
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


def _stored(
    config: RunConfig, frame: RadarFrame, seen_by: Pass, heights: tuple[float, float]
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


def _elevation(config: RunConfig) -> ElevationModel:
    path = config.inputs.dem
    if not path:
        raise MissingInputError(
            "inputs.dem is empty",
            expected="a GeoTIFF, or a folder of tiles",
            hint="`fringeworks get dem` fetches tiles",
        )
    datum: VerticalDatum | None = config.inputs.dem_datum or None
    return open_dem([Path(path)], datum=datum)


def _looks(config: RunConfig, frame: RadarFrame, seen_by: Pass, spacing: float) -> Looks:
    given = config.pairs.looks
    if given:
        return Looks(*given)
    window = frame.bursts[0].valid
    line, sample = np.array([window.row + 0.5 * window.rows]), np.array([0.5 * frame.grid.shape.cols])
    time, distance = radar_coordinates(frame.grid, line, sample, seen_by=seen_by)
    ground = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance)
    look = look_vectors(
        seen_by.orbit,
        azimuth_time=time,
        longitude=ground.longitude,
        latitude=ground.latitude,
        height=ground.height,
    )
    lon, lat = burst_points(frame, seen_by, window=window, height=0.0, n=(2, 1))
    lon = continuous(lon)
    east = math.radians(float(lon[1, 0] - lon[0, 0])) * math.cos(math.radians(float(lat[0, 0])))
    way = 6_371_000.0 * math.hypot(east, math.radians(float(lat[1, 0] - lat[0, 0])))
    speed = way / ((window.rows - 1) * frame.grid.azimuth_step)
    return looks_for(frame, spacing=spacing, incidence=float(incidence_angle(look)[0]), speed=speed)


def _with_baselines(
    scenes: Sequence[SceneDate], reference: int, frame: RadarFrame, height: float
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
