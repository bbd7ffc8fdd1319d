"""Elevation models: real tiles against another program's ellipsoidal versions, and every rule on small ones."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from fringeworks.errors import (
    DamagedFileError,
    GridMismatchError,
    MetadataMismatchError,
    MissingInputError,
    OutOfRangeError,
)
from fringeworks.io.dem import decide_datum, open_dem, open_geoid, survey_dem
from fringeworks.model.arrays import ArraySource

STEP = 1 / 3600


def write(path, values, *, west=10.0, north=50.0, step=STEP, crs="EPSG:4326", tags=None, nodata=None):
    values = np.asarray(values)
    options = {"nodata": nodata} if nodata is not None else {}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=from_origin(west, north, step, step),
        **options,
    ) as raster:
        raster.write(values, 1)
        raster.update_tags(**(tags or {}))
    return path


@pytest.fixture
def egm96():
    try:
        return open_geoid("egm96")
    except MissingInputError as error:
        pytest.skip(str(error))


GOLDEN = "dem/data/golden_datasets"


@pytest.mark.data
@pytest.mark.parametrize("place", ["los_angeles", "fairbanks"])
def test_ellipsoidal_versions_of_real_tiles(helper_data, place):
    """The other program added EGM2008, of which the crop is at hand; EGM96 differs by 0.7 and 0.34 m here."""
    folder = helper_data / GOLDEN
    with rasterio.open(folder / f"{place}_dem_ellipsoid.tif") as raster:
        expected = raster.read(1)
    model = open_dem(
        [folder / f"{place}_dem_geoid.tif"], datum="egm2008", geoid_file=folder / f"egm_08_{place}.tif"
    )
    # asked for: 0.1 m; both interpolate the same geoid linearly, positions differ by the rounding of its step
    np.testing.assert_allclose(model.height[:, :], expected, atol=0.005)
    assert model.datum == "egm2008"
    assert len(model.geoid_digest) == 64


@pytest.mark.data
def test_real_tiles_are_stitched_as_they_were(helper_data):
    folder = helper_data / GOLDEN
    with rasterio.open(folder / "los_angeles_dem_geoid.tif") as raster:
        expected, (west, south, east, north) = raster.read(1), tuple(raster.bounds)
    tiles = sorted((folder / "los_angeles_tiles").glob("*.tif"))
    assert len(tiles) == 4
    inside = (west + 1e-9, south + 1e-9, east - 1e-9, north - 1e-9)
    model = open_dem(tiles, datum="ellipsoid", bounds=inside)
    np.testing.assert_array_equal(model.height[:, :], expected)
    assert survey_dem(model).rejected == {}


@pytest.mark.data
def test_real_srtm_tile(helper_data, egm96):
    path = helper_data / "dem/N40E014.hgt"
    model = open_dem([path], datum="egm96")
    with rasterio.open(path) as raster:
        raw = raster.read(1)
    height = model.height[:, :]
    voids = raw == -32768
    assert voids.sum() == 837
    # EGM96 around Naples lies 43 to 49 m above the ellipsoid
    added = (height - raw)[~voids]
    assert 40.0 < added.min() < added.max() < 50.0
    assert survey_dem(model).rejected == {}
    assert model.geoid in ("egm96_15.gtx", "us_nga_egm96_15.tif")


@pytest.mark.data
def test_files_state_their_datum(helper_data, egm96):
    rome = open_dem([helper_data / "safe-rome/data/Rome-30m-DEM.tif"])
    assert rome.datum == "egm96"
    assert "coordinate reference system" in rome.stated_by
    scene = open_dem([helper_data / "scene-sandiego/dem_wgs84_ellipsoidal.tif"])
    assert (scene.datum, scene.geoid) == ("ellipsoid", "")
    assert "VERTICAL_DATUM" in scene.stated_by


def test_nobody_says_the_datum(tmp_path):
    path = write(tmp_path / "a.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(MetadataMismatchError, match=r"ellipsoid, egm96 .SRTM. or egm2008 .Copernicus."):
        open_dem([path])


@pytest.mark.parametrize(
    ("crs", "tags", "datum"),
    [
        ("EPSG:4979", {}, "ellipsoid"),
        ("EPSG:4326+5773", {}, "egm96"),
        ("EPSG:4326+3855", {}, "egm2008"),
        ("EPSG:4326", {"VERTICAL_DATUM": "EGM 2008 geoid"}, "egm2008"),
        ("EPSG:4326", {"Vertical_Datum": "WGS84 ellipsoid"}, "ellipsoid"),
        ("EPSG:4326", {"vertical_datum": "EPSG:5773"}, "egm96"),
        ("EPSG:4979", {"VERTICAL_DATUM": "EGM96"}, "ellipsoid"),
    ],
)
def test_datum_by_crs_before_tag(crs, tags, datum):
    assert decide_datum(None, crs=crs, tags=tags, file="a.tif").datum == datum


def test_configuration_wins():
    stated = decide_datum("egm96", crs="EPSG:4979", tags={}, file="a.tif")
    assert (stated.datum, stated.stated_by) == ("egm96", "configuration")


@pytest.mark.parametrize("tags", [{"VERTICAL_DATUM": "NAVD88"}, {"VERTICAL_DATUM": "mean sea level"}])
def test_an_unknown_datum_is_refused(tags):
    with pytest.raises(MetadataMismatchError, match="none that is known"):
        decide_datum(None, crs="EPSG:4326", tags=tags, file="a.tif")
    with pytest.raises(MetadataMismatchError, match="none that is known"):
        decide_datum(None, crs="EPSG:4326+5703", tags={}, file="a.tif")


def test_tiles_of_two_datums_are_refused(tmp_path):
    a = write(tmp_path / "a.tif", np.zeros((4, 4), np.float32), crs="EPSG:4979")
    b = write(tmp_path / "b.tif", np.zeros((4, 4), np.float32), tags={"VERTICAL_DATUM": "EGM96"})
    with pytest.raises(MetadataMismatchError, match="egm96 and ellipsoid"):
        open_dem([a, b])


def test_geoid_heights_of_egm96(egm96):
    """Values of NGA's F477 program at its own test points (EGM96 interpolation, documentation of 1996)."""
    points = [
        (38.6281550, 269.7791550, -31.628),
        (-14.6212170, 305.0211140, -2.969),
        (46.8743190, 102.4487290, -43.575),
    ]
    for latitude, longitude, expected in points:
        found = egm96.height(np.array([longitude]), np.array([latitude]))
        # F477 interpolates with splines, PROJ linearly in cells of 15 minutes
        assert found[0, 0] == pytest.approx(expected, abs=0.1)


