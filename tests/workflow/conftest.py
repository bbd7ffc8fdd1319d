"""Small invented stacks on disk, and configurations that run them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.gamma_layout import write_gamma
from fringeworks.simulate.scenario import PairDesign, StackScenario
from fringeworks.simulate.stack import simulate_interferograms
from fringeworks.simulate.truth import write_truth
from fringeworks.workflow.config import RunConfig, load_config

SHAPE = Shape(48, 64)
N_DATES = 14


def scenario(*, noisy: bool = True, breaks: tuple[date, ...] = ()) -> StackScenario:
    """Return the demonstration's scene, small; without noise, gaps and water where asked."""
    scene = demo_scenario(shape=SHAPE, n_dates=N_DATES)
    scene = replace(scene, design=PairDesign(nearest=3, breaks=breaks))
    return scene if noisy else replace(scene.without_noise(), water=())


def write_stack(folder: Path, scene: StackScenario, *, seed: int = 7) -> Path:
    """Write a stack under ``folder/stack`` and its truth under ``folder/truth``."""
    simulated = simulate_interferograms(scene, rng=np.random.default_rng(seed))
    write_gamma(simulated, folder / "stack")
    write_truth(simulated, folder / "truth")
    return folder


@pytest.fixture(scope="session")
def noisy_stack(tmp_path_factory) -> Path:
    """Give a folder with ``stack`` and ``truth``: every kind of noise."""
    return write_stack(tmp_path_factory.mktemp("noisy"), scenario())


@pytest.fixture(scope="session")
def exact_stack(tmp_path_factory) -> Path:
    """Give a folder with ``stack`` and ``truth``: no noise at all."""
    return write_stack(tmp_path_factory.mktemp("exact"), scenario(noisy=False))


def write_config(folder: Path, stack: Path, **sections: object) -> Path:
    """Write a configuration for a stack; results go to ``folder/out``."""
    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, object] = {
        "inputs": {"interferograms": {"format": "gamma", "path": str(stack)}, "dem_datum": "ellipsoid"},
        "output": {"directory": str(folder / "out")},
        "compute": {"max_memory": "2 GiB", "workers": 1},
    }
    for name, value in sections.items():
        known = values.get(name)
        values[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def configured(tmp_path):
    """Give a function that makes a configuration for a stack under this test's own folder."""

    def make(stack: Path, **sections: object) -> RunConfig:
        return load_config(write_config(tmp_path, stack, **sections))

    return make
