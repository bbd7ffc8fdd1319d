"""What every archive of scenes has to offer: a search, answered by records of one kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from fringeworks.catalog.archives.checksums import Checksum, read_checksum
from fringeworks.errors import ArchiveError, OutOfRangeError, RequestError
from fringeworks.model.identity import N_TRACKS, BurstId, Instant, PassDirection, Platform, Polarisation

ProductKind: TypeAlias = Literal["slc", "burst"]
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,250}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is looked for; nothing given means anything.

    Attributes
    ----------
    kind : {"slc", "burst"}
        Whole scenes or single bursts.
    area : shapely geometry, optional
        In degrees; longitudes may run past 180.
    start, end : Instant, optional
        Scenes that overlap this span.
    track : int, optional
        Relative orbit.
    direction : PassDirection, optional
        Direction of flight.
    platforms : tuple of Platform
        Satellites.
    polarisation : Polarisation, optional
        One that has to be there.
    burst : BurstId, optional
        One burst, with ``kind`` ``burst``.
    names : tuple of str
        Names of scenes or bursts.
    limit : int
        Largest number of records.

    Raises
    ------
    RequestError
        Nothing limits the search, or its parts contradict each other.
    """

    kind: ProductKind = "slc"
    area: BaseGeometry | None = None
    start: Instant | None = None
    end: Instant | None = None
    track: int | None = None
    direction: PassDirection | None = None
    platforms: tuple[Platform, ...] = ()
    polarisation: Polarisation | None = None
    burst: BurstId | None = None
    names: tuple[str, ...] = ()
    limit: int = 2000

    def __post_init__(self) -> None:
        if self.area is None and not self.names and self.track is None and self.burst is None:
            raise RequestError(
                "a search without area, track, burst or names",
                expected="at least one of them",
                hint="add --bbox WEST,SOUTH,EAST,NORTH or --track NUMBER",
            )
        if self.start and self.end and self.start >= self.end:
            raise RequestError(f"a search from {self.start} to {self.end}", expected="an end after the start")
        if self.track is not None and not 1 <= self.track <= N_TRACKS:
            raise RequestError(f"track {self.track}", expected=f"1 to {N_TRACKS}")
        if self.burst is not None and self.kind != "burst":
            raise RequestError(f"burst {self.burst} among whole scenes", expected="--product burst")

    def areas(self) -> tuple[BaseGeometry, ...]:
        """Return the area in pieces that lie within longitudes of -180 to 180; empty where there is none."""
        if self.area is None:
            return ()
        pieces = []
        for turn in (-1, 0, 1):
            world = shapely.box(360.0 * turn - 180.0, -90.0, 360.0 * turn + 180.0, 90.0)
            piece = self.area.intersection(world)
            if not piece.is_empty and (piece.area > 0.0 or self.area.area == 0.0):
                pieces.append(translate(piece, xoff=-360.0 * turn))
        return tuple(_counterclockwise(piece) for piece in pieces)

    def accepts(self, record: SceneRecord) -> bool:
        """Return whether a record is what was asked for; archives differ in what they filter themselves."""
        return all(
            (
                not self.names
                or record.name in {n.removesuffix(".SAFE").removesuffix(".zip") for n in self.names},
                self.start is None or record.stop >= self.start,
                self.end is None or record.start <= self.end,
                self.track is None or record.track is None or record.track == self.track,
                self.direction is None or record.direction is None or record.direction == self.direction,
                not self.platforms or record.platform in self.platforms,
                self.polarisation is None or self.polarisation in record.polarisations,
                self.burst is None or record.burst == self.burst,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneRecord:
    """A scene or burst as an archive describes it.

    Attributes
    ----------
    provider : str
        Which archive.
    kind : {"slc", "burst"}
        Whole scene or burst.
    name : str
        Name without suffix.
    file_name : str
        Name the file gets.
    url : str
        Where it lies.
    side_files : tuple of (str, str)
        Names and addresses of files that belong to it (a burst's metadata).
    platform : Platform
        Satellite.
    start, stop : Instant
        Time of the image.
    track : int, optional
        Relative orbit.
    direction : PassDirection, optional
        Direction of flight.
    polarisations : tuple of Polarisation
        Those it holds.
    burst : BurstId, optional
        Which ground, for a burst.
    footprint : dict
        GeoJSON geometry.
    size : int, optional
        Bytes.
    checksums : tuple of Checksum
        As the archive states them.

    Raises
    ------
    RequestError
        A file name could lead out of its folder.
    """

    provider: str
    kind: ProductKind
    name: str
    file_name: str
    url: str
    side_files: tuple[tuple[str, str], ...] = ()
    platform: Platform
    start: Instant
    stop: Instant
    track: int | None = None
    direction: PassDirection | None = None
    polarisations: tuple[Polarisation, ...] = ()
    burst: BurstId | None = None
    footprint: Mapping[str, Any]
    size: int | None = None
    checksums: tuple[Checksum, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.file_name, *(n for n, _ in self.side_files)):
            if not _SAFE_NAME.fullmatch(name) or ".." in name:
                raise RequestError(f"a file name {name[:60]!r}", expected="letters, digits, _ . + -")
        for url in (self.url, *(u for _, u in self.side_files)):
            if not url.startswith(("https://", "http://")):
                raise RequestError(f"{self.name}: an address {url[:40]!r}", expected="https://...")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "provider": self.provider,
            "product": self.kind,
            "name": self.name,
            "file_name": self.file_name,
            "url": self.url,
            "side_files": [{"file_name": n, "url": u} for n, u in self.side_files],
            "platform": self.platform.name,
            "start": self.start.iso,
            "stop": self.stop.iso,
            "track": self.track,
            "direction": self.direction.value if self.direction else None,
            "polarisations": [p.value for p in self.polarisations],
            "burst": {"esa": self.burst.esa, "opera": self.burst.opera} if self.burst else None,
            "footprint": dict(self.footprint),
            "size": self.size,
            "checksums": [c.as_text() for c in self.checksums],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SceneRecord:
        """Read what :meth:`as_dict` wrote.

        Raises
        ------
        RequestError
            It is no such record.
        """
        try:
            return cls(
                provider=str(values["provider"]),
                kind="burst" if values["product"] == "burst" else "slc",
                name=str(values["name"]),
                file_name=str(values["file_name"]),
                url=str(values["url"]),
                side_files=tuple(
                    (str(s["file_name"]), str(s["url"])) for s in values.get("side_files") or ()
                ),
                platform=Platform.named(values["platform"]),
                start=Instant.parse(values["start"]),
                stop=Instant.parse(values["stop"]),
                track=values.get("track"),
                direction=PassDirection(values["direction"]) if values.get("direction") else None,
                polarisations=tuple(Polarisation(p) for p in values.get("polarisations") or ()),
                burst=BurstId.parse(values["burst"]["esa"]) if values.get("burst") else None,
                footprint=values.get("footprint") or {},
                size=values.get("size"),
                checksums=tuple(c for t in values.get("checksums") or () if (c := read_checksum(t))),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, RequestError):
                raise
            raise RequestError(
                f"a record that cannot be read ({error})", expected="the output of `fringeworks find --json`"
            ) from error


class Provider(Protocol):
    """An archive of scenes."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    def search(self, query: SearchQuery) -> tuple[SceneRecord, ...]:
        """Return what the archive holds, in order of time and name.

        Raises
        ------
        ArchiveError
            The archive does not answer, answers something else, or answers only in part.
        """
        ...


def _counterclockwise(shape: BaseGeometry) -> BaseGeometry:
    if isinstance(shape, shapely.MultiPolygon):
        return shapely.MultiPolygon([orient(part) for part in shape.geoms])
    return orient(shape) if isinstance(shape, shapely.Polygon) else shape


def in_order(records: list[SceneRecord], query: SearchQuery) -> tuple[SceneRecord, ...]:
    """Return records that a query accepts, each name once, in order of time and name, no more than its limit."""
    unique = {r.name: r for r in records if query.accepts(r)}
    return tuple(sorted(unique.values(), key=lambda r: (r.start, r.name))[: query.limit])


def direction_of(text: Any) -> PassDirection | None:
    """Read a direction of flight as archives spell it; None where it is none."""
    word = str(text or "").strip().lower()
    return PassDirection(word) if word in set(PassDirection) else None


def polarisations_of(value: Any) -> tuple[Polarisation, ...]:
    """Read polarisations from ``VV+VH``, ``VV VH``, ``VV,VH``, ``DV`` or a list."""
    text = " ".join(value) if isinstance(value, list | tuple) else str(value or "")
    found = re.findall(r"VV|VH|HH|HV", text.upper())
    return tuple(p for p in Polarisation if p.value in found)


def unreadable(provider: str, what: str) -> ArchiveError:
    """Make the error for an answer that is not what the archive's interface promises."""
    return ArchiveError(
        f"{provider} answers with {what}",
        expected="the answer its interface promises",
        hint="take another --provider; if it stays so, the archive has changed: report it",
    )


def instant_of(text: Any, provider: str) -> Instant:
    """Read a time of an answer.

    Raises
    ------
    ArchiveError
        It is none.
    """
    try:
        return Instant.parse(str(text))
    except OutOfRangeError as error:
        raise unreadable(provider, f"a time {str(text)[:40]!r}") from error
