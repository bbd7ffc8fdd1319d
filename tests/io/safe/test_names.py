import pytest

from fringeworks.errors import UnsupportedInputError
from fringeworks.io.safe.names import parse_file_name, parse_product_name, stem_of
from fringeworks.model.identity import Polarisation, Swath


@pytest.mark.parametrize("suffix", ["", ".SAFE", ".zip", ".SAFE.zip"])
def test_a_product_name_says_what_it_holds(suffix):
    name = parse_product_name(f"S1A_IW_SLC__1SDV_20160123T162334_20160123T162401_009624_00E049_893F{suffix}")
    assert (name.platform.name, name.mode, name.absolute_orbit, name.datatake, name.unique) == (
        "S1A",
        "IW",
        9624,
        "00E049",
        "893F",
    )
    assert name.polarisations == (Polarisation.VV, Polarisation.VH)
    assert (name.start.iso, name.stop.iso) == ("2016-01-23T16:23:34", "2016-01-23T16:24:01")
    assert not name.cloud_optimised
    assert name.stem == stem_of(f"{name.stem}{suffix}")


@pytest.mark.parametrize(
    ("text", "mode", "polarisations"),
    [
        ("S1B_EW_SLC__1SDH_20210401T052622_20210401T052650_026269_032297_EFA4.SAFE", "EW", ("HH", "HV")),
        ("S1C_S3_SLC__1SSV_20250401T052622_20250401T052650_001681_032297_EFA4", "SM", ("VV",)),
        ("S1A_IW_SL1__1_SH_20141031T095929_20141031T100002_003072_003842_91FC.SAFE", "IW", ("HH",)),
        ("S1D_IW_SLC__1SSH_20260401T052622_20260401T052650_002681_032297_EFA4", "IW", ("HH",)),
    ],
)
def test_modes_and_polarisations(text, mode, polarisations):
    name = parse_product_name(text)
    assert (name.mode, name.polarisations) == (mode, polarisations)


def test_the_naming_of_the_cloud_archive():
    name = parse_product_name(
        "S1A_IW_SLC__1SDV_20160123T162334_20160123T162401_009624_00E049_893F_COG.SAFE.zip"
    )
    assert name.cloud_optimised
    assert name.stem.endswith("_COG")


@pytest.mark.parametrize(
    "text", ["", "hello.SAFE", "S1A_IW_SLC__1SDV_20161323T162334_20160123T162401_009624_00E049_893F"]
)
def test_other_names_are_not_understood(text):
    assert parse_product_name(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "S1A_IW_GRDH_1SDV_20151021T063752_20151021T063817_008247_00B9CD_2770_COG.SAFE",
        "S1A_IW_RAW__0SDV_20151021T063752_20151021T063817_008247_00B9CD_2770.SAFE",
        "S1A_WV_SLC__1SSV_20151021T063752_20151021T063817_008247_00B9CD_2770.SAFE",
    ],
)
def test_products_of_another_kind_are_refused_by_name(text):
    with pytest.raises(UnsupportedInputError, match="order the SLC of this date"):
        parse_product_name(text)


STEM = "s1a-iw2-slc-vv-20230108t135256-20230108t135302-046693-0598d3-005"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"annotation/{STEM}.xml", "annotation"),
        (f"annotation/{STEM}-cog.xml", "annotation"),
        (f"annotation/calibration/calibration-{STEM}.xml", "calibration"),
        (f"annotation/calibration/noise-{STEM}.xml", "noise"),
        (f"annotation/rfi/rfi-{STEM}.xml", "rfi"),
        (f"measurement/{STEM}.tiff", "measurement"),
        (f"measurement/{STEM}-cog.tiff", "measurement"),
        (f"measurement/{STEM}.tif", "measurement"),
    ],
)
def test_files_say_what_they_are(name, kind):
    parsed = parse_file_name(name)
    assert (parsed.kind, parsed.swath, parsed.polarisation) == (kind, Swath.IW2, Polarisation.VV)
    assert parsed.platform.name == "S1A"


def test_strip_map_files_and_others():
    assert (
        parse_file_name("s1a-s3-slc-hh-20230108t135256-20230108t135302-046693-0598d3-001.xml").swath
        == Swath.S3
    )
    for name in ("preview/quick-look.png", f"calibration-{STEM}.tiff", "annotation/s1a-iw-grd-vv.xml", ""):
        assert parse_file_name(name) is None
