"""The readers at hand: those of the house and those other packages offer."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

from fringeworks.errors import UnknownNameError
from fringeworks.io.importers.protocol import StackReader

GROUP: Final = "fringeworks.readers"
"""Entry-point group in which other packages name their readers."""

_OWN: Final = MappingProxyType({"gamma": "fringeworks.io.importers.gamma:GammaReader"})


def readers() -> dict[str, StackReader]:
    """Return every reader by name, in alphabetical order; the house's own win over others of the same name.

    Raises
    ------
    UnknownNameError
        A package names a reader that cannot be loaded or does not keep the protocol.
    """
    return {name: _reader(name) for name in reader_names()}


def reader_names() -> tuple[str, ...]:
    """Return the names of all readers, in alphabetical order, without loading them."""
    return tuple(sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))}))


def reader_named(name: str) -> StackReader:
    """Return the reader of a format.

    Raises
    ------
    UnknownNameError
        Nobody offers this format.
    """
    names = reader_names()
    if name not in names:
        near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"format {name!r} of an interferogram stack",
            expected="one of " + ", ".join(names),
            hint=f"did you mean {near[0]!r}?" if near else "install the package that reads it",
        )
    return _reader(name)


def _reader(name: str) -> StackReader:
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        kind: Any = getattr(import_module(module), attribute)
    else:
        kind = _load(next(point for point in entry_points(group=GROUP) if point.name == name))
    reader = kind()
    if not isinstance(reader, StackReader):
        raise UnknownNameError(
            f"reader {name!r} ({kind}) does not keep the reader protocol",
            expected="attributes format and description, methods find and read",
            hint="tell the package's authors",
        )
    return reader


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise UnknownNameError(
            f"reader {point.name!r} ({point.value}) cannot be loaded: {error}",
            expected="a class that can be imported",
            hint="reinstall or remove the package that names it",
        ) from error
