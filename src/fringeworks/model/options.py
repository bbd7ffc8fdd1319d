"""Option records: one place for a parameter's default, meaning, unit and range.

A science room keeps its option record beside its function, as a frozen dataclass whose fields are made
by :func:`option`.  The run configuration composes these records, checks ranges and writes the commented
YAML from the same metadata, so no default exists twice.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any


def option(
    default: Any,
    *,
    meaning: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Describe one option as a dataclass field.

    Parameters
    ----------
    default : any
        Default; a list or dict is copied for each record.
    meaning : str
        One or two sentences a user reads in the commented YAML.
    unit : str
        Unit of the value, empty for pure numbers and words.
    minimum, maximum : float, optional
        Inclusive range.
    """
    metadata = {"meaning": meaning, "unit": unit, "minimum": minimum, "maximum": maximum}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def section(kind: type[Any], meaning: str) -> Any:
    """Describe a field that holds another option record, with that record's defaults."""
    return field(default_factory=kind, metadata={"meaning": meaning})
