"""Bursts that hold nothing but zeros, found by a few of their lines before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from fringeworks.errors import FringeworksError
from fringeworks.model.tally import Finding
from fringeworks.workflow.scenes.stack import BurstSource, SceneDate

_PLACES: Final = (0.25, 0.5, 0.75)
"""Where in a burst's valid lines one is looked at, as shares of them."""


def zero_bursts(scenes: Sequence[SceneDate], names: Iterable[str]) -> tuple[Finding, ...]:
    """Warn of bursts that show nothing.

    Parameters
    ----------
    scenes : sequence of SceneDate
        The dates.
    names : iterable of str
        Bursts that are processed.

    Returns
    -------
    tuple of Finding
        One for each date with such bursts.  Only rasters whose lines lie at known places are looked into (folders, and
        zips that store without packing): unpacking a zip up to a line costs as much as reading it.
    """
    wanted, found = tuple(names), []
    for scene in scenes:
        empty = [name for name in wanted if name in scene.bursts and _is_empty(scene.bursts[name])]
        if empty:
            text = (
                f"{scene.day}: {', '.join(empty)} {'holds' if len(empty) == 1 else 'hold'} nothing but zeros in the lines "
                "looked at, and will be taken for missing: this date's interferograms lack that ground"
            )
            found.append(Finding("warning", "samples", text))
    return tuple(found)


def _is_empty(source: BurstSource) -> bool:
    try:
        samples, valid = source.integers(), source.burst().valid
        if not samples.is_direct:
            return False
        lines = sorted({valid.row + int(share * (valid.rows - 1)) for share in _PLACES})
        return not any(np.any(samples[line, valid.col : valid.col + valid.cols, :]) for line in lines)
    except FringeworksError:
        # a raster that is absent or damaged is refused by name where it is needed
        return False
