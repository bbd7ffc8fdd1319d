"""Look for every effect that a scene can be given in its pixels, with the size and sign that the truth says.

    python -m validation.scene_effects --json

One scene has them all: volcano, fault, bowl, season, turbulent and layered air, ionosphere, tide, plate, constants of three
platforms, timing errors.  Interferograms at true offsets must show nothing but noise, and the overlap of bursts all that
moves targets in azimuth.  Further scenes try strip map, an ascending track, layover and shadow, fading phases by the length
of pairs, brightness and noise.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.simulate.fields import LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import Bowl, Mogi, Motion, ScrewDislocation, Seasonal, Steady, Step
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.earth import PlateMotion
from fringeworks.simulate.scene.scenario import (
    Ionosphere,
    LandCover,
    Pass,
    PersistentPoints,
    Reflector,
    SceneScenario,
)
from fringeworks.simulate.scene.scene import WrittenScene, simulate_scene
from validation._printing import print_figures
from validation._scene_fading import fading
from validation._scene_forming import (
    deviations,
    deviations_and_sigmas,
    earth_fixed,
    form,
    moved_on,
    timing_errors,
    truth_of,
)
from validation._scene_measures import (
    double_difference,
    ecef,
    peak,
    predicted,
    read_bursts,
    read_orbit,
)
from validation._scene_relief import deep_shadow, steep_ground

LEAN = 0.1725
ROCK = LandCover(name="rock", share=1.0, sigma0=-6.0, initial=0.95, floor=0.85, decay_days=200.0)
DAYS = (date(2023, 1, 8), date(2023, 1, 20), date(2025, 5, 10))
CENTRE = (15.0, 41.0)
AZIMUTH_NOISE = 2e-4
"""Four standard deviations of an overlap of 26 coarse lines and 480 samples, a coherence of 0.8 and 208 rad a line [lines]."""
SHARE_OFF = 0.005
"""Of a pattern's strength: what the rulers leave, who take the mean over a resolution cell from values at each line."""
_CHEAP = {"coarseness": 4, "arc_seconds": 3.0, "orbit_hours": 0.2, "deflated": False}


def everything(samples: int, swaths: tuple[str, ...]) -> SceneScenario:
    """Return the scene that has every effect."""
    second = Pass(
        day=DAYS[1],
        platform="S1B",
        offset=Baseline(cross=60.0, normal=-20.0, cross_rate=0.02),
        doppler=3.0,
        burst_shift=0.7,
        clock=0.3,
        azimuth_error={"IW1": 0.004, "IW2": 0.003},
        range_error={"IW1": 0.05, "IW2": 0.04},
    )
    third = Pass(day=DAYS[2], platform="S1C", offset=Baseline(cross=-40.0, normal=10.0))
    volcano = Mogi(east=LEAN * 6_000.0, north=6_000.0, depth=1_500.0, volume=4e5)
    fault = ScrewDislocation(
        strike=0.9, slip=0.08, top=300.0, bottom=3_000.0, east=-LEAN * 3_000.0, north=-3_000.0
    )
    bowl = Bowl(east=-LEAN * 9_000.0, north=-9_000.0, radius=1_500.0, uplift=-0.1)
    season = Bowl(east=LEAN * 14_000.0, north=14_000.0, radius=2_500.0, uplift=-0.03)
    return SceneScenario(
        title="every effect at once",
        centre=CENTRE,
        swaths=swaths,
        samples=samples,
        land=(ROCK,),
        noise=-25.0,
        passes=(Pass(day=DAYS[0]), second, third),
        terrain=Terrain(base=500.0, roughness=PowerLaw(rms_difference=120.0, distance=4_000.0, exponent=3.2)),
        motions=(
            Motion(volcano, Step(day=DAYS[1]), "volcano"),
            Motion(fault, Step(day=DAYS[1]), "fault"),
            Motion(bowl, Steady(), "bowl"),
            Motion(season, Seasonal(), "season"),
        ),
        turbulence=PowerLaw(rms_difference=0.004, distance=4_000.0),
        layered=LayeredAir(seasonal=0.1, random=0.0),
        ionosphere=Ionosphere(constant=0.05, slope=4e-4),
        tides=True,
        plate=PlateMotion(latitude=55.0, longitude=-100.0, rate=0.26),
        phase_offsets={("S1C", "IW1"): -0.4, ("S1C", "IW2"): 0.7},
        **_CHEAP,
    )


