"""The static STAC catalogue of a run: plain JSON, relative links, the same bytes for the same run.

Layout::

    catalog.json
    products/standard/collection.json                  item.json beside its rasters
    products/interferograms/collection.json
    products/interferograms/<ref>_<sec>/item.json

STAC 1.1.0.  Extensions: projection 2.0.0, file 2.1.0, processing 1.1.0, sar 1.3.0, sat 1.0.0, view 1.0.0,
insar 1.0.0; each is named only where its fields are known.  What they have no word for stands under our own
prefix:

=================================  ==========================================================================
``fringeworks:sign``               what positive means, for the displacement and velocity assets of the item
``fringeworks:positive``           the same for one asset
``fringeworks:first_date``         date at which the series is zero
``fringeworks:n_dates``            dates of the series
``fringeworks:n_interferograms``   interferograms the series rests on
``fringeworks:model_terms``        temporal terms fitted: ``linear``, ``annual``, ``step 2018-01-20`` ...
``fringeworks:reference``          ``row``, ``column``, ``radius_pixels``, ``n_pixels``, ``x``, ``y``
                                   (``proj:code``), ``how`` and ``reason`` of the reference area
``fringeworks:wavelength``         radar wavelength [m]
``fringeworks:config_hash``        digest of the resolved configuration
``fringeworks:time_of_day``        ``known`` or ``unknown``: whether instants hold a real time of day
=================================  ==========================================================================
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fringeworks.catalog.fields import (
    CatalogFacts,
    common_fields,
    extensions_of,
    geometry_fields,
    licence_of,
    pair_fields,
    providers_of,
    series_fields,
)
from fringeworks.catalog.footprint import Footprint, footprint_of
from fringeworks.io.files import write_text
from fringeworks.io.rasters import ProductFile
from fringeworks.model.layers import layer_of
from fringeworks.model.stack import Pair

STAC_VERSION: Final = "1.1.0"
COG: Final = "image/tiff; application=geotiff; profile=cloud-optimized"
_ROLES: Final = {
    "velocity": ["data", "velocity"],
    "displacement": ["data", "los_displacement"],
    "unwrapped": ["data", "unwrapped_phase"],
    "wrapped": ["data", "phase"],
    "filtered": ["data", "phase"],
    "coherence": ["data", "coherence"],
    "amplitude": ["data", "amplitude"],
    "recommended_mask": ["data-mask"],
    "quality_flags": ["data-mask", "quality"],
    "los_enu": ["geometry"],
    "height": ["geometry"],
    "incidence": ["geometry"],
}
_SERIES: Final = frozenset({"velocity", "displacement"})
_DATA: Final = frozenset({".parquet"})
"""Endings of documents that hold values."""
_MEDIA: Final = {
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".yaml": "application/yaml",
}


@dataclass(frozen=True, slots=True)
class _Writer:
    """What every document of one catalogue shares."""

    out: Path
    facts: CatalogFacts
    footprint: Footprint

    def write(self, path: Path, document: Mapping[str, Any]) -> None:
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        write_text(path, text + "\n")


def write_catalog(
    out: Path,
    *,
    facts: CatalogFacts,
    standard: Sequence[ProductFile] = (),
    interferograms: Mapping[Pair, Sequence[ProductFile]] | None = None,
    documents: Mapping[str, Path] | None = None,
) -> Path:
    """Write the static STAC catalogue of a run.

    Parameters
    ----------
    out : Path
        Folder of the run; ``catalog.json`` is written there, collections and items beside their products.
    facts : CatalogFacts
        What the files do not say.
    standard : sequence of ProductFile
        Rasters of the standard family, all in one folder: a series, or only the geometry of interferograms.
    interferograms : mapping of Pair to sequence of ProductFile, optional
        Rasters of each interferogram, each in a folder of its own.
    documents : mapping of str to Path, optional
        Further assets by key: ``report``, ``manifest``; of the series, or where there is none of each
        interferogram. They carry no checksum, so they may be written after the catalogue.

    Returns
    -------
    Path
        ``out/catalog.json``.

    Raises
    ------
    DiskFullError
        There was no room.
    """
    writer = _Writer(out, facts, footprint_of(facts.grid))
    children, shared = [], dict(documents or {})
    is_series = any(file.name in _SERIES for file in standard)
    if standard:
        collect = _series_collection if is_series else _geometry_collection
        children.append(collect(writer, standard, shared if is_series or not interferograms else {}))
    if interferograms:
        children.append(_interferogram_collection(writer, interferograms, {} if is_series else shared))
    root = {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": facts.identifier,
        "title": facts.title,
        "description": facts.description,
        "links": [
            _link("root", "./catalog.json", "application/json"),
            *(
                _link("child", f"./{_relative(path, out)}", "application/json", title)
                for path, title in children
            ),
        ],
    }
    writer.write(out / "catalog.json", root)
    return out / "catalog.json"


def _series_collection(
    writer: _Writer, files: Sequence[ProductFile], documents: Mapping[str, Path]
) -> tuple[Path, str]:
    title = f"{writer.facts.title}: velocity and displacement series"
    return _standard_collection(
        writer, files, documents, title=title, item="series", fields=series_fields(writer.facts)
    )


def _geometry_collection(
    writer: _Writer, files: Sequence[ProductFile], documents: Mapping[str, Path]
) -> tuple[Path, str]:
    title = f"{writer.facts.title}: heights and directions of view"
    fields = geometry_fields(writer.facts)
    return _standard_collection(writer, files, documents, title=title, item="geometry", fields=fields)


def _standard_collection(
    writer: _Writer,
    files: Sequence[ProductFile],
    documents: Mapping[str, Path],
    *,
    title: str,
    item: str,
    fields: Mapping[str, Any],
) -> tuple[Path, str]:
    folder = files[0].path.parent
    identifier = f"{writer.facts.identifier}-standard"
    document = _item(
        writer, identifier=f"{identifier}-{item}", folder=folder, files=files, collection=identifier
    )
    document["properties"] |= fields
    document["assets"] |= _documents(documents, folder)
    document["stac_extensions"] = extensions_of(document)
    writer.write(folder / "item.json", document)
    collection = _collection(
        writer, identifier=identifier, title=title, folder=folder, items={"./item.json": document}
    )
    writer.write(folder / "collection.json", collection)
    return folder / "collection.json", title


def _documents(documents: Mapping[str, Path], folder: Path) -> dict[str, dict[str, Any]]:
    return {
        key: {
            "href": _relative(path, folder),
            "type": _MEDIA.get(path.suffix, "application/octet-stream"),
            "title": key,
            "roles": ["data" if path.suffix in _DATA else "metadata"],
        }
        for key, path in sorted(documents.items())
    }


def _interferogram_collection(
    writer: _Writer, interferograms: Mapping[Pair, Sequence[ProductFile]], documents: Mapping[str, Path]
) -> tuple[Path, str]:
    first = next(iter(interferograms.values()))
    folder = first[0].path.parent.parent
    identifier = f"{writer.facts.identifier}-interferograms"
    title = f"{writer.facts.title}: interferograms"
    items = {}
    for pair in sorted(interferograms):
        files = interferograms[pair]
        item = _item(
            writer,
            identifier=f"{writer.facts.identifier}-{pair}",
            folder=files[0].path.parent,
            files=files,
            collection=identifier,
        )
        item["properties"] |= pair_fields(writer.facts, pair)
        item["assets"] |= _documents(documents, files[0].path.parent)
        item["stac_extensions"] = extensions_of(item)
        writer.write(files[0].path.parent / "item.json", item)
        items[f"./{_relative(files[0].path.parent / 'item.json', folder)}"] = item
    collection = _collection(writer, identifier=identifier, title=title, folder=folder, items=items)
    writer.write(folder / "collection.json", collection)
    return folder / "collection.json", title


def _item(
    writer: _Writer, *, identifier: str, folder: Path, files: Sequence[ProductFile], collection: str
) -> dict[str, Any]:
    home = folder if (folder.parent.name == "products") else folder.parent
    parent = f"{_up(folder, home)}collection.json"
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "id": identifier,
        "collection": collection,
        "geometry": writer.footprint.geometry,
        "bbox": list(writer.footprint.bbox),
        "properties": common_fields(writer.facts),
        "links": [
            _link("root", f"{_up(folder, writer.out)}catalog.json", "application/json"),
            _link("parent", parent, "application/json"),
            _link("collection", parent, "application/json"),
        ],
        "assets": {file.name: _asset(file, folder) for file in files},
    }


def _asset(file: ProductFile, folder: Path) -> dict[str, Any]:
    layer = layer_of(file.name)
    names = file.band_names if len(file.band_names) > 1 else (file.name,)
    asset = {
        "href": f"./{_relative(file.path, folder)}",
        "type": COG,
        "title": layer.long_name,
        "description": layer.meaning,
        "roles": _roles(layer.name),
        "data_type": file.dtype,
        "nodata": "nan" if math.isnan(file.fill) else file.fill,
        "unit": file.unit,
        "bands": [{"name": name} for name in names],
        "file:size": file.size,
        "file:checksum": f"1220{file.sha256}",  # multihash: 0x12 = sha2-256, 0x20 = 32 bytes
    }
    if layer.sign:
        asset["fringeworks:positive"] = layer.sign
    return asset


def _roles(name: str) -> list[str]:
    if name.endswith("_std"):
        return ["data", "uncertainty"]
    return _ROLES.get(name, ["data", "quality" if name.startswith(("n_", "closure", "misclosure")) else name])


def _collection(
    writer: _Writer, *, identifier: str, title: str, folder: Path, items: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    root = f"{_up(folder, writer.out)}catalog.json"
    licence, licence_links = licence_of(writer.facts)
    times = [item["properties"] for item in items.values()]
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": identifier,
        "title": title,
        "description": writer.facts.description,
        "license": licence,
        "providers": providers_of(writer.facts),
        "extent": {
            "spatial": {"bbox": [list(writer.footprint.bbox)]},
            "temporal": {
                "interval": [[min(t["start_datetime"] for t in times), max(t["end_datetime"] for t in times)]]
            },
        },
        "summaries": _summaries(times),
        "item_assets": _item_assets(items.values()),
        "links": [
            _link("root", root, "application/json"),
            _link("parent", root, "application/json"),
            *licence_links,
            *(_link("item", href, "application/geo+json") for href in sorted(items)),
        ],
    }


def _summaries(properties: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    keys = ("platform", "constellation", "sat:orbit_state", "sat:relative_orbit", "sar:frequency_band")
    return {
        key: sorted({p[key] for p in properties if key in p})
        for key in keys
        if any(key in p for p in properties)
    }


def _item_assets(items: Any) -> dict[str, Any]:
    kept = ("title", "description", "type", "roles", "unit", "data_type", "fringeworks:positive")
    return {
        key: {name: asset[name] for name in kept if name in asset}
        for item in items
        for key, asset in item["assets"].items()
    }


def _link(rel: str, href: str, media: str, title: str = "") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media, **({"title": title} if title else {})}


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _up(folder: Path, ancestor: Path) -> str:
    """Return the way from a folder up to one above it, with a closing slash."""
    way = _relative(ancestor, folder)
    return "./" if way == "." else f"{way}/"
