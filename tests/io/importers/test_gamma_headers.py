"""Parameter files: numbers with units and comments, and what is said when they are wrong."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from tests.io.importers.gamma_folder import (
    CENTRE_TIME,
    WAVELENGTH,
    SmallStack,
    write_header,
    write_small_stack,
)

from fringeworks.errors import DamagedFileError, MissingInputError
from fringeworks.io.importers.gamma_headers import (
    read_baseline,
    read_fields,
    read_image_header,
    read_map_header,
    read_perpendicular_table,
)


@pytest.fixture
def folder(tmp_path):
    write_small_stack(tmp_path)
    return tmp_path


def test_an_image_header_in_our_units(folder):
    header = read_image_header(folder / "pars/r20210116_VV_8rlks_mli.par")
    assert header.day == date(2021, 1, 16)
    assert header.wavelength == pytest.approx(WAVELENGTH)
    assert header.heading == pytest.approx(np.radians(-12))
    assert header.centre_time == CENTRE_TIME
    assert header.orbit is not None
    assert header.orbit.position.shape == header.orbit.velocity.shape == (5, 3)
    np.testing.assert_allclose(header.orbit.time, CENTRE_TIME + np.arange(-20, 21, 10))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("radar_frequency", "", r"has no line 'radar_frequency'; expected: 1 finite number"),
        ("near_range_slc", "nan m", r"says near_range_slc: 'nan'"),
        ("heading", "north degrees", r"says heading: 'north'"),
        ("range_pixel_spacing", "-2.3 m", r"says range_pixel_spacing: -2.3; expected: a number above zero"),
        ("date", "2021 13 40", r"says date: 2021 13 40; expected: year, month and day"),
        ("date", "2021", r"says date: '2021'; expected: 3 finite"),
        ("state_vector_position_3", "inf 0 0 m m m", r"says state_vector_position_3: 'inf 0 0'"),
    ],
)
def test_wrong_lines_are_named(folder, key, value, message):
    path = write_header(folder, SmallStack(), 0, date(2021, 1, 4), **{key: value})
    with pytest.raises(DamagedFileError, match=rf"r20210104_VV_8rlks_mli\.par {message}"):
        read_image_header(path)


def test_the_refined_baseline_is_taken_where_there_is_one(tmp_path):
    text = (
        "initial_baseline(TCN): 0.1 10.0 1.0 m m m\ninitial_baseline_rate: 0.0 0.1 0.2 m/s m/s m/s\n"
        "precision_baseline(TCN): 0.0 {} m m m\nprecision_baseline_rate: 0.0 0.3 0.4 m/s m/s m/s\n"
    )
    path = tmp_path / "20210104-20210116_base.par"
    path.write_text(text.format("11.0 2.0"))
    refined = read_baseline(path)
    assert (refined.cross, refined.normal, refined.cross_rate, refined.precise) == (11.0, 2.0, 0.3, True)
    path.write_text(text.format("0.0 0.0"))
    orbital = read_baseline(path)
    assert (orbital.cross, orbital.normal, orbital.normal_rate, orbital.precise) == (10.0, 1.0, 0.2, False)


def test_a_table_of_perpendicular_baselines(tmp_path):
    path = tmp_path / "a_bperp.par"
    path.write_text(
        "*** title 1 2 ***\nlines: 3\n\n  line range\n****\n 0 200 0.0 39.4 -4.4 27.9 22.4 32.7 39.6\n"
    )
    np.testing.assert_allclose(
        read_perpendicular_table(path), [[0, 200, 0, 39.4, -4.4, 27.9, 22.4, 32.7, 39.6]]
    )
    path.write_text("nothing\n")
    with pytest.raises(DamagedFileError, match=r"a_bperp\.par holds no table"):
        read_perpendicular_table(path)


def test_a_map_header(folder):
    header = read_map_header(folder / "pars/site_eqa_dem.par")
    assert (header.rows, header.cols, header.corner, header.post) == (24, 30, (14.0, 41.0), (0.001, -0.001))


def test_files_that_are_no_headers(tmp_path):
    with pytest.raises(MissingInputError, match=r"no file .*absent\.par"):
        read_fields(tmp_path / "absent.par")
    binary = tmp_path / "binary.par"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(DamagedFileError, match=r"binary\.par cannot be read as text"):
        read_fields(binary)
    binary.write_text("a line\n")
    with pytest.raises(DamagedFileError, match=r"\(7 characters\) holds no parameters"):
        read_fields(binary)
