import threading
import zipfile
import zlib

import numpy as np
import pytest

from fringeworks.errors import DamagedFileError
from fringeworks.io.safe import members
from fringeworks.io.safe.members import DeflatedMember, PlainMember


@pytest.fixture
def data(rng):
    # half random, half compressible, over several checkpoints once these are made small
    return rng.integers(0, 256, 300_000).astype(np.uint8).tobytes() + bytes(200_000) + b"abc" * 100_000


@pytest.fixture
def deflated(tmp_path, data, monkeypatch):
    monkeypatch.setattr(members, "CHECKPOINT_BYTES", 50_000)
    monkeypatch.setattr(members, "_CHUNK", 10_000)
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    path = tmp_path / "x"
    path.write_bytes(b"HEAD" + packed + b"TAIL" * 100)
    return DeflatedMember(path, offset=4, packed_size=len(packed), size=len(data), name="x")


def test_any_piece_of_a_deflated_member_in_any_order(deflated, data, rng):
    for _ in range(60):
        start = int(rng.integers(0, len(data)))
        length = int(rng.integers(0, min(len(data) - start, 90_000) + 1))
        assert deflated.read(start, length) == data[start : start + length]
    assert deflated.read(0, len(data)) == data
    # later readings start from checkpoints, not from the beginning
    assert len(deflated._checkpoints.streams) > 10


def test_threads_read_the_same_member_at_once(deflated, data):
    wrong = []

    def work(seed):
        own = np.random.default_rng(seed)
        for _ in range(20):
            start = int(own.integers(0, len(data) - 1000))
            if deflated.read(start, 1000) != data[start : start + 1000]:
                wrong.append(start)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_a_plain_member_is_a_piece_of_a_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    member = PlainMember(path, offset=2, size=6, name="x")
    assert member.read(1, 3) == b"345"
    assert member.read(6, 0) == b""
    with pytest.raises(DamagedFileError, match="bytes 4 to 7 are wanted, it holds 6"):
        member.read(4, 3)
    with pytest.raises(DamagedFileError, match="are wanted"):
        member.read(-1, 3)


def test_truncation_is_found(tmp_path, deflated, data):
    path = tmp_path / "short"
    path.write_bytes(b"0123")
    with pytest.raises(DamagedFileError, match="4 of 8 bytes at 0"):
        PlainMember(path, offset=0, size=8, name="x").read(0, 8)
    packed = (tmp_path / "x").read_bytes()[4:]
    cut = tmp_path / "cut"
    cut.write_bytes(packed[:100_000])
    member = DeflatedMember(cut, offset=0, packed_size=100_000, size=len(data), name="x")
    with pytest.raises(DamagedFileError, match="of 500000 bytes at 0"):
        member.read(0, 500_000)
    assert member.read(0, 1000) == data[:1000]


def test_a_stream_that_does_not_unpack_is_damaged(tmp_path):
    path = tmp_path / "noise"
    path.write_bytes(b"\xff" * 1000)
    with pytest.raises(DamagedFileError, match="does not unpack"):
        DeflatedMember(path, offset=0, packed_size=1000, size=5000, name="x").read(0, 10)


def test_a_file_that_goes_away_is_an_error_of_ours(tmp_path):
    path = tmp_path / "gone"
    path.write_bytes(b"0123")
    member = PlainMember(path, offset=0, size=4, name="x")
    path.unlink()
    with pytest.raises(DamagedFileError, match="a file that stays where it is"):
        member.read(0, 4)


def test_stored_and_deflated_members_of_a_real_zip_agree(tmp_path, data):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "z.zip", "w", method) as archive:
            archive.writestr("p/manifest.safe", b"<x/>")
            archive.writestr("p/data.bin", data)
        from fringeworks.io.safe.archive import open_archive

        assert open_archive(tmp_path / "z.zip").member("data.bin").read(299_990, 30) == data[299_990:300_020]
