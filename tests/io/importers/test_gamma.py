"""The GAMMA reader on small stacks of our own: facts, geometry, and every kind of bad input."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.io.importers.gamma_folder import (
    WAVELENGTH,
    SmallStack,
    write_header,
    write_small_stack,
    write_tif,
)

from fringeworks.errors import (
    ConfigurationError,
    MissingInputError,
    TooFewDataError,
)
from fringeworks.io.importers import ReaderOptions
from fringeworks.io.importers.gamma import GammaReader
from fringeworks.model.grids import Looks, Shape


@pytest.fixture
def folder(tmp_path):
    write_small_stack(tmp_path)
    return tmp_path


def read(folder, **options):
    return GammaReader().read(folder, options=ReaderOptions(**options))


def texts(stack, level):
    return [f"{f.topic}: {f.text}" for f in stack.findings if f.level == level]


SMALL = SmallStack()
FIRST = SMALL.pairs[0]
UNWRAPPED, COHERENCE = SMALL.names(FIRST)


def test_the_facts_of_the_headers(folder):
    facts = read(folder).facts
    assert (facts.source_format, facts.platforms, facts.pass_direction) == ("gamma", ("S1A",), "ascending")
    assert facts.relative_orbit == 5  # absolute orbit 20027: (20027 - 73) mod 175 + 1
    assert facts.heading == pytest.approx(np.radians(-12.0))
    assert facts.centre_time == "00:40:00.000"
    assert facts.looks == Looks(azimuth=2, range=8)
    # 18.636496 m over c / (2 56.5 MHz), times 4.1111 ms of 327 Hz
    assert facts.effective_looks == pytest.approx(18.636496 / 2.653031 * 4.1111126e-3 * 327, rel=1e-5)


def test_wavelength_is_that_of_the_headers(folder):
    assert read(folder).wavelength == pytest.approx(WAVELENGTH, rel=1e-9)


def test_geometry_equals_the_closed_form(folder):
    """Ranges to 1/32 m, the step of float32 at 850 km; look vectors and incidence to a millionth."""
    stack, points = read(folder), SMALL.points()
    _, place, distance = SMALL.view(0, points)
    np.testing.assert_allclose(stack.slant_range[...], distance, atol=0.04)
    sight = (place - points) / distance[..., None]
    rows, cols = np.mgrid[:24, :30]
    lon, lat = np.radians(14 + 0.001 * (cols + 0.5)), np.radians(41 - 0.001 * (rows + 0.5))
    east = np.stack([-np.sin(lon), np.cos(lon), 0 * lon])
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    enu = stack.los_enu[...]
    np.testing.assert_allclose(enu[0], np.einsum("iyx,yxi->yx", east, sight), atol=1e-6)
    np.testing.assert_allclose(enu[2], np.einsum("iyx,yxi->yx", up, sight), atol=1e-6)


def test_ascending_and_right_looking_sees_the_satellite_in_the_west(folder):
    east, _, up = read(folder).los_enu[:, 12, 15]
    assert east < -0.4
    assert up > 0.7


def test_perpendicular_baseline_predicts_the_phase_of_a_raised_point(folder):
    """A point 50 m higher at the same range and Doppler of the reference changes the range difference by B dh / (R sin).

    Positions in closed form, nothing of the reader: first order in dh / R, so 50 m agree to 1e-3.
    """
    stack = read(folder)
    points = SMALL.points()[8:9, 9:10]
    _, _, v = SMALL.path(0)
    _, place, distance = SMALL.view(0, points)
    up = np.array([np.cos(np.radians(40.9915)) * np.cos(np.radians(14.0095)),
                   np.cos(np.radians(40.9915)) * np.sin(np.radians(14.0095)), np.sin(np.radians(40.9915))])  # fmt: skip
    sight = ((points - place) / distance[..., None])[0, 0]
    flight = np.cross(np.cross(sight, v), sight)
    turn = np.cross(flight / np.linalg.norm(flight), sight)
    turn *= np.sign(turn @ up)
    raised = points + 50.0 / (turn @ up) * turn
    raised = place + (raised - place) * (distance / np.linalg.norm(raised - place, axis=-1))[..., None]
    lift = float(((raised - points)[0, 0]) @ up)
    for k, pair in enumerate(SMALL.pairs):
        one, two = SMALL.dates.index(pair.reference), SMALL.dates.index(pair.secondary)
        change = [
            float(SMALL.view(n, raised)[2].item() - SMALL.view(n, points)[2].item()) for n in (one, two)
        ]
        predicted = (
            stack.perpendicular_baseline[k, 8, 9]
            * lift
            / (stack.slant_range[8, 9] * np.sin(stack.incidence[8, 9]))
        )
        # first date is seen at equal range; others differ from date 0 as their baselines say
        assert change[1] - change[0] == pytest.approx(predicted, rel=5e-3, abs=5e-5)


def test_centre_baseline_is_that_of_the_middle_pixel(folder):
    stack = read(folder)
    np.testing.assert_allclose(
        stack.network.perpendicular_baseline, stack.perpendicular_baseline[:, 12, 15], rtol=1e-5
    )


def test_a_missing_baseline_is_taken_from_the_orbits(folder):
    before = read(folder).network.perpendicular_baseline
    for path in folder.rglob("*_base.par"):
        path.unlink()
    stack = read(folder)
    np.testing.assert_allclose(stack.network.perpendicular_baseline, before, atol=0.01)
    assert any("7 pairs have no baseline file; 7 of them are taken" in t for t in texts(stack, "note"))


def test_without_orbits_and_baselines_the_baseline_is_unknown(folder):
    for path in folder.rglob("*_base.par"):
        path.unlink()
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, number_of_state_vectors="")
    stack = read(folder)
    assert np.isnan(stack.network.perpendicular_baseline).all()
    assert any("7 pairs have no baseline file; 0 of them" in t for t in texts(stack, "warning"))


def test_without_state_vectors_the_table_gives_the_geometry(folder):
    """On a sphere: the ellipsoid's normal leans by up to 0.2 degrees, the heading turns by a degree over a frame."""
    exact = read(folder)
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, number_of_state_vectors="")
    stack = read(folder)
    assert any("from the look-up table" in t for t in texts(stack, "note"))
    np.testing.assert_allclose(stack.slant_range[...], exact.slant_range[...], atol=0.1)
    np.testing.assert_allclose(stack.incidence[...], exact.incidence[...], atol=np.radians(0.25))
    np.testing.assert_allclose(stack.los_enu[...], exact.los_enu[...], atol=0.02)


