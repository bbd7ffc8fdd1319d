"""The simulator's own geometry: against real tie points, and against itself where the answer is known."""

import gzip

import numpy as np
import pytest
from lxml import etree
from scipy.optimize import minimize_scalar

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError
from fringeworks.model.identity import Instant
from fringeworks.simulate.orbit import Baseline, ground_points, orbit_over
from fringeworks.simulate.scene.flight import Arc, Flight
from fringeworks.simulate.scene.sight import annotated_angles, geodetic, locate, look, zero_doppler


def tie_points(root, epoch):
    names = ("slantRangeTime", "longitude", "latitude", "height", "incidenceAngle", "elevationAngle", "line")
    points = root.findall(".//geolocationGridPoint")
    table = {name: np.array([float(p.findtext(name)) for p in points]) for name in names}
    table["time"] = np.array([Instant.parse(p.findtext("azimuthTime")).seconds_since(epoch) for p in points])
    return table


@pytest.mark.data
@pytest.mark.parametrize("name", ["sandiego_iw2_desc", "rome_iw1_asc"])
def test_real_tie_points_are_reproduced(helper_data, name):
    packed = helper_data / "annotation-templates" / name / "annotation.xml.gz"
    root = etree.fromstring(gzip.decompress(packed.read_bytes()))
    epoch = Instant.parse(root.findtext(".//geolocationGridPoint/azimuthTime"))
    table = tie_points(root, epoch)
    orbit = root.findall(".//orbit")
    time = np.array([Instant.parse(o.findtext("time")).seconds_since(epoch) for o in orbit])
    place = np.array([[float(o.findtext(f"position/{axis}")) for axis in "xyz"] for o in orbit])
    arc = Arc.through(time, place)
    distance = 0.5 * SPEED_OF_LIGHT * table["slantRangeTime"]
    lon, lat = np.radians(table["longitude"]), np.radians(table["latitude"])
    points = ground_points(lon, lat, table["height"])
    found = locate(arc, table["time"], distance, table["height"])
    # 0.02 m by the issue
    assert np.linalg.norm(ground_points(*found, table["height"]) - points, axis=1).max() < 0.02
    at, far = zero_doppler(arc, points)
    assert np.abs(far - distance).max() < 1e-3
    assert np.abs(at - table["time"]).max() * 7_600.0 < 0.02
    incidence, elevation = annotated_angles(arc, table["time"], *found, table["height"])
    assert np.abs(np.degrees(incidence) - table["incidenceAngle"]).max() < 1e-6
    assert np.abs(np.degrees(elevation) - table["elevationAngle"]).max() < 1e-6


@pytest.fixture(scope="module")
def flight():
    orbit = orbit_over(np.radians(-70.0), np.radians(-33.0), incidence=np.radians(39.0))
    return Flight.beside(orbit, Baseline(cross=50.0, normal=-20.0))


def test_a_flight_keeps_energy_and_the_axis_component_of_its_spin(flight):
    time = np.linspace(-5_900.0, 5_900.0, 41)
    position, velocity = flight.states(time)
    spin = np.array([0.0, 0.0, 7.292115e-5])
    inertial = velocity + np.cross(spin, position)
    radius = np.linalg.norm(position, axis=1)
    gm, j2, a = 3.986004418e14, 1.0826362e-3, 6_378_137.0
    sine = position[:, 2] / radius
    potential = -gm / radius * (1.0 - j2 * (a / radius) ** 2 * (1.5 * sine**2 - 0.5))
    energy = 0.5 * np.sum(inertial**2, axis=1) + potential
    # 1e-12 a step over two orbits
    np.testing.assert_allclose(energy, energy[0], rtol=1e-10)
    momentum = np.cross(position, inertial)[:, 2]
    np.testing.assert_allclose(momentum, momentum[0], rtol=1e-10)


def test_a_node_is_a_northward_crossing_of_the_equator(flight):
    node = flight.node_before()
    position, velocity = flight.states(np.array([node]))
    assert abs(position[0, 2]) < 1e-3
    assert velocity[0, 2] > 0.0
    assert -6_000.0 < node < 0.0
    with pytest.raises(OutOfRangeError, match="ascending node"):
        # faster than escape, coming down over the pole: it was never south of the equator
        Flight(position=np.array([1e6, 0.0, 7e6]), velocity=np.array([0.0, 0.0, -2e4])).node_before()


def test_an_arc_follows_its_flight(flight):
    arc = Arc.of(flight, 40.0)
    time = np.linspace(-40.0, 40.0, 17)
    position, velocity = flight.states(time)
    np.testing.assert_allclose(arc.at(time)[0], position, atol=1e-6, rtol=0.0)
    np.testing.assert_allclose(arc.at(time)[1], velocity, atol=1e-7, rtol=0.0)


def test_zero_doppler_is_the_smallest_distance_and_locate_goes_back(flight):
    arc = Arc.of(flight, 30.0)
    time, distance = np.meshgrid(np.linspace(-20.0, 20.0, 5), np.linspace(800e3, 960e3, 5))
    height = np.where(distance > 880e3, 3_000.0, -50.0)
    lon, lat = locate(arc, time, distance, height)
    points = ground_points(lon, lat, height)
    at, far = zero_doppler(arc, points)
    np.testing.assert_allclose(at, time, atol=1e-9, rtol=0.0)
    np.testing.assert_allclose(far, distance, atol=1e-5, rtol=0.0)
    for index in [(0, 0), (2, 3), (4, 4)]:
        best = minimize_scalar(
            lambda t, p=points[index]: np.linalg.norm(arc.at(t)[0] - p), bracket=(-25.0, 25.0), tol=1e-10
        )
        assert best.fun == pytest.approx(distance[index], abs=1e-4)
    back = geodetic(points)
    np.testing.assert_allclose(back[0], lon, atol=1e-12, rtol=0.0)
    np.testing.assert_allclose(back[1], lat, atol=1e-12, rtol=0.0)
    np.testing.assert_allclose(back[2], height, atol=1e-6, rtol=0.0)
    # a right-looking satellite that ascends sees the ground to its east: the look vector points west
    los, incidence = look(arc, lon, lat, height)
    assert (los[0] < 0.0).all()
    np.testing.assert_allclose(np.linalg.norm(los, axis=0), 1.0, atol=1e-12)
    assert (np.diff(incidence[:, 2]) > 0.0).all()
