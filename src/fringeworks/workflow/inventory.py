"""What a heap of products makes as a stack: dates x bursts, slices assembled, duplicates resolved, gaps shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

from fringeworks.errors import MixedStackError, TooFewDataError
from fringeworks.model.burst_cycle import numbers_in_cycle
from fringeworks.model.identity import AcquisitionKey, BurstId, Polarisation, Swath
from fringeworks.model.tally import Finding
from fringeworks.workflow.scene_facts import BurstFacts, ProductFacts, passes_of

Ground: TypeAlias = BurstId | Swath
"""What a column stands for: a burst, or in strip map (which has none) the beam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Bursts of one date that two products hold.

    Attributes
    ----------
    date : str
        ISO date.
    used, unused : str
        Names of the products.
    n_bursts : int
        Bursts held by both, counted in each polarisation.
    reason : str
        Why the one was chosen.
    """

    date: str
    used: str
    unused: str
    n_bursts: int
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "date": self.date,
            "used": self.used,
            "unused": self.unused,
            "n_bursts": self.n_bursts,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDate:
    """One pass over the ground: the slices of one data take.

    Attributes
    ----------
    date : str
        ISO date of the first slice's start.
    key : AcquisitionKey
        Of the first slice.
    slices : tuple of str
        Names of the products used, in order of time.
    processors : tuple of str
        Their processor versions, each once.
    tracks : frozenset of int
        Tracks the slices lie on: two where the pass crosses the equator northward.
    held : mapping of Ground to (mapping of Polarisation to str)
        Product that serves each burst in each polarisation.
    duplicates : tuple of Duplicate
        What was there twice.
    """

    date: str
    key: AcquisitionKey
    slices: tuple[str, ...]
    processors: tuple[str, ...]
    tracks: frozenset[int]
    held: Mapping[Ground, Mapping[Polarisation, str]]
    duplicates: tuple[Duplicate, ...]

    def holds(self, ground: Ground, polarisations: Iterable[Polarisation]) -> bool:
        """Return whether a burst is there in all of some polarisations."""
        return set(polarisations) <= set(self.held.get(ground, {}))

    def gaps(self) -> tuple[tuple[Swath, int, int], ...]:
        """Return runs of bursts that lie between held ones and are not held: sub-swath, first and last number."""
        found = []
        for swath in sorted({g.swath for g in self.held if isinstance(g, BurstId)}):
            numbers = _in_flight_order([g for g in self.held if isinstance(g, BurstId) and g.swath == swath])
            lap = numbers_in_cycle(swath.mode)
            for here, there in pairwise(numbers):
                if there - here > 1:
                    found.append((swath, (here + 1) % lap + 1, (there - 1) % lap + 1))
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A stack before any pixel is read.

    Attributes
    ----------
    mode : str
        ``IW``, ``EW`` or ``SM``.
    track : int
        Track that all dates lie on.
    pass_direction : str
        Direction of flight.
    polarisations : tuple of Polarisation
        Those every date holds.
    columns : tuple of Ground
        Every burst that any date holds, by sub-swath and along the flight.
    dates : tuple of StackDate
        In order of time.
    findings : tuple of Finding
        What was assembled, resolved, missing.
    """

    mode: str
    track: int
    pass_direction: str
    polarisations: tuple[Polarisation, ...]
    columns: tuple[Ground, ...]
    dates: tuple[StackDate, ...]
    findings: tuple[Finding, ...]

    def matrix(self) -> tuple[tuple[bool, ...], ...]:
        """Return dates x bursts: True where a burst is there in every polarisation of the stack."""
        return tuple(tuple(d.holds(c, self.polarisations) for c in self.columns) for d in self.dates)

    def missing(self, date: StackDate) -> tuple[tuple[Ground, tuple[Polarisation, ...]], ...]:
        """Return the bursts that other dates hold and this one does not, and in which polarisations."""
        found = []
        for ground in self.columns:
            lacking = tuple(p for p in self.polarisations if p not in date.held.get(ground, {}))
            if lacking:
                found.append((ground, lacking))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        matrix = self.matrix()
        return {
            "mode": self.mode,
            "track": self.track,
            "pass": self.pass_direction,
            "polarisations": [p.value for p in self.polarisations],
            "bursts": [
                {**_spellings(c), "n_dates": sum(row[k] for row in matrix)}
                for k, c in enumerate(self.columns)
            ],
            "dates": [self._date(d) for d in self.dates],
            "matrix": [[int(v) for v in row] for row in matrix],
            "duplicates": [u.as_dict() for d in self.dates for u in d.duplicates],
            "findings": [f.as_dict() for f in self.findings],
        }

    def _date(self, date: StackDate) -> dict[str, Any]:
        return {
            "date": date.date,
            "platform": date.key.platform.name,
            "absolute_orbit": date.key.absolute_orbit,
            "datatake": date.key.datatake,
            "start": date.key.start.iso,
            "slices": list(date.slices),
            "ipf": list(date.processors),
            "n_bursts": sum(date.holds(c, self.polarisations) for c in self.columns),
            "missing": [
                {**_spellings(g), "polarisations": [p.value for p in lacking]}
                for g, lacking in self.missing(date)
            ],
            "gaps": [{"swath": s.value, "first": a, "last": b} for s, a, b in date.gaps()],
        }


