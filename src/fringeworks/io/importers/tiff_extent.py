"""How many bytes a TIFF file needs to be whole, from its directories alone (TIFF 6.0 section 2; BigTIFF)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from fringeworks.errors import DamagedFileError, MissingInputError

_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_TYPES: Final = {3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_MAX_DIRECTORIES: Final = 64
_MAX_ENTRIES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes of the fields of classic TIFF or BigTIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def entry_size(self) -> int:
        return 20 if self.big else 12


def check_whole(path: Path) -> None:
    """Refuse a TIFF file that ends before its last block of pixels does; no pixel is read.

    Raises
    ------
    MissingInputError
        There is no such file.
    DamagedFileError
        It is no TIFF, or shorter than its directories say.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}", hint="check the path")
    size = path.stat().st_size
    with path.open("rb") as file:
        needed = _needed_bytes(file, path, size)
    if needed > size:
        raise _short(path, size, needed)


def _short(path: Path, size: int, needed: int) -> DamagedFileError:
    return DamagedFileError(
        f"{path} is truncated: it has {size} bytes",
        expected=f"at least {needed} bytes, where its directory says that its last part ends",
        hint="copy or make the file again",
    )


def _needed_bytes(file: BinaryIO, path: Path, size: int) -> int:
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    magic = struct.unpack(order + "H", head[2:4])[0] if order and len(head) >= 4 else 0
    if magic not in (42, 43) or len(head) < (16 if magic == 43 else 8):
        raise DamagedFileError(
            f"{path} ({size} bytes) does not begin as a TIFF file",
            expected="a GeoTIFF",
            hint="make the file again",
        )
    layout = _Layout(order, magic == 43)
    at = struct.unpack(layout.offset, head[8:16] if layout.big else head[4:8])[0]
    needed = 0
    for _ in range(_MAX_DIRECTORIES):
        if at == 0:
            break
        end, at = _directory(file, layout, at, path=path, size=size)
        needed = max(needed, end)
    return needed


def _directory(file: BinaryIO, layout: _Layout, at: int, *, path: Path, size: int) -> tuple[int, int]:
    """Return the last byte a directory needs, and where the next one lies."""
    count_size, offset_size = struct.calcsize(layout.count), struct.calcsize(layout.offset)
    n_entries = struct.unpack(layout.count, _bytes(file, at, count_size, path=path, size=size))[0]
    if n_entries > _MAX_ENTRIES:
        raise DamagedFileError(
            f"{path} has a directory of {n_entries} entries at byte {at}",
            expected="a few dozen",
            hint="make it again",
        )
    start, length = at + count_size, n_entries * layout.entry_size
    table = _bytes(file, start, length + offset_size, path=path, size=size)
    values = {}
    for k in range(n_entries):
        entry = table[k * layout.entry_size : (k + 1) * layout.entry_size]
        tag = struct.unpack(layout.order + "H", entry[:2])[0]
        if tag in (_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
            values[tag] = _values(file, layout, entry, path=path, size=size)
    end = start + length + offset_size
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        if offsets in values and counts in values and values[offsets].size:
            stored = values[counts] > 0
            end = max(end, int(((values[offsets] + values[counts]) * stored).max()))
    return end, struct.unpack(layout.offset, table[length:])[0]


def _values(file: BinaryIO, layout: _Layout, entry: bytes, *, path: Path, size: int) -> np.ndarray:
    kind = struct.unpack(layout.order + "H", entry[2:4])[0]
    count = struct.unpack(layout.offset, entry[4 : 12 if layout.big else 8])[0]
    field = entry[12:] if layout.big else entry[8:]
    dtype = np.dtype(layout.order + _TYPES.get(kind, "u4"))
    length = count * dtype.itemsize
    if length > len(field):
        field = _bytes(file, struct.unpack(layout.offset, field)[0], length, path=path, size=size)
    return np.frombuffer(field[:length], dtype).astype(np.int64)


def _bytes(file: BinaryIO, at: int, length: int, *, path: Path, size: int) -> bytes:
    if at + length > size:
        raise _short(path, size, at + length)
    file.seek(at)
    return file.read(length)
