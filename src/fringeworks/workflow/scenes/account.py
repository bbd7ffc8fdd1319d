"""What of the images was asked for, found, used and left out: dates, bursts, products, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.geometry.baseline import as_height_sensitivity
from fringeworks.workflow.scenes.stack import SceneDate, SceneStack

_DAY: Final = re.compile(r"_(\d{4})(\d{2})(\d{2})T\d{6}_")
NOT_HELD: Final = "no product of this date holds it"
OUTSIDE: Final = "it lies outside the area"
EMPTY: Final = "no valid sample: zeros, or ground without heights"


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstTable:
    """Dates x bursts: what is held, and what of it is used.

    Attributes
    ----------
    dates : tuple of date
        Rows, in order of time.
    names, swaths : tuple of str
        Columns, by sub-swath and along the flight: name of the burst, and its sub-swath.
    held, used : bool, (date, burst)
        Whether a product of the date holds the burst, and whether it is processed.
    excluded : tuple of (date, str, str)
        Every cell that is not used: date, burst, reason.
    """

    dates: tuple[date, ...]
    names: tuple[str, ...]
    swaths: tuple[str, ...]
    held: NDArray[np.bool_]
    used: NDArray[np.bool_]
    excluded: tuple[tuple[date, str, str], ...]

    def cells(self, chosen: NDArray[np.bool_]) -> list[str]:
        """Return ``2023-01-08 T107-228513-IW1`` for each cell of a (date, burst) choice."""
        return [f"{self.dates[d].isoformat()} {self.names[b]}" for d, b in np.argwhere(chosen)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: cells asked for, found, used and left out, and the matrix of those used."""
        return {
            "requested": self.cells(np.ones_like(self.held)),
            "found": self.cells(self.held),
            "used": self.cells(self.used),
            "excluded": [{"date": d.isoformat(), "burst": b, "reason": why} for d, b, why in self.excluded],
            "columns": [
                {"name": name, "swath": swath, "n_dates": int(self.used[:, k].sum())}
                for k, (name, swath) in enumerate(zip(self.names, self.swaths, strict=True))
            ],
            "rows": [d.isoformat() for d in self.dates],
            "matrix": self.used.astype(int).tolist(),
        }


def burst_table(scenes: SceneStack, *, empty: Collection[tuple[str, str]] = ()) -> BurstTable:
    """Arrange the bursts of the frame by date.

    Parameters
    ----------
    scenes : SceneStack
        The images.
    empty : collection of (str, str)
        ISO date and burst of those that turned out to hold no valid sample.
    """
    names = tuple(b.name for b in scenes.frame.bursts)
    held = np.array([[name in d.bursts for name in names] for d in scenes.dates], np.bool_)
    inside = np.array([name in scenes.stored for name in names], np.bool_)
    used = held & inside
    excluded: list[tuple[date, str, str]] = []
    for row, day in enumerate(scenes.days):
        for col, name in enumerate(names):
            if (day.isoformat(), name) in empty:
                used[row, col] = False
            if not used[row, col]:
                why = NOT_HELD if not held[row, col] else EMPTY if inside[col] else OUTSIDE
                excluded.append((day, name, why))
    return BurstTable(
        dates=scenes.days,
        names=names,
        swaths=tuple(b.swath.value for b in scenes.frame.bursts),
        held=held,
        used=used,
        excluded=tuple(excluded),
    )


def empty_bursts(rows: Collection[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return date and burst of those without a valid sample, from what the alignment counted."""
    return {(row["date"], row["burst"]) for row in rows if row["n_valid"] == 0}


def baselines_of(scenes: SceneStack) -> tuple[float, ...]:
    """Return each date's perpendicular baseline from the reference date [m], signed as those of interferograms are.

    Positive: a scatterer above the height used adds to the phase (:func:`geometry.baseline.as_height_sensitivity`).
    """
    signed = as_height_sensitivity([scene.baseline for scene in scenes.dates]) + 0.0  # no negative zero
    return tuple(float(value) for value in signed)


def date_values(scenes: SceneStack) -> list[dict[str, Any]]:
    """Return what is known of each date: platform, products, orbit, baseline from the reference date, Doppler."""
    return [
        _date(scenes, k, scene, baseline)
        for k, (scene, baseline) in enumerate(zip(scenes.dates, baselines_of(scenes), strict=True))
    ]


def _date(scenes: SceneStack, index: int, scene: SceneDate, baseline: float) -> dict[str, Any]:
    return {
        "date": scene.day.isoformat(),
        "platform": scene.platform,
        "products": list(scene.products),
        "orbit": scene.orbit.source,
        "orbit_files": list(scene.orbit_files),
        "perpendicular_baseline_m": round(baseline, 3),
        "doppler_hz": round(float(scene.doppler), 2),
        "n_bursts": sum(b.name in scene.bursts for b in scenes.frame.bursts),
        "is_reference": index == scenes.reference,
    }


def lost_days(scenes: SceneStack) -> list[tuple[str, str]]:
    """Return ISO date and reason of the dates that no readable product holds, as far as names of products tell."""
    known = {d.isoformat() for d in scenes.days} | {day for day, _ in scenes.left_out}
    found: dict[str, str] = {}
    for name, why in scenes.missing:
        parts = _DAY.search(name)
        day = "-".join(parts.groups()) if parts else ""
        if day and day not in known:
            found.setdefault(day, f"its product cannot be read: {why}")
    return sorted(found.items())


def product_values(scenes: SceneStack) -> dict[str, Any]:
    """Return which products were asked for, found, used and left out."""
    used = [name for scene in scenes.dates for name in scene.products]
    refused = [name for name, _ in scenes.missing]
    return {
        "requested": sorted({*used, *refused}),
        "found": sorted(used),
        "used": sorted(used),
        "excluded": [{"product": name, "reason": why} for name, why in scenes.missing],
    }


def scene_values(scenes: SceneStack) -> dict[str, Any]:
    """Return all that is settled before a pixel is read, as plain values for JSON."""
    grid = scenes.grid
    return {
        "track": scenes.track,
        "pass": scenes.pass_direction,
        "polarisation": scenes.polarisation.value,
        "wavelength_m": scenes.wavelength,
        "reference_date": scenes.dates[scenes.reference].day.isoformat(),
        "reference_reason": scenes.reference_reason,
        "looks": {"azimuth": scenes.looks.azimuth, "range": scenes.looks.range},
        "radar_shape": list(scenes.frame.grid.shape),
        "looked_shape": list(scenes.looked),
        "map": {
            "crs": grid.crs,
            "shape": list(grid.shape),
            "spacing": [abs(grid.x_step), abs(grid.y_step)],
            "bounds": list(grid.bounds),
        },
        "heights_m": [round(float(h), 1) for h in scenes.heights],
        "dates": date_values(scenes),
        "bursts": burst_table(scenes).as_dict(),
        "products": product_values(scenes),
        "left_out": [{"date": day, "reason": why} for day, why in (*scenes.left_out, *lost_days(scenes))],
    }