def _spellings(ground: Ground) -> dict[str, str | None]:
    if isinstance(ground, BurstId):
        return {"esa": ground.esa, "opera": ground.opera, "swath": ground.swath.value}
    return {"esa": None, "opera": None, "swath": ground.value}


def take_inventory(products: Sequence[ProductFacts]) -> Inventory:
    """Arrange products as a stack.

    Parameters
    ----------
    products : sequence of ProductFacts
        In any order; slices of a pass, re-processed and repeated products may be among them.

    Returns
    -------
    Inventory
        Never the silent intersection: each date keeps the bursts it has, and what is missing is listed.

    Raises
    ------
    TooFewDataError
        No product.
    MixedStackError
        The products are of different modes or tracks, or no polarisation is common to all dates.
    """
    if not products:
        raise TooFewDataError("no product", expected="at least one SAFE")
    mode = _one(products, "mode", {p.name: p.mode for p in products})
    passes: dict[tuple[str, str, int], list[ProductFacts]] = {}
    for product in sorted(products, key=lambda p: (p.key.start, p.name)):
        key = product.key
        orbit = 0 if key.datatake else key.absolute_orbit
        passes.setdefault((key.platform.name, key.datatake, orbit), []).append(product)
    apart = [one for same in passes.values() for one in passes_of(same)]
    dates = tuple(sorted((_assemble(one) for one in apart), key=lambda d: d.key))
    track = _common_track(dates)
    direction = _one(products, "direction of flight", {p.name: p.pass_direction.value for p in products})
    polarisations, dropped = _common_polarisations(dates)
    columns = _columns(dates)
    inventory = Inventory(
        mode=mode,
        track=track,
        pass_direction=direction,
        polarisations=polarisations,
        columns=columns,
        dates=dates,
        findings=(),
    )
    return replace(inventory, findings=(*dropped, *_date_findings(inventory), *_processor_findings(dates)))


def _one(products: Sequence[ProductFacts], what: str, values: Mapping[str, str]) -> str:
    first = products[0]
    other = next((p for p in products if values[p.name] != values[first.name]), None)
    if other is not None:
        raise MixedStackError(
            f"{first.name} is of {what} {values[first.name]}, {other.name} of {values[other.name]}",
            expected=f"products of one {what}",
            hint="inspect each stack by itself",
        )
    return values[first.name]


def _assemble(slices: Sequence[ProductFacts]) -> StackDate:
    """Join the slices of one pass; where two hold the same burst, the newest processor's serves it."""
    day = slices[0].key.start.iso[:10]
    order = sorted(slices, key=_newest_last)
    held: dict[Ground, dict[Polarisation, ProductFacts]] = {}
    beaten: dict[tuple[str, str], list[Any]] = {}
    pieces = [(p, b, q) for p in order for b in p.bursts for q in b.polarisations]
    for product, burst, polarisation in pieces:
        cell = held.setdefault(_ground(burst), {})
        before = cell.get(polarisation)
        if before is not None:
            pair = (str(product.path), str(before.path))
            beaten.setdefault(pair, [product, before, 0])[2] += 1
        cell[polarisation] = product
    used = {id(p) for cell in held.values() for p in cell.values()}
    kept = [p for p in slices if id(p) in used]
    return StackDate(
        date=day,
        key=slices[0].key,
        slices=tuple(p.name for p in kept),
        processors=tuple(dict.fromkeys(p.processor_version for p in kept)),
        tracks=frozenset(t for p in slices for t in p.tracks),
        held=MappingProxyType(
            {g: MappingProxyType({p: s.name for p, s in cell.items()}) for g, cell in held.items()}
        ),
        duplicates=tuple(_duplicate(day, new, old, n) for new, old, n in beaten.values()),
    )


def _ground(burst: BurstFacts) -> Ground:
    return burst.id if burst.id is not None else burst.swath


def _version(product: ProductFacts) -> tuple[int, ...]:
    return tuple(int(part) for part in product.processor_version.split(".") if part.isdigit())


def _newest_last(product: ProductFacts) -> tuple[tuple[int, ...], int, str, str]:
    made = product.processed
    return _version(product), made.nanoseconds if made else 0, product.name, str(product.path)