def test_geoid_is_the_same_in_blocks_and_across_the_antimeridian(egm96):
    lon, lat = np.linspace(179.7, 180.4, 211), np.linspace(-16.0, -16.6, 97)
    whole = egm96.height(lon, lat)
    np.testing.assert_array_equal(egm96.height(lon[50:90], lat[11:30]), whole[11:30, 50:90])
    np.testing.assert_allclose(egm96.height(lon - 360.0, lat), whole, atol=1e-9)
    assert np.isfinite(egm96.height(np.array([0.0, 90.0]), np.array([90.0, -90.0]))).all()


def test_a_missing_geoid_says_how_to_get_it(monkeypatch, tmp_path):
    from fringeworks.io.dem import geoid

    monkeypatch.setattr(geoid, "_folders", lambda: [tmp_path])
    with pytest.raises(MissingInputError, match=r"apt-get install proj-data.*PROJ_NETWORK=ON.*file"):
        open_geoid("egm96")
    (tmp_path / "us_nga_egm96_15.tif").write_bytes(b"no grid at all")
    with pytest.raises(MissingInputError, match="no grid of the egm96"):
        open_geoid("egm96")
    with pytest.raises(MissingInputError, match="no geoid file"):
        open_geoid("egm2008", file=tmp_path / "nothing.tif")


