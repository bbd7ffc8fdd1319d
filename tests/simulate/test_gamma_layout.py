"""The GAMMA folder: read back with a plain parser, and held against a real one."""

from __future__ import annotations

import math
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from scipy.interpolate import BarycentricInterpolator

from fringeworks.io.importers.gamma import GammaReader
from fringeworks.io.importers.protocol import ReaderOptions
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.gamma_layout import write_gamma
from fringeworks.simulate.inmemory import interferogram_stack
from fringeworks.simulate.orbit import ground_points
from fringeworks.simulate.stack import simulate_interferograms

CROP = "interferograms-mexico-city/cropA"


@pytest.fixture(scope="module")
def stack():
    return simulate_interferograms(
        demo_scenario(shape=Shape(45, 50), n_dates=7), rng=np.random.default_rng(3)
    )


@pytest.fixture(scope="module")
def folder(stack, tmp_path_factory):
    return write_gamma(stack, tmp_path_factory.mktemp("gamma") / "stack").root


def parameters(path):
    entries = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return {key.strip(): value.split() for key, value in entries}


def number(header, key):
    return float(header[key][0])


def names(folder):
    """Give the names of the files with dates and counts struck out."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {re.sub(r"\d{8}", "DATE", re.sub(r"_\d+$", "_N", name)) for name in found}


def test_rasters_hold_the_stack(stack, folder):
    whole = stack.whole()
    for n, pair in enumerate(stack.network.pairs):
        stem = f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}_VV_12rlks"
        with rasterio.open(folder / f"geotiffs/simulated_{stem}_eqa_unw.tif") as file:
            phase = file.read(1, masked=True)
            assert file.nodata == 0.0
            assert file.tags()["FIRST_DATE"] == pair.reference.isoformat()
            assert tuple(file.transform)[:6] == pytest.approx(stack.scenario.grid.transform, abs=1e-12)
            assert file.crs.to_epsg() == 4326
        np.testing.assert_array_equal(phase.filled(np.nan), whole.phase[n])
        with rasterio.open(folder / f"geotiffs/simulated_{stem}_flat_eqa_cc.tif") as file:
            np.testing.assert_array_equal(file.read(1), whole.coherence[n])
    with rasterio.open(folder / "geotiffs/simulated_T044A_dem.tif") as file:
        np.testing.assert_array_equal(file.read(1), stack.height)


def test_an_exact_zero_is_not_written_as_missing(stack, tmp_path):
    quiet = simulate_interferograms(
        replace(stack.scenario.without_noise(), motions=()), rng=np.random.default_rng(1)
    )
    names_ = write_gamma(quiet, tmp_path)
    with rasterio.open(names_.unwrapped(quiet.network.pairs[0])) as file:
        phase = file.read(1, masked=True)
    np.testing.assert_array_equal(np.ma.getmaskarray(phase), quiet.land == 255)
    assert float(np.abs(phase).max()) < 1e-6


def test_block_size_does_not_change_the_files(stack, folder, tmp_path):
    again = write_gamma(stack, tmp_path / "other", block_rows=8).root
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".tif":
            with rasterio.open(path) as one, rasterio.open(again / path.relative_to(folder)) as two:
                np.testing.assert_array_equal(one.read(), two.read())
        elif path.is_file():
            assert path.read_bytes() == (again / path.relative_to(folder)).read_bytes()


def test_look_up_table_and_headers_give_the_ranges_back(stack, folder):
    header = parameters(folder / "headers/r20230104_VV_12rlks_mli.par")
    table = (
        np.fromfile(folder / "geometry/20230104_VV_12rlks_eqa_to_rdc.lt", ">c8")
        .reshape(45, 50)
        .astype(complex)
    )
    look = stack.look(slice(None))
    found = number(header, "near_range_slc") + table.real * number(header, "range_pixel_spacing")
    # float32 of samples of 28 m up to 90 (1e-4 m), spacing and near range of six and four decimals
    np.testing.assert_allclose(found, look.slant_range, rtol=0.0, atol=2e-3)
    # times of six decimals, and float32 of up to 70 lines of 6 ms
    line = number(header, "start_time") + table.imag * number(header, "azimuth_line_time")
    np.testing.assert_allclose(line - number(header, "center_time"), look.time, rtol=0.0, atol=2e-6)
    assert table.real.min() >= 0.0
    assert table.real.max() <= number(header, "range_samples") - 1
    assert 0.0 <= table.imag.min() <= table.imag.max() <= number(header, "azimuth_lines") - 1


def test_multilooked_header_is_the_mean_of_the_single_look_one(folder):
    one = parameters(folder / "headers/r20230104_VV_slc.par")
    many = parameters(folder / "headers/r20230104_VV_12rlks_mli.par")
    spacing, line = number(one, "range_pixel_spacing"), number(one, "azimuth_line_time")
    assert number(many, "range_pixel_spacing") == pytest.approx(12 * spacing, rel=1e-6)
    # the first of 12 by 3 averaged samples lies at their middle
    assert number(many, "near_range_slc") - number(one, "near_range_slc") == pytest.approx(
        5.5 * spacing, abs=1e-3
    )
    assert number(many, "start_time") - number(one, "start_time") == pytest.approx(line, abs=2e-6)
    assert number(many, "center_time") == pytest.approx(number(one, "center_time"), abs=2e-6)


def test_state_vectors_give_baselines_and_ranges_back(stack, folder):
    flights = []
    for day in stack.network.dates:
        header = parameters(folder / f"headers/r{day:%Y%m%d}_VV_12rlks_mli.par")
        start, step = number(header, "time_of_first_state_vector"), number(header, "state_vector_interval")
        count = int(number(header, "number_of_state_vectors"))
        place = [[float(v) for v in header[f"state_vector_position_{k + 1}"][:3]] for k in range(count)]
        time = start + step * np.arange(count) - number(header, "center_time")
        flights.append(BarycentricInterpolator(time, np.array(place)))
    longitude, latitude = (float(v[0, 0]) for v in stack.geometry.angles(slice(0, 1)))
    point = ground_points(np.array(longitude), np.array(latitude), np.array(float(stack.height[0, 0])))
    look = stack.look(slice(0, 1))
    ranges = [np.linalg.norm(flight(float(look.time[0, 0])) - point) for flight in flights]
    # six positions over 50 s, each rounded to 0.1 mm
    assert ranges[0] == pytest.approx(float(look.slant_range[0, 0]), abs=1e-3)
    place, speed = flights[0](0.0), (flights[0](0.05) - flights[0](-0.05)) / 0.1
    track = speed / np.linalg.norm(speed)
    cross = np.cross(-place, track)
    cross /= np.linalg.norm(cross)
    for pair in stack.network.pairs:
        i, j = stack.network.dates.index(pair.reference), stack.network.dates.index(pair.secondary)
        gap = flights[j](0.0) - flights[i](0.0)
        name = f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}_VV_12rlks_base.par"
        known = parameters(folder / "geometry" / name)["precision_baseline(TCN)"]
        found = [gap @ track, gap @ cross, gap @ np.cross(track, cross)]
        np.testing.assert_allclose(found, [float(v) for v in known[:3]], atol=2e-3)


def test_perpendicular_tables_hold_the_pixels_baselines(stack, folder):
    table = (
        np.fromfile(folder / "geometry/20230104_VV_12rlks_eqa_to_rdc.lt", ">c8")
        .reshape(45, 50)
        .astype(complex)
    )
    look = stack.look(slice(None))
    pair = stack.network.pairs[0]
    name = f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}_VV_12rlks_bperp.par"
    lines = (line.split() for line in (folder / "geometry" / name).read_text().splitlines())
    rows = [[float(v) for v in values] for values in lines if len(values) == 9 and values[0].isdigit()]
    assert rows[0][:2] == [0.0, 0.0]
    baseline = stack.pair_baseline(pair)
    exact = look.perpendicular(replace(baseline, cross_rate=0.0, normal_rate=0.0))
    cross, normal = baseline.cross, baseline.normal
    header = parameters(folder / "headers/r20230104_VV_12rlks_mli.par")
    radius, ground = number(header, "sar_to_earth_center"), number(header, "earth_radius_below_sensor")
    distance = number(header, "near_range_slc") + table.real * number(header, "range_pixel_spacing")
    angle = np.arccos((radius**2 + distance**2 - ground**2) / (2 * radius * distance))
    # a sphere without hills for the true ellipsoid with them: 1300 m turn the look angle by 0.1 degrees, 0.2 % of 100 m
    np.testing.assert_allclose(cross * np.cos(angle) - normal * np.sin(angle), exact, atol=0.4)
    first = rows[0]
    along = math.radians(first[5])
    assert first[7] == pytest.approx(first[3] * math.cos(along) - first[4] * math.sin(along), abs=2e-4)


def test_lists_name_files_that_are_there(folder):
    lists = [path for path in folder.iterdir() if path.is_file()]
    assert len(lists) == 4
    for path in lists:
        count = int(path.name.rsplit("_", 1)[1])
        entries = path.read_text().split()
        assert len(entries) == count
        assert all((folder / entry).is_file() for entry in entries)


def test_the_reader_of_the_house_sees_what_was_simulated(stack, folder):
    found = GammaReader().read(folder, options=ReaderOptions())
    made = interferogram_stack(stack)
    assert found.grid == made.grid
    assert found.network.pairs == made.network.pairs
    assert found.wavelength == pytest.approx(made.wavelength, rel=1e-7)
    for name in ("phase", "coherence", "height"):
        np.testing.assert_array_equal(getattr(found, name)[:], getattr(made, name), err_msg=name)
    # two programs' geometry from the same orbit: text of six state vectors against the orbit itself
    for name, tolerance in (
        ("incidence", 1e-6),
        ("los_enu", 1e-6),
        ("slant_range", 0.1),
        ("perpendicular_baseline", 0.02),
    ):
        ours = np.asarray(getattr(found, name)[:], float)
        np.testing.assert_allclose(ours, getattr(made, name), rtol=0.0, atol=tolerance, err_msg=name)
    np.testing.assert_allclose(
        found.network.perpendicular_baseline, made.network.perpendicular_baseline, atol=0.3
    )
    assert [one.text for one in found.findings if one.level == "warning"] == []


@pytest.mark.data
def test_names_and_header_keys_are_those_of_a_real_folder(folder, helper_data):
    real = helper_data / CROP

    def generic(found):
        return {
            name.replace("cropA_T005A", "SITE_TRACK")
            .replace("simulated_T044A", "SITE_TRACK")
            .replace("cropA_", "SITE_")
            .replace("simulated_", "SITE_")
            .replace("12rlks", "Nrlks")
            .replace("8rlks", "Nrlks")
            for name in found
        }

    extra = {"LICENSE", "pyrate_mexico_cropa.conf"}
    wanted = {
        name
        for name in generic(names(real)) - extra
        if not name.startswith(("coherence_stats/", "dem_error_result/"))
    }
    assert generic(names(folder)) == wanted
    for ours, theirs in (
        ("headers/r20230104_VV_12rlks_mli.par", "headers/r20180106_VV_8rlks_mli.par"),
        ("headers/r20230104_VV_slc.par", "headers/r20180106_VV_slc.par"),
        (
            "headers/simulated_20230104_VV_12rlks_eqa_dem.par",
            "headers/cropA_20180106_VV_8rlks_eqa_dem.par",
        ),
        (
            "geometry/20230104-20230116_VV_12rlks_base.par",
            "geometry/20180106-20180130_VV_8rlks_base.par",
        ),
    ):
        assert list(parameters(folder / ours)) == list(parameters(real / theirs)), ours
    first = next((folder / "geotiffs").glob("*unw.tif"))
    with rasterio.open(first) as one, rasterio.open(next((real / "geotiffs").glob("*unw.tif"))) as two:
        assert set(one.tags()) == set(two.tags())
        assert one.dtypes == two.dtypes
        assert one.nodata == two.nodata


def test_memory_holds_a_strip_and_not_the_stack(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    scenario = replace(demo_scenario(shape=Shape(400, 200), n_dates=16), pair_noise=None)
    size = 2 * 4 * len(scenario.pairs) * 400 * 200
    tracemalloc.start()
    try:
        big = simulate_interferograms(scenario, rng=np.random.default_rng(3), scratch=scratch)
        write_gamma(big, tmp_path / "stack", block_rows=16)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 16 of 400 rows of all pairs, half a dozen times over in float64 while they are made: 6 x 2 / 25 of the stack
    assert peak < 0.5 * size
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.tif")) > size
