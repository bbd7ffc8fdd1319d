"""Areas: a window of the grid, and the pixels inside a polygon."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fringeworks.errors import ConfigurationError, MissingInputError
from fringeworks.model.grids import MapGrid, Shape, Window
from fringeworks.workflow.area import area_of
from fringeworks.workflow.config.schema import AreaSection

GRID = MapGrid("EPSG:4326", -99.2, 19.5, 0.001, -0.001, Shape(100, 200))


def test_nothing_given_is_everything():
    area = area_of(AreaSection(), GRID)
    assert area.window == Window(0, 0, 100, 200)
    assert area.inside is None


def test_box_covers_every_pixel_it_touches():
    area = area_of(AreaSection(bbox=(-99.1905, 19.4495, -99.1795, 19.4605)), GRID)
    assert area.window == Window(39, 9, 12, 12)


def test_box_reaching_beyond_is_cut():
    assert area_of(AreaSection(bbox=(-120, 0, -99.19, 80)), GRID).window == Window(0, 0, 100, 10)


def test_box_elsewhere_is_refused_with_what_would_overlap():
    with pytest.raises(ConfigurationError, match=r"does not touch the inputs.*-99\.2000"):
        area_of(AreaSection(bbox=(10, 10, 11, 11)), GRID)


def test_box_upside_down_is_refused():
    with pytest.raises(ConfigurationError, match="west < east"):
        area_of(AreaSection(bbox=(-99.1, 19.5, -99.2, 19.4)), GRID)


TRIANGLE = "POLYGON((-99.2 19.5, -99.1 19.5, -99.2 19.4, -99.2 19.5))"


def test_polygon_keeps_its_half_of_the_window():
    area = area_of(AreaSection(wkt=TRIANGLE), GRID)
    assert area.window == Window(0, 0, 100, 100)
    # half of the square, and the pixels the diagonal touches
    assert area.inside.mean() == pytest.approx(0.5, abs=0.02)
    assert area.inside[0, 0]
    assert not area.inside[99, 99]


def test_crossing_polygon_is_refused():
    with pytest.raises(ConfigurationError, match="not a valid polygon"):
        area_of(
            AreaSection(wkt="POLYGON((-99.2 19.5, -99.1 19.4, -99.1 19.5, -99.2 19.4, -99.2 19.5))"), GRID
        )


def test_words_that_are_no_polygon():
    with pytest.raises(ConfigurationError, match=r"area\.wkt does not parse"):
        area_of(AreaSection(wkt="somewhere"), GRID)


def test_geojson_equals_wkt(tmp_path):
    ring = [[-99.2, 19.5], [-99.1, 19.5], [-99.2, 19.4], [-99.2, 19.5]]
    path = tmp_path / "a.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    from_file, from_text = (
        area_of(AreaSection(geojson=str(path)), GRID),
        area_of(AreaSection(wkt=TRIANGLE), GRID),
    )
    np.testing.assert_array_equal(from_file.inside, from_text.inside)


def test_shapefile_and_kml_equal_wkt(tmp_path):
    import pyogrio
    import shapely

    markup = "LIBKML" if pyogrio.list_drivers().get("LIBKML") == "rw" else "KML"
    for name, driver in (("a.shp", "ESRI Shapefile"), ("a.kml", markup)):
        pyogrio.raw.write(
            tmp_path / name,
            geometry=np.array([shapely.to_wkb(shapely.from_wkt(TRIANGLE))]),
            field_data=[],
            fields=[],
            geometry_type="Polygon",
            crs="EPSG:4326",
            driver=driver,
        )
    expected = area_of(AreaSection(wkt=TRIANGLE), GRID)
    for section in (AreaSection(shp=str(tmp_path / "a.shp")), AreaSection(kml=str(tmp_path / "a.kml"))):
        assert area_of(section, GRID).window == expected.window


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(MissingInputError, match="is not there"):
        area_of(AreaSection(geojson=str(tmp_path / "no.geojson")), GRID)
    (tmp_path / "bad.geojson").write_text("{}")
    with pytest.raises(ConfigurationError, match="is not GeoJSON"):
        area_of(AreaSection(geojson=str(tmp_path / "bad.geojson")), GRID)


def test_metric_grids_take_degrees_too():
    grid = MapGrid("EPSG:32614", 480_000.0, 2_156_000.0, 30.0, -30.0, Shape(100, 100))
    area = area_of(AreaSection(bbox=(-99.185, 19.48, -99.175, 19.49)), grid)
    # 0.01 degree of longitude at 19.5 degrees north is 1050 m, of latitude 1107 m
    assert area.window.cols == pytest.approx(1050 / 30, abs=2.5)
    assert area.window.rows == pytest.approx(1107 / 30, abs=2.5)
