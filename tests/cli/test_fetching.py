"""`fringeworks find` and `fringeworks get` against a replaying server, credentials and faults included."""

from __future__ import annotations

import hashlib
import json
import logging
from urllib.parse import quote

import pytest
from tests.catalog.archives.answers import BURST, SLC, SLC_TWO, stac_item, stac_root, umm_burst, umm_scene
from tests.catalog.archives.replay import Answer, File, Replay, as_json
from tests.io.safe.made_safe import Recipe, write_zip

from fringeworks.catalog.archives.credentials import system_keyring
from fringeworks.cli import main

# asf_search itself calls what shapely 2.2 calls old; nothing of ours does
pytestmark = pytest.mark.filterwarnings("ignore:The 'shapely.ops.transform:DeprecationWarning")

CMR = "/cmr/search/granules.umm_json"
BODY = b"slc " * 50_000
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
TOKEN = "eyJ0b2tlbiI6+S3CRET/=="
PASSWORD = "pa ss&S3CRET"
ROME = "12,41.5,13,42.5"


@pytest.fixture
def server(monkeypatch, tmp_path):
    replay = Replay()
    host = f"127.0.0.1:{replay.port}"
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "FRINGEWORKS_CACHE": str(tmp_path / "cache"),
        "FRINGEWORKS_ASF_SEARCH_URL": replay.url + "/cmr",
        "FRINGEWORKS_DATASPACE_STAC_URL": replay.url + "/stac",
        "FRINGEWORKS_DATASPACE_DOWNLOAD_URL": replay.url + "/download",
        "FRINGEWORKS_DATASPACE_TOKEN_URL": replay.url + "/token",
        "FRINGEWORKS_DATASPACE_ODATA_URL": replay.url + "/odata",
        "FRINGEWORKS_ASF_ORBITS_URL": replay.url + "/bucket",
        "FRINGEWORKS_DEM_AWS_URL": replay.url + "/dem/{tile}.tif",
        "FRINGEWORKS_EARTHDATA_HOSTS": host,
    }.items():
        monkeypatch.setenv(name, value)
    for name in (
        "NETRC",
        "EARTHDATA_TOKEN",
        "EARTHDATA_USERNAME",
        "CDSE_TOKEN",
        "CDSE_USERNAME",
        "FRINGEWORKS_CACHE_LIMIT",
    ):
        monkeypatch.delenv(name, raising=False)
    yield replay
    replay.close()


def holds(server, *names, md5=MD5):
    """Let ASF hold scenes, each served under its own path."""
    items = [umm_scene(n, url=f"{server.url}/data/{n}.zip", md5=md5, size=len(BODY)) for n in names]
    server.routes[CMR] = as_json({"hits": len(items), "items": items})
    server.routes["/stac"] = as_json(stac_root(server.url + "/stac"))
    server.routes["/stac/search"] = as_json({"type": "FeatureCollection", "features": [], "links": []})
    for name in names:
        server.routes[f"/data/{name}.zip"] = File(BODY)


def run(capsys, *words, status=0):
    found = main([str(w) for w in words])
    shown = capsys.readouterr()
    assert found == status, shown.err
    return shown


def document(capsys, *words, status=0):
    return json.loads(run(capsys, *words, "--json", status=status).out)


# ---------------------------------------------------------------- find


def test_find_lists_what_is_there(server, capsys):
    holds(server, SLC, SLC_TWO)
    found = document(
        capsys, "find", "--bbox", ROME, "--start", "2023-01-01", "--end", "2023-01-31", "--track", 117,
        "--direction", "ascending", "--platform", "S1A",
    )  # fmt: skip
    assert (found["n"], found["providers"], found["failures"]) == (2, ["asf"], [])
    assert [s["name"] for s in found["scenes"]] == [SLC, SLC_TWO]
    assert server.asked[0].form["temporal"] == ["2023-01-01T00:00:00Z,2023-01-31T23:59:59Z,"]
    shown = run(capsys, "find", "--wkt", "POINT(12.5 41.9)")
    assert SLC in shown.out
    assert "2 from asf, 0.0 GB in all" in shown.out


def test_find_single_bursts(server, capsys):
    server.routes[CMR] = as_json({"hits": 1, "items": [umm_burst()]})
    found = document(capsys, "find", "--product", "burst", "--burst", "T117-249434-IW1")
    assert found["scenes"][0]["burst"] == {"esa": "117_249434_IW1", "opera": "T117-249434-IW1"}


