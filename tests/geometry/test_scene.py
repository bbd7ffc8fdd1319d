"""The independent simulated scene: its reflectors at their true samples, its baselines, looks and shadows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fringeworks.geometry.baseline import find_baselines
from fringeworks.geometry.ellipsoid import curvature_radii, geodetic_to_ecef
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.geometry.radar import locate, locate_grid
from fringeworks.geometry.timing import bistatic_residual
from fringeworks.geometry.visibility import find_visibility
from fringeworks.io.orbits import choose_orbit, list_orbit_files
from fringeworks.io.safe.product import open_safe

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def scene(helper_data):
    folder = helper_data / "scene-sandiego"
    truth = json.loads((folder / "truth/truth.json").read_text())
    files = list_orbit_files(folder / "orbits")
    dates = []
    for entry in truth["dates"]:
        product = open_safe(folder / "slc" / entry["zip"])
        acquisition = product.acquisition(*product.available[0])
        chosen = choose_orbit(
            files,
            platform=acquisition.key.platform,
            start=acquisition.key.start,
            stop=acquisition.key.start.plus(30.0),
        )
        assert chosen.finding.level == "ok"
        assert chosen.states.source == "precise"
        dates.append((acquisition, orbit_curve(chosen.states)))
    return folder, truth, dates


def test_reflectors_lie_at_their_true_samples(scene):
    folder, truth, dates = scene
    table = np.load(folder / "truth/points.npz")
    for index, (acquisition, orbit) in enumerate(dates):
        found = locate(
            orbit, longitude=np.radians(table["lon"]), latitude=np.radians(table["lat"]), height=table["h"]
        )
        late = bistatic_residual(found.slant_range, reference_range=0.5 * 299_792_458.0 * truth["bist_tau"])
        seen = table["obs"][table["obs"]["date"] == index]
        point, burst = seen["point"], seen["burst"]
        shift = [
            _line_and_sample(found, late, acquisition.bursts[b].grid) for b in range(len(acquisition.bursts))
        ]
        line = np.stack([s[0] for s in shift])[burst, point] + truth["dates"][index]["az_error_px"]
        sample = np.stack([s[1] for s in shift])[burst, point]
        # asked for: 0.01 of a line and a sample; the truth adds the targets' own motion of 17 mm, 0.007 samples
        assert np.abs(line - seen["line"]).max() < 0.01
        assert np.abs(sample - seen["pixel"]).max() < 0.01


def _line_and_sample(found, late, grid):
    line, sample = found.line_and_sample(grid)
    return line - late / grid.azimuth_step, sample


def test_baselines(scene):
    _, truth, dates = scene
    lat, lon = np.radians(truth["centre"])
    for entry, (_, orbit) in zip(truth["dates"][1:], dates[1:], strict=True):
        found = find_baselines(dates[0][1], orbit, points=geodetic_to_ecef(lon, lat, 300.0))
        # the truth counts it toward the nadir; it was taken at its own centre height, which turns it by 1e-4 per 100 m
        assert float(found.perpendicular) == pytest.approx(-entry["bperp"], abs=0.1)
        assert float(found.parallel) == pytest.approx(entry["bpar"], abs=0.2)


@pytest.fixture(scope="module")
def fields(scene):
    folder, _, dates = scene
    truth = np.load(folder / "truth/truth.npz")
    keep = slice(400, 1000), slice(200, 700)
    lat, lon = np.radians(truth["lat"][keep[0]]), np.radians(truth["lon"][keep[1]])
    dem = truth["dem"][keep]
    found = locate_grid(dates[0][1], longitude=lon, latitude=lat, height=dem)
    look = look_vectors(
        dates[0][1], azimuth_time=found.azimuth_time, longitude=lon, latitude=lat[:, None], height=dem
    )
    return {name: truth[name][keep] for name in ("los_enu", "incidence", "bad", "dem")}, lon, lat, look


def test_look_and_incidence(fields):
    truth, _, _, look = fields
    # the truth was rounded to half precision: 11 bits, 2.4e-4 between 0.5 and 1 (0.014 degrees)
    np.testing.assert_allclose(np.moveaxis(look, 0, -1), truth["los_enu"], atol=2.5e-4)
    incidence = incidence_angle(look)
    in_degrees = truth["incidence"].max() > 2.0
    rounded = np.degrees(incidence) if in_degrees else incidence
    np.testing.assert_allclose(rounded, truth["incidence"], rtol=2.0**-11)


def test_gentle_slopes_hold_no_layover_or_shadow(fields):
    truth, lon, lat, look = fields
    meridian, normal = curvature_radii(lat)
    seen = find_visibility(
        truth["dem"],
        look,
        pixel_east=normal * np.cos(lat) * (lon[1] - lon[0]),
        pixel_north=meridian * (lat[1] - lat[0]),
        slant_range=880e3,
    )
    # the truth marks a pixel by its own slope alone; ours also marks what it falls on
    assert not (truth["bad"] & seen.valid).sum() > 0.002 * truth["bad"].size
    assert seen.layover.mean() < truth["bad"].mean() + 0.02