def test_a_geoid_grid_of_zeros_is_found_out(monkeypatch, tmp_path):
    from fringeworks.io.dem import geoid

    write(
        tmp_path / "us_nga_egm96_15.tif",
        np.zeros((721, 1440), np.float32),
        west=-180.125,
        north=90.125,
        step=0.25,
    )
    monkeypatch.setattr(geoid, "_folders", lambda: [tmp_path])
    with pytest.raises(MissingInputError, match="no grid of the egm96"):
        open_geoid("egm96")


def test_a_geoid_file_that_is_too_small(tmp_path):
    file = write(tmp_path / "g.tif", np.full((5, 5), 40.0, np.float32), step=0.01)
    path = write(tmp_path / "a.tif", np.zeros((400, 400), np.float32))
    model = open_dem([path], datum="egm2008", geoid_file=file)
    with pytest.raises(OutOfRangeError, match="does not reach the whole area"):
        model.height[:, :]


def hills(rows, cols, *, row=0, col=0):
    y, x = np.mgrid[row : row + rows, col : col + cols]
    return (500.0 + 80.0 * np.sin(x / 17.0) * np.cos(y / 13.0)).astype(np.float32)


@pytest.fixture
def two_tiles(tmp_path):
    crs = "EPSG:4979"
    a = write(tmp_path / "a.tif", hills(120, 100), crs=crs)
    b = write(tmp_path / "b.tif", hills(120, 90, col=100), west=10.0 + 100 * STEP, crs=crs)
    return [b, a]


def test_stitching_pads_nothing_and_blocks_equal_the_whole(two_tiles):
    model = open_dem(two_tiles)
    assert isinstance(model.height, ArraySource)
    assert model.height.shape == (120, 190)
    whole = model.height[:, :]
    np.testing.assert_array_equal(whole, hills(120, 190))
    np.testing.assert_array_equal(model.height[30:50, 80:130], whole[30:50, 80:130])
    np.testing.assert_array_equal(model.height[7], whole[7])
    assert model.height[7, -1] == whole[7, -1]
    with pytest.raises(OutOfRangeError, match="step 1"):
        model.height[::2]


def test_folder_is_all_its_rasters(two_tiles):
    assert len(open_dem([two_tiles[0].parent]).sources) == 2


def test_bounds_and_padding(two_tiles):
    west, north = 10.0 + 20 * STEP, 50.0 - 30 * STEP
    bounds = (west, north - 40 * STEP, west + 50 * STEP, north)
    model = open_dem(two_tiles, bounds=bounds, pad=3)
    assert model.grid.shape.rows == 46
    assert model.grid.shape.cols == 56
    np.testing.assert_array_equal(model.height[:, :], hills(120, 190)[27:73, 17:73])


def test_ground_without_a_tile_is_refused_or_ocean(two_tiles, egm96):
    bounds = (10.0, 50.0 - 120 * STEP, 10.0 + 400 * STEP, 50.0)
    with pytest.raises(GridMismatchError, match=r"52\.5 % of the area"):
        open_dem(two_tiles, bounds=bounds)
    model = open_dem(two_tiles, bounds=bounds, uncovered="ocean")
    height = model.height[:, :]
    np.testing.assert_array_equal(height[:, :190], hills(120, 190))
    # the sea is height 0 above the geoid: 47 to 49 m above the ellipsoid here
    assert 45.0 < height[:, 190:].min() <= height[:, 190:].max() < 50.0
    assert any(f.topic == "dem cover" for f in model.findings)


def test_small_voids_are_filled_and_large_ones_are_counted(tmp_path):
    values = hills(200, 200)
    truth = values.copy()
    values[50:54, 60:65] = -9999.0
    values[100:190, 100:190] = -9999.0
    path = write(tmp_path / "a.tif", values, crs="EPSG:4979", nodata=-9999.0)
    model = open_dem([path], void_reach=10)
    whole = model.height[:, :]
    # the surface bends by 80 / 13^2 = 0.5 m per pixel^2: 3 pixels from the rim 4 m
    assert np.abs(whole - truth)[50:54, 60:65].max() < 4.0
    tally = survey_dem(model)
    assert 70 * 70 < tally.rejected["void"] < 90 * 90
    np.testing.assert_array_equal(model.height[40:110, 50:120], whole[40:110, 50:120])


