"""Whether short interferograms are biased: the layer of a run against closures written out, and silence without any."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from tests.workflow.conftest import write_config

from fringeworks.interferometry.bias import longest_ladders
from fringeworks.interferometry.network import connect_nearest
from fringeworks.io.store import WorkingStore
from fringeworks.model.quality import Quality
from fringeworks.workflow.config import load_config
from fringeworks.workflow.run import run


@pytest.fixture(scope="module")
def outcome(noisy_stack, tmp_path_factory):
    """Give a run to its products."""
    config = write_config(tmp_path_factory.mktemp("bias"), noisy_stack / "stack")
    return run(load_config(config))


def test_the_layer_is_what_closures_say(outcome):
    store = WorkingStore(outcome.output / "work")
    network = outcome.plan.survey.network
    kept = store.step("invert").get("bias")
    length = kept["length"]
    assert length >= 2
    verdicts = store.step("pairs").get("verdicts")["pairs"]
    assert all(row["factor"] > 0 for row in verdicts)
    zero = np.array([row["constant_rad"] for row in verdicts])
    phase = np.asarray(store.step("import").array("phase")[:], float) - zero[:, None, None]
    index = {pair: k for k, pair in enumerate(map(tuple, network.endpoints().tolist()))}
    total, years = np.zeros(phase.shape[1:], complex), np.zeros(phase.shape[1:])
    count = np.zeros(phase.shape[1:])
    for first in range(len(network.dates) - length):
        short = [index.get((k, k + 1)) for k in range(first, first + length)]
        long = index.get((first, first + length))
        if None in short or long is None:
            continue
        closure = phase[short].sum(axis=0) - phase[long]
        known = np.isfinite(closure)
        total += np.where(known, np.exp(1j * np.where(known, closure, 0)), 0)
        years += known * (network.dates[first + length] - network.dates[first]).days / 365.25
        count += known
    metres = outcome.plan.survey.stack.wavelength / (4 * np.pi)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.where(count > 0, -metres * np.angle(total) * count / years, np.nan)
    with rasterio.open(outcome.output / "products/standard/bias_rate.tif") as file:
        found = file.read(1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    flags = np.asarray(store.step("fit").array("quality_flags")[:])
    biased = np.asarray(store.step("invert").array("bias_susceptible")[:])
    assert ((flags[biased == 1] & Quality.CLOSURE_BIAS) != 0).all()
    assert kept["n_susceptible"] == int((biased == 1).sum())


def test_it_is_drawn_and_said(outcome):
    report = (outcome.output / "report.html").read_text()
    assert "excess velocity of consecutive interferograms" in report
    store = WorkingStore(outcome.output / "work")
    (said,) = [f for f in store.step("invert").record()["findings"] if f["topic"] == "closure bias"]
    assert "consecutive dates" in said["text"]


def test_the_longest_closures_of_which_there_are_some():
    from datetime import date, timedelta

    dates = [date(2021, 1, 1) + timedelta(days=12 * k) for k in range(12)]
    assert longest_ladders(connect_nearest(dates, n_next=1)) == 0
    assert longest_ladders(connect_nearest(dates, n_next=4)) == 4
    assert longest_ladders(connect_nearest(dates, n_next=9)) == 6
    assert longest_ladders(connect_nearest(dates[:4], n_next=3)) == 0
