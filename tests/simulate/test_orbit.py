"""Orbits: against pyproj, against the definition of zero Doppler, and against real GAMMA headers."""

from __future__ import annotations

import math
import re

import numpy as np
import pyproj
import pytest
import rasterio
from scipy.interpolate import BarycentricInterpolator
from scipy.optimize import minimize_scalar

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.gamma_headers import flight_heading
from fringeworks.simulate.orbit import Baseline, CircularOrbit, ground_points, local_axes, orbit_over

CROP = "interferograms-mexico-city/cropA"


def test_ground_points_agree_with_pyproj(rng):
    longitude, latitude = rng.uniform(-180, 180, 50), rng.uniform(-89, 89, 50)
    height = rng.uniform(-400, 8000, 50)
    found = ground_points(np.radians(longitude), np.radians(latitude), height)
    to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    known = np.stack(to_ecef.transform(longitude, latitude, height), axis=-1)
    # both are float64 formulas of numbers near 6e6 m
    np.testing.assert_allclose(found, known, rtol=0.0, atol=1e-7)


def test_local_axes_are_right_handed_and_point_the_way_coordinates_grow():
    lon, lat = np.array(0.3), np.array(-0.7)
    east, north, up = local_axes(lon, lat)
    np.testing.assert_allclose(np.cross(east, north), up, atol=1e-15)
    here = ground_points(lon, lat, np.array(100.0))
    for axis, step in ((east, (1e-6, 0, 0)), (north, (0, 1e-6, 0)), (up, (0, 0, 1.0))):
        moved = ground_points(lon + step[0], lat + step[1], np.array(100.0 + step[2])) - here
        np.testing.assert_allclose(moved / np.linalg.norm(moved), axis, atol=2e-6)


@pytest.mark.parametrize("pass_direction", ["ascending", "descending"])
@pytest.mark.parametrize(("latitude", "incidence"), [(-35.0, 30.0), (0.0, 39.0), (19.5, 46.0), (64.0, 35.0)])
def test_orbit_sees_the_point_as_asked(pass_direction, latitude, incidence):
    lon, lat = math.radians(-70.0), math.radians(latitude)
    orbit = orbit_over(lon, lat, incidence=math.radians(incidence), pass_direction=pass_direction)
    point = ground_points(np.array(lon), np.array(lat), np.array(0.0))
    _, _, up = local_axes(np.array(lon), np.array(lat))
    sight = orbit.position(np.array(0.0)) - point
    assert math.degrees(math.acos(sight @ up / np.linalg.norm(sight))) == pytest.approx(incidence, abs=1e-6)
    assert float(orbit.closest_time(point)) == pytest.approx(0.0, abs=1e-9)
    _, cross, _ = orbit.frame(np.array(0.0))
    assert -sight @ cross > 0.0, "the radar looks to the right of its flight"
    assert (orbit.velocity(np.array(0.0))[2] > 0.0) == (pass_direction == "ascending")


def test_an_impossible_pass_is_refused():
    with pytest.raises(OutOfRangeError, match="pass direction 'sideways'"):
        orbit_over(0.0, 0.0, incidence=0.6, pass_direction="sideways")
    with pytest.raises(OutOfRangeError, match=r"no ascending orbit sees latitude 89\.90"):
        orbit_over(0.0, math.radians(89.9), incidence=0.5)


def test_velocity_is_the_derivative_of_position():
    orbit = CircularOrbit(node=0.4, argument=0.6)
    time = np.array([-20.0, 0.0, 13.0])
    numeric = (orbit.position(time + 0.01) - orbit.position(time - 0.01)) / 0.02
    # central difference over 10 ms: third derivative 8e-3 m/s3 gives 1e-7, rounding of 7e6 m gives 1e-7 m/s
    np.testing.assert_allclose(orbit.velocity(time), numeric, rtol=0.0, atol=1e-6)


def test_zero_doppler_is_the_shortest_range_and_shifts_are_in_the_track_frame():
    orbit = orbit_over(0.2, 0.6, incidence=0.68)
    point = ground_points(np.array(0.201), np.array(0.603), np.array(500.0))
    for flown in (orbit, orbit.shifted(Baseline(cross=80.0, normal=-30.0, cross_rate=0.3, normal_rate=-0.2))):
        best = minimize_scalar(
            lambda t, flown=flown: float(np.linalg.norm(point - flown.position(np.array(t)))),
            bounds=(-10, 10),
            method="bounded",
            options={"xatol": 1e-9},
        )
        # the range is flat at its least: a rounding of 1e-10 m there is 1e-6 s of time
        assert float(flown.closest_time(point)) == pytest.approx(best.x, abs=1e-4)
        assert float(flown.ranges(point)) == pytest.approx(best.fun, abs=1e-6)
    shifted = orbit.shifted(Baseline(cross=80.0, normal=-30.0))
    time = np.array([-3.0, 4.0])
    track, cross, normal = orbit.frame(time)
    move = shifted.position(time) - orbit.position(time)
    np.testing.assert_allclose(np.sum(move * cross, -1), 80.0, atol=1e-8)
    np.testing.assert_allclose(np.sum(move * normal, -1), -30.0, atol=1e-8)
    np.testing.assert_allclose(np.sum(move * track, -1), 0.0, atol=1e-8)
    assert np.all(np.sum(normal * orbit.position(time), -1) < 0.0), "normal points down"


