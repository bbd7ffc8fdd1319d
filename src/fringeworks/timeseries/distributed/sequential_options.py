"""Temporary."""
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class SequentialOptions:
    """Temporary."""
