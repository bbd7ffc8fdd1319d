"""Corrections taken out before filtering: the tide of an invented scene, on the radar grid, and given back when asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from tests.workflow.images.conftest import write_scene
from tests.workflow.images.test_chain import WAVELENGTH, map_truth

from fringeworks.errors import ConfigurationError
from fringeworks.io.store import WorkingStore
from fringeworks.workflow.run import run

METRES = -WAVELENGTH / (4.0 * np.pi)
PAIR = "20230108_20230120"


@pytest.fixture(scope="module")
def tidal(tmp_path_factory):
    """Give a scene whose ground the tide moves."""
    return write_scene(tmp_path_factory.mktemp("tidal") / "scene", tides=True, motions=())


@pytest.fixture(scope="module")
def runs(tidal, tmp_path_factory):
    """Give runs of its first pair: with the tide as it is, taken out, and taken out and given back."""
    first, second, _ = tidal.products
    found = {}
    for name, section in {
        "plain": {},
        "out": {"before_filter": ["solid-earth-tide"]},
        "back": {"before_filter": ["solid-earth-tide"], "give_back": True},
    }.items():
        config = tidal.config(
            tmp_path_factory.mktemp(name) / "out",
            inputs={"slc": [str(first), str(second)]},
            method="pair",
            coregistration={"reference_date": "2023-01-08"},
            corrections=section,
        )
        found[name] = run(config, until="publish")
    return found


def layer(outcome, name):
    with rasterio.open(outcome.output / "products/interferograms" / PAIR / f"{name}.tif") as file:
        return file.read(1)


def test_what_is_taken_out_is_the_tide(tidal, runs):
    path = runs["out"].output / "products/interferograms" / PAIR / "model_phase.tif"
    found, _, inside = map_truth(tidal, path, 0, 1)
    tide = tidal.truth.layers["tide"]
    _, moved, _ = map_truth(tidal, path, 0, 1)  # nothing but the tide moves here
    use = np.isfinite(found) & inside
    assert use.sum() > 1000
    predicted = METRES * found[use]
    assert np.abs(moved[use]).max() > 0.01
    assert np.abs(tide).max() > 0.01
    # the simulator's tide lacks the terms of degree 3 and takes nominal Love numbers: millimetres that hardly vary
    assert np.abs(predicted - moved[use]).max() < 0.004
    rest = predicted - moved[use]
    assert np.ptp(rest) < 2e-4


def test_the_displacement_lacks_the_tide_or_holds_it(tidal, runs):
    found = {name: layer(outcome, "displacement") for name, outcome in runs.items()}
    coherent = layer(runs["plain"], "coherence") > 0.6
    use = coherent & np.isfinite(found["plain"]) & np.isfinite(found["out"]) & np.isfinite(found["back"])
    assert use.sum() > 1000
    model = METRES * layer(runs["out"], "model_phase")
    for name, wanted in (("out", found["plain"] - model), ("back", found["plain"])):
        rest = (found[name] - wanted)[use]
        rest -= WAVELENGTH / 2 * np.rint(np.median(rest) / (WAVELENGTH / 2))
        # the filter answers to fringes of another slope by a tenth of a millimetre
        assert np.abs(rest).max() < 1e-3
        assert np.sqrt(np.mean(rest**2)) < 2e-4
    assert np.ptp(model[use]) > 2e-4


def test_it_is_said_and_recorded(runs):
    kept = WorkingStore(runs["out"].output / "work").step("predict").get("corrections")
    assert kept["used"] == ["solid-earth-tide"]
    assert kept["excluded"] == []
    assert not kept["given_back"]
    manifest = json.loads((runs["out"].output / "manifest.json").read_text())
    assert any(step["name"] == "predict" for step in manifest["steps"])
    assert not WorkingStore(runs["plain"].output / "work").step("predict").record()


def test_a_changed_mind_runs_only_what_hangs_below(tidal, runs):
    from dataclasses import replace

    from fringeworks.workflow.plan import make_plan

    config = runs["out"].plan.config
    other = replace(config, corrections=replace(config.corrections, give_back=True))
    states = {s.stage.name: s.state for s in make_plan(other).steps}
    assert states["predict"] == states["unwrap"] == "done"
    assert states["geocode"] == "stale"


def test_requests_that_contradict_themselves(tidal, tmp_path):
    both = {"names": ["solid-earth-tide"], "before_filter": ["solid-earth-tide"]}
    with pytest.raises(ConfigurationError, match="subtracted twice"):
        tidal.config(tmp_path / "out", corrections=both)
