"""Stage `scatterers`: persistent and distributed scatterers as one set of points, on the ground."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import TooFewDataError
from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.points.mainlobe import neighbour_correlation
from fringeworks.timeseries.points.pointset import PERSISTENT
from fringeworks.tops.frame import intersection
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.scenes.cells import date_step, kept_cells
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.scenes.standing import Standing, height_to_phase, stand
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.dispersing import chosen_of
from fringeworks.workflow.tasks.gathering import FIELDS, GatherSpec, gather, part_path
from fringeworks.workflow.tasks.heights import heights_at

_LEAST_SHARE: Final = 0.7
"""A persistent scatterer may miss some dates: at the edge of an image, that of a far orbit ends earlier."""
_FEW_DATES: Final = 6
"""Below this, velocity and height error of a point are hardly told from noise."""


def stage(config: RunConfig) -> Stage:
    """Return the stage; persistent scatterers come from the step `dispersion` where they are sought."""
    first = ("dispersion",) if config.seeks_persistent else ()
    return Stage(
        name="scatterers",
        version=1,
        after=("heights", "coregister", "joins", "linking", *first),
        meaning="gather the scatterers of all bursts, with their phases and places",
        parameters=_parameters,
        work=_work,
        cost=_cost,
    )


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    points = config.points
    return {
        "candidates": plain(points.candidates) if config.seeks_persistent else {},
        "minimum_temporal_coherence": points.minimum_temporal_coherence,
        "maximum_phase_std_rad": points.maximum_phase_std_rad,
    }


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=scenes.looked.size * (12.0 * scale.n_dates + 100.0),
        seconds=2 + scenes.n_samples * scale.n_dates / 80e6,
        n_tasks=scenes.n_bursts,
        task_bytes=scenes.looked.size / max(scenes.n_bursts, 1) * (24.0 * scale.n_dates + 100.0),
    )


def common_dates(scenes: SceneStack, names: list[str]) -> tuple[int, ...]:
    """Return the dates that all of these bursts hold."""
    held = [set(scenes.holders(name)) for name in names]
    return tuple(sorted(set.intersection(*held))) if held else ()


def _reference(scenes: SceneStack, dates: tuple[int, ...]) -> int:
    """Return which of these dates phases are relative to: that of the common grid, or the middle one."""
    return dates.index(scenes.reference) if scenes.reference in dates else len(dates) // 2


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes = context.scenes
    names = [k for k in scenes.names if kept_cells(scenes, k) is not None]
    dates = common_dates(scenes, names)
    _check_dates(context, dates)
    specs = [_spec(context, name, dates) for name in names]
    payloads = context.each(gather, specs)
    tally = Tally("cells for distributed scatterers", 0, 0)
    for payload in payloads:
        tally = tally + Tally(**payload["tally"])
    found, heights, burst = _joined(context, names)
    at = stand(scenes, found["grid_line"], found["grid_sample"], height=heights)
    known = np.isfinite(at.longitude) & np.isfinite(at.latitude) & np.isfinite(heights)
    n = int(known.size)
    _write(context, {k: v[..., known] for k, v in found.items()}, burst[known], _select(at, known), dates)
    persistent = int((found["kind"][known] == PERSISTENT).sum())
    context.step.put(
        "scatterers",
        {
            "dates": [scenes.days[k].isoformat() for k in dates],
            "bursts": names,
            "reference": _reference(scenes, dates),
            "n_persistent": persistent,
            "n_distributed": int(known.sum()) - persistent,
        },
    )
    points = Tally(
        "points on the ground",
        n,
        int(known.sum()),
        {"no height of the elevation model": n - int(known.sum())},
    )
    return tally, points


def _check_dates(context: StageContext, dates: tuple[int, ...]) -> None:
    scenes = context.scenes
    if len(dates) < 2:
        raise TooFewDataError(
            f"{len(dates)} dates hold all bursts of the area",
            expected="at least two for points",
            hint="choose a smaller area, or leave out the dates that miss bursts",
        )
    lost = [scenes.days[k].isoformat() for k in range(len(scenes.days)) if k not in dates]
    if lost:
        text = f"points leave out {', '.join(lost)}: these dates miss bursts of the area"
        context.note(Finding("warning", "points", text))
    if len(dates) < _FEW_DATES:
        text = (
            f"with {len(dates)} dates the tests of points are weak: pure noise can look like a scatterer that moves, and "
            "standard deviations rest on few residuals"
        )
        context.note(Finding("warning", "points", text))


def _spec(context: StageContext, name: str, dates: tuple[int, ...]) -> GatherSpec:
    scenes, config = context.scenes, context.config
    jumps = context.upstream("joins").get("phases")
    keep = intersection(scenes.frame.bursts[scenes.place_of(name)].keep, scenes.stored[name])
    cells = kept_cells(scenes, name)
    if keep is None or cells is None:
        raise TooFewDataError(f"burst {name} has no cell in the area", expected="one at least")
    window = config.linking.window_shape
    chosen = chosen_of(str(context.store.folder), name) if config.seeks_persistent else None
    return GatherSpec(
        store=str(context.store.folder),
        name=name,
        stored=scenes.stored[name],
        keep=keep,
        cells=cells,
        looks=scenes.looks,
        dates=dates,
        steps=tuple(date_step(jumps, scenes.days[k].isoformat(), scenes, name) for k in dates),
        reference=_reference(scenes, dates),
        least_dates=max(2, math.ceil(_LEAST_SHARE * len(dates))),
        minimum_coherence=config.points.minimum_temporal_coherence,
        maximum_std=config.points.maximum_phase_std_rad,
        persistent=chosen,
        window_samples=window.rows * window.cols,
        correlation=_correlation(scenes),
    )


def _correlation(scenes: SceneStack) -> tuple[float, float]:
    """Return how alike the noise of neighbouring lines, and of neighbouring samples, is."""
    radar = next(iter(scenes.dates[scenes.reference].bursts.values())).burst().radar
    grid = scenes.frame.grid
    return (
        neighbour_correlation(
            radar.azimuth_bandwidth * grid.azimuth_step, window=radar.azimuth_window_coefficient
        ),
        neighbour_correlation(
            radar.range_bandwidth / radar.range_sampling_rate, window=radar.range_window_coefficient
        ),
    )


def _joined(
    context: StageContext, names: list[str]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64], NDArray[np.int16]]:
    """Put the bursts' points behind one another, with heights and the number of their burst."""
    store, parts, heights, bursts = str(context.store.folder), [], [], []
    for number, name in enumerate(names):
        with np.load(part_path(store, name)) as found:
            part = {key: found[key] for key in found.files}
        parts.append(part)
        n = part["line"].size
        stored = context.scenes.stored[name]
        at = heights_at(store, name, stored=stored, line=part["grid_line"], sample=part["grid_sample"])
        heights.append(at if n else np.zeros(0))
        bursts.append(np.full(n, number, np.int16))
    whole = {key: np.concatenate([p[key] for p in parts], axis=-1) for key in parts[0]}
    return whole, np.concatenate(heights), np.concatenate(bursts)


