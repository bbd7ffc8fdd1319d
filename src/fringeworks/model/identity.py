"""Who took an image, when, and which piece of the ground it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from fringeworks.errors import OutOfRangeError

N_TRACKS: Final = 175
"""Orbits in one repeat cycle of Sentinel-1, hence the number of tracks (relative orbits)."""


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """A satellite, and what has to be known of it that no product says.

    Attributes
    ----------
    name : str
        ``S1A`` ...
    orbit_offsets : tuple of (int, int)
        First absolute orbit from which an offset holds, and the offset: track = (absolute - offset) mod 175 + 1.
        Used only to cross-check the track that a manifest states; empty where nothing is known.
    """

    name: str
    orbit_offsets: tuple[tuple[int, int], ...] = ()

    @classmethod
    def named(cls, name: str) -> Platform:
        """Return the platform of a name; one we do not know yet is accepted with no facts attached.

        Raises
        ------
        OutOfRangeError
            The name is not of the kind ``S1A``.
        """
        key = name.strip().upper()
        if not re.fullmatch(r"S1[A-Z]", key):
            raise OutOfRangeError(f"platform {name[:40]!r}", expected="a name such as S1A")
        return PLATFORMS.get(key, cls(key))

    @property
    def is_known(self) -> bool:
        """Whether the platform stands in the table :data:`PLATFORMS`."""
        return self.name in PLATFORMS

    def relative_orbit(self, absolute_orbit: int) -> int | None:
        """Return the track number an absolute orbit should have, or None where the offset is not known."""
        offsets = [offset for first, offset in self.orbit_offsets if absolute_orbit >= first]
        return (absolute_orbit - offsets[-1]) % N_TRACKS + 1 if offsets else None

    def __str__(self) -> str:
        """Return the name."""
        return self.name


PLATFORMS: Final = MappingProxyType(
    {
        "S1A": Platform("S1A", ((0, 73),)),
        "S1B": Platform("S1B", ((0, 27),)),
        "S1C": Platform("S1C", ((0, 172), (8019, 99))),
        "S1D": Platform("S1D", ((0, 42),)),
    }
)
"""The only list of satellites in the house.

Offsets as ESA publishes them under "SAR naming convention"; S1C changed its place in the constellation between 8
and 24 June 2026, its last orbit before was 8018.
"""


class Polarisation(StrEnum):
    """Transmitted, then received."""

    VV = "VV"
    VH = "VH"
    HH = "HH"
    HV = "HV"


class PassDirection(StrEnum):
    """Direction of flight over the ground."""

    ASCENDING = "ascending"
    DESCENDING = "descending"


class Swath(StrEnum):
    """Sub-swaths of the burst modes (IW, EW) and beams of strip map (S1 to S6)."""

    IW1 = "IW1"
    IW2 = "IW2"
    IW3 = "IW3"
    EW1 = "EW1"
    EW2 = "EW2"
    EW3 = "EW3"
    EW4 = "EW4"
    EW5 = "EW5"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"
    S6 = "S6"

    @property
    def mode(self) -> str:
        """``IW``, ``EW`` or ``SM``."""
        return self.value[:2] if len(self.value) == 3 else "SM"

    @property
    def number(self) -> int:
        """Number of the sub-swath or beam."""
        return int(self.value[-1])


@dataclass(frozen=True, slots=True, order=True)
class BurstId:
    """A piece of ground that one sub-swath images again and again.

    Attributes
    ----------
    relative_orbit : int
        Track, 1 to 175.
    number : int
        Burst number within the repeat cycle, as ESA counts them, from 1.
    swath : Swath
        Sub-swath.

    Raises
    ------
    OutOfRangeError
        Track, number or sub-swath cannot be.
    """

    relative_orbit: int
    number: int
    swath: Swath

    def __post_init__(self) -> None:
        if not 1 <= self.relative_orbit <= N_TRACKS or not 1 <= self.number <= 999_999:
            raise OutOfRangeError(
                f"burst {self.number} of track {self.relative_orbit}",
                expected=f"track 1 to {N_TRACKS}, burst number 1 to 999999",
            )
        if self.swath.mode == "SM":
            raise OutOfRangeError(f"a burst in {self.swath}", expected="a sub-swath of IW or EW")

    @property
    def esa(self) -> str:
        """ESA's spelling, as the archives carry it: ``071_151224_IW2``."""
        return f"{self.relative_orbit:03d}_{self.number:06d}_{self.swath}"

    @property
    def opera(self) -> str:
        """OPERA's spelling in file names: ``T071-151224-IW2``."""
        return f"T{self.relative_orbit:03d}-{self.number:06d}-{self.swath}"

    @property
    def jpl(self) -> str:
        """OPERA's spelling in its tables: ``t071_151224_iw2``."""
        return f"t{self.relative_orbit:03d}_{self.number:06d}_{self.swath.lower()}"

    @classmethod
    def parse(cls, text: str) -> BurstId:
        """Read any of the three spellings.

        Raises
        ------
        OutOfRangeError
            The text is none of them.
        """
        match = re.fullmatch(r"[Tt]?(\d{3})[-_](\d{6})[-_]((?:[Ii]|[Ee])[Ww][1-5])", text.strip())
        if match is None or match[3].upper() not in Swath.__members__:
            raise OutOfRangeError(
                f"burst id {text[:60]!r}",
                expected="071_151224_IW2, T071-151224-IW2 or t071_151224_iw2",
            )
        return cls(int(match[1]), int(match[2]), Swath(match[3].upper()))

    def __str__(self) -> str:
        """Return OPERA's spelling in file names."""
        return self.opera


