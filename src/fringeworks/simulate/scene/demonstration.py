"""The scene of the demonstrations: a town that sinks, fields, a forest and bare rock, seen again and again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np

from fringeworks.simulate.fields import LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import Bowl, Motion, Steady
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.scenario import (
    LandCover,
    Pass,
    PersistentPoints,
    Reflector,
    SceneScenario,
)

LAND = (
    LandCover(name="town", share=0.35, sigma0=-5.0, initial=0.95, floor=0.6, decay_days=90.0),
    LandCover(name="field", share=0.35, sigma0=-10.0, initial=0.8, floor=0.15, decay_days=30.0, fading=0.01),
    LandCover(name="forest", share=0.15, sigma0=-8.0, initial=0.4, floor=0.05, decay_days=8.0),
    LandCover(name="rock", share=0.15, sigma0=-11.0, initial=0.95, floor=0.5, decay_days=200.0),
)
"""Kinds of ground, roughly as Sentinel-1 sees them."""
LEAN: Final = 0.1725
"""Metres eastward for each metre northward along the track of a descending pass at these latitudes."""


def demo_scene(
    *,
    n_dates: int = 2,
    samples: int = 1_000,
    swaths: tuple[str, ...] = ("IW2",),
    slices: int = 1,
    bursts: int = 2,
    polarisations: tuple[str, ...] = ("VV",),
    pass_direction: str = "descending",
    seed: int = 1,
) -> SceneScenario:
    """Return the scene of the demonstrations.

    Parameters
    ----------
    n_dates : int
        Passes, 12 days apart, from January 2023.
    samples, swaths, slices, bursts, polarisations, pass_direction
        As of :class:`~fringeworks.simulate.scene.scenario.SceneScenario`.
    seed : int
        Of the paths, clocks and Dopplers of the passes.
    """
    rng = np.random.default_rng(seed)
    passes = [Pass(day=date(2023, 1, 8))]
    for k in range(1, n_dates):
        cross, normal, doppler, shift, clock = rng.standard_normal(5)
        passes.append(
            Pass(
                day=date(2023, 1, 8) + timedelta(days=12 * k),
                offset=Baseline(cross=float(60.0 * cross), normal=float(25.0 * normal)),
                doppler=float(3.0 * doppler),
                burst_shift=float(1.5 * shift),
                clock=float(0.5 * clock),
            )
        )
    half = 400.0 + 0.3 * samples
    lean = LEAN if pass_direction == "descending" else -LEAN
    reflectors = tuple(
        Reflector(east=lean * north + east, north=north, height=2.0, cross_section=38.0)
        for north in (-14_000.0, -5_000.0, 0.0, 5_000.0, 14_000.0)
        for east in (-half, 0.0, half)
    )
    return SceneScenario(
        title="a town that sinks",
        centre=(15.0, 41.0),
        passes=tuple(passes),
        pass_direction=pass_direction,
        swaths=swaths,
        samples=samples,
        slices=slices,
        bursts=bursts,
        polarisations=polarisations,
        terrain=Terrain(base=250.0, roughness=PowerLaw(rms_difference=60.0, distance=4_000.0)),
        land=LAND,
        motions=(Motion(Bowl(east=0.0, north=0.0, radius=1_500.0, uplift=-0.12), Steady(), "bowl"),),
        reflectors=reflectors,
        persistent=PersistentPoints(per_km2=60.0, on=("town",)),
        turbulence=PowerLaw(rms_difference=0.005, distance=5_000.0),
        layered=LayeredAir(),
    )
