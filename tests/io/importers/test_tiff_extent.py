"""A file cut anywhere before its last pixel is found, without decoding anything."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from fringeworks.errors import DamagedFileError, MissingInputError
from fringeworks.io.importers.tiff_extent import check_whole

LAYOUTS = {
    "strips": {"blockysize": 8},
    "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 16},
    "packed": {"blockysize": 8, "compress": "deflate"},
    "big": {"blockysize": 8, "bigtiff": "YES"},
    "big-endian": {"blockysize": 8, "endianness": "BIG"},
    "bands": {"count": 3, "interleave": "band", "blockysize": 8},
}


@pytest.fixture(params=list(LAYOUTS))
def path(request, tmp_path):
    options = {"count": 1, "height": 48, "width": 50, "dtype": "float32", **LAYOUTS[request.param]}
    path = tmp_path / "a.tif"
    values = np.random.default_rng(1).normal(size=(options["count"], 48, 50)).astype(np.float32)
    transform = rasterio.Affine(1, 0, 0, 0, -1, 48)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=transform, **options) as file:
        file.write(values)
    return path


def test_a_whole_file_passes(path):
    check_whole(path)


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.1, 0.02])
def test_a_cut_file_is_found_with_both_sizes(path, share):
    data = path.read_bytes()
    kept = int(len(data) * share)
    path.write_bytes(data[:kept])
    with pytest.raises(
        DamagedFileError, match=rf"a\.tif is truncated: it has {kept} bytes; expected: at least \d+ bytes"
    ):
        check_whole(path)


def test_overviews_are_part_of_the_file(path):
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
    check_whole(path)
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    with pytest.raises(DamagedFileError, match="is truncated"):
        check_whole(path)


@pytest.mark.parametrize(
    "data", [b"", b"II", b"GIF89a and more than sixteen bytes", b"II*\0\0\0", b"MM\0+" + b"\0" * 4]
)
def test_what_is_no_tiff_is_refused(tmp_path, data):
    path = tmp_path / "b.tif"
    path.write_bytes(data)
    with pytest.raises(
        DamagedFileError, match=rf"b\.tif \({len(data)} bytes\) does not begin as a TIFF file"
    ):
        check_whole(path)


def test_a_directory_of_nonsense_is_refused(tmp_path):
    path = tmp_path / "c.tif"
    path.write_bytes(b"II*\0" + (8).to_bytes(4, "little") + b"\xff\xff" + b"\0" * 900_000)
    with pytest.raises(DamagedFileError, match="a directory of 65535 entries at byte 8"):
        check_whole(path)


def test_no_file(tmp_path):
    with pytest.raises(MissingInputError, match=r"no file .*d\.tif"):
        check_whole(tmp_path / "d.tif")
