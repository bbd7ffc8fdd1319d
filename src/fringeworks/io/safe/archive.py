"""A SAFE product as a folder or a zip, read without unpacking and without trust.

Nothing is kept open between two readings: a product costs no file handle while it lies idle, and any number of threads
may read from it at once.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final, Protocol

from fringeworks.errors import (
    DamagedFileError,
    InputRefusedError,
    MissingInputError,
    UnsafeInputError,
    UnsupportedInputError,
)
from fringeworks.io.safe.members import DeflatedMember, Member, PlainMember
from fringeworks.io.safe.tree import MAX_XML_BYTES

MAX_MEMBERS: Final = 20_000
"""Largest number of members of a zip; real products hold fewer than a hundred."""

MAX_RATIO: Final = 100
"""Largest compression ratio of a text member above 1 MiB; real annotation reaches 10."""

_MANIFEST: Final = "manifest.safe"


class Archive(Protocol):
    """The files of one product, by their path below its root, with ``/`` between folders."""

    @property
    def path(self) -> Path:
        """The zip or the folder."""
        ...

    @property
    def name(self) -> str:
        """Name of the product's root folder, or of the zip where the root has none."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """Every file."""
        ...

    def read(self, name: str) -> bytes:
        """Return a text member whole; it has to be small."""
        ...

    def member(self, name: str) -> Member:
        """Return a member to read pieces of."""
        ...

    def gdal_location(self, name: str) -> str:
        """Return a member's path as GDAL spells it."""
        ...


def safe_name(href: str, *, file: str) -> str:
    """Return a path inside the product from a reference in its manifest or from a zip's directory.

    Parameters
    ----------
    href : str
        The reference, relative to the root.
    file : str
        Where it stands, for messages.

    Raises
    ------
    UnsafeInputError
        It is absolute, climbs out of the root, is a URL, or holds characters no product has.
    """
    parts = PurePosixPath(href).parts
    bad = (
        not parts
        or href.startswith("/")
        or ".." in parts
        or any(c in href for c in "\\:\0")
        or any(ord(c) < 32 for c in href)
        or len(href) > 1024
    )
    if bad:
        raise UnsafeInputError(
            f"{file}: a reference to {href[:120]!r}",
            expected="a path below the product's own root",
            hint="do not use this product; fetch it again from a source you trust",
        )
    return "/".join(parts)


class FolderArchive:
    """A product that lies unpacked in a folder.

    Parameters
    ----------
    path : Path
        The folder that holds ``manifest.safe``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.resolve().name
        self._root = path.resolve()
        if not (path / _MANIFEST).is_file():
            raise _no_manifest(path)
        self._names: frozenset[str] | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every file below the folder; listed once."""
        if self._names is None:
            self._names = frozenset(self._walk())
        return self._names

    def _walk(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.path):
            below = Path(folder).relative_to(self.path)
            yield from ((below / file).as_posix() for file in files)

    def _locate(self, name: str) -> Path:
        target = self.path / safe_name(name, file=self.name)
        if not target.is_file():
            raise _missing(name, self.path)
        if not target.resolve().is_relative_to(self._root):
            raise UnsafeInputError(
                f"{target} is a link to a place outside the product",
                expected="the file itself",
                hint="copy the file into the product's folder, or give the folder it really lies in",
            )
        return target

    def read(self, name: str) -> bytes:
        """Return a text file whole."""
        target = self._locate(name)
        _check_text_size(name, target.stat().st_size)
        return target.read_bytes()

    def member(self, name: str) -> Member:
        """Return a file to read pieces of."""
        target = self._locate(name)
        return PlainMember(target, offset=0, size=target.stat().st_size, name=name)

    def gdal_location(self, name: str) -> str:
        """Return the file's path."""
        return str(self._locate(name))