# ---------------------------------------------------------------- real headers


def parameters(path):
    entries = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return {key.strip(): value.split() for key, value in entries}


class Flight:
    """A real orbit from the state vectors of a GAMMA header."""

    def __init__(self, path):
        self.header = parameters(path)
        count = int(self.header["number_of_state_vectors"][0])
        start, step = (
            float(self.header[k][0]) for k in ("time_of_first_state_vector", "state_vector_interval")
        )
        time = start + step * np.arange(count)
        rows = {
            kind: np.array(
                [[float(v) for v in self.header[f"state_vector_{kind}_{k + 1}"][:3]] for k in range(count)]
            )
            for kind in ("position", "velocity")
        }
        self.position = BarycentricInterpolator(time, rows["position"])
        self.velocity = BarycentricInterpolator(time, rows["velocity"])
        self.centre = float(self.header["center_time"][0])

    def nearest(self, point):
        time = self.centre
        for _ in range(10):
            speed = self.velocity(time)
            time -= (self.position(time) - point) @ speed / (speed @ speed)
        return time


@pytest.mark.data
def test_track_frame_and_sign_are_those_of_real_baseline_files(helper_data):
    files = sorted((helper_data / CROP / "geometry").glob("*base.par"))
    assert len(files) == 30
    for path in files:
        first, second = re.findall(r"\d{8}", path.name)
        flights = [Flight(helper_data / CROP / "headers" / f"r{d}_VV_8rlks_mli.par") for d in (first, second)]
        place, speed = flights[0].position(flights[0].centre), flights[0].velocity(flights[0].centre)
        gap = flights[1].position(flights[1].nearest(place)) - place
        track = speed / np.linalg.norm(speed)
        cross = np.cross(-place, track)
        cross /= np.linalg.norm(cross)
        found = [gap @ cross, gap @ np.cross(track, cross)]
        known = [float(v) for v in parameters(path)["precision_baseline(TCN)"][1:3]]
        # these files were refined with fringes after the orbits: up to 0.6 m from them, of tens of metres
        np.testing.assert_allclose(found, known, rtol=0.0, atol=1.0, err_msg=path.name)


@pytest.mark.data
def test_real_perpendicular_baseline_tables_follow_the_formula_used_here(helper_data):
    rows = 0
    for path in sorted((helper_data / CROP / "geometry").glob("*bperp.par"))[:6]:
        for line in path.read_text().splitlines():
            values = line.split()
            if len(values) != 9 or not values[0].isdigit():
                continue
            _, _, _, c, n, look, along, across, _ = (float(v) for v in values)
            look = math.radians(look)
            # the tables have four decimals; products of tens of metres with rounded angles
            assert across == pytest.approx(c * math.cos(look) - n * math.sin(look), abs=3e-4)
            assert along == pytest.approx(c * math.sin(look) + n * math.cos(look), abs=3e-4)
            rows += 1
    assert rows > 2000


@pytest.mark.data
def test_real_heading_and_look_up_table_follow_from_state_vectors(helper_data):
    folder = helper_data / CROP
    flight = Flight(folder / "headers/r20180106_VV_8rlks_mli.par")

    class Centre:
        def position(self, time):
            return flight.position(flight.centre + float(time))

        def velocity(self, time):
            return flight.velocity(flight.centre + float(time))

    heading = math.degrees(flight_heading(Centre()))
    assert heading == pytest.approx(float(flight.header["heading"][0]), abs=1e-4)
    with rasterio.open(folder / "geotiffs/cropA_T005A_dem.tif") as file:
        height, transform = file.read(1).astype(float), file.transform
    table = np.fromfile(folder / "geometry/20180106_VV_8rlks_eqa_to_rdc.lt", ">c8").reshape(60, 100)
    near, spacing = (float(flight.header[k][0]) for k in ("near_range_slc", "range_pixel_spacing"))
    differences = []
    for row, col in [(0, 0), (0, 99), (30, 50), (59, 0), (59, 99)]:
        x, y = transform.c + (col + 0.5) * transform.a, transform.f + (row + 0.5) * transform.e
        point = ground_points(np.radians(x), np.radians(y), height[row, col])
        place = flight.position(flight.nearest(point))
        sample = (np.linalg.norm(place - point) - near) / spacing
        differences.append(table[row, col].real - sample)
    # the DEM is in whole metres of an unnamed datum: 10 m of height are half a sample of 18.6 m
    assert np.max(np.abs(differences)) < 0.5
