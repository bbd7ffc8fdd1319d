"""Every option of the configuration says what it means, and its default is a value it allows."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import get_type_hints

import pytest

from fringeworks.workflow.config.records import default_of
from fringeworks.workflow.config.schema import RunConfig


def options(kind=RunConfig, path=""):
    hints = get_type_hints(kind)
    for field in fields(kind):
        name = f"{path}.{field.name}" if path else field.name
        yield pytest.param(field, id=name)
        if is_dataclass(hints[field.name]):
            yield from options(hints[field.name], name)


@pytest.mark.parametrize("field", list(options()))
def test_an_option_means_something(field):
    assert len(field.metadata["meaning"]) > 10


@pytest.mark.parametrize("field", list(options()))
def test_a_default_lies_in_its_range(field):
    default = default_of(field)
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    numbers = default if isinstance(default, tuple) else (default,)
    for value in numbers:
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert low is None or value >= low
            assert high is None or value <= high


@pytest.mark.parametrize("field", list(options()))
def test_a_unit_in_the_name_is_the_unit_of_the_option(field):
    for suffix, unit in {
        "_m": "m",
        "_rad": "rad",
        "_deg": "degree",
        "_days": "days",
        "_years": "years",
    }.items():
        if field.name.endswith(suffix):
            assert field.metadata["unit"] == unit
