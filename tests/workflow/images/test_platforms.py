"""A stack of two platforms whose sub-swaths differ by constants: flagged, reported and corrected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.workflow.images.conftest import TinyScene

from fringeworks.io.store import WorkingStore
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.run import run

OFFSETS = {"IW1": 1.65, "IW2": 1.40, "IW3": 1.45}


@pytest.mark.slow
def test_constants_of_a_platform_are_taken_out(tmp_path):
    base = preset_scene("small", facts={"n_dates": 4, "samples": 250})
    passes = tuple(
        replace(p, burst_shift=0.0, platform="S1C" if k % 2 else "S1A") for k, p in enumerate(base.passes)
    )
    scenario = replace(
        base,
        passes=passes,
        swaths=("IW1", "IW2", "IW3"),
        turbulence=None,
        layered=None,
        phase_offsets={("S1C", swath): value for swath, value in OFFSETS.items()},
    )
    simulate_scene(scenario, tmp_path / "scene", rng=np.random.default_rng(2))
    outcome = run(TinyScene(tmp_path / "scene").config(tmp_path / "out"), until="joins")
    step = WorkingStore(outcome.output / "work").step("joins")
    scenes = outcome.plan.survey.scenes
    assert len(scenes.dates) == 4
    reference = scenes.dates[scenes.reference].platform
    mean = np.mean(list(OFFSETS.values()))
    for key, found in step.get("phases").items():
        day, swath = key.split(" ")
        platform = next(d.platform for d in scenes.dates if d.day.isoformat() == day)
        own = OFFSETS[swath] - mean if platform == "S1C" else 0.0
        theirs = OFFSETS[swath] - mean if reference == "S1C" else 0.0
        # the gate of seams, 3 degrees; noise of these overlaps is 0.01 to 0.02 rad
        assert found == pytest.approx(-(own - theirs), abs=0.05)
    rows = step.get("platforms")
    other = next(k for k in rows if not k.startswith(reference) and k.endswith("IW1/IW2"))
    sign = 1.0 if other.startswith("S1C") else -1.0
    # a step is what is to be added, so it is the injected one turned round
    assert rows[other]["phase_step_rad"] == pytest.approx(sign * 0.25, abs=0.06)
    assert rows[other]["n_dates"] == 2
