"""Three archives of scenes behind one protocol: what they are asked, what is made of their answers, and their faults."""

from __future__ import annotations

import json

import pytest
import shapely
from tests.catalog.archives.answers import (
    ATOM,
    BURST,
    RING,
    SLC,
    SLC_TWO,
    resto_feature,
    stac_item,
    stac_root,
    umm_burst,
    umm_scene,
)
from tests.catalog.archives.replay import Answer, as_json

from fringeworks.catalog.archives.checksums import Checksum
from fringeworks.catalog.archives.desk import PROVIDERS
from fringeworks.catalog.archives.protocol import SceneRecord, SearchQuery
from fringeworks.errors import ArchiveBusyError, ArchiveError, RequestError
from fringeworks.model.identity import BurstId, Instant, PassDirection, Platform, Polarisation

# asf_search itself calls what shapely 2.2 calls old; nothing of ours does
pytestmark = pytest.mark.filterwarnings("ignore:The 'shapely.ops.transform:DeprecationWarning")

ROME = shapely.box(12.0, 41.5, 13.0, 42.5)
CMR = "/cmr/search/granules.umm_json"
SPAN = {"start": Instant.parse("2023-01-01T00:00:00"), "end": Instant.parse("2023-02-01T00:00:00")}
EXACT = {
    "track": 117,
    "direction": PassDirection.ASCENDING,
    "platforms": (Platform.named("S1A"),),
    "polarisation": Polarisation.VV,
}


@pytest.fixture
def provider(server, make_transport):
    def make(name):
        return PROVIDERS[name](
            make_transport(
                {
                    "FRINGEWORKS_ASF_SEARCH_URL": server.url + "/cmr",
                    "FRINGEWORKS_DATASPACE_STAC_URL": server.url + "/stac",
                    "FRINGEWORKS_OPENSEARCH_URL": server.url + "/os",
                }
            )
        )

    return make


def scenes(server, name, records=(SLC, SLC_TWO)):
    """Let an archive hold some scenes."""
    if name == "asf":
        server.routes[CMR] = as_json({"hits": len(records), "items": [umm_scene(r) for r in records]})
    elif name == "dataspace":
        server.routes["/stac"] = as_json(stac_root(server.url + "/stac"))
        items = [stac_item(r) for r in records]
        server.routes["/stac/search"] = as_json({"type": "FeatureCollection", "features": items, "links": []})
    else:
        features = [resto_feature(r) for r in records]
        server.routes["/os"] = as_json({"features": features, "properties": {"links": []}})


