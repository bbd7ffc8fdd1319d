"""Readers by name: our own always, those of others through entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fringeworks.errors import UnknownNameError
from fringeworks.io.importers import StackReader, reader_named, reader_names, readers, registry


class Other:
    format = "other"
    description = "for a test"

    def find(self, path, /):
        return False

    def read(self, path, /, *, options):
        raise AssertionError


class Half:
    format = "half"


@pytest.fixture
def offered(monkeypatch):
    def offer(**points):
        found = [EntryPoint(name, value, registry.GROUP) for name, value in points.items()]
        monkeypatch.setattr(registry, "entry_points", lambda **_: found)

    return offer


def test_our_own_are_there_without_installation(offered):
    offered()
    assert reader_names() == ("gamma",)
    assert isinstance(reader_named("gamma"), StackReader)


def test_others_are_found_and_ours_win(offered):
    offered(other=f"{__name__}:Other", gamma=f"{__name__}:Other")
    assert reader_names() == ("gamma", "other")
    assert reader_named("gamma").description.startswith("GAMMA")


def test_unknown_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"format 'gama' .*one of .*gamma.*did you mean 'gamma'"):
        reader_named("gama")
    with pytest.raises(UnknownNameError, match="install the package that reads it"):
        reader_named("zzz")


def test_what_cannot_be_loaded_or_keeps_no_protocol(offered, monkeypatch):
    offered(lost="no_such_module_here:Reader")
    with pytest.raises(
        UnknownNameError, match=r"reader 'lost' \(no_such_module_here:Reader\) cannot be loaded"
    ):
        readers()
    offered(half="half:Half")
    monkeypatch.setattr(registry, "_load", lambda _: Half)
    with pytest.raises(UnknownNameError, match=r"reader 'half' .*does not keep the reader protocol"):
        reader_named("half")
    monkeypatch.setattr(registry, "_load", lambda _: Other)
    assert reader_named("half").description == "for a test"
