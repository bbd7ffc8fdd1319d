"""From the images and what the steps recorded of them to the report's record of images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.store import WorkingStore
from fringeworks.products.report.images import (
    EMPTY,
    MISSING,
    OUTSIDE,
    USED,
    ImageDate,
    Images,
    Seam,
    Shift,
)
from fringeworks.workflow.image_records import coregistration_values, recorded
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.scenes.account import BurstTable, burst_table, empty_bursts

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


def images_of(scenes: SceneStack, store: WorkingStore) -> Images:
    """Gather what the report says of the images.

    Parameters
    ----------
    scenes : SceneStack
        The images.
    store : WorkingStore
        Records of the steps; what is not there yet is not told.
    """
    found = coregistration_values(scenes, store)
    table = burst_table(scenes, empty=empty_bursts(recorded(store, "coregister", "bursts") or []))
    limits = found["limits"]
    return Images(
        dates=tuple(
            ImageDate(
                day=d.day,
                platform=d.platform,
                products=d.products,
                orbit=d.orbit.source,
                baseline=d.baseline,
                doppler=d.doppler,
                n_bursts=len(d.bursts),
            )
            for d in scenes.dates
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
        limits=(number(limits.get("pass_rad")), number(limits.get("fail_rad"))),
        joins=tuple(_joins(found["joins"].get("phases", {}))),
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
        verdict=row.get("verdict", ""),
    )


def _joins(phases: Mapping[str, Any]) -> list[tuple[date, str, float, float]]:
    """Return date, sub-swath, phase and sigma; a phase may stand alone or with its sigma."""
    rows = []
    for key, value in phases.items():
        day, _, swath = key.partition(" ")
        known = value if isinstance(value, Mapping) else {"phase_rad": value}
        rows.append(
            (date.fromisoformat(day), swath, number(known.get("phase_rad")), number(known.get("sigma_rad")))
        )
    return sorted(rows, key=lambda row: (row[1], row[0]))
