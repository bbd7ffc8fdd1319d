"""Small scenes, written once: every line of a burst is there, range is cut to a few hundred samples."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from fringeworks.simulate.fields import PowerLaw, Terrain
from fringeworks.simulate.motion import Bowl, Motion, Steady
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.scenario import LandCover, Pass, Reflector, SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene

CENTRE = (15.0, 41.0)
# the track runs 0.1725 m westward for each metre southward
REFLECTORS = tuple(
    Reflector(east=e + 0.1725 * n, north=n, height=h, cross_section=44.0)
    for e, n, h in [
        (-60.0, -15_000.0, 0.0),
        (80.0, -9_000.0, 0.0),
        (150.0, -4_000.0, 25.0),
        (-60.0, 200.0, 0.0),
        (100.0, 8_000.0, 10.0),
        (0.0, 15_000.0, 0.0),
    ]
)


def write(folder, **facts):
    scenario = SceneScenario(
        **{"title": "test", "centre": CENTRE, "samples": 256, "overlap": 60, "orbit_hours": 0.1, **facts}
    )
    rng = np.random.default_rng(11)
    return SimpleNamespace(scenario=scenario, **_attributes(simulate_scene(scenario, folder, rng=rng)))


def _attributes(written):
    return {name: getattr(written, name) for name in written.__slots__}


@pytest.fixture(scope="session")
def dark_scene(tmp_path_factory):
    """Reflectors on ground that sends nothing back; the second date has every offset and timing error."""
    passes = (
        Pass(day=date(2023, 1, 8)),
        Pass(
            day=date(2023, 1, 20),
            platform="S1B",
            offset=Baseline(cross=120.0, normal=-40.0, cross_rate=0.05),
            doppler=4.0,
            burst_shift=2.3,
            clock=0.4,
            azimuth_error={"IW2": 0.21},
            range_error={"IW2": -0.13},
        ),
    )
    dark = (LandCover(name="dark", share=1.0, sigma0=-90.0),)
    return write(
        tmp_path_factory.mktemp("dark") / "scene",
        passes=passes,
        land=dark,
        noise=None,
        reflectors=REFLECTORS,
        terrain=Terrain(base=200.0, roughness=PowerLaw(rms_difference=60.0, distance=5_000.0)),
        phase_offsets={("S1B", "IW2"): 0.4},
        motions=(Motion(Bowl(east=0.0, north=0.0, radius=4_000.0, uplift=-1.0), Steady(), "bowl"),),
    )


@pytest.fixture(scope="session")
def bright_scene(tmp_path_factory):
    """Two kinds of ground that decorrelate, a bowl that sinks, an azimuth error; all dates on one path."""
    land = (
        LandCover(name="town", share=0.5, sigma0=-6.0, floor=0.6, initial=0.95, decay_days=60.0),
        LandCover(name="field", share=0.5, sigma0=-9.0, floor=0.1, initial=0.8, decay_days=20.0, fading=0.02),
    )
    passes = (
        Pass(day=date(2023, 1, 8)),
        Pass(day=date(2023, 1, 20), azimuth_error={"IW2": 0.04}),
        Pass(day=date(2023, 2, 1)),
    )
    return write(
        tmp_path_factory.mktemp("bright") / "scene",
        passes=passes,
        land=land,
        noise=-20.0,
        terrain=Terrain(base=200.0),
        motions=(Motion(Bowl(east=0.0, north=0.0, radius=4_000.0, uplift=-0.15), Steady(), "bowl"),),
        samples=400,
    )


@pytest.fixture(scope="session")
def wide_scene(tmp_path_factory):
    """Two sub-swaths, both polarisations, two slices of one burst, one burst missing, ascending."""
    passes = (Pass(day=date(2021, 6, 3), platform="S1B", missing=(("IW2", 1),)),)
    return write(
        tmp_path_factory.mktemp("wide") / "scene",
        passes=passes,
        pass_direction="ascending",
        swaths=("IW1", "IW2"),
        polarisations=("VV", "VH"),
        slices=2,
        bursts=1,
        samples=240,
        overlap=100,
        noise=-30.0,
        land=(LandCover(name="rock", share=1.0, sigma0=-5.0),),
    )
