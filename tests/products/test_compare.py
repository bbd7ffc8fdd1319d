import math

import numpy as np
import pytest

from fringeworks.errors import MissingInputError
from fringeworks.io.rasters import write_raster
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.layers import layer_of
from fringeworks.products.compare import compare

GRID = MapGrid("EPSG:32614", 480_000, 2_150_000, 30, -30, Shape(40, 50))


def write(out, name, values, grid=GRID):
    path = out / "products" / "standard" / f"{name}.tif"
    names = [""] if values.ndim == 2 else [f"2018-01-0{k + 1}" for k in range(len(values))]
    write_raster(path, values, layer=layer_of(name), grid=grid, band_names=names)


@pytest.fixture
def two(tmp_path, rng):
    a, b = tmp_path / "a", tmp_path / "b"
    velocity = rng.normal(size=(40, 50)).astype(np.float32)
    other = velocity.copy()
    other[0, 0] += 3
    other[0, 1] -= 4
    other[1, :10] = np.nan
    velocity[2, :5] = np.nan
    flags = np.zeros((40, 50), np.uint16)
    changed = flags.copy()
    changed[:10] = 8
    for out, v, f in ((a, velocity, flags), (b, other, changed)):
        write(out, "velocity", v)
        write(out, "quality_flags", f)
    write(a, "displacement", np.zeros((2, 40, 50), np.float32))
    write(b, "displacement", np.zeros((3, 40, 50), np.float32))
    write(a, "height", velocity)
    return a, b, {row.path: row for row in compare(a, b)}


def test_figures_are_those_of_the_differences(two):
    row = two[2]["standard/velocity.tif"]
    assert row.n_compared == 2000 - 15
    assert (row.n_only_first, row.n_only_second) == (10, 5)
    # float32 numbers near 1 hold 3 and 4 to a few 1e-7
    assert row.maximum == pytest.approx(4, abs=1e-6)
    assert row.rms == pytest.approx(5 / math.sqrt(1985), rel=1e-6)
    assert row.median == 0
    assert row.fraction_differing == pytest.approx(17 / 2000)
    assert row.unit == "m/year"
    assert not row.same
    assert "differs at 0.8500%" in row.text()


def test_flags_count_by_the_share_that_differs(two):
    assert two[2]["standard/quality_flags.tif"].fraction_differing == 0.25


def test_other_shapes_and_absence_are_said(two):
    rows = two[2]
    assert rows["standard/displacement.tif"].text().endswith("shapes (2, 40, 50) and (3, 40, 50)")
    assert rows["standard/height.tif"].text() == "standard/height.tif: only in the first"
    assert rows["standard/height.tif"].as_dict()["rms"] is None


def test_a_run_is_the_same_as_itself(two):
    rows = compare(two[0], two[0])
    assert all(row.same for row in rows)
    assert rows[0].text().endswith(": same")
    assert rows[0].as_dict()["same"] is True


def test_a_folder_without_rasters_is_refused(two, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match="empty holds no raster"):
        compare(two[0], tmp_path / "empty")
