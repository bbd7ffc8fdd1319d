"""A lake given as a polygon: no whole cycles are sought on it, and every pixel of it is accounted for."""

from __future__ import annotations

import numpy as np
from tests.workflow.test_water import write_polygon

from fringeworks.io.store import WorkingStore
from fringeworks.model.quality import Quality
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run


def test_a_lake_is_left_out_before_unwrapping(scene, finished, tmp_path):
    grid = make_plan(scene.config(tmp_path / "plain")).survey.grid
    path = write_polygon(tmp_path / "lake.geojson", grid, (300, 330), (0, grid.shape.cols))
    outcome = run(scene.config(tmp_path / "out", inputs={"water_mask": path}), until="fit")
    store, dry = WorkingStore(outcome.output / "work"), WorkingStore(finished.output / "work")
    lake = np.zeros(tuple(grid.shape), bool)
    lake[300:330] = True
    with_phase, without = (
        np.isfinite(np.asarray(s.step("geocode").array("phase")[:])).any(axis=0) for s in (store, dry)
    )
    assert without[lake].sum() > 300
    assert not with_phase[303:327].any()
    # cells of the radar image lie across the shore
    assert with_phase[~lake].sum() > 0.97 * without[~lake].sum()
    for row in store.step("unwrap").get("pairs")["pairs"]:
        assert row["tally"]["rejected"]["water"] > 300
    (said,) = store.step("lookup").record()["findings"]
    assert "lake.geojson" in said["text"]
    flags = np.asarray(store.step("fit").array("quality_flags")[:])
    np.testing.assert_array_equal((flags & Quality.WATER) != 0, lake)
    # the images are aligned and formed as without the mask
    np.testing.assert_array_equal(
        np.asarray(store.step("interferograms").array("phasor")[:]),
        np.asarray(dry.step("interferograms").array("phasor")[:]),
    )
