"""A configuration in the making: what was taken from where, what has no counterpart, what to check."""

from __future__ import annotations

import typing
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

import shapely

from fringeworks.model.tally import Finding
from fringeworks.workflow.config import RunConfig


@dataclass(frozen=True, slots=True)
class Taken:
    """A key of the configuration and where its value comes from.

    Attributes
    ----------
    key : str
        Keys from the top, joined by dots.
    value : any
        Plain value.
    source : str
        What said it, such as ``project.conf: IW1 = IW2``; empty where nothing did.
    note : str
        What a person should know of it; may be empty.
    """

    key: str
    value: Any
    source: str
    note: str = ""

    @property
    def reason(self) -> str:
        """Source and note as one text."""
        return "; ".join(part for part in (self.source, self.note) if part)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was said and has no counterpart.

    Attributes
    ----------
    source : str
        Where it stands.
    what : str
        What it says.
    why : str
        What is done instead, or that nothing is.
    """

    source: str
    what: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return asdict(self)


def has_key(key: str) -> bool:
    """Return whether the run configuration of this version has a key, written with dots."""
    kind: Any = RunConfig
    for name in key.split("."):
        hints = typing.get_type_hints(kind) if is_dataclass(kind) else {}
        if name not in hints:
            return False
        kind = hints[name]
    return True


@dataclass(slots=True)
class Draft:
    """Collects a configuration; the first to say a key wins, and who contradicts it is reported."""

    taken: dict[str, Taken] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def take(self, key: str, value: Any, *, source: str, note: str = "") -> None:
        """Set a key, unless it is set already or this version does not know it."""
        if not has_key(key):
            self.leave(source, f"{key} = {value}", "this version has no such key")
            return
        before = self.taken.get(key)
        if before is None:
            self.taken[key] = Taken(key, value, source, note)
        elif before.value != value:
            text = f"{source} would set {key} to {value}; it stays {before.value}, as {before.source} says"
            self.check("warning", "contradiction", text)

    def leave(self, source: str, what: str, why: str) -> None:
        """Record what has no counterpart; the same is recorded once."""
        row = LeftOut(source, what, why)
        if not any((r.what, r.why) == (what, why) for r in self.left_out):
            self.left_out.append(row)

    def check(self, level: str, topic: str, text: str) -> None:
        """Record what a person should look at; the same is recorded once."""
        finding = Finding(level, topic, text)
        if finding not in self.findings:
            self.findings.append(finding)

    def says(self, key: str) -> Any:
        """Return the value of a key, or None."""
        return self.taken[key].value if key in self.taken else None

    def dem_command(self) -> str:
        """Return the command that fetches an elevation model for the area, with the area's box where it is known."""
        box = self.says("area.bbox")
        if box is None and self.says("area.wkt"):
            box = list(shapely.from_wkt(self.says("area.wkt")).bounds)
        corners = ",".join(f"{v:g}" for v in box) if box else "WEST,SOUTH,EAST,NORTH"
        return f"fringeworks get dem --bbox {corners} --to dem"

    def values(self) -> dict[str, Any]:
        """Return the configuration as nested plain values."""
        nested: dict[str, Any] = {}
        for key, taken in self.taken.items():
            *above, name = key.split(".")
            place = nested
            for part in above:
                place = place.setdefault(part, {})
            place[name] = taken.value
        return nested
