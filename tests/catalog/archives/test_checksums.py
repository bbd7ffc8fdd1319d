"""Checksums in the spellings archives use."""

from __future__ import annotations

import hashlib

import pytest

from fringeworks.catalog.archives.checksums import Checksum, read_checksum, verify
from fringeworks.errors import ChecksumError

BODY = b"fringes"
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MD5.upper(), Checksum("md5", MD5)),
        (f"md5:{MD5}", Checksum("md5", MD5)),
        (f"SHA-256:{SHA256}", Checksum("sha256", SHA256)),
        (SHA256, Checksum("sha256", SHA256)),
        # multihash: function code and length as varints, then the digest
        (f"d50110{MD5}", Checksum("md5", MD5)),
        (f"1220{SHA256}", Checksum("sha256", SHA256)),
        ("blake3:" + "0" * 64, None),
        ("md5:abc", None),
        ("no digest", None),
        ("", None),
    ],
)
def test_spellings(text, expected):
    assert read_checksum(text) == expected


def test_a_digest_with_its_algorithm_beside_it():
    assert read_checksum(MD5, algorithm="MD5") == Checksum("md5", MD5)
    assert read_checksum(MD5, algorithm="BLAKE3") is None


def test_verify_takes_the_strongest_and_says_which(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(BODY)
    both = (Checksum("md5", "0" * 32), Checksum("sha256", SHA256))
    assert verify(path, size=None, checksums=both) == "sha256"
    assert verify(path, size=7, checksums=()) == "size"
    assert verify(path, size=None, checksums=()) == "nothing"
    # archives round sizes: a digest that agrees decides
    assert verify(path, size=8, checksums=both) == "sha256"


def test_verify_refuses(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(BODY)
    with pytest.raises(ChecksumError, match="7 bytes; expected: 8 bytes"):
        verify(path, size=8, checksums=())
    with pytest.raises(ChecksumError, match="md5 "):
        verify(path, size=7, checksums=(Checksum("md5", "0" * 32),))
