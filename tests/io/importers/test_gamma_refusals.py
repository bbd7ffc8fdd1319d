"""Bad input, every kind of it: what cannot be used is refused or excluded, what contradicts is refused always."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import rasterio
from tests.io.importers.gamma_folder import (
    WAVELENGTH,
    SmallStack,
    write_header,
    write_pair,
    write_small_stack,
    write_tif,
)

from fringeworks.errors import (
    DamagedFileError,
    DateOrderError,
    DuplicatePairError,
    EmptyPairError,
    GridMismatchError,
    MetadataMismatchError,
    MissingInputError,
    TooFewDataError,
    UnitError,
)
from fringeworks.io.importers import ReaderOptions
from fringeworks.io.importers.gamma import GammaReader
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.stack import Pair

SMALL = SmallStack()
FIRST = SMALL.pairs[0]
UNWRAPPED, COHERENCE = SMALL.names(FIRST)


@pytest.fixture
def folder(tmp_path):
    write_small_stack(tmp_path)
    return tmp_path


def read(folder, **options):
    return GammaReader().read(folder, options=ReaderOptions(**options))


def texts(stack, level):
    return [f"{f.topic}: {f.text}" for f in stack.findings if f.level == level]


def truncate(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def textured(seed=3):
    """A phase with structure, so that closures and jumps mean something [rad]."""
    rows, cols = np.mgrid[: SMALL.grid.shape.rows, : SMALL.grid.shape.cols]
    noise = np.random.default_rng(seed).normal(0, 0.02, rows.shape)
    return (0.5 + 0.2 * rows + 0.15 * cols + noise).astype(np.float32)


# ---------------------------------------------------------------- a pair that cannot be used: refused, or excluded


def damage_truncated(folder):
    truncate(folder / UNWRAPPED, 0.7)


def damage_truncated_coherence(folder):
    truncate(folder / COHERENCE, 0.5)


def damage_header_of_tiff(folder):
    (folder / UNWRAPPED).write_bytes(b"II*\0")


def damage_empty(folder):
    write_tif(folder / UNWRAPPED, np.zeros((24, 30), np.float32), SMALL.grid, nodata=0.0)


def damage_nan(folder):
    write_tif(folder / UNWRAPPED, np.full((24, 30), np.nan, np.float32), SMALL.grid)


def damage_no_coherence(folder):
    (folder / COHERENCE).unlink()


def damage_no_header(folder):
    write_pair(folder, SMALL, Pair(date(2021, 1, 4), date(2021, 6, 1)))


def damage_nan_header(folder):
    write_header(folder, SMALL, 0, SMALL.dates[0], radar_frequency="nan Hz")


DAMAGES = [
    (
        damage_truncated,
        DamagedFileError,
        r"unw\.tif is truncated: it has \d+ bytes; expected: at least \d+ bytes",
    ),
    (damage_truncated_coherence, DamagedFileError, r"cc\.tif is truncated: it has \d+ bytes"),
    (damage_header_of_tiff, DamagedFileError, r"unw\.tif \(4 bytes\) does not begin as a TIFF"),
    (damage_empty, EmptyPairError, r"20210104-20210116_VV_8rlks_eqa_unw\.tif holds no valid pixel"),
    (damage_nan, EmptyPairError, r"unw\.tif holds no valid pixel"),
    (damage_no_coherence, MissingInputError, r"pair 20210104_20210116 has no coherence, other pairs have"),
    (
        damage_no_header,
        MissingInputError,
        r"names the date 2021-06-01, which has no usable image parameter file",
    ),
    (damage_nan_header, DamagedFileError, r"header of 2021-01-04 is damaged.*radar_frequency: 'nan'"),
]


@pytest.mark.parametrize(("damage", "error", "message"), DAMAGES)
def test_a_pair_that_cannot_be_used_is_refused(folder, damage, error, message):
    damage(folder)
    with pytest.raises(error, match=message):
        read(folder)


@pytest.mark.parametrize(("damage", "error", "message"), DAMAGES)
def test_or_excluded_with_the_reason(folder, damage, error, message):
    damage(folder)
    stack = read(folder, unreadable="exclude")
    names = [name for name, _ in stack.excluded]
    left = {str(pair) for pair in stack.network.pairs}
    assert names
    assert not left & set(names)
    assert left | set(names) >= {str(pair) for pair in SMALL.pairs}
    assert all(f"[FW{error.code}]" in why for _, why in stack.excluded)
    assert len(texts(stack, "warning")) >= len(names)
    assert stack.phase[...].shape[0] == len(left)


def test_nothing_left_is_an_error_that_says_why(folder):
    for pair in SMALL.pairs:
        truncate(folder / SMALL.names(pair)[0], 0.5)
    with pytest.raises(TooFewDataError, match="no interferogram can be read"):
        read(folder, unreadable="exclude")


# ---------------------------------------------------------------- contradictions: always refused


def contradict_grid(folder):
    grid = replace(SMALL.grid, x_start=14.0005)
    write_tif(folder / UNWRAPPED, np.ones((24, 30), np.float32), grid, nodata=0.0)


def contradict_shape(folder):
    grid = replace(SMALL.grid, shape=Shape(24, 29))
    write_tif(folder / UNWRAPPED, np.ones((24, 29), np.float32), grid, nodata=0.0)


def contradict_crs(folder):
    grid = MapGrid("EPSG:32633", 14.0, 41.0, 0.001, -0.001, Shape(24, 30))
    write_tif(folder / COHERENCE, np.ones((24, 30), np.float32), grid, nodata=0.0)


def contradict_dem(folder):
    write_tif(
        folder / "tifs/site_dem.tif", np.ones((12, 15), np.float32), replace(SMALL.grid, shape=Shape(12, 15))
    )


def contradict_duplicate(folder):
    (folder / "again").mkdir()
    (folder / "again" / "other_20210104-20210116_unw.tif").write_bytes((folder / UNWRAPPED).read_bytes())


def contradict_order(folder):
    (folder / UNWRAPPED).rename(folder / "tifs/site_20210116-20210104_VV_8rlks_eqa_unw.tif")


def contradict_same_date(folder):
    (folder / UNWRAPPED).rename(folder / "tifs/site_20210104-20210104_VV_8rlks_eqa_unw.tif")


def contradict_tags(folder):
    with rasterio.open(folder / UNWRAPPED, "r+") as file:
        file.update_tags(FIRST_DATE="2021-01-16", SECOND_DATE="2021-01-04")


def contradict_wavelength(folder):
    write_header(folder, SMALL, 2, SMALL.dates[2], radar_frequency="5.3000000e+09 Hz")


def contradict_sensor(folder):
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, radar_frequency="9.65e+09 Hz")


def contradict_gigahertz(folder):
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, radar_frequency="5.405 GHz")


def contradict_header_date(folder):
    write_header(folder, SMALL, 2, SMALL.dates[2], date="2021 02 01")


def contradict_looks(folder):
    write_header(folder, SMALL, 2, SMALL.dates[2], range_looks="20")


def contradict_track(folder):
    write_header(folder, SMALL, 2, SMALL.dates[2], heading="-168.0 degrees")


def contradict_baseline(folder):
    path = folder / "pars/20210104-20210116_base.par"
    path.write_text(path.read_text().replace("60.0 -20.0", "-60.0 20.0"))


def contradict_sign(folder):
    for pair in SMALL.pairs:
        turn = -1 if pair == FIRST else 1
        write_pair(folder, SMALL, pair, phase=np.float32(turn * pair.days / 12) * textured())


def contradict_unit_tag(folder):
    with rasterio.open(folder / UNWRAPPED, "r+") as file:
        file.update_tags(DATA_UNITS="MILLIMETRES")


def contradict_metres(folder):
    for pair in SMALL.pairs:
        write_pair(folder, SMALL, pair, phase=textured() * np.float32(WAVELENGTH / 4 / np.pi))


def contradict_degrees(folder):
    for n, pair in enumerate(SMALL.pairs):
        write_pair(folder, SMALL, pair, phase=np.degrees(textured(n)))


def contradict_wrapped(folder):
    for n, pair in enumerate(SMALL.pairs):
        write_pair(folder, SMALL, pair, phase=np.angle(np.exp(1j * 3 * textured(n))).astype(np.float32))


def contradict_coherence_unit(folder):
    write_tif(folder / COHERENCE, np.full((24, 30), 200, np.uint8), SMALL.grid)


def contradict_height(folder):
    write_tif(folder / "tifs/site_dem.tif", np.full((24, 30), -32768, np.int16), SMALL.grid)


def contradict_table(folder):
    truncate(next(folder.rglob("*.lt")), 0.5)


CONTRADICTIONS = [
    (
        contradict_grid,
        GridMismatchError,
        r"unw\.tif lies on another grid: 24 x 30 .*14\.0005.*expected: 24 x 30 .*14\.0,",
    ),
    (contradict_shape, GridMismatchError, r"24 x 29 pixels.*expected: 24 x 30 pixels"),
    (contradict_crs, GridMismatchError, r"cc\.tif lies on another grid.*EPSG:32633; expected.*EPSG:4326"),
    (contradict_dem, GridMismatchError, r"site_dem\.tif lies on another grid: 12 x 15"),
    (
        contradict_duplicate,
        DuplicatePairError,
        r"20210104_20210116 is given twice: .*other_.*_unw\.tif and .*site_",
    ),
    (contradict_order, DateOrderError, r"20210116-20210104.*_unw\.tif names 2021-01-16 before 2021-01-04"),
    (contradict_same_date, DateOrderError, r"names 2021-01-04 before 2021-01-04"),
    (contradict_tags, MetadataMismatchError, r"named 2021-01-04 to 2021-01-16, but its tags say 2021-01-16"),
    (
        contradict_wavelength,
        MetadataMismatchError,
        r"5\.3e\+09 Hz in .*20210128.* and 5\.405e\+09 Hz in .*20210104",
    ),
    (contradict_sensor, MetadataMismatchError, r"sensor S1A.* and 9\.65e\+09 Hz; expected: 5\.405e\+09 Hz"),
    (contradict_gigahertz, UnitError, r"radar_frequency 5\.405; expected: hertz"),
    (contradict_header_date, MetadataMismatchError, r"is named 2021-01-28, but says date 2021-02-01"),
    (contradict_looks, MetadataMismatchError, r"range=20.*expected: one track and one number of looks"),
    (contradict_track, MetadataMismatchError, r"heading -168\.00"),
    (
        contradict_baseline,
        MetadataMismatchError,
        r"20210104_20210116 in .*base\.par is \(-60\.00, 20\.00\).*give \(60\.0",
    ),
    (contradict_sign, MetadataMismatchError, r"the sign of site_20210104-20210116.*unw\.tif is opposite"),
    (contradict_unit_tag, UnitError, r"says that its unit is 'MILLIMETRES'; expected: radians"),
    (contradict_metres, UnitError, r"99 % of all phases are below 0\.0\d+ in size.*look like metres"),
    (contradict_degrees, UnitError, r"neighbours differ by more than pi.*look like degrees"),
    (contradict_wrapped, UnitError, r"unw\.tif holds wrapped phase.* \(and 6 more\)"),
    (contradict_coherence_unit, UnitError, r"cc\.tif holds coherence from 200 to 200; expected: 0 to 1"),
    (contradict_height, UnitError, r"site_dem\.tif holds a height of -32768"),
    (contradict_table, DamagedFileError, r"\.lt has 2880 bytes; expected: 5760, 8 for each of 24 x 30"),
]


@pytest.mark.parametrize(("contradict", "error", "message"), CONTRADICTIONS)
@pytest.mark.parametrize("unreadable", ["refuse", "exclude"])
def test_contradictions_are_refused_whatever_is_asked(folder, contradict, error, message, unreadable):
    contradict(folder)
    with pytest.raises(error, match=message):
        read(folder, unreadable=unreadable)


def test_a_flipped_baseline_is_found_by_its_loops_where_there_are_no_orbits(folder):
    for k, day in enumerate(SMALL.dates):
        write_header(folder, SMALL, k, day, number_of_state_vectors="")
    contradict_baseline(folder)
    with pytest.raises(MetadataMismatchError, match=r"20210104_20210116.*loops close only turned around"):
        read(folder)


def test_small_values_are_only_doubted_where_files_say_radians(folder):
    contradict_metres(folder)
    for path in folder.rglob("*_unw.tif"):
        with rasterio.open(path, "r+") as file:
            file.update_tags(DATA_UNITS="RADIANS")
    assert any("as metres would be, but the files say radians" in t for t in texts(read(folder), "warning"))
