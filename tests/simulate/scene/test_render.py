"""The renderer piece by piece: windows, the transform that lays scatterers, land covers, the lattice."""

import math
from datetime import date

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from tests.simulate.scene.conftest import CENTRE

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.simulate.fields import PowerLaw, Terrain
from fringeworks.simulate.motion import Bowl, Motion, Steady
from fringeworks.simulate.orbit import Baseline, ground_points, local_axes
from fringeworks.simulate.scene.beams import BEAMS, STRIPMAP, WAVELENGTH, beam_of
from fringeworks.simulate.scene.ground import lay_ground
from fringeworks.simulate.scene.lattice import tile_fields
from fringeworks.simulate.scene.layout import lay_out
from fringeworks.simulate.scene.points import strew
from fringeworks.simulate.scene.render import Renderer, Window, windows_of
from fringeworks.simulate.scene.scenario import Ionosphere, LandCover, Pass, SceneScenario
from fringeworks.simulate.scene.sight import geodetic, zero_doppler
from fringeworks.simulate.scene.splat import (
    TABLE_STEPS,
    Frame,
    Kernels,
    Path,
    lay_points,
    project,
    ramp_phase,
)
from fringeworks.simulate.scene.truth import ionospheric_shift
from fringeworks.simulate.streams import Streams


@pytest.mark.parametrize("name", [*BEAMS, *STRIPMAP])
def test_a_laid_point_is_the_window_transformed(name):
    # the slow twin: the response of a point is the sum over the window's frequencies, computed one by one
    azimuth, across = windows_of(beam_of(name))
    n = 128
    grid = np.zeros((n, n), np.complex64)
    kernels = Kernels(azimuth.table(), azimuth.span, across.table(), across.span)
    flat = np.array([0.0, 1e4, 0.0, 0.0, 0.0, 0.0, -2_200.0, 0.0, 0.0])
    frame = Frame(
        start=0.0, middle=0.0, step=1.0, near=0.0, range_step=1.0, reference=0.0, late=0.0, far=0.0, turn=0.0, drift=0.0,
        pad=0, carrier=flat,
    )  # fmt: skip
    line, sample = 60.37, 66.81
    found = np.zeros((1, 2))
    lay_points(
        grid.view(np.float32),
        kernels,
        frame,
        np.array([line]),
        np.array([sample]),
        np.zeros(1),
        np.ones(1, complex),
        found,
    )
    assert found[0, 1] == pytest.approx(sample)
    spectrum = np.fft.fft2(grid) * azimuth.response(n)[:, None] * across.response(n)[None, :]
    image = np.fft.ifft2(spectrum)
    frequency = np.fft.fftfreq(n)
    place = np.arange(n)
    twin = [
        np.exp(2j * np.pi * np.outer(place - at, frequency)) @ w.weight(frequency) / n / w.mean(n)
        for w, at in ((azimuth, found[0, 0]), (across, found[0, 1]))
    ]
    expected = np.outer(*twin)
    phase = image[60, 67] / expected[60, 67]
    # kernels of 6 and 8 samples alias by about exp(-pi span sqrt(1 - band)): 2e-4 at the widest band
    np.testing.assert_allclose(image / (phase / abs(phase)), expected, atol=1e-3)
    assert abs(phase) == pytest.approx(1.0, abs=1e-3)


def test_a_windows_response_has_unit_peak_and_its_energy():
    window = Window(share=0.64, coefficient=0.75, span=6)
    n = 4096
    response = np.fft.ifft(window.weight(np.fft.fftfreq(n))) / window.mean(n)
    assert abs(response[0]) == pytest.approx(1.0)
    assert np.sum(np.abs(response) ** 2) == pytest.approx(window.energy(n), rel=1e-9)
    assert window.table().size == 6 * TABLE_STEPS + 2


def test_the_ramp_is_a_chirp_of_the_steering():
    # at constant rates: pi kt (eta - eta_ref)^2 + 2 pi f (eta - eta_ref), eta_ref = -f/ka - that of the first sample
    rate, sweep, centroid = -2_200.0, 4_700.0, 30.0
    carrier = np.array([5.3e-3, sweep, -centroid / rate, centroid, 0.0, 0.0, rate, 0.0, 0.0])
    total = rate * sweep / (rate - sweep)
    eta = 0.7
    expected = math.pi * total * eta**2 + 2 * math.pi * centroid * eta
    assert ramp_phase(carrier, eta, 5.8e-3) == pytest.approx(expected, rel=1e-12)
    assert total == pytest.approx(sweep / (1.0 - sweep / rate))


