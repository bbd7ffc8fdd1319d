"""The run configuration as YAML, each key with a comment that says where it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from fringeworks.model.tally import Finding
from fringeworks.workflow.snap.draft import Draft, Taken

_WIDTH: Final = 110
_ORDER: Final = (
    "inputs", "area", "method", "coregistration", "pairs", "filter", "unwrap", "products", "output", "compute",
)  # fmt: skip


def commented_run(draft: Draft, *, origin: Path, kind: str) -> str:
    """Return a run configuration as commented YAML.

    Parameters
    ----------
    draft : Draft
        What was taken, left out and found.
    origin : Path
        What it was made from.
    kind : str
        What that is.
    """
    lines = [
        *_comment(f"Fringeworks run configuration, made from {origin} ({kind})."),
        "# Look first:  fringeworks plan run.yaml      Run it:  fringeworks run run.yaml",
        "# Keys that are not here have their defaults: fringeworks config new prints them all.",
        "",
    ]
    values = draft.values()
    for name in sorted(values, key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER)):
        lines += _entry(name, values[name], path=name, taken=draft.taken, indent=0)
        lines.append("")
    if draft.findings:
        lines += ["# To check:", *_list(_finding(f) for f in draft.findings), ""]
    if draft.left_out:
        rows = (f"{row.source}: {row.what}: {row.why}" for row in draft.left_out)
        lines += ["# Without a counterpart:", *_list(rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _finding(finding: Finding) -> str:
    return f"{finding.level}: {finding.topic}: {finding.text}"


def _list(rows: Iterable[str]) -> list[str]:
    return [line for row in rows for line in _comment(f"- {row}", hanging="  ")]


def _entry(name: str, value: Any, *, path: str, taken: Mapping[str, Taken], indent: int) -> list[str]:
    pad = "  " * indent
    if isinstance(value, dict):
        inner = [
            line
            for n, v in value.items()
            for line in _entry(n, v, path=f"{path}.{n}", taken=taken, indent=indent + 1)
        ]
        return [f"{pad}{name}:", *inner]
    said = taken[path]
    lines = _comment(said.reason, pad=pad)
    if isinstance(value, list) and any(isinstance(v, str) and len(v) > 12 for v in value):
        return [*lines, f"{pad}{name}:", *(f"{pad}  - {_scalar(v)}" for v in value)]
    return [*lines, f"{pad}{name}: {_scalar(value)}"]


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000).strip()
    return text.removesuffix("...").strip()


def _comment(text: str, *, pad: str = "", hanging: str = "") -> list[str]:
    """Return a comment of as many lines as it takes; nothing in the text can end it."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    wrapped = textwrap.wrap(
        plain, _WIDTH - len(pad), subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    return [f"{pad}# {line}" for line in wrapped or [""]]
