import pytest
from tests.io.safe.made_safe import Recipe, contents, write_folder

from fringeworks.errors import (
    DamagedFileError,
    MetadataMismatchError,
    UnsafeInputError,
    UnsupportedInputError,
)
from fringeworks.io.safe import open_safe
from fringeworks.model.identity import PassDirection, Polarisation, Swath


def changed(tmp_path, old, new, recipe=None):
    recipe = recipe or Recipe()
    files = contents(recipe)
    assert old.encode() in files["manifest.safe"]
    files["manifest.safe"] = files["manifest.safe"].replace(old.encode(), new.encode())
    return open_safe(write_folder(tmp_path, recipe, files=files))


def test_a_manifest_says_who_where_and_what(made, recipe):
    m = made.manifest
    assert str(m.key) == "S1A_20230108T131926_046693_0598D3"
    assert (m.mode, m.pass_direction, m.relative_orbits) == ("IW", PassDirection.ASCENDING, (71, 71))
    assert m.processor_version == "3.52"
    assert m.ascending_node.iso == "2023-01-08T13:12:46.612135"
    assert m.stop.seconds_since(m.key.start) == 27
    assert m.footprint[0] == (-8.2, 30.1)
    assert m.files["measurement", Swath.IW2, Polarisation.VV] == recipe.file("measurement", "IW2", "vv")
    assert [f.level for f in m.findings] == ["ok"]


def test_an_unknown_platform_is_a_warning_only(tmp_path):
    product = open_safe(write_folder(tmp_path, Recipe(platform="S1E")))
    assert [(f.level, f.topic) for f in product.findings] == [("warning", "platform")]
    assert len(product.bursts()) == 3


def test_the_manifests_track_wins_over_the_formula(tmp_path):
    product = open_safe(write_folder(tmp_path, Recipe(orbit=46694)))
    assert product.manifest.relative_orbits == (71, 71)
    assert "would be track 72; the manifest wins" in product.findings[0].text


def test_early_processors_and_unnamed_ones_are_said(tmp_path):
    early = open_safe(write_folder(tmp_path, Recipe(version="002.36")))
    assert early.manifest.processor_version == "2.36"
    assert any(f.topic == "antenna pattern" and "2.43" in f.text for f in early.findings)
    late = open_safe(write_folder(tmp_path / "late", Recipe(version="002.43")))
    assert not any(f.topic == "antenna pattern" for f in late.findings)
    bare = open_safe(write_folder(tmp_path / "bare", Recipe(version="")))
    assert bare.manifest.processor_version == ""
    assert any("no processor version" in f.text for f in bare.findings)


@pytest.mark.parametrize(
    ("old", "new", "error", "match"),
    [
        (
            'href="./annotation/s1a',
            'href="../../annotation/s1a',
            UnsafeInputError,
            "below the product's own root",
        ),
        ('href="./measurement/', 'href="/etc/', UnsafeInputError, "below the product's own root"),
        ('href="./annotation/rfi/', 'href="http://x/', UnsafeInputError, "below the product's own root"),
        ('type="start">71<', 'type="start">0<', DamagedFileError, "tracks 1 to 175"),
        ('type="start">71<', 'type="start">72<', DamagedFileError, "the same step in both"),
        ('type="start">71<', 'type="start">x<', DamagedFileError, "a whole number"),
        ("<s1:pass>ASCENDING", "<s1:pass>SIDEWAYS", DamagedFileError, "ascending or descending"),
        ("SENTINEL-1<", "SENTINEL-2<", UnsupportedInputError, "a Sentinel-1 product"),
        ("productType>SLC<", "productType>GRD<", UnsupportedInputError, "expected: SLC"),
        (":mode>IW<", ":mode>WV<", UnsupportedInputError, "IW, EW or SM"),
        (":mode>IW<", ":mode>EW<", MetadataMismatchError, "the same platform, orbit and mode"),
        (">46693<", ">46694<", MetadataMismatchError, "the same platform, orbit and mode"),
        ("30.1,-8.2", "nan,-8.2", DamagedFileError, "latitude,longitude"),
        ("<safe:startTime>2023", "<safe:startTime>2024", DamagedFileError, "an end after the start"),
        ("safe:acquisitionPeriod>", "safe:x>", DamagedFileError, "<acquisitionPeriod> is missing"),
        ('href="./annotation/s1a', 'href="./annotation/x1a', DamagedFileError, "at least one sub-swath"),
        ("missionDataTakeID>366803<", "missionDataTakeID>-1<", DamagedFileError, "a whole number"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(tmp_path, old, new, error, match):
    with pytest.raises(error, match=match):
        changed(tmp_path, old, new)


def test_two_files_for_one_place_are_refused(tmp_path):
    recipe = Recipe()
    name = recipe.file("annotation", "IW2", "vv")
    extra = f'<fileLocation href="./{name.replace("-001.xml", "-002.xml")}"/></byteStream></dataObject></dataObjectSection>'
    with pytest.raises(MetadataMismatchError, match="one file for each sub-swath"):
        changed(tmp_path, "</dataObjectSection>", f"<dataObject><byteStream>{extra}", recipe)


def test_another_data_take_in_the_name_is_said(tmp_path):
    product = changed(tmp_path, "missionDataTakeID>366803<", "missionDataTakeID>366804<")
    assert product.manifest.key.datatake == "0598D4"
    assert any("0598D3 in the name" in f.text for f in product.findings)


def test_a_folder_with_another_name_is_read(tmp_path):
    folder = write_folder(tmp_path, Recipe())
    product = open_safe(folder.rename(tmp_path / "mine"))
    assert product.name == "mine"
    assert product.findings[0].topic == "name"


def test_listed_files_of_unknown_naming_are_counted(tmp_path):
    extra = '<dataObject><byteStream><fileLocation href="./annotation/x.xml"/></byteStream></dataObject></dataObjectSection>'
    product = changed(tmp_path, "</dataObjectSection>", extra)
    assert any("1 listed files" in f.text for f in product.findings)