def test_find_goes_to_the_next_archive_and_says_so(server, capsys):
    server.routes[CMR] = Answer(400, b"unknown parameter")
    server.routes["/stac"] = as_json(stac_root(server.url + "/stac"))
    items = {"type": "FeatureCollection", "features": [stac_item()], "links": []}
    server.routes["/stac/search"] = as_json(items)
    assert main(["find", "--bbox", ROME, "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["providers"] == ["dataspace"]
    assert "no answer from asf" in shown.err


def test_find_asks_all_archives_that_are_named(server, capsys):
    holds(server, SLC)
    items = {"type": "FeatureCollection", "features": [stac_item()], "links": []}
    server.routes["/stac/search"] = as_json(items)
    found = document(capsys, "find", "--bbox", ROME, "--provider", "asf", "--provider", "dataspace")
    assert [s["provider"] for s in found["scenes"]] == ["asf", "dataspace"]


def test_a_list_that_ends_at_its_limit_says_so(server, capsys):
    holds(server, SLC, SLC_TWO)
    assert main(["find", "--bbox", ROME, "--limit", "1", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["cut_short"] == ["asf"]
    assert "there may be more" in shown.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "--bbox"),
        (["--bbox", "1,2,3"], "WEST,SOUTH,EAST,NORTH"),
        (["--bbox", "1,3,2,2"], "south below north"),
        (["--bbox", ROME, "--wkt", "POINT(1 2)"], "one of them"),
        (["--wkt", "POINT(1"], "well-known text"),
        (["--wkt", "POLYGON((0 0,1 1,1 0,0 1,0 0))"], "crosses itself"),
        (["--track", "117", "--start", "January"], "2023-01-08"),
        (["--track", "117", "--platform", "ERS1"], "such as S1A"),
        (["--track", "117", "--direction", "up"], "ascending"),
        (["--track", "117", "--product", "grd"], "slc or burst"),
        (["--product", "burst", "--burst", "seven"], "071_151224_IW2"),
        (["--track", "117", "--provider", "nasa"], "one of asf, dataspace, opensearch"),
    ],
)
def test_searches_that_make_no_sense(server, capsys, words, reason):
    assert main(["find", *words]) == 2
    assert reason in capsys.readouterr().err
    assert server.asked == []


# ---------------------------------------------------------------- get


def test_get_by_name_then_from_the_cache_then_offline(server, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    holds(server, SLC)
    first = document(capsys, "get", SLC, "--to", tmp_path / "a")["files"][0]
    assert (first["from"], first["verified"], first["size"]) == ("archive", "md5", len(BODY))
    assert server.at(f"/data/{SLC}.zip")[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert document(capsys, "get", SLC, "--to", tmp_path / "b")["files"][0]["from"] == "cache"
    asked = len(server.asked)
    again = document(capsys, "get", f"{SLC}.SAFE", "--to", tmp_path / "c", "--offline")["files"][0]
    assert again["from"] == "cache"
    assert (tmp_path / "c" / f"{SLC}.zip").read_bytes() == BODY
    assert len(server.asked) == asked


def test_get_from_a_list(server, capsys, tmp_path):
    holds(server, SLC, SLC_TWO)
    listed = tmp_path / "found.json"
    listed.write_text(run(capsys, "find", "--bbox", ROME, "--json").out, encoding="utf-8")
    got = document(capsys, "get", "--from-find", listed, "--to", tmp_path / "slc")
    assert {f["path"] for f in got["files"]} == {str(tmp_path / "slc" / f"{n}.zip") for n in (SLC, SLC_TWO)}


def test_get_a_burst_with_its_metadata(server, capsys, tmp_path):
    server.routes[CMR] = as_json({"hits": 1, "items": [umm_burst(base=server.url + "/burst")]})
    for suffix in ("tiff", "xml"):
        server.routes[f"/burst/{SLC}/IW1/VV/0.{suffix}"] = [
            Answer(202, headers={"Retry-After": "0"}),
            File(suffix.encode()),
        ]
    server.routes["/stac"] = Answer(404)
    document(capsys, "get", BURST, "--to", tmp_path)
    assert (tmp_path / f"{BURST}.tiff").read_bytes() == b"tiff"
    assert (tmp_path / f"{BURST}.xml").read_bytes() == b"xml"


def test_when_one_archive_refuses_the_next_one_serves(server, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CDSE_USERNAME", "ann")
    monkeypatch.setenv("CDSE_PASSWORD", PASSWORD)
    holds(server, SLC)
    server.routes[f"/data/{SLC}.zip"] = Answer(403, b"EULA not accepted")
    items = {"type": "FeatureCollection", "features": [stac_item(md5=MD5)], "links": []}
    server.routes["/stac/search"] = as_json(items)
    server.routes["/download/Products(abc-1)/$value"] = File(BODY)
    (one,) = document(capsys, "get", SLC, "--to", tmp_path)["files"]
    assert one["source"].endswith("/download/Products(abc-1)/$value")


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(401, b"expired"), "FW3011", "renew it at https://urs.earthdata.nasa.gov"),
        (Answer(403, b"EULA not accepted"), "FW3011", "accept it at"),
        (Answer(404), "FW3013", "answers 404"),
        (Answer(429, headers={"Retry-After": "9999"}), "FW3012", "asks to wait 9999 s"),
        (File(BODY, cuts=[1000, 0, 0, 0, 0, 0]), "FW3015", "it goes on where it stopped"),
        (File(BODY[:-1]), "FW3014", "as its archive states"),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), "FW3011", "web page"),
    ],
    ids=["expired", "licence", "gone", "busy", "truncated", "checksum", "page"],
)
def test_what_an_archive_may_answer(server, capsys, tmp_path, monkeypatch, answer, code, words):
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    holds(server, SLC)
    server.routes[f"/data/{SLC}.zip"] = answer
    assert main(["get", SLC, "--to", str(tmp_path / "to"), "--json"]) == 4
    shown = capsys.readouterr()
    (failure,) = json.loads(shown.out)["failures"]
    assert (failure["name"], failure["code"]) == (SLC, code)
    assert words in failure["reason"]
    assert words in shown.err
    assert not (tmp_path / "to" / f"{SLC}.zip").exists()


