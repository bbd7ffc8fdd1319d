"""Which file of a GAMMA folder is what: by the ends of names and the dates in them, in any layout of folders."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from fringeworks.errors import DateOrderError, DuplicatePairError, MissingInputError, TooFewDataError
from fringeworks.model.stack import Pair

_UNWRAPPED: Final = re.compile(r"(^|[._-])unw([._-][a-z_.-]*)?\.tiff?$", re.IGNORECASE)
_COHERENCE: Final = re.compile(r"(^|[._-])(cc|coh|coherence)([._-][a-z_.-]*)?\.tiff?$", re.IGNORECASE)
_HEIGHT: Final = re.compile(r"(^|[._-])(dem|hgt|height)\.tiff?$", re.IGNORECASE)
_IMAGE_HEADER: Final = re.compile(r"(^|[._-])r?(mli|slc)\.par$", re.IGNORECASE)
_BASELINE: Final = re.compile(r"(^|[._-])base\.par$", re.IGNORECASE)
_PERPENDICULAR: Final = re.compile(r"(^|[._-])bperp\.par$", re.IGNORECASE)
_MAP_HEADER: Final = re.compile(r"(^|[._-])dem(_seg)?\.par$", re.IGNORECASE)
_TABLE: Final = re.compile(r"(\.lt|\.lt_fine|_to_rdc)$", re.IGNORECASE)
_DATE: Final = re.compile(r"(?<!\d)(\d{8})(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFiles:
    """Files of one pair; None where there is none.

    Attributes
    ----------
    pair : Pair
        Dates, from the name of the unwrapped file.
    unwrapped : Path
        Unwrapped phase.
    coherence, baseline, perpendicular : Path, optional
        Coherence, baseline vector, table of perpendicular baselines.
    """

    pair: Pair
    unwrapped: Path
    coherence: Path | None
    baseline: Path | None
    perpendicular: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaFiles:
    """What a folder holds.

    Attributes
    ----------
    root : Path
        The folder.
    pairs : tuple of PairFiles
        In the order of pairs.
    headers : dict of date to tuple of Path
        Image parameter files of each date, multilooked ones first.
    heights, tables, map_headers : tuple of Path
        DEM rasters, look-up tables, map parameter files.
    undated : tuple of Path
        Unwrapped rasters without two dates in their names; they are not used.
    """

    root: Path
    pairs: tuple[PairFiles, ...]
    headers: dict[date, tuple[Path, ...]]
    heights: tuple[Path, ...]
    tables: tuple[Path, ...]
    map_headers: tuple[Path, ...]
    undated: tuple[Path, ...]


def dates_in(name: str) -> tuple[date, ...]:
    """Return the dates written YYYYMMDD in a name, in the order they stand there."""
    found = []
    for text in _DATE.findall(name):
        try:
            found.append(datetime.strptime(text + "+0000", "%Y%m%d%z").date())
        except ValueError:
            continue
    return tuple(found)


def holds_unwrapped(root: Path) -> bool:
    """Return whether a folder holds, somewhere below it, a dated unwrapped GeoTIFF and an image parameter file."""
    raster = header = False
    for path in _walk(root):
        raster = raster or (bool(_UNWRAPPED.search(path.name)) and len(dates_in(path.name)) >= 2)
        header = header or bool(_IMAGE_HEADER.search(path.name))
        if raster and header:
            return True
    return False


def find_files(root: Path) -> GammaFiles:
    """Sort the files below a folder.

    Raises
    ------
    MissingInputError
        The folder is not there or may not be read.
    TooFewDataError
        It holds no unwrapped GeoTIFF.
    DateOrderError
        A name holds the later date first.
    DuplicatePairError
        Two files hold the same pair.
    """
    _check_folder(root)
    paths = sorted(_walk(root))
    unwrapped = [p for p in paths if _UNWRAPPED.search(p.name)]
    dated = [p for p in unwrapped if len(dates_in(p.name)) >= 2]
    if not dated:
        raise TooFewDataError(
            f"no unwrapped interferogram among the {len(paths)} files below {root}",
            expected="GeoTIFFs such as 20180106-20180130_eqa_unw.tif, with two dates in the name",
            hint="check inputs.interferograms.path, and that phases were exported as GeoTIFF",
        )
    by_pair = _by_pair(dated)
    coherence = _beside(paths, _COHERENCE)
    baseline, table = _beside(paths, _BASELINE), _beside(paths, _PERPENDICULAR)
    return GammaFiles(
        root=root,
        pairs=tuple(
            PairFiles(
                pair=pair,
                unwrapped=path,
                coherence=coherence.get(pair),
                baseline=baseline.get(pair),
                perpendicular=table.get(pair),
            )
            for pair, path in sorted(by_pair.items())
        ),
        headers=_headers(paths),
        heights=tuple(p for p in paths if _HEIGHT.search(p.name)),
        tables=tuple(p for p in paths if _TABLE.search(p.name)),
        map_headers=tuple(p for p in paths if _MAP_HEADER.search(p.name)),
        undated=tuple(p for p in unwrapped if p not in set(dated)),
    )


def _check_folder(root: Path) -> None:
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise MissingInputError(
            f"{root} {what}", expected="a folder", hint="check inputs.interferograms.path"
        )
    if not os.access(root, os.R_OK | os.X_OK):
        raise MissingInputError(f"{root} may not be read", hint="check the folder's permissions")


def _walk(root: Path) -> list[Path]:
    """Return every file below a folder, through links too, each folder once."""
    found, seen = [], set()
    for folder, below, names in os.walk(root, followlinks=True):
        real = Path(folder).resolve()
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return found


def pair_of(path: Path) -> Pair:
    """Return the pair in a file's name, the first two dates in it.

    Raises
    ------
    DateOrderError
        The first date is not the earlier one.
    """
    first, second = dates_in(path.name)[:2]
    if first >= second:
        raise DateOrderError(
            f"{path} names {first} before {second}",
            expected="the earlier date first, as the phase is formed",
            hint="rename the file if the name is wrong; form the pair again, or change its sign, if it is right",
        )
    return Pair(first, second)


def _by_pair(paths: list[Path]) -> dict[Pair, Path]:
    found: dict[Pair, Path] = {}
    for path in paths:
        pair = pair_of(path)
        if pair in found:
            raise DuplicatePairError(
                f"pair {pair} is given twice: {found[pair]} and {path}",
                expected="one unwrapped file a pair",
                hint="remove one of the two files",
            )
        found[pair] = path
    return found


def _beside(paths: list[Path], pattern: re.Pattern[str]) -> dict[Pair, Path]:
    """Return the first file of each pair; those that name their dates backwards belong to nobody."""
    found: dict[Pair, Path] = {}
    for path in paths:
        days = dates_in(path.name)[:2]
        if pattern.search(path.name) and len(days) == 2 and days[0] < days[1]:
            found.setdefault(Pair(*days), path)
    return found


def _headers(paths: list[Path]) -> dict[date, tuple[Path, ...]]:
    found: dict[date, list[Path]] = {}
    for path in paths:
        days = dates_in(path.name)
        if _IMAGE_HEADER.search(path.name) and len(days) == 1:
            found.setdefault(days[0], []).append(path)
    return {
        day: tuple(sorted(group, key=lambda p: ("mli" not in p.name.lower(), p)))
        for day, group in found.items()
    }