def test_fields_of_a_land_cover_have_its_coherence():
    cover = LandCover(name="x", share=1.0, initial=0.8, floor=0.3, decay_days=30.0, fading=0.02)
    days = np.array([0.0, 12.0, 36.0, 48.0])
    mixed = [np.pad(cover.weights(days, k), (0, 3 - k)) for k in range(4)]
    for i in range(4):
        for j in range(4):
            moment = np.vdot(mixed[j], mixed[i])
            assert moment == pytest.approx(cover.moment(days[j] - days[i]), abs=1e-12)


def test_fields_of_a_tile_are_the_same_for_every_date_and_independent():
    streams = Streams((1, 2, 3, 4))
    look = ("VV", 2, 0)
    few, many = tile_fields(streams, look, (-3, 2), 2), tile_fields(streams, look, (-3, 2), 5)
    np.testing.assert_array_equal(few, many[:2])
    power = np.mean(np.abs(many) ** 2, axis=(1, 2))
    # 16384 samples: 1/sqrt(n) = 0.008
    np.testing.assert_allclose(power, 1.0, atol=0.04)
    assert abs(np.mean(many[0] * np.conj(many[1]))) < 0.04
    for other in (("VH", 2, 0), ("VV", 1, 0), ("VV", 2, 1)):
        assert not np.array_equal(few, tile_fields(streams, other, (-3, 2), 2))
    assert not np.array_equal(few, tile_fields(streams, look, (-2, 2), 2))


