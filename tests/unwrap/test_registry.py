"""Unwrappers by name: those of the house, those of others, and what is not there."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from tests.contracts.unwrapper import ramp
from tests.unwrap.scenes import FloodUnwrapper

from fringeworks.errors import MissingExtraError, SolverError, UnknownNameError
from fringeworks.unwrap import UnwrapOptions, registry, unwrapper_named, unwrapper_names
from fringeworks.unwrap import snaphu as adapter
from fringeworks.unwrap import whirlwind as default


class WithOptions(FloodUnwrapper):
    def __init__(self, options):
        self.options = options


class NotOne:
    name = "not-one"


@pytest.fixture
def others(monkeypatch):
    """Offer unwrappers as another package would."""

    def offer(**targets):
        points = [EntryPoint(name, target, registry.GROUP) for name, target in targets.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])

    return offer


def test_the_names_of_the_house():
    assert {"growing", "snaphu", "whirlwind"} <= set(unwrapper_names())
    assert unwrapper_named("whirlwind").licence == "BSD-3-Clause OR Apache-2.0"
    options = UnwrapOptions(smoothing=7)
    assert unwrapper_named("growing", options).options == options


def test_others_are_found_by_their_entry_point(others):
    others(flood="tests.unwrap.scenes:FloodUnwrapper", options=f"{__name__}:WithOptions")
    assert unwrapper_names() == ("flood", "growing", "options", "snaphu", "whirlwind")
    assert unwrapper_named("flood").name == "flood"
    options = UnwrapOptions(minimum_component_size=3)
    assert unwrapper_named("options", options).options == options


def test_the_house_wins_over_others_of_the_same_name(others):
    others(whirlwind="tests.unwrap.scenes:FloodUnwrapper")
    assert unwrapper_names() == ("growing", "snaphu", "whirlwind")
    assert unwrapper_named("whirlwind").name == "whirlwind"


def test_what_is_not_there_is_said(others):
    others(broken="no_such_package:Thing", empty="tests.unwrap.scenes:NoSuchName", wrong=f"{__name__}:NotOne")
    with pytest.raises(UnknownNameError, match="did you mean 'growing'"):
        unwrapper_named("growin")
    for name in ("broken", "empty"):
        with pytest.raises(UnknownNameError, match="cannot be loaded"):
            unwrapper_named(name)
    with pytest.raises(UnknownNameError, match="does not keep the protocol"):
        unwrapper_named("wrong")


def test_without_the_extra_the_message_names_it_and_the_licence(monkeypatch):
    monkeypatch.setattr(adapter, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"fringeworks\[snaphu\]") as caught:
        unwrapper_named("snaphu")
    assert "non-commercial use only" in str(caught.value)


class PanicException(BaseException):
    """What a compiled solver raises when it stops."""


@pytest.mark.parametrize("error", [RuntimeError("wrong"), ValueError("wrong"), PanicException("wrong")])
def test_whatever_stops_whirlwind_is_an_error_of_the_house(monkeypatch, error):
    def stop(*_, **__):
        raise error

    monkeypatch.setattr(default.whirlwind, "unwrap", stop)
    with pytest.raises(SolverError, match="whirlwind stopped: wrong"):
        unwrapper_named("whirlwind").unwrap(ramp()[0])


def test_stopping_by_hand_is_not_swallowed(monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(default.whirlwind, "unwrap", stop)
    with pytest.raises(KeyboardInterrupt):
        unwrapper_named("whirlwind").unwrap(ramp()[0])


def test_a_solver_that_filters_is_found_out(monkeypatch):
    monkeypatch.setattr(
        default.whirlwind,
        "unwrap",
        lambda phasor, *_, **__: (np.angle(phasor) * 0.99, np.ones(phasor.shape, np.uint32)),
    )
    with pytest.raises(SolverError, match="besides whole cycles"):
        unwrapper_named("whirlwind").unwrap(ramp()[0])


def test_a_crash_of_snaphu_is_an_error_of_the_house(monkeypatch):
    pytest.importorskip("snaphu", reason="extra snaphu is absent")
    options = UnwrapOptions(snaphu_cost="smooth")
    object.__setattr__(options, "snaphu_cost", "no such cost")
    with pytest.raises(SolverError, match="snaphu stopped"):
        unwrapper_named("snaphu", options).unwrap(ramp((12, 14))[0])


def test_snaphu_prints_nothing_to_our_output():
    pytest.importorskip("snaphu", reason="extra snaphu is absent")
    code = (
        "from tests.contracts.unwrapper import ramp; from fringeworks.unwrap import unwrapper_named;"
        "unwrapper_named('snaphu').unwrap(ramp((12, 14))[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""
