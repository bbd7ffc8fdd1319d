"""The desk: one object that finds and fetches, with its sources in order and what failed said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from fringeworks.catalog.archives.asf import AsfProvider
from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.dataspace import DataspaceProvider
from fringeworks.catalog.archives.dem import DemTiles, fetch_dem
from fringeworks.catalog.archives.download import Delivered, Fetcher, Progress, Wanted
from fringeworks.catalog.archives.opensearch import OpenSearchProvider
from fringeworks.catalog.archives.orbits import (
    BucketOrbits,
    DataspaceOrbits,
    OrbitArchive,
    OrbitNeed,
    fetch_orbit,
)
from fringeworks.catalog.archives.protocol import Provider, SceneRecord, SearchQuery
from fringeworks.catalog.archives.transport import Transport
from fringeworks.errors import (
    ArchiveError,
    FringeworksError,
    MissingInputError,
    RequestError,
    UnknownNameError,
)
from fringeworks.io.eof import OrbitFile, parse_orbit_name

PROVIDERS: Final[Mapping[str, Callable[[Transport], Provider]]] = MappingProxyType(
    {"asf": AsfProvider, "dataspace": DataspaceProvider, "opensearch": OpenSearchProvider}
)
"""Archives of scenes by name."""
DEFAULT_PROVIDERS: Final = ("asf", "dataspace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that was asked for and did not come.

    Attributes
    ----------
    name : str
        What.
    error : FringeworksError
        Why.
    """

    name: str
    error: FringeworksError

    def as_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return {"name": self.name, "code": f"FW{self.error.code:04d}", "reason": str(self.error)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Answer to a search.

    Attributes
    ----------
    records : tuple of SceneRecord
        In order of time; one scene may be there from several archives.
    providers : tuple of str
        Archives that answered.
    failures : tuple of Failure
        Archives that did not.
    cut_short : tuple of str
        Archives whose list ended at the query's limit: there may be more.
    """

    records: tuple[SceneRecord, ...]
    providers: tuple[str, ...]
    failures: tuple[Failure, ...]
    cut_short: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "providers": list(self.providers),
            "n": len(self.records),
            "scenes": [r.as_dict() for r in self.records],
            "failures": [f.as_dict() for f in self.failures],
            "cut_short": list(self.cut_short),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came and what did not.

    Attributes
    ----------
    delivered : tuple of Delivered
        Files in their places.
    failures : tuple of Failure
        What did not come, each with its reason.
    """

    delivered: tuple[Delivered, ...]
    failures: tuple[Failure, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "files": [d.as_dict() for d in self.delivered],
            "failures": [f.as_dict() for f in self.failures],
        }


class Desk:
    """Finds and fetches.

    Parameters
    ----------
    transport : Transport, optional
        The network; None works offline.
    cache : FileCache
        Where contents are kept.
    folders : tuple of Path
        Folders of the user's own.
    environment : mapping of str to str
        Environment variables.
    progress : callable, optional
        Told after each piece of a file.
    """

    def __init__(
        self,
        transport: Transport | None,
        cache: FileCache,
        *,
        folders: tuple[Path, ...] = (),
        environment: Mapping[str, str],
        progress: Progress | None = None,
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._folders = folders
        self._environment = environment
        self._fetcher = Fetcher(transport, cache, folders=folders, progress=progress)

    # ------------------------------------------------------------ finding

    def find(self, query: SearchQuery, *, providers: Sequence[str] = ()) -> Found:
        """Search archives.

        Parameters
        ----------
        query : SearchQuery
            What is looked for.
        providers : sequence of str
            Archives to ask, all of them; by default the first of :data:`DEFAULT_PROVIDERS` that answers.

        Raises
        ------
        UnknownNameError
            No such archive.
        MissingInputError
            Offline.
        ArchiveError
            No archive answered.
        """
        chosen = [self._provider(name) for name in providers or DEFAULT_PROVIDERS]
        records: list[SceneRecord] = []
        answered: list[str] = []
        cut_short: list[str] = []
        failures: list[Failure] = []
        for provider in chosen:
            try:
                found = provider.search(query)
            except (ArchiveError, RequestError) as error:
                failures.append(Failure(name=provider.name, error=error))
                continue
            answered.append(provider.name)
            records += found
            if len(found) == query.limit:
                cut_short.append(provider.name)
            if not providers:
                break
        if not answered:
            raise failures[0].error
        ordered = sorted(records, key=lambda r: (r.start, r.name))
        return Found(
            records=tuple(ordered),
            providers=tuple(answered),
            failures=tuple(failures),
            cut_short=tuple(cut_short),
        )

    def _provider(self, name: str) -> Provider:
        if self._transport is None:
            raise MissingInputError(
                "a search, and --offline was given",
                expected="a network",
                hint="name files that are at hand, or leave out --offline",
            )
        if name not in PROVIDERS:
            raise UnknownNameError(f"no archive {name!r}", expected=f"one of {', '.join(PROVIDERS)}")
        return PROVIDERS[name](self._transport)

    # ------------------------------------------------------------ scenes

    def fetch_records(self, records: Iterable[SceneRecord], folder: Path) -> Fetched:
        """Bring scenes to a folder; where several archives hold one, the next is tried when the first fails.

        Parameters
        ----------
        records : iterable of SceneRecord
            What to bring.
        folder : Path
            Where.
        """
        by_name: dict[str, list[SceneRecord]] = {}
        for record in records:
            by_name.setdefault(record.name, []).append(record)
        delivered: list[Delivered] = []
        failures: list[Failure] = []
        for name, same in by_name.items():
            errors: list[FringeworksError] = []
            for record in same:
                try:
                    delivered += self._fetch_record(record, folder)
                    break
                except (ArchiveError, MissingInputError) as error:
                    errors.append(error)
            else:
                failures.append(Failure(name=name, error=errors[0]))
        return Fetched(delivered=tuple(delivered), failures=tuple(failures))

    def _fetch_record(self, record: SceneRecord, folder: Path) -> list[Delivered]:
        main = Wanted(
            file_name=record.file_name, urls=(record.url,), size=record.size, checksums=record.checksums
        )
        side = [Wanted(file_name=name, urls=(url,)) for name, url in record.side_files]
        return [self._fetcher.fetch(wanted, folder) for wanted in (main, *side)]

    def fetch_names(self, names: Sequence[str], folder: Path, *, providers: Sequence[str] = ()) -> Fetched:
        """Bring scenes or bursts, known by name, to a folder.

        What the folder, the user's folders or (offline) the cache hold is not searched for.

        Parameters
        ----------
        names : sequence of str
            Names, with or without ``.zip`` or ``.SAFE``.
        folder : Path
            Where.
        providers : sequence of str
            Archives in order; all that are usual by default.
        """
        stems = list(dict.fromkeys(n.removesuffix(".zip").removesuffix(".SAFE") for n in names))
        delivered: list[Delivered] = []
        wanting: list[str] = []
        for stem in stems:
            near = self._near(stem, folder)
            delivered += near
            if not near:
                wanting.append(stem)
        if self._transport is None:
            failures = tuple(Failure(name=n, error=self._not_at_hand(n)) for n in wanting)
            return Fetched(delivered=tuple(delivered), failures=failures)
        records, errors = self._look_up(wanting, providers or DEFAULT_PROVIDERS)
        found = self.fetch_records(records, folder)
        known = {r.name for r in records}
        lost = [
            Failure(name=n, error=errors[0] if errors else _nowhere(n, providers or DEFAULT_PROVIDERS))
            for n in wanting
            if n not in known
        ]
        return Fetched(delivered=(*delivered, *found.delivered), failures=(*found.failures, *lost))

    def _look_up(
        self, names: list[str], providers: Sequence[str]
    ) -> tuple[list[SceneRecord], list[ArchiveError]]:
        """Return what each archive knows of some names, and which did not answer."""
        records: list[SceneRecord] = []
        errors: list[ArchiveError] = []
        for kind, same in _by_kind(names):
            for provider in (self._provider(name) for name in providers):
                try:
                    records += provider.search(SearchQuery(kind=kind, names=tuple(same)))
                except ArchiveError as error:
                    errors.append(error)
                except RequestError:  # this archive has no single bursts
                    continue
        return records, errors

    def _near(self, stem: str, folder: Path) -> list[Delivered]:
        for name in (f"{stem}.zip", f"{stem}.tiff", f"{stem}.SAFE"):
            for place in (folder, *self._folders):
                if (place / name).is_dir():  # an unpacked product stays where it is
                    return [
                        Delivered(
                            path=place / name,
                            came_from="folder",
                            source=str(place),
                            size=0,
                            verified="nothing",
                        )
                    ]
            if self._transport is None:
                near = self._fetcher.find_near(Wanted(file_name=name, urls=()), folder / name)
                if near is not None:
                    return [near]
        return []

    def _not_at_hand(self, name: str) -> MissingInputError:
        looked = ", ".join(str(p) for p in (*self._folders, self._cache.root))
        return MissingInputError(
            f"{name} is not at hand, and --offline was given",
            expected=f"it in one of {looked}",
            hint="fetch it once without --offline, or name the folder that holds it with --folder",
        )

    # ------------------------------------------------------------ orbits and heights

    def fetch_orbits(self, needs: Sequence[OrbitNeed], folder: Path) -> Fetched:
        """Bring an orbit file for each scene to a folder; a file that serves several comes once.

        Parameters
        ----------
        needs : sequence of OrbitNeed
            Scenes.
        folder : Path
            Where.
        """
        archives: tuple[OrbitArchive, ...] = ()
        if self._transport is not None:
            archives = (BucketOrbits(self._transport), DataspaceOrbits(self._transport))
        delivered: dict[Path, Delivered] = {}
        failures: list[Failure] = []
        for need in needs:
            try:
                one = fetch_orbit(
                    need, self._fetcher, folder, archives=archives, at_hand=self._orbits_at_hand(folder)
                )
            except (ArchiveError, MissingInputError) as error:
                failures.append(Failure(name=need.scene, error=error))
                continue
            delivered.setdefault(one.path, one)
        return Fetched(delivered=tuple(delivered.values()), failures=tuple(failures))

    def _orbits_at_hand(self, folder: Path) -> list[OrbitFile]:
        paths = [p for place in (folder, *self._folders) if place.is_dir() for p in sorted(place.iterdir())]
        paths += [Path(e.file_name) for e in self._cache.entries()]
        return [f for p in paths if (f := parse_orbit_name(p)) is not None]

    def fetch_dem(
        self, bounds: tuple[float, float, float, float], folder: Path, *, margin: float = 0.05
    ) -> DemTiles:
        """Bring the tiles of an elevation model; arguments and errors as in :func:`~.dem.fetch_dem`."""
        return fetch_dem(bounds, self._fetcher, folder, environment=self._environment, margin=margin)


def _by_kind(names: list[str]) -> list[tuple[Any, list[str]]]:
    bursts = [n for n in names if n.endswith("-BURST")]
    scenes = [n for n in names if not n.endswith("-BURST")]
    return [(kind, same) for kind, same in (("slc", scenes), ("burst", bursts)) if same]


def _nowhere(name: str, providers: Sequence[str]) -> MissingInputError:
    return MissingInputError(
        f"{name} is in none of {', '.join(providers)}",
        expected="the name of a scene, or of a burst that ends in -BURST",
        hint="look for it with `fringeworks find`",
    )
