"""Tiles of the elevation model: which an area touches, and where they come from."""

from __future__ import annotations

import pytest
from tests.catalog.archives.replay import Answer, File

from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.dem import SOURCES, fetch_dem, tiles_of
from fringeworks.catalog.archives.download import Fetcher
from fringeworks.catalog.archives.endpoints import ENDPOINTS
from fringeworks.errors import ArchiveBusyError, MissingInputError, RequestError

N40, N41 = "N40_00_E014_00", "N41_00_E014_00"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((14.2, 40.2, 14.8, 40.8), (N40,)),
        ((14.2, 40.2, 14.8, 40.97), (N40, N41)),
        # a tile is named by its south-western corner
        ((-0.5, -0.5, -0.2, -0.2), ("S01_00_W001_00",)),
        ((-0.5, -0.5, 0.5, 0.5), ("S01_00_W001_00", "S01_00_E000_00", "N00_00_W001_00", "N00_00_E000_00")),
        ((179.5, 51.2, 180.5, 51.8), ("N51_00_E179_00", "N51_00_W180_00")),
        ((179.5, 51.2, -179.5, 51.8), ("N51_00_E179_00", "N51_00_W180_00")),
        ((10.2, 89.5, 10.8, 90.0), ("N89_00_E010_00",)),
        ((10.2, -90.0, 10.8, -89.5), ("S90_00_E010_00",)),
    ],
)
def test_tiles_of_an_area(bounds, expected):
    assert tiles_of(bounds) == expected


def test_the_margin_reaches_into_neighbours():
    assert len(tiles_of((14.0, 40.0, 15.0, 41.0), margin=0.0)) == 1
    assert len(tiles_of((14.0, 40.0, 15.0, 41.0))) == 9


@pytest.mark.parametrize(
    "bounds",
    [(14, 41, 15, 40), (14, 40, 14, 41), (float("nan"), 0, 1, 1), (0, -91, 1, 0), (-180, -60, 180, 60)],
)
def test_areas_that_cannot_be(bounds):
    with pytest.raises(RequestError, match=r"area|tiles of one degree"):
        tiles_of(bounds)


@pytest.fixture
def environment(server):
    return {ENDPOINTS[s].variable: f"{server.url}/{s}/{{tile}}.tif" for s in SOURCES}


@pytest.fixture
def cache(tmp_path):
    return FileCache(tmp_path / "cache", limit_bytes=10**6)


BOX = (14.2, 40.2, 14.8, 41.8)


def test_tiles_come_and_where_there_is_none_there_is_sea(
    server, make_transport, environment, cache, tmp_path
):
    server.routes[f"/dem-aws/{N40}.tif"] = File(b"heights")
    found = fetch_dem(BOX, Fetcher(make_transport(), cache), tmp_path / "dem", environment=environment)
    assert [d.path.name for d in found.delivered] == [f"Copernicus_DSM_COG_10_{N40}_DEM.tif"]
    assert found.absent == (N41,)
    assert found.as_dict()["dem_datum"] == "egm2008"
    asked = len(server.asked)
    offline = fetch_dem(BOX, Fetcher(None, cache), tmp_path / "other", environment=environment)
    assert offline.delivered[0].path.read_bytes() == b"heights"
    assert offline.absent == (N41,)
    assert len(server.asked) == asked


def test_the_second_source_serves_when_the_first_is_down(
    server, make_transport, environment, cache, tmp_path
):
    for tile in (N40, N41):
        server.routes[f"/dem-aws/{tile}.tif"] = Answer(503)
        server.routes[f"/dem-opentopography/{tile}.tif"] = File(b"heights")
    found = fetch_dem(BOX, Fetcher(make_transport(), cache), tmp_path, environment=environment)
    assert len(found.delivered) == 2


def test_a_tile_that_no_source_answers_for_is_an_error_not_sea(
    server, make_transport, environment, cache, tmp_path
):
    for tile in (N40, N41):
        for source in SOURCES:
            server.routes[f"/{source}/{tile}.tif"] = Answer(503)
    with pytest.raises(ArchiveBusyError, match="503"):
        fetch_dem(BOX, Fetcher(make_transport(), cache), tmp_path, environment=environment)


def test_offline_without_any_tile(environment, cache, tmp_path):
    with pytest.raises(MissingInputError, match=f"2 tiles are not at hand.*{N40}, {N41}"):
        fetch_dem(BOX, Fetcher(None, cache), tmp_path, environment=environment)


def test_offline_a_tile_that_nobody_asked_for_is_not_taken_for_sea(
    server, make_transport, environment, cache, tmp_path
):
    server.routes[f"/dem-aws/{N40}.tif"] = File(b"heights")
    fetch_dem((14.2, 40.2, 14.8, 40.8), Fetcher(make_transport(), cache), tmp_path, environment=environment)
    with pytest.raises(MissingInputError, match=f"1 tiles are not at hand.*{N41}"):
        fetch_dem(BOX, Fetcher(None, cache), tmp_path, environment=environment)


def test_public_addresses_hold_the_tile_twice_or_once():
    assert [ENDPOINTS[s].url.count("{tile}") for s in SOURCES] == [2, 1]
