"""Stage `points`: scatterers relative to the reference, placed by their corrected heights, as points.parquet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.model.results import Reference
from fringeworks.model.scatterers import DISTRIBUTED, PERSISTENT, Scatterers
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.standard import POINTS
from fringeworks.timeseries.points import pointset
from fringeworks.timeseries.points.levelling import own_height_std, shared_heights, unshared_std
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.records import reference_of
from fringeworks.workflow.scatterers import read_network, read_points
from fringeworks.workflow.scenes.standing import Standing, stand
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_EXPECTED: Final = 10
"""Degrees of freedom that what amplitudes and coherence let expect counts for beside a point's own residuals."""
_NEAREST: Final = 5
"""Points around the reference area that stand for it where none lies inside."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"level_heights_over_m": config.points.level_heights_over_m}


def _cost(scale: Scale) -> Cost:
    cells = 0 if scale.scenes is None else scale.scenes.looked.size
    return Cost(disk_bytes=cells * (6.0 * scale.n_dates + 100.0), seconds=2 + cells / 2e5)


def _work(context: StageContext) -> tuple[Tally, ...]:
    from fringeworks.io.points import write_points  # noqa: PLC0415  (the library of tables is slow to import)

    found, solved = read_points(context), read_network(context)
    facts = context.upstream("scatterers").get("scatterers")
    days = tuple(date.fromisoformat(d) for d in facts["dates"])
    used = solved["used"] & np.isfinite(solved["velocity"])
    reference = reference_of(context.upstream("reference").get("reference"))
    place, how = _reference(context, reference, found, used)
    table = _table(context, found, solved, used, place, days)
    path = write_points(context.output / POINTS, table)
    context.written.append(path)
    if how:
        context.note(Finding("note", "points", how))
    kinds = {k: int((table.columns["kind"] == k).sum()) for k in (PERSISTENT, DISTRIBUTED)}
    context.step.put("points", {"n_points": kinds, "n_reference": int(place.size), "how": how})
    n = int(used.size)
    return (Tally("points written", n, int(used.sum()), {"not joined to the network": n - int(used.sum())}),)


def _reference(
    context: StageContext,
    reference: Reference,
    found: Mapping[str, NDArray[Any]],
    used: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], str]:
    """Return the points that stand for the reference area, and a word where none lies inside."""
    if not used.any():
        return np.zeros(0, np.int64), ""
    grid = context.survey.grid
    to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = to_map.transform(found["longitude"], found["latitude"])
    col = np.abs((np.asarray(x) - reference.x) / grid.x_step)
    row = np.abs((np.asarray(y) - reference.y) / grid.y_step)
    away = np.where(used, np.maximum(col, row), np.inf)
    inside = np.flatnonzero(away <= reference.radius + 0.5)
    if inside.size:
        return inside, ""
    nearest = np.argsort(away, kind="stable")[: min(_NEAREST, int(used.sum()))]
    text = (
        f"no point lies in the reference area: points are relative to the mean of the {nearest.size} nearest ones, "
        f"up to {float(away[nearest].max()):.0f} pixels away"
    )
    return nearest.astype(np.int64), text


def _table(
    context: StageContext,
    found: Mapping[str, NDArray[Any]],
    solved: Mapping[str, NDArray[Any]],
    used: NDArray[np.bool_],
    place: NDArray[np.int64],
    days: tuple[date, ...],
) -> Scatterers:
    """Put the columns together, relative to the reference points and to the first date."""
    series, velocity = _relative(solved, place)
    series, rmse = _from_first(series[:, used].T, velocity[used], days)
    error, error_std = _heights(context, found, solved, used, days)
    part = {k: v[..., used] for k, v in found.items()}
    # a scatterer beside the middle of its sample looks as if it were higher or lower (docs/explanation/scatterers.md)
    beside = (part["sample"] - part["grid_sample"]) * context.scenes.frame.grid.range_step
    error = error - beside * np.cos(part["incidence"])
    at = _place(context, part, error)
    kind = np.where(part["kind"] == pointset.PERSISTENT, PERSISTENT, DISTRIBUTED)
    columns = {
        "id": _names(context, part),
        "longitude": at.longitude,
        "latitude": at.latitude,
        "height": np.asarray(at.height, np.float32),
        "height_error": np.asarray(error, np.float32),
        "height_error_std": error_std.astype(np.float32),
        "line": part["line"],
        "sample": part["sample"],
        "kind": kind.astype(object),
        "effective_area": part["area"],
        "velocity": velocity[used].astype(np.float32),
        "velocity_std": np.hypot(
            solved["velocity_std"][used], _std_of_mean(solved["velocity_std"][place])
        ).astype(np.float32),
        "temporal_coherence": np.asarray(solved["temporal_coherence"][used], np.float32),
        "amplitude_dispersion": part["dispersion"],
        "rmse": rmse,
        "incidence": np.degrees(at.incidence).astype(np.float32),
        **{
            f"los_{name}": np.asarray(at.look[k], np.float32)
            for k, name in enumerate(("east", "north", "up"))
        },
    }
    return Scatterers(
        columns=columns,
        displacement=np.asarray(series, np.float32),
        dates=days,
        facts=_facts(context, place, found),
    )


def _std_of_mean(sigma: NDArray[Any]) -> float:
    """Return the standard deviation of the mean of the reference points, whose noise is taken as independent."""
    return float(np.sqrt(np.sum(np.square(sigma))) / sigma.size) if sigma.size else 0.0


def _relative(
    solved: Mapping[str, NDArray[Any]], place: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return series (date, point) [m] and velocities [m/yr] relative to the mean of the reference points."""
    series = np.asarray(solved["displacement"], np.float64)
    velocity = np.asarray(solved["velocity"], np.float64)
    if not place.size:
        return series, velocity
    known = np.isfinite(series[:, place])
    total = np.where(known, series[:, place], 0.0).sum(axis=1)
    base = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), 0.0)
    return series - base[:, None], velocity - float(np.mean(velocity[place]))


