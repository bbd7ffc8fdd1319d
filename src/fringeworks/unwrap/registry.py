"""The unwrappers at hand: those of the house and those other packages offer."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

from fringeworks.errors import UnknownNameError
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapper

GROUP: Final = "fringeworks.unwrappers"
"""Entry-point group in which other packages name their unwrappers."""

_OWN: Final = MappingProxyType(
    {
        "growing": "fringeworks.unwrap.growing:GrowingUnwrapper",
        "snaphu": "fringeworks.unwrap.snaphu:SnaphuUnwrapper",
        "whirlwind": "fringeworks.unwrap.whirlwind:WhirlwindUnwrapper",
    }
)


def unwrapper_names() -> tuple[str, ...]:
    """Return the names of all unwrappers, in alphabetical order, without loading them."""
    return tuple(sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))}))


def unwrapper_named(name: str, options: UnwrapOptions | None = None) -> Unwrapper:
    """Return the unwrapper of a method.

    Parameters
    ----------
    name : str
        ``whirlwind``, ``snaphu``, ``growing``, or what another package offers; the house's own win over others of
        the same name.
    options : UnwrapOptions, optional
        Given to those whose class takes an argument of that name; others are made without arguments.

    Raises
    ------
    UnknownNameError
        Nobody offers this method, or what is offered cannot be loaded or does not keep the protocol.
    MissingExtraError
        The method needs a library that is not installed; the message names the extra.
    """
    names = unwrapper_names()
    if name not in names:
        near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"unwrapping method {name!r}",
            expected="one of " + ", ".join(names),
            hint=f"did you mean {near[0]!r}?" if near else "install the package that offers it",
        )
    kind = _own(name) if name in _OWN else _load(_point(name))
    made = _make(kind, options or UnwrapOptions())
    if not isinstance(made, Unwrapper):
        raise UnknownNameError(
            f"unwrapper {name!r} ({kind}) does not keep the protocol",
            expected="attributes name and licence, method unwrap",
            hint="tell the package's authors",
        )
    return made


def _own(name: str) -> Any:
    module, _, attribute = _OWN[name].partition(":")
    return getattr(import_module(module), attribute)


def _point(name: str) -> EntryPoint:
    return next(point for point in entry_points(group=GROUP) if point.name == name)


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise UnknownNameError(
            f"unwrapper {point.name!r} ({point.value}) cannot be loaded: {error}",
            expected="a class that can be imported",
            hint="reinstall or remove the package that names it",
        ) from error


def _make(kind: Any, options: UnwrapOptions) -> Any:
    """Call the class, with options where it takes them; an object that is an unwrapper already stays as it is."""
    if not callable(kind):
        return kind
    try:
        takes_options = "options" in inspect.signature(kind).parameters
    except ValueError:
        takes_options = False
    return kind(options=options) if takes_options else kind()
