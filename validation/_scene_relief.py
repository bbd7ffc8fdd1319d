"""Layover and shadow in simulated scenes: how bright they are beside flat ground, and beside the annotated noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_erosion, zoom

from fringeworks.io.safe.product import open_safe
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.simulate.fields import Cone, Terrain
from fringeworks.simulate.scene.scenario import LandCover, Pass, SceneScenario
from fringeworks.simulate.scene.scene import WrittenScene, simulate_scene
from validation._scene_forming import independent_share, truth_of
from validation._scene_measures import ReadBurst, ecef, predicted, read_bursts, read_orbit

LEAN = 0.1725
"""Metres east for each metre north along the track."""
BLOCK = 4, 8
"""Lines and samples of which powers are averaged."""
FAR = 4, 14
"""Blocks that a dark place lies from lit ground: 16 lines, 112 samples.

The window's edge leaves sidelobes whose energy beyond x samples is 0.057/x of the peak's: 5e-4 at this distance.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Relief:
    """A burst in blocks, all (line, sample): power of the image, and places 5 m apart that are seen and that there are."""

    power: NDArray[np.float64]
    n_lit: NDArray[np.float64]
    n_all: NDArray[np.float64]

    @property
    def flat(self) -> float:
        """Power of flat ground, by far the most of the image."""
        return float(np.median(self.power))


def relief(scene: WrittenScene, read: ReadBurst) -> Relief:
    """Count seen and hidden places, and average the power, in blocks of a burst."""
    points, hidden = _finely(scene, read)
    curve = read_orbit(scene.orbits[0], read.burst.grid.epoch)
    line, sample = predicted(read, curve, points, truth_of(scene)[1]["reference_range"])
    edges = [
        np.arange(7, read.samples.shape[0] - 8, BLOCK[0]),
        np.arange(20, read.samples.shape[1] - 20, BLOCK[1]),
    ]
    n_lit, n_all = (
        np.histogram2d(line[kept], sample[kept], bins=edges)[0] for kept in (~hidden, line > -1e9)
    )
    rows, cols = (len(edge) - 1 for edge in edges)
    power = np.abs(read.samples[7 : 7 + BLOCK[0] * rows, 20 : 20 + BLOCK[1] * cols]) ** 2
    power = power.reshape(rows, BLOCK[0], cols, BLOCK[1]).mean(axis=(1, 3), dtype=float)
    return Relief(power=power, n_lit=n_lit, n_all=n_all)


def _scenario(
    title: str, cones: tuple[Cone, ...], *, sigma0: float, noise: float, samples: int
) -> SceneScenario:
    return SceneScenario(
        title=title,
        centre=(15.0, 41.0),
        samples=samples,
        bursts=1,
        passes=(Pass(day=date(2023, 1, 8)),),
        terrain=Terrain(base=50.0, cones=cones),
        land=(LandCover(name="rock", share=1.0, sigma0=sigma0),),
        noise=noise,
        coarseness=4,
        arc_seconds=1.0,
        orbit_hours=0.2,
        deflated=False,
    )


def steep_ground(folder: Path) -> dict[str, float]:
    """Return the brightness of shadow and of layover over that of flat ground, and how much more ground layover shows [dB].

    Sidelobes of the lit ground reach into a shadow of ten lines: beyond five lines they hold a hundredth of the energy.
    """
    cone = Cone(east=0.0, north=0.0, height=1_800.0, width=600.0)
    wanted = _scenario("a steep cone", (cone,), sigma0=-5.0, noise=-30.0, samples=1_600)
    scene = simulate_scene(wanted, folder, rng=np.random.default_rng(8))
    found = relief(scene, read_bursts(scene.products[0][0])[0])
    usual = float(np.median(found.n_all[found.n_all > 0]))
    covered = binary_erosion(found.n_all > 0)
    shadow, layover = covered & (found.n_lit == 0), found.n_lit > 3.0 * usual
    return {
        "blocks_in_shadow": int(shadow.sum()),
        "shadow_over_flat_db": round(
            10.0 * math.log10(float(np.median(found.power[shadow])) / found.flat), 2
        ),
        "blocks_in_layover": int(layover.sum()),
        "layover_over_flat_db": round(10.0 * math.log10(float(found.power[layover].mean()) / found.flat), 2),
        "scatterers_over_flat_db": round(10.0 * math.log10(float(found.n_lit[layover].mean()) / usual), 2),
    }


def deep_shadow(folder: Path) -> dict[str, float]:
    """Return the power in the depth of a shadow over the thermal noise that the product annotates, and its standard error.

    A ridge along the track hides ground for hundreds of lines and samples; only what lies far from all lit ground counts,
    where no sidelobe adds a hundredth of the noise.
    """
    cones = tuple(
        Cone(east=LEAN * north, north=north, height=1_800.0, width=600.0)
        for north in np.arange(-6e3, 6.1e3, 600.0)
    )
    # cones that overlap add up: 1 / sqrt(2 pi) of the spacing over the width
    lower = tuple(Cone(east=c.east, north=c.north, height=c.height / 2.5, width=c.width) for c in cones)
    wanted = _scenario("a ridge", lower, sigma0=-12.0, noise=-22.0, samples=1_600)
    scene = simulate_scene(wanted, folder, rng=np.random.default_rng(10))
    read = read_bursts(scene.products[0][0])[0]
    found = relief(scene, read)
    covered = binary_closing(found.n_all > 0, iterations=4)
    dark = covered & (found.n_lit == 0)
    deep = binary_erosion(dark, np.ones((2 * FAR[0] + 1, 2 * FAR[1] + 1)))
    table = open_safe(scene.products[0][0]).noise(Swath("IW2"), Polarisation("VV"))
    annotated = float(np.mean([vector.value.mean() for vector in table.vectors]))
    n_samples = int(deep.sum()) * BLOCK[0] * BLOCK[1]
    return {
        "samples": n_samples,
        "over_noise": round(float(found.power[deep].mean()) / annotated, 4),
        # of a mean of exponentially distributed powers, as many as are independent
        "sigma": round(1.0 / math.sqrt(n_samples * independent_share(read)), 4),
        "flat_over_noise_db": round(10.0 * math.log10(found.flat / annotated), 2),
    }


def _finely(scene: WrittenScene, read: ReadBurst) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return places 5 m apart on the ground about the middle, (n, 3), and which are hidden behind nearer ground."""
    layers, _ = truth_of(scene)
    rows, cols = (slice(n // 2 - 85, n // 2 + 86) for n in layers["dem"].shape)
    lon, lat = np.meshgrid(layers["longitude"][cols], layers["latitude"][rows])
    # linear between nodes, as the ground is
    fine = [zoom(v.astype(float), 6, order=1, grid_mode=False) for v in (lon, lat, layers["dem"][rows, cols])]
    points = ecef(*fine)
    place = read_orbit(scene.orbits[0], read.burst.grid.epoch)(read.burst.mid_time)
    sight = points - place
    nadir = sight @ place / (np.linalg.norm(sight, axis=-1) * np.linalg.norm(place))
    # a row runs along the line of sight but for 10 degrees; a descending radar looks west: its last column is the nearest
    hidden = nadir[:, ::-1] < np.maximum.accumulate(nadir[:, ::-1], axis=1) - 1e-9
    return points.reshape(-1, 3), hidden[:, ::-1].ravel()
