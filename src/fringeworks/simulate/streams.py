"""Named streams of random numbers, so that one part of a simulation never shifts the numbers of another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """Independent generators by name and index, all from one root.

    Attributes
    ----------
    root : tuple of int
        Four 32-bit words of entropy.
    """

    root: tuple[int, ...]

    @classmethod
    def rooted(cls, rng: np.random.Generator) -> Streams:
        """Draw a root from a generator (it advances by four numbers)."""
        return cls(tuple(int(word) for word in rng.integers(0, 2**32, size=4)))

    def of(self, name: str, *index: int) -> np.random.Generator:
        """Return the generator of a name and an index; the same one every time."""
        key = (zlib.crc32(name.encode()), *index)
        return np.random.default_rng(np.random.SeedSequence(self.root, spawn_key=key))
