"""Digests of content: what a step was made from, as one short text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fringeworks.errors import MissingInputError
from fringeworks.io.store import read_json, write_json


def digest_of(value: Any) -> str:
    """Return the SHA-256 of plain values, independent of the order of keys (64 hexadecimal digits)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FileDigests:
    """Content digests of input files, remembered between runs.

    A file is read again when its size, its modification time or its inode has changed; the memory saves
    reading terabytes to learn that nothing has changed, as version control systems do.

    Parameters
    ----------
    memory : Path
        JSON file of what was learned before.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, list[Any]] = read_json(memory) if memory.is_file() else {}

    def of(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the digest of each file.

        Raises
        ------
        MissingInputError
            A file is not there.
        """
        wanted = sorted(set(paths))
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            digests = dict(zip(wanted, pool.map(self._one, wanted), strict=True))
        if self._memory.parent.is_dir():
            write_json(self._memory, self._known)
        return digests

    def _one(self, path: str) -> str:
        try:
            facts = Path(path).stat()
        except OSError as error:
            raise MissingInputError(
                f"{path} cannot be read: {error.strerror}", hint="restore the file"
            ) from error
        stamp = [facts.st_size, facts.st_mtime_ns, facts.st_ino]
        known = self._known.get(path)
        if known is not None and known[:3] == stamp:
            return str(known[3])
        digest = file_digest(Path(path))
        self._known[path] = [*stamp, digest]
        return digest
