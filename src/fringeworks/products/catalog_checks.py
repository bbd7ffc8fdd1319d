"""Check that a static STAC catalogue holds together: links, assets, sizes, sums."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fringeworks.io.files import sha256_of
from fringeworks.model.tally import Finding

_FOLLOWED: Final = frozenset({"child", "item"})
_LOCAL: Final = frozenset({"root", "parent", "collection", "child", "item"})
_SHA256: Final = "1220"


def check_catalog(root: Path) -> Iterator[Finding]:
    """Walk a catalogue from its root.

    Parameters
    ----------
    root : Path
        ``catalog.json``.

    Yields
    ------
    Finding
        An ``error`` for each document, link or asset that does not hold; one ``ok`` when all do.
    """
    faults, n_documents, n_assets = 0, 0, 0
    queue, seen = [root], set()
    while queue:
        path = queue.pop(0)
        if path in seen:
            continue
        seen.add(path)
        document = _read(path)
        if document is None:
            yield Finding("error", "catalogue", f"{path.name} in {path.parent} is absent or does not parse")
            faults += 1
            continue
        n_documents += 1
        n_assets += len(document.get("assets", {}))
        for text in (*_links(path, document, queue), *_assets(path, document)):
            yield Finding("error", "catalogue", text)
            faults += 1
    if not faults:
        yield Finding(
            "ok", "catalogue", f"{n_documents} documents and {n_assets} assets: all links and sums hold"
        )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _links(path: Path, document: dict[str, Any], queue: list[Path]) -> Iterator[str]:
    for link in document.get("links", []):
        if link.get("rel") not in _LOCAL:
            continue
        target = (path.parent / str(link.get("href"))).resolve()
        if not target.is_file():
            yield f"{document.get('id')}: link {link['rel']} to {link.get('href')} leads nowhere"
        elif link["rel"] in _FOLLOWED:
            queue.append(target)


def _assets(path: Path, document: dict[str, Any]) -> Iterator[str]:
    for key, asset in document.get("assets", {}).items():
        target = path.parent / str(asset.get("href"))
        if not target.is_file():
            yield f"{document.get('id')}: asset {key} ({asset.get('href')}) is absent"
            continue
        size, checksum = asset.get("file:size"), asset.get("file:checksum", "")
        if size is not None and size != target.stat().st_size:
            yield f"{document.get('id')}: asset {key} has {target.stat().st_size} bytes, the catalogue says {size}"
        elif checksum.startswith(_SHA256) and checksum != _SHA256 + sha256_of(target):
            yield f"{document.get('id')}: asset {key} has another digest than the catalogue says"
