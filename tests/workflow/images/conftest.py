"""A tiny scene of Sentinel-1 products, invented once: three dates, two sub-swaths of two bursts, timing errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.compare import SceneTruth, read_scene_truth
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import RunConfig, config_from
from fringeworks.workflow.run import Outcome, run

# lines, of 8.2 ms: a double difference of overlaps turns once in 0.027 line
AZIMUTH = ({}, {"IW1": 0.004, "IW2": 0.005}, {"IW1": -0.006, "IW2": -0.006})
OFFSETS = (Baseline(), Baseline(cross=55.0, normal=-20.0), Baseline(cross=-40.0, normal=15.0))


@dataclass(frozen=True)
class TinyScene:
    """Where a scene lies."""

    folder: Path

    @property
    def products(self) -> list[Path]:
        """Products in order of time."""
        return sorted((self.folder / "slc").iterdir(), key=lambda p: p.name[17:32])

    @property
    def truth(self) -> SceneTruth:
        """What is to be found."""
        return read_scene_truth(self.folder / "truth")

    def values(self, out: Path, **sections: Any) -> dict[str, Any]:
        """Return the values of a configuration."""
        base: dict[str, Any] = {
            "inputs": {
                "slc": str(self.folder / "slc"),
                "orbits": str(self.folder / "orbits"),
                "dem": str(self.folder / "dem.tif"),
            },
            "products": {"spacing_m": 60.0},
            "output": {"directory": str(out)},
            "compute": {"max_memory": "2 GiB", "workers": 1},
        }
        for name, value in sections.items():
            base[name] = {**base.get(name, {}), **value} if isinstance(value, dict) else value
        return base

    def config(self, out: Path, **sections: Any) -> RunConfig:
        """Return a configuration."""
        return config_from(self.values(out, **sections), folder=out.parent)


def write_scene(folder: Path, **changes: Any) -> TinyScene:
    """Write a tiny scene; ``changes`` are fields of its scenario."""
    base = preset_scene("small", facts={"n_dates": 3, "samples": 300})
    passes = tuple(
        replace(p, azimuth_error=error, offset=offset, burst_shift=0.0)
        for p, error, offset in zip(base.passes, AZIMUTH, OFFSETS, strict=True)
    )
    scenario = replace(base, passes=passes, turbulence=None, layered=None, **changes)
    simulate_scene(scenario, folder, rng=np.random.default_rng(11))
    return TinyScene(folder)


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> TinyScene:
    """Give the tiny scene."""
    return write_scene(tmp_path_factory.mktemp("scene") / "tiny")


@pytest.fixture(scope="session")
def finished(scene, tmp_path_factory) -> Outcome:
    """Give a run of the tiny scene up to interferograms on the map; nobody changes it."""
    config = scene.config(tmp_path_factory.mktemp("run") / "out")
    return run(config, until="geocode")
