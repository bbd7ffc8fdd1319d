"""What others add to the house through entry points."""

from __future__ import annotations

import difflib
from importlib.metadata import entry_points
from typing import Any

from fringeworks.corrections.protocol import Correction
from fringeworks.errors import UnknownNameError
from fringeworks.products.family import Family


def correction_named(name: str) -> Correction:
    """Return an installed correction.

    Raises
    ------
    UnknownNameError
        Nobody offers it; the message names those at hand.
    """
    made = _load("corrections", name)
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
    if name not in offered:
        near = difflib.get_close_matches(name, offered, n=1)
        raise UnknownNameError(
            f"{group.rstrip('s')} {name!r} is not installed",
            expected=f"one of {', '.join(sorted(offered)) or 'none: nothing is installed in this group'}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else f"packages add to it by the entry-point group fringeworks.{group}",
        )
    found = offered[name].load()
    return found() if isinstance(found, type) else found