def test_tiles_of_another_spacing_are_interpolated(tmp_path):
    """Copernicus tiles widen their columns toward the poles: a slope stays a slope across the seam."""

    def slope(rows, cols, step):
        return np.broadcast_to(np.arange(cols) * step * 3600 + 0.5 * step * 3600, (rows, cols)).astype(
            np.float32
        )

    fine = slope(60, 120, STEP)
    with rasterio.open(
        tmp_path / "wide.tif",
        "w",
        driver="GTiff",
        height=60,
        width=60,
        count=1,
        dtype="float32",
        crs="EPSG:4979",
        transform=from_origin(10.0, 50.0 + 60 * STEP, 2 * STEP, STEP),
    ) as raster:
        raster.write(slope(60, 60, 2 * STEP), 1)
    write(tmp_path / "fine.tif", fine, crs="EPSG:4979")
    model = open_dem([tmp_path / "wide.tif", tmp_path / "fine.tif"])
    assert model.height.shape == (120, 120)
    height = model.height[:, :]
    np.testing.assert_array_equal(height[60:], fine)
    # the outermost quarter pixel of the wide tile takes its border's value
    np.testing.assert_allclose(height[:60, 1:-1], fine[:, 1:-1], atol=1e-3)


def test_projected_models_are_laid_on_geographic_grids(tmp_path):
    from pyproj import Transformer

    rows, cols, step = 300, 300, 30.0
    x, y = 500_000.0 + (np.arange(cols) + 0.5) * step, 5_500_000.0 - (np.arange(rows) + 0.5) * step
    path = write(
        tmp_path / "utm.tif",
        (0.01 * (x[None, :] - 500_000.0) + 0.02 * (5_500_000.0 - y[:, None])).astype(np.float32),
        west=500_000.0,
        north=5_500_000.0,
        step=step,
        crs="EPSG:32632",
        tags={"VERTICAL_DATUM": "ellipsoid"},
    )
    model = open_dem([path])
    lon = model.grid.x_start + (np.arange(model.grid.shape.cols) + 0.5) * model.grid.x_step
    lat = model.grid.y_start + (np.arange(model.grid.shape.rows) + 0.5) * model.grid.y_step
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True).transform(
        *np.meshgrid(lon, lat)
    )
    expected = 0.01 * (east - 500_000.0) + 0.02 * (5_500_000.0 - north)
    inner = slice(10, -10), slice(10, -10)
    # a plane is exact under linear interpolation; 4-byte heights
    np.testing.assert_allclose(model.height[inner], expected[inner], atol=1e-3)


def test_tiles_on_both_sides_of_the_antimeridian(tmp_path):
    write(tmp_path / "east.tif", hills(50, 100), west=180.0 - 100 * STEP, north=-16.0, crs="EPSG:4979")
    write(tmp_path / "west.tif", hills(50, 100, col=100), west=-180.0, north=-16.0, crs="EPSG:4979")
    model = open_dem([tmp_path / "east.tif", tmp_path / "west.tif"])
    assert model.grid.shape.cols == 200
    assert 179.9 < model.grid.x_start < 180.0
    np.testing.assert_array_equal(model.height[:, :], hills(50, 200))


def test_memory_is_that_of_the_block(tmp_path):
    import tracemalloc

    path = write(tmp_path / "a.tif", np.zeros((1000, 3000), np.float32), crs="EPSG:4979")
    model = open_dem([path])
    model.height[:10, :10]
    tracemalloc.start()
    model.height[400:500, 1000:1200]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # (100 + 2 x 24) x (200 + 2 x 24) pixels of at most 40 bytes; the whole is 12 MB
    assert peak < 3e6


def test_what_is_no_raster(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\x00 no")
    with pytest.raises(DamagedFileError, match="is no raster"):
        open_dem([tmp_path / "a.tif"])
    with pytest.raises(MissingInputError, match="no file"):
        open_dem([tmp_path / "b.tif"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match="no raster"):
        open_dem([tmp_path / "empty"])
