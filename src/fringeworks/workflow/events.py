"""What a run says while it works: plain records that a terminal, a log or a service can show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    kind : str
        ``run_started``, ``step_skipped``, ``step_started``, ``step_progress``, ``step_finished``, ``message``,
        ``run_finished``, ``run_failed``.
    step : str
        Step it is about, or empty.
    done, total : int
        Units finished and in all, for progress.
    text : str
        One sentence for a person.
    """

    kind: str
    step: str = ""
    done: int = 0
    total: int = 0
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


EventSink: TypeAlias = Callable[[Event], None]


def silent(_: Event) -> None:
    """Take an event and say nothing."""
