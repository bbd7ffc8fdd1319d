"""Where the samples of a plain TIFF lie: uncompressed strips of complex 16-bit integers, as ESA writes them.

TIFF 6.0 (Aldus, 1992), section 2, and its 64-bit form (BigTIFF).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import DamagedFileError
from fringeworks.io.safe.members import Member

MAX_ENTRIES: Final = 1_000
_SIZES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    16: 8,
    17: 8,
    18: 8,
}
_INTEGERS: Final = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}
_COMPLEX_INTEGER: Final = 5
_NO_COMPRESSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffFacts:
    """What a TIFF says of its first image.

    Attributes
    ----------
    lines, samples : int
        Size.
    is_plain : bool
        Whether it is uncompressed strips of complex 16-bit integers; else another reader has to take over.
    byte_order : str
        ``<`` or ``>``.
    rows_per_strip : int
        Lines of each strip but the last.
    offsets, counts : uint64, (strip)
        Where strips lie and how many bytes they hold; both zero where a strip was left out (all zeros).
    """

    lines: int
    samples: int
    is_plain: bool
    byte_order: str
    rows_per_strip: int
    offsets: NDArray[np.uint64]
    counts: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    kind: int
    count: int
    inline: bytes


def read_tiff_facts(member: Member) -> TiffFacts:
    """Read the directory of the first image.

    Parameters
    ----------
    member : Member
        The file.

    Raises
    ------
    DamagedFileError
        It is no TIFF, or its directory cannot be.
    """
    head = bytes(member.read(0, min(16, member.size)))
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order and len(head) >= 16 else 0
    if order is None or version not in {42, 43}:
        raise _damaged(member, "no TIFF")
    entries = _entries(member, head, order, big=version == 43)
    lines, samples = _one(member, entries, order, 257), _one(member, entries, order, 256)
    rows = min(_one(member, entries, order, 278, default=lines), max(lines, 1))
    is_plain = (
        _one(member, entries, order, 259, default=1) == _NO_COMPRESSION
        and _one(member, entries, order, 258) == 32
        and _one(member, entries, order, 277, default=1) == 1
        and _one(member, entries, order, 339, default=1) == _COMPLEX_INTEGER
        and 273 in entries
        and 279 in entries
        and rows > 0
    )
    empty = np.zeros(0, np.uint64)
    offsets = _many(member, entries[273], order) if is_plain else empty
    counts = _many(member, entries[279], order) if is_plain else empty
    facts = TiffFacts(
        lines=lines,
        samples=samples,
        is_plain=is_plain,
        byte_order=order,
        rows_per_strip=rows,
        offsets=offsets,
        counts=counts,
    )
    if is_plain:
        _check_strips(member, facts)
    return facts


def _check_strips(member: Member, facts: TiffFacts) -> None:
    n_strips = -(-facts.lines // facts.rows_per_strip)
    if facts.offsets.size != n_strips or facts.counts.size != n_strips:
        raise _damaged(
            member, f"{facts.offsets.size} strips and {facts.counts.size} sizes for {facts.lines} lines"
        )
    full = np.full(n_strips, facts.rows_per_strip * facts.samples * 4, np.uint64)
    full[-1] = (facts.lines - facts.rows_per_strip * (n_strips - 1)) * facts.samples * 4
    left_out = (facts.offsets == 0) & (facts.counts == 0)
    if ((facts.counts != full) & ~left_out).any():
        raise _damaged(member, "strips of another size than their lines take")
    if (facts.offsets > member.size).any() or (facts.offsets + facts.counts > member.size).any():
        raise _damaged(member, f"strips that reach beyond its end at {member.size}; it is truncated")


def _entries(member: Member, head: bytes, order: str, *, big: bool) -> dict[int, _Entry]:
    start = struct.unpack(f"{order}Q", head[8:16])[0] if big else struct.unpack(f"{order}I", head[4:8])[0]
    count_format, entry_format = ("Q", "HHQ8s") if big else ("H", "HHI4s")
    size = struct.calcsize(f"{order}{count_format}")
    count = struct.unpack(f"{order}{count_format}", member.read(start, size))[0]
    if not 0 < count <= MAX_ENTRIES:
        raise _damaged(member, f"a directory of {count} entries")
    step = struct.calcsize(f"{order}{entry_format}")
    data = bytes(member.read(start + size, count * step))
    entries = {}
    for tag, kind, n, inline in struct.iter_unpack(f"{order}{entry_format}", data):
        entries[tag] = _Entry(kind=kind, count=n, inline=inline)
    return entries


def _many(member: Member, entry: _Entry, order: str) -> NDArray[np.uint64]:
    if entry.kind not in _INTEGERS or not 0 < entry.count <= 2**24:
        raise _damaged(member, f"a field of {entry.count} values of type {entry.kind}")
    length = _SIZES[entry.kind] * entry.count
    data: bytes | bytearray = entry.inline
    if length > len(entry.inline):
        pointer = "Q" if len(entry.inline) == 8 else "I"
        data = member.read(struct.unpack(f"{order}{pointer}", entry.inline)[0], length)
    return np.frombuffer(data, f"{order}{_INTEGERS[entry.kind]}", count=entry.count).astype(np.uint64)


def _one(
    member: Member, entries: dict[int, _Entry], order: str, tag: int, *, default: int | None = None
) -> int:
    entry = entries.get(tag)
    if entry is None:
        if default is None:
            raise _damaged(member, f"field {tag} is missing")
        return default
    return int(_many(member, entry, order)[0])


def _damaged(member: Member, what: str) -> DamagedFileError:
    return DamagedFileError(
        f"{member.name}: {what}", expected="a sound GeoTIFF", hint="fetch the product again"
    )