def test_with_neither_one_incidence_holds_for_all_and_it_warns(folder):
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, number_of_state_vectors="")
    next(folder.rglob("*.lt")).unlink()
    stack = read(folder)
    np.testing.assert_allclose(stack.incidence[...], np.radians(36.0), rtol=1e-6)
    assert any("one incidence angle for all" in t for t in texts(stack, "warning"))


def test_a_table_of_other_headers_is_noticed(folder):
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, near_range_slc="832000.0 m")
    assert any("belongs to other headers" in t for t in texts(read(folder), "warning"))


def test_zeros_and_declared_no_data_are_missing(folder):
    path = folder / UNWRAPPED
    with rasterio.open(path) as file:
        values = file.read(1)
    values[10, 10] = -9999
    write_tif(path, values, SMALL.grid, nodata=-9999)
    phase = read(folder).phase[0]
    assert np.isnan(phase[[0, 3, 10], [0, 4, 10]]).all()
    assert np.isnan(phase).sum() == 3


def test_units_of_tags_and_wavelength_of_tags(folder):
    with rasterio.open(folder / UNWRAPPED, "r+") as file:
        file.update_tags(DATA_UNITS="RADIANS", WAVELENGTH_METRES="0.0555041577")
    assert any("tags of the rasters say 0.0555042 m, +0.069 %" in t for t in texts(read(folder), "warning"))


@pytest.mark.parametrize(
    ("asked", "tags", "datum"),
    [
        ("", {}, ""),
        ("egm96", {"VERTICAL_DATUM": "ellipsoid"}, "egm96"),
        ("", {"VERTICAL_DATUM": "EGM2008"}, "egm2008"),
    ],
)
def test_height_datum_is_said_or_unknown(folder, asked, tags, datum):
    write_tif(folder / "tifs/site_dem.tif", np.full((24, 30), 300, np.int16), SMALL.grid, **tags)
    stack = read(folder, dem_datum=asked)
    assert stack.facts.height_datum == datum
    assert any("nobody says" in t for t in texts(stack, "note")) == (datum == "")


def test_no_dem_is_a_warning(folder):
    (folder / "tifs/site_dem.tif").unlink()
    stack = read(folder)
    assert stack.height is None
    assert any("no DEM" in t for t in texts(stack, "warning"))


def test_no_coherence_at_all_is_a_warning(folder):
    for path in folder.rglob("*_cc.tif"):
        path.unlink()
    stack = read(folder)
    assert stack.coherence is None
    assert any("weigh the same" in t for t in texts(stack, "warning"))


# ---------------------------------------------------------------- folders


def test_no_pairs_at_all(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(TooFewDataError, match=r"no unwrapped interferogram among the 1 files below"):
        read(tmp_path)


def test_no_headers_at_all(folder):
    for path in folder.rglob("*_mli.par"):
        path.unlink()
    with pytest.raises(MissingInputError, match=r"no image parameter file below .*are not guessed"):
        read(folder)


def test_absent_folder_and_file_for_a_folder(folder):
    with pytest.raises(MissingInputError, match="nowhere does not exist"):
        read(folder / "nowhere")
    with pytest.raises(MissingInputError, match=r"unw\.tif is a file; expected: a folder"):
        read(folder / UNWRAPPED)


def test_folder_without_permission(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MissingInputError, match="may not be read"):
        read(folder)


def test_a_stack_in_one_flat_folder_is_read_too(folder, tmp_path_factory):
    flat = tmp_path_factory.mktemp("flat")
    for path in folder.rglob("*"):
        if path.is_file():
            (flat / path.name).write_bytes(path.read_bytes())
    np.testing.assert_array_equal(read(flat).phase[...], read(folder).phase[...])


def test_undated_rasters_are_left_and_said(folder):
    write_tif(folder / "tifs/mean_unw.tif", np.ones((24, 30), np.float32), SMALL.grid)
    assert any("1 unwrapped rasters without two dates" in t for t in texts(read(folder), "note"))


def test_options_are_words_we_know():
    with pytest.raises(
        ConfigurationError, match=r"phase_sign is 'up'; expected: one of 'format', 'away', 'toward'"
    ):
        ReaderOptions(phase_sign="up")


def test_a_thousand_pairs_need_few_handles(tmp_path):
    """With 64 file handles allowed, 90 pairs are read: nothing stays open."""
    resource = pytest.importorskip("resource")
    dates = tuple(date(2021, 1, 1) + timedelta(days=6 * k) for k in range(46))
    small = SmallStack(
        dates=dates, spans=(1, 2), grid=replace(SMALL.grid, shape=Shape(6, 6)), baselines=((0, 0),) * 46
    )
    write_small_stack(tmp_path, small)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64 + len(list(Path("/proc/self/fd").iterdir())), hard))
    try:
        assert read(tmp_path).phase[...].shape == (89, 6, 6)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
