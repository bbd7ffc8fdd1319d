"""Are planted scatterers found, where they are and moving as they do?  From SAFE zips to points.

    python -m validation.scatterers --json

Two scenes of 20 dates, one in still air and one under turbulence: bare rock that stays coherent, and ground without
any lasting coherence on which persistent points are strewn. `ps+ds` is run on each, and its points are held against
those planted whose dispersion is expected below 0.25.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.io.points import read_points
from fringeworks.simulate.fields import LayeredAir, PowerLaw
from fringeworks.simulate.scene.compare import read_scene_truth
from fringeworks.simulate.scene.compare_points import compare_points, planted
from fringeworks.simulate.scene.demonstration import demo_scene
from fringeworks.simulate.scene.scenario import LandCover, PersistentPoints, SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import config_from
from fringeworks.workflow.run import run

LAND = (
    LandCover(name="rock", share=0.4, sigma0=-11.0, initial=0.9, floor=0.5, decay_days=200.0),
    LandCover(name="brush", share=0.6, sigma0=-10.0, initial=0.3, floor=0.0, decay_days=8.0),
)
STILL = PowerLaw(rms_difference=1e-6, distance=5_000.0)
TURBULENT = PowerLaw(rms_difference=0.005, distance=5_000.0)


def scatterer_scene(*, n_dates: int, samples: int, air: PowerLaw) -> SceneScenario:
    """Return rock and brush with points on the brush, in still or turbulent air."""
    base = demo_scene(n_dates=n_dates, samples=samples, bursts=1)
    return replace(
        base,
        land=LAND,
        terrain=replace(base.terrain, roughness=PowerLaw(rms_difference=15.0, distance=4_000.0)),
        persistent=PersistentPoints(per_km2=60.0, on=("brush",)),
        turbulence=air,
        layered=LayeredAir(seasonal=0.0, random=0.0),
        orbit_hours=0.2,
    )


def measure(folder: Path, *, n_dates: int, samples: int, air: PowerLaw) -> dict[str, Any]:
    """Invent a scene, map its scatterers, and compare."""
    scene = folder / "scene"
    simulate_scene(
        scatterer_scene(n_dates=n_dates, samples=samples, air=air), scene, rng=np.random.default_rng(5)
    )
    inputs = {"slc": str(scene / "slc"), "orbits": str(scene / "orbits"), "dem": str(scene / "dem.tif")}
    config = config_from(
        {
            "method": "ps+ds",
            "inputs": inputs,
            "products": {"spacing_m": 60.0},
            "output": {"directory": str(folder / "out")},
            "compute": {"max_memory": "4 GiB"},
        },
        folder=folder,
    )
    outcome = run(config)
    table = read_points(outcome.output / "products" / "standard" / "points.parquet")
    chosen = table.columns["kind"] == "ps"
    scenes = outcome.plan.survey.scenes
    reference = 0 if scenes is None else scenes.reference
    found = {name: values[chosen] for name, values in table.columns.items()}
    truth = read_scene_truth(scene / "truth")
    result: dict[str, Any] = compare_points(
        found,
        truth,
        planted(scene / "truth", truth, date=reference),
        decorrelated=0.1,
    )
    return {key: round(value, 5) for key, value in result.items()} | {"n_distributed": int((~chosen).sum())}


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--dates", type=int, default=20)
    parser.add_argument("--samples", type=int, default=700)
    parser.add_argument("--air", choices=("still", "turbulent", "both"), default="both")
    parser.add_argument("--keep", type=Path, default=None)
    wanted = parser.parse_args()
    result: dict[str, Any] = {
        "name": "scatterers",
        "size": f"{wanted.dates} dates, 1 burst x {wanted.samples} samples",
        "tried_on": "truth",
    }
    airs = {"still": STILL, "turbulent": TURBULENT}
    for name, air in airs.items():
        if wanted.air not in (name, "both"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) if wanted.keep is None else wanted.keep / name
            result[name] = measure(place, n_dates=wanted.dates, samples=wanted.samples, air=air)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
