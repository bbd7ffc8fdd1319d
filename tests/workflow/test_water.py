"""Water by a raster or polygons: the same pixels either way, left out before unwrapping, flagged, and said."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine
from tests.workflow.conftest import write_config

from fringeworks.errors import ConfigurationError, DamagedFileError, MissingInputError
from fringeworks.io.store import WorkingStore
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.quality import Quality
from fringeworks.workflow.config import load_config
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run
from fringeworks.workflow.water import WaterMask, cells_of

GRID = MapGrid("EPSG:32633", 500_000.0, 4_500_000.0, 60.0, -60.0, Shape(40, 50))
LAKE = np.zeros(tuple(GRID.shape), bool)
LAKE[10:22, 15:33] = True


def write_raster(path, values, grid=GRID, *, nodata=None, crs=None):
    """Write one band."""
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype,
        crs=grid.crs if crs is None else crs, transform=Affine(*grid.transform), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return str(path)


def write_polygon(path, grid, rows, cols):
    """Write a rectangle of a grid as GeoJSON in degrees, a hundredth of a pixel inside its edges."""
    (r0, r1), (c0, c1) = rows, cols
    corners = [(r0, c0), (r0, c1), (r1, c1), (r1, c0), (r0, c0)]
    inward = [(r + (0.01 if r == r0 else -0.01), c + (0.01 if c == c0 else -0.01)) for r, c in corners]
    x = [grid.x_start + c * grid.x_step for _, c in inward]
    y = [grid.y_start + r * grid.y_step for r, _ in inward]
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    ring = [list(p) for p in zip(lon, lat, strict=True)]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return str(path)


def test_raster_and_polygon_say_the_same(tmp_path):
    wet = write_raster(tmp_path / "water.tif", LAKE.astype(np.uint8))
    np.testing.assert_array_equal(WaterMask(wet).on(GRID), LAKE)
    drawn = write_polygon(tmp_path / "lake.geojson", GRID, (10, 22), (15, 33))
    np.testing.assert_array_equal(WaterMask(drawn).on(GRID), LAKE)


def test_classes_missing_values_and_what_is_not_covered(tmp_path):
    classes = np.full(tuple(GRID.shape), 30, np.uint8)
    classes[LAKE] = 80
    classes[:3] = 0
    path = write_raster(tmp_path / "classes.tif", classes, nodata=0)
    np.testing.assert_array_equal(WaterMask(path, (80, 90)).on(GRID), LAKE)
    everything = WaterMask(path).on(GRID)
    assert not everything[:3].any()
    assert everything[3:].all()
    beyond = MapGrid(GRID.crs, GRID.x_start + 60.0 * 40, GRID.y_start, 60.0, -60.0, Shape(40, 50))
    np.testing.assert_array_equal(WaterMask(path).on(beyond)[3:].any(axis=0), np.arange(50) < 10)


def test_files_that_are_no_masks(tmp_path):
    with pytest.raises(MissingInputError, match="water mask"):
        WaterMask(str(tmp_path / "nothing.tif")).on(GRID)
    (tmp_path / "text.tif").write_text("water")
    with pytest.raises(DamagedFileError):
        WaterMask(str(tmp_path / "text.tif")).on(GRID)
    bare = write_raster(tmp_path / "bare.tif", LAKE.astype(np.uint8), crs="")
    with pytest.raises(ConfigurationError, match="coordinate system"):
        WaterMask(bare).on(GRID)


def test_cells_of_the_radar_image():
    """A map turned against the radar: cells that no pixel falls into are filled, and the lake keeps its size."""
    angle, scale = np.radians(12.0), 1.3
    y, x = np.indices((60, 80)).astype(np.float64)
    row = scale * (np.cos(angle) * y + np.sin(angle) * x)
    col = scale * (np.cos(angle) * x - np.sin(angle) * y) + 20.0
    lake = np.hypot(y - 30, x - 40) < 12
    cells = cells_of(lake, row.astype(np.float32), col.astype(np.float32), shape=(110, 130))
    centre = row[30, 40], col[30, 40]
    r, c = np.indices(cells.shape)
    known = np.hypot(r - centre[0], c - centre[1]) < 12 * scale
    # cells within one of the shore may go either way
    shore = np.abs(np.hypot(r - centre[0], c - centre[1]) - 12 * scale) < 1.0
    np.testing.assert_array_equal(cells[~shore], known[~shore])
    assert not cells_of(
        np.zeros_like(lake), row.astype(np.float32), col.astype(np.float32), shape=(9, 9)
    ).any()


def test_a_stack_of_interferograms_is_masked_and_flagged(noisy_stack, tmp_path):
    plain = load_config(write_config(tmp_path / "plain", noisy_stack / "stack"))
    grid = make_plan(plain).survey.grid
    path = write_polygon(tmp_path / "lake.geojson", grid, (5, 15), (10, 30))
    wanted = write_config(tmp_path / "wet", noisy_stack / "stack", inputs={"water_mask": path})
    outcome = run(load_config(wanted), until="fit")
    store = WorkingStore(outcome.output / "work")
    lake = np.zeros(tuple(grid.shape), bool)
    lake[5:15, 10:30] = True
    phase = np.asarray(store.step("import").array("phase")[:])
    assert np.isnan(phase[:, lake]).all()
    assert np.isfinite(phase[:, ~lake]).any()
    flags = np.asarray(store.step("fit").array("quality_flags")[:])
    np.testing.assert_array_equal((flags & Quality.WATER) != 0, lake)


def test_a_changed_mask_is_noticed_and_a_lost_one_refused(noisy_stack, tmp_path):
    grid = make_plan(load_config(write_config(tmp_path / "plain", noisy_stack / "stack"))).survey.grid
    path = tmp_path / "lake.geojson"
    write_polygon(path, grid, (5, 15), (10, 30))
    config = load_config(
        write_config(tmp_path / "wet", noisy_stack / "stack", inputs={"water_mask": str(path)})
    )
    run(config, until="import")
    assert make_plan(config).steps[0].state == "done"
    write_polygon(path, grid, (5, 16), (10, 30))
    assert make_plan(config).steps[0].state == "stale"
    path.unlink()
    with pytest.raises(MissingInputError, match="water mask"):
        make_plan(config)
