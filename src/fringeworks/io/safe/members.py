"""Random access to one member of a product: plain bytes at an offset, or a deflated stream with checkpoints."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from fringeworks.errors import DamagedFileError

CHECKPOINT_BYTES: Final = 8 * 2**20
"""Unpacked bytes between two checkpoints of a deflated member; one checkpoint takes about 50 kB."""

_CHUNK: Final = 2**18


class Member(Protocol):
    """A file of which pieces can be read, from any thread."""

    @property
    def name(self) -> str:
        """Path in the product."""
        ...

    @property
    def size(self) -> int:
        """Unpacked bytes."""
        ...

    def read(self, start: int, length: int) -> bytes | bytearray:
        """Return exactly so many bytes from an offset.

        Raises
        ------
        DamagedFileError
            The file ends before, or does not unpack.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    path: Path
    offset: int
    length: int


def _read_at(place: _Place, start: int, length: int) -> bytes:
    """Return up to ``length`` bytes of a place; fewer at its end."""
    length = min(length, place.length - start)
    if length <= 0:
        return b""
    try:
        with place.path.open("rb") as stream:
            stream.seek(place.offset + start)
            return stream.read(length)
    except OSError as error:
        raise DamagedFileError(
            f"{place.path}: {error}",
            expected="a file that stays where it is while it is read",
            hint="check the disk and the path",
        ) from error


class PlainMember:
    """A file, or a stored member of a zip: its bytes lie in one piece.

    Parameters
    ----------
    path : Path
        File that holds the bytes.
    offset : int
        Where they start.
    size : int
        How many there are.
    name : str
        Path in the product.
    """

    __slots__ = ("_place", "name", "size")

    def __init__(self, path: Path, *, offset: int, size: int, name: str) -> None:
        self.name = name
        self.size = size
        self._place = _Place(path=path, offset=offset, length=size)

    def read(self, start: int, length: int) -> bytes | bytearray:
        """Return exactly so many bytes from an offset."""
        _check_inside(self, start, length)
        data = _read_at(self._place, start, length)
        if len(data) != length:
            raise _short(self, start, length, len(data))
        return data


@dataclass(slots=True)
class _Stream:
    """State of an unpacking: how far it has come in the packed and in the unpacked bytes."""

    inflater: zlib._Decompress
    packed: int = 0
    unpacked: int = 0

    def copy(self) -> _Stream:
        return _Stream(self.inflater.copy(), self.packed, self.unpacked)


@dataclass(slots=True)
class _Checkpoints:
    lock: threading.Lock = field(default_factory=threading.Lock)
    streams: list[_Stream] = field(default_factory=list)


class DeflatedMember:
    """A deflated member of a zip, read from the nearest of the checkpoints that earlier readings left.

    The first reading of a place unpacks everything before it once; later ones start at most
    :data:`CHECKPOINT_BYTES` ahead.  Threads share the checkpoints, not the unpacking.

    Parameters
    ----------
    path : Path
        The zip.
    offset : int
        Where the member's packed bytes start.
    packed_size, size : int
        Packed and unpacked bytes.
    name : str
        Path in the product.
    """

    __slots__ = ("_checkpoints", "_place", "name", "size")

    def __init__(self, path: Path, *, offset: int, packed_size: int, size: int, name: str) -> None:
        self.name = name
        self.size = size
        self._place = _Place(path=path, offset=offset, length=packed_size)
        self._checkpoints = _Checkpoints(streams=[_Stream(zlib.decompressobj(-zlib.MAX_WBITS))])

    def read(self, start: int, length: int) -> bytes | bytearray:
        """Return exactly so many bytes from an offset of the unpacked data."""
        _check_inside(self, start, length)
        stream = self._nearest(start)
        out = bytearray()
        while stream.unpacked < start + length:
            begin = stream.unpacked
            piece = self._advance(stream)
            if not piece:
                raise _short(self, start, length, len(out))
            low, high = max(start - begin, 0), start + length - begin
            out += piece[low:high]
            self._keep(stream)
        return out

    def _nearest(self, start: int) -> _Stream:
        with self._checkpoints.lock:
            return max(
                (s for s in self._checkpoints.streams if s.unpacked <= start), key=lambda s: s.unpacked
            ).copy()

    def _keep(self, stream: _Stream) -> None:
        with self._checkpoints.lock:
            last = self._checkpoints.streams[-1]
            if stream.unpacked >= last.unpacked + CHECKPOINT_BYTES:
                self._checkpoints.streams.append(stream.copy())

    def _advance(self, stream: _Stream) -> bytes:
        """Unpack one more piece; empty at the end of the stream."""
        while not stream.inflater.eof:
            packed = _read_at(self._place, stream.packed, _CHUNK)
            try:
                piece = stream.inflater.decompress(packed, 4 * _CHUNK)
            except zlib.error as error:
                raise DamagedFileError(
                    f"{self._place.path}: {self.name} does not unpack after {stream.unpacked} bytes ({error})",
                    hint="fetch the product again; the zip is damaged",
                ) from error
            stream.packed += len(packed) - len(stream.inflater.unconsumed_tail)
            stream.unpacked += len(piece)
            if piece:
                return piece
            if not packed:
                return b""
        return b""


def _check_inside(member: Member, start: int, length: int) -> None:
    if start < 0 or length < 0 or start + length > member.size:
        raise DamagedFileError(
            f"{member.name}: bytes {start} to {start + length} are wanted, it holds {member.size}",
            hint="fetch the product again; the file is truncated",
        )


def _short(member: Member, start: int, length: int, found: int) -> DamagedFileError:
    return DamagedFileError(
        f"{member.name}: {found} of {length} bytes at {start}",
        expected=f"{member.size} bytes in all",
        hint="fetch the product again; the file is truncated",
    )
