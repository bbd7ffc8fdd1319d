"""Collect the fragments of docs/changes into CHANGELOG.md at a release.

    python tools/make_changelog.py 0.1.0     write the section and remove the fragments
    python tools/make_changelog.py           print what the section would say

A fragment is one file per change; its name ends in the kind of change.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHANGES = ROOT / "docs" / "changes"
KINDS = ("added", "changed", "fixed", "removed")
MARK = "<!-- releases -->\n"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed)\.md")


def fragments(kind: str) -> list[Path]:
    """Return the fragments of one kind, in alphabetical order."""
    return sorted(CHANGES.glob(f"*.{kind}.md"))


def section(title: str) -> str:
    """Return the text of a release."""
    parts = [f"## {title}\n"]
    for kind in KINDS:
        texts = [" ".join(path.read_text(encoding="utf-8").split()) for path in fragments(kind)]
        if texts:
            parts.append(f"### {kind.capitalize()}\n\n" + "\n".join(f"- {text}" for text in texts) + "\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Print or write the next section."""
    if not arguments:
        print(section("Next release"))
        return 0
    version = arguments[0]
    path = ROOT / "CHANGELOG.md"
    head, releases = path.read_text(encoding="utf-8").split(MARK)
    today = datetime.now(tz=UTC).date().isoformat()
    path.write_text(f"{head}{MARK}\n{section(f'{version} ({today})')}{releases}", encoding="utf-8")
    for kind in KINDS:
        for fragment in fragments(kind):
            fragment.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