def _select(at: Standing, known: NDArray[np.bool_]) -> Standing:
    return Standing(
        longitude=at.longitude[known],
        latitude=at.latitude[known],
        height=at.height[known],
        slant_range=at.slant_range[known],
        incidence=at.incidence[known],
        look=at.look[:, known],
    )


def _write(
    context: StageContext,
    found: Mapping[str, NDArray[Any]],
    burst: NDArray[np.int16],
    at: Standing,
    dates: tuple[int, ...],
) -> None:
    scenes = context.scenes
    x, y = at.plane()
    answer = height_to_phase(scenes, found["grid_line"], found["grid_sample"], at=at)
    answer = answer[list(dates)] - answer[dates[_reference(scenes, dates)]]
    values: dict[str, NDArray[Any]] = {
        **{name: found[name] for name in (*FIELDS, "grid_line", "grid_sample", "phase", "phase_std")},
        "burst": burst,
        "x": x,
        "y": y,
        "longitude": at.longitude,
        "latitude": at.latitude,
        "height": at.height,
        "slant_range": at.slant_range,
        "incidence": at.incidence,
        "height_to_phase": answer,
        "area": _areas(scenes, found, at),
    }
    path = context.step.folder / "points.npz"
    np.savez(path, allow_pickle=False, **values)


def _areas(scenes: SceneStack, found: Mapping[str, NDArray[Any]], at: Standing) -> NDArray[np.float32]:
    """Return the ground behind each point [m^2]: its samples, and at least a resolution cell."""
    grid = scenes.frame.grid
    speed = 6_800.0  # of the beam on the ground [m/s]; areas are good to a few percent
    sample = grid.azimuth_step * speed * grid.range_step / np.sin(at.incidence)
    return np.asarray(sample * np.maximum(found["n_samples"], 1.0 / scenes.effective_share), np.float32)
