"""Open simulated products with readers that are not ours, and see where they place reflectors.

    python -m validation.readers --json

GDAL's SAFE driver (through rasterio) reads the zip and the folder; xarray-sentinel and sarsen run in the environment that
``sh benchmarks/make_env.sh sarsen`` builds, and are skipped by name where it is not.  sarsen knows neither the residual
bistatic delay nor the air: the first moves lines by up to 0.14, the second moves samples by the length of its path; both
are shown as found and with what the truth says of them taken off.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from benchmarks.harness import peer_python
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.fields import LayeredAir
from fringeworks.simulate.scene.demonstration import demo_scene
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scenario import LandCover, SceneScenario
from fringeworks.simulate.scene.scene import WrittenScene, simulate_scene
from validation._printing import print_figures
from validation._scene_measures import ReadBurst, ecef, peak, predicted, read_bursts, read_orbit

SWATH, POLARISATION = "IW2", "VV"


def scenario(samples: int) -> SceneScenario:
    """Return two sub-swaths in both polarisations: reflectors on dark ground under air that delays by centimetres."""
    base = demo_scene(n_dates=1, samples=samples, swaths=("IW1", "IW2"), polarisations=("VV", "VH"))
    return replace(
        base,
        land=(LandCover(name="dark", share=1.0, sigma0=-60.0),),
        persistent=None,
        motions=(),
        turbulence=None,
        layered=LayeredAir(seasonal=-0.05, random=0.0),
        noise=None,
        orbit_hours=0.2,
        arc_seconds=3.0,
    )


def digests(samples: NDArray[np.complex64], bursts: list[ReadBurst]) -> list[str]:
    """Return a digest of the integers of every burst of a raster."""
    found, first = [], 0
    for read in bursts:
        rows = read.burst.grid.shape.rows
        part = samples[first : first + rows]
        plain = np.stack([part.real, part.imag], axis=-1).astype("<i2")
        found.append(hashlib.md5(plain.tobytes(), usedforsecurity=False).hexdigest())
        first += rows
    return found


def through_gdal(product: Path, folder: Path, own: list[str], bursts: list[ReadBurst]) -> dict[str, Any]:
    """Open a product as zip and as folder with GDAL's SAFE driver; say whether it reads the samples that we read."""
    found: dict[str, Any] = {"version": rasterio.__gdal_version__}
    swath = bursts[0].burst.swath
    for name, place in (("zip", f"/vsizip/{product}/{folder.name}"), ("folder", str(folder))):
        with rasterio.open(place, driver="SAFE") as file:
            subdatasets = list(file.subdatasets)
            tags = {key: file.tags()[key] for key in ("PRODUCT_TYPE", "MODE", "MISSION_ID")}
        wanted = f"SENTINEL1_CALIB:UNCALIB:{place}/manifest.safe:{swath}_{POLARISATION}:COMPLEX"
        with rasterio.open(wanted) as file:
            same = digests(file.read(1), bursts) == own
            ties = len(file.gcps[0])
        found[name] = {"subdatasets": len(subdatasets), "same_samples": same, "tie_points": ties, **tags}
    return found


