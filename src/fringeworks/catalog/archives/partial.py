"""A file on its way: one of its addresses streamed into a part file, continued where it broke off, and verified."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from fringeworks.catalog.archives.checksums import Checksum, verify
from fringeworks.catalog.archives.credentials import shown
from fringeworks.catalog.archives.transport import Transport
from fringeworks.errors import (
    ArchiveAccessError,
    ArchiveError,
    ChecksumError,
    DiskFullError,
    NotInArchiveError,
    TruncatedDownloadError,
)
from fringeworks.io.files import disk_full, write_text

Progress = Callable[[str, int, int | None], None]
"""Name of the file, bytes so far, bytes in all where known."""

_CHUNK: Final = 2**18
_FRUITLESS: Final = 4
"""Attempts in a row that may bring not a single byte."""
_RESUMES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to fetch.

    Attributes
    ----------
    file_name : str
        Name it gets.
    urls : tuple of str
        Where it lies; the next is tried when one fails.
    size : int, optional
        Bytes, as the archive states.
    checksums : tuple of Checksum
        As the archive states.
    """

    file_name: str
    urls: tuple[str, ...]
    size: int | None = None
    checksums: tuple[Checksum, ...] = ()

    @property
    def key(self) -> str:
        """What makes this content distinct in the cache: name and what is known of the content."""
        known = [c.as_text() for c in self.checksums] or ([str(self.size)] if self.size is not None else [])
        return "|".join([self.file_name, *known])


@dataclass(frozen=True, slots=True)
class Arrived:
    """How a file came.

    Attributes
    ----------
    source : str
        Address without its query.
    verified : str
        What was checked.
    resumed : bool
        Whether an earlier part was continued.
    """

    source: str
    verified: str
    resumed: bool


