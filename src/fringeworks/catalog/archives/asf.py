"""Scenes and single bursts at the Alaska Satellite Facility, by the asf_search library over our own transport.

The library makes the query and reads the answer; every request goes through :class:`Transport`, so that time limits,
patience, errors and mirrors are the same as everywhere.  Its automatic error reports to the archive are switched off:
what a user searches for is nobody else's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fringeworks.catalog.archives.checksums import Checksum, read_checksum
from fringeworks.catalog.archives.endpoints import address
from fringeworks.catalog.archives.extras import need
from fringeworks.catalog.archives.protocol import (
    SceneRecord,
    SearchQuery,
    direction_of,
    in_order,
    instant_of,
    polarisations_of,
    unreadable,
)
from fringeworks.catalog.archives.transport import Transport
from fringeworks.errors import ArchiveError, FringeworksError, OutOfRangeError
from fringeworks.model.identity import BurstId, Platform

_PLATFORM_NAME = "SENTINEL-1{letter}"


class AsfProvider:
    """The archive of the Alaska Satellite Facility.

    Parameters
    ----------
    transport : Transport
        The network.
    """

    name = "asf"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, query: SearchQuery) -> tuple[SceneRecord, ...]:
        """Return the scenes or bursts the archive holds; an answer in part is an error, never a shorter list."""
        records: list[SceneRecord] = []
        for area in query.areas() or (None,):
            words = _words(query)
            if area is not None:
                words["intersectsWith"] = area.wkt
            records += self._ask(words, query)
        return in_order(records, query)

    def _ask(self, words: dict[str, Any], query: SearchQuery) -> list[SceneRecord]:
        library = need("asf_search")
        library.REPORT_ERRORS = False
        base = address("asf-search", self._transport.environment)
        session = _session(library, self._transport, base)
        options = library.ASFSearchOptions(host=urlsplit(base).netloc, session=session, **words)
        try:
            found = list(library.search(opts=options))
        except FringeworksError:
            raise
        except Exception as error:  # the library lets its parsers' own errors through
            raise unreadable("asf", f"something its library cannot read ({type(error).__name__})") from error
        if session.n_items < session.n_hits and not query.names:
            raise ArchiveError(
                f"asf says {session.n_hits} results and serves {session.n_items}",
                expected="all of them",
                hint="ask again, or split the span of dates: the archive leaves out results of long spans at times",
            )
        records = [_record(dict(product.properties), product.geometry, query.kind) for product in found]
        return [
            r for r in records if "_WV_" not in r.name
        ]  # wave mode is not read; eight beams would be eight queries


def _session(library: Any, transport: Transport, base: str) -> Any:
    """Make a session for the library that asks through our transport and counts what is served."""

    class _Session(library.ASFSession):  # type: ignore[misc]
        n_hits = 0
        n_items = 0

        def post(self, url: str, data: Any = None, timeout: Any = None) -> Any:  # noqa: ARG002  (ours holds)
            after = self.headers.get("CMR-Search-After")
            response = transport.request(
                "POST",
                base + urlsplit(url).path,
                form=data,
                headers={"CMR-Search-After": after} if after else {},
            )
            try:
                answer = response.json()
                items, hits = len(answer["items"]), int(answer["hits"])
            except (ValueError, KeyError, TypeError) as error:
                raise unreadable("asf", "something that is no list of results") from error
            self.n_items += items
            self.n_hits += 0 if after else hits
            return response

    return _Session()


def _words(query: SearchQuery) -> dict[str, Any]:
    """Return a query in the library's words."""
    words: dict[str, Any] = {"processingLevel": "BURST" if query.kind == "burst" else "SLC"}
    if query.kind == "burst":
        words["dataset"] = "SLC-BURST"
    if query.names:
        names = [n.removesuffix(".zip").removesuffix(".SAFE") for n in query.names]
        return {**words, ("product_list" if query.kind == "burst" else "granule_list"): names}
    if query.kind == "slc":
        platforms = query.platforms or tuple(Platform.named(f"S1{c}") for c in "ABCD")
        words["platform"] = [_PLATFORM_NAME.format(letter=p.name[-1]) for p in platforms]
    given = {
        "start": query.start.iso + "Z" if query.start else None,
        "end": query.end.iso + "Z" if query.end else None,
        "relativeOrbit": query.track,
        "flightDirection": query.direction.value.upper() if query.direction else None,
        "fullBurstID": query.burst.esa if query.burst else None,
    }
    # polarisation is filtered here: the archive's own filter miscounts its results
    return words | {k: v for k, v in given.items() if v is not None}


def _record(values: Mapping[str, Any], geometry: Mapping[str, Any], kind: str) -> SceneRecord:
    try:
        name, url = str(values["sceneName"]), str(values["url"])
        platform = Platform.named(f"S1{str(values['platform']).strip()[-1]}")
        burst = BurstId.parse(str(values["burst"]["fullBurstID"])) if kind == "burst" else None
    except (KeyError, TypeError, OutOfRangeError) as error:
        raise unreadable("asf", f"a record without what identifies it ({error})") from error
    file_name = f"{name}.tiff" if burst else f"{name}.zip"
    side = tuple((f"{name}.xml", str(u)) for u in values.get("additionalUrls") or () if burst)
    size, checksums = _content(values, file_name)
    return SceneRecord(
        provider="asf",
        kind="burst" if burst else "slc",
        name=name,
        file_name=file_name,
        url=url,
        side_files=side[:1],
        platform=platform,
        start=instant_of(values.get("startTime"), "asf"),
        stop=instant_of(values.get("stopTime"), "asf"),
        track=int(values["pathNumber"]) if values.get("pathNumber") is not None else None,
        direction=direction_of(values.get("flightDirection")),
        polarisations=polarisations_of(values.get("polarization")),
        burst=burst,
        footprint=geometry or {},
        size=size
        if not burst
        else None,  # a burst is cut out on request; the stated length is that of its lines
        checksums=checksums if not burst else (),
    )


def _content(values: Mapping[str, Any], file_name: str) -> tuple[int | None, tuple[Checksum, ...]]:
    """Return size and checksum; the library gives them bare, or by file name where an archive states several."""
    size, digest = values.get("bytes"), values.get("md5sum")
    if isinstance(size, Mapping):
        size = (size.get(file_name) or {}).get("bytes")
    if isinstance(digest, Mapping):
        digest = digest.get(file_name)
    found = read_checksum(str(digest or ""), algorithm="md5")
    exact = size is not None and float(size) == int(size) and int(size) > 1024
    return (int(size) if exact and size is not None else None), ((found,) if found else ())
