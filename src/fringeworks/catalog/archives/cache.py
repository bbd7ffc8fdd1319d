"""Files kept by what they hold: each content once, the least recently used leave when the limit is reached."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fringeworks.io.files import replaced, sha256_of, write_text

_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """An entry: a name under which a content is known.

    Attributes
    ----------
    key : str
        What was asked for.
    file_name : str
        Name of the file.
    sha256 : str
        Digest of the content.
    size : int
        Bytes.
    """

    key: str
    file_name: str
    sha256: str
    size: int


class FileCache:
    """A content-addressed folder of files with a limit.

    Contents lie under ``objects`` by their SHA-256, entries under ``entries``, unfinished downloads under ``parts``.

    Parameters
    ----------
    root : Path
        Its folder; made when first written to.
    limit_bytes : int
        Most bytes the contents may take; 0 keeps nothing.
    """

    def __init__(self, root: Path, *, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes

    def part(self, key: str) -> Path:
        """Return where the unfinished download of a key lies; its folder is made."""
        folder = self.root / "parts"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{_digest(key)}.part"

    def entries(self) -> Iterator[CachedFile]:
        """Return all entries, the most recently used first."""
        found = []
        for path in (self.root / "entries").glob("*.json"):
            with suppress(OSError, ValueError, TypeError, KeyError):
                values = json.loads(path.read_text(encoding="utf-8"))
                entry = CachedFile(
                    key=str(values["key"]),
                    file_name=str(values["file_name"]),
                    sha256=str(values["sha256"]),
                    size=int(values["size"]),
                )
                found.append((path.stat().st_mtime_ns, entry))
        return iter(entry for _, entry in sorted(found, key=lambda f: (-f[0], f[1].key)))

    def find(self, key: str) -> Path | None:
        """Return the file of a key, its content verified; None where it is not there or was damaged."""
        entry = next((e for e in self.entries() if e.key == key), None)
        return None if entry is None else self._open(entry)

    def find_named(self, file_name: str) -> Path | None:
        """Return the most recently used file of a name, its content verified; None where there is none."""
        for entry in self.entries():
            if entry.file_name == file_name:
                path = self._open(entry)
                if path is not None:
                    return path
        return None

    def add(self, key: str, path: Path, *, file_name: str) -> Path | None:
        """Take a file into the cache.

        Parameters
        ----------
        key : str
            What was asked for.
        path : Path
            The file, on the same disk; it is moved.
        file_name : str
            Its name for a person.

        Returns
        -------
        Path or None
            Where it lies now; None where it is larger than the limit, and then it stays where it was.
        """
        size = path.stat().st_size
        if size > self.limit_bytes:
            return None
        digest = sha256_of(path)
        target = self._object(digest)
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.chmod(_READ_ONLY)
            path.replace(target)
        else:
            path.unlink()
        values = {"key": key, "file_name": file_name, "sha256": digest, "size": size}
        write_text(self._entry(key), json.dumps(values, sort_keys=True) + "\n")
        self._make_room(keep=digest)
        return target

    @property
    def used_bytes(self) -> int:
        """Bytes of all contents."""
        return sum(p.stat().st_size for p in (self.root / "objects").glob("*/*"))

    def _open(self, entry: CachedFile) -> Path | None:
        path = self._object(entry.sha256)
        if not path.is_file() or path.stat().st_size != entry.size or sha256_of(path) != entry.sha256:
            self._entry(entry.key).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            return None
        os.utime(self._entry(entry.key))
        return path

    def _make_room(self, *, keep: str) -> None:
        used = self.used_bytes
        for entry in reversed(list(self.entries())):
            if used <= self.limit_bytes:
                return
            if entry.sha256 == keep:
                continue
            self._entry(entry.key).unlink(missing_ok=True)
            if not any(e.sha256 == entry.sha256 for e in self.entries()):
                self._object(entry.sha256).unlink(missing_ok=True)
                used -= entry.size

    def _object(self, digest: str) -> Path:
        return self.root / "objects" / digest[:2] / digest

    def _entry(self, key: str) -> Path:
        return self.root / "entries" / f"{_digest(key)}.json"


def place(source: Path, target: Path) -> None:
    """Put a file at another place too: a hard link where the disk allows, else a copy; whole or not at all.

    Raises
    ------
    DiskFullError
        There was no room for the copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    link = target.with_name(f".{target.name}.link")
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(source)
    except OSError:  # another disk, or one without links
        with replaced(target) as temporary:
            shutil.copyfile(source, temporary)
        return
    link.replace(target)
    link.unlink(missing_ok=True)  # replacing a link by itself leaves both names


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