class Download:
    """One file from one of its addresses into its part file.

    Parameters
    ----------
    transport : Transport
        The network.
    wanted : Wanted
        The file.
    part : Path
        Its part file; a record of where it came from lies beside it.
    progress : callable, optional
        Told after each piece.
    """

    def __init__(self, transport: Transport, wanted: Wanted, part: Path, progress: Progress | None) -> None:
        self._transport = transport
        self._wanted = wanted
        self._part = part
        self._progress = progress

    def run(self) -> Arrived:
        """Bring the part file to the whole, verified file; the addresses are tried in turn.

        Raises
        ------
        ArchiveError
            None delivered it; the part file stays for the next attempt.
        DiskFullError
            There is no room.
        """
        errors: list[ArchiveError] = []
        for url in self._wanted.urls:
            try:
                return self._from(url)
            except ArchiveError as error:
                errors.append(error)
        if not errors:
            raise NotInArchiveError(f"no address of {self._wanted.file_name}", expected="at least one")
        # what can be mended is more use than "not there"
        raise next((e for e in errors if not isinstance(e, NotInArchiveError)), errors[0])

    def _from(self, url: str) -> Arrived:
        resumed = self._have() > 0
        for _ in range(2):  # a part that was continued may be spoiled: once more from the start
            continued = self._stream(url)
            try:
                checked = verify(self._part, size=self._wanted.size, checksums=self._wanted.checksums)
            except ChecksumError as error:
                self._discard()
                if not continued:
                    raise ChecksumError(
                        f"{self._wanted.file_name} from {shown(url)}: {error.found}",
                        expected=error.expected,
                        hint=error.hint,
                    ) from None
                resumed = False
                continue
            if checked == "nothing" and self._stated_total() == self._have():
                checked = "length"
            return Arrived(shown(url), checked, resumed and continued)
        raise ChecksumError(f"{self._wanted.file_name} from {shown(url)} differs on every attempt")

    def _stream(self, url: str) -> bool:
        """Bring the part file to its full length; returns whether any piece was put behind an older one."""
        continued, fruitless = False, 0
        for _ in range(_RESUMES):
            before = self._have()
            complete, appended = self._attempt(url)
            continued |= appended
            if complete:
                return continued
            fruitless = 0 if self._have() > before else fruitless + 1
            if fruitless >= _FRUITLESS:
                break
        total = self._wanted.size or self._stated_total()
        raise TruncatedDownloadError(
            f"{self._wanted.file_name} from {shown(url)} ended after {self._have()} bytes"
            + (f" of {total}" if total else ""),
            expected="the whole file",
            hint="run the same command again: it goes on where it stopped",
        )

    def _attempt(self, url: str) -> tuple[bool, bool]:
        """Make one request; returns whether the file is whole now, and whether older bytes were kept."""
        headers = {"Accept-Encoding": "identity", **self._range_headers(url)}
        response = self._transport.request("GET", url, headers=headers, stream=True, accept=(200, 206, 416))
        try:
            if response.status_code == 416:
                return self._beyond_end(response), True
            self._refuse_page(response, url)
            have = self._have() if _continues(response, self._have()) else 0
            if response.status_code == 206 and not have:
                self._discard()
                return False, False
            total = _total(response, have)
            self._check_room(total, have)
            self._remember(url, response, total)
            whole = self._write(response, have)
        finally:
            response.close()
        return whole and (total is None or self._have() >= total), have > 0

    def _range_headers(self, url: str) -> dict[str, str]:
        have, record = self._have(), self._read_record()
        if not have:
            return {}
        validator = record.get("validator", "")
        if record.get("source") != shown(url) or not (validator or self._wanted.checksums):
            self._discard()
            return {}
        return {"Range": f"bytes={have}-", **({"If-Range": validator} if validator else {})}

    def _beyond_end(self, response: Any) -> bool:
        total = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("Content-Range", ""))
        if total and int(total[1]) == self._have():
            return True
        self._discard()
        return False

    def _refuse_page(self, response: Any, url: str) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "text/html" and not self._wanted.file_name.lower().endswith((".html", ".htm")):
            realm = self._transport.credentials.realm_of(url)
            raise ArchiveAccessError(
                f"{shown(response.url)} answers with a web page in place of {self._wanted.file_name}",
                expected="the file",
                hint=f"it is probably a sign-in page: {realm.how_to_give}"
                if realm
                else "open it in a browser",
            )

    def _check_room(self, total: int | None, have: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if total is not None and total - have > free:
            raise DiskFullError(
                f"{self._wanted.file_name} needs {total - have} bytes more, {free} are free in {self._part.parent}",
                expected="room for the whole file",
                hint="free space, or choose another --cache",
            )

    def _write(self, response: Any, have: int) -> bool:
        """Append what comes; returns whether the answer came to its end."""
        kinds = self._transport.broken
        response.raw.enforce_content_length = (
            False  # a short body keeps what came; the length is checked here
        )
        try:
            with self._part.open("r+b" if have else "wb") as stream:
                stream.seek(have)
                stream.truncate()
                self._pour(response, stream)
        except kinds:
            return False
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise disk_full(self._part, "the disk is full") from error
            raise
        return True

    def _pour(self, response: Any, stream: IO[bytes]) -> None:
        total = self._stated_total()
        for chunk in response.iter_content(_CHUNK):
            stream.write(chunk)
            if self._progress is not None:
                self._progress(self._wanted.file_name, stream.tell(), total)

    # ------------------------------------------------------------ the part file

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        record_of(self._part).unlink(missing_ok=True)

    def _remember(self, url: str, response: Any, total: int | None) -> None:
        tag = response.headers.get("ETag", "")
        validator = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
        values = {"source": shown(url), "validator": validator, "total": total}
        write_text(record_of(self._part), json.dumps(values))

    def _read_record(self) -> dict[str, Any]:
        try:
            values = json.loads(record_of(self._part).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _stated_total(self) -> int | None:
        total = self._read_record().get("total") if self._wanted.size is None else self._wanted.size
        return total if isinstance(total, int) else None


def record_of(part: Path) -> Path:
    """Return where the record of a part file lies."""
    return part.with_name(f"{part.name}.json")


def _continues(response: Any, have: int) -> bool:
    """Return whether an answer continues the bytes at hand, by its own word (RFC 9110, section 14.4)."""
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status_code == 206 and match is not None and int(match[1]) == have


def _total(response: Any, have: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None
