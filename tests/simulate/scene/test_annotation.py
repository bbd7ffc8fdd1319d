"""Structure of the annotation, element by element against real products; orbit files and rasters by their readers."""

import gzip
import zipfile

import numpy as np
import pytest
import rasterio
from lxml import etree

from fringeworks.errors import OutOfRangeError
from fringeworks.io.dem.datum import decide_datum
from fringeworks.io.eof import parse_orbit_name, read_orbit_file
from fringeworks.simulate.scene.measurement import head

KINDS = {
    "annotation": "annotation/s1",
    "calibration": "annotation/calibration/calibration-",
    "noise": "annotation/calibration/noise-",
    "rfi": "annotation/rfi/rfi-",
}


def shape_of(element, ancestry=()):
    """Return every distinct path of element names in a document, with the attributes it carries."""
    place = (*ancestry, etree.QName(element).localname)
    found = {(place, tuple(sorted(element.attrib)))}
    for child in element:
        if isinstance(child.tag, str):
            found |= shape_of(child, place)
    return found


def order_of(element, ancestry=()):
    """Return the order of children by path, repeats left out."""
    place = (*ancestry, etree.QName(element).localname)
    names = list(dict.fromkeys(etree.QName(c).localname for c in element if isinstance(c.tag, str)))
    found = {place: names}
    for child in element:
        if isinstance(child.tag, str):
            found.update(order_of(child, place))
    return found


def member(product, start, suffix=".xml"):
    with zipfile.ZipFile(product) as archive:
        names = [n for n in archive.namelist() if f".SAFE/{start}" in n and n.endswith(suffix)]
        return archive.read(names[0])


@pytest.mark.data
@pytest.mark.parametrize("kind", list(KINDS))
def test_annotation_has_every_element_of_the_real_one_in_its_order(helper_data, bright_scene, kind):
    packed = helper_data / "annotation-templates" / "sandiego_iw2_desc" / f"{kind}.xml.gz"
    real = etree.fromstring(gzip.decompress(packed.read_bytes()))
    made = etree.fromstring(member(bright_scene.products[0][0], KINDS[kind]))
    assert shape_of(made) == shape_of(real)
    ours, theirs = order_of(made), order_of(real)
    assert {k: v for k, v in ours.items() if v} == {k: v for k, v in theirs.items() if v}


@pytest.mark.data
def test_manifest_has_the_elements_of_the_real_one(helper_data, bright_scene):
    packed = helper_data / "annotation-templates" / "sandiego_iw2_desc" / "manifest.safe.gz"
    real = shape_of(etree.fromstring(gzip.decompress(packed.read_bytes())))
    made = shape_of(etree.fromstring(member(bright_scene.products[0][0], "manifest", ".safe")))
    # the real one tells its provenance down to the raw data; ours ends at the processor
    assert {place for place in made - real if "processing" not in place[0]} == set()
    assert {place for place in real - made if "processing" not in place[0]} == set()


def test_lists_say_how_many_they_hold(bright_scene):
    root = etree.fromstring(member(bright_scene.products[0][0], KINDS["annotation"]))
    n_lists = 0
    for element in root.iter():
        if "count" in element.attrib and len(element):
            assert int(element.get("count")) == len(element)
            n_lists += 1
    assert n_lists > 20
    assert len(root.findall(".//geolocationGridPoint")) == 63


def test_tie_points_say_the_residual_bistatic_delay(bright_scene):
    root = etree.fromstring(member(bright_scene.products[0][0], KINDS["annotation"]))
    near = float(root.findtext(".//imageInformation/slantRangeTime"))
    first = root.find(".//geolocationGridPoint")
    line = np.datetime64(root.findtext(".//burst/azimuthTime"))
    stated = (np.datetime64(first.findtext("azimuthTime")) - line) / np.timedelta64(1, "ns") * 1e-9
    # the reference lies in the middle of IW2, half the samples away; times are in microseconds
    assert stated == pytest.approx(-0.25 * 400 / 6.434523812571428e07, abs=1.1e-6)
    assert near == pytest.approx(float(first.findtext("slantRangeTime")), abs=1e-15)


def test_orbit_file_and_annotation_tell_one_orbit(bright_scene):
    from fringeworks.io.safe.product import open_safe

    product = open_safe(bright_scene.products[0][0])
    annotated = product.acquisition(*product.available[0]).orbit
    assert parse_orbit_name(bright_scene.orbits[0]) is not None
    states = read_orbit_file(bright_scene.orbits[0])
    states = states.since(annotated.epoch)
    from scipy.interpolate import CubicHermiteSpline

    curve = CubicHermiteSpline(states.time, states.position, states.velocity)
    # a cubic over 10 s is true to 0.2 mm
    np.testing.assert_allclose(curve(annotated.time), annotated.position, atol=5e-4, rtol=0.0)


def test_dem_states_its_datum(bright_scene):
    with rasterio.open(bright_scene.dem) as file:
        assert decide_datum(None, crs=file.crs.to_wkt(), tags=file.tags(), file="dem").datum == "ellipsoid"
        assert file.crs.to_epsg() == 4326
        truth = np.load(bright_scene.folder / "truth" / "truth.npz")
        np.testing.assert_array_equal(file.read(1), truth["dem"])
        x, y = file.xy(0, 0)
        assert x == pytest.approx(truth["longitude"][0], abs=1e-12)
        assert y == pytest.approx(truth["latitude"][0], abs=1e-12)


def test_raster_is_laid_out_in_lines(bright_scene, tmp_path):
    root = etree.fromstring(member(bright_scene.products[0][0], KINDS["annotation"]))
    offsets = [int(node.text) for node in root.iterfind(".//byteOffset")]
    raw = member(bright_scene.products[0][0], "measurement/", ".tiff")
    path = tmp_path / "raster.tiff"
    path.write_bytes(raw)
    with rasterio.open(path) as file:
        assert file.dtypes == ("complex_int16",)
        assert file.block_shapes == [(1, 400)]
        values = file.read(1)
        assert len(file.gcps[0]) == 63
    for k, offset in enumerate(offsets):
        burst = np.frombuffer(raw, "<i2", count=1509 * 800, offset=offset).reshape(1509, 400, 2)
        np.testing.assert_array_equal(values[1509 * k : 1509 * (k + 1)].real, burst[..., 0])
        assert not burst[:25].any()
        assert not burst[-25:].any()
        assert burst[25:-25, 12:-12].any(axis=(0, 2)).all()


def test_rasters_beyond_a_plain_tiff_are_refused():
    with pytest.raises(OutOfRangeError, match="raster of 40000"):
        head(40_000, 30_000, "")
    with pytest.raises(OutOfRangeError, match="one line"):
        head(1, 10, "")