@pytest.mark.parametrize("name", sorted(PROVIDERS))
class TestEveryProvider:
    """What holds for each archive."""

    def test_one_scene_is_the_same_record_everywhere(self, name, provider, server):
        scenes(server, name, (SLC,))
        (record,) = provider(name).search(SearchQuery(area=ROME, **SPAN, **EXACT))
        assert record.provider == name == provider(name).name
        assert (record.name, record.file_name, record.kind) == (SLC, f"{SLC}.zip", "slc")
        assert record.platform == Platform.named("S1A")
        assert record.start.iso[:19] == "2023-01-08T17:05:57"
        assert record.stop.iso[:19] == "2023-01-08T17:06:24"
        assert (record.track, record.direction) == (117, PassDirection.ASCENDING)
        assert record.polarisations == (Polarisation.VV, Polarisation.VH)
        assert shapely.from_geojson(json.dumps(dict(record.footprint))).area == pytest.approx(
            shapely.Polygon(RING).area
        )
        assert record.size in range(4_700_000_000, 4_700_000_003)
        assert [c.algorithm for c in record.checksums] == ["md5"]
        assert SceneRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record

    def test_nothing_there_is_an_empty_answer(self, name, provider, server):
        scenes(server, name, ())
        assert provider(name).search(SearchQuery(area=ROME)) == ()

    def test_what_an_archive_does_not_filter_is_filtered_here(self, name, provider, server):
        scenes(server, name)
        search = provider(name).search
        assert search(SearchQuery(area=ROME, track=118)) == ()
        assert search(SearchQuery(area=ROME, platforms=(Platform.named("S1C"),))) == ()
        assert search(SearchQuery(area=ROME, polarisation=Polarisation.HH)) == ()
        assert len(search(SearchQuery(area=ROME, limit=1))) == 1

    def test_names_are_looked_up(self, name, provider, server):
        scenes(server, name)
        found = provider(name).search(SearchQuery(names=(f"{SLC}.SAFE",)))
        assert [r.name for r in found] == [SLC]

    def test_across_the_antimeridian_each_side_is_asked(self, name, provider, server):
        scenes(server, name, (SLC,))
        found = provider(name).search(SearchQuery(area=shapely.box(179.0, 50.0, 181.0, 51.0)))
        assert [r.name for r in found] == [SLC]
        path = {"asf": CMR, "dataspace": "/stac/search", "opensearch": "/os"}[name]
        assert len(server.at(path)) == 2
        said = [json.dumps(a.query) + a.body.decode() for a in server.at(path)]
        assert "181" not in "".join(said)

    def test_an_archive_that_is_down(self, name, provider, server):
        for path in (CMR, "/stac", "/os"):
            server.routes[path] = Answer(503, b"maintenance")
        with pytest.raises(ArchiveBusyError, match="maintenance"):
            provider(name).search(SearchQuery(area=ROME))

    @pytest.mark.parametrize("body", [b"<html>hello</html>", b"[1, 2]", b"{}", b"\xff\xfe", b""])
    def test_an_answer_that_is_none(self, name, provider, server, body):
        scenes(server, name)
        for path in (CMR, "/stac/search", "/os"):
            server.routes[path] = Answer(200, body, {"Content-Type": "application/json"})
        if (name == "dataspace" and body == b"{}") or (
            name == "opensearch" and body.startswith(b"<html")
        ):  # STAC: no features
            assert provider(name).search(SearchQuery(area=ROME)) == ()
        else:
            with pytest.raises(ArchiveError, match="answers with"):
                provider(name).search(SearchQuery(area=ROME))


# ---------------------------------------------------------------- asf


def test_asf_is_asked_for_what_was_meant(provider, server):
    scenes(server, "asf")
    provider("asf").search(SearchQuery(area=ROME, **SPAN, **EXACT))
    (asked,) = server.asked
    form = asked.form
    assert form["shortName"] == ["SENTINEL-1A_SLC"]
    assert form["bounding_box"] == ["12.0,41.5,13.0,42.5"]
    assert form["temporal"] == ["2023-01-01T00:00:00Z,2023-02-01T00:00:00Z,"]
    assert {"int,PATH_NUMBER,117", "string,ASCENDING_DESCENDING,ASCENDING"} <= set(form["attribute[]"])
    assert not any("POLARIZATION" in a for a in form["attribute[]"])


def test_asf_takes_the_checksum(provider, server):
    server.routes[CMR] = as_json({"hits": 1, "items": [umm_scene(md5="ab" * 16)]})
    assert provider("asf").search(SearchQuery(area=ROME))[0].checksums == (Checksum("md5", "ab" * 16),)


def test_asf_single_bursts(provider, server):
    server.routes[CMR] = as_json({"hits": 1, "items": [umm_burst()]})
    wanted = BurstId.parse("117_249434_IW1")
    (record,) = provider("asf").search(SearchQuery(kind="burst", burst=wanted, **SPAN))
    assert (record.kind, record.name, record.burst) == ("burst", BURST, wanted)
    assert record.url.endswith("/IW1/VV/0.tiff")
    assert record.file_name == f"{BURST}.tiff"
    assert record.side_files == ((f"{BURST}.xml", record.url.replace(".tiff", ".xml")),)
    assert record.checksums == ()
    assert "string,BURST_ID_FULL,117_249434_IW1" in server.asked[0].form["attribute[]"]
    assert server.asked[0].form["shortName"] == ["SENTINEL-1_BURSTS"]


def test_asf_pages(provider, server):
    pages = [
        as_json({"hits": 2, "items": [umm_scene(SLC)]}, **{"CMR-Search-After": "[1]"}),
        as_json({"hits": 2, "items": [umm_scene(SLC_TWO)]}),
    ]
    server.routes[CMR] = pages
    found = provider("asf").search(SearchQuery(area=ROME))
    assert [r.name for r in found] == [SLC, SLC_TWO]
    assert server.asked[1].headers["cmr-search-after"] == "[1]"


