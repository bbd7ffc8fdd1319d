"""Scenes by name: what `fringeworks simulate scene --preset` and the demonstrations write."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from inspect import signature
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.fields import Cone, LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import Bowl, Mogi, Motion, Steady
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.demonstration import LAND, LEAN, demo_scene
from fringeworks.simulate.scene.scenario import (
    LandCover,
    Pass,
    PersistentPoints,
    Reflector,
    SceneScenario,
)

WATER: Final = LandCover(
    name="water", share=0.1, sigma0=-19.0, initial=0.0, floor=0.0, decay_days=1.0, cross=-9.0
)
"""Hardly brighter than the noise, never coherent."""


def volcano_scene(*, n_dates: int = 7, samples: int = 800, seed: int = 1) -> SceneScenario:
    """Return a volcano that swells beside a sinking field, under turbulent and layered air.

    Two sub-swaths of two bursts: 40 km along the track, about 5 km across.  Every date but the first has an azimuth and a
    range timing error, a baseline, a Doppler offset and a late clock.

    Parameters
    ----------
    n_dates : int
        Passes, 12 days apart.
    samples : int
        Of each sub-swath.
    seed : int
        Of paths, clocks and errors of the passes.
    """
    across = samples * 1.6 * 2.33 / math.sin(math.radians(38.3))
    summit = (LEAN * 6_000.0, 6_000.0)
    lava = (-LEAN * 7_000.0, -7_000.0)
    land = tuple(
        replace(cover, share=share) for cover, share in zip(LAND, (0.3, 0.25, 0.1, 0.25), strict=True)
    )
    reflectors = tuple(
        Reflector(east=LEAN * north + east, north=north, height=1.5, cross_section=38.0)
        for north in (-16_000.0, -10_000.0, -2_000.0, 1_000.0, 11_000.0, 16_000.0)
        for east in (-0.3 * across, -0.05 * across, 0.3 * across)
    )
    return SceneScenario(
        title="a volcano that swells",
        centre=(15.0, 37.7),
        passes=_passes(n_dates, seed),
        swaths=("IW1", "IW2"),
        samples=samples,
        terrain=Terrain(
            base=180.0,
            roughness=PowerLaw(rms_difference=40.0, distance=4_000.0, exponent=3.2),
            cones=(Cone(east=summit[0], north=summit[1], height=650.0, width=1_600.0),),
        ),
        land=(WATER, *land),
        motions=(
            Motion(Mogi(east=summit[0], north=summit[1], depth=1_600.0, volume=3.0e6), Steady(), "volcano"),
            Motion(Bowl(east=lava[0], north=lava[1], radius=900.0, uplift=-0.10), Steady(), "field"),
        ),
        reflectors=reflectors,
        persistent=PersistentPoints(per_km2=80.0, on=("town", "rock")),
        turbulence=PowerLaw(rms_difference=0.004, distance=5_000.0),
        layered=LayeredAir(seasonal=0.02, random=0.008),
    )


def _passes(n_dates: int, seed: int) -> tuple[Pass, ...]:
    rng = np.random.default_rng(seed)
    first = date(2023, 1, 8)
    passes = [Pass(day=first)]
    for k in range(1, n_dates):
        cross, normal, doppler, shift, clock, azimuth, azimuth_gap, near = rng.standard_normal(8)
        late = 0.02 * azimuth
        passes.append(
            Pass(
                day=first + timedelta(days=12 * k),
                offset=Baseline(cross=float(70.0 * cross), normal=float(30.0 * normal)),
                doppler=float(3.0 * doppler),
                burst_shift=float(1.5 * shift),
                clock=float(0.5 * clock),
                azimuth_error={"IW1": float(late), "IW2": float(late + 0.002 * azimuth_gap)},
                range_error={"IW1": float(0.03 * near), "IW2": float(0.03 * near)},
            )
        )
    return tuple(passes)


def small_scene(*, n_dates: int = 3, samples: int = 300, seed: int = 1) -> SceneScenario:
    """Return two sub-swaths of two bursts that cost a second a date: a quarter of the lines, a DEM of 3 arc seconds."""
    base = demo_scene(n_dates=n_dates, samples=samples, swaths=("IW1", "IW2"), seed=seed)
    return replace(base, coarseness=4, arc_seconds=3.0, orbit_hours=0.1, deflated=False)


def stripmap_scene(*, n_dates: int = 2, samples: int = 1_000, seed: int = 1) -> SceneScenario:
    """Return the sinking town in strip map, 14 km along the track."""
    base = demo_scene(n_dates=n_dates, samples=samples, seed=seed)
    reflectors = tuple(
        replace(r, east=r.east - LEAN * 0.75 * r.north, north=0.25 * r.north) for r in base.reflectors
    )
    return replace(
        base, swaths=("S3",), bursts=1, lines=4_000, incidence=math.radians(32.0), reflectors=reflectors
    )


def full_scene(*, n_dates: int = 2, samples: int = 21_000, seed: int = 1) -> SceneScenario:
    """Return the sinking town in one burst as wide as a real one."""
    return demo_scene(n_dates=n_dates, samples=samples, bursts=1, seed=seed)


PRESETS: Final = MappingProxyType[str, Callable[..., SceneScenario]](
    {
        "demo": volcano_scene,
        "town": demo_scene,
        "small": small_scene,
        "stripmap": stripmap_scene,
        "full": full_scene,
    }
)
"""Each takes ``n_dates``, ``samples`` and ``seed``."""


def preset_scene(name: str, facts: Mapping[str, Any] | None = None) -> SceneScenario:
    """Return a scene by name.

    Parameters
    ----------
    name : str
        ``demo``, ``town``, ``small``, ``stripmap`` or ``full``.
    facts : mapping, optional
        Arguments of the preset, ``n_dates``, ``samples`` and ``seed`` at least; fields of the scenario replace the preset's.

    Raises
    ------
    OutOfRangeError
        There is no such preset or field, or the scene cannot be.
    """
    if name not in PRESETS:
        raise OutOfRangeError(f"preset {name!r}", expected=f"one of {', '.join(PRESETS)}")
    maker = PRESETS[name]
    wanted = dict(facts or {})
    own = {key: wanted.pop(key) for key in signature(maker).parameters if key in wanted}
    strays = sorted(set(wanted) - {f.name for f in fields(SceneScenario)})
    if strays:
        raise OutOfRangeError(f"{', '.join(strays)} of a scene", expected="fields of SceneScenario")
    return replace(maker(**own), **wanted)
