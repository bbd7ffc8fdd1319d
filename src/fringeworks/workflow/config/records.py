"""From YAML values to frozen option records, and back to commented YAML.

The option records of the science rooms carry default, meaning, unit and range of every field
(:mod:`fringeworks.model.options`); what is here works for any of them.
"""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from fringeworks.errors import ConfigurationError, OutOfRangeError, UnknownKeyError

T = TypeVar("T")
_STRICT = ConfigDict(arbitrary_types_allowed=True)


def record_from(kind: type[T], values: Mapping[str, Any] | None, *, where: str = "") -> T:
    """Build an option record from plain values.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are options, or option records themselves.
    values : mapping, optional
        What the user wrote; absent keys take their defaults.
    where : str
        Path of keys that leads here, for messages.

    Raises
    ------
    UnknownKeyError
        A key that the record does not have; the message names the nearest known key.
    ConfigurationError
        A value of the wrong type or outside its range.
    """
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise ConfigurationError(
            f"{where} = {values!r}", expected="a section with keys", hint="see `fringeworks config new`"
        )
    known = {f.name: f for f in _fields(kind)}
    for key in values:
        if key not in known:
            _refuse_key(str(key), list(known), where)
    hints = typing.get_type_hints(kind)
    arguments: dict[str, Any] = {}
    for name, field in known.items():
        path = f"{where}.{name}" if where else name
        if is_dataclass(hints[name]):
            arguments[name] = record_from(typing.cast("type[Any]", hints[name]), values.get(name), where=path)
        elif name in values:
            arguments[name] = _checked(values[name], hints[name], field, path)
    try:
        return kind(**arguments)
    except OutOfRangeError as error:  # a record that checks its own words
        place = f"{where}: " if where else ""
        raise ConfigurationError(f"{place}{error.found}", expected=error.expected, hint=error.hint) from error


def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return fields(kind)


def _refuse_key(key: str, known: list[str], where: str) -> None:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    place = f"{where}.{key}" if where else key
    raise UnknownKeyError(
        f"unknown key {place!r} in the configuration",
        expected=f"one of {', '.join(known)}",
        hint=f"did you mean {near[0]!r}?" if near else "`fringeworks config new` lists every key",
    )


def _checked(value: Any, hint: Any, field: Field[Any], path: str) -> Any:
    unit = field.metadata.get("unit", "")
    try:
        result = TypeAdapter(hint, config=_STRICT).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ConfigurationError(
            f"{path} = {value!r}: {reason}",
            expected=f"{_type_name(hint)}{f' in {unit}' if unit else ''}: {field.metadata.get('meaning', '')}",
        ) from error
    for number in _numbers(result):
        _check_range(number, field, path)
    return result


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)


def _check_range(number: float, field: Field[Any], path: str) -> None:
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if math.isnan(number) or (low is not None and number < low) or (high is not None and number > high):
        unit = field.metadata.get("unit", "")
        raise ConfigurationError(
            f"{path} = {number:g}{f' {unit}' if unit else ''}",
            expected=f"between {'-inf' if low is None else f'{low:g}'} and {'inf' if high is None else f'{high:g}'}",
            hint=str(field.metadata.get("meaning", "")),
        )


def _type_name(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return " | ".join(str(a) for a in typing.get_args(hint))
    if origin in {typing.Union, types.UnionType}:
        return " or ".join("nothing" if a is types.NoneType else _type_name(a) for a in typing.get_args(hint))
    if origin in {list, tuple}:
        inner = [a for a in typing.get_args(hint) if a is not Ellipsis]
        return f"list of {_type_name(inner[0])}" if inner else "list"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}.get(
        getattr(hint, "__name__", str(hint)), str(hint)
    )


def plain(record: Any) -> Any:
    """Return an option record as plain values, nested as in the YAML."""
    if is_dataclass(record) and not isinstance(record, type):
        return {f.name: plain(getattr(record, f.name)) for f in fields(record)}
    if isinstance(record, list | tuple):
        return [plain(item) for item in record]
    return record


def default_of(field: Field[Any]) -> Any:
    """Return the default of an option."""
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None


def commented_yaml(kind: type[Any], *, indent: int = 0) -> list[str]:
    """Return the lines of a YAML text that holds every key with its meaning, unit, range and default."""
    hints = typing.get_type_hints(kind)
    pad = "  " * indent
    lines: list[str] = []
    for field in _fields(kind):
        hint = hints[field.name]
        lines += [f"{pad}# {text}" for text in _explanation(field, hint)]
        if is_dataclass(hint):
            lines.append(f"{pad}{field.name}:")
            lines += commented_yaml(typing.cast("type[Any]", hint), indent=indent + 1)
        else:
            lines.append(f"{pad}{field.name}: {_yaml_value(default_of(field))}")
        if indent == 0:
            lines.append("")
    return lines


def _explanation(field: Field[Any], hint: Any) -> list[str]:
    meaning = str(field.metadata.get("meaning", ""))
    if is_dataclass(hint):
        return _wrapped(meaning)
    details = [_type_name(hint)]
    if field.metadata.get("unit"):
        details.append(f"unit: {field.metadata['unit']}")
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if low is not None or high is not None:
        details.append(
            f"range: {'-inf' if low is None else f'{low:g}'} to {'inf' if high is None else f'{high:g}'}"
        )
    return _wrapped(f"{meaning} ({'; '.join(details)})")


def _wrapped(text: str, width: int = 100) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line] if line else lines


def _yaml_value(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000).strip()
    return text.removesuffix("...").strip() or "null"
