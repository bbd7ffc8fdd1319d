"""What a step considered, used and rejected: nothing is dropped unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one kind of thing through one step.

    Attributes
    ----------
    what : str
        What is counted, in the plural: ``pixels``, ``pairs``, ``dates``.
    considered, used : int
        How many were looked at, and how many went on.
    rejected : mapping of str to int
        Reason and count; ``considered == used + sum(rejected)``.
    """

    what: str
    considered: int
    used: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "rejected", MappingProxyType({k: int(v) for k, v in self.rejected.items() if v})
        )

    def __add__(self, other: Tally) -> Tally:
        """Add the counts of another block of the same step."""
        reasons = {**self.rejected}
        for reason, count in other.rejected.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Tally(self.what, self.considered + other.considered, self.used + other.used, reasons)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "what": self.what,
            "considered": self.considered,
            "used": self.used,
            "rejected": dict(sorted(self.rejected.items())),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed that a person should read: a check passed, a doubt, or a refusal.

    Attributes
    ----------
    level : str
        ``ok``, ``note``, ``warning`` or ``error``.
    topic : str
        What it is about: ``wavelength``, ``sign``, ``disk`` ...
    text : str
        One sentence with the figures.
    """

    level: str
    topic: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return {"level": self.level, "topic": self.topic, "text": self.text}
