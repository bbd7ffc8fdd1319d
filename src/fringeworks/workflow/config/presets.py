"""Presets: settings that suit one kind of ground, which everything a user writes overrides."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fringeworks.errors import UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Settings for one kind of ground.

    Attributes
    ----------
    name : str
        What stands behind `preset:`.
    meaning : str
        For whom, and what it trades.
    values : mapping
        Keys of the run configuration.
    """

    name: str
    meaning: str
    values: Mapping[str, Any]


PRESETS: Final = {
    p.name: p
    for p in (
        Preset(
            name="infrastructure",
            meaning="one dam, bridge or plant: every scatterer that holds, small windows, strict tests",
            values={
                "method": "ps+ds",
                "products": {"spacing_m": 20.0},
                "linking": {
                    "window_azimuth": 5,
                    "window_range": 15,
                    "neighbours": {"method": "anderson-darling"},
                },
                "points": {"network": {"max_arc_length": 500.0}},
            },
        ),
        Preset(
            name="urban",
            meaning="towns: many persistent scatterers of differing height, ground between them where it holds",
            values={
                "method": "ps+ds",
                "products": {"spacing_m": 30.0},
                "linking": {"window_azimuth": 7, "window_range": 21, "neighbours": {"method": "glrt"}},
            },
        ),
        Preset(
            name="volcano",
            meaning="bare flanks with steep gradients: distributed scatterers, windows small enough for the gradient",
            values={
                "method": "ds",
                "products": {"spacing_m": 40.0},
                "linking": {"window_azimuth": 9, "window_range": 27, "neighbours": {"method": "window"}},
                "pairs": {"network": {"n_next": 3}},
            },
        ),
        Preset(
            name="tectonic",
            meaning="slow motion over hundreds of kilometres: large cells, long pairs against the bias of short ones",
            values={
                "method": "ds",
                "products": {"spacing_m": 100.0},
                "linking": {"window_azimuth": 13, "window_range": 41, "neighbours": {"method": "window"}},
            },
        ),
        Preset(
            name="landslide",
            meaning="small slides on vegetated slopes: fine cells, like samples only, points of both kinds",
            values={
                "method": "ps+ds",
                "products": {"spacing_m": 20.0},
                "linking": {
                    "window_azimuth": 7,
                    "window_range": 21,
                    "neighbours": {"method": "anderson-darling"},
                },
            },
        ),
    )
}
"""By name."""


def with_preset(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lay what a user wrote over the preset it names; without one, give it back as it is.

    Raises
    ------
    UnknownNameError
        There is no such preset.
    """
    name = values.get("preset")
    if not name:
        return values
    if name not in PRESETS:
        raise UnknownNameError(f"preset {name!r}", expected=f"one of {', '.join(PRESETS)}")
    return _over(copy.deepcopy(dict(PRESETS[name].values)), values)


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in above.items():
        held = below.get(key)
        if isinstance(value, Mapping) and isinstance(held, dict):
            below[key] = _over(held, value)
        else:
            below[key] = value
    return below