def interferograms(scene: WrittenScene, swaths: tuple[str, ...]) -> dict[str, Any]:
    """Return what is left in interferograms, by pair: mean phase, share of each pattern, azimuth shift by overlaps."""
    _, facts = truth_of(scene)
    found: dict[str, Any] = {}
    for pair in ((0, 1), (0, 2), (1, 2)):
        formed = [form(scene, burst, pair=pair, swath=swath) for swath in swaths for burst in (0, 1)]
        names = tuple(
            name
            for name in formed[0].parts
            if max(float(np.nanstd(each.parts[name])) for each in formed) > 0.2
        )
        left = deviations_and_sigmas(
            formed, tuple(name for name in names if name not in {"geometry", "phase_offset"})
        )
        entry: dict[str, Any] = {
            name: {"off": round(value, 4), "sigma": round(sigma, 4)} for name, (value, sigma) in left.items()
        }
        for swath in swaths:
            raw = [form(scene, burst, pair=pair, swath=swath, timing=False) for burst in (0, 1)]
            shift = double_difference([(each.reads[0], each.residual) for each in raw])
            wanted = timing_errors(facts, pair, swath)[0]
            entry[f"azimuth_{swath}"] = {"wanted": round(wanted, 5), "found": round(shift, 5)}
        found[f"{pair[0]}-{pair[1]}"] = entry
    return found


def reflectors(scene: WrittenScene, swath: str, *, date_index: int = 1) -> dict[str, float]:
    """Return the largest distance of reflectors from where orbit, annotation and truth put them."""
    layers, facts = truth_of(scene)
    points = np.load(scene.folder / "truth" / "points.npz")
    lon, lat = points["longitude"], points["latitude"]
    place = ecef(lon, lat, points["ground_height"] + points["above"])
    row = np.rint((lat - layers["latitude"][0]) / np.diff(layers["latitude"])[0]).astype(int)
    col = np.rint((lon - layers["longitude"][0]) / np.diff(layers["longitude"])[0]).astype(int)
    place = place + earth_fixed(moved_on(scene, date_index)[:, row, col], lon, lat)
    late = facts["dates"][date_index]["azimuth_error_lines"].get(swath, 0.0)
    gaps = []
    for read in read_bursts(scene.products[date_index][0], swath):
        curve = read_orbit(scene.orbits[date_index], read.burst.grid.epoch)
        lines, samples = predicted(read, curve, place, facts["reference_range"])
        inner = (lines > 40) & (lines < read.samples.shape[0] - 40)
        inner &= (samples > 40) & (samples < read.samples.shape[1] - 40)
        for line, sample in zip(lines[inner] + late, samples[inner], strict=True):
            found = peak(read.deramped, line, sample)
            gaps.append((abs(found[0] - line), abs(found[1] - sample)))
    worst = np.max(gaps, axis=0)
    return {"n": len(gaps), "line": round(float(worst[0]), 5), "sample": round(float(worst[1]), 5)}


def _dark(**facts: Any) -> SceneScenario:
    base = {
        "title": "reflectors on dark ground",
        "centre": CENTRE,
        "samples": 400,
        "land": (LandCover(name="dark", share=1.0, sigma0=-70.0),),
        "noise": None,
        "tides": True,
        "passes": (
            Pass(day=DAYS[0]),
            Pass(
                day=DAYS[1], offset=Baseline(cross=80.0), doppler=5.0, azimuth_error={"S3": 0.2, "IW2": 0.01}
            ),
        ),
        "orbit_hours": 0.2,
        "arc_seconds": 3.0,
    }
    return SceneScenario(**{**base, **facts})


def stripmap(folder: Path, *, samples: int = 400, lines: int = 3_000) -> dict[str, Any]:
    """Return how reflectors and an interferogram of strip map agree with their truth."""
    reach = 1.25 * lines
    marks = tuple(
        Reflector(east=LEAN * north + east, north=north, cross_section=40.0)
        for north, east in ((-reach, 0.0), (0.0, 80.0), (0.9 * reach, -60.0))
    )
    image = {
        "swaths": ("S3",),
        "bursts": 1,
        "samples": samples,
        "lines": lines,
        "incidence": math.radians(32.0),
    }
    dark = simulate_scene(_dark(reflectors=marks, **image), folder / "dark", rng=np.random.default_rng(5))
    bowl = Motion(Bowl(east=0.0, north=0.0, radius=800.0, uplift=-0.6), Steady(), "bowl")
    bright = _dark(land=(ROCK,), noise=-25.0, motions=(bowl,), **image)
    scene = simulate_scene(bright, folder / "bright", rng=np.random.default_rng(6))
    left = deviations([form(scene, 0, swath="S3")], ("bowl",))
    return {"reflectors": reflectors(dark, "S3"), **{key: round(value, 4) for key, value in left.items()}}


def ascending(folder: Path) -> dict[str, float]:
    """Return how reflectors of an ascending track agree with their truth."""
    marks = tuple(
        Reflector(east=-LEAN * north, north=north, cross_section=44.0)
        for north in (-12_000.0, -4_000.0, 9_000.0)
    )
    wanted = _dark(reflectors=marks, pass_direction="ascending", coarseness=4)
    return reflectors(simulate_scene(wanted, folder, rng=np.random.default_rng(7)), "IW2")


