"""Orbit files: which covers, which is better, and two sources for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.catalog.archives.replay import Answer, File, as_json

from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.desk import Desk
from fringeworks.catalog.archives.orbits import OrbitNeed, best_of
from fringeworks.errors import ArchiveBusyError, MissingInputError
from fringeworks.io.eof import parse_orbit_name
from fringeworks.model.identity import Instant, Platform

NEED = OrbitNeed(
    scene="S1A_IW_SLC__1SDV_20230108T135256_20230108T135302_046693_0598D3_E1B1",
    platform=Platform.named("S1A"),
    start=Instant.parse("2023-01-08T13:52:56.9"),
    stop=Instant.parse("2023-01-08T13:53:02.1"),
)
PRECISE = "S1A_OPER_AUX_POEORB_OPOD_20230128T080823_V20230107T225942_20230109T005942.EOF"
AGAIN = "S1A_OPER_AUX_POEORB_OPOD_20250128T080823_V20230107T225942_20230109T005942.EOF"
OTHER_DAY = "S1A_OPER_AUX_POEORB_OPOD_20230129T080823_V20230108T225942_20230110T005942.EOF"
OTHER_SATELLITE = PRECISE.replace("S1A", "S1C")
RESTITUTED = "S1A_OPER_AUX_RESORB_OPOD_20230108T161033_V20230108T121822_20230108T153552.EOF"
SHORT = "S1A_OPER_AUX_RESORB_OPOD_20230108T143033_V20230108T102000_20230108T135330.EOF"


def listing(*keys, more=False):
    rows = "".join(f"<Contents><Key>{k}</Key><Size>4</Size></Contents>" for k in keys)
    text = (
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{str(more).lower()}'
        f"</IsTruncated>{rows}</ListBucketResult>"
    )
    return Answer(200, text.encode(), {"Content-Type": "application/xml"})


def bucket(server, *names):
    """Let the bucket hold files: listed by prefix, each served by its key."""
    keys = [f"AUX_{n[13:19]}/{n}" for n in names]

    def answer(asked):
        prefix = asked.query["prefix"][0]
        return listing(*(k for k in keys if k.startswith(prefix)))

    server.routes["/bucket"] = answer
    for key in keys:
        server.routes[f"/bucket/{key}"] = File(b"orbi")


def odata(server, *names):
    rows = [
        {
            "Id": f"id-{k}",
            "Name": n,
            "ContentLength": 4,
            "Checksum": [
                {"Algorithm": "MD5", "Value": hashlib.md5(b"orbi", usedforsecurity=False).hexdigest()},
                {"Algorithm": "BLAKE3", "Value": "00"},
            ],
        }
        for k, n in enumerate(names)
    ]

    def answer(asked):
        kind = "POEORB" if "POEORB" in asked.query["$filter"][0] else "RESORB"
        return as_json({"value": [r for r in rows if kind in r["Name"]]})

    server.routes["/odata/Products"] = answer
    for k, _ in enumerate(names):
        server.routes[f"/download/Products(id-{k})/$value"] = File(b"orbi")


@pytest.fixture
def make_desk(server, make_transport, tmp_path):
    def make(*, offline=False, folders=()):
        environment = {
            "FRINGEWORKS_ASF_ORBITS_URL": server.url + "/bucket",
            "FRINGEWORKS_DATASPACE_ODATA_URL": server.url + "/odata",
            "FRINGEWORKS_DATASPACE_DOWNLOAD_URL": server.url + "/download",
        }
        cache = FileCache(tmp_path / "cache", limit_bytes=10**6)
        transport = None if offline else make_transport(environment)
        return Desk(transport, cache, folders=folders, environment=environment)

    return make


def test_the_best_file_covers_with_its_margin_is_precise_and_the_newest():
    files = [
        parse_orbit_name(Path(n)) for n in (RESTITUTED, SHORT, OTHER_DAY, OTHER_SATELLITE, PRECISE, AGAIN)
    ]
    assert best_of(files, NEED).path.name == AGAIN
    assert best_of(files, NEED, kinds=("restituted",)).path.name == RESTITUTED
    # valid until 28 s after the last line: the margin is 60 s
    assert best_of([parse_orbit_name(Path(SHORT))], NEED) is None
    assert best_of([parse_orbit_name(Path(OTHER_DAY))], NEED) is None


def test_a_precise_orbit_comes_from_the_bucket(server, make_desk, tmp_path):
    bucket(server, OTHER_DAY, PRECISE, RESTITUTED, OTHER_SATELLITE)
    found = make_desk().fetch_orbits([NEED, NEED], tmp_path / "orbits")
    assert [d.path.name for d in found.delivered] == [PRECISE]
    assert found.failures == ()
    assert server.at("/bucket")[0].query == {"prefix": ["AUX_POEORB/S1A_OPER_AUX_POEORB_OPOD_"]}
    assert len(server.at("/bucket")) == 1


def test_listings_go_over_pages(server, make_desk, tmp_path):
    bucket(server, PRECISE)
    first, second = f"AUX_POEORB/{OTHER_DAY}", f"AUX_POEORB/{PRECISE}"
    server.routes["/bucket"] = [listing(first, more=True), listing(second)]
    found = make_desk().fetch_orbits([NEED], tmp_path)
    assert [d.path.name for d in found.delivered] == [PRECISE]
    assert server.at("/bucket")[1].query["marker"] == [first]


def test_a_restituted_orbit_serves_until_there_is_a_precise_one(server, make_desk, tmp_path):
    bucket(server, RESTITUTED, OTHER_DAY)
    odata(server)
    desk = make_desk()
    assert desk.fetch_orbits([NEED], tmp_path / "o").delivered[0].path.name == RESTITUTED
    asked = [a.query["prefix"][0][-8:] for a in server.at("/bucket")[1:]]
    assert asked == ["20230108", "20230109"]
    bucket(server, RESTITUTED, PRECISE)
    assert make_desk().fetch_orbits([NEED], tmp_path / "o").delivered[0].path.name == PRECISE


def test_the_second_source_is_asked_when_the_first_is_down(server, make_desk, tmp_path):
    server.routes["/bucket"] = Answer(503)
    odata(server, OTHER_DAY, PRECISE)
    (one,) = make_desk().fetch_orbits([NEED], tmp_path).delivered
    assert (one.path.name, one.verified) == (PRECISE, "md5")
    clauses = server.at("/odata/Products")[0].query["$filter"][0]
    assert "startswith(Name,'S1A') and contains(Name,'AUX_POEORB')" in clauses
    assert "ContentDate/Start lt 2023-01-08T13:51:56.900000Z" in clauses
    assert "ContentDate/End gt 2023-01-08T13:54:02.100000Z" in clauses


def test_no_orbit_anywhere_says_when_they_appear(server, make_desk, tmp_path):
    bucket(server, OTHER_DAY)
    odata(server)
    found = make_desk().fetch_orbits([NEED], tmp_path)
    assert found.delivered == ()
    assert isinstance(found.failures[0].error, MissingInputError)
    assert "three weeks" in str(found.failures[0].error)


def test_all_sources_down_is_their_error(server, make_desk, tmp_path):
    server.routes["/bucket"] = server.routes["/odata/Products"] = Answer(500)
    found = make_desk().fetch_orbits([NEED], tmp_path)
    assert isinstance(found.failures[0].error, ArchiveBusyError)


def test_what_is_at_hand_is_not_asked_for(server, make_desk, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / PRECISE).write_bytes(b"mine")
    (one,) = make_desk(folders=(own,)).fetch_orbits([NEED], tmp_path / "to").delivered
    assert one.path.read_bytes() == b"mine"
    assert server.asked == []


def test_offline_takes_folder_cache_and_even_a_restituted_one(server, make_desk, tmp_path):
    bucket(server, RESTITUTED)
    odata(server)
    make_desk().fetch_orbits([NEED], tmp_path / "o")
    asked = len(server.asked)
    (one,) = make_desk(offline=True).fetch_orbits([NEED], tmp_path / "new").delivered
    assert (one.path.name, one.came_from) == (RESTITUTED, "cache")
    lost = OrbitNeed(scene="x", platform=Platform.named("S1C"), start=NEED.start, stop=NEED.stop)
    assert "folders and cache" in str(
        make_desk(offline=True).fetch_orbits([lost], tmp_path).failures[0].error
    )
    assert len(server.asked) == asked


@pytest.mark.parametrize("path", ["/bucket", "/odata/Products"])
def test_answers_that_are_none(server, make_desk, tmp_path, path):
    bucket(server)
    odata(server)
    server.routes[path] = Answer(200, b"[]")
    found = make_desk().fetch_orbits([NEED], tmp_path)
    assert "answers with something that is no" in str(found.failures[0].error)
