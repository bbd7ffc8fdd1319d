"""Ground, points, baselines and injected errors, without rendering a burst."""

import math
from datetime import date

import numpy as np
import pytest
from tests.simulate.scene.conftest import CENTRE

from fringeworks.errors import OutOfRangeError
from fringeworks.io.eof import read_orbit_file
from fringeworks.model.identity import Platform
from fringeworks.simulate.fields import Cone, LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.geometry import pixel_metres
from fringeworks.simulate.motion import Mogi, Motion, Steady
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.eof import orbit_file
from fringeworks.simulate.scene.facts import on_terrain
from fringeworks.simulate.scene.ground import lay_ground, sight_of_nodes
from fringeworks.simulate.scene.layout import lay_out
from fringeworks.simulate.scene.points import PERSISTENT, strew
from fringeworks.simulate.scene.render import Renderer
from fringeworks.simulate.scene.scenario import (
    Ionosphere,
    LandCover,
    Pass,
    PersistentPoints,
    SceneScenario,
)
from fringeworks.simulate.scene.splat import DELAY, UP, Path
from fringeworks.simulate.scene.truth import hidden, imaged, perpendicular_baseline
from fringeworks.simulate.streams import Streams

STREAMS = Streams((5, 6, 7, 8))
TWO = (Pass(day=date(2023, 1, 8)), Pass(day=date(2023, 1, 20), offset=Baseline(cross=90.0, normal=-30.0)))


def laid(**facts):
    base = {"title": "x", "centre": CENTRE, "passes": TWO, "samples": 300, "overlap": 60, "orbit_hours": 0.1}
    base |= {"arc_seconds": 3.0}
    layout = lay_out(SceneScenario(**{**base, **facts}))
    return layout, lay_ground(layout, STREAMS)