class ZipArchive:
    """A product in a zip; its directory is read once, its members in place.

    Parameters
    ----------
    path : Path
        The zip.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as archive:
            infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise UnsafeInputError(
                f"{path}: a zip of {len(infos)} members", expected=f"at most {MAX_MEMBERS}"
            )
        root, members = _members(infos, path)
        self.name = root or path.name
        self._members = members

    @property
    def names(self) -> frozenset[str]:
        """Every file below the product's root."""
        return frozenset(self._members)

    @contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        with _zip_errors(self.path), zipfile.ZipFile(self.path) as archive:
            yield archive

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._members.get(safe_name(name, file=self.name))
        if info is None:
            raise _missing(name, self.path)
        if info.flag_bits & 0x1:
            raise UnsupportedInputError(
                f"{self.path}: {name} is encrypted", expected="a zip without password"
            )
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnsupportedInputError(
                f"{self.path}: {name} is packed by method {info.compress_type}",
                expected="stored or deflated members",
                hint="unpack the product and give its folder",
            )
        return info

    def read(self, name: str) -> bytes:
        """Return a text member whole, its checksum verified; refuse one that grows out of measure."""
        info = self._info(name)
        _check_text_size(name, info.file_size)
        if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise UnsafeInputError(
                f"{self.path}: {name} grows from {info.compress_size} to {info.file_size} bytes",
                expected=f"at most {MAX_RATIO} times",
            )
        with self._open() as archive, archive.open(info) as stream:
            data = stream.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise _damaged(self.path, f"{name} holds {len(data)} bytes, its directory says {info.file_size}")
        return data

    def member(self, name: str) -> Member:
        """Return a member to read pieces of; nothing is unpacked."""
        info = self._info(name)
        offset = self._data_offset(info)
        if info.compress_type == zipfile.ZIP_STORED:
            return PlainMember(self.path, offset=offset, size=info.file_size, name=name)
        return DeflatedMember(
            self.path, offset=offset, packed_size=info.compress_size, size=info.file_size, name=name
        )

    def gdal_location(self, name: str) -> str:
        """Return the member's path in GDAL's virtual file system."""
        return f"/vsizip/{{{self.path.resolve()}}}/{self._info(name).filename}"

    def _data_offset(self, info: zipfile.ZipInfo) -> int:
        """Return where a member's data start, by its local header (PKWARE APPNOTE 4.3.7)."""
        with self.path.open("rb") as stream:
            stream.seek(info.header_offset)
            header = stream.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise _damaged(self.path, f"no member header at {info.header_offset}")
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        offset: int = info.header_offset + 30 + name_length + extra_length
        packed = info.compress_size if info.compress_type else info.file_size
        if offset + packed > self.path.stat().st_size:
            raise _damaged(self.path, f"{info.filename} reaches beyond the end of the zip")
        return offset


def open_archive(path: str | Path) -> Archive:
    """Open a product: its folder, its ``manifest.safe``, or its zip.

    Raises
    ------
    MissingInputError
        There is nothing at the path, or no ``manifest.safe`` in it.
    DamagedFileError
        The zip is truncated or no zip.
    UnsafeInputError
        The zip holds members that lead out of it, or the same member twice.
    """
    path = Path(path)
    if path.name == _MANIFEST and path.is_file():
        path = path.parent
    if path.is_dir():
        return FolderArchive(path)
    if not path.is_file():
        raise MissingInputError(f"{path}: nothing there", expected="a SAFE folder or zip")
    return ZipArchive(path)


def _members(infos: list[zipfile.ZipInfo], path: Path) -> tuple[str, MappingProxyType[str, zipfile.ZipInfo]]:
    """Return the root folder and the files below it, by path."""
    files: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if info.is_dir():
            continue
        name = safe_name(info.filename, file=str(path))
        if name in files:
            raise UnsafeInputError(
                f"{path}: member {name} stands in the zip twice", expected="each member once"
            )
        files[name] = info
    roots = [name for name in files if name.rpartition("/")[2] == _MANIFEST]
    if not roots:
        raise _no_manifest(path)
    if len(roots) > 1:
        raise UnsupportedInputError(
            f"{path}: {len(roots)} products in one zip", expected="one", hint="pack each product by itself"
        )
    root = roots[0].rpartition("/")[0]
    prefix = f"{root}/" if root else ""
    return root.rpartition("/")[2], MappingProxyType(
        {name[len(prefix) :]: info for name, info in files.items() if name.startswith(prefix)}
    )


@contextmanager
def _zip_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except InputRefusedError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError, OSError) as error:
        raise _damaged(path, str(error)[:200]) from error
    except (struct.error, NotImplementedError, RuntimeError, OverflowError, zlib.error) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}"[:200]) from error


def _check_text_size(name: str, size: int) -> None:
    if size > MAX_XML_BYTES:
        raise UnsafeInputError(
            f"{name} holds {size} bytes", expected=f"at most {MAX_XML_BYTES} in a text file"
        )


def _missing(name: str, path: Path) -> MissingInputError:
    return MissingInputError(
        f"{path}: {name} is not in it",
        expected="the file the manifest lists",
        hint="fetch the whole product, or leave out what needs this file",
    )


def _no_manifest(path: Path) -> MissingInputError:
    return MissingInputError(
        f"{path}: no {_MANIFEST}", expected="a SAFE product", hint="give the .SAFE folder or its zip"
    )


def _damaged(path: Path, what: str) -> DamagedFileError:
    return DamagedFileError(f"{path}: {what}", expected="a sound zip", hint="fetch the product again")
