"""A burst as wide as a real one, written and measured: reflectors from edge to edge, spectra, coherence and phase.

Minutes of processor time: ``python -m validation.scene --full FOLDER``.  What a run has written to the folder stays there and
is measured again by the next.
"""

from __future__ import annotations

import math
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.simulate.scene.presets import full_scene
from fringeworks.simulate.scene.scenario import LandCover, Reflector, SceneScenario
from fringeworks.simulate.scene.scene import WrittenScene, simulate_scene
from validation._scene_fading import faint
from validation._scene_forming import Formed, deviations_and_sigmas, form, truth_of
from validation._scene_measures import ecef, peak, predicted, read_bursts, read_orbit, spectrum_edges

SAMPLES, WIDE, N_BLOCKS = 21_000, 1_500, 5
"""Columns of a burst; columns and number of the blocks in which interferograms are formed."""
SEEN = 0.2
"""Phase by an effect [rad] below which its strength is not asked for."""
LEAN = 0.1725


def scenario(samples: int) -> SceneScenario:
    """Return the preset's burst with a DEM of 3 arc seconds, without points, which are no part of the covers' coherence."""
    base = full_scene(samples=samples)
    return replace(base, persistent=None, reflectors=(), arc_seconds=3.0, orbit_hours=0.2)


def dark(samples: int) -> SceneScenario:
    """Return one date of it with reflectors on dark ground, from edge to edge."""
    base = scenario(samples)
    half = 0.48 * samples * 2.33 / math.sin(math.radians(38.3))
    places = [
        (east + LEAN * north, north)
        for east in np.linspace(-half, half, 9)
        for north in (-7_000.0, 0.0, 7_000.0)
    ]
    return replace(
        base,
        passes=base.passes[:1],
        land=(LandCover(name="dark", share=1.0, sigma0=-70.0),),
        noise=None,
        turbulence=None,
        layered=None,
        motions=(),
        reflectors=tuple(Reflector(east=float(e), north=n, cross_section=46.0) for e, n in places),
    )


def measure_full(folder: Path, by_cover: Any, *, samples: int = SAMPLES, wide: int = WIDE) -> dict[str, Any]:
    """Write a full burst of two dates, and one with reflectors, and measure both; ``by_cover`` is that of ``scene``."""
    wanted = scenario(samples)
    began = time.process_time()
    scene = simulate_scene(wanted, folder / "bright", rng=np.random.default_rng(1))
    cost = (time.process_time() - began) / scene.n_samples * 1e6
    peak_rss = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    found: dict[str, Any] = {"size": {"dates": 2, "bursts": 1, "samples": samples}}
    if scene.n_kept == 0:
        found |= {"processor_microseconds_per_sample": round(cost, 2), "peak_rss_mib": peak_rss}
    dark_scene = simulate_scene(dark(samples), folder / "dark", rng=np.random.default_rng(2))
    found["reflectors"] = reflectors(dark_scene)
    starts = np.linspace(20, samples - 20 - wide, N_BLOCKS).astype(int)
    blocks = [(int(start), int(start) + wide) for start in starts]
    found["spectra"] = spectra(scene, blocks)
    formed = [form(scene, 0, columns=columns) for columns in blocks]
    found["by_cover"] = by_cover(scene, formed, wanted.land, float(wanted.noise or -99.0))
    found["left"] = left(formed, wanted.land)
    found["forest_alone"] = faint(folder / "forest")
    return found


def reflectors(scene: WrittenScene) -> dict[str, float]:
    """Return the largest distance of reflectors from where orbit file, annotation and DEM put them."""
    points = np.load(scene.folder / "truth" / "points.npz")
    place = ecef(points["longitude"], points["latitude"], points["ground_height"] + points["above"])
    whole = read_bursts(scene.products[0][0], columns=(0, 1))[0]
    curve = read_orbit(scene.orbits[0], whole.burst.grid.epoch)
    lines, samples = predicted(whole, curve, place, truth_of(scene)[1]["reference_range"])
    shape = whole.burst.grid.shape
    kept = (lines > 60) & (lines < shape.rows - 60) & (samples > 60) & (samples < shape.cols - 60)
    gaps = []
    for line, sample in zip(lines[kept], samples[kept], strict=True):
        read = read_bursts(scene.products[0][0], columns=(int(sample) - 40, int(sample) + 40))[0]
        found = peak(read.deramped, line, sample - read.first)
        gaps.append((abs(found[0] - line), abs(found[1] + read.first - sample)))
    worst = np.max(gaps, axis=0)
    return {
        "n": len(gaps),
        "first_sample": round(float(samples[kept].min())),
        "last_sample": round(float(samples[kept].max())),
        "line": round(float(worst[0]), 5),
        "sample": round(float(worst[1]), 5),
    }


def spectra(scene: WrittenScene, blocks: list[tuple[int, int]]) -> dict[str, float]:
    """Return the largest offset of deramped spectra [Hz] and of their width from the annotation [Hz], by blocks."""
    centres, widths = [], []
    for products in scene.products:
        for columns in blocks:
            read = read_bursts(products[0], columns=columns)[0]
            valid = read.burst.valid
            image = read.deramped[valid.row : valid.row + valid.rows]
            power = (np.abs(np.fft.fft(image, axis=0)) ** 2).sum(axis=1)
            centre, low, high = spectrum_edges(power, read.burst.grid.azimuth_step)
            centres.append(abs(centre))
            widths.append(abs(high - low - read.burst.radar.azimuth_bandwidth))
    return {"centre_hz": round(max(centres), 3), "width_hz": round(max(widths), 3)}


def left(formed: list[Formed], land: tuple[LandCover, ...]) -> dict[str, dict[str, float]]:
    """Return what is left of the phase, and by how much the air's and the movement's patterns are off, with their sigmas.

    The fading of each land cover is taken off before.
    """
    fading = np.array([np.angle(cover.moment(12.0)) for cover in land])
    plain = []
    for each in formed:
        phase = fading[np.nan_to_num(each.cover).astype(int)]
        plain.append(replace(each, product=(each.product * np.exp(-1j * phase)).astype(np.complex64)))
    shown = [
        name
        for name in ("turbulence", "layered", "bowl")
        if max(float(np.nanstd(each.parts[name])) for each in formed) > SEEN
    ]
    found = deviations_and_sigmas(plain, tuple(shown))
    return {
        name: {"off": round(value, 4), "sigma": round(sigma, 4)} for name, (value, sigma) in found.items()
    }
