"""Do simulated scenes hold what their truth says?  Reflectors, spectra, interferograms, overlaps, cost.

    python -m validation.scene --json
    python -m validation.scene --full FOLDER      a burst as wide as a real one, minutes

A scene with baselines, Doppler and timing differences, deformation and atmosphere is written and then measured by
rulers that share no code with the simulator: orbit file, annotation and DEM alone give positions and phases.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.scene.demonstration import demo_scene
from fringeworks.simulate.scene.scenario import LandCover, Reflector, SceneScenario
from fringeworks.simulate.scene.scene import WrittenScene, simulate_scene
from validation._scene_forming import Formed, deviations, form, independent_share, truth_of
from validation._scene_full import SAMPLES, WIDE, measure_full
from validation._scene_measures import (
    ReadBurst,
    double_difference,
    ecef,
    peak,
    predicted,
    read_bursts,
    read_orbit,
    spectrum_edges,
)
from validation.scene_effects import ROCK

AZIMUTH_ERROR = 0.03
"""Injected into the second date [lines]."""


def scenario(samples: int) -> SceneScenario:
    """Return the demonstration's scene without points, with an azimuth error on the second date."""
    base = demo_scene(samples=samples)
    second = replace(base.passes[1], azimuth_error={"IW2": AZIMUTH_ERROR})
    return replace(
        base,
        passes=(base.passes[0], second),
        persistent=None,
        reflectors=(),
        orbit_hours=0.2,
        arc_seconds=2.0,
    )


def azimuth_error(folder: Path, samples: int) -> dict[str, float]:
    """Return the azimuth error that the overlap of two bursts shows, on ground that stays coherent, and the mean phase."""
    wanted = replace(scenario(samples), land=(ROCK,))
    scene = simulate_scene(wanted, folder, rng=np.random.default_rng(1))
    raw = [form(scene, burst, timing=False) for burst in (0, 1)]
    found = double_difference([(each.reads[0], each.residual) for each in raw])
    left = deviations([form(scene, burst) for burst in (0, 1)], ("turbulence",))
    return {
        "injected_lines": AZIMUTH_ERROR,
        "found_lines": round(found, 5),
        "mean_phase_rad": round(left["mean_rad"], 4),
    }


def shared(shift: float, band: float) -> float:
    """Return the share of two Hamming spectra that overlap, shifted against each other [same unit as the band]."""
    f = np.linspace(-0.5 * band, 0.5 * band, 4001)

    def window(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.abs(x) <= 0.5 * band, 0.75 + 0.25 * np.cos(2 * np.pi * x / band), 0.0)

    return float(np.sum(window(f) * window(f - shift)) / np.sum(window(f) ** 2))


def by_cover(
    scene: WrittenScene, formed: list[Formed], land: tuple[LandCover, ...], noise: float
) -> dict[str, dict[str, float]]:
    """Return coherence against the model and phase bias of each land cover, with their standard errors.

    Of n independent samples of coherence g the phase of the mean has the standard error sqrt((1 - g^2) / (2 n)) / g, the
    coherence (1 - g^2) / sqrt(2 n).
    """
    found = {}
    for index, cover in enumerate(land):
        inside = [each.cover == index for each in formed]
        n_samples = int(sum(part.sum() for part in inside))
        if n_samples < 10_000:
            continue
        moment = sum(complex(f.residual[part].sum()) for f, part in zip(formed, inside, strict=True))
        power = [
            sum(float(f.power[k][part].sum(dtype=float)) for f, part in zip(formed, inside, strict=True))
            for k in (0, 1)
        ]
        found_moment = moment / math.sqrt(power[0] * power[1])
        model = cover.moment(12.0)
        lost = sum(
            float(part.sum()) * _kept(scene, f, part, noise - cover.sigma0)
            for f, part in zip(formed, inside, strict=True)
            if part.any()
        )
        expected = abs(model) * lost / n_samples
        looks = n_samples * independent_share(formed[0].reads[0])
        sigma = math.sqrt((1.0 - expected**2) / (2.0 * looks))
        found[cover.name] = {
            "coherence": round(abs(found_moment), 4),
            "model": round(expected, 4),
            "coherence_sigma": round(sigma * math.sqrt(1.0 - expected**2), 4),
            "phase_bias_rad": round(float(np.angle(found_moment * np.conj(model))), 4),
            "phase_sigma_rad": round(sigma / expected, 4),
            "samples": n_samples,
        }
    return found


def _kept(scene: WrittenScene, formed: Formed, part: NDArray[np.bool_], noise: float) -> float:
    """Return the share of coherence that thermal noise, Doppler difference and baseline leave; noise over sigma0 in dB."""
    baseline = truth_of(scene)[1]["dates"][1]["perpendicular_baseline"]
    read = formed.reads[0]
    radar, angle = read.burst.radar, float(np.mean(formed.incidence[part]))
    shift = abs(SPEED_OF_LIGHT * baseline / (radar.wavelength * float(read.ranges.mean()) * math.tan(angle)))
    spectral = shared(abs(formed.doppler_gap), radar.azimuth_bandwidth) * shared(shift, radar.range_bandwidth)
    return spectral / (1.0 + 10.0 ** (noise / 10.0) * math.sin(angle))


def spectra(reads: list[ReadBurst]) -> dict[str, float]:
    """Return the largest offset of deramped spectra [Hz] and of their width from the annotation [Hz]."""
    centres, widths = [], []
    for read in reads:
        image = read.deramped[read.burst.valid.slices]
        power = (np.abs(np.fft.fft(image, axis=0)) ** 2).sum(axis=1)
        centre, low, high = spectrum_edges(power, read.burst.grid.azimuth_step)
        centres.append(abs(centre))
        widths.append(abs(high - low - read.burst.radar.azimuth_bandwidth))
    return {"centre_hz": round(max(centres), 3), "width_hz": round(max(widths), 3)}