def _duplicate(day: str, new: ProductFacts, old: ProductFacts, n: int) -> Duplicate:
    if _version(new) != _version(old):
        reason = f"processor {new.processor_version} is newer than {old.processor_version}"
    elif new.processed and old.processed and new.processed > old.processed:
        reason = f"processed on {new.processed.iso[:19]}, after {old.processed.iso[:19]}"
    elif new.name == old.name:
        reason = f"the same product is given twice; {new.path} is used, {old.path} is not"
    else:
        reason = "processed alike; the last by name"
    return Duplicate(date=day, used=new.name, unused=old.name, n_bursts=n, reason=reason)


def _common_track(dates: Sequence[StackDate]) -> int:
    common = frozenset.intersection(*(d.tracks for d in dates))
    if common:
        counts = {
            t: sum(isinstance(g, BurstId) and g.relative_orbit == t for d in dates for g in d.held)
            for t in common
        }
        return max(sorted(common), key=lambda t: counts[t])
    first = dates[0]
    other = next((d for d in dates if not d.tracks & first.tracks), dates[-1])
    raise MixedStackError(
        f"{first.slices[0]} is of track {_tracks(first)}, {other.slices[0]} of track {_tracks(other)}",
        expected="products of one track (relative orbit)",
        hint="inspect each track by itself",
    )


def _tracks(date: StackDate) -> str:
    return " and ".join(str(t) for t in sorted(date.tracks))


def _common_polarisations(
    dates: Sequence[StackDate],
) -> tuple[tuple[Polarisation, ...], tuple[Finding, ...]]:
    by_date = [{p for cell in d.held.values() for p in cell} for d in dates]
    common = set.intersection(*by_date)
    if not common:
        names = [f"{d.date} {'+'.join(sorted(p))}" for d, p in zip(dates, by_date, strict=True)]
        raise MixedStackError(
            f"no polarisation is common to all dates: {', '.join(names[:6])}",
            expected="dates that share a polarisation",
            hint="inspect each polarisation by itself",
        )
    extra = sorted(set.union(*by_date) - common)
    findings = tuple(
        Finding(
            "warning",
            "polarisations",
            f"{p} is on {sum(p in q for q in by_date)} of {len(dates)} dates only: it is left out of the matrix",
        )
        for p in extra
    )
    return tuple(p for p in Polarisation if p in common), findings


def _in_flight_order(bursts: Sequence[BurstId]) -> list[int]:
    """Return burst numbers from 0, in order; those after the end of the repeat cycle continue past it."""
    lap = numbers_in_cycle(bursts[0].swath.mode)
    numbers = sorted({b.number - 1 for b in bursts})
    if numbers[-1] - numbers[0] > lap // 2:
        numbers = sorted(n + lap if n < lap // 2 else n for n in numbers)
    return numbers


def _columns(dates: Sequence[StackDate]) -> tuple[Ground, ...]:
    every = {g for d in dates for g in d.held}
    bursts = [g for g in every if isinstance(g, BurstId)]
    beams = sorted(g for g in every if isinstance(g, Swath))
    columns: list[Ground] = []
    for swath in sorted({b.swath for b in bursts}):
        of_swath = {b.number - 1: b for b in bursts if b.swath == swath}
        lap = numbers_in_cycle(swath.mode)
        columns += [of_swath[n % lap] for n in _in_flight_order(list(of_swath.values()))]
    return (*columns, *beams)


def _date_findings(inventory: Inventory) -> list[Finding]:
    found = []
    seen: dict[str, int] = {}
    for date in inventory.dates:
        seen[date.date] = seen.get(date.date, 0) + 1
        if len(date.slices) > 1:
            text = f"{date.date}: {len(date.slices)} slices are joined to one pass"
            found.append(Finding("note", "slices", text))
        found += [
            Finding(
                "note",
                "duplicates",
                f"{d.date}: {d.n_bursts} bursts are in two products; {d.used} is used, {d.unused} is not: {d.reason}",
            )
            for d in date.duplicates
        ]
        found += [
            Finding("warning", "gaps", f"{date.date}: {swath} lacks bursts {a} to {b} between its slices")
            for swath, a, b in date.gaps()
        ]
        missing = inventory.missing(date)
        if missing:
            text = f"{date.date}: {len(missing)} of {len(inventory.columns)} bursts are missing or not in every polarisation"
            found.append(Finding("warning", "bursts", text))
    found += [
        Finding("warning", "dates", f"{day}: {n} passes on the same date") for day, n in seen.items() if n > 1
    ]
    return found


def _processor_findings(dates: Sequence[StackDate]) -> list[Finding]:
    versions = sorted({v for d in dates for v in d.processors})
    if len(versions) < 2:
        return []
    text = f"the stack was made by {len(versions)} processors: {', '.join(versions)}"
    return [Finding("note", "processor", text)]
