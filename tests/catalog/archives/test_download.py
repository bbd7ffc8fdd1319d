"""Downloads against a server that breaks off, changes its mind, and lies."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections import namedtuple

import numpy as np
import pytest
from tests.catalog.archives.conftest import SECRET
from tests.catalog.archives.replay import Answer, File

from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.checksums import Checksum
from fringeworks.catalog.archives.download import Fetcher, Wanted
from fringeworks.errors import (
    ArchiveAccessError,
    ArchiveBusyError,
    ChecksumError,
    DiskFullError,
    MissingInputError,
    NotInArchiveError,
    OutputBusyError,
    TruncatedDownloadError,
)

BODY = np.random.default_rng(5).bytes(300_000)
MD5 = Checksum("md5", hashlib.md5(BODY, usedforsecurity=False).hexdigest())
SHA256 = Checksum("sha256", hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def cache(tmp_path):
    return FileCache(tmp_path / "cache", limit_bytes=10**7)


@pytest.fixture
def fetcher(make_transport, cache):
    return Fetcher(make_transport(), cache)


def wanted(server, *, paths=("/f",), size=None, checksums=(MD5,), name="f.zip"):
    return Wanted(
        file_name=name, urls=tuple(server.url + p for p in paths), size=size, checksums=tuple(checksums)
    )


def in_turn(answers):
    def answer(asked):
        one = answers.pop(0)
        return one.answer(asked.headers) if isinstance(one, File) else one

    return answer


def ranges(server, path="/f"):
    return [a.headers.get("range") for a in server.at(path)]


def test_a_file_is_fetched_verified_and_kept(server, fetcher, cache, tmp_path):
    server.routes["/f"] = File(BODY)
    done = fetcher.fetch(wanted(server, checksums=(MD5, SHA256)), tmp_path / "to")
    assert done.path.read_bytes() == BODY
    assert (done.came_from, done.verified, done.size) == ("archive", "sha256", len(BODY))
    assert not done.resumed
    again = fetcher.fetch(wanted(server, checksums=(MD5, SHA256)), tmp_path / "other")
    assert again.came_from == "cache"
    assert again.path.read_bytes() == BODY
    assert fetcher.fetch(wanted(server), tmp_path / "to").came_from == "present"
    assert len(server.asked) == 1
    assert cache.used_bytes == len(BODY)
    assert [p.suffix for p in (cache.root / "parts").iterdir()] == [".lock"]
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_body_that_breaks_off_is_continued(server, fetcher, tmp_path):
    server.routes["/f"] = File(BODY, cuts=[100_000, 50_000])
    done = fetcher.fetch(wanted(server), tmp_path)
    assert done.path.read_bytes() == BODY
    assert ranges(server) == [None, "bytes=100000-", "bytes=150000-"]
    assert server.asked[1].headers["if-range"] == '"one"'


def test_a_download_goes_on_where_another_process_stopped(server, fetcher, tmp_path):
    file = File(BODY, cuts=[100_000, 0, 0, 0, 0, 0])
    server.routes["/f"] = file
    with pytest.raises(
        TruncatedDownloadError, match=r"ended after 100000 bytes of 300000.*run the same"
    ) as caught:
        fetcher.fetch(wanted(server), tmp_path / "to")
    assert caught.value.exit_status == 4
    assert not (tmp_path / "to" / "f.zip").exists()
    file.cuts.clear()
    before = len(server.asked)
    done = fetcher.fetch(wanted(server), tmp_path / "to")
    assert done.resumed
    assert done.path.read_bytes() == BODY
    assert ranges(server)[before:] == ["bytes=100000-"]


def test_a_file_that_changed_meanwhile_is_begun_again(server, fetcher, tmp_path):
    old = b"old " * 75_000
    server.routes["/f"] = File(old, cuts=[100_000, 0, 0, 0, 0, 0])
    with pytest.raises(TruncatedDownloadError, match="ended after"):
        fetcher.fetch(wanted(server), tmp_path)
    server.routes["/f"] = File(BODY, tag='"two"')
    done = fetcher.fetch(wanted(server), tmp_path)
    assert done.path.read_bytes() == BODY
    assert not done.resumed


def test_a_part_without_a_validator_is_continued_only_under_a_checksum(server, fetcher, tmp_path):
    bare = {"ETag": ""}
    server.routes["/f"] = File(BODY, cuts=[100_000], headers=bare)
    assert fetcher.fetch(wanted(server), tmp_path / "a").path.read_bytes() == BODY
    assert ranges(server) == [None, "bytes=100000-"]
    server.asked.clear()
    server.routes["/f"] = File(BODY, cuts=[100_000], headers=bare)
    plain = wanted(server, checksums=(), name="g.zip")
    assert fetcher.fetch(plain, tmp_path / "b").path.read_bytes() == BODY
    assert ranges(server) == [None, None]


def test_a_spoiled_part_is_noticed_by_the_checksum_and_fetched_anew(server, fetcher, cache, tmp_path):
    want = wanted(server)
    part = cache.part(want.key)
    part.write_bytes(b"\0" * 1000)
    record = {"source": server.url + "/f", "validator": '"one"', "total": len(BODY)}
    part.with_name(part.name + ".json").write_text(json.dumps(record), encoding="utf-8")
    server.routes["/f"] = File(BODY)
    done = fetcher.fetch(want, tmp_path)
    assert done.path.read_bytes() == BODY
    assert not done.resumed
    assert ranges(server) == ["bytes=1000-", None]


def test_a_part_longer_than_the_file(server, fetcher, cache, tmp_path):
    want = wanted(server)
    part = cache.part(want.key)
    part.write_bytes(BODY + b"more")
    record = {"source": server.url + "/f", "validator": '"one"', "total": len(BODY)}
    part.with_name(part.name + ".json").write_text(json.dumps(record), encoding="utf-8")
    server.routes["/f"] = File(BODY)
    assert fetcher.fetch(want, tmp_path).path.read_bytes() == BODY


def test_a_server_without_ranges_begins_again(server, fetcher, tmp_path):
    server.routes["/f"] = File(BODY, cuts=[100_000], ranges=False)
    assert fetcher.fetch(wanted(server), tmp_path).path.read_bytes() == BODY


def test_an_answer_that_continues_elsewhere_is_not_believed(server, fetcher, tmp_path):
    file = File(BODY, cuts=[100_000])
    lie = Answer(206, BODY[50_000:], {"Content-Range": f"bytes 50000-{len(BODY) - 1}/{len(BODY)}"})
    answers = [file, lie, File(BODY)]
    server.routes["/f"] = in_turn(answers)
    assert fetcher.fetch(wanted(server), tmp_path).path.read_bytes() == BODY


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(server, fetcher, cache, tmp_path):
    server.routes["/f"] = File(BODY[:-1] + b"\0")
    with pytest.raises(ChecksumError, match=r"f\.zip from http://127.*as its archive states.*--provider"):
        fetcher.fetch(wanted(server), tmp_path / "to")
    assert list((tmp_path / "to").iterdir()) == []
    assert cache.used_bytes == 0


def test_a_wrong_size_is_an_error_where_there_is_no_checksum(server, fetcher, tmp_path):
    server.routes["/f"] = File(BODY)
    with pytest.raises(ChecksumError, match="300000 bytes; expected: 300001 bytes"):
        fetcher.fetch(wanted(server, size=300_001, checksums=()), tmp_path)


def test_without_checksum_and_size_the_length_of_the_answer_is_what_was_checked(server, fetcher, tmp_path):
    server.routes["/f"] = File(BODY)
    assert fetcher.fetch(wanted(server, checksums=()), tmp_path).verified == "length"


def test_a_file_of_another_content_is_replaced_only_when_the_new_one_is_whole(server, fetcher, tmp_path):
    target = tmp_path / "f.zip"
    target.write_bytes(b"older processing")
    server.routes["/f"] = Answer(404)
    with pytest.raises(NotInArchiveError, match="404"):
        fetcher.fetch(wanted(server), tmp_path)
    assert target.read_bytes() == b"older processing"
    server.routes["/f"] = File(BODY)
    fetcher.fetch(wanted(server), tmp_path)
    assert target.read_bytes() == BODY


def test_a_sign_in_page_is_no_file(server, realm, make_transport, cache, tmp_path):
    server.routes["/f"] = Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
    fetcher = Fetcher(make_transport(realms=[realm]), cache)
    with pytest.raises(ArchiveAccessError, match=r"web page in place of f\.zip.*LAB_TOKEN"):
        fetcher.fetch(wanted(server, checksums=()), tmp_path)


def test_the_next_address_is_tried_and_the_useful_error_is_shown(server, fetcher, tmp_path):
    server.routes["/a"] = Answer(403, b"quota")
    server.routes["/b"] = File(BODY)
    assert fetcher.fetch(wanted(server, paths=("/a", "/b")), tmp_path).path.read_bytes() == BODY
    with pytest.raises(ArchiveAccessError, match="quota"):
        fetcher.fetch(wanted(server, paths=("/none", "/a"), name="g.zip"), tmp_path)


def test_redirected_to_a_storage_host_without_the_token(server, realm, make_transport, cache, tmp_path):
    server.routes["/f"] = Answer(307, headers={"Location": f"{server.other_url}/stored?X-Signature=abc"})
    server.routes["/stored"] = File(BODY, cuts=[100_000])
    fetcher = Fetcher(make_transport({"LAB_TOKEN": SECRET}, realms=[realm]), cache)
    done = fetcher.fetch(wanted(server), tmp_path)
    assert done.path.read_bytes() == BODY
    assert all(a.headers["authorization"] == f"Bearer {SECRET}" for a in server.at("/f"))
    assert not any("authorization" in a.headers for a in server.at("/stored"))
    assert ranges(server, "/stored") == [None, "bytes=100000-"]


def test_a_busy_server_in_the_middle(server, fetcher, waits, tmp_path):
    file = File(BODY, cuts=[100_000])
    answers = [file, Answer(503, headers={"Retry-After": "3"}), file]
    server.routes["/f"] = in_turn(answers)
    assert fetcher.fetch(wanted(server), tmp_path).path.read_bytes() == BODY
    assert waits == [3.0]
    server.routes["/f"] = Answer(503)
    with pytest.raises(ArchiveBusyError, match="503"):
        fetcher.fetch(wanted(server, name="g.zip"), tmp_path)


# ---------------------------------------------------------------- offline


def test_offline_takes_folders_and_cache_and_nothing_else(server, fetcher, cache, tmp_path):
    server.routes["/f"] = File(BODY)
    fetcher.fetch(wanted(server), tmp_path / "once")
    own = tmp_path / "own"
    own.mkdir()
    (own / "g.zip").write_bytes(b"mine")
    offline = Fetcher(None, cache, folders=(own,))
    assert offline.fetch(wanted(server), tmp_path / "x").came_from == "cache"
    # by name alone, where nothing more is known
    assert offline.fetch(Wanted(file_name="f.zip", urls=()), tmp_path / "y").path.read_bytes() == BODY
    assert offline.fetch(Wanted(file_name="g.zip", urls=()), tmp_path / "x").came_from == "folder"
    with pytest.raises(MissingInputError, match=r"h\.zip is not at hand, and --offline.*--folder") as caught:
        offline.fetch(wanted(server, name="h.zip"), tmp_path / "x")
    assert caught.value.exit_status == 3
    assert len(server.asked) == 1


def test_a_cache_without_room_keeps_nothing_and_still_delivers(server, make_transport, tmp_path):
    none = FileCache(tmp_path / "none", limit_bytes=0)
    server.routes["/f"] = File(BODY, cuts=[100_000])
    done = Fetcher(make_transport(), none).fetch(wanted(server), tmp_path / "to")
    assert done.path.read_bytes() == BODY
    assert none.used_bytes == 0
    assert not none.part(wanted(server).key).exists()


# ---------------------------------------------------------------- the machine


def test_a_full_disk_is_noticed_before_the_download(server, fetcher, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    server.routes["/f"] = File(BODY)
    with pytest.raises(DiskFullError, match="needs 300000 bytes more, 1000 are free"):
        fetcher.fetch(wanted(server), tmp_path)


def test_two_processes_do_not_write_one_part(server, fetcher, cache, tmp_path):
    want = wanted(server)
    part = cache.part(want.key)
    with part.with_name(part.name + ".lock").open("w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OutputBusyError, match=r"another process is fetching f\.zip"):
            fetcher.fetch(want, tmp_path)
    server.routes["/f"] = File(BODY)
    assert fetcher.fetch(want, tmp_path).path.read_bytes() == BODY


def test_progress_is_told(server, make_transport, cache, tmp_path):
    told = []
    server.routes["/f"] = File(BODY)
    Fetcher(make_transport(), cache, progress=lambda *a: told.append(a)).fetch(wanted(server), tmp_path)
    assert told[-1] == ("f.zip", len(BODY), len(BODY))