def reflectors(folder: Path) -> dict[str, float]:
    """Return the rms distance of reflectors from where they are predicted, and how the sub-swaths agree on one."""
    lean = 0.1725
    base = demo_scene(samples=500, swaths=("IW1", "IW2", "IW3"))
    # neighbours share 125 of 500 samples, 0.47 km: those of IW1 and IW2 lie 0.7 km east of the middle, of IW2 and IW3 west
    places = [(side * 710.0, north) for side in (1.0, -1.0) for north in (-9_000.0, -2_000.0, 4_000.0)]
    places += [(0.0, 8_000.0), (1_500.0, -6_000.0), (-1_500.0, 6_500.0)]
    dark = replace(
        base,
        land=(LandCover(name="dark", share=1.0, sigma0=-90.0),),
        noise=None,
        persistent=None,
        turbulence=None,
        layered=None,
        motions=(),
        reflectors=tuple(Reflector(east=e + lean * n, north=n, cross_section=46.0) for e, n in places),
        orbit_hours=0.2,
    )
    scene = simulate_scene(dark, folder, rng=np.random.default_rng(2))
    facts = json.loads((folder / "truth" / "truth.json").read_text())
    points = np.load(folder / "truth" / "points.npz")
    place = ecef(points["longitude"], points["latitude"], points["ground_height"] + points["above"])
    errors, seen = [], {}
    for k, (products, orbit) in enumerate(zip(scene.products, scene.orbits, strict=True)):
        for name in base.swaths:
            for b, read in enumerate(read_bursts(products[0], name)):
                curve = read_orbit(orbit, read.burst.grid.epoch)
                lines, samples = predicted(read, curve, place, facts["reference_range"])
                for p, (line, sample) in enumerate(zip(lines, samples, strict=True)):
                    if not (50 < line < 1440 and 30 < sample < 470):
                        continue
                    found = peak(read.deramped, line, sample)
                    errors.append((found[0] - line, found[1] - sample))
                    far = read.burst.grid.range_start + found[1] * read.burst.grid.range_step
                    ramp = read.ramp(np.array(found[0]), np.array(far))
                    seen.setdefault((k, p), []).append((name, b, found[2] * np.exp(1j * float(ramp))))
    phases = [
        abs(float(np.angle(one[2] * np.conj(two[2]))))
        for v in seen.values()
        for one in v
        for two in v
        if one[0] < two[0]
    ]
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    return {
        "n": len(errors),
        "line_rms": round(float(rms[0]), 5),
        "sample_rms": round(float(rms[1]), 5),
        "n_in_both_sub_swaths": len(phases),
        "phase_between_sub_swaths_rad": round(max(phases, default=math.nan), 4),
    }


def measure(*, samples: int = 900) -> dict[str, object]:
    """Write and measure; returns all figures."""
    with tempfile.TemporaryDirectory() as place:
        began = time.process_time()
        wanted = scenario(samples)
        scene = simulate_scene(wanted, Path(place) / "scene", rng=np.random.default_rng(1))
        cost = (time.process_time() - began) / scene.n_samples * 1e6
        reads = [read for products in scene.products for read in read_bursts(products[0])]
        covers = by_cover(scene, [form(scene, 0)], wanted.land, float(wanted.noise or -99.0))
        found = {
            "name": "scene",
            "size": {"dates": 2, "bursts": 2, "samples": samples},
            "reflectors": reflectors(Path(place) / "dark"),
            "spectra": spectra(reads),
            "by_cover": covers,
            "azimuth_error": azimuth_error(Path(place) / "coherent", samples),
            "processor_microseconds_per_sample": round(cost, 2),
            "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "tried_on": "own-made data with a known answer",
        }
    found["passed"] = _passed(found)
    return found


def full(folder: Path, *, samples: int = SAMPLES, wide: int = WIDE) -> dict[str, object]:
    """Write and measure a burst as wide as a real one; minutes."""
    found = measure_full(folder, by_cover, samples=samples, wide=wide)
    points, covers = found["reflectors"], found["by_cover"].values()
    passed = max(points["line"], points["sample"]) < 0.01 and found["spectra"]["centre_hz"] < 1.0
    passed = passed and all(unbiased(cover) for cover in covers)
    passed = passed and unbiased(found["forest_alone"]) and abs(found["left"]["mean_rad"]["off"]) < 0.01
    return {"name": "scene_full", **found, "passed": bool(passed)}


def unbiased(cover: dict[str, float]) -> bool:
    """Return whether coherence is within 0.02 and phase within 0.01 rad, or within what chance makes of so few samples."""
    chance = 3.5
    return bool(
        abs(cover["coherence"] - cover["model"]) < 0.02
        and abs(cover["phase_bias_rad"]) < max(0.01, chance * cover["phase_sigma_rad"])
    )


def _passed(found: dict) -> bool:
    points, covers = found["reflectors"], found["by_cover"].values()
    return bool(
        points["line_rms"] < 0.01
        and points["sample_rms"] < 0.01
        and points["phase_between_sub_swaths_rad"] < 0.05
        and found["spectra"]["centre_hz"] < 1.0
        and all(unbiased(c) for c in covers)
        and abs(found["azimuth_error"]["found_lines"] / AZIMUTH_ERROR - 1.0) < 0.02
        and abs(found["azimuth_error"]["mean_phase_rad"]) < 0.01
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line, one JSON object")
    parser.add_argument("--full", type=Path, metavar="FOLDER", help="a burst as wide as a real one instead")
    arguments = parser.parse_args()
    found = measure() if arguments.full is None else full(arguments.full)
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
