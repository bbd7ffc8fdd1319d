"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fringeworks.errors import DiskFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def disk_full(path: Path, reason: str) -> DiskFullError:
    """Make the error that says which file did not fit, and what to do."""
    return DiskFullError(
        f"{path} could not be written whole: {reason}",
        expected="room for the whole file",
        hint="free space or choose another output.directory, then run again: finished steps are kept",
    )


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give the name of a temporary file beside ``path``, and put it in its place when all went well.

    Parameters
    ----------
    path : Path
        File to write; its folder is made. Whatever it held before stays until the new file is whole.

    Yields
    ------
    Path
        Name to write to; always the same for the same ``path``, so a killed run leaves at most one behind.

    Raises
    ------
    DiskFullError
        The operating system had no room; the temporary file is gone.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(path, os.strerror(error.errno)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    DiskFullError
        There was no room.
    """
    with replaced(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a text file in UTF-8 whole or not at all.

    Raises
    ------
    DiskFullError
        There was no room.
    """
    write_bytes(path, content.encode())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file as hexadecimal text, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
