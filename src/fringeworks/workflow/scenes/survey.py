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
    TooFewDataError,
)
from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.look import heading as flight_heading
from fringeworks.io.dem import open_dem
from fringeworks.io.orbits import list_orbit_files
from fringeworks.model.acquisition import Burst, RadarParameters
from fringeworks.model.elevation import ElevationModel, VerticalDatum
from fringeworks.model.grids import Looks, MapGrid, Shape, Window
from fringeworks.model.identity import Instant, Polarisation, Swath
from fringeworks.model.tally import Finding
from fringeworks.numerics.spectrum import independent_share
from fringeworks.tops.alignment import Pass
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
from fringeworks.workflow.scenes.placing import (
    frame_bursts,
    middle_point,
    stored_windows,
    with_baselines,
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
from fringeworks.workflow.scenes.standing import stand_on
from fringeworks.workflow.scenes.zeros import zero_bursts


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
    bursts, borrowed = frame_bursts(scenes, reference=reference)
    frame = make_frame(bursts)
    first = scenes[reference]
    dem = _elevation(config)
    footprint = bounds_of(
        frame, first.seen_by, heights=(0.0, 3000.0), windows=[b.valid for b in frame.bursts]
    )
    heights = height_limits(dem, footprint)
    mean = 0.5 * (heights[0] + heights[1])
    stored = stored_windows(config, frame, seen_by=first.seen_by, heights=heights)
    findings = [*products.inventory.findings, *dem.findings, *(d.finding for d in dated), *borrowed]
    findings += check_cover(dem, frame, first.seen_by, windows=dict(stored), height=mean)
    findings += zero_bursts(scenes, stored)
    spacing = config.products.spacing_m or DEFAULT_SPACING
    grid = _grid(config, frame, first.seen_by, list(stored.values()), mean, spacing)
    looks = _looks(config, frame, first.seen_by, spacing)
    rows, cols = frame.grid.shape
    radar = bursts[0].radar
    return SceneStack(
        frame=frame,
        stored=stored,
        dates=tuple(with_baselines(scenes, reference=reference, frame=frame, height=mean)),
        reference=reference,
        reference_reason=reason,
        polarisation=polarisation,
        wavelength=radar.wavelength,
        dem=dem,
        heights=heights,
        looks=looks,
        looked=Shape(max(rows // looks.azimuth, 1), max(cols // looks.range, 1)),
        grid=grid,
        effective_share=_share(frame, radar),
        files=_digests(products, dated, dem),
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


def _grid(
    config: RunConfig, frame: RadarFrame, seen_by: Pass, windows: list[Window], height: float, spacing: float
) -> MapGrid:
    """Return the grid of the products: what the images cover inside the area."""
    whole = map_grid(frame, seen_by, windows=windows, height=height, crs=config.products.crs, spacing=spacing)
    return whole.crop(area_of(config.area, whole).window)


def _share(frame: RadarFrame, radar: RadarParameters) -> float:
    """Return how many independent samples one sample is worth."""
    azimuth = radar.azimuth_bandwidth * frame.grid.azimuth_step
    across = radar.range_bandwidth / radar.range_sampling_rate
    return independent_share(azimuth, window=radar.azimuth_window_coefficient) * independent_share(
        across, window=radar.range_window_coefficient
    )


def _digests(products: Products, dated: Sequence[_Dated], dem: ElevationModel) -> dict[str, str]:
    """Return every input file and the digest of its content."""
    paths = [products.facts[name].path for d in dated for name in d.scene.products]
    files = {str(path): content_digest(path) for path in paths}
    for path in sorted({f for d in dated for f in d.files} | {Path(p) for p in dem.sources}):
        files[str(path)] = file_digest(path)
    return files


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
    if Swath.IW2 in bursts:
        return reference_range_of(bursts)
    for product in (opened(products.facts[name].path) for name in names):
        if (Swath.IW2, polarisation) in product.available:
            found = product.acquisition(Swath.IW2, polarisation).bursts
            bursts = {**bursts, Swath.IW2: found[0]} if found else bursts
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
    point = middle_point(next(iter(first.bursts.values())).burst(), first.seen_by)
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
    at = stand_on(frame.grid, line, sample, seen_by=seen_by, height=0.0)
    lon, lat = burst_points(frame, seen_by, window=window, height=0.0, n=(2, 1))
    lon = continuous(lon)
    east = math.radians(float(lon[1, 0] - lon[0, 0])) * math.cos(math.radians(float(lat[0, 0])))
    way = 6_371_000.0 * math.hypot(east, math.radians(float(lat[1, 0] - lat[0, 0])))
    speed = way / ((window.rows - 1) * frame.grid.azimuth_step)
    return looks_for(frame, spacing=spacing, incidence=float(at.incidence[0]), speed=speed)
