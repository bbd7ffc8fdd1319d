"""One interferogram of two full-size bursts, from SAFE zips to displacement on the map: seconds of the whole process.

The scene (two dates, one sub-swath, two bursts of 1500 x 21000) is invented once and kept under ``.bench/pair``.  No peer
installs by pip: the slides of snap2stamps' authors give two to three minutes on eight processors, without unwrapping and
geocoding.  The ceiling is what no processor can avoid: unpacking both images from their zips, and moving each sample once
through memory as it is read (integers), resampled (single precision) and multiplied; measured in the same run.
``python -m benchmarks.pair --json`` gives 60 m, with ``--spacing 30`` 30 m; ``--cold`` starts with no compiled kernels.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer

from fringeworks.simulate.scene.compare import read_scene_truth
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".bench" / "pair"
SAMPLES = 21_000


def scene() -> Path:
    """Invent the scene, or find it."""
    done = FOLDER / "complete"
    if not done.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        scenario = preset_scene("town", facts={"n_dates": 2, "samples": SAMPLES})
        simulate_scene(scenario, FOLDER, rng=np.random.default_rng(1), workers=2)
        done.touch()
    return FOLDER


def run_once(place: Path, spacing: float, out: Path, cache: Path | None) -> tuple[float, float]:
    """Run the whole process; returns seconds and peak memory [MiB]."""
    first, second = sorted((place / "slc").glob("*.zip"))
    command = [
        *(sys.executable, "-m", "fringeworks", "pair", str(first), str(second)),
        *("--orbits", str(place / "orbits"), "--dem", str(place / "dem.tif"), "--out", str(out)),
        *("--spacing", str(spacing), "--max-memory", "4 GiB"),
    ]
    environment = dict(os.environ, NUMBA_NUM_THREADS="2")
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status = process.wait()
    if status:
        raise RuntimeError(f"fringeworks pair ended with status {status}")
    taken = time.monotonic() - started
    steps = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["steps"]
    return taken, max(float(s["peak_memory_bytes"]) for s in steps) / 2**20


def ceiling(place: Path) -> float:
    """Unpack both images and move every sample once through memory as often as the chain must; seconds."""
    started = time.monotonic()
    for path in sorted((place / "slc").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".tiff"))
            content = archive.read(name)
        integers = np.frombuffer(content, np.int16, count=len(content) // 2)
        samples = integers.astype(np.float32)
        product = samples * samples
        product.sum()
    return time.monotonic() - started


def accuracy(place: Path, out: Path) -> float:
    """Displacement error against motion and air, rms where coherence is above 0.5 [m]."""
    truth = read_scene_truth(place / "truth")
    folder = next((out / "products" / "interferograms").glob("*_*"))
    with rasterio.open(folder / "displacement.tif") as file:
        cols, rows = np.meshgrid(np.arange(file.width) + 0.5, np.arange(file.height) + 0.5)
        x, y = file.transform.a * cols + file.transform.c, file.transform.e * rows + file.transform.f
        lon, lat = Transformer.from_crs(file.crs, "EPSG:4326", always_xy=True).transform(x, y)
        found = file.read(1)
    with rasterio.open(folder / "coherence.tif") as file:
        coherent = file.read(1) > 0.5
    known = truth.sample(truth.seen(1) - truth.seen(0), lon, lat)
    error = (found - known)[coherent & np.isfinite(found) & np.isfinite(known)]
    return float(np.sqrt(np.mean((error - np.median(error)) ** 2)))


def stages(out: Path) -> dict[str, float]:
    """Return the seconds of each step."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return {s["name"]: round(float(s["seconds"]), 2) for s in manifest["steps"]}


def main() -> None:
    """Measure, and print one JSON object on one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--spacing", type=float, default=60.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    arguments = parser.parse_args()
    place = scene()
    seconds, peaks, limits = [], [], []
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        cold = (
            run_once(place, arguments.spacing, Path(scratch) / "cold", Path(scratch) / "c")[0]
            if arguments.cold
            else None
        )
        run_once(place, arguments.spacing, Path(scratch) / "warm", None)
        for k in range(arguments.repeats):
            out = Path(scratch) / f"out{k}"
            taken, peak = run_once(place, arguments.spacing, out, None)
            seconds.append(taken)
            peaks.append(peak)
            limits.append(ceiling(place))
        found, steps = accuracy(place, out), stages(out)
    ours, limit = statistics.median(seconds), statistics.median(limits)
    result = {
        "name": "pair",
        "size": f"2 dates x 2 bursts x 1500 x {SAMPLES}, {arguments.spacing:g} m",
        "ours": ours,
        "peer": None,
        "peer_name": "none installs by pip",
        "ratio": None,
        "ceiling": limit,
        "share_of_ceiling": limit / ours,
        "peak_rss_mib": max(peaks),
        "accuracy_ours": found,
        "accuracy_peer": None,
        "cold_seconds": cold,
        "stages": steps,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
