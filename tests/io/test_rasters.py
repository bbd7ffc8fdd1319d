import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import rasterio

from fringeworks.errors import (
    DamagedFileError,
    DiskFullError,
    MissingInputError,
    OutOfRangeError,
    ShapeMismatchError,
)
from fringeworks.io.files import sha256_of
from fringeworks.io.raster_source import describe_product, open_raster
from fringeworks.io.rasters import pieces_of, tile_side, write_raster
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid, Shape, Window
from fringeworks.model.layers import layer_of

GRID = MapGrid("EPSG:4326", -99.2, 19.5, 0.001, -0.001, Shape(1100, 700))
DATES = ("2018-01-06", "2018-01-18", "2018-01-30")


@pytest.fixture
def series(rng):
    values = rng.normal(size=(3, *GRID.shape)).astype(np.float32)
    values[:, 40:60, 100:300] = np.nan
    values[0, np.isfinite(values[0])] = 0
    return values


@pytest.fixture
def written(tmp_path, series):
    return write_raster(
        tmp_path / "displacement.tif",
        series,
        layer=layer_of("displacement"),
        grid=GRID,
        band_names=DATES,
        tags={"CONFIG_HASH": "abc"},
    )


def test_values_grid_bands_units_and_tags_survive(written, series):
    with rasterio.open(written.path) as file:
        np.testing.assert_array_equal(file.read(), series)
        assert file.descriptions == DATES
        assert file.units == ("m",) * 3
        assert np.isnan(file.nodata)
        assert str(file.crs) == "EPSG:4326"
        assert tuple(file.transform)[:6] == GRID.transform
        tags = file.tags()
    assert tags["POSITIVE"] == "positive = toward the satellite"
    assert tags["UNITS"] == "m"
    assert tags["LAYER"] == "displacement"
    assert tags["LONG_NAME"] == "line-of-sight displacement"
    assert tags["MEANING"] == layer_of("displacement").meaning
    assert tags["CONFIG_HASH"] == "abc"
    assert tags["SOFTWARE"].startswith("fringeworks ")
    assert tags["AREA_OR_POINT"] == "Area"
    assert not any("TIME" in key for key in tags)


