"""What others add to the house through entry points."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Final

from fringeworks.corrections.protocol import Correction
from fringeworks.corrections.solid_tide import SolidEarthTide
from fringeworks.errors import UnknownNameError
from fringeworks.products.family import Family

BUILT_IN: Final[Mapping[str, Callable[[], Correction]]] = MappingProxyType(
    {SolidEarthTide.name: SolidEarthTide}
)
"""Corrections of the house, by name."""


def correction_named(name: str) -> Correction:
    """Return a correction of the house, or an installed one.

    Raises
    ------
    UnknownNameError
        Nobody offers it; the message names those at hand.
    """
    made = BUILT_IN[name]() if name in BUILT_IN else _load("corrections", name)
    if not isinstance(made, Correction):
        raise UnknownNameError(
            f"correction {name!r} lacks part of the protocol",
            expected="name, needs and delay (fringeworks.corrections.protocol.Correction)",
        )
    return made


def family_named(name: str) -> Family:
    """Return an installed product family.

    Raises
    ------
    UnknownNameError
        Nobody offers it; the message names those at hand.
    """
    made = _load("products", name)
    if not isinstance(made, Family):
        raise UnknownNameError(
            f"product family {name!r} lacks part of the protocol",
            expected="name and write (fringeworks.products.family.Family)",
        )
    return made


def _load(group: str, name: str) -> Any:
    offered = {e.name: e for e in entry_points(group=f"fringeworks.{group}")}
    known = sorted({*offered, *(BUILT_IN if group == "corrections" else ())})
    if name not in offered:
        near = difflib.get_close_matches(name, known, n=1)
        raise UnknownNameError(
            f"{group.rstrip('s')} {name!r} is not installed",
            expected=f"one of {', '.join(known) or 'none: nothing is installed in this group'}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else f"packages add to it by the entry-point group fringeworks.{group}",
        )
    found = offered[name].load()
    return found() if isinstance(found, type) else found
