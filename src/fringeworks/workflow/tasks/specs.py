"""From the survey to the records of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Window
from fringeworks.model.stack import PairNetwork
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.tasks.aligning import DatedBurst
from fringeworks.workflow.tasks.predicting import PredictedPair

MAX_RUN = 1_500_000
"""Samples of an overlap that are looked at, at most; of wider ones every n-th piece is."""
PIECE = 512
"""Width of a piece of an overlap [samples]."""


def dated_burst(
    scenes: SceneStack, *, store: str, name: str, date: int, shift: tuple[float, float] = (0.0, 0.0)
) -> DatedBurst | None:
    """Return the record of one burst of one date, or None where the date lacks it."""
    scene, reference = scenes.dates[date], scenes.dates[scenes.reference]
    if name not in scene.bursts or name not in scenes.stored:
        return None
    return DatedBurst(
        store=store,
        name=name,
        date=date,
        frame=scenes.frame,
        window=scenes.stored[name],
        source=scene.bursts[name],
        reference=reference.seen_by,
        secondary=scene.seen_by,
        orbit=scene.orbit,
        heights=scenes.heights,
        wavelength=scenes.wavelength,
        shift=shift,
    )


def columns_of(window: Window) -> tuple[tuple[int, int], ...]:
    """Return the pieces of an overlap that are looked at: all of it, or every n-th piece of a large one."""
    pieces = [
        (col, min(PIECE, window.col + window.cols - col))
        for col in range(window.col, window.col + window.cols, PIECE)
    ]
    every = max(1, -(-window.rows * window.cols // MAX_RUN))
    chosen = pieces[::every]
    joined: list[tuple[int, int]] = []
    for col, n in chosen:
        if joined and joined[-1][0] + joined[-1][1] == col:
            joined[-1] = (joined[-1][0], joined[-1][1] + n)
        else:
            joined.append((col, n))
    return tuple(joined)


def shift_of(
    shifts: Mapping[str, Mapping[str, Any]], *, day: str, swath: str, burst: str
) -> tuple[float, float]:
    """Return lines and samples to add for a burst of a date, from the values the adjustment left.

    Raises
    ------
    OutOfRangeError
        The adjustment says nothing of the date.
    """
    row = shifts.get(f"{day} {swath}")
    if row is None:
        raise OutOfRangeError(f"no shift of {day} {swath}", expected="one for each date and sub-swath")
    lines = row.get("bursts", {}).get(burst, row["lines"])
    return float(lines), float(row["samples"])


def predictions(
    config: RunConfig, scenes: SceneStack, network: PairNetwork
) -> tuple[PredictedPair | None, ...]:
    """Return for each pair where its predicted phase is found; None where nothing is taken out before filtering."""
    if not config.corrections.before_filter:
        return (None,) * len(network.pairs)
    days = {day: k for k, day in enumerate(scenes.days)}
    return tuple(
        PredictedPair((days[pair.reference], days[pair.secondary]), scenes.wavelength)
        for pair in network.pairs
    )
