"""The common band in range: what a long baseline costs of the coherence comes back, and short ones are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.workflow.images.conftest import TinyScene

from fringeworks.io.store import WorkingStore
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scenario import LandCover
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.run import run

STEADY = LandCover(name="rock", share=1.0, sigma0=-8.0, initial=0.95, floor=0.95)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Give three dates of ground that stays: the second 1.2 km aside, the third next to the first."""
    folder = tmp_path_factory.mktemp("baselines") / "scene"
    base = preset_scene("small", facts={"n_dates": 3, "samples": 600, "swaths": ("IW2",), "bursts": 1})
    offsets = (Baseline(), Baseline(cross=950.0, normal=-730.0), Baseline(cross=20.0))
    passes = tuple(
        replace(p, offset=offset, burst_shift=0.0, doppler=0.0)
        for p, offset in zip(base.passes, offsets, strict=True)
    )
    scenario = replace(
        base,
        passes=passes,
        land=(STEADY,),
        turbulence=None,
        layered=None,
        motions=(),
        persistent=None,
        reflectors=(),
    )
    simulate_scene(
        replace(scenario, terrain=replace(base.terrain, roughness=None)), folder, rng=np.random.default_rng(5)
    )
    return TinyScene(folder)


def formed(scene, out, **pairs):
    """Return mean coherence of each pair, its record, and what was said."""
    config = scene.config(
        out,
        pairs={"network": {"n_next": 2, "long_spans": []}, **pairs},
        coregistration={"reference_date": "2023-01-08", "range_matching": False},
    )
    step = WorkingStore(run(config, until="interferograms").output / "work").step("interferograms")
    coherence = np.asarray(step.array("coherence")[:])
    rows = step.get("pairs")["pairs"]
    inner = coherence[:, 20:-20, 3:-3]
    means = {row["pair"]: float(np.nanmedian(values)) for row, values in zip(rows, inner, strict=True)}
    return means, {row["pair"]: row for row in rows}, step.record()["findings"]


def test_coherence_comes_back(scene, tmp_path):
    plain, rows, _ = formed(scene, tmp_path / "plain")
    assert not any(row["common_band"] for row in rows.values())
    filtered, rows, findings = formed(scene, tmp_path / "filtered", common_band="range")
    long, short = "20230108_20230120", "20230108_20230201"
    lost = rows[long]["band_lost"]
    assert 0.1 < lost < 0.3
    assert rows[long]["common_band"]
    assert not rows[short]["common_band"]
    assert filtered[short] == plain[short]
    # two Hamming spectra that overlap by all but a share of their band lose more than that of their product
    window = np.linspace(-0.5, 0.5, 4001)
    weight = 0.75 + 0.25 * np.cos(2 * np.pi * window)
    moved = np.interp(window - lost, window, weight, left=0.0, right=0.0)
    expected = float(np.sum(weight * moved) / np.sum(weight**2))
    assert plain[long] / plain[short] == pytest.approx(expected, abs=0.03)
    assert filtered[long] / filtered[short] == pytest.approx(1.0, abs=0.03)
    assert "1 of 3" in findings[0]["text"] or "2 of 3" in findings[0]["text"]
