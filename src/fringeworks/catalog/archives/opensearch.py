"""Scenes by OpenSearch, as CNES's PEPS and its like answer it: GeoJSON with properties, or Atom with EO terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

from lxml import etree

from fringeworks.catalog.archives.checksums import read_checksum
from fringeworks.catalog.archives.endpoints import address
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
from fringeworks.errors import OutOfRangeError, RequestError
from fringeworks.model.identity import Platform

_PAGE: Final = 200
_MAX_PAGES: Final = 200
_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_GEORSS: Final = "{http://www.georss.org/georss}"


class OpenSearchProvider:
    """An archive that speaks OpenSearch with the geo, time and EO parameters of PEPS.

    Parameters
    ----------
    transport : Transport
        The network.
    """

    name = "opensearch"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, query: SearchQuery) -> tuple[SceneRecord, ...]:
        """Return the scenes the archive holds, all pages of them.

        Raises
        ------
        RequestError
            Single bursts are asked for.
        ArchiveError
            The archive does not answer, or not as its interface promises.
        """
        if query.kind == "burst":
            raise RequestError("single bursts by OpenSearch", expected="whole scenes", hint="--provider asf")
        records: list[SceneRecord] = []
        names = query.names or (None,)
        for area in query.areas() or (None,):
            for name in names:
                records += self._pages(_words(query, area, name), query.limit)
        return in_order(records, query)

    def _pages(self, words: dict[str, Any], limit: int) -> list[SceneRecord]:
        url = address("opensearch", self._transport.environment)
        records: list[SceneRecord] = []
        params: dict[str, Any] | None = words
        for _ in range(_MAX_PAGES):
            response = self._transport.request("GET", url, params=params)
            page, after = _read(response)
            records += page
            if not after or not page or len(records) >= limit:
                return records
            url, params = urljoin(response.url, after), None
        raise unreadable("opensearch", f"more than {_MAX_PAGES} pages")


def _words(query: SearchQuery, area: Any, name: str | None) -> dict[str, Any]:
    words: dict[str, Any] = {"productType": "SLC", "maxRecords": _PAGE, "page": 1}
    if name is not None:
        return {**words, "identifier": name.removesuffix(".zip").removesuffix(".SAFE")}
    given = {
        "geometry": area.wkt if area is not None else None,
        "startDate": query.start.iso if query.start else None,
        "completionDate": query.end.iso if query.end else None,
        "relativeOrbitNumber": query.track,
        "orbitDirection": query.direction.value if query.direction else None,
        "platform": query.platforms[0].name if len(query.platforms) == 1 else None,
    }
    return words | {k: v for k, v in given.items() if v is not None}


def _read(response: Any) -> tuple[list[SceneRecord], str]:
    """Return the records of a page and the address of the next one, empty at the end."""
    kind = response.headers.get("Content-Type", "").lower()
    if "xml" in kind or response.content[:200].lstrip().startswith(b"<"):
        return _read_atom(response.content)
    try:
        answer = response.json()
        features = answer["features"]
        links = (answer.get("properties") or {}).get("links") or answer.get("links") or ()
        following = next((str(k["href"]) for k in links if k.get("rel") == "next"), "")
        return [_from_feature(f) for f in features], following
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable("opensearch", "something that is no list of results") from error


def _from_feature(feature: Mapping[str, Any]) -> SceneRecord:
    values = feature["properties"]
    download = (values.get("services") or {}).get("download") or {}
    name = str(values.get("productIdentifier") or values.get("title")).removesuffix(".SAFE")
    checksum = read_checksum(str(download.get("checksum") or values.get("resourceChecksum") or ""))
    size = download.get("size") or values.get("resourceSize")
    return SceneRecord(
        provider="opensearch",
        kind="slc",
        name=name,
        file_name=f"{name}.zip",
        url=str(download["url"]),
        platform=_platform(values.get("platform") or name),
        start=instant_of(values.get("startDate"), "opensearch"),
        stop=instant_of(values.get("completionDate"), "opensearch"),
        track=int(values["relativeOrbitNumber"]) if values.get("relativeOrbitNumber") else None,
        direction=direction_of(values.get("orbitDirection")),
        polarisations=polarisations_of(values.get("polarisation")) or _polarisations(name),
        footprint=feature.get("geometry") or {},
        size=int(size) if size else None,
        checksums=(checksum,) if checksum else (),
    )


def _read_atom(content: bytes) -> tuple[list[SceneRecord], str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise unreadable("opensearch", "XML that does not parse") from error
    following = next((str(k.get("href")) for k in root.findall(f"{_ATOM}link") if k.get("rel") == "next"), "")
    return [_from_entry(e) for e in root.findall(f"{_ATOM}entry")], following


def _from_entry(entry: Any) -> SceneRecord:
    """Read an Atom entry: EO terms in whatever namespace version the archive uses."""
    words: dict[str, str] = {}
    for node in entry.iter():
        if isinstance(node.tag, str) and node.text and node.text.strip():
            words.setdefault(node.tag.rpartition("}")[2], node.text.strip())
    links = entry.findall(f"{_ATOM}link")
    link = next((k for k in links if k.get("rel") == "enclosure"), None)
    if link is None or not link.get("href"):
        raise unreadable("opensearch", "an entry without an enclosure")
    name = (words.get("identifier") or words.get("title") or "").removesuffix(".SAFE")
    span = words.get("date", "").partition("/")
    length = link.get("length") or ""
    return SceneRecord(
        provider="opensearch",
        kind="slc",
        name=name,
        file_name=f"{name}.zip",
        url=str(link.get("href")),
        platform=_platform(name),
        start=instant_of(words.get("beginPosition") or span[0], "opensearch"),
        stop=instant_of(words.get("endPosition") or span[2] or span[0], "opensearch"),
        track=int(words["relativeOrbitNumber"]) if words.get("relativeOrbitNumber", "").isdigit() else None,
        direction=direction_of(words.get("orbitDirection")),
        polarisations=polarisations_of(words.get("polarisationChannels")) or _polarisations(name),
        footprint=_polygon(entry.findtext(f".//{_GEORSS}polygon") or ""),
        size=int(length) if length.isdigit() else None,
        checksums=(),
    )


def _polygon(text: str) -> dict[str, Any]:
    """Read a GeoRSS polygon: latitude, longitude, latitude ..."""
    try:
        values = [float(v) for v in text.split()]
    except ValueError as error:
        raise unreadable("opensearch", "a polygon that holds no numbers") from error
    if len(values) < 8:
        return {}
    ring = [[lon, lat] for lat, lon in zip(values[::2], values[1::2], strict=False)]
    return {"type": "Polygon", "coordinates": [ring]}


def _platform(text: str) -> Platform:
    try:
        return Platform.named(str(text)[:3])
    except OutOfRangeError as error:
        raise unreadable("opensearch", f"a platform {str(text)[:30]!r}") from error


def _polarisations(name: str) -> tuple[Any, ...]:
    """Read the polarisations of a product's name: ``..._1SDV_...`` holds VV and VH."""
    code = name[14:16]
    channels = {"DV": "VV VH", "SV": "VV", "DH": "HH HV", "SH": "HH"}
    return polarisations_of(channels.get(code, code))