def test_asf_serving_fewer_than_it_says_is_an_error_never_a_shorter_list(provider, server):
    server.routes[CMR] = as_json({"hits": 3, "items": [umm_scene(SLC)]})
    with pytest.raises(ArchiveError, match="says 3 results and serves 1"):
        provider("asf").search(SearchQuery(area=ROME))


# ---------------------------------------------------------------- dataspace


def test_dataspace_is_asked_for_what_was_meant(provider, server):
    scenes(server, "dataspace")
    provider("dataspace").search(SearchQuery(area=ROME, **SPAN, **EXACT))
    asked = json.loads(server.at("/stac/search")[0].body)
    assert asked["collections"] == ["sentinel-1-slc"]
    assert asked["datetime"] == "2023-01-01T00:00:00Z/2023-02-01T00:00:00Z"
    assert shapely.from_geojson(json.dumps(asked["intersects"])).equals(ROME)
    assert asked["filter"]["args"] == [
        {"op": "=", "args": [{"property": "sat:relative_orbit"}, 117]},
        {"op": "=", "args": [{"property": "sat:orbit_state"}, "ascending"]},
        {"op": "in", "args": [{"property": "platform"}, ["sentinel-1a"]]},
    ]


def test_dataspace_pages(provider, server):
    scenes(server, "dataspace")
    following = {
        "rel": "next",
        "href": server.url + "/stac/search",
        "method": "POST",
        "body": {"token": "two"},
        "merge": True,
    }
    server.routes["/stac/search"] = [
        as_json({"type": "FeatureCollection", "features": [stac_item(SLC)], "links": [following]}),
        as_json({"type": "FeatureCollection", "features": [stac_item(SLC_TWO)], "links": []}),
    ]
    found = provider("dataspace").search(SearchQuery(area=ROME))
    assert [r.name for r in found] == [SLC, SLC_TWO]
    assert json.loads(server.at("/stac/search")[1].body)["token"] == "two"


def test_dataspace_downloads_may_come_from_a_mirror(server, make_transport):
    scenes(server, "dataspace", (SLC,))
    environment = {
        "FRINGEWORKS_DATASPACE_STAC_URL": server.url + "/stac",
        "FRINGEWORKS_DATASPACE_DOWNLOAD_URL": "https://mirror.example/d",
    }
    (record,) = PROVIDERS["dataspace"](make_transport(environment)).search(SearchQuery(area=ROME))
    assert record.url == "https://mirror.example/d/Products(abc-1)/$value"


def test_dataspace_takes_the_https_side_of_an_asset_in_a_bucket(provider, server):
    scenes(server, "dataspace", (SLC,))
    item = stac_item()
    https = item["assets"]["Product"]["href"]
    item["assets"]["Product"] |= {"href": "s3://eodata/x.SAFE", "alternate": {"https": {"href": https}}}
    server.routes["/stac/search"] = as_json({"type": "FeatureCollection", "features": [item], "links": []})
    assert provider("dataspace").search(SearchQuery(area=ROME))[0].url == https
    del item["assets"]["Product"]["alternate"]
    server.routes["/stac/search"] = as_json({"type": "FeatureCollection", "features": [item], "links": []})
    with pytest.raises(ArchiveError, match="a Product over https"):
        provider("dataspace").search(SearchQuery(area=ROME))


# ---------------------------------------------------------------- opensearch


def test_opensearch_is_asked_for_what_was_meant(provider, server):
    scenes(server, "opensearch")
    provider("opensearch").search(SearchQuery(area=ROME, **SPAN, **EXACT))
    asked = server.asked[0].query
    assert asked["productType"] == ["SLC"]
    assert shapely.from_wkt(asked["geometry"][0]).equals(ROME)
    assert asked["startDate"] == ["2023-01-01T00:00:00"]
    assert (asked["relativeOrbitNumber"], asked["orbitDirection"]) == (["117"], ["ascending"])
    assert asked["platform"] == ["S1A"]


