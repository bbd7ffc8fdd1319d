"""The plain inversion of the real stack gives the figures of the data's inventory, and the reader gives its phases."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from fringeworks.io.importers import ReaderOptions, reader_named
from validation import mexico_city

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def folder(helper_data):
    return helper_data / "interferograms-mexico-city" / "cropA"


@pytest.fixture(scope="module")
def found(folder):
    return mexico_city.figures(folder)


def test_the_inventory_is_met(found):
    """Figures as the inventory rounds them: 0.27 rad, -195 and +97 mm/yr, 19 of 24 triplets."""
    assert (found["pairs"], found["dates"], found["rank"]) == (30, 13, 12)
    assert found["residual_rms_rad"] == pytest.approx(0.27, abs=0.01)
    assert found["velocity_mm_per_year"]["p1"] == pytest.approx(-195, abs=0.5)
    assert found["velocity_mm_per_year"]["p99"] == pytest.approx(97, abs=0.5)
    assert (found["triplets_below_0.65_rad"], found["triplets"]) == (19, 24)
    assert found["sign"] == "subsidence is negative"


def test_large_closures_are_ramps_of_baselines_not_lost_cycles(found):
    """Less than a pixel in a thousand is off by a cycle; and only one sign of the ramps explains the closures."""
    assert max(t["off_by_cycle"] for t in found["worst_triplets"]) < 1e-3
    assert {"20180307"} <= set(found["worst_triplets"][0]["dates"])
    spread = found["closure_spread_rad_and_baselines"]
    assert spread["if_positive_is_away"] < 0.3 * spread["as_they_are"]
    assert spread["if_positive_is_toward"] > 1.5 * spread["as_they_are"]


def test_the_reader_gives_the_same_phases_and_wavelength(folder):
    plain = mexico_city.read_plain(folder)
    stack = reader_named("gamma").read(folder, options=ReaderOptions())
    assert [(p.reference, p.secondary) for p in stack.network.pairs] == plain.pairs
    np.testing.assert_array_equal(stack.phase[...], plain.phase.astype(np.float32))
    np.testing.assert_array_equal(stack.coherence[...], plain.coherence.astype(np.float32))
    assert stack.wavelength == pytest.approx(plain.wavelength, rel=1e-12)


def test_the_reader_knows_the_sign_and_the_geometry(folder):
    stack = reader_named("gamma").read(folder, options=ReaderOptions())
    ok = " ".join(f.text for f in stack.findings if f.level == "ok" and f.topic == "sign")
    assert "if positive phase is away" in ok
    assert (stack.facts.relative_orbit, stack.facts.pass_direction) == (5, "ascending")
    # the header's 39.7 degrees hold at the swath's centre; the crop lies in near range
    incidence = np.degrees(stack.incidence[...])
    assert 31 < incidence.min() < incidence.max() < 32.5
    assert {f.level for f in stack.findings if f.topic in ("baseline", "geometry", "closure")} == {"ok"}


def test_the_command_prints_one_json_document(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mexico_city", "--json", "--folder", str(folder)])
    mexico_city.main()
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["name"] == "mexico_city"
