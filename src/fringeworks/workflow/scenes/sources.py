"""From paths to dates: products opened and arranged, one polarisation, the bursts of each date, its orbit."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from fringeworks.errors import (
    ConfigurationError,
    DuplicatePairError,
    FringeworksError,
    InputRefusedError,
    MissingInputError,
)
from fringeworks.io.eof import OrbitFile
from fringeworks.io.orbits import ChosenOrbit, choose_orbit
from fringeworks.model.acquisition import Burst, StateVectors
from fringeworks.model.identity import BurstId, Instant, Polarisation, Swath
from fringeworks.workflow.digest import digest_of, file_digest
from fringeworks.workflow.inventory import Inventory, StackDate, take_inventory
from fringeworks.workflow.scene_facts import ProductFacts, product_facts
from fringeworks.workflow.scenes.stack import BurstSource, opened

_PREFERRED = (Polarisation.VV, Polarisation.HH, Polarisation.VH, Polarisation.HV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """What was found under the given paths.

    Attributes
    ----------
    facts : mapping of str to ProductFacts
        By name.
    inventory : Inventory
        Dates and bursts.
    refused : tuple of (str, str)
        Products that cannot be read, with the reason.
    """

    facts: Mapping[str, ProductFacts]
    inventory: Inventory
    refused: tuple[tuple[str, str], ...]


def open_products(paths: Sequence[Path]) -> Products:
    """Open products and arrange them; one that cannot be read does not hide the others.

    Raises
    ------
    MissingInputError
        Nothing was found.
    InputRefusedError
        None can be read, or they do not make one stack.
    """
    if not paths:
        raise MissingInputError(
            "inputs.slc names no product", expected="paths or patterns of SAFE zips or folders"
        )
    facts: list[ProductFacts] = []
    refused: list[tuple[str, str]] = []
    first: FringeworksError | None = None
    for path in paths:
        try:
            facts.append(product_facts(opened(path)))
        except InputRefusedError as error:
            first = first or error
            refused.append((path.name, str(error)))
    if not facts:
        assert first is not None
        raise first
    inventory = take_inventory(facts)
    seen: dict[str, StackDate] = {}
    for found in inventory.dates:
        if found.date in seen:
            raise DuplicatePairError(
                f"two passes on {found.date}: {seen[found.date].slices[0]} and {found.slices[0]}",
                expected="one pass a day",
                hint="leave one of them out",
            )
        seen[found.date] = found
    by_name = {f.name: f for f in facts}
    return Products(facts=by_name, inventory=inventory, refused=tuple(refused))


def choose_polarisation(inventory: Inventory, wanted: str) -> Polarisation:
    """Return the polarisation to process: the wanted one, else the first of VV, HH, VH, HV that all dates hold.

    Raises
    ------
    ConfigurationError
        The wanted one is unknown, or not held by every date.
    """
    held = inventory.polarisations
    if not wanted:
        return next(p for p in _PREFERRED if p in held)
    if wanted.upper() not in held:
        raise ConfigurationError(
            f"inputs.polarisation = {wanted!r}", expected=f"one that every date holds: {', '.join(held)}"
        )
    return Polarisation(wanted.upper())


def sources_of(
    products: Products, found: StackDate, *, polarisation: Polarisation, swaths: frozenset[Swath]
) -> dict[str, BurstSource]:
    """Return the bursts of a date by name."""
    result = {}
    for ground, cell in found.held.items():
        swath = ground.swath if isinstance(ground, BurstId) else ground
        if polarisation not in cell or swath not in swaths:
            continue
        path = products.facts[cell[polarisation]].path
        bursts = opened(path).acquisition(swath, polarisation).bursts
        index = next(k for k, b in enumerate(bursts) if (b.id or b.swath) == ground)
        name = ground.opera if isinstance(ground, BurstId) else ground.value
        result[name] = BurstSource(product=str(path), swath=swath, polarisation=polarisation, index=index)
    return result


def choose_swaths(inventory: Inventory, wanted: Sequence[str]) -> frozenset[Swath]:
    """Return the sub-swaths to process.

    Raises
    ------
    ConfigurationError
        One is unknown or not held.
    """
    held = {c.swath if isinstance(c, BurstId) else c for c in inventory.columns}
    if not wanted:
        return frozenset(held)
    names = [w.upper() for w in wanted]
    for name in names:
        if name not in Swath.__members__ or Swath(name) not in held:
            raise ConfigurationError(
                f"inputs.swaths names {name!r}", expected=f"some of {', '.join(sorted(held))}"
            )
    return frozenset(Swath(n) for n in names)


def orbit_of(products: Products, found: StackDate, *, files: Sequence[OrbitFile]) -> ChosenOrbit:
    """Choose the state vectors of a date: a file that covers it, else the annotated ones."""
    facts = [products.facts[name] for name in found.slices]
    start, stop = min(f.key.start for f in facts), max(f.stop for f in facts)
    annotated = [_annotated(f) for f in facts]
    return choose_orbit(
        files, platform=found.key.platform, start=start, stop=stop, annotation=_joined(annotated)
    )


def _annotated(facts: ProductFacts) -> StateVectors:
    swath, polarisation = facts.available[0]
    return opened(facts.path).acquisition(swath, polarisation).orbit


def _joined(parts: Sequence[StateVectors]) -> StateVectors:
    if len(parts) == 1:
        return parts[0]
    first = min(parts, key=lambda p: p.first)
    moved = [p.since(first.epoch) for p in parts]
    time = np.concatenate([p.time for p in moved])
    order = np.argsort(time, kind="stable")
    order = order[np.concatenate([[True], np.diff(time[order]) > 0.5])]
    return StateVectors(
        epoch=first.epoch,
        time=time[order],
        position=np.concatenate([p.position for p in moved])[order],
        velocity=np.concatenate([p.velocity for p in moved])[order],
        source="annotation",
        frame=first.frame,
    )


def day_of(found: StackDate) -> date:
    """Return the day of a date."""
    return date.fromisoformat(found.date)


def mid_doppler(burst: Burst) -> float:
    """Return the Doppler centroid in the middle of a burst [Hz]."""
    middle = burst.grid.range_start + 0.5 * burst.grid.shape.cols * burst.grid.range_step
    return float(burst.nearest(burst.doppler).at(np.array(middle)))


def start_of(burst: Burst) -> Instant:
    """Return the instant of a burst's first line."""
    return Instant.parse(burst.grid.epoch).plus(burst.grid.azimuth_start)


def content_digest(path: Path) -> str:
    """Return a digest of a product's content without reading its samples.

    A zip lists size and checksum (CRC-32) of every member; of a folder the small files are read and the large ones
    count by size and time of change.
    """
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            rows = sorted((m.filename, m.file_size, m.CRC) for m in archive.infolist())
        return digest_of(rows)
    folder = path if path.is_dir() else path.parent
    listed = []
    for member in sorted(p for p in folder.rglob("*") if p.is_file()):
        facts = member.stat()
        small = facts.st_size < 2**24
        mark = file_digest(member) if small else str(facts.st_mtime_ns)
        listed.append((str(member.relative_to(folder)), facts.st_size, mark))
    return digest_of(listed)
