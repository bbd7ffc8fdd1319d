"""The cache: one copy of each content, a limit, and no trust in what lay on the disk."""

from __future__ import annotations

import os

import pytest

from fringeworks.catalog.archives.cache import FileCache, place


@pytest.fixture
def cache(tmp_path):
    return FileCache(tmp_path / "cache", limit_bytes=1000)


def put(cache, key, body, *, file_name="f.zip"):
    path = cache.part(key)
    path.write_bytes(body)
    return cache.add(key, path, file_name=file_name)


def age(cache, *keys):
    """Make entries look used in this order, the first longest ago."""
    for k, key in enumerate(keys):
        path = cache._entry(key)
        os.utime(path, ns=(10**18 + k, 10**18 + k))


def test_what_goes_in_comes_out(cache):
    assert cache.find("k") is None
    assert put(cache, "k", b"abc").read_bytes() == b"abc"
    assert cache.find("k").read_bytes() == b"abc"
    assert cache.find_named("f.zip").read_bytes() == b"abc"
    assert cache.find_named("g.zip") is None
    assert not cache.part("k").exists()


def test_one_content_is_kept_once(cache):
    assert put(cache, "a", b"x" * 600) == put(cache, "b", b"x" * 600)
    assert cache.used_bytes == 600
    assert cache.find("a") == cache.find("b")


def test_the_least_recently_used_leave(cache):
    for key in "abc":
        put(cache, key, key.encode() * 300)
    age(cache, "a", "b", "c")
    assert cache.find("a") is not None  # used: now the youngest
    put(cache, "d", b"d" * 300)
    assert cache.used_bytes <= 1000
    assert cache.find("b") is None
    assert all(cache.find(key) is not None for key in "acd")


def test_a_content_stays_while_another_name_needs_it(cache):
    put(cache, "a", b"x" * 400)
    put(cache, "b", b"x" * 400)
    put(cache, "c", b"c" * 400)
    age(cache, "a", "c", "b")
    put(cache, "d", b"d" * 400)
    assert cache.find("a") is None
    assert cache.find("c") is None
    assert cache.find("b") is not None
    assert cache.used_bytes == 800


def test_what_is_larger_than_the_limit_is_not_kept(cache):
    put(cache, "a", b"a")
    assert put(cache, "big", b"x" * 1001) is None
    assert cache.part("big").is_file()
    assert cache.find("a") is not None


def test_a_damaged_content_is_dropped(cache):
    path = put(cache, "k", b"abc")
    path.chmod(0o644)
    path.write_bytes(b"abd")
    assert cache.find("k") is None
    assert not path.exists()
    assert list(cache.entries()) == []


def test_contents_are_read_only(cache):
    assert put(cache, "k", b"abc").stat().st_mode & 0o222 == 0


def test_an_entry_that_does_not_parse_is_passed_over(cache):
    put(cache, "k", b"abc")
    (cache.root / "entries" / "odd.json").write_text("{", encoding="utf-8")
    assert [e.key for e in cache.entries()] == ["k"]


def test_place_links_or_copies_and_replaces(tmp_path, monkeypatch):
    source, target = tmp_path / "a", tmp_path / "there" / "b"
    source.write_bytes(b"abc")
    place(source, target)
    assert target.samefile(source)
    place(source, target)
    assert sorted(p.name for p in target.parent.iterdir()) == ["b"]

    def refuse(*_):
        raise OSError("another disk")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    place(source, target)
    assert target.read_bytes() == b"abc"
    assert not target.samefile(source)