@pytest.mark.parametrize(
    ("facts", "error", "text"),
    [
        ({"swaths": ("IW1", "IW3")}, OutOfRangeError, "sub-swaths"),
        ({"samples": 100}, OutOfRangeError, "100 samples"),
        ({"polarisations": ("HH",)}, OutOfRangeError, "polarisations"),
        ({"passes": ()}, TooFewDataError, "0 passes"),
        ({"bursts": 0}, OutOfRangeError, "0 bursts"),
        ({"swaths": ("S3",)}, OutOfRangeError, "2 bursts in strip map"),
        ({"lines": 900}, OutOfRangeError, "900 lines of IW2"),
        ({"coarseness": 5}, OutOfRangeError, "coarseness 5"),
        ({"land": (LandCover(name="a", share=0.5),)}, OutOfRangeError, "shares"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(facts, error, text):
    base = {"title": "x", "centre": CENTRE, "passes": (Pass(day=date(2023, 1, 8)),)}
    with pytest.raises(error, match=text):
        SceneScenario(**{**base, **facts})


def test_a_land_cover_or_beam_that_cannot_be_is_refused():
    with pytest.raises(OutOfRangeError, match="coherence"):
        LandCover(name="x", share=1.0, initial=0.2, floor=0.5)
    with pytest.raises(OutOfRangeError, match="EW1"):
        beam_of("EW1")


@pytest.fixture(scope="module")
def bumpy():
    scenario = SceneScenario(
        title="x",
        centre=CENTRE,
        passes=(Pass(day=date(2023, 1, 8)), Pass(day=date(2023, 1, 20), offset=Baseline(cross=90.0))),
        samples=220,
        bursts=1,
        coarseness=4,
        arc_seconds=4.0,
        orbit_hours=0.1,
        terrain=Terrain(base=400.0, roughness=PowerLaw(rms_difference=80.0, distance=3_000.0)),
        turbulence=PowerLaw(rms_difference=0.01, distance=3_000.0),
        ionosphere=Ionosphere(constant=0.1, slope=1e-3),
        motions=(Motion(Bowl(east=0.0, north=0.0, radius=2_000.0, uplift=-1.0), Steady(), "bowl"),),
    )
    streams = Streams((1, 2, 3, 4))
    layout = lay_out(scenario)
    ground = lay_ground(layout, streams)
    points = strew(layout, ground, streams)
    return Renderer(layout=layout, ground=ground, points=points, streams=streams)


def test_a_tile_of_scatterers_is_laid_as_its_points_one_by_one_would_be(bumpy):
    # the slow twin goes through numpy: positions from angles, zero-Doppler times from their own search, single points
    overflight, swath = bumpy.layout.overflights[1], bumpy.layout.swaths[0]
    burst = bumpy.layout.bursts(overflight, swath)[0]
    frame, world = bumpy.frame(overflight, swath, burst), bumpy.world(1)
    azimuth, across = windows_of(swath.beam)
    kernels = Kernels(azimuth.table(), azimuth.span, across.table(), across.span)
    arc, lattice = overflight.arc, bumpy.lattice
    path = Path(arc.half, arc.position, arc.velocity, arc.acceleration)
    first = (int((swath.near + 400.0 - lattice.near) / lattice.column_step), -4)
    time, rows = lattice.rows(first[1], 8)
    cols = lattice.columns(first[0], 24)
    rng = np.random.default_rng(3)
    fields = (rng.standard_normal((2, 8, 24)) + 1j * rng.standard_normal((2, 8, 24))).astype(np.complex64)
    weights = np.array([[0.6, 0.8j]], np.complex64)
    shape = (swath.beam.lines + 60, 2 * (swath.samples + 60))
    fast, slow = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    lit = np.full(8, np.inf)
    strength = lattice.strength[first[0] :]
    project(
        fast, kernels, frame, path, world, lattice.longitude, lattice.latitude, rows, cols, time, strength,
        weights, fields, lit,
    )  # fmt: skip
    grid = np.polynomial.polynomial.polygrid2d
    lon, lat = grid(rows, cols, lattice.longitude), grid(rows, cols, lattice.latitude)
    y, x = (lat - world.lat) / world.lat_step, (lon - world.lon) / world.lon_step
    ground = [map_coordinates(world.layers[..., k], [y, x], order=1, output=float) for k in range(5)]
    place = ground_points(lon, lat, ground[0])
    place = place + sum(
        m[..., None] * axis for m, axis in zip(ground[1:4], local_axes(lon, lat), strict=True)
    )
    seen, distance = zero_doppler(arc, place)
    ion = world.ion[0] + world.ion[1] * y + world.ion[2] * x
    value = np.tensordot(weights[0], fields, 1) * strength[:24]
    found = np.zeros((value.size, 2))
    flat = (v.ravel() for v in (seen, distance + ground[4], ion, value.astype(complex)))
    lay_points(slow, kernels, frame, *flat, found)
    assert np.abs(slow).max() > 100.0
    # single precision of the sums; the layers are float32 in both, weighted in another order: 1e-6 m are 2e-4 rad
    np.testing.assert_allclose(fast, slow, atol=1e-3 * np.abs(slow).max())


def test_tiles_that_are_not_drawn_cannot_be_seen(bumpy):
    # drawn without regard to heights, the burst is the same but for single precision
    overflight, swath = bumpy.layout.overflights[0], bumpy.layout.swaths[0]
    burst = bumpy.layout.bursts(overflight, swath)[0]
    world = bumpy.world(0)
    few = bumpy.burst(0, swath, burst, "VV", world=world)
    every = Renderer(layout=bumpy.layout, ground=bumpy.ground, points=bumpy.points, streams=bumpy.streams)
    n = every.tiles.n_columns
    object.__setattr__(every.tiles, "reach", lambda _: (np.full(n, -np.inf), np.full(n, np.inf)))
    all_of_them = every.burst(0, swath, burst, "VV", world=world)
    np.testing.assert_array_equal(few.samples, all_of_them.samples)


def test_the_ionospheres_slope_moves_targets_by_its_doppler(bumpy):
    overflight = bumpy.layout.overflights[1]
    _, east, north = bumpy.ground.ionosphere(1)
    place, velocity = overflight.arc.at(0.0)
    lon, lat, altitude = geodetic(place)
    axes = local_axes(lon, lat)
    along = (velocity @ axes[0] * east + velocity @ axes[1] * north) / np.linalg.norm(velocity)
    # half way up, at half the satellite's way against a ground that passes a tenth slower
    share = 350e3 / altitude
    expected = along * np.linalg.norm(velocity) * share / (1.0 - share + share * 1.11)
    assert bumpy.ground.ionospheric_rate(1, overflight.arc) == pytest.approx(expected, rel=0.01)
    distance = 9e5
    rate = -2.0 / WAVELENGTH * np.linalg.norm(velocity) ** 2 * 0.89 / distance
    lines = -2.0 / WAVELENGTH * expected / rate / bumpy.layout.swaths[0].beam.line_interval
    assert ionospheric_shift(bumpy.layout, bumpy.ground, 1) == pytest.approx(lines, rel=0.05)
