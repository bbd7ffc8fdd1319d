"""Scenes at the Copernicus Data Space, by STAC: the pystac_client library over our own transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fringeworks.catalog.archives.checksums import read_checksum
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
from fringeworks.errors import FringeworksError, OutOfRangeError, RequestError
from fringeworks.model.identity import Platform

COLLECTION: Final = "sentinel-1-slc"
_PAGE: Final = 100


class DataspaceProvider:
    """The Copernicus Data Space.

    Parameters
    ----------
    transport : Transport
        The network.
    """

    name = "dataspace"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, query: SearchQuery) -> tuple[SceneRecord, ...]:
        """Return the scenes the archive holds.

        Raises
        ------
        RequestError
            Single bursts are asked for, which this archive does not list by STAC.
        ArchiveError
            The archive does not answer, or not as its interface promises.
        """
        if query.kind == "burst":
            raise RequestError(
                "single bursts of dataspace",
                expected="whole scenes there, bursts from asf",
                hint="--provider asf",
            )
        records: list[SceneRecord] = []
        for area in query.areas() or (None,):
            records += [_record(item, self._transport.environment) for item in self._items(query, area)]
        return in_order(records, query)

    def _items(self, query: SearchQuery, area: Any) -> list[dict[str, Any]]:
        library = need("pystac_client")
        words: dict[str, Any] = {"collections": [COLLECTION], "limit": _PAGE, "max_items": query.limit}
        if query.names:
            words["ids"] = [n.removesuffix(".zip").removesuffix(".SAFE") for n in query.names]
        else:
            words |= _words(query)
            if area is not None:
                words["intersects"] = json.dumps(area.__geo_interface__)
        try:
            client = library.Client.open(
                address("dataspace-stac", self._transport.environment), stac_io=_reader(self._transport)
            )
            return list(client.search(method="POST", **words).items_as_dicts())
        except FringeworksError:
            raise
        except Exception as error:  # the library lets its parsers' own errors through
            raise unreadable(
                "dataspace", f"something its library cannot read ({type(error).__name__})"
            ) from error


def _words(query: SearchQuery) -> dict[str, Any]:
    """Return a query in the words of STAC; track and direction by the query extension."""
    words: dict[str, Any] = {}
    if query.start or query.end:
        words["datetime"] = "/".join(f"{t.iso}Z" if t else ".." for t in (query.start, query.end))
    clauses: list[dict[str, Any]] = []
    if query.track is not None:
        clauses.append({"op": "=", "args": [{"property": "sat:relative_orbit"}, query.track]})
    if query.direction is not None:
        clauses.append({"op": "=", "args": [{"property": "sat:orbit_state"}, query.direction.value]})
    if query.platforms:
        names = [f"sentinel-1{p.name[-1].lower()}" for p in query.platforms]
        clauses.append({"op": "in", "args": [{"property": "platform"}, names]})
    if clauses:
        words["filter"] = {"op": "and", "args": clauses} if len(clauses) > 1 else clauses[0]
        words["filter_lang"] = "cql2-json"
    return words


def _reader(transport: Transport) -> Any:
    """Make the library's reader of addresses ask through our transport."""
    base: Any = need("pystac_client.stac_api_io").StacApiIO

    class _Reader(base):  # type: ignore[misc]
        def request(
            self,
            href: str,
            method: str | None = None,
            headers: Mapping[str, str] | None = None,
            parameters: Mapping[str, Any] | None = None,
        ) -> str:
            posting = (method or "GET").upper() == "POST"
            response = transport.request(
                "POST" if posting else "GET",
                href,
                headers=headers or {},
                document=parameters if posting else None,
                params=None if posting else parameters,
            )
            return str(response.text)

    return _Reader()


def _record(item: Mapping[str, Any], environment: Mapping[str, str]) -> SceneRecord:
    try:
        name = str(item["id"]).removesuffix(".SAFE")
        values = item["properties"]
        asset = _product(item["assets"])
        platform = Platform.named(f"S1{str(values['platform']).strip()[-1]}")
    except (KeyError, TypeError, AttributeError, OutOfRangeError) as error:
        raise unreadable("dataspace", f"an item without {error}") from error
    size = asset.get("file:size")
    checksum = read_checksum(str(asset.get("file:checksum") or ""))
    return SceneRecord(
        provider="dataspace",
        kind="slc",
        name=name,
        file_name=f"{name}.zip",
        url=_download(str(asset["href"]), environment),
        platform=platform,
        start=instant_of(values.get("start_datetime") or values.get("datetime"), "dataspace"),
        stop=instant_of(values.get("end_datetime") or values.get("datetime"), "dataspace"),
        track=_whole(values.get("sat:relative_orbit")),
        direction=direction_of(values.get("sat:orbit_state")),
        polarisations=polarisations_of(values.get("sar:polarizations")),
        footprint=item.get("geometry") or {},
        size=size if isinstance(size, int) else None,
        checksums=(checksum,) if checksum else (),
    )


def _product(assets: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the asset that is the whole product as one file over https."""
    for key in ("Product", "product", "PRODUCT"):
        asset = assets.get(key)
        if asset:
            other = (asset.get("alternate") or {}).get("https") or {}
            href = asset["href"] if str(asset["href"]).startswith("http") else other.get("href", "")
            if href:
                return {**asset, "href": href}
    raise KeyError("a Product over https")


def _download(href: str, environment: Mapping[str, str]) -> str:
    """Return where a product is fetched: the catalogue's address, on the download host or its mirror."""
    place, found, product = href.partition("/odata/v1/")
    base = address("dataspace-download", environment)
    return f"{base}/{product}" if found and place else href


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