def _from_first(
    series: NDArray[np.float64], velocity: NDArray[np.float64], days: tuple[date, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return series that are zero at the first date, and root mean squares about their straight lines [m].

    A point without a sample at the first date takes its straight line's value there for zero.
    """
    years = np.array([(d - days[0]).days / DAYS_PER_YEAR for d in days])
    rest = series - velocity[:, None] * years
    known = np.isfinite(rest)
    count = np.maximum(known.sum(axis=1), 1)
    offset = np.where(known, rest, 0.0).sum(axis=1) / count
    first = np.where(known[:, 0], series[:, 0], offset)
    square = np.where(known, (rest - offset[:, None]) ** 2, 0.0).sum(axis=1)
    return series - first[:, None], np.sqrt(square / count).astype(np.float32)


def _heights(
    context: StageContext,
    found: Mapping[str, NDArray[Any]],
    solved: Mapping[str, NDArray[Any]],
    used: NDArray[np.bool_],
    days: tuple[date, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return height errors of the used points and their standard deviations, less what points around share [m]."""
    error = np.asarray(solved["height_error"][used], np.float64)
    std = np.asarray(solved["height_std"][used], np.float64)
    distance = context.config.points.level_heights_over_m
    if distance == 0 or not error.size:
        return error, std
    shared = shared_heights(found["x"][used], found["y"][used], error, distance=distance)
    wavelength = context.scenes.wavelength
    noise = _noise(found["phase_std"][:, used], solved["rmse"][used] * 4.0 * math.pi / wavelength)
    own = own_height_std(
        noise,
        years=np.array([(d - days[0]).days / DAYS_PER_YEAR for d in days]),
        height_to_phase=found["height_to_phase"][:, used],
        wavelength=wavelength,
    )
    level = error - shared
    near = np.hypot(own, unshared_std(level, own, chosen=found["kind"][used] == pointset.DISTRIBUTED))
    return level, np.where(np.isfinite(std) & np.isfinite(near), np.minimum(std, near), std)


def _noise(expected: NDArray[Any], left: NDArray[Any]) -> NDArray[np.float64]:
    """Return the noise of each point's phases [rad]: of its residuals, and as expected of it, by their weight.

    Parameters
    ----------
    expected : float, (date, point)
        Standard deviations from amplitudes or coherence [rad].
    left : float, (point)
        Root mean square of the residuals [rad].
    """
    n = len(expected)
    freedom = max(n - 3, 0)
    mean = np.mean(np.asarray(expected, np.float64) ** 2, axis=0)
    return np.asarray(np.sqrt((left.astype(np.float64) ** 2 * n + _EXPECTED * mean) / (freedom + _EXPECTED)))


def _place(context: StageContext, part: Mapping[str, NDArray[Any]], error: NDArray[np.float64]) -> Standing:
    """Place points by corrected heights; where that is not known, by the elevation model's."""
    height = part["height"] + np.where(np.isfinite(error), error, 0.0)
    return stand(context.scenes, part["line"], part["sample"], height=height)


def _names(context: StageContext, part: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return burst, line and sample in the burst: the same point has the same name in runs of the same reference."""
    bursts = context.upstream("scatterers").get("scatterers")["bursts"]
    windows = [context.scenes.frame.bursts[context.scenes.place_of(name)].window for name in bursts]
    rows = zip(part["burst"], part["line"], part["sample"], strict=True)
    names = [
        f"{bursts[b]}-{line - windows[b].row:.0f}-{sample - windows[b].col:.0f}" for b, line, sample in rows
    ]
    return np.array(names, dtype=object)


def _facts(
    context: StageContext, place: NDArray[np.int64], found: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    reference = context.upstream("reference").get("reference")
    return {
        "wavelength_m": context.scenes.wavelength,
        "config_hash": context.config_hash,
        "reference": {
            "longitude": float(np.mean(found["longitude"][place])) if place.size else None,
            "latitude": float(np.mean(found["latitude"][place])) if place.size else None,
            "n_points": int(place.size),
            "raster_area": {k: reference[k] for k in ("x", "y", "radius", "when")},
        },
        "sign": "positive = toward the satellite",
        "height_datum": "WGS84 ellipsoid",
    }


STAGE = Stage(
    name="points",
    version=1,
    after=("heights", "scatterers", "network", "reference", "publish"),
    meaning="place the scatterers and write points.parquet",
    parameters=_parameters,
    work=_work,
    cost=_cost,
    outputs=(POINTS,),
)