def brightness(folder: Path) -> dict[str, float]:
    """Return noise, ratio of polarisations and of points to clutter, each less what was asked for [dB]."""
    base = {"centre": CENTRE, "samples": 600, "bursts": 1, "passes": (Pass(day=DAYS[0]),), **_CHEAP}
    dark = SceneScenario(
        title="noise",
        land=(LandCover(name="dark", share=1.0, sigma0=-70.0),),
        noise=-22.0,
        **base,
    )
    town = SceneScenario(
        title="points",
        land=(LandCover(name="town", share=1.0, sigma0=-6.0, cross=-8.0),),
        noise=None,
        polarisations=("VV", "VH"),
        persistent=PersistentPoints(per_km2=4.0, ratio=(20.0, 20.0), height=4.0),
        **base,
    )
    scenes = [simulate_scene(s, folder / s.title, rng=np.random.default_rng(9)) for s in (dark, town)]
    inner = (slice(20, -20), slice(20, -20))
    noise = np.mean(np.abs(read_bursts(scenes[0].products[0][0])[0].samples[inner]) ** 2)
    reads = {p: read_bursts(scenes[1].products[0][0], "IW2", p)[0] for p in ("VV", "VH")}
    clutter = {p: float(np.median(np.abs(r.samples[inner]) ** 2)) / math.log(2.0) for p, r in reads.items()}
    points, facts = np.load(scenes[1].folder / "truth" / "points.npz"), truth_of(scenes[1])[1]
    place = ecef(points["longitude"], points["latitude"], points["ground_height"] + points["above"])
    curve = read_orbit(scenes[1].orbits[0], reads["VV"].burst.grid.epoch)
    line, sample = predicted(reads["VV"], curve, place, facts["reference_range"])
    kept = (line > 25) & (line < 350) & (sample > 25) & (sample < 575)
    peaks = [
        abs(peak(reads["VV"].deramped, a, b)[2]) ** 2 for a, b in zip(line[kept], sample[kept], strict=True)
    ]
    ratio = float(np.mean(peaks)) / clutter["VV"] - 1.0
    angle = float(np.median(np.load(scenes[1].folder / "truth" / "truth.npz")["incidence"]))
    asked = 237.0**2 * 10.0 ** (-6.0 / 10.0) / math.sin(angle)
    db = {
        "noise_db": noise / (237.0**2 * 10.0**-2.2),
        "clutter_db": clutter["VV"] / asked,
        "cross_db": clutter["VH"] / clutter["VV"] / 10.0**-0.8,
        "points_db": ratio / 100.0,
    }
    return {"points": len(peaks)} | {key: round(10.0 * math.log10(value), 3) for key, value in db.items()}


def measure(*, samples: int = 500) -> dict[str, Any]:
    """Write and measure; returns all figures."""
    swaths = ("IW1", "IW2")
    found: dict[str, Any] = {"name": "scene_effects", "tried_on": "own-made data with a known answer"}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scene = simulate_scene(everything(samples, swaths), folder / "all", rng=np.random.default_rng(1))
        found["pairs"] = interferograms(scene, swaths)
        cases: dict[str, Callable[[Path], dict[str, Any]]] = {
            "stripmap": stripmap,
            "ascending": ascending,
            "steep_ground": steep_ground,
            "deep_shadow": deep_shadow,
            "fading": fading,
            "brightness": brightness,
        }
        for name, case in cases.items():
            found[name] = case(folder / name)
    found["seconds"] = round(time.perf_counter() - began)
    found["passed"] = passed(found)
    return found


def passed(found: dict[str, Any]) -> bool:
    """Return whether all figures are as good as they have to be."""
    pairs = found["pairs"].values()
    steep, bright, shadow = found["steep_ground"], found["brightness"], found["deep_shadow"]
    return bool(
        all(abs(entry["mean_rad"]["off"]) < 0.01 for entry in pairs)
        and all(
            abs(v["off"]) < SHARE_OFF + 3.0 * v["sigma"]
            for entry in pairs
            for v in entry.values()
            if "off" in v
        )
        and all(
            abs(v["found"] - v["wanted"]) < AZIMUTH_NOISE
            for entry in pairs
            for k, v in entry.items()
            if k.startswith("azimuth_")
        )
        and all(
            m["line"] < 0.01 and m["sample"] < 0.01
            for m in (found["stripmap"]["reflectors"], found["ascending"])
        )
        and abs(found["stripmap"]["mean_rad"]) < 0.01
        and steep["shadow_over_flat_db"] < -15.0
        and abs(steep["layover_over_flat_db"] - steep["scatterers_over_flat_db"]) < 1.0
        and abs(shadow["over_noise"] - 1.0) < 0.01 + 3.0 * shadow["sigma"]
        and all(abs(v["bias_rad"] - v["model_rad"]) < 3.5 * v["sigma_rad"] for v in found["fading"]["pairs"])
        and all(abs(v) < 0.2 for k, v in bright.items() if k.endswith("_db"))
    )


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
