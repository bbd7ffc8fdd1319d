import os
import struct
import zipfile
from pathlib import Path

import pytest
from tests.io.safe.made_safe import Recipe, contents, write_folder, write_zip

from fringeworks.errors import DamagedFileError, MissingInputError, UnsafeInputError, UnsupportedInputError
from fringeworks.io.safe.archive import FolderArchive, ZipArchive, open_archive, safe_name


def test_folder_manifest_and_zip_hold_the_same_files(tmp_path):
    recipe = Recipe()
    files = contents(recipe)
    folder = write_folder(tmp_path, recipe)
    opened = [
        open_archive(folder),
        open_archive(folder / "manifest.safe"),
        open_archive(str(folder)),
        open_archive(write_zip(tmp_path, recipe)),
        open_archive(write_zip(tmp_path / "..", recipe, method=zipfile.ZIP_STORED)),
    ]
    for archive in opened:
        assert archive.name == recipe.name
        assert archive.names == frozenset(files)
        for name, data in files.items():
            assert archive.member(name).size == len(data)
            assert archive.member(name).read(0, len(data)) == data
            if not name.endswith(".tiff"):
                assert archive.read(name) == data


def test_a_zip_without_a_root_folder_takes_the_name_of_the_zip(tmp_path):
    recipe = Recipe()
    path = tmp_path / f"{recipe.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents(recipe).items():
            archive.writestr(name, data)
    assert open_archive(path).name == f"{recipe.name}.zip"
    assert "manifest.safe" in open_archive(path).names


def test_what_lies_beside_the_product_in_a_zip_is_left_alone(tmp_path):
    path = write_zip(tmp_path, Recipe())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/x", b"1")
    assert not any("MACOSX" in n for n in open_archive(path).names)


@pytest.mark.parametrize(
    "href",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a\\b",
        "C:/x",
        "file:///etc/passwd",
        "a\0b",
        "a\nb",
        "x" * 2000,
    ],
)
def test_references_that_lead_out_are_refused(href):
    with pytest.raises(UnsafeInputError, match="a path below the product's own root"):
        safe_name(href, file="manifest.safe")


def test_a_reference_is_made_plain():
    assert safe_name("./annotation//calibration/./x.xml", file="m") == "annotation/calibration/x.xml"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
def test_members_that_lead_out_of_a_zip_are_refused(tmp_path, name):
    path = write_zip(tmp_path, Recipe())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(UnsafeInputError, match="evil"):
        open_archive(path)


def test_the_same_member_twice_is_refused(tmp_path):
    path = write_zip(tmp_path, Recipe())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(f"{Recipe().name}/manifest.safe", b"<x/>")
    with pytest.raises(UnsafeInputError, match="twice"):
        open_archive(path)


def test_a_link_out_of_a_folder_is_refused(tmp_path):
    folder = write_folder(tmp_path, Recipe())
    outside = tmp_path / "secret.xml"
    outside.write_bytes(b"<product/>")
    (folder / "annotation" / "link.xml").symlink_to(outside)
    with pytest.raises(UnsafeInputError, match="outside the product"):
        open_archive(folder).read("annotation/link.xml")


def test_a_link_to_the_whole_product_is_followed(tmp_path):
    folder = write_folder(tmp_path, Recipe())
    link = tmp_path / "link.SAFE"
    link.symlink_to(folder)
    assert open_archive(link).read("manifest.safe") == (folder / "manifest.safe").read_bytes()
    assert open_archive(link).name == folder.name


def test_absent_things_are_missing(tmp_path):
    folder = write_folder(tmp_path, Recipe())
    zipped = write_zip(tmp_path, Recipe())
    with pytest.raises(MissingInputError, match="nothing there"):
        open_archive(tmp_path / "no.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match=r"no manifest\.safe"):
        open_archive(tmp_path / "empty")
    for archive in (FolderArchive(folder), ZipArchive(zipped)):
        for read in (archive.read, archive.member):
            with pytest.raises(MissingInputError, match="is not in it"):
                read("annotation/none.xml")
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("x", b"1")
    with pytest.raises(MissingInputError, match=r"no manifest\.safe"):
        open_archive(bare)


def test_two_products_in_one_zip_are_refused(tmp_path):
    path = write_zip(tmp_path, Recipe())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.SAFE/manifest.safe", b"<x/>")
    with pytest.raises(UnsupportedInputError, match="2 products"):
        open_archive(path)


def test_a_truncated_zip_and_what_is_no_zip_are_damaged(tmp_path):
    path = write_zip(tmp_path, Recipe())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFileError, match="a sound zip"):
        open_archive(path)
    path.write_bytes(b"hello")
    with pytest.raises(DamagedFileError, match="a sound zip"):
        open_archive(path)


def test_a_flipped_byte_in_a_text_member_is_found_by_its_checksum(tmp_path):
    recipe = Recipe()
    path = write_zip(tmp_path, recipe, method=zipfile.ZIP_STORED)
    data = path.read_bytes()
    place = data.index(b"<radarFrequency>") + 18
    path.write_bytes(data[:place] + b"9" + data[place + 1 :])
    with pytest.raises(DamagedFileError, match="CRC"):
        open_archive(path).read(recipe.file("annotation", "IW2", "vv"))


def test_a_member_that_grows_out_of_measure_is_refused(tmp_path):
    path = write_zip(tmp_path, Recipe())
    name = Recipe().name
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/annotation/big.xml", b"<a>" + b" " * (4 * 2**20) + b"</a>")
        archive.writestr(f"{name}/annotation/huge.xml", b" " * (65 * 2**20))
    opened = open_archive(path)
    with pytest.raises(UnsafeInputError, match="expected: at most 100 times"):
        opened.read("annotation/big.xml")
    with pytest.raises(UnsafeInputError, match="in a text file"):
        opened.read("annotation/huge.xml")


def test_a_member_whose_true_size_exceeds_the_stated_one_is_cut_off(tmp_path):
    path = write_zip(tmp_path, Recipe())
    name = f"{Recipe().name}/annotation/lie.xml"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"<a>" + os.urandom(5000).hex().encode() * 50 + b"</a>")
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(name).file_size
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", size), struct.pack("<I", 1000)))
    with pytest.raises(DamagedFileError, match="CRC"):
        open_archive(path).read("annotation/lie.xml")


def test_encrypted_and_otherwise_packed_members_are_not_read(tmp_path):
    recipe = Recipe()
    path = write_zip(tmp_path, recipe, method=zipfile.ZIP_BZIP2)
    with pytest.raises(UnsupportedInputError, match="packed by method 12"):
        open_archive(path).read("manifest.safe")
    path = write_zip(tmp_path, recipe)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 4)
    path.write_bytes(bytes(data))
    with pytest.raises(UnsupportedInputError, match="encrypted"):
        open_archive(path).read("manifest.safe")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fringeworks.io.safe.archive.MAX_MEMBERS", 3)
    with pytest.raises(UnsafeInputError, match="a zip of 6 members"):
        open_archive(write_zip(tmp_path, Recipe()))


def test_gdal_finds_members_by_their_location(tmp_path):
    import rasterio

    recipe = Recipe()
    name = recipe.file("measurement", "IW2", "vv")
    for path in (write_folder(tmp_path, recipe), write_zip(tmp_path, recipe)):
        with (
            pytest.warns(rasterio.errors.NotGeoreferencedWarning, match="geotransform"),
            rasterio.open(open_archive(Path(path)).gdal_location(name)) as dataset,
        ):
            assert dataset.shape == (72, 40)
