"""The simulator writes the same layout by another hand: reader and simulator agree on every number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fringeworks.io.importers import ReaderOptions, reader_named
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.gamma_layout import write_gamma
from fringeworks.simulate.stack import simulate_interferograms


@pytest.fixture(scope="module", params=["ascending", "descending"])
def both(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    scenario = demo_scenario(shape=Shape(40, 60), n_dates=8)
    scenario = replace(scenario, acquisition=replace(scenario.acquisition, pass_direction=request.param))
    truth = simulate_interferograms(scenario, rng=np.random.default_rng(7))
    write_gamma(truth, folder)
    return truth, reader_named("gamma").read(folder, options=ReaderOptions())


def test_phases_and_coherence_are_those_written(both):
    truth, stack = both
    strip = truth.whole()
    np.testing.assert_array_equal(np.isfinite(stack.phase[...]), np.isfinite(strip.phase))
    np.testing.assert_allclose(stack.phase[...], strip.phase, atol=2e-7)  # exact zeros are written as 1e-7


def test_look_geometry_agrees(both):
    """float32 at 850 km steps by 1/16 m; angles to a millionth of a radian."""
    truth, stack = both
    look = truth.look(slice(0, 40))
    np.testing.assert_allclose(stack.slant_range[...], look.slant_range, atol=0.1)
    np.testing.assert_allclose(stack.incidence[...], look.incidence, atol=1e-6)
    np.testing.assert_allclose(stack.los_enu[...], look.los_enu, atol=1e-6)


def test_height_sensitivity_agrees_in_sign_and_size(both):
    """B / (R sin(incidence)) is the simulator's change of range per metre of height, from positions in space."""
    truth, stack = both
    look = truth.look(slice(0, 40))
    baseline = stack.perpendicular_baseline[...]
    for k, (one, two) in enumerate(truth.network.endpoints()):
        expected = look.metres_per_height(truth.geometry.pair_baseline(int(one), int(two)))
        found = baseline[k] / (stack.slant_range[...] * np.sin(stack.incidence[...]))
        # first order in baseline over range, and headers rounded to 1e-7: 1e-3 of the largest
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max() + 1e-9)


def test_every_check_passes(both):
    _, stack = both
    assert {f.level for f in stack.findings} <= {"ok", "note"}
    assert stack.facts.height_datum == "ellipsoid"
    assert stack.facts.platforms == ("S1A",)