def outside(
    folder: Path, points: NDArray[np.float64], work: Path, *, swath: str = SWATH
) -> dict[str, Any] | None:
    """Ask xarray-sentinel and sarsen; None where they are not installed."""
    python = peer_python("sarsen")
    if python is None:
        return None
    request = work / "request.json"
    request.write_text(
        json.dumps(
            {
                "product": str(folder),
                "swath": swath,
                "polarisation": POLARISATION,
                "points": points.tolist(),
            }
        )
    )
    script = Path(__file__).with_name("_readers_outside.py")
    done = subprocess.run([python, script, request], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"xarray-sentinel or sarsen failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _seconds(utc: str, since: str) -> float:
    return float((np.datetime64(utc) - np.datetime64(since)) / np.timedelta64(1, "ns") * 1e-9)


def placing(scene: WrittenScene, bursts: list[ReadBurst], answer: dict[str, Any]) -> dict[str, Any]:
    """Return how far from the image's peaks sarsen's places lie, on the axes that xarray-sentinel gives."""
    points, reference, delay = _truth(scene)
    rows = []
    for read, axes in zip(bursts, answer["opened"]["bursts"], strict=True):
        curve = read_orbit(scene.orbits[0], read.burst.grid.epoch)
        lines, samples = predicted(read, curve, points, reference)
        n_lines, n_samples = axes["shape"]
        step = _seconds(axes["line_time"][1], axes["line_time"][0]) / (n_lines - 1)
        across = (axes["two_way"][1] - axes["two_way"][0]) / (n_samples - 1)
        for k, (line, sample) in enumerate(zip(lines, samples, strict=True)):
            if not (60 < line < n_lines - 60 and 40 < sample < n_samples - 40):
                continue
            at = peak(read.deramped, line, sample)
            two_way = answer["placed"]["two_way"][k]
            theirs = (
                _seconds(answer["placed"]["utc"][k], axes["line_time"][0]) / step,
                (two_way - axes["two_way"][0]) / across,
            )
            bistatic = -(0.5 * two_way - reference / SPEED_OF_LIGHT) / step
            air = 2.0 * delay[k] / SPEED_OF_LIGHT / across
            rows.append([at[0] - theirs[0], bistatic, at[1] - theirs[1], air])
    table = np.array(rows)
    off = {"line": table[:, 0], "line_less_bistatic": table[:, 0] - table[:, 1]}
    off |= {"sample": table[:, 2], "sample_less_air": table[:, 2] - table[:, 3]}
    worst = {f"{name}_max": round(float(np.abs(values).max()), 5) for name, values in off.items()}
    return {"reflectors": len(table), **worst, "air_samples": round(float(table[:, 3].mean()), 5)}


def _truth(scene: WrittenScene) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return Earth-fixed places of the points [m], the range of the bistatic term [m], and the path through the air [m]."""
    points = np.load(scene.folder / "truth" / "points.npz")
    layers = np.load(scene.folder / "truth" / "truth.npz")
    facts = json.loads((scene.folder / "truth" / "truth.json").read_text(encoding="utf-8"))
    col = np.rint((points["longitude"] - layers["longitude"][0]) / np.diff(layers["longitude"])[0])
    row = np.rint((points["latitude"] - layers["latitude"][0]) / np.diff(layers["latitude"])[0])
    delay = (layers["turbulence"][0] + layers["layered"][0])[row.astype(int), col.astype(int)]
    place = ecef(points["longitude"], points["latitude"], points["ground_height"] + points["above"])
    return place, facts["reference_range"], delay


def measure(*, samples: int = 700) -> dict[str, Any]:
    """Write one product and open it with everything; returns all figures."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        scene = simulate_scene(scenario(samples), work / "scene", rng=np.random.default_rng(3))
        product = scene.products[0][0]
        with zipfile.ZipFile(product) as archive:
            archive.extractall(work)
        folder = next(work.glob("*.SAFE"))
        bursts = read_bursts(product, SWATH, POLARISATION)
        own = [digest for read in bursts for digest in digests(read.samples, [read])]
        gdal = through_gdal(product, folder, own, bursts)
        answer = outside(folder, _truth(scene)[0], work)
        strip = stripmap(work / "stripmap")
        found: dict[str, Any] = {
            "name": "readers",
            "tried_on": "own-made data with a known answer",
            "gdal": gdal,
            "stripmap": strip,
        }
        if answer is None:
            found["skipped"] = ["xarray-sentinel", "sarsen"]
        else:
            theirs = [burst["digest"] for burst in answer["opened"]["bursts"]]
            found["versions"] = answer["versions"]
            found["xarray_sentinel"] = {
                "groups": len(answer["opened"]["groups"]),
                "bursts": len(theirs),
                "same_samples": theirs == own,
            }
            found["sarsen"] = placing(scene, bursts, answer)
    found["passed"] = _passed(found)
    return found


def stripmap(work: Path) -> dict[str, bool]:
    """Say which programs read the samples of a strip map image that we read."""
    wanted = preset_scene(
        "stripmap", {"n_dates": 1, "samples": 400, "lines": 900, "arc_seconds": 3.0, "orbit_hours": 0.2}
    )
    scene = simulate_scene(wanted, work / "scene", rng=np.random.default_rng(4))
    product = scene.products[0][0]
    with zipfile.ZipFile(product) as archive:
        archive.extractall(work)
    folder = next(work.glob("*.SAFE"))
    bursts = read_bursts(product, "S3")
    own = digests(bursts[0].samples, bursts)
    gdal = through_gdal(product, folder, own, bursts)
    found = {f"gdal_{kind}": bool(gdal[kind]["same_samples"]) for kind in ("zip", "folder")}
    answer = outside(folder, _truth(scene)[0], work, swath="S3")
    if answer is not None:
        found["xarray_sentinel"] = [b["digest"] for b in answer["opened"]["bursts"]] == own
    return found


def _passed(found: dict[str, Any]) -> bool:
    same = all(found["gdal"][kind]["same_samples"] for kind in ("zip", "folder"))
    same = same and all(found["stripmap"].values())
    if "sarsen" not in found:
        return same
    places = found["sarsen"]
    return bool(
        same
        and found["xarray_sentinel"]["same_samples"]
        and places["reflectors"] > 0
        and places["line_max"] < 0.1
        and places["line_less_bistatic_max"] < 0.01
        and places["sample_less_air_max"] < 0.02
    )


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
