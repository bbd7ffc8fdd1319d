"""Products on disk, as snap2stamps lays them out, and the dates in names of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

_STAMP: Final = re.compile(r"(?<!\d)(\d{8})(?!\d)")
_LAUNCH: Final = date(2014, 4, 3)
_WINDOWS: Final = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\)")
_SWATH: Final = re.compile(r"(?:IW[1-3]|EW[1-5])", re.IGNORECASE)


def day_in(name: str) -> date | None:
    """Return the first day since the launch of Sentinel-1A that a file's name holds as YYYYMMDD; None without one."""
    for digits in _STAMP.findall(name.replace("T", " ")):
        try:
            day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            continue
        if day >= _LAUNCH:
            return day
    return None


def swaths_in(text: str) -> tuple[str, ...]:
    """Return the sub-swaths that a text names, in order and without repeats."""
    return tuple(sorted({word.upper() for word in _SWATH.findall(text)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How paths of a project.conf are found on this computer.

    Attributes
    ----------
    home : Path
        Folder of the project.conf; relative paths count from it.
    stated : str
        PROJECTFOLDER as written, with forward slashes and without one at the end.
    moved_to : Path, optional
        Where that folder lies now.
    """

    home: Path
    stated: str
    moved_to: Path | None = None

    def at(self, text: str) -> Path:
        """Return where a path of the project.conf lies."""
        plain = text.replace("\\", "/") if _WINDOWS.match(text) or "\\" in text else text
        plain = plain.rstrip("/") or plain
        if self.moved_to is not None and self.stated:
            inside = PurePosixPath(plain)
            if inside == PurePosixPath(self.stated) or PurePosixPath(self.stated) in inside.parents:
                return self.moved_to / inside.relative_to(self.stated)
        if self.is_foreign(text):
            return Path(plain)
        return self.home / Path(plain).expanduser()

    @staticmethod
    def is_foreign(text: str) -> bool:
        """Return whether a path is one of Windows, which names nothing here."""
        return _WINDOWS.match(text) is not None


def place_of(home: Path, stated: str, moved_to: Path | None) -> Places:
    """Return how the paths of a project are found."""
    return Places(home=home, stated=stated.replace("\\", "/").rstrip("/"), moved_to=moved_to)


@dataclass(frozen=True, slots=True)
class Found:
    """Products in a folder: the paths and patterns that name them, and what they name now."""

    patterns: tuple[str, ...]
    products: tuple[Path, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """Days of the products, in order and without repeats."""
        return tuple(sorted({day for p in self.products if (day := day_in(p.name)) is not None}))


def is_product(path: Path) -> bool:
    """Return whether a path looks like a Sentinel-1 product: a zip, or a folder that ends on .SAFE."""
    if not path.name.upper().startswith("S1"):
        return False
    return (path.suffix.lower() == ".zip" and path.is_file()) or (
        path.suffix.upper() == ".SAFE" and path.is_dir()
    )


def products_in(folder: Path) -> Found:
    """Return the products in a folder and in the folders directly below it.

    Patterns are used where they name exactly these products, so that products of later dates are seen, too.
    """
    if not folder.is_dir():
        return Found((), ())
    below = sorted(p for p in folder.iterdir() if p.is_dir() and not is_product(p))
    found = [(folder, "", p) for p in sorted(folder.iterdir()) if is_product(p)]
    found += [(folder, "*/", p) for b in below for p in sorted(b.iterdir()) if is_product(p)]
    patterns: dict[str, None] = {}
    for top, star, product in found:
        patterns[str(top / f"{star}S1*{product.suffix}")] = None
    return Found(tuple(patterns), tuple(p for _, _, p in found))


def of_day(products: Iterable[Path], day: date) -> tuple[Path, ...]:
    """Return the products of one day."""
    return tuple(p for p in products if day_in(p.name) == day)


def search_day(folders: Sequence[Path], day: date) -> tuple[Path, ...]:
    """Return the products of one day in the first of some folders that holds any."""
    for folder in folders:
        hits = of_day(products_in(folder).products, day)
        if hits:
            return hits
    return ()
