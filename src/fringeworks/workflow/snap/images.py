"""The images of a snap2stamps project: products of all dates, and the date that the others are aligned with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.products import Found, day_in, products_in, search_day, swaths_in
from fringeworks.workflow.snap.settings import ProjectFacts

_FOLDER: Final = {1: "slaves", 2: "secondaries"}
"""Where each version keeps all images but the reference."""
_SPLIT: Final = "MasterSplit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What was found.

    Attributes
    ----------
    days : tuple of date
        Days of all products, in order.
    reference : date, optional
        The date the others are aligned with, where the project names one.
    n_split : int
        Parts the reference was split into: one for each sub-swath; 0 where it was not split yet.
    """

    days: tuple[date, ...]
    reference: date | None
    n_split: int


def take_images(facts: ProjectFacts, draft: Draft) -> Images:
    """Translate the project's folders into inputs.slc and coregistration.reference_date."""
    name = _FOLDER[facts.project.version]
    folder = facts.root / name
    found = products_in(folder)
    own, own_products, day, source = _reference(facts, found)
    patterns = [*(found.patterns or _expected(draft, folder)), *own.patterns]
    days = {*found.days, *own.days}
    if day is not None:
        draft.take("coregistration.reference_date", day.isoformat(), source=source)
        if day not in days:
            patterns += _product_of(draft, day, own_products)
            days.add(day)
    else:
        _say_no_reference(facts, draft)
    here = sorted({*found.days, *own.days})
    what = f"{len(found.products) + len(own.products)} products now"
    span = f", {here[0]} to {here[-1]}" if here else ""
    source = f"{facts.project.path.name}: PROJECTFOLDER/{name}" + (
        " and the reference's products" if own.patterns else ""
    )
    draft.take("inputs.slc", patterns, source=source, note=what + span)
    _say_few(draft, found)
    split = sorted((facts.root / _SPLIT).glob("*.dim"))
    swaths = swaths_in(" ".join(p.stem for p in split))
    if facts.project.version == 2 and swaths:
        draft.take("inputs.swaths", list(swaths), source=f"names in PROJECTFOLDER/{_SPLIT}")
    if facts.project.version == 1:
        _say_name(facts, draft, day)
    return Images(days=tuple(sorted(days)), reference=day, n_split=len(split))


def _expected(draft: Draft, folder: Path) -> list[str]:
    """Return the pattern of the layout where nothing is found now."""
    why = "holds no product" if folder.is_dir() else "is not there"
    text = f"{folder} {why}: inputs.slc names the products by where snap2stamps expects them; correct it"
    draft.check("warning", "images", text)
    return [str(folder / "*" / "S1*.zip")]


_Reference = tuple[Found, Sequence[Path], date | None, str]


def _reference(facts: ProjectFacts, found: Found) -> _Reference:
    """Return products in the reference's own folder, folders to look in, its day, and what says so."""
    key = "MASTER" if facts.project.text("MASTER") else "MASTERFOLDER"
    stated = facts.project.text(key)
    nothing = Found((), ())
    if not stated:
        return nothing, (), *_selected(facts, found)
    path = facts.path(key)
    home = path if path.is_dir() else path.parent
    around = (home, home.parent, facts.root / "master", facts.root / "Master", facts.root)
    day = day_in(facts.name(key))
    if facts.project.version == 1:
        return nothing, around, day, facts.source(key)
    inside = products_in(home) if home.is_dir() and home != facts.root else nothing
    if home.name == _FOLDER[2]:
        inside = nothing
    if len(inside.days) == 1:
        return inside, around, inside.days[0], f"the products in {key}"
    for split in sorted((facts.root / _SPLIT).glob("*.dim")):
        if (of_split := day_in(split.name)) is not None:
            return nothing, around, of_split, f"names in PROJECTFOLDER/{_SPLIT}"
    if day is not None:
        return nothing, around, day, facts.source(key)
    return nothing, around, *_selected(facts, found)


def _selected(facts: ProjectFacts, found: Found) -> tuple[date | None, str]:
    """Return the day that MASTERSEL chooses of those at hand."""
    rule = facts.project.text("MASTERSEL").upper()
    if not found.days:
        return None, ""
    if rule == "FIRST":
        return found.days[0], facts.source("MASTERSEL")
    if rule == "LAST":
        return found.days[-1], facts.source("MASTERSEL")
    if rule.isdigit() and 1 <= int(rule) <= len(found.days):
        return found.days[int(rule) - 1], facts.source("MASTERSEL")
    return None, ""


def _product_of(draft: Draft, day: date, around: Sequence[Path]) -> list[str]:
    hits = search_day(around, day)
    if hits:
        return [str(p) for p in hits]
    text = (
        f"no product (zip or SAFE) of the reference date {day} is at hand: snap2stamps holds it as a product of SNAP "
        "(.dim), which is not read; fetch the SLC of that date and add it to inputs.slc"
    )
    draft.check("warning", "reference date", text)
    return []


def _say_no_reference(facts: ProjectFacts, draft: Draft) -> None:
    stated = facts.project.text("MASTER")
    why = f"MASTER {stated!r} names no date" if stated else "the project names no reference"
    text = f"{why}: coregistration.reference_date stays auto (by time, baseline, Doppler and season)"
    draft.check("warning", "reference date", text)


def _say_few(draft: Draft, found: Found) -> None:
    unnamed = [p.name for p in found.products if day_in(p.name) is None]
    if unnamed:
        draft.check("warning", "images", f"{', '.join(unnamed[:3])}: no date in the name of the product")
    misfiled = [
        p
        for p in found.products
        if p.parent.name.isdigit()
        and (day := day_in(p.name)) is not None
        and p.parent.name != f"{day:%Y%m%d}"
    ]
    if misfiled:
        text = f"{misfiled[0].name} lies in folder {misfiled[0].parent.name}: here its own date counts"
        draft.check("warning", "images", text)


def _say_name(facts: ProjectFacts, draft: Draft, day: date | None) -> None:
    """Say what version 1 takes for the reference's date: letters 18 to 25 of its file's name, whatever they are."""
    name = PurePosixPath(facts.project.text("MASTER").replace("\\", "/")).name
    taken = name[17:25]
    if name and (day is None or taken != f"{day:%Y%m%d}"):
        text = (
            f"snap2stamps takes {taken!r} for the date of MASTER, the letters 18 to 25 of {name!r}, and names its "
            f"interferograms and the INSAR folder so; here it is {day or 'not known'}"
        )
        draft.check("note", "file names", text)