def test_some_and_not_all_is_exit_five(server, capsys, tmp_path):
    holds(server, SLC)
    got = document(capsys, "get", SLC, SLC_TWO, "--to", tmp_path, status=5)
    assert len(got["files"]) == 1
    assert got["failures"][0]["name"] == SLC_TWO
    assert "in none of asf, dataspace" in got["failures"][0]["reason"]


def test_offline_without_the_file(server, capsys, tmp_path):
    run(capsys, "get", SLC, "--to", tmp_path, "--offline", status=3)
    assert server.asked == []


def test_offline_from_a_folder_of_ones_own(server, capsys, tmp_path):
    own = tmp_path / "own"
    (own / f"{SLC_TWO}.SAFE").mkdir(parents=True)
    (own / f"{SLC}.zip").write_bytes(b"mine")
    got = document(capsys, "get", SLC, SLC_TWO, "--to", tmp_path / "to", "--offline", "--folder", own)
    assert [f["from"] for f in got["files"]] == ["folder", "folder"]
    assert got["files"][1]["path"] == str(own / f"{SLC_TWO}.SAFE")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["get", "--to", "x"], 2),
        (["get", "a", "--from-find", "b"], 2),
        (["get", "--from-find", "nowhere.json"], 3),
        (["get", "orbits", "no-such-scene"], 3),
        (["get", "dem", "--bbox", "1,2"], 2),
        (["get", "a", "--offline", "--cache-limit", "much"], 2),
    ],
)
def test_requests_that_make_no_sense(server, capsys, words, status):
    run(capsys, *words, status=status)


def test_get_orbits_by_the_name_of_a_scene(server, capsys, tmp_path):
    name = "S1A_OPER_AUX_POEORB_OPOD_20230128T080823_V20230107T225942_20230109T005942.EOF"
    text = f"""<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
      <Contents><Key>AUX_POEORB/{name}</Key><Size>4</Size></Contents></ListBucketResult>"""
    server.routes["/bucket"] = Answer(200, text.encode())
    server.routes[f"/bucket/AUX_POEORB/{name}"] = File(b"orbi")
    shown = run(capsys, "get", "orbits", SLC, "--to", tmp_path)
    assert name in shown.out
    assert (tmp_path / name).read_bytes() == b"orbi"


def test_get_orbits_for_a_product_at_hand(server, capsys, tmp_path):
    product = write_zip(tmp_path, Recipe())
    name = "S1A_OPER_AUX_POEORB_OPOD_20230128T080823_V20230107T225942_20230109T005942.EOF"
    own = tmp_path / "own"
    own.mkdir()
    (own / name).write_bytes(b"mine")
    words = ["get", "orbits", product, "--to", tmp_path / "to", "--folder", own, "--offline"]
    assert document(capsys, *words)["files"][0]["path"] == str(tmp_path / "to" / name)


