"""Checksums as archives state them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fringeworks.errors import ChecksumError

_LENGTHS: Final = MappingProxyType({"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128})
_STRENGTH: Final = ("md5", "sha1", "sha256", "sha512")
# multihash function codes and digest lengths, both as varints (multiformats table)
_MULTIHASH: Final = MappingProxyType({"d50110": "md5", "1114": "sha1", "1220": "sha256", "1340": "sha512"})


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest of a file.

    Attributes
    ----------
    algorithm : {"md5", "sha1", "sha256", "sha512"}
        How it was computed.
    value : str
        Hexadecimal, lower case.
    """

    algorithm: str
    value: str

    def as_text(self) -> str:
        """Return ``md5:0123...``."""
        return f"{self.algorithm}:{self.value}"


def read_checksum(text: str, *, algorithm: str = "") -> Checksum | None:
    """Read a checksum as archives write it; None where it is of a kind that is not computed here.

    Parameters
    ----------
    text : str
        ``md5:0123...``, a bare digest, or a multihash as the STAC ``file`` extension has it.
    algorithm : str
        Algorithm of a bare digest; guessed by its length where it is not given.
    """
    text = text.strip().lower()
    before, colon, after = text.partition(":")
    if colon:
        algorithm, text = before, after
    if not re.fullmatch(r"[0-9a-f]+", text):
        return None
    if not algorithm:
        for prefix, name in _MULTIHASH.items():
            if text.startswith(prefix) and len(text) == len(prefix) + _LENGTHS[name]:
                return Checksum(name, text[len(prefix) :])
        algorithm = next((name for name, length in _LENGTHS.items() if length == len(text)), "")
    algorithm = algorithm.lower().replace("-", "")
    if _LENGTHS.get(algorithm) != len(text):
        return None
    return Checksum(algorithm, text)


def verify(path: Path, *, size: int | None, checksums: tuple[Checksum, ...]) -> str:
    """Check a file against what its archive states.

    Parameters
    ----------
    path : Path
        The file.
    size : int, optional
        Bytes it has to hold; decides only where there is no checksum.
    checksums : tuple of Checksum
        The strongest is computed.

    Returns
    -------
    str
        What was checked: an algorithm's name, ``size``, or ``nothing`` where the archive states neither.

    Raises
    ------
    ChecksumError
        The file is another one.
    """
    found_size = path.stat().st_size
    if not checksums:
        if size is not None and found_size != size:
            raise _different(path, f"{found_size} bytes", f"{size} bytes")
        return "nothing" if size is None else "size"
    wanted = max(checksums, key=lambda c: _STRENGTH.index(c.algorithm))
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.new(wanted.algorithm, usedforsecurity=False))
    if digest.hexdigest() != wanted.value:  # archives round sizes at times, so the digest alone decides
        said = f"{wanted.algorithm} {digest.hexdigest()} and {found_size} bytes"
        raise _different(path, said, wanted.value + (f" and {size} bytes" if size is not None else ""))
    return wanted.algorithm


def _different(path: Path, found: str, expected: str) -> ChecksumError:
    return ChecksumError(
        f"{path.name.removesuffix('.part')} has {found}",
        expected=f"{expected}, as its archive states",
        hint="fetch it again; if it stays so, the archive's copy is damaged: take another --provider",
    )
