"""Orbit files: which one covers a scene, and where it lies; a public bucket first, the Copernicus Data Space second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from lxml import etree

from fringeworks.catalog.archives.checksums import Checksum, read_checksum
from fringeworks.catalog.archives.download import Delivered, Fetcher, Wanted
from fringeworks.catalog.archives.endpoints import address
from fringeworks.catalog.archives.protocol import unreadable
from fringeworks.catalog.archives.transport import Transport
from fringeworks.errors import ArchiveError, MissingInputError, NotInArchiveError
from fringeworks.io.eof import OrbitFile, parse_orbit_name
from fringeworks.io.orbits import MARGIN_SECONDS
from fringeworks.model.identity import Instant, Platform

OrbitKind: TypeAlias = Literal["precise", "restituted"]
KINDS: Final[tuple[OrbitKind, ...]] = ("precise", "restituted")
_PRODUCTS: Final = {"precise": "AUX_POEORB", "restituted": "AUX_RESORB"}
_S3: Final = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_MAX_PAGES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OrbitNeed:
    """State vectors that a scene needs.

    Attributes
    ----------
    scene : str
        Name of the scene.
    platform : Platform
        Satellite.
    start, stop : Instant
        First and last line.
    """

    scene: str
    platform: Platform
    start: Instant
    stop: Instant

    def is_covered_by(self, file: OrbitFile) -> bool:
        """Return whether an orbit file is of the satellite and covers the scene with its margin."""
        early, late = self.start.plus(-MARGIN_SECONDS), self.stop.plus(MARGIN_SECONDS)
        return file.platform == self.platform and file.start <= early and file.stop >= late


@dataclass(frozen=True, slots=True, kw_only=True)
class OrbitOffer:
    """An orbit file of an archive.

    Attributes
    ----------
    file : OrbitFile
        What its name says; its path is the bare name.
    url : str
        Where it lies.
    size : int, optional
        Bytes.
    checksums : tuple of Checksum
        As the archive states.
    """

    file: OrbitFile
    url: str
    size: int | None = None
    checksums: tuple[Checksum, ...] = ()


class OrbitArchive(Protocol):
    """An archive of orbit files."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    def offers(self, need: OrbitNeed, kind: OrbitKind) -> tuple[OrbitOffer, ...]:
        """Return the files that may cover a scene.

        Raises
        ------
        ArchiveError
            The archive does not answer, or not as its interface promises.
        """
        ...


class BucketOrbits:
    """The public bucket of orbit files at ASF; no account is needed.

    Parameters
    ----------
    transport : Transport
        The network.
    """

    name = "asf-orbits"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._listed: dict[str, tuple[OrbitOffer, ...]] = {}

    def offers(self, need: OrbitNeed, kind: OrbitKind) -> tuple[OrbitOffer, ...]:
        """Return the bucket's files of the satellite; listings are kept for the next scene."""
        product = _PRODUCTS[kind]
        stem = f"{product}/{need.platform}_OPER_{product}_OPOD_"
        if kind == "precise":
            prefixes = [stem]  # made weeks or years after the day they cover
        else:  # made within hours: the day of the scene, and the next
            days = (need.start, need.start.plus(86_400.0))
            prefixes = [stem + day.iso[:10].replace("-", "") for day in days]
        return tuple(offer for prefix in prefixes for offer in self._list(prefix))

    def _list(self, prefix: str) -> tuple[OrbitOffer, ...]:
        if prefix not in self._listed:
            base = address("asf-orbits", self._transport.environment)
            found: list[OrbitOffer] = []
            marker = ""
            for _ in range(_MAX_PAGES):
                params = {"prefix": prefix, **({"marker": marker} if marker else {})}
                page, marker = _read_listing(self._transport.request("GET", base, params=params).content)
                found += [o for key, size in page if (o := _offer(key, f"{base}/{key}", size)) is not None]
                if not marker:
                    break
            self._listed[prefix] = tuple(found)
        return self._listed[prefix]


