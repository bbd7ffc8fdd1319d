import zipfile

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from tests.io.safe.made_safe import Recipe, contents, write_folder, write_zip

from fringeworks.errors import (
    DamagedFileError,
    MetadataMismatchError,
    UnsafeInputError,
    UnsupportedInputError,
)
from fringeworks.io.safe import measurement
from fringeworks.io.safe.archive import open_archive
from fringeworks.io.safe.measurement import OtherMeasurement, StripMeasurement, open_measurement
from fringeworks.model.grids import Shape, Window

SHAPE = Shape(72, 40)


def open_raster(path, recipe, shape=SHAPE):
    return open_measurement(open_archive(path), recipe.file("measurement", "IW2", "vv"), shape=shape)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe(byte_order=">", rows_per_strip=5), Recipe(big_tiff=True, rows_per_strip=72)],
    ids=["rows", "big endian", "one strip"],
)
@pytest.mark.parametrize("chunk", [100, 2**20])
def test_any_window_is_what_was_written(tmp_path, recipe, chunk, rng, monkeypatch):
    monkeypatch.setattr(measurement, "CHUNK_BYTES", chunk)
    expected = recipe.pixels("IW2")
    for path in (
        write_folder(tmp_path, recipe),
        write_zip(tmp_path, recipe),
        write_zip(tmp_path / "..", recipe, method=zipfile.ZIP_STORED),
    ):
        raster = open_raster(path, recipe)
        assert isinstance(raster, StripMeasurement)
        for _ in range(20):
            row, col = int(rng.integers(0, 72)), int(rng.integers(0, 40))
            window = Window(row, col, int(rng.integers(0, 72 - row + 1)), int(rng.integers(0, 40 - col + 1)))
            cut = expected[window.slices]
            np.testing.assert_array_equal(raster.integers(window), cut)
            values = raster.complexes(window)
            assert values.dtype == np.complex64
            np.testing.assert_array_equal(values, cut[..., 0] + 1j * cut[..., 1])


def test_strips_left_out_of_the_file_are_zeros(tmp_path):
    recipe = Recipe(rows_per_strip=24)
    files = contents(recipe)
    name = recipe.file("measurement", "IW2", "vv")
    data = bytearray(files[name])
    table = 8 + 72 * 40 * 4
    for place in (table + 4, table + 12 + 4):  # offset and size of the second of three strips
        data[place : place + 4] = bytes(4)
    files[name] = bytes(data)
    raster = open_raster(write_folder(tmp_path, recipe, files=files), recipe)
    values = raster.integers(Window(20, 0, 30, 40))
    expected = recipe.pixels("IW2")[20:50].copy()
    expected[4:28] = 0
    np.testing.assert_array_equal(values, expected)


def write_cog(path, values, **options):
    """Write a tiled raster by GDAL, as the cloud-optimised archives do."""
    corners = [GroundControlPoint(r, c, c * 0.1, r * 0.1) for r in (0, 72) for c in (0, 40)]
    profile = {
        "driver": "GTiff",
        "height": 72,
        "width": 40,
        "count": 1,
        "tiled": True,
        "blockxsize": 32,
        "blockysize": 32,
    }
    with rasterio.open(
        path, "w", **profile, gcps=corners, crs="EPSG:4326", compress="deflate", **options
    ) as dataset:
        dataset.write(values, 1)


@pytest.mark.parametrize("dtype", ["complex_int16", "complex64"])
def test_tiled_and_compressed_rasters_of_the_cloud_naming_are_read(tmp_path, dtype):
    recipe = Recipe(cog=True)
    pixels = recipe.pixels("IW2")
    values = (pixels[..., 0] + 1j * pixels[..., 1]).astype(np.complex64)
    write_cog(tmp_path / "c.tiff", values, dtype=dtype)
    files = contents(recipe)
    files[recipe.file("measurement", "IW2", "vv")] = (tmp_path / "c.tiff").read_bytes()
    for path in (write_folder(tmp_path, recipe, files=files), write_zip(tmp_path, recipe, files=files)):
        raster = open_raster(path, recipe)
        assert isinstance(raster, OtherMeasurement)
        window = Window(30, 5, 20, 33)
        np.testing.assert_array_equal(raster.complexes(window), values[window.slices])
        np.testing.assert_array_equal(raster.integers(window), pixels[window.slices])
        assert raster.complexes(Window(3, 3, 0, 5)).shape == (0, 5)


def test_samples_that_are_no_integers_are_not_given_as_integers(tmp_path):
    recipe = Recipe()
    write_cog(tmp_path / "c.tiff", np.full((72, 40), 1.5 + 1j, np.complex64), dtype="complex64")
    files = contents(recipe)
    files[recipe.file("measurement", "IW2", "vv")] = (tmp_path / "c.tiff").read_bytes()
    raster = open_raster(write_folder(tmp_path, recipe, files=files), recipe)
    with pytest.raises(UnsupportedInputError, match="no 16-bit integers"):
        raster.integers(Window(0, 0, 2, 2))


def test_a_damaged_tile_is_an_error_of_ours(tmp_path):
    recipe = Recipe()
    values = np.random.default_rng(1).normal(size=(72, 40)).astype(np.complex64)
    write_cog(tmp_path / "c.tiff", values, dtype="complex64")
    data = bytearray((tmp_path / "c.tiff").read_bytes())
    data[-3000:-1000] = bytes(2000)
    files = contents(recipe)
    files[recipe.file("measurement", "IW2", "vv")] = bytes(data)
    raster = open_raster(write_folder(tmp_path, recipe, files=files), recipe)
    with pytest.raises(DamagedFileError, match="expected: a sound GeoTIFF"):
        raster.complexes(Window(0, 0, 72, 40))


def test_a_raster_of_another_size_is_refused(tmp_path):
    recipe = Recipe()
    path = write_folder(tmp_path, recipe)
    with pytest.raises(MetadataMismatchError, match="72 lines of 40 samples; expected: 75 lines of 40"):
        open_raster(path, recipe, shape=Shape(75, 40))


def test_a_raster_far_too_large_is_refused(tmp_path):
    recipe = Recipe()
    files = contents(recipe)
    files[recipe.file("measurement", "IW2", "vv")] += bytes(70 * 2**20)
    path = write_zip(tmp_path, recipe, files=files)
    with pytest.raises(UnsafeInputError, match="for 2880 samples"):
        open_raster(path, recipe)
