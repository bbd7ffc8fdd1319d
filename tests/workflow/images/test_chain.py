"""From images to interferograms on the map: against the truth of an invented scene."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from fringeworks.io.store import WorkingStore
from fringeworks.simulate.scene.compare import timing_errors
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run

WAVELENGTH = 0.05546576


@pytest.fixture(scope="module")
def pair(scene, tmp_path_factory):
    """Give a run of one pair to its end."""
    first, second, _ = scene.products
    config = scene.config(
        tmp_path_factory.mktemp("pair") / "out",
        inputs={"slc": [str(first), str(second)]},
        method="pair",
        coregistration={"reference_date": "2023-01-08"},
    )
    return run(config)


def store(outcome):
    return WorkingStore(outcome.output / "work")


def test_timing_errors_are_found(scene, finished):
    """Each within three sigmas, and all together neither much better nor worse than their sigmas say."""
    shifts = store(finished).step("diversity").get("shifts")
    scenes = finished.plan.survey.scenes
    day = scenes.days[scenes.reference].isoformat()
    found = timing_errors(scene.truth, shifts, reference_day=day)
    # four values, two of which share the noise of one overlap: their rms lies below 2.2 with 99.9 percent
    assert found["azimuth_timing_error_over_sigma_rms"] < 2.2
    assert found["azimuth_timing_error_rms_lines"] < 0.002


def test_seams_close(finished):
    """What two bursts both show agrees after the shifts: 0.05 rad, or what noise of a few hundred looks leaves."""
    rows = store(finished).step("diversity").get("overlaps")
    assert rows
    for row in rows:
        assert abs(row["residual_rad"]) < max(0.05, 3 * row["sigma_rad"])


def map_truth(scene, path, first, second):
    """Return what an interferogram on the map shows by the truth [m toward the satellite], and who is imaged."""
    truth = scene.truth
    with rasterio.open(path) as file:
        cols, rows = np.meshgrid(np.arange(file.width) + 0.5, np.arange(file.height) + 0.5)
        x, y = file.transform.a * cols + file.transform.c, file.transform.e * rows + file.transform.f
        lon, lat = Transformer.from_crs(file.crs, "EPSG:4326", always_xy=True).transform(x, y)
        found = file.read(1)
    moved = truth.sample(truth.seen(second) - truth.seen(first), lon, lat)
    inside = truth.sample(truth.layers["inside"].astype(np.float32), lon, lat) == 1
    return found, moved, inside


def test_displacement_of_a_pair(scene, pair):
    folder = pair.output / "products" / "interferograms" / "20230108_20230120"
    found, moved, inside = map_truth(scene, folder / "displacement.tif", 0, 1)
    with rasterio.open(folder / "coherence.tif") as file:
        coherent = file.read(1) > 0.6
    use = np.isfinite(found) & inside & coherent
    assert use.sum() > 0.3 * inside.sum()
    error = found[use] - moved[use]
    error -= np.median(error)
    # coherence 0.6 and 10 looks leave 0.3 rad, 1.3 mm, before the filter; a wrong cycle is 28 mm
    assert np.sqrt(np.mean(error**2)) < 1.3e-3
    assert np.abs(error).max() < WAVELENGTH / 4


def test_layers_of_a_pair(pair):
    folder = pair.output / "products" / "interferograms" / "20230108_20230120"
    names = {
        "wrapped", "filtered", "unwrapped", "coherence", "displacement", "connected_components", "amplitude",
    }  # fmt: skip
    assert {p.stem for p in folder.glob("*.tif")} == names
    for name in ("los_enu", "height", "incidence"):
        assert (pair.output / "products" / "standard" / f"{name}.tif").is_file()
    with rasterio.open(folder / "unwrapped.tif") as file:
        phase = file.read(1)
    with rasterio.open(folder / "displacement.tif") as file:
        np.testing.assert_allclose(file.read(1), -WAVELENGTH / (4 * np.pi) * phase, rtol=1e-5, atol=1e-7)
    manifest = json.loads((pair.output / "manifest.json").read_text())
    assert manifest["complete"]
    assert len(manifest["bursts"]["used"]) >= 4
    assert (pair.output / "report.html").is_file()


def test_three_interferograms_close(finished):
    """Phases of one stack of images: 1-2 and 2-3 make 1-3 but for noise of different looks, never a cycle."""
    step = store(finished).step("geocode")
    phase = step.array("phase")[:, :, :]
    coherence = step.array("coherence")[:, :, :].min(axis=0)
    pairs = [str(p) for p in finished.plan.survey.network.pairs]
    assert pairs == ["20230108_20230120", "20230108_20230201", "20230120_20230201"]
    closure = phase[0] + phase[2] - phase[1]
    good = np.isfinite(closure) & (coherence > 0.6)
    offset = np.median(closure[good])
    assert np.mean(np.abs(closure[good] - offset) > np.pi) < 1e-3


def test_what_is_done_is_skipped_and_what_hangs_below_is_not(scene, finished):
    again = make_plan(finished.plan.config, until="geocode")
    assert {s.state for s in again.steps} == {"done"}
    out = finished.output
    other = make_plan(scene.config(out, unwrap={"minimum_component_size": 50}), until="geocode")
    states = {s.stage.name: s.state for s in other.steps}
    assert states["coregister"] == states["interferograms"] == states["filter"] == "done"
    assert states["unwrap"] == states["repair"] == states["geocode"] == "stale"


def test_dask_gives_the_same_bits(scene, finished, tmp_path):
    config = scene.config(tmp_path / "out", compute={"engine": "dask", "workers": 2, "max_memory": "4 GiB"})
    outcome = run(config, until="interferograms")
    for step, names in (
        ("coregister", finished.plan.survey.scenes.names),
        ("interferograms", ("phasor", "coherence")),
    ):
        for name in names:
            here = np.asarray(store(outcome).step(step).array(name)[:])
            there = np.asarray(store(finished).step(step).array(name)[:])
            assert here.tobytes() == there.tobytes(), f"{step} {name}"