def test_perpendicular_baseline_follows_from_the_offset_of_the_path():
    layout, _ = laid()
    across, along = perpendicular_baseline(layout, 1)
    # look angle at the satellite: sin(look) = sin(incidence) times the Earth's over the orbit's radius
    look = math.asin(math.sin(layout.scenario.incidence) * 6_370e3 / 7_076e3)
    assert across == pytest.approx(90.0 * math.cos(look) + 30.0 * math.sin(look), abs=0.5)
    # to the right is nearer, and so would be lower: here it flies higher
    assert along == pytest.approx(-90.0 * math.sin(look) + 30.0 * math.cos(look), abs=0.5)
    assert perpendicular_baseline(layout, 0) == pytest.approx((0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_layover_lies_on_the_side_of_the_radar_and_shadow_behind(direction):
    steep = Terrain(base=100.0, cones=(Cone(east=0.0, north=0.0, height=1_500.0, width=500.0),))
    layout, ground = laid(samples=900, terrain=steep, pass_direction=direction, arc_seconds=2.0, bursts=1)
    bad = hidden(layout, ground)
    step_x, step_y = pixel_metres(ground.grid)
    rows, cols = np.nonzero(bad & imaged(layout, ground))
    east = (cols - ground.grid.shape.cols // 2) * step_x
    north = -(rows - ground.grid.shape.rows // 2) * step_y
    assert rows.size > 100
    # a Gaussian of 500 m: beyond 3 sigma it slopes by less than a degree; its top lies over ground height/tan(incidence) away
    assert np.hypot(east, north).max() < 1_500.0 + 1_500.0 / math.tan(math.radians(36.0))
    # slopes of up to 61 degrees: the flank that faces the satellite is laid over; the satellite is west when it ascends
    side = -1.0 if direction == "ascending" else 1.0
    assert np.mean(side * east > 0.0) > 0.5
    flat, plain = laid()
    assert not hidden(flat, plain).any()


def test_two_tracks_show_one_ground():
    extent = (9_000.0, 30_000.0)
    grounds = [laid(pass_direction=d, extent=extent, samples=250)[1] for d in ("ascending", "descending")]
    assert grounds[0].grid == grounds[1].grid
    np.testing.assert_array_equal(grounds[0].height, grounds[1].height)
    np.testing.assert_array_equal(grounds[0].cover, grounds[1].cover)
    with pytest.raises(OutOfRangeError, match="a ground of 500 x 500"):
        laid(extent=(500.0, 500.0))


def test_injected_orbit_errors_stand_in_the_orbit_file_alone(tmp_path):
    wrong = Pass(day=date(2023, 1, 8), orbit_error=Baseline(cross=0.3, normal=-0.2, cross_rate=0.01))
    layout, _ = laid(passes=(wrong,))
    overflight = layout.overflights[0]
    name, content = orbit_file(layout, overflight)
    (tmp_path / name).write_bytes(content)
    states = read_orbit_file(tmp_path / name, epoch=overflight.epoch.whole_second.iso)
    near = np.abs(states.time) < 25.0
    time = states.time[near]
    place, speed = overflight.flight.states(time - overflight.epoch.seconds_since(states.epoch))
    gap = states.position[near] - place
    track = speed / np.linalg.norm(speed, axis=1, keepdims=True)
    cross = np.cross(-place, track)
    cross /= np.linalg.norm(cross, axis=1, keepdims=True)
    # the rate levels off beyond a minute: at 20 s it is 3.6 % less; digits are micrometres
    np.testing.assert_allclose(np.sum(gap * cross, axis=1), 0.3 + 0.01 * time, atol=0.01)
    np.testing.assert_allclose(np.sum(gap * np.cross(track, cross), axis=1), -0.2, atol=1e-5)
    np.testing.assert_allclose(np.sum(gap * track, axis=1), 0.0, atol=1e-5)


def test_layers_of_movement_and_air_are_kept_apart():
    swelling = Motion(Mogi(east=0.0, north=0.0, depth=3_000.0, volume=1e6), Steady(), "chamber")
    layout, ground = laid(
        motions=(swelling,),
        turbulence=PowerLaw(rms_difference=0.005, distance=3_000.0),
        layered=LayeredAir(),
        ionosphere=Ionosphere(constant=0.1, slope=0.01),
        terrain=Terrain(base=300.0, roughness=PowerLaw(rms_difference=80.0, distance=3_000.0)),
    )
    los, incidence = sight_of_nodes(layout, ground)
    middle = tuple(n // 2 for n in ground.grid.shape)
    # over the chamber the ground rises by (1 - nu) dV / (pi d^2) a year
    rate = 0.75 * 1e6 / (math.pi * 3_000.0**2)
    assert ground.shift(1)[2][middle] == pytest.approx(rate * 12 / 365.25, rel=1e-4)
    assert ground.velocity(los)[middle] == pytest.approx(rate * math.cos(incidence[middle]), rel=0.02)
    assert not ground.shift(0).any()
    layered = ground.layered(1, incidence) * np.cos(incidence)
    ratio = layered.max() / layered.min() if layered.max() > 0 else layered.min() / layered.max()
    assert ratio == pytest.approx(math.exp((ground.height.max() - ground.height.min()) / 2_000.0), rel=1e-4)
    assert not np.array_equal(ground.turbulent(0), ground.turbulent(1))
    np.testing.assert_array_equal(ground.turbulent(1), ground.turbulent(1))
    renderer = Renderer(layout=layout, ground=ground, points=strew(layout, ground, STREAMS), streams=STREAMS)
    world = renderer.world(1)
    y, x = np.indices(tuple(ground.grid.shape))
    plane = world.ion[0] + world.ion[1] * y + world.ion[2] * x
    np.testing.assert_allclose(plane, ground.ionospheric(1), atol=1e-5)
    delay = ground.turbulent(1) + ground.layered(1, incidence)
    np.testing.assert_allclose(world.layers[..., DELAY], delay, atol=1e-7)
    np.testing.assert_allclose(world.layers[..., UP], ground.shift(1)[2], atol=1e-7)


def test_persistent_points_stand_where_and_as_high_as_asked():
    land = (LandCover(name="town", share=0.4, sigma0=-5.0), LandCover(name="field", share=0.6, sigma0=-12.0))
    wanted = PersistentPoints(per_km2=5.0, on=("town",), ratio=(10.0, 14.0), height=3.0)
    layout, ground = laid(land=land, persistent=wanted)
    points = strew(layout, ground, STREAMS)
    area = np.mean(ground.cover == 0) * np.prod(pixel_metres(ground.grid)) * ground.grid.shape.size * 1e-6
    # counted as a Poisson variable is
    assert len(points) == pytest.approx(5.0 * area, abs=5.0 * math.sqrt(5.0 * area))
    assert set(points.kind) == {PERSISTENT}
    # brightness: over the sine of about 38 degrees
    np.testing.assert_allclose(
        points.clutter, -5.0 - 10 * np.log10(np.sin(layout.scenario.incidence)), atol=0.1
    )
    assert points.strength.min() >= 10.0
    assert points.strength.max() <= 14.0
    assert np.std(points.above) == pytest.approx(3.0, rel=0.15)
    renderer = Renderer(layout=layout, ground=ground, points=points, streams=STREAMS)
    arc = layout.overflights[0].arc
    path = Path(arc.half, arc.position, arc.velocity, arc.acceleration)
    _, distance, ion = points.seen(path, renderer.world(0))
    assert not ion.any()
    assert (distance > 8e5).all()
    # brightness of a point is its ratio above that of the clutter
    peak = np.abs(points.amplitude(layout.swaths[0].beam, "VV"))
    np.testing.assert_allclose(20 * np.log10(peak / 237.0), points.strength + points.clutter, atol=1e-9)


@pytest.mark.parametrize("platform", ["S1A", "S1B", "S1C"])
def test_every_platform_flies_the_track(platform):
    layout, _ = laid(passes=(Pass(day=date(2021, 6, 3), platform=platform),), samples=200)
    assert Platform.named(platform).relative_orbit(layout.overflights[0].absolute_orbit) == layout.track


def test_tie_points_lie_on_the_terrain():
    rough = Terrain(base=300.0, roughness=PowerLaw(rms_difference=60.0, distance=3_000.0))
    layout, ground = laid(terrain=rough)
    start, stop, near, far = layout.extent()
    time, distance = np.meshgrid(np.linspace(start, stop, 5), np.linspace(near, far, 5))
    lon, lat, height = on_terrain(layout.overflights[0], ground, time, distance)
    found = ground.interpolate(ground.height, np.degrees(lon), np.degrees(lat))
    np.testing.assert_allclose(height, found, atol=0.05)
