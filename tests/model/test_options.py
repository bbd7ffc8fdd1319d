"""Options: default, meaning, unit and range in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields

from fringeworks.model.options import option, section


@dataclass(frozen=True)
class Sample:
    """Three options."""

    limit: float = option(0.7, meaning="Lowest value.", unit="1", minimum=0.0, maximum=1.0)
    names: list = option([], meaning="Names.")
    table: dict = option({"a": 1}, meaning="Table.")


def test_an_option_carries_what_a_user_reads():
    described = {item.name: item.metadata for item in fields(Sample)}
    assert described["limit"] == {"meaning": "Lowest value.", "unit": "1", "minimum": 0.0, "maximum": 1.0}
    assert described["names"] == {"meaning": "Names.", "unit": "", "minimum": None, "maximum": None}


def test_defaults_that_could_change_are_copied_for_each_record():
    first, second = Sample(), Sample()
    assert first.limit == 0.7
    first.names.append("x")
    first.table["b"] = 2
    assert second.names == []
    assert second.table == {"a": 1}
    assert Sample().table == {"a": 1}


@dataclass(frozen=True)
class Outer:
    """A record that holds another."""

    inner: Sample = section(Sample, "Options of the sample.")


def test_a_section_has_the_defaults_of_its_record():
    assert Outer() == Outer(inner=Sample())
    assert fields(Outer)[0].metadata == {"meaning": "Options of the sample."}
