"""Are the whole cycles right?  Against known phase, of one method against another on real data, and under damage.

    python -m validation.unwrapping --json [--picture FILE]

Truth: invented scenes (benchmarks/unwrapping_scene.py) with speckle, lakes and rivers.  Real: the wrapped phase of a
Moroccan pair, where every pixel on which two methods disagree is listed; what two other programs unwrapped, wrapped
again; and the ramp of a Greenland interferogram.
``--picture`` writes the Moroccan phase as each method unwrapped it.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from benchmarks.unwrapping_scene import TURN, Scene, invent, wrong_share
from numpy.typing import NDArray

from fringeworks.numerics.ramp import estimate_ramp
from fringeworks.unwrap import (
    FailedPair,
    UnwrapOptions,
    Unwrapped,
    UnwrappedPair,
    WrappedPhase,
    bridge_components,
    unwrap_pair,
)
from validation._pictures import draw_methods

METHODS = ("whirlwind", "growing", *(("snaphu",) if find_spec("snaphu") else ()))
LISTED = 40
PAIR = "S1_InSAR_2023-09-04-063730__2023-09-16-063730"


def record_of(scene: Scene, missing: NDArray[np.bool_] | None = None) -> WrappedPhase:
    """Return what an unwrapper sees of a scene."""
    phasor = scene.phasor.copy()
    if missing is not None:
        phasor[missing] = np.nan
    return WrappedPhase(phasor=phasor, coherence=scene.coherence, effective_looks=float(scene.looks))


def succeeded(done: UnwrappedPair | FailedPair) -> UnwrappedPair:
    """Return a result that has to be there."""
    if isinstance(done, FailedPair):
        raise SystemExit(f"{done.method}: {done.cause}: {done.message}")
    return done


def against_truth() -> dict[str, Any]:
    """Return for each scene and method the share of wrong cycles inside components, and the share in components."""
    found: dict[str, Any] = {}
    for name, fringes in (("gentle", 6.0), ("steep", 18.0)):
        scene = invent(384, seed=11, fringes=fringes)
        wrapped = record_of(scene)
        for method in METHODS:
            whole = succeeded(unwrap_pair(wrapped, options=UnwrapOptions(method=method)))
            options = UnwrapOptions(method=method, tile_size=224, tile_overlap=64)
            tiled = succeeded(unwrap_pair(wrapped, options=options, workers=2))
            assert tiled.seams is not None
            both = (whole.unwrapped.components == 1) & (tiled.unwrapped.components == 1)
            step = np.round((tiled.unwrapped.phase - whole.unwrapped.phase)[both] / TURN)
            wrong, share = wrong_share(whole.unwrapped.phase, whole.unwrapped.components, scene)
            wrong_tiled, _ = wrong_share(tiled.unwrapped.phase, tiled.unwrapped.components, scene)
            found[f"{name}_{method}"] = {
                "wrong_cycles": round(wrong, 7),
                "in_components": round(share, 3),
                "wrong_cycles_in_tiles": round(wrong_tiled, 7),
                "torn_pixels": tiled.seams.n_torn,
                "tiled_differs_from_whole": int(np.count_nonzero(step != np.median(step))),
            }
    return found


def bridges() -> dict[str, Any]:
    """Return how many bridges over rivers of 2 to 36 pixels were used, how many were right, and what was promised."""
    promised, right = [], []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        scene = invent(256, seed=seed, looks=12, fringes=float(rng.uniform(0.0, 5.0)))
        rows, cols = np.mgrid[:256, :256]
        width = int(rng.integers(2, 37))
        river = np.abs(cols - 115 - 20 * np.sin(rows / 40)) < width / 2
        river |= np.abs(rows - 150 - 15 * np.sin(cols / 30)) < width / 3
        done = succeeded(unwrap_pair(record_of(scene, river), options=UnwrapOptions(bridge_gap=0)))
        level = levels(done.unwrapped, scene)
        components = done.unwrapped.components
        _, crossed = bridge_components(
            done.unwrapped, widest=60, reliability=UnwrapOptions().bridge_reliability
        )
        for bridge in crossed:
            if bridge.used:
                first, second = (
                    components[bridge.row, bridge.col],
                    components[bridge.other_row, bridge.other_col],
                )
                promised.append(bridge.reliability)
                right.append(bridge.cycles == level[first] - level[second])
    return {
        "used": len(right),
        "right": int(np.sum(right)),
        "right_promised_at_least": round(float(np.sum(promised)), 2),
    }


def levels(found: Unwrapped, scene: Scene) -> NDArray[np.float64]:
    """Return the cycles by which each component lies above the truth, by its number."""
    cycles = np.round((found.phase - scene.truth) / TURN)
    n = int(found.components.max(initial=0))
    return np.array([0.0, *(np.median(cycles[found.components == c]) for c in range(1, n + 1))])


def under_damage(n: int = 150) -> dict[str, int]:
    """Damage wrapped phases in many ways; every one has to end as a result or as a recorded failure."""
    counts = {"tried": 0, "unwrapped": 0, "recorded_as_failed": 0, "raised": 0}
    scene = invent(64, seed=5)
    for seed in range(n):
        rng = np.random.default_rng(seed)
        phasor, coherence = scene.phasor.copy(), scene.coherence.copy()
        rows, cols = sorted(rng.integers(0, 65, 2)), sorted(rng.integers(0, 65, 2))
        value = rng.choice(np.array([np.nan, np.inf, 0.0, 1e30, -1.0, complex(np.nan, 1.0)]))
        phasor[rows[0] : rows[1], cols[0] : cols[1]] = value
        coherence[rng.random(coherence.shape) < rng.uniform(0, 1)] = rng.choice(
            [np.nan, -1.0, 0.0, 2.0, np.inf]
        )
        shape = rng.integers(1, 65), rng.integers(1, 65)
        damaged = WrappedPhase(
            phasor=phasor[: shape[0], : shape[1]],
            coherence=coherence[: shape[0], : shape[1]],
            effective_looks=float(rng.choice([1.0, 7.5, 400.0])),
        )
        options = UnwrapOptions(
            method=METHODS[seed % 2],
            tile_size=int(rng.choice([0, 24])),
            tile_overlap=8,
            minimum_component_size=5,
        )
        counts["tried"] += 1
        try:
            done = unwrap_pair(damaged, options=options)
        except Exception:  # what is counted here
            counts["raised"] += 1
        else:
            counts["recorded_as_failed" if isinstance(done, FailedPair) else "unwrapped"] += 1
    return counts


@dataclass(frozen=True)
class RealPhase:
    """A real wrapped interferogram."""

    wrapped: WrappedPhase
    transform: Any


def morocco(data: Path) -> RealPhase:
    """Read the geocoded phase and coherence of the Moroccan pair; its number of looks is not stated: ten are assumed."""
    folder = data / "safe-pair-morocco" / "data" / "test-full-processor" / PAIR
    with rasterio.open(folder / "phi_vv.tif") as file:
        phase, transform = file.read(1), file.transform
        phase = np.where(phase == file.nodata, np.nan, phase)
    with rasterio.open(folder / "coh_vv.tif") as file:
        coherence = file.read(1)
        coherence = np.where(coherence == file.nodata, np.nan, coherence).astype(np.float32)
    phasor = np.exp(1j * phase).astype(np.complex64)
    return RealPhase(WrappedPhase(phasor=phasor, coherence=coherence, effective_looks=10.0), transform)


def compare_methods(real: RealPhase, results: dict[str, UnwrappedPair]) -> dict[str, Any]:
    """Return for each two methods every pixel on whose whole cycles they disagree."""
    valid = np.isfinite(real.wrapped.phasor) & np.isfinite(real.wrapped.coherence)
    found: dict[str, Any] = {
        "pixels": int(valid.sum()),
        "in_components": {
            name: round(done.tally.used / int(valid.sum()), 5) for name, done in results.items()
        },
        "components": {name: int(done.unwrapped.components.max()) for name, done in results.items()},
    }
    for first, second in combinations(results, 2):
        a, b = results[first].unwrapped, results[second].unwrapped
        both = (a.components > 0) & (b.components > 0)
        cycles = np.where(both, np.round((a.phase - b.phase) / TURN), 0.0)
        places = np.argwhere(cycles != 0)
        found[f"{first}_{second}"] = {
            "compared": int(both.sum()),
            "disagree": len(places),
            "where": [
                {
                    "row": int(row),
                    "col": int(col),
                    "longitude": round(float((real.transform * (col + 0.5, row + 0.5))[0]), 5),
                    "latitude": round(float((real.transform * (col + 0.5, row + 0.5))[1]), 5),
                    "coherence": round(float(real.wrapped.coherence[row, col]), 3),
                    "cycles": int(cycles[row, col]),
                }
                for row, col in places[:LISTED]
            ],
        }
    return found


def rewrapped(phase: NDArray[np.floating], coherence: NDArray[np.floating], looks: float) -> WrappedPhase:
    """Wrap again what another program unwrapped; 0 or NaN = no data."""
    known = np.isfinite(phase) & (phase != 0)
    return WrappedPhase(
        phasor=np.where(known, np.exp(1j * phase), np.nan).astype(np.complex64),
        coherence=np.where(known, coherence, np.nan).astype(np.float32),
        effective_looks=looks,
    )


def against_programs(data: Path) -> dict[str, Any]:
    """Wrap what other programs unwrapped, unwrap it, and count pixels of the largest component that differ."""
    stack = data / "interferograms-mexico-city" / "cropA" / "geotiffs"
    scenes = []
    for path in sorted(stack.glob("*_unw.tif")):
        with (
            rasterio.open(path) as file,
            rasterio.open(path.with_name(path.name.replace("_eqa_unw", "_flat_eqa_cc"))) as quality,
        ):
            scenes.append(("mexico_city_gamma", file.read(1), quality.read(1)))
    with rasterio.open(data / "hyp3" / "test_unw_phase.tif") as file:
        phase = file.read(1)
        # its coherence is not at hand: one value for all
        scenes.append(("alaska_hyp3", phase, np.full(phase.shape, 0.6)))
    found: dict[str, Any] = {}
    for name, phase, coherence in scenes:
        for method in ("whirlwind", "growing"):
            options = UnwrapOptions(method=method, minimum_component_size=20)
            done = succeeded(unwrap_pair(rewrapped(phase, coherence, 20.0), options=options))
            inside = done.unwrapped.components == 1
            cycles = np.round((done.unwrapped.phase - phase)[inside] / TURN)
            counts = found.setdefault(f"{name}_{method}", {"images": 0, "compared": 0, "differ": 0})
            counts["images"] += 1
            counts["compared"] += cycles.size
            counts["differ"] += int(np.count_nonzero(cycles != np.median(cycles)))
    return found


def greenland(data: Path) -> dict[str, Any]:
    """Return our ramp and the one another program took out, in turns over the image, and how flat each leaves it."""
    images = []
    for name in ("diff_ingram_test.tiff", "diff_ingram_test_deramped.tiff"):
        with rasterio.open(data / "wrapped-ramp-greenland" / name) as file:
            phase = file.read(1)
            images.append(np.exp(1j * np.where(phase == file.nodata, np.nan, phase)).astype(np.complex64))
    wrapped, given = images
    ours = estimate_ramp(wrapped)
    removed = estimate_ramp(wrapped * np.conj(given))
    valid = np.isfinite(given)
    return {
        "turns_ours": [round(turns, 3) for turns in ours.cycles(wrapped.shape)],
        "turns_given": [round(turns, 3) for turns in removed.cycles(wrapped.shape)],
        "mean_phasor_ours": round(ours.length, 4),
        "mean_phasor_given": round(float(abs(given[valid].mean())), 4),
    }


def figures(picture: Path | None) -> dict[str, Any]:
    """Return all figures; real ones only where the data are."""
    values: dict[str, Any] = {
        "name": "unwrapping",
        "tried_on": "truth: invented scenes; real: Morocco, Mexico City, Alaska (Sentinel-1), Greenland (ramp)",
        "methods": list(METHODS),
        "truth": against_truth(),
        "bridges": bridges(),
        "damage": under_damage(),
    }
    data = Path(os.environ.get("FRINGEWORKS_DATA", "../shared/data")).resolve()
    if not (data / "INVENTORY.md").is_file():
        values["tried_on"] = "truth: invented scenes"
        return values
    real = morocco(data)
    results = {
        method: succeeded(unwrap_pair(real.wrapped, options=UnwrapOptions(method=method)))
        for method in METHODS
    }
    values["morocco"] = compare_methods(real, results)
    values["against_programs"] = against_programs(data)
    values["greenland"] = greenland(data)
    if picture is not None:
        draw_methods(picture, real.wrapped, {name: done.unwrapped for name, done in results.items()})
    return values


def main() -> None:
    """Print one JSON object on one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--picture", type=Path, help="write a PNG of the Moroccan pair")
    options, _ = parser.parse_known_args()
    print(json.dumps(figures(options.picture)))


if __name__ == "__main__":
    main()
