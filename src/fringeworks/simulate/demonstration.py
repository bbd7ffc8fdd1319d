"""The scene of the demonstration: a volcano that swells, a plain that sinks, a fault, a lake, and weather."""

from __future__ import annotations

import math
from datetime import date

from fringeworks.model.grids import Shape
from fringeworks.simulate.covariance import CoherenceModel
from fringeworks.simulate.fields import Cone, Ellipse, LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import (
    Bowl,
    Mogi,
    Motion,
    ScrewDislocation,
    Seasonal,
    Source,
    Steady,
)
from fringeworks.simulate.scenario import (
    LandClass,
    PairDesign,
    PairNoise,
    StackScenario,
    Turbulence,
    UnwrappingErrors,
    grid_around,
    regular_dates,
)

LAND = (
    LandClass(
        name="forest",
        share=0.12,
        coherence=CoherenceModel(initial=0.5, decay_days=30.0, floor=0.14, seasonal_loss=0.1),
    ),
    LandClass(
        name="fields",
        share=0.30,
        coherence=CoherenceModel(initial=0.68, decay_days=70.0, floor=0.22, seasonal_loss=0.15),
    ),
    LandClass(
        name="bare ground",
        share=0.38,
        coherence=CoherenceModel(initial=0.82, decay_days=200.0, floor=0.40),
    ),
    LandClass(
        name="town",
        share=0.20,
        coherence=CoherenceModel(initial=0.90, decay_days=600.0, floor=0.65),
    ),
)
"""Kinds of ground of the demonstration, from the worst to the best."""


DEMO_SHAPE = Shape(300, 400)
"""Rows and columns of the demonstration."""


def demo_scenario(*, shape: Shape = DEMO_SHAPE, n_dates: int = 40) -> StackScenario:
    """Return the scenario of the demonstration.

    Parameters
    ----------
    shape : Shape
        Rows and columns of about 55 m; sources keep their place as shares of the scene.
    n_dates : int
        Every 12 days from 4 January 2023.

    Returns
    -------
    StackScenario
        With every noise term switched on.
    """
    grid = grid_around(15.0, 37.75, shape=shape, spacing_m=55.0)
    half_x, half_y = 0.5 * 55.0 * shape.cols, 0.5 * 55.0 * shape.rows
    scale = min(half_x, half_y)
    return StackScenario(
        title="Demonstration: a volcano, a sinking plain, a fault and a lake",
        dates=regular_dates(date(2023, 1, 4), every=12, count=n_dates),
        grid=grid,
        design=PairDesign(nearest=3, annual=1),
        terrain=Terrain(
            base=250.0,
            roughness=PowerLaw(exponent=3.6, rms_difference=90.0, distance=0.25 * scale),
            cones=(Cone(east=-0.45 * half_x, north=0.30 * half_y, height=1_300.0, width=0.28 * scale),),
            lowest=5.0,
        ),
        land=LAND,
        water=(
            Ellipse(
                east=0.15 * half_x, north=0.62 * half_y, half_east=0.20 * half_x, half_north=0.16 * half_y
            ),
        ),
        motions=_motions(half_x, half_y, scale),
        pair_noise=PairNoise(kind="slc"),
        turbulence=Turbulence(law=PowerLaw(rms_difference=0.004, distance=0.6 * scale), spread=0.3),
        layered_air=LayeredAir(seasonal=0.012, random=0.006),
        dem_error=PowerLaw(exponent=2.0, rms_difference=6.0, distance=0.1 * scale),
        unwrapping_errors=UnwrappingErrors(fraction=0.03, area=(0.01, 0.06)),
        pair_offset=1.5,
    )


def _motions(half_x: float, half_y: float, scale: float) -> tuple[Motion, ...]:
    depth = 0.28 * scale
    # Uplift above a source at depth d is (1 - nu) dV / (pi d^2): 45 mm a year.
    volume = 0.045 * math.pi * depth**2 / 0.75
    volcano: Source = Mogi(east=-0.45 * half_x, north=0.30 * half_y, depth=depth, volume=volume)
    plain: Source = Bowl(
        east=0.50 * half_x, north=-0.35 * half_y, radius=0.20 * scale, uplift=-0.060, inward=0.3
    )
    aquifer: Source = Bowl(
        east=0.50 * half_x, north=-0.35 * half_y, radius=0.30 * scale, uplift=0.006, inward=0.0
    )
    fault: Source = ScrewDislocation(
        strike=math.radians(20.0), slip=0.025, top=0.12 * scale, east=-0.15 * half_x, north=-0.5 * half_y
    )
    return (
        Motion(volcano, Steady(), "volcano that swells"),
        Motion(plain, Steady(), "plain that sinks over a pumped aquifer"),
        Motion(aquifer, Seasonal(peak=0.2), "aquifer that breathes with the seasons"),
        Motion(fault, Steady(), "fault locked at the surface"),
    )
