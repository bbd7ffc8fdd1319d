"""From the images and what the steps recorded of them to the report's record of images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.products.report.images import (
    EMPTY,
    MISSING,
    OUTSIDE,
    USED,
    Constant,
    ImageDate,
    Images,
    Seam,
    Shift,
)
from fringeworks.workflow.image_records import coregistration_values, recorded
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.scenes.account import BurstTable, baselines_of, burst_table, empty_bursts
from fringeworks.workflow.stage import StageContext

IMAGE_STEPS: Final = (
    "heights",
    "overlaps",
    "diversity",
    "coregister",
    "joins",
    "interferograms",
    "lookup",
    "filter",
    "unwrap",
    "repair",
    "geocode",
)
"""Steps of chains that start from images, up to interferograms on the map."""
POINT_STEPS: Final = ("linking", "dispersion", "scatterers", "network", "points")
"""Steps of chains that make points."""


def images_of(context: StageContext) -> Images | None:
    """Gather what the report says of the images; None for a run that starts from interferograms.

    What a step that is not done would have recorded is not told.
    """
    scenes, store = context.survey.scenes, context.store
    if scenes is None:
        return None
    found = coregistration_values(scenes, store, gates=context.config.coregistration.gates)
    table = burst_table(scenes, empty=empty_bursts(recorded(store, "coregister", "bursts") or []))
    joins = found["joins"]
    return Images(
        dates=tuple(
            ImageDate(
                day=d.day,
                platform=d.platform,
                products=d.products,
                orbit=d.orbit.source,
                baseline=baseline,
                doppler=d.doppler,
                n_bursts=len(d.bursts),
            )
            for d, baseline in zip(scenes.dates, baselines_of(scenes), strict=True)
        ),
        reference=scenes.reference,
        reference_reason=scenes.reference_reason,
        polarisation=scenes.polarisation.value,
        looks=(scenes.looks.azimuth, scenes.looks.range),
        bursts=table.names,
        swaths=table.swaths,
        states=_states(table, scenes),
        shifts=tuple(_shift(row) for row in found["shifts"]),
        seams=tuple(_seam(row) for row in found["overlaps"]),
        limits=(found["limits"]["pass_rad"], found["limits"]["fail_rad"]),
        joins=tuple(_joins(joins.get("phases", {}))),
        boundaries=tuple(_seam(row) for row in joins.get("seams", [])),
        constants=(
            *_constants(found["platforms"], "azimuth shift", "lines", "sigma_lines"),
            *_constants(
                joins.get("platforms", {}), "phase step between sub-swaths", "phase_step_rad", "sigma_rad"
            ),
        ),
    )


def _states(table: BurstTable, scenes: SceneStack) -> NDArray[np.int8]:
    inside = np.array([name in scenes.stored for name in table.names], np.bool_)
    unused = np.where(inside, EMPTY, OUTSIDE)
    states = np.where(table.used, USED, np.where(table.held, unused[None], MISSING))
    return np.asarray(states, np.int8)


def number(value: float | None) -> float:
    """Return a recorded number; NaN where none was recorded."""
    return math.nan if value is None else float(value)


def _shift(row: Mapping[str, Any]) -> Shift:
    return Shift(
        day=date.fromisoformat(row["date"]),
        swath=row["swath"],
        lines=number(row["lines"]),
        lines_sigma=number(row["lines_sigma"]),
        samples=number(row["samples"]),
        samples_sigma=number(row["samples_sigma"]),
    )


def _seam(row: Mapping[str, Any]) -> Seam:
    return Seam(
        overlap=row["overlap"],
        day=date.fromisoformat(row["date"]),
        before=number(row["before_rad"]),
        after=number(row["residual_rad"]),
        sigma=number(row["sigma_rad"]),
        verdict=row["verdict"],
    )


def _joins(phases: Mapping[str, float]) -> list[tuple[date, str, float]]:
    """Return date, sub-swath and phase, by sub-swath and date."""
    rows = []
    for key, value in phases.items():
        day, _, swath = key.partition(" ")
        rows.append((date.fromisoformat(day), swath, float(value)))
    return sorted(rows, key=lambda row: (row[1], row[0]))


def _constants(rows: Mapping[str, Mapping[str, Any]], what: str, value: str, sigma: str) -> list[Constant]:
    found = []
    for key, row in rows.items():
        platform, _, where = key.partition(" ")
        found.append(
            Constant(
                what=what,
                platform=platform,
                where=where,
                value=number(row[value]),
                sigma=number(row[sigma]),
                unit="lines" if value == "lines" else "rad",
                is_significant=bool(row["significant"]),
                n_dates=int(row["n_dates"]),
            )
        )
    return found


def unwrapping_texts(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return how the interferograms of a stack were unwrapped and mended, as names and texts."""
    if not found:
        return ()
    parts = [row["n_components"] for row in found["pairs"] if "n_components" in row]
    rows = [("unwrapper", ", ".join(found["methods"]) or "not recorded")]
    failed = found["n_failed"]
    rows.append(("unwrapped", f"{found['n_pairs'] - failed} of {found['n_pairs']} interferograms"))
    if parts:
        middle, most = sorted(parts)[len(parts) // 2], max(parts)
        rows.append(
            (
                "regions",
                f"{middle} in a typical interferogram, {most} at most, after {found['n_bridges']} bridges in all",
            )
        )
    repair = found["repair"].get("repair", {})
    if "n_regions" in repair:
        text = f"{repair['n_repaired']} of {repair['n_regions']} regions where triplets close on whole cycles"
        rows.append(("mended", text))
    elif repair.get("why_none"):
        rows.append(("mended", f"nothing: {repair['why_none']}"))
    return tuple(rows)