def test_get_dem(server, capsys, tmp_path):
    server.routes["/dem/N41_00_E012_00.tif"] = File(b"heights")
    got = document(capsys, "get", "dem", "--bbox", "12.2,41.2,12.8,42.2", "--to", tmp_path)
    assert [f["verified"] for f in got["files"]] == ["length"]
    assert (got["sea"], got["dem_datum"]) == (["N42_00_E012_00"], "egm2008")


# ---------------------------------------------------------------- secrets


def everything(folder):
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


@pytest.mark.parametrize("good", [True, False], ids=["served", "refused"])
def test_no_secret_is_written_logged_or_shown(server, capsys, tmp_path, monkeypatch, caplog, good):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    monkeypatch.setenv("CDSE_USERNAME", "ann")
    monkeypatch.setenv("CDSE_PASSWORD", PASSWORD)
    granted = "granted-S3CRET-token"
    holds(server, SLC, SLC_TWO)
    signed = f"{server.other_url}/stored?X-Amz-Signature=S3CRET-signature"
    server.routes[f"/data/{SLC}.zip"] = Answer(307, headers={"Location": signed})
    server.routes["/stored"] = (
        File(BODY, cuts=[1000, 0, 0, 0, 0]) if good else Answer(403, b"Request has expired")
    )
    items = {"type": "FeatureCollection", "features": [stac_item(SLC_TWO, md5=MD5)], "links": []}
    server.routes["/stac/search"] = as_json(items)
    server.routes["/token"] = as_json({"access_token": granted})
    server.routes[f"/data/{SLC_TWO}.zip"] = Answer(401, f"{TOKEN} {PASSWORD} are not welcome".encode())
    refusal = f"{TOKEN} {PASSWORD} {granted} are not welcome".encode()
    server.routes["/download/Products(abc-1)/$value"] = File(BODY) if good else Answer(401, refusal)
    monkeypatch.setenv("FRINGEWORKS_DATASPACE_HOSTS", f"127.0.0.1:{server.port}")
    monkeypatch.delenv("FRINGEWORKS_EARTHDATA_HOSTS")
    main(["get", SLC, SLC_TWO, "--to", str(tmp_path / "to"), "--json"])
    monkeypatch.setenv("FRINGEWORKS_EARTHDATA_HOSTS", f"127.0.0.1:{server.port}")
    main(["get", SLC, SLC_TWO, "--to", str(tmp_path / "to"), "--json"])
    sent = {a.headers.get("authorization") for a in server.asked}
    assert {f"Bearer {TOKEN}", f"Bearer {granted}"} <= sent
    assert not any("authorization" in a.headers for a in server.at("/stored"))
    shown = capsys.readouterr()
    logged = caplog.text + "".join(str(r.__dict__) for r in caplog.records)
    left = (shown.out + shown.err + logged).encode() + everything(tmp_path)
    for secret in (TOKEN, quote(TOKEN, safe=""), PASSWORD, quote(PASSWORD, safe=""), granted):
        assert secret.encode() not in left
    assert b"S3CRET" not in shown.out.encode() + shown.err.encode() + everything(tmp_path)


def test_the_systems_keyring_is_asked(monkeypatch):
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.errors import KeyringLocked

    class Held(KeyringBackend):
        priority = 1
        locked = False

        def get_password(self, service, username):
            if self.locked:
                raise KeyringLocked("locked")
            return "held" if (service, username) == ("fringeworks-earthdata", "token") else None

        def set_password(self, service, username, password):
            raise AssertionError("nothing is ever written")

    before = keyring.get_keyring()
    backend = Held()
    try:
        keyring.set_keyring(backend)
        assert system_keyring("fringeworks-earthdata", "token") == "held"
        assert system_keyring("fringeworks-earthdata", "other") is None
        backend.locked = True
        assert system_keyring("fringeworks-earthdata", "token") is None
    finally:
        keyring.set_keyring(before)


def test_a_missing_library_is_named_with_what_installs_it(server, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "requests", None)
    assert main(["find", "--bbox", ROME]) == 2
    shown = capsys.readouterr().err
    assert "FW1008" in shown
    assert "pip install fringeworks[archives]" in shown
    assert main(["get", SLC, "--offline"]) == 3
