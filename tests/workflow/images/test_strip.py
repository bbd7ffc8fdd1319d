"""A strip: three sub-swaths, two slices, twenty dates, on two Dask workers under a memory cap, against this process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.workflow.images.conftest import TinyScene

from fringeworks.io.store import WorkingStore
from fringeworks.simulate.scene.compare import timing_errors
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.run import run

SWATHS = ("IW1", "IW2", "IW3")


@pytest.mark.soak
def test_two_workers_give_the_bits_of_one_process_and_no_seam(tmp_path):
    base = preset_scene("small", facts={"n_dates": 20, "samples": 250})
    passes = tuple(
        replace(p, burst_shift=0.0, azimuth_error=dict.fromkeys(SWATHS, 0.006 * np.sin(k)))
        for k, p in enumerate(base.passes)
    )
    scenario = replace(base, passes=passes, swaths=SWATHS, slices=2, turbulence=None, layered=None)
    simulate_scene(scenario, tmp_path / "scene", rng=np.random.default_rng(2), workers=2)
    scene = TinyScene(tmp_path / "scene")
    network = {"network": {"n_next": 2, "long_spans": []}}
    here = run(scene.config(tmp_path / "here", pairs=network), until="interferograms")
    there = run(
        scene.config(
            tmp_path / "there", pairs=network, compute={"engine": "dask", "workers": 2, "max_memory": "3 GiB"}
        ),
        until="interferograms",
    )
    first, second = (WorkingStore(o.output / "work") for o in (here, there))
    names = [("coregister", n) for n in here.plan.survey.scenes.names]
    for step, name in [*names, ("interferograms", "phasor"), ("interferograms", "coherence")]:
        one = np.asarray(first.step(step).array(name)[:])
        two = np.asarray(second.step(step).array(name)[:])
        assert one.tobytes() == two.tobytes(), f"{step} {name}"
    seams = [*first.step("diversity").get("overlaps"), *first.step("joins").get("seams")]
    for row in seams:
        if row["residual_rad"] is not None:
            assert abs(row["residual_rad"]) < max(0.05, 4 * row["sigma_rad"]), row
    scenes = here.plan.survey.scenes
    found = timing_errors(
        scene.truth,
        first.step("diversity").get("shifts"),
        reference_day=scenes.days[scenes.reference].isoformat(),
    )
    # lines are four times as long as real ones here: 2e-4 line or three sigmas
    assert found["azimuth_timing_error_over_sigma_rms"] < 1.5
