"""A real pair of products without pixels, surveyed as a run does: bursts, baseline and overlaps by the products' own grids.

The geolocation grids, whose times, ranges and ground positions ESA's processor gives, and the annotated state vectors are
all that the expected values are made of; curves through the vectors and distances are computed here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from pyproj import Transformer
from scipy.interpolate import make_interp_spline
from scipy.optimize import brentq

from fringeworks.io.safe import open_safe
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.workflow.config import config_from
from fringeworks.workflow.survey import survey_inputs

pytestmark = pytest.mark.data
DAYS = (date(2023, 9, 4), date(2023, 9, 16))
# the part of each sub-swath that the elevation models at hand cover
AREAS = {"IW1": [-8.7, 31.65, -8.2, 31.8], "IW2": [-9.5, 31.75, -9.1, 31.85]}


@pytest.fixture(scope="module")
def folder(helper_data):
    return helper_data / "safe-pair-morocco" / "data"


@pytest.fixture(scope="module", params=sorted(AREAS))
def surveyed(request, folder, tmp_path_factory):
    """Give the survey of one sub-swath, and both products' own acquisitions and grids."""
    name = request.param
    dem = next((folder / "dem").glob(f"*{name.lower()}*"))
    values = {
        "inputs": {"slc": str(folder / "S1"), "dem": str(dem), "dem_datum": "ellipsoid", "swaths": [name]},
        "area": {"bbox": AREAS[name]},
        "method": "pair",
        "output": {"directory": str(tmp_path_factory.mktemp("morocco") / "out")},
    }
    scenes = survey_inputs(config_from(values, folder=folder)).scenes
    products = [
        open_safe(path) for path in sorted((folder / "S1").glob("*.SAFE"), key=lambda p: p.name[17:32])
    ]
    key = Swath(name), Polarisation.VV
    return scenes, [(p.acquisition(*key), p.geolocation_grid(*key)) for p in products]


def seconds(epoch: str, since: str) -> float:
    """Return the seconds from one ISO instant to another."""
    return (datetime.fromisoformat(epoch) - datetime.fromisoformat(since)) / timedelta(seconds=1)


def ground_at(acquisition, grid, burst: int) -> np.ndarray:
    """Return the Earth-fixed place of the middle tie point of a burst's first line, (3)."""
    row = int(np.argmin(np.abs(grid.line[:, 0] - burst * acquisition.bursts[0].grid.shape.rows)))
    col = grid.line.shape[1] // 2
    to_fixed = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    place = np.degrees(grid.longitude[row, col]), np.degrees(grid.latitude[row, col]), grid.height[row, col]
    return np.array(to_fixed.transform(*place))


def test_bursts_of_both_dates_are_one_ground(surveyed):
    scenes, found = surveyed
    assert scenes.days == DAYS
    assert all(sorted(d.bursts) == sorted(b.name for b in scenes.frame.bursts) for d in scenes.dates)
    assert len(scenes.frame.bursts) == 9
    for burst in scenes.frame.bursts:
        index = {d.bursts[burst.name].index for d in scenes.dates}
        places = [
            ground_at(*found[k], scenes.dates[k].bursts[burst.name].index) for k in range(len(scenes.dates))
        ]
        apart = float(np.linalg.norm(places[0] - places[1]))
        # Sentinel-1 repeats its bursts to milliseconds and its heights differ by the grid's: a neighbour is 20 km away
        assert apart < 300.0, (burst.name, index)


def test_the_baseline_is_that_of_orbits_and_grid(surveyed):
    scenes, found = surveyed
    assert [d.platform for d in scenes.dates] == ["S1A", "S1A"]
    acquisition, grid = found[scenes.reference]
    burst = scenes.frame.bursts[0]
    middle = scenes.dates[scenes.reference].bursts[burst.name].index
    row = int(np.argmin(np.abs(grid.line[:, 0] - (middle + 0.5) * acquisition.bursts[0].grid.shape.rows)))
    col = grid.line.shape[1] // 2
    to_fixed = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    point = np.array(
        to_fixed.transform(
            np.degrees(grid.longitude[row, col]), np.degrees(grid.latitude[row, col]), grid.height[row, col]
        )
    )
    stations = []
    for each, _ in found:
        curve = make_interp_spline(each.orbit.time, each.orbit.position, k=7)

        def along(t, curve=curve):
            return float((point - curve(t)) @ curve(t, 1))

        t = brentq(along, each.orbit.time[4], each.orbit.time[-5], xtol=1e-9)
        stations.append((curve(t), curve(t, 1)))
    own = stations[scenes.reference]
    # the product's grid and its state vectors are of one orbit: the range at closest approach is the tie point's
    assert np.linalg.norm(point - own[0]) == pytest.approx(grid.slant_range[row, col], abs=0.5)
    sight = (point - own[0]) / np.linalg.norm(point - own[0])
    flight = own[1] / np.linalg.norm(own[1])
    outward = np.cross(flight, sight)
    outward *= np.sign(outward @ (point / np.linalg.norm(point)))
    other = stations[1 - scenes.reference][0] - own[0]
    expected = float(other @ outward)
    # up at right angles to the line of sight: a satellite that lies higher sees the ground at a larger look angle.
    # it changes by half a metre over a burst and between heights of some hundred metres
    assert scenes.dates[1 - scenes.reference].baseline == pytest.approx(expected, abs=0.5)
    assert 20.0 < expected < 40.0


def test_overlaps_are_those_of_the_annotated_times(surveyed):
    scenes, found = surveyed
    acquisition, _ = found[scenes.reference]
    bursts = acquisition.bursts
    step = bursts[0].grid.azimuth_step
    first = bursts[0].grid
    starts = [
        round((seconds(b.grid.epoch, first.epoch) + b.grid.azimuth_start - first.azimuth_start) / step)
        for b in bursts
    ]
    overlaps = scenes.frame.azimuth_overlaps()
    assert len(overlaps) == 8
    for k, overlap in enumerate(overlaps):
        # last valid line of the earlier burst, first valid line of the later one, from their own places
        end = starts[k] + bursts[k].valid.row + bursts[k].valid.rows
        begin = starts[k + 1] + bursts[k + 1].valid.row
        assert (overlap.window.row, overlap.window.rows) == (begin, end - begin)
        # the manual's 2.7 s of scan for 2.8 s of burst leave a tenth of it
        assert 100 < overlap.window.rows < 150


def test_overlaps_by_the_grid_on_the_ground(surveyed):
    scenes, found = surveyed
    acquisition, grid = found[scenes.reference]
    rows = acquisition.bursts[0].grid.shape.rows
    step = acquisition.bursts[0].grid.azimuth_step
    for k, overlap in enumerate(scenes.frame.azimuth_overlaps()[:-1]):
        begins = [
            float(grid.azimuth_time[int(np.argmin(np.abs(grid.line[:, 0] - n * rows))), 0])
            for n in (k, k + 1)
        ]
        # tie lines lie at the first lines of bursts: what they share is the burst less the time between two
        shared = rows - (begins[1] - begins[0]) / step
        cut = rows - acquisition.bursts[k].valid.rows
        # each burst loses about half of its cut lines at each end
        assert overlap.window.rows == pytest.approx(shared - cut, abs=6)
