"""Twenty dates of images to velocities: error over sigma, to be near one.

    python -m validation.stack_series --json

Scenes of Sentinel-1 products are invented, with four kinds of ground that lose coherence each in its way, and run from
zips to velocities.  ``speckle``: nothing but the noise of scatterers that change.  ``air``: turbulence on top, another
one on every date.  ``all``: as the preset has it, with air that lies in layers and changes through the year, and fields
whose short interferograms are biased; no sigma knows of either, so its figure is shown and not judged.

Speckle differs from pixel to pixel, so that a scene holds thousands of trials.  Turbulence is alike over kilometres: a
scene holds a handful, their rms over sigma scatters by half from one to the next, and only several scenes together can
say whether sigma is right.  The spread over scenes is therefore printed beside the pooled figure.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.io.store import WorkingStore
from fringeworks.simulate.scene.compare import read_scene_truth
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scenario import SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.config import config_from
from fringeworks.workflow.run import run

Values = NDArray[np.float64]
CASES = {"speckle": 1, "air": 3, "all": 1}
"""Scenes of each."""
JUDGED = ("speckle", "air")


def scenario(case: str, seed: int, *, n_dates: int, samples: int) -> SceneScenario:
    """Return one burst of 20 km by ``samples``, with the noise of a case."""
    facts = {"n_dates": n_dates, "samples": samples, "seed": seed, "swaths": ("IW2",), "bursts": 1}
    base = preset_scene("small", facts=facts)
    if case == "all":
        return base
    land = tuple(replace(cover, fading=0.0) for cover in base.land)
    quiet = replace(base, land=land, layered=None)
    return quiet if case == "air" else replace(quiet, turbulence=None)


def trial(case: str, seed: int, *, n_dates: int, samples: int) -> dict[str, Values]:
    """Invent and process a scene; returns error, sigma [m/yr] and mean coherence of its recommended pixels."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wanted = scenario(case, seed, n_dates=n_dates, samples=samples)
        simulate_scene(wanted, folder / "scene", rng=np.random.default_rng(seed))
        values = {
            "inputs": {
                "slc": str(folder / "scene/slc"),
                "orbits": str(folder / "scene/orbits"),
                "dem": str(folder / "scene/dem.tif"),
            },
            "products": {"spacing_m": 60.0},
            "output": {"directory": str(folder / "out")},
            "compute": {"max_memory": "2 GiB"},
        }
        run(config_from(values, folder=folder), until="publish")
        return _measured(folder)


def _measured(folder: Path) -> dict[str, Values]:
    layers = {}
    for name in ("velocity", "velocity_std", "recommended_mask", "coherence_mean"):
        with rasterio.open(folder / f"out/products/standard/{name}.tif") as file:
            layers[name] = file.read(1).astype(np.float64)
            place, crs = file.transform, file.crs
    rows, cols = np.indices(layers["velocity"].shape) + 0.5
    degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = degrees.transform(place.a * cols + place.c, place.e * rows + place.f)
    truth = read_scene_truth(folder / "scene/truth")
    error = layers["velocity"] - truth.sample(truth.layers["velocity"], longitude, latitude)
    reference = WorkingStore(folder / "out/work").step("reference").get("reference")
    row, col, radius = (int(reference[name]) for name in ("row", "col", "radius"))
    area = (slice(max(row - radius, 0), row + radius + 1), slice(max(col - radius, 0), col + radius + 1))
    error -= np.nanmean(error[area])
    use = (layers["recommended_mask"] == 1) & np.isfinite(error)
    return {
        "error": error[use],
        "sigma": layers["velocity_std"][use],
        "coherence": layers["coherence_mean"][use],
    }


def _rms(values: Values) -> float:
    return round(math.sqrt(float(np.mean(np.square(values)))), 3)


def figures(case: str, n_scenes: int, *, n_dates: int, samples: int) -> dict[str, Any]:
    """Return error over sigma of a case: pooled, by scene, and by coherence."""
    found = [trial(case, seed, n_dates=n_dates, samples=samples) for seed in range(1, n_scenes + 1)]
    ratios = [each["error"] / each["sigma"] for each in found]
    pooled = np.concatenate(ratios)
    coherence = np.concatenate([each["coherence"] for each in found])
    levels = {}
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 1.0)):
        at = (coherence >= low) & (coherence < high)
        if at.sum() > 100:
            levels[f"{low} to {high}"] = _rms(pooled[at])
    return {
        "standardised_rms": _rms(pooled),
        "by_scene": [_rms(each) for each in ratios],
        "by_coherence": levels,
        "within_two_sigma": round(float(np.mean(np.abs(pooled) < 2.0)), 3),
        "n_pixels": int(pooled.size),
        "error_rms_mm_per_year": round(
            1e3 * float(np.sqrt(np.mean([np.mean(e["error"] ** 2) for e in found]))), 2
        ),
        "sigma_median_mm_per_year": round(
            1e3 * float(np.median(np.concatenate([e["sigma"] for e in found]))), 2
        ),
    }


def measure(*, cases: dict[str, int] = CASES, n_dates: int = 20, samples: int = 500) -> dict[str, Any]:
    """Run all cases."""
    found = {case: figures(case, n, n_dates=n_dates, samples=samples) for case, n in cases.items()}
    return {
        "name": "stack_series",
        "tried_on": "own-made scenes with a known answer",
        "size": {"n_dates": n_dates, "samples": samples},
        "cases": found,
        "passed": all(0.8 <= found[name]["standardised_rms"] <= 1.2 for name in JUDGED if name in found),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line, one JSON object")
    parser.add_argument("--case", choices=tuple(CASES), help="this one only")
    parser.add_argument("--scenes", type=int, help="scenes of each case")
    arguments = parser.parse_args()
    cases = {n: arguments.scenes or k for n, k in CASES.items() if arguments.case in (None, n)}
    found = measure(cases=cases)
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
