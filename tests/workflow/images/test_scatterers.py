"""From images to scatterers: points of both kinds, rasters of linked phases, and what the run says of them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio

from fringeworks.errors import TooFewDataError
from fringeworks.io.points import read_points
from fringeworks.simulate.scene.compare import read_scene_truth
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import config_from
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run

N_DATES = 8


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Give the folder of a scene of eight dates."""
    folder = tmp_path_factory.mktemp("scatterers") / "scene"
    scenario = preset_scene("small", {"n_dates": N_DATES, "samples": 260})
    simulate_scene(scenario, folder, rng=np.random.default_rng(8))
    return folder


def config(stack, out, **changes):
    inputs = {"slc": str(stack / "slc"), "orbits": str(stack / "orbits"), "dem": str(stack / "dem.tif")}
    values = {
        "method": "ps+ds",
        "inputs": inputs | changes.pop("inputs", {}),
        "products": {"spacing_m": 90},
        "output": {"directory": str(out)},
        "compute": {"max_memory": "2 GiB"},
        "points": {"network": {"false_alarm": 1e-2, "atmosphere": False}},
    }
    return config_from(values | changes, folder=out.parent)


@pytest.fixture(scope="module")
def outcome(stack, tmp_path_factory):
    return run(config(stack, tmp_path_factory.mktemp("run") / "out"))


@pytest.fixture(scope="module")
def points(outcome):
    return read_points(outcome.output / "products" / "standard" / "points.parquet")


def test_points_of_both_kinds_are_written(outcome, points):
    kinds, counts = np.unique(points.columns["kind"].astype(str), return_counts=True)
    assert set(kinds) == {"ps", "ds"}
    assert counts.min() > 100
    assert len(set(points.columns["id"])) == len(points)
    told = json.loads((outcome.output / "manifest.json").read_text())["points"]
    assert told["n_points"] == dict(zip(kinds, counts.tolist(), strict=True))
    assert len(points.dates) == N_DATES
    np.testing.assert_array_equal(points.displacement[:, 0], 0)


def test_series_follow_motion_and_air(stack, points):
    """Against what images show by the truth: noise of linked phases and of points below 0.5 rad is below 2.2 mm."""
    truth = read_scene_truth(stack / "truth")
    lon, lat = points.columns["longitude"], points.columns["latitude"]
    seen = np.stack([truth.sample(truth.seen(k), lon, lat) for k in range(N_DATES)], axis=1)
    error = points.displacement - (seen - seen[:, :1])
    inside = np.isfinite(error).all(axis=1)
    assert inside.mean() > 0.95
    error = error[inside]
    error -= np.median(error, axis=0)
    sensed = points.columns["temporal_coherence"][inside] > 0.9
    assert np.sqrt(np.median(error[sensed] ** 2)) < 2.2e-3
    # a quarter of the wavelength is half a cycle: hardly any point is a cycle off
    assert np.mean(np.abs(error[sensed]) > 0.05546576 / 4) < 0.01


def test_rasters_come_from_linked_phases(stack, outcome):
    folder = outcome.output / "products" / "standard"
    with rasterio.open(folder / "displacement_std.tif") as file:
        sigma = file.read()
    with rasterio.open(folder / "temporal_coherence.tif") as file:
        coherence = file.read(1)
    assert sigma.shape[0] == N_DATES
    known = np.isfinite(coherence)
    assert known.any()
    # linked phases have a noise of their own although their pairs close
    assert np.nanmedian(sigma[-1]) > 1e-4
    assert np.nanmin(coherence[known]) < 0.95


def test_the_run_tells_of_them(outcome):
    page = (outcome.output / "report.html").read_text()
    for word in (
        'id="scatterers"',
        'id="matrix-data"',
        "picture-points",
        "picture-arcs",
        "picture-linked_noise",
    ):
        assert word in page
    item = json.loads((outcome.output / "products" / "standard" / "item.json").read_text())
    assert item["assets"]["points"]["href"] == "points.parquet"
    schema = pq.read_schema(outcome.output / "products" / "standard" / "points.parquet")
    assert json.loads(schema.metadata[b"dates"])[0] == "2023-01-08"


def test_what_hangs_below_a_change_runs_again_and_no_more(stack, outcome):
    other = config(
        stack, outcome.output, points={"network": {"false_alarm": 1e-2, "atmosphere": False, "free_arcs": 2}}
    )
    states = {s.stage.name: s.state for s in make_plan(other).steps}
    assert {name for name, state in states.items() if state != "done"} == {
        "network", "points", "catalogue", "report",
    }  # fmt: skip


def test_rasters_of_small_baselines_go_with_points(stack, tmp_path):
    plan = make_plan(config(stack, tmp_path / "out", method=["sbas", "ds"]))
    names = [s.stage.name for s in plan.steps]
    assert {"linking", "scatterers", "network", "points"} <= set(names)
    assert "linked" not in names
    assert "dispersion" not in names


def test_two_dates_are_refused_before_anything_runs(stack, tmp_path):
    products = sorted((stack / "slc").iterdir())[:2]
    with pytest.raises(TooFewDataError, match="method pair"):
        make_plan(config(stack, tmp_path / "out", inputs={"slc": [str(p) for p in products]}, method="ds"))


def test_three_dates_are_legal_and_said_to_be_weak(stack, tmp_path):
    products = sorted((stack / "slc").iterdir())[:3]
    settings = config(stack, tmp_path / "out", inputs={"slc": [str(p) for p in products]}, method="ds")
    result = run(settings, until="points")
    manifest = json.loads((result.output / "manifest.json").read_text())
    notes = [f["text"] for step in manifest["steps"] for f in step.get("findings", [])]
    assert any("dates" in text and "weak" in text for text in notes)
    assert (result.output / "products" / "standard" / "points.parquet").is_file()