def test_file_is_cloud_optimised(written):
    with rasterio.open(written.path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.block_shapes[0] == (512, 512)
        assert file.overviews(1) == [2, 4]
        assert file.compression.value == "DEFLATE"
        assert file.colorinterp[0].name in {"gray", "undefined"}


def test_the_same_values_give_the_same_bytes(tmp_path, series):
    layer = layer_of("displacement")
    first = write_raster(tmp_path / "a.tif", series, layer=layer, grid=GRID, band_names=DATES)
    pieces = [
        (Window(row, 0, min(300, 1100 - row), 700), series[:, row : row + 300]) for row in (600, 0, 900, 300)
    ]
    second = write_raster(tmp_path / "b.tif", pieces, layer=layer, grid=GRID, band_names=DATES)
    assert first.sha256 == second.sha256 == sha256_of(first.path)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_every_nan_is_the_same_nan(tmp_path):
    grid = MapGrid("EPSG:4326", 10, 50, 1, -1, Shape(2, 2))
    odd = np.array([[0x7FC00001, 0xFFC00000], [0, 0]], np.uint32).view(np.float32)
    plain = np.array([[np.nan, np.nan], [0, 0]], np.float32)
    files = [
        write_raster(tmp_path / f"{k}.tif", v, layer=layer_of("velocity"), grid=grid)
        for k, v in enumerate((odd, plain))
    ]
    assert files[0].sha256 == files[1].sha256


def test_overview_of_floats_is_the_mean_of_what_is_valid(tmp_path, rng):
    values = rng.normal(size=tuple(GRID.shape)).astype(np.float32)
    values[0, 0] = np.nan
    write_raster(tmp_path / "velocity.tif", values, layer=layer_of("velocity"), grid=GRID)
    with rasterio.open(tmp_path / "velocity.tif", overview_level=0) as file:
        small = file.read(1)
    assert small.shape == (550, 350)
    # float32 sums of four numbers near 1 differ by a few units of 6e-8
    np.testing.assert_allclose(small[1, 1], values[2:4, 2:4].mean(), atol=1e-6)
    np.testing.assert_allclose(small[0, 0], np.nanmean(values[:2, :2]), atol=1e-6)


def test_overview_of_flags_holds_only_flags_that_exist(tmp_path, rng):
    flags = rng.choice(np.array([0, 8, 1024], np.uint16), size=tuple(GRID.shape))
    write_raster(tmp_path / "quality_flags.tif", flags, layer=layer_of("quality_flags"), grid=GRID)
    with rasterio.open(tmp_path / "quality_flags.tif", overview_level=1) as file:
        assert set(np.unique(file.read(1))) == {0, 8, 1024}
        assert file.nodata == 65535


def test_nan_becomes_the_fill_of_a_counting_layer(tmp_path):
    grid = MapGrid("EPSG:32614", 500_000, 2_000_000, 30, -30, Shape(1, 3))
    write_raster(
        tmp_path / "n.tif", np.array([[np.nan, 3.0, 0.0]]), layer=layer_of("n_interferograms"), grid=grid
    )
    source = open_raster(tmp_path / "n.tif")
    np.testing.assert_array_equal(source[:], [[-1, 3, 0]])
    assert source.fill == -1
    assert source.dtype == np.int16


def test_a_value_that_does_not_fit_its_type_is_refused(tmp_path):
    grid = MapGrid("EPSG:32614", 500_000, 2_000_000, 30, -30, Shape(1, 2))
    with pytest.raises(OutOfRangeError, match=r"values from 1 to 70000 in layer n_interferograms.*32767"):
        write_raster(
            tmp_path / "n.tif", np.array([[1, 70_000]]), layer=layer_of("n_interferograms"), grid=grid
        )
    assert list(tmp_path.iterdir()) == []


def test_shapes_that_do_not_fit_are_refused(tmp_path, series):
    layer = layer_of("displacement")
    with pytest.raises(ShapeMismatchError, match=r"shape \(3, 1100, 700\) for d.tif.*\(2, 1100, 700\)"):
        write_raster(tmp_path / "d.tif", series, layer=layer, grid=GRID, band_names=DATES[:2])
    pieces = [(Window(0, 0, 100, 700), series[:, :100])]
    with pytest.raises(ShapeMismatchError, match=r"pieces with 70000 pixels.*all 770000"):
        write_raster(tmp_path / "d.tif", pieces, layer=layer, grid=GRID, band_names=DATES)
    pieces = [(Window(0, 0, 100, 700), series[:, :99])]
    with pytest.raises(ShapeMismatchError, match=r"a piece of shape.*at row 0, column 0"):
        write_raster(tmp_path / "d.tif", pieces, layer=layer, grid=GRID, band_names=DATES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "key",
    [
        (),
        1,
        slice(0, 2),
        (..., slice(3, 9)),
        (2, slice(1000, 1100), slice(0, 5)),
        (slice(1, 3), 7, slice(None)),
        (0, 5, 6),
        (-1, slice(-4, None), ...),
        (slice(None), slice(5, 5), slice(None)),
    ],
)
def test_reader_slices_as_an_array_does(written, series, key):
    source = open_raster(written.path)
    assert isinstance(source, ArraySource)
    assert source.shape == series.shape
    assert source.grid.agrees_with(GRID)
    np.testing.assert_array_equal(source[key], series[key])


def test_reader_refuses_what_it_cannot_read(tmp_path, written):
    source = open_raster(written.path)
    with pytest.raises(OutOfRangeError, match="slice with step 1"):
        source[:, ::2]
    with pytest.raises(OutOfRangeError, match=r"index 3 of displacement.tif.*0 to 2"):
        source[3]
    with pytest.raises(MissingInputError, match="no file"):
        open_raster(tmp_path / "absent.tif")
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(DamagedFileError, match=r"text.tif cannot be decoded"):
        open_raster(tmp_path / "text.tif")


def test_truncated_file_is_named_when_its_pixels_are_read(written):
    content = written.path.read_bytes()
    written.path.write_bytes(content[: len(content) * 2 // 3])
    source = open_raster(written.path)
    with pytest.raises(DamagedFileError, match=r"displacement.tif cannot be decoded.*make the file again"):
        source[:, 1000:, 600:]


def test_description_of_a_file_is_what_writing_it_gave(written):
    again = describe_product(written.path)
    assert (again.path, again.name, again.band_names) == (written.path, written.name, written.band_names)
    assert (again.unit, again.dtype, again.size, again.sha256) == (
        written.unit,
        written.dtype,
        written.size,
        written.sha256,
    )


def test_tiles_shrink_so_that_all_bands_of_one_fit():
    assert tile_side(1, 4) == 512
    assert tile_side(40, 4) == 256
    assert tile_side(200, 4) == 128
    assert all(tile_side(n, 4) ** 2 * n * 4 <= 16 * 2**20 for n in (1, 32, 33, 150, 500, 1000))


@pytest.mark.parametrize("budget", [1, 2e6, 1e9])
def test_pieces_cover_the_source_once(rng, budget):
    source = rng.normal(size=(2, 130, 300)).astype(np.float32)
    out = np.zeros_like(source)
    for window, values in pieces_of(source, side=64, budget=budget):
        out[:, *window.slices] += values
    np.testing.assert_array_equal(out, source)


@pytest.fixture
def file_limit():
    """Let no file grow beyond 1 MiB, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("file_limit")
def test_full_disk_is_named_and_leaves_nothing(tmp_path, series):
    with pytest.raises(DiskFullError, match=r"displacement.tif could not be written whole.*free space"):
        write_raster(
            tmp_path / "displacement.tif",
            series,
            layer=layer_of("displacement"),
            grid=GRID,
            band_names=DATES,
        )
    assert list(tmp_path.iterdir()) == []


def test_full_disk_in_the_second_pass_is_named(tmp_path, series, written, file_limit, monkeypatch):
    """The first pass fits, the rearranging does not; the file of before stays as it was."""
    content = written.path.read_bytes()
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (series.nbytes * 2, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    )
    from fringeworks.io import rasters

    inner = rasters._rearrange

    def tightened(stage, target, **rest):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        inner(stage, target, **rest)

    monkeypatch.setattr(rasters, "_rearrange", tightened)
    with pytest.raises(DiskFullError, match="could not be written whole"):
        write_raster(written.path, series, layer=layer_of("displacement"), grid=GRID, band_names=DATES)
    assert written.path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["displacement.tif"]


def test_too_little_room_is_seen_before_writing(tmp_path, series, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr("fringeworks.io.rasters.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(DiskFullError, match="9 MiB are needed, 1 MiB are free"):
        write_raster(tmp_path / "d.tif", series, layer=layer_of("displacement"), grid=GRID, band_names=DATES)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_raster(tmp_path):
    """A source of 420 MB that is made window by window; the process peaks far below its size.

    Libraries, 64 MiB of cache, a few pieces of 32 MiB and GDAL's tile buffers stay under 400 MiB.
    """
    code = f"""
    import pathlib
    import numpy as np
    from fringeworks.io.rasters import write_raster
    from fringeworks.model.grids import MapGrid, Shape
    from fringeworks.model.layers import layer_of

    class Made:
        shape, dtype = (20, 2600, 2000), np.dtype(np.float32)
        def __getitem__(self, key):
            bands, rows, cols = 20, key[1], key[2]
            n = rows.stop - rows.start, cols.stop - cols.start
            return np.broadcast_to(np.arange(n[1], dtype=np.float32) + rows.start, (bands, *n)).copy()

    grid = MapGrid("EPSG:32614", 5e5, 2e6, 30.0, -30.0, Shape(2600, 2000))
    write_raster(pathlib.Path({str(tmp_path)!r}) / "displacement.tif", Made(), layer=layer_of("displacement"),
                 grid=grid, band_names=["x"] * 20)
    # VmHWM counts from the start of this program; ru_maxrss would carry over the peak of the one that started it.
    status = pathlib.Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 400