_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,9})\d*)?(?:Z|\+00:00)?", re.ASCII
)
_NANO: Final = 1_000_000_000


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """An instant in UTC, counted in whole nanoseconds; leap seconds are not counted (as POSIX does).

    Attributes
    ----------
    nanoseconds : int
        Since 1970-01-01T00:00:00 UTC.
    """

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> Instant:
        """Read ISO 8601, with or without a fraction, optionally with ``Z``, ``+00:00`` or the EOF prefix ``UTC=``.

        Raises
        ------
        OutOfRangeError
            The text is no such instant.
        """
        match = _INSTANT.fullmatch(text.strip().removeprefix("UTC="))
        day = None if match is None else _day(match[1])
        if match is None or day is None:
            raise OutOfRangeError(f"instant {text[:60]!r}", expected="UTC as 2023-01-08T13:52:56.896927")
        whole = round(day.timestamp()) + 3600 * int(match[2]) + 60 * int(match[3]) + int(match[4])
        return cls(whole * _NANO + int((match[5] or "0").ljust(9, "0")))

    @property
    def whole_second(self) -> Instant:
        """The last whole second not after this instant."""
        return Instant(self.nanoseconds // _NANO * _NANO)

    def seconds_since(self, epoch: Instant | str) -> float:
        """Return the seconds from ``epoch`` to this instant; exact to float64 (0.2 ns over a day)."""
        start = Instant.parse(epoch) if isinstance(epoch, str) else epoch
        return (self.nanoseconds - start.nanoseconds) / _NANO

    def plus(self, seconds: float) -> Instant:
        """Return the instant so many seconds later, to the nearest nanosecond."""
        return Instant(self.nanoseconds + round(seconds * _NANO))

    @property
    def datetime64(self) -> np.datetime64:
        """The instant as ``datetime64[ns]``."""
        return np.datetime64(self.nanoseconds, "ns")

    @property
    def iso(self) -> str:
        """ISO 8601 without a zone; the fraction only where there is one, in microseconds or nanoseconds."""
        whole, fraction = divmod(self.nanoseconds, _NANO)
        text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        if not fraction:
            return text
        return f"{text}.{fraction // 1000:06d}" if fraction % 1000 == 0 else f"{text}.{fraction:09d}"

    def __str__(self) -> str:
        """Return ISO 8601."""
        return self.iso


@dataclass(frozen=True, slots=True, order=True)
class AcquisitionKey:
    """What makes an acquisition (one data take of one satellite) distinct from all others.

    Attributes
    ----------
    start : Instant
        Start of the piece at hand.
    platform : Platform
        Satellite.
    absolute_orbit : int
        Orbit number since launch.
    datatake : str
        Data take in six hexadecimal digits, upper case, as in product names.
    """

    start: Instant
    platform: Platform
    absolute_orbit: int
    datatake: str

    def __str__(self) -> str:
        """Return ``S1A_20230108T135256_046693_0598D3``."""
        stamp = self.start.whole_second.iso.replace("-", "").replace(":", "")
        return f"{self.platform}_{stamp}_{self.absolute_orbit:06d}_{self.datatake}"