def test_opensearch_pages(provider, server):
    following = {"rel": "next", "href": "/os2?page=2"}
    server.routes["/os"] = as_json({"features": [resto_feature(SLC)], "properties": {"links": [following]}})
    server.routes["/os2"] = as_json({"features": [resto_feature(SLC_TWO)], "properties": {"links": []}})
    found = provider("opensearch").search(SearchQuery(area=ROME))
    assert {r.name for r in found} == {SLC, SLC_TWO}
    assert server.at("/os2")[0].query == {"page": ["2"]}


def test_opensearch_without_end_is_an_error(provider, server, monkeypatch):
    monkeypatch.setattr("fringeworks.catalog.archives.opensearch._MAX_PAGES", 5)
    following = {"rel": "next", "href": "/os"}
    server.routes["/os"] = as_json({"features": [resto_feature(SLC)], "properties": {"links": [following]}})
    with pytest.raises(ArchiveError, match="more than 5 pages"):
        provider("opensearch").search(SearchQuery(area=ROME))


def test_opensearch_in_atom(provider, server):
    text = ATOM.replace("NEXT", '<link rel="next" href="/os2"/>')
    kind = {"Content-Type": "application/atom+xml"}
    server.routes["/os"] = Answer(200, text.encode(), kind)
    server.routes["/os2"] = Answer(200, ATOM.replace("NEXT", "").replace("1SDV", "1SSV").encode(), kind)
    one, two = provider("opensearch").search(SearchQuery(area=ROME))
    assert {one.name, two.name} == {SLC, SLC.replace("1SDV", "1SSV")}
    assert (one.track, one.direction) == (117, PassDirection.ASCENDING)
    assert one.start.iso == "2023-01-08T17:05:57.123000"
    assert one.footprint["coordinates"][0] == RING
    assert one.size == 4_700_000_003


def test_opensearch_opens_no_entity(provider, server):
    bomb = b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/hostname">]><feed>&a;</feed>'
    server.routes["/os"] = Answer(200, bomb, {"Content-Type": "application/xml"})
    assert provider("opensearch").search(SearchQuery(area=ROME)) == ()


@pytest.mark.parametrize("name", ["dataspace", "opensearch"])
def test_bursts_are_at_asf(provider, name):
    with pytest.raises(RequestError, match="--provider asf"):
        provider(name).search(SearchQuery(kind="burst", track=117))


# ---------------------------------------------------------------- queries and records


def test_a_search_for_everything_is_refused():
    with pytest.raises(RequestError, match="--bbox"):
        SearchQuery()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"track": 176}, "1 to 175"),
        ({"track": 1, "start": SPAN["end"], "end": SPAN["start"]}, "an end after the start"),
        ({"burst": BurstId.parse("117_249434_IW1")}, "--product burst"),
    ],
)
def test_a_search_that_contradicts_itself(words, reason):
    with pytest.raises(RequestError, match=reason):
        SearchQuery(**words)


def test_an_area_of_a_point_and_one_west_of_the_antimeridian():
    assert SearchQuery(area=shapely.Point(12.5, 41.9)).areas() == (shapely.Point(12.5, 41.9),)
    (one,) = SearchQuery(area=shapely.box(185.0, 0.0, 186.0, 1.0)).areas()
    assert one.bounds == (-175.0, 0.0, -174.0, 1.0)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.zip", ".hidden", "", "a..b"])
def test_a_record_cannot_lead_out_of_its_folder(name):
    values = umm_record()
    with pytest.raises(RequestError, match="a file name"):
        SceneRecord.from_dict({**values, "file_name": name})
    with pytest.raises(RequestError, match="a file name"):
        SceneRecord.from_dict({**values, "side_files": [{"file_name": name, "url": "https://x.example/"}]})


@pytest.mark.parametrize(
    "change",
    [{"url": "file:///etc/passwd"}, {"start": "soon"}, {"platform": "ERS"}, {"polarisations": ["XX"]}],
)
def test_a_record_that_cannot_be(change):
    with pytest.raises(RequestError, match=r"record|address"):
        SceneRecord.from_dict({**umm_record(), **change})


def umm_record():
    return {
        "provider": "asf",
        "product": "slc",
        "name": SLC,
        "file_name": f"{SLC}.zip",
        "url": "https://x.example/a.zip",
        "platform": "S1A",
        "start": "2023-01-08T17:05:57",
        "stop": "2023-01-08T17:06:24",
        "checksums": ["md5:" + "0" * 32, "blake3:00"],
    }
