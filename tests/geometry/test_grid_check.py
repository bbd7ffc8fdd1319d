"""Our geometry against the geolocation grids of all real products at hand."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import TooFewDataError
from fringeworks.geometry.grid_check import check_grid
from fringeworks.geometry.timing import mid_range
from fringeworks.io.safe.product import open_safe
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.identity import Swath

pytestmark = pytest.mark.data

MODERN = (
    "safe-pair-morocco/data/S1/S1A_IW_SLC__1SDV_20230904T063730_20230904T063757_050174_0609E3_DAA1.SAFE",
    "safe-pair-morocco/data/S1/S1A_IW_SLC__1SDV_20230916T063730_20230916T063757_050349_060FCD_6814.SAFE",
    "safe-rome/data/S1A_IW_SLC__1SDV_20220104T170557_20220104T170624_041314_04E951_F1F1.SAFE",
    "safe-s1b-and-hh/data/S1A_IW_SLC__1SDH_20220414T102209_20220414T102236_042768_051AA4_E677.SAFE",
    "safe-annotations-ipf/S1A_IW_SLC__1SDV_20220929T201107_20220929T201137_045224_0567CE_115A.zip",
    "safe-annotations-ipf/S1A_IW_SLC__1SDV_20221024T184148_20221024T184218_045587_05735F_D6E2.zip",
)
# product: what its grid differs by along the meridian, p99 [m]
EARLY = {
    "safe-annotations-ipf/S1A_IW_SLC__1SDV_20141004T031312_20141004T031339_002674_002FB6_07B5.zip": 1.12,
    "safe-2014-hh/data-files/slc/"
    "S1A_IW_SL1__1_SH_20141031T095929_20141031T100002_003072_003842_91FC.SAFE": 0.67,
    "safe-s1b-and-hh/data/S1B_IW_SLC__1SDV_20210401T052622_20210401T052650_026269_032297_EFA4.SAFE": 0.31,
}


def checks(path):
    product = open_safe(path)
    found = {key: product.acquisition(*key) for key in product.available}
    middle = [a.bursts[0].grid for (swath, _), a in found.items() if swath is Swath.IW2]
    reference = (
        mid_range(middle[0].range_start, middle[0].shape.cols, range_step=middle[0].range_step)
        if middle
        else None
    )
    return {
        key: check_grid(a, product.geolocation_grid(*key), bistatic_reference=reference)
        for key, a in found.items()
    }


@pytest.mark.parametrize("name", MODERN, ids=lambda n: n.split("S1A_")[-1][12:20])
def test_processor_3_4_and_later(helper_data, name):
    for key, check in checks(helper_data / name).items():
        p99 = {name: figure[1] for name, figure in check.figures.items()}
        # asked for; times of the grid are rounded to a microsecond (0.0005 lines, 7 mm)
        assert p99["latitude_m"] < 0.02, (key, p99)
        assert p99["longitude_m"] < 0.02, (key, p99)
        assert p99["incidence_deg"] < 1e-4, (key, p99)
        assert p99["line"] < 0.002, (key, p99)
        assert p99["pixel"] < 0.001, (key, p99)
        # the grid's own numbers: the residual bistatic delay is 0.08 lines at the swath's ends, were it left out;
        # the reference is known to half a microsecond, and the last row contradicts itself by 0.007 lines
        assert check.figures["line_number"][0] < 0.0005, (key, check.figures)
        assert p99["line_number"] < 0.007, (key, p99)
        assert p99["pixel_number"] < 0.002, (key, p99)


@pytest.mark.parametrize("name", EARLY, ids=lambda n: n.split("_20")[-2][:6])
def test_earlier_grids_were_made_with_other_orbits(helper_data, name):
    for key, check in checks(helper_data / name).items():
        p99 = {k: v[1] for k, v in check.figures.items()}
        assert p99["latitude_m"] < EARLY[name], (key, p99)
        # an orbit error moves positions, not the shape of the look
        assert p99["incidence_deg"] < 1e-4, (key, p99)


def test_result_is_plain_data(helper_data):
    check = next(iter(checks(helper_data / MODERN[2]).values()))
    plain = check.as_dict()
    assert plain["ipf"] == "3.40"
    assert plain["points"] == 210
    assert set(plain) >= {"latitude_m", "longitude_m", "incidence_deg", "line", "pixel"}
    assert set(plain["line"]) == {"median", "p99"}


def test_orbit_that_does_not_reach_is_an_error(helper_data):
    product = open_safe(helper_data / MODERN[2])
    key = product.available[0]
    acquisition = product.acquisition(*key)
    old = acquisition.orbit
    late = StateVectors(
        epoch=old.epoch,
        time=old.time + 4000.0,
        position=old.position,
        velocity=old.velocity,
        source="precise",
    )
    with pytest.raises(TooFewDataError, match="state vectors around"):
        check_grid(acquisition, product.geolocation_grid(*key), states=late)


def test_a_metre_of_orbit_shows(helper_data):
    product = open_safe(helper_data / MODERN[2])
    key = product.available[0]
    acquisition = product.acquisition(*key)
    old = acquisition.orbit
    moved = StateVectors(
        epoch=old.epoch,
        time=old.time,
        position=old.position + 1.0 * old.velocity / np.linalg.norm(old.velocity, axis=1)[:, None],
        velocity=old.velocity,
        source="annotation",
    )
    check = check_grid(acquisition, product.geolocation_grid(*key), states=moved)
    ground = np.hypot(check.figures["latitude_m"][0], check.figures["longitude_m"][0])
    # a metre at 7070 km of radius is 0.9 m on the ground; the orbit is inclined to the meridian by 10 degrees
    assert ground == pytest.approx(0.9, abs=0.03)
