"""The annotation of the one real pair of images, as another program kept it, read back as a product.

SNAP keeps every element of manifest, annotation, calibration and noise as JSON.  Turned back into XML here, they have to
read as a product; the values are compared with SNAP's own digest of them (``Abstracted_Metadata``).
"""

import json
import re
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pytest

from fringeworks.io.safe import open_safe
from fringeworks.io.safe.polynomials import read_fm_rates
from fringeworks.io.safe.tree import parse_xml
from fringeworks.model.identity import Instant, Polarisation, Swath

pytestmark = pytest.mark.data
IW3, VV, C = Swath.IW3, Polarisation.VV, 299_792_458.0
ATTRIBUTES = {"count", "ID", "href", "locatorType", "version", "name", "type", "role", "repID", "absolute"}


def to_xml(element):
    """Turn SNAP's tree back into XML; a leaf that has its element's name is that element's own text."""
    name, facts = (
        element["name"],
        [(a["name"], str(a["data"]["elems"])) for a in element.get("attributes", [])],
    )
    own = [v for k, v in facts if k == name]
    others = [(k, v) for k, v in facts if k != name]
    as_attributes = others if own else [(k, v) for k, v in others if k in ATTRIBUTES]
    as_children = [] if own else [(k, v) for k, v in others if k not in ATTRIBUTES]
    head = "".join(f" {k}={quoteattr(v)}" for k, v in dict(as_attributes).items() if k.isidentifier())
    inside = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in as_children)
    inside += "".join(to_xml(child) for child in element.get("elements", []))
    return f"<{name}{head}>{escape(own[0]) if own else ''}{inside}</{name}>"


def child(element, name):
    return next(e for e in element["elements"] if e["name"] == name)


@pytest.fixture(scope="module")
def kept(helper_data, tmp_path_factory):
    # the other date's file holds the same original metadata: those of the reference image
    path = (
        helper_data
        / "slc-pair-amsterdam"
        / "zarrs"
        / "20230331-coreg.znap"
        / "SNAP"
        / "product_metadata.json"
    )
    trees = {tree["name"]: tree for tree in json.loads(path.read_text())}
    return trees, tmp_path_factory.mktemp("amsterdam")


@pytest.fixture(scope="module")
def product(kept):
    trees, folder = kept
    original = trees["Original_Product_Metadata"]
    manifest = to_xml(child(original, "XFDU"))
    (folder / "manifest.safe").write_text(manifest)
    for kind, prefix in (
        ("annotation", ""),
        ("calibration", "calibration/calibration-"),
        ("noise", "calibration/noise-"),
    ):
        for file in child(original, kind)["elements"]:
            target = folder / f"annotation/{prefix}{file['name']}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(to_xml(file["elements"][0]))
    return open_safe(folder)


def digest(trees, name):
    return next(a["data"]["elems"] for a in trees["Abstracted_Metadata"]["attributes"] if a["name"] == name)


def first(value):
    return value[0] if isinstance(value, list) else value


def test_the_kept_annotation_agrees_with_snaps_digest(product, kept):
    trees, _ = kept
    a = product.acquisition(IW3, VV)
    assert a.key.start.iso == "2023-03-31T05:50:32.033728"
    assert (a.relative_orbit, a.processor_version, a.pass_direction) == (37, "3.61", "descending")
    assert a.relative_orbit == first(digest(trees, "REL_ORBIT"))
    assert a.key.absolute_orbit == first(digest(trees, "ABS_ORBIT"))
    # bursts were cut away by SNAP: the reader says so
    assert a.bursts == ()
    assert any("holds no burst" in f.text for f in a.findings)
    grid = product.geolocation_grid(IW3, VV)
    assert grid.line.shape == (10, 21)
    # SNAP's digest holds the estimates from geometry: same number, same first coefficient
    estimates = child(trees["Abstracted_Metadata"], "Doppler_Centroid_Coefficients")["elements"]
    assert len(estimates) == len(a.doppler)
    for estimate, ours in zip(estimates, a.doppler, strict=True):
        c0 = float(
            first(
                next(x for x in estimate["elements"][0]["attributes"] if x["name"] == "dop_coef")["data"][
                    "elems"
                ]
            )
        )
        assert ours.geometry.coefficients[0] == pytest.approx(c0, rel=1e-12)


def test_calibration_and_noise_of_the_pair(product):
    table = product.calibration(IW3, VV)
    assert (table.beta0 == 237.0).all()
    assert product.noise(IW3, VV).is_calibrated


def test_carrier_of_the_reference_image(product, kept):
    """Steering and FM rate from the annotation give the 1538 Hz/s and 27 Hz that were measured on the raster itself."""
    trees, folder = kept
    a = product.acquisition(IW3, VV)
    path = next((folder / "annotation").glob("*.xml"))
    epoch = Instant.parse(a.epoch)
    fm_rates = read_fm_rates(parse_xml(path.read_bytes(), file=path.name, root="product"), epoch=epoch)
    middle = Instant.parse("2023-03-31T05:50:33.935118").seconds_since(epoch) + 1524 / 2 * 0.00205556
    near = np.array([float(first(digest(trees, "slant_range_to_first_pixel")))])
    fm = min(fm_rates, key=lambda p: abs(p.azimuth_time - middle)).at(near)[0]
    doppler = min((d.data for d in a.doppler), key=lambda p: abs(p.azimuth_time - middle)).at(near)[0]
    k = int(np.argmin(abs(a.orbit.time - middle)))
    speed = np.linalg.norm(a.orbit.velocity[k])
    rate = np.radians(float(re.search("<azimuthSteeringRate>(.*?)<", path.read_text())[1]))
    steering = 2 * speed / 0.05546576 * rate
    total = fm * steering / (fm - steering)
    # both figures are given to whole Hz; the Doppler estimate of a neighbouring burst differs by 5 Hz
    assert abs(total) == pytest.approx(1538, abs=5)
    assert doppler == pytest.approx(27, abs=6)
