"""What the pages share: templates, style, and how pictures, checks and counts are handed to them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report.palette import Picture
from fringeworks.products.report.words import count

_HERE: Final = Path(__file__).parent
_WEIGHT: Final = {"error": 0, "warning": 1, "note": 2, "ok": 3}


def template_named(name: str) -> Template:
    """Return a template of this folder; a name it does not know is an error, all text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def file_text(name: str) -> Markup:
    """Return a file of this folder as it stands, for style and script."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))


def shown(picture: Picture) -> dict[str, Any]:
    """Return what a template needs of a picture."""
    return {
        "name": picture.name,
        "svg": Markup(picture.svg),
        "caption": picture.caption,
        "wide": picture.wide,
    }


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, errors first."""
    return sorted(findings, key=lambda f: _WEIGHT.get(f.level, 2))


def tally_row(tally: Tally) -> dict[str, str]:
    """Return a tally as text."""
    rejected = "; ".join(f"{count(n)} {reason}" for reason, n in sorted(tally.rejected.items()))
    return {
        "what": tally.what,
        "considered": count(tally.considered),
        "used": count(tally.used),
        "rejected": rejected or "none",
    }