class DataspaceOrbits:
    """Orbit files at the Copernicus Data Space; found without an account, fetched with one.

    Parameters
    ----------
    transport : Transport
        The network.
    """

    name = "dataspace"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def offers(self, need: OrbitNeed, kind: OrbitKind) -> tuple[OrbitOffer, ...]:
        """Return the files whose validity covers a scene."""
        environment = self._transport.environment
        early, late = need.start.plus(-MARGIN_SECONDS), need.stop.plus(MARGIN_SECONDS)
        clauses = (
            f"startswith(Name,'{need.platform}') and contains(Name,'{_PRODUCTS[kind]}') and "
            f"ContentDate/Start lt {early.iso}Z and ContentDate/End gt {late.iso}Z"
        )
        response = self._transport.request(
            "GET",
            address("dataspace-odata", environment) + "/Products",
            params={"$filter": clauses, "$orderby": "ContentDate/Start asc", "$top": 20},
        )
        base = address("dataspace-download", environment)
        try:
            rows = response.json()["value"]
            found = [_offer_of_row(row, base) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise unreadable("dataspace", "something that is no list of products") from error
        return tuple(o for o in found if o is not None)


def _read_listing(content: bytes) -> tuple[list[tuple[str, int | None]], str]:
    """Return keys and sizes of a page of an S3 listing, and where the next page starts."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise unreadable("asf-orbits", "something that is no listing") from error
    rows = []
    for node in root.findall(f"{_S3}Contents"):
        size = node.findtext(f"{_S3}Size") or ""
        rows.append((node.findtext(f"{_S3}Key") or "", int(size) if size.isdigit() else None))
    more = (root.findtext(f"{_S3}IsTruncated") or "").strip().lower() == "true"
    marker = root.findtext(f"{_S3}NextMarker") or (rows[-1][0] if rows else "")
    return rows, marker if more else ""


def _offer(key: str, url: str, size: int | None) -> OrbitOffer | None:
    file = parse_orbit_name(Path(key.rpartition("/")[2]))
    return None if file is None else OrbitOffer(file=file, url=url, size=size)


def _offer_of_row(row: dict[str, Any], base: str) -> OrbitOffer | None:
    file = parse_orbit_name(Path(str(row["Name"]).rpartition("/")[2]))
    if file is None:
        return None
    stated = [
        read_checksum(str(c.get("Value")), algorithm=str(c.get("Algorithm")))
        for c in row.get("Checksum") or ()
    ]
    size = row.get("ContentLength")
    return OrbitOffer(
        file=file,
        url=f"{base}/Products({row['Id']})/$value",
        size=size if isinstance(size, int) and size > 0 else None,
        checksums=tuple(c for c in stated if c is not None),
    )


def best_of(
    files: Sequence[OrbitFile], need: OrbitNeed, *, kinds: Sequence[OrbitKind] = KINDS
) -> OrbitFile | None:
    """Return the best file that covers a scene: precise before restituted, of these the one made last."""
    covering = [f for f in files if f.kind in kinds and need.is_covered_by(f)]
    return max(covering, key=lambda f: (f.kind == "precise", f.made, f.path.name), default=None)


def fetch_orbit(
    need: OrbitNeed,
    fetcher: Fetcher,
    folder: Path,
    *,
    archives: Sequence[OrbitArchive],
    at_hand: Sequence[OrbitFile] = (),
) -> Delivered:
    """Bring the best orbit file that covers a scene to a folder.

    Parameters
    ----------
    need : OrbitNeed
        The scene.
    fetcher : Fetcher
        Brings files.
    folder : Path
        Where it goes.
    archives : sequence of OrbitArchive
        Asked in turn; none when offline.
    at_hand : sequence of OrbitFile
        Files that the folder, the user's folders or the cache hold.  A precise one is taken without asking; a
        restituted one only where no archive has a precise one.

    Raises
    ------
    MissingInputError
        No source holds a file that covers the scene.
    ArchiveError
        No archive answered.
    """
    near = best_of(at_hand, need)
    if near is not None and (near.kind == "precise" or not archives):
        return fetcher.fetch(Wanted(file_name=near.path.name, urls=()), folder)
    errors: list[ArchiveError] = []
    for kind in KINDS:
        for archive in archives:
            try:
                delivered = _from(archive, need, kind, fetcher, folder)
            except ArchiveError as error:
                errors.append(error)
                continue
            if delivered is not None:
                return delivered
        if kind == "precise" and near is not None:
            return fetcher.fetch(Wanted(file_name=near.path.name, urls=()), folder)
    if errors and not all(isinstance(e, NotInArchiveError) for e in errors):
        raise errors[0]
    asked = ", ".join(a.name for a in archives) or "folders and cache"
    raise MissingInputError(
        f"no orbit file of {need.platform} covers {need.start} to {need.stop} in {asked}",
        expected=f"a POEORB or RESORB file with {MARGIN_SECONDS:.0f} s to spare",
        hint="restituted orbits appear within hours, precise ones after three weeks; the annotated orbit may serve",
    )


def _from(
    archive: OrbitArchive, need: OrbitNeed, kind: OrbitKind, fetcher: Fetcher, folder: Path
) -> Delivered | None:
    offers = {o.file: o for o in archive.offers(need, kind)}
    best = best_of(list(offers), need, kinds=(kind,))
    if best is None:
        return None
    offer = offers[best]
    wanted = Wanted(file_name=best.path.name, urls=(offer.url,), size=offer.size, checksums=offer.checksums)
    return fetcher.fetch(wanted, folder)
