import errno
import hashlib

import pytest

from fringeworks.errors import DiskFullError
from fringeworks.io.files import replaced, sha256_of, write_bytes, write_text


def write_and_fail(path, error):
    with replaced(path) as temporary:
        temporary.write_text("new but not whole")
        raise error


def test_a_file_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="half way"):
        write_and_fail(path, RuntimeError("half way"))
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_is_named_and_leaves_nothing(tmp_path, number):
    with pytest.raises(DiskFullError, match=r"a\.bin could not be written whole.*free space"):
        write_and_fail(tmp_path / "a.bin", OSError(number, "made up"))
    assert list(tmp_path.iterdir()) == []


def test_other_failures_of_the_system_keep_their_name(tmp_path):
    with pytest.raises(PermissionError, match="not yours"), replaced(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "not yours")


def test_digest_is_that_of_the_bytes(tmp_path, rng):
    content = rng.bytes(3_000_000)
    write_bytes(tmp_path / "a", content)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()
