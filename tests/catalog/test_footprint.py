import numpy as np
import pytest
from pyproj import Geod
from shapely.geometry import shape

from fringeworks.catalog.footprint import footprint_of
from fringeworks.model.grids import MapGrid, Shape


def area(geometry):
    """Area on the WGS84 ellipsoid [m^2], by GeographicLib, which does not share our way of cutting."""
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(shape(geometry))[0])


def test_a_grid_in_degrees_is_its_corners():
    found = footprint_of(MapGrid("EPSG:4326", -99.2, 19.5, 0.001, -0.001, Shape(100, 200)))
    assert found.bbox == (-99.2, 19.4, -99.0, 19.5)
    assert found.geometry["type"] == "Polygon"
    assert len(found.geometry["coordinates"][0]) == 5


@pytest.mark.parametrize("south_up", [False, True])
def test_rings_run_counterclockwise(south_up):
    step = 0.001 if south_up else -0.001
    found = footprint_of(MapGrid("EPSG:4326", 10, 50, 0.001, step, Shape(10, 10)))
    assert shape(found.geometry).exterior.is_ccw


def test_across_the_antimeridian_it_is_cut_as_geojson_wants():
    found = footprint_of(MapGrid("EPSG:4326", 179.9, -17.0, 0.001, -0.001, Shape(100, 200)))
    assert found.geometry["type"] == "MultiPolygon"
    assert found.bbox == (179.9, -17.1, -179.9, -17.0)
    longitudes = np.array([p for part in found.geometry["coordinates"] for p in part[0]])[:, 0]
    assert np.all(np.abs(longitudes) <= 180)


@pytest.mark.parametrize(
    "grid",
    [
        MapGrid("EPSG:32614", 480_000, 2_160_000, 30, -30, Shape(1000, 2000)),
        MapGrid("EPSG:32601", 200_000, 8_000_000, 30, -30, Shape(3000, 9000)),
        MapGrid("EPSG:3035", 4_000_000, 3_000_000, 100, -100, Shape(1000, 1000)),
    ],
)
def test_area_is_that_of_the_grid(grid):
    """The scale of UTM is 0.9996 to 1.0010 within 270 km of its meridian, that of EPSG:3035 is 1 in area."""
    plane = abs(grid.shape.size * grid.x_step * grid.y_step)
    assert area(footprint_of(grid).geometry) == pytest.approx(plane, rel=3e-3)


@pytest.mark.parametrize("crs", ["EPSG:3413", "EPSG:3031"])
def test_around_a_pole_all_longitudes_belong_to_it(crs):
    found = footprint_of(MapGrid(crs, -1e6, 1e6, 1000, -1000, Shape(2000, 2000)))
    sign = 1 if crs == "EPSG:3413" else -1
    assert found.bbox[0] == -180
    assert found.bbox[2] == 180
    assert sign * (found.bbox[3] if sign > 0 else found.bbox[1]) == 90
    # the scale of these projections differs from 1 by up to 6 % in area there (true at 70 or 71 degrees)
    assert area(found.geometry) == pytest.approx(4e12, rel=0.07)


def test_the_whole_globe_stays_whole():
    found = footprint_of(MapGrid("EPSG:4326", -180, 90, 1, -1, Shape(180, 360)))
    assert found.bbox == (-180, -90, 180, 90)
    assert found.geometry["type"] == "Polygon"
