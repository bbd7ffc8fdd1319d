"""Fetching a file: decide, stream to a temporary file, resume, verify, move into place."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fringeworks.catalog.archives.cache import FileCache, place
from fringeworks.catalog.archives.checksums import verify
from fringeworks.catalog.archives.partial import Download, Progress, Wanted, record_of
from fringeworks.catalog.archives.transport import Transport
from fringeworks.errors import ChecksumError, MissingInputError, OutputBusyError

__all__ = ["Delivered", "Fetcher", "Progress", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A file in its place.

    Attributes
    ----------
    path : Path
        Where.
    came_from : str
        ``present`` (it was there), ``folder``, ``cache`` or ``archive``.
    source : str
        Address without its query, or folder.
    size : int
        Bytes.
    verified : str
        What was checked: an algorithm, ``size`` or ``nothing``.
    resumed : bool
        Whether an earlier, partial download was continued.
    """

    path: Path
    came_from: str
    source: str
    size: int
    verified: str
    resumed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "path": str(self.path),
            "from": self.came_from,
            "source": self.source,
            "size": self.size,
            "verified": self.verified,
            "resumed": self.resumed,
        }


class Fetcher:
    """Brings files to a folder, from the nearest place that has them.

    Parameters
    ----------
    transport : Transport, optional
        The network; None works offline.
    cache : FileCache
        Where contents are kept.
    folders : tuple of Path
        Folders of the user's own that are looked into first.
    progress : callable, optional
        Told after each piece.
    """

    def __init__(
        self,
        transport: Transport | None,
        cache: FileCache,
        *,
        folders: tuple[Path, ...] = (),
        progress: Progress | None = None,
    ) -> None:
        self.transport = transport
        self.cache = cache
        self._folders = folders
        self._progress = progress

    def fetch(self, wanted: Wanted, folder: Path) -> Delivered:
        """Bring one file to a folder.

        Parameters
        ----------
        wanted : Wanted
            The file.
        folder : Path
            Where it goes; made if needed.

        Raises
        ------
        MissingInputError
            Offline, and neither the folders nor the cache hold it.
        ChecksumError, TruncatedDownloadError, ArchiveError
            The archive did not deliver it; what came so far is kept for the next attempt.
        OutputBusyError
            Another process is fetching the same file.
        DiskFullError
            There is no room.
        """
        target = folder / wanted.file_name
        near = self.find_near(wanted, target)
        if near is not None:
            return near
        if self.transport is None:
            raise _not_at_hand(wanted.file_name, self._folders, self.cache)
        folder.mkdir(parents=True, exist_ok=True)
        part = self.cache.part(wanted.key)
        with _alone(part, wanted.file_name):
            done = Download(self.transport, wanted, part, self._progress).run()
            held = self.cache.add(wanted.key, part, file_name=wanted.file_name)
            if held is not None:
                place(held, target)
            else:
                _move(part, target)
            record_of(part).unlink(missing_ok=True)
        return Delivered(
            path=target,
            came_from="archive",
            source=done.source,
            size=target.stat().st_size,
            verified=done.verified,
            resumed=done.resumed,
        )

    def find_near(self, wanted: Wanted, target: Path) -> Delivered | None:
        """Return a file that is there already, or bring it from a folder or the cache; None where neither has it."""
        for path, kind in ((target, "present"), *((f / wanted.file_name, "folder") for f in self._folders)):
            if path.is_file():
                try:
                    checked = verify(path, size=wanted.size, checksums=wanted.checksums)
                except ChecksumError:  # another content under the same name: fetched anew
                    continue
                return self._deliver(path, target, kind, checked)
        known = bool(wanted.checksums) or wanted.size is not None
        held = self.cache.find(wanted.key) if known else self.cache.find_named(wanted.file_name)
        return None if held is None else self._deliver(held, target, "cache", "sha256")

    def _deliver(self, path: Path, target: Path, kind: str, verified: str) -> Delivered:
        if path != target:
            place(path, target)
        source = str(path.parent) if kind != "cache" else str(self.cache.root)
        return Delivered(
            path=target, came_from=kind, source=source, size=target.stat().st_size, verified=verified
        )


def _move(part: Path, target: Path) -> None:
    place(part, target)
    part.unlink(missing_ok=True)


@contextmanager
def _alone(part: Path, file_name: str) -> Iterator[None]:
    """Keep other processes from the same part file."""
    lock = part.with_name(f"{part.name}.lock")
    with lock.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputBusyError(
                f"another process is fetching {file_name}",
                expected="one at a time",
                hint="wait until it is done, or stop it",
            ) from None
        yield


def _not_at_hand(file_name: str, folders: tuple[Path, ...], cache: FileCache) -> MissingInputError:
    looked = ", ".join(str(p) for p in (*folders, cache.root))
    return MissingInputError(
        f"{file_name} is not at hand, and --offline was given",
        expected=f"it in one of {looked}",
        hint="fetch it once without --offline, or name the folder that holds it with --folder",
    )
