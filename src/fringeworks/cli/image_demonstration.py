"""The demonstration that starts from images: a scene is invented, mapped, and compared with its truth."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np

from fringeworks.cli.running import run_shown
from fringeworks.cli.show import err
from fringeworks.io.store import WorkingStore
from fringeworks.products.standard import STANDARD_FOLDER
from fringeworks.simulate.compare import ReferenceArea
from fringeworks.simulate.fields import LayeredAir
from fringeworks.simulate.scene.compare import compare_scene, read_scene_truth
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import RunConfig, config_from
from fringeworks.workflow.manifest import add_accuracy
from fringeworks.workflow.run import Outcome
from fringeworks.workflow.view import open_run

SEED: Final = 20_230_108
SHOWN: Final = {
    "azimuth_timing_error_rms_lines": ("azimuth timing of dates, error, rms", 1.0, "line"),
    "azimuth_timing_error_over_sigma_rms": ("azimuth timing, error over its sigma, rms", 1.0, ""),
    "range_timing_error_rms_samples": ("range timing of dates, air counted as error, rms", 1.0, "sample"),
}


def image_demo(place: Path) -> tuple[Outcome, dict[str, Any]]:
    """Invent a scene of Sentinel-1 images, run the chain from images to maps, and compare with the truth.

    Parameters
    ----------
    place : Path
        Folder for scene and run.

    Returns
    -------
    outcome : Outcome
        Of the run.
    accuracy : dict
        Figures against the truth.
    """
    err().print("inventing Sentinel-1 images of a volcano, seven dates, two sub-swaths of two bursts ...")
    scene = place / "scene"
    shutil.rmtree(scene, ignore_errors=True)
    scenario = preset_scene("demo", facts={"layered": LayeredAir(seasonal=0.0, random=0.003)})
    simulate_scene(scenario, scene, rng=np.random.default_rng(SEED), workers=2)
    outcome = run_shown(image_demo_config(place, scene))
    accuracy = measure_images(outcome, scene / "truth")
    add_accuracy(outcome.output, accuracy)
    from fringeworks.workflow.rewriting import rewrite_report  # noqa: PLC0415  (pictures are slow to import)

    rewrite_report(outcome.output, accuracy=accuracy)
    return outcome, accuracy


def image_demo_config(place: Path, scene: Path) -> RunConfig:
    """Return the configuration of the demonstration from images."""
    return config_from(
        {
            "inputs": {
                "slc": str(scene.resolve() / "slc"),
                "orbits": str(scene.resolve() / "orbits"),
                "dem": str(scene.resolve() / "dem.tif"),
            },
            "method": ["sbas", "ps+ds"],
            "products": {"spacing_m": 40.0},
            "output": {"directory": str((place / "out").resolve())},
            "compute": {"max_memory": "3 GiB"},
        },
        folder=place.resolve(),
    )


def measure_images(outcome: Outcome, truth: Path) -> dict[str, Any]:
    """Compare a run from images with the truth of its scene."""
    reference = open_run(outcome.output).manifest["reference"]
    scenes = outcome.plan.survey.scenes
    day = scenes.days[scenes.reference].isoformat() if scenes is not None else ""
    return compare_scene(
        outcome.output / STANDARD_FOLDER,
        read_scene_truth(truth),
        reference=ReferenceArea(row=reference["row"], col=reference["col"], radius=reference["radius"]),
        shifts=WorkingStore(outcome.output / "work").step("diversity").get("shifts"),
        reference_day=day,
    )
