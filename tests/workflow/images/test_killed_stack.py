"""Ten dates of images to a velocity map, killed at random moments and resumed: the bits of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from tests.workflow.images.conftest import TinyScene
from tests.workflow.test_resume import digests

from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import config_from, load_config
from fringeworks.workflow.run import run

N_DATES = 10
UNTIL = "catalogue"
"""The report is drawn from what is there then; it is tried where stacks of interferograms are killed."""
SECTIONS = {
    "pairs": {"network": {"n_next": 2, "long_spans": []}},
    "products": {"spacing_m": 80.0},
    "compute": {"max_memory": "2 GiB", "workers": 2},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> TinyScene:
    """Give ten dates of two sub-swaths of two bursts, with all a preset puts in: air, baselines, timing errors."""
    folder = tmp_path_factory.mktemp("ten") / "scene"
    simulate_scene(
        preset_scene("small", facts={"n_dates": N_DATES, "samples": 250}),
        folder,
        rng=np.random.default_rng(8),
        workers=2,
    )
    return TinyScene(folder)


@pytest.fixture(scope="module")
def undisturbed(stack, tmp_path_factory) -> Path:
    """Give the folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return run(config_from(stack.values(folder / "out", **SECTIONS), folder=folder), until=UNTIL).output


def kill_at(config: Path, work: Path, *, after: float) -> bool:
    """Start a run and kill it some seconds after it begins to work; returns whether it was still at it."""
    started = time.time()
    process = subprocess.Popen(
        [sys.executable, "-m", "fringeworks", "run", str(config), "--until", UNTIL],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    begun = work / "config.json"
    while process.poll() is None and not (begun.exists() and begun.stat().st_mtime >= started):
        assert time.time() - started < 120
        time.sleep(0.01)
    time.sleep(after)
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return running


def test_the_stack_ends_in_a_velocity_map(undisturbed):
    with rasterio.open(undisturbed / "products/standard/velocity.tif") as file:
        velocity = file.read(1)
    with rasterio.open(undisturbed / "products/standard/coherence_mean.tif") as file:
        imaged = np.isfinite(file.read(1))
    # the rest is ground where fewer dates than asked for could be unwrapped
    assert np.isfinite(velocity).sum() > 0.8 * imaged.sum() > 0.8 * 5_000
    with rasterio.open(undisturbed / "products/standard/displacement.tif") as file:
        assert file.count == N_DATES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "n_kills"),
    [(1, 3), *(pytest.param(seed, 6, marks=pytest.mark.soak) for seed in range(2, 12))],
)
def test_killed_at_random_moments_the_products_are_the_same_bits(stack, undisturbed, tmp_path, seed, n_kills):
    """Moments are drawn from the seconds a run takes when nothing is there yet; later ones go on where they were."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(stack.values(tmp_path / "out", **SECTIONS)))
    killed = [kill_at(path, tmp_path / "out" / "work", after=rng.uniform(0.0, 3.0)) for _ in range(n_kills)]
    assert killed[0]
    run(load_config(path), until=UNTIL)
    assert digests(tmp_path / "out") == digests(undisturbed)
