"""Where other programs place reflectors: what of their distance is geometry, and what is air that they do not know."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.harness import peer_python
from validation._scene_measures import closest, read_bursts, read_orbit

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.simulate.scene.scene import simulate_scene
from validation import readers


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    wanted = replace(readers.scenario(500), swaths=("IW2",), polarisations=("VV",), deflated=False)
    folder = tmp_path_factory.mktemp("readers")
    return simulate_scene(wanted, folder / "scene", rng=np.random.default_rng(3))


def answer_of(scene, bursts, *, far: float = 0.0):
    """Return what a program would answer that knows orbit and ellipsoid alone, off by some metres of range."""
    points, _, _ = readers._truth(scene)
    axes, placed = [], {"utc": [], "two_way": []}
    for read in bursts:
        grid = read.burst.grid
        rows, cols = grid.shape
        start = np.datetime64(str(grid.epoch).rstrip("Z"), "ns")

        def utc(second, start=start):
            return str(start + np.timedelta64(round(second * 1e9), "ns"))

        times = [grid.azimuth_start, grid.azimuth_start + (rows - 1) * grid.azimuth_step]
        ranges = [grid.range_start, grid.range_start + (cols - 1) * grid.range_step]
        axes.append(
            {
                "shape": [rows, cols],
                "line_time": [utc(t) for t in times],
                "two_way": [2.0 * r / SPEED_OF_LIGHT for r in ranges],
            }
        )
        if not placed["utc"]:
            when, distance = closest(read_orbit(scene.orbits[0], grid.epoch), points, read.burst.mid_time)
            placed = {
                "utc": [utc(t) for t in when],
                "two_way": list(2.0 * (distance + far) / SPEED_OF_LIGHT),
            }
    return {"opened": {"bursts": axes}, "placed": placed}


def test_the_air_is_shown_and_taken_off(scene):
    bursts = read_bursts(scene.products[0][0])
    found = readers.placing(scene, bursts, answer_of(scene, bursts))
    assert found["reflectors"] >= 3
    # five centimetres upward are 6.4 along the line of sight, less what lies below 250 m of ground, over 2.33 m
    assert found["air_samples"] == pytest.approx(0.05 / 0.78 / 2.33, rel=0.25)
    # the figure as found is the air, and what is left is how well a peak is found
    assert found["sample_max"] == pytest.approx(found["air_samples"], abs=0.003)
    assert found["sample_less_air_max"] < 0.002
    assert found["line_max"] < 0.1
    assert found["line_less_bistatic_max"] < 0.002


def test_an_error_of_geometry_is_not_taken_for_air(scene):
    bursts = read_bursts(scene.products[0][0])
    # a program that places reflectors seven centimetres too far: with the air's own sign, so that the two nearly cancel
    found = readers.placing(scene, bursts, answer_of(scene, bursts, far=0.07))
    assert found["sample_max"] < 0.02
    assert found["sample_less_air_max"] == pytest.approx(0.07 / 2.33, abs=0.002)
    same = {"same_samples": True}
    report = {
        "gdal": {"zip": same, "folder": same},
        "stripmap": {},
        "xarray_sentinel": same,
        "sarsen": found,
    }
    assert not readers._passed(report)


def test_sarsen_places_reflectors_to_a_fiftieth_of_a_pixel(scene, tmp_path):
    if peer_python("sarsen") is None:
        pytest.skip("no environment of sarsen: sh benchmarks/make_env.sh sarsen")
    product = scene.products[0][0]
    with zipfile.ZipFile(product) as archive:
        archive.extractall(tmp_path)
    bursts = read_bursts(product)
    answer = readers.outside(next(tmp_path.glob("*.SAFE")), readers._truth(scene)[0], tmp_path)
    found = readers.placing(scene, bursts, answer)
    assert found["sample_less_air_max"] < 0.02
    assert found["line_max"] < 0.1
