"""Where bursts lie on the common grid, kept beside the arrays of a run, so that they can be read without the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fringeworks.model.grids import RadarGrid, Shape, Window
from fringeworks.workflow.scenes.stack import SceneStack


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBurst:
    """One burst of the common grid.

    Attributes
    ----------
    name, swath : str
        As in the store and in reports.
    keep : Window
        Samples that the joined image takes of it.
    stored : Window
        Samples that the store holds.
    """

    name: str
    swath: str
    keep: Window
    stored: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLayout:
    """The common grid of a run and what of it is stored.

    Attributes
    ----------
    grid : RadarGrid
        Times and ranges of the common grid.
    wavelength : float
        [m].
    dates : tuple of date
        In the order of the store.
    reference : date
        Whose grid it is.
    polarisation : str
        Of all samples.
    bursts : tuple of StoredBurst
        Those that are processed.
    """

    grid: RadarGrid
    wavelength: float
    dates: tuple[date, ...]
    reference: date
    polarisation: str
    bursts: tuple[StoredBurst, ...]

    def burst(self, name: str) -> StoredBurst | None:
        """Return a burst by its name, or None."""
        return next((b for b in self.bursts if b.name == name), None)


def layout_values(scenes: SceneStack) -> dict[str, Any]:
    """Return the layout of a stack of images as plain values for JSON."""
    grid = scenes.frame.grid
    return {
        "grid": {
            "epoch": grid.epoch,
            "azimuth_start_s": grid.azimuth_start,
            "azimuth_step_s": grid.azimuth_step,
            "range_start_m": grid.range_start,
            "range_step_m": grid.range_step,
            "shape": list(grid.shape),
        },
        "wavelength_m": scenes.wavelength,
        "dates": [d.isoformat() for d in scenes.days],
        "reference": scenes.days[scenes.reference].isoformat(),
        "polarisation": scenes.polarisation.value,
        "bursts": [
            {
                "name": b.name,
                "swath": b.swath.value,
                "keep": _numbers(b.keep),
                "stored": _numbers(scenes.stored[b.name]),
            }
            for b in scenes.frame.bursts
            if b.name in scenes.stored
        ],
    }


def layout_from(values: Mapping[str, Any]) -> FrameLayout:
    """Return the layout that :func:`layout_values` gave."""
    grid = values["grid"]
    return FrameLayout(
        grid=RadarGrid(
            epoch=grid["epoch"],
            azimuth_start=grid["azimuth_start_s"],
            azimuth_step=grid["azimuth_step_s"],
            range_start=grid["range_start_m"],
            range_step=grid["range_step_m"],
            shape=Shape(*grid["shape"]),
        ),
        wavelength=values["wavelength_m"],
        dates=tuple(date.fromisoformat(d) for d in values["dates"]),
        reference=date.fromisoformat(values["reference"]),
        polarisation=values["polarisation"],
        bursts=tuple(
            StoredBurst(
                name=b["name"], swath=b["swath"], keep=_window(b["keep"]), stored=_window(b["stored"])
            )
            for b in values["bursts"]
        ),
    )


def _numbers(window: Window) -> list[int]:
    return [window.row, window.col, window.rows, window.cols]


def _window(numbers: Sequence[int]) -> Window:
    row, col, rows, cols = numbers
    return Window(row, col, rows, cols)
