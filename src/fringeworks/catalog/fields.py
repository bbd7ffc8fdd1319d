"""The properties of a STAC item, each under the extension that defines it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from pyproj import CRS

from fringeworks import __version__
from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import TOWARD
from fringeworks.model.results import Reference
from fringeworks.model.stack import Pair, PairNetwork, StackFacts

EXTENSIONS: Final = {
    "proj": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "file": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "processing": "https://stac-extensions.github.io/processing/v1.1.0/schema.json",
    "sar": "https://stac-extensions.github.io/sar/v1.3.0/schema.json",
    "sat": "https://stac-extensions.github.io/sat/v1.0.0/schema.json",
    "view": "https://stac-extensions.github.io/view/v1.0.0/schema.json",
    "insar": "https://stac-extensions.github.io/insar/v1.0.0/schema.json",
}
_BANDS: Final = (
    (0.3, "P"),
    (1.0, "L"),
    (2.0, "S"),
    (4.0, "C"),
    (8.0, "X"),
    (12.0, "Ku"),
    (18.0, "K"),
    (27.0, "Ka"),
)
_LICENCE_LINK: Final = {
    "rel": "license",
    "href": "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice",
    "title": "Legal notice on the use of Copernicus Sentinel data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFacts:
    """What the catalogue says of a run, beyond its files.

    Attributes
    ----------
    identifier : str
        Prefix of all STAC ids; letters, digits, ``-`` and ``_``.
    title, description : str
        For people.
    grid : MapGrid
        Grid of the products.
    network : PairNetwork
        Dates of the series, the pairs used, and their baselines.
    wavelength : float
        Radar wavelength [m].
    facts : StackFacts
        What is known of the acquisitions.
    reference : Reference, optional
        Spatial and temporal reference.
    model_terms : tuple of str
        Temporal terms that were fitted.
    config_hash : str
        Digest of the resolved configuration.
    incidence : float, optional
        Incidence angle at the centre [rad].
    polarisations : tuple of str
        ``VV`` ...; empty where unknown.
    lineage : str
        How the products were made, in a few sentences.
    """

    identifier: str
    title: str
    description: str
    grid: MapGrid
    network: PairNetwork
    wavelength: float
    facts: StackFacts
    reference: Reference | None = None
    model_terms: tuple[str, ...] = ()
    config_hash: str = ""
    incidence: float | None = None
    polarisations: tuple[str, ...] = ()
    lineage: str = ""


def extensions_of(item: Mapping[str, Any]) -> list[str]:
    """Return the schemas of the extensions whose fields an item holds, sorted."""
    keys = set(item["properties"]).union(*(asset for asset in item["assets"].values()))
    return sorted(
        EXTENSIONS[prefix] for prefix in {key.split(":")[0] for key in keys if ":" in key} & set(EXTENSIONS)
    )


def common_fields(facts: CatalogFacts) -> dict[str, Any]:
    """Return the properties that all items of a run share."""
    return {
        **_projection(facts.grid),
        **_satellite(facts.facts),
        **_radar(facts),
        **_view(facts),
        "processing:software": {"fringeworks": __version__},
        "processing:lineage": facts.lineage,
        "fringeworks:sign": TOWARD,
        "fringeworks:wavelength": facts.wavelength,
        "fringeworks:config_hash": facts.config_hash,
        "fringeworks:time_of_day": "known" if _time_of_day(facts.facts.centre_time) else "unknown",
    }


def series_fields(facts: CatalogFacts) -> dict[str, Any]:
    """Return the properties of the item that holds velocity and series."""
    dates = facts.network.dates
    fields: dict[str, Any] = {
        "datetime": None,
        "start_datetime": _instant(facts, dates[0]),
        "end_datetime": _instant(facts, dates[-1]),
        "processing:level": "L3",
        "fringeworks:first_date": dates[0].isoformat(),
        "fringeworks:n_dates": len(dates),
        "fringeworks:n_interferograms": len(facts.network.pairs),
        "fringeworks:model_terms": list(facts.model_terms),
    }
    if facts.reference is not None:
        fields["fringeworks:reference"] = _reference(facts.reference)
    return fields


def geometry_fields(facts: CatalogFacts) -> dict[str, Any]:
    """Return the properties of the item that holds only the geometry of interferograms."""
    dates = facts.network.dates
    return {
        "datetime": None,
        "start_datetime": _instant(facts, dates[0]),
        "end_datetime": _instant(facts, dates[-1]),
        "processing:level": "L3",
    }


def pair_fields(facts: CatalogFacts, pair: Pair) -> dict[str, Any]:
    """Return the properties of one interferogram's item."""
    start, end = _instant(facts, pair.reference), _instant(facts, pair.secondary)
    fields: dict[str, Any] = {
        "datetime": end,
        "start_datetime": start,
        "end_datetime": end,
        "processing:level": "L3",
        "insar:reference_datetime": start,
        "insar:secondary_datetime": end,
        "insar:temporal_baseline": pair.days,
    }
    baseline = facts.network.perpendicular_baseline
    if baseline is not None and pair in facts.network.pairs:
        value = float(baseline[facts.network.pairs.index(pair)])
        if math.isfinite(value):
            fields["insar:perpendicular_baseline"] = round(value, 3)
    return fields


def licence_of(facts: CatalogFacts) -> tuple[str, list[dict[str, str]]]:
    """Return the licence as SPDX identifier or ``other``, and links to its text."""
    stated = facts.facts.licence
    licence = stated if re.fullmatch(r"[\w.+-]+", stated) else "other"
    return licence, [_LICENCE_LINK] if _is_sentinel(facts.facts) else []


def providers_of(facts: CatalogFacts) -> list[dict[str, Any]]:
    """Return who made the images; who ran the processing is not ours to say."""
    if not _is_sentinel(facts.facts):
        return []
    return [{"name": "European Space Agency, Copernicus programme", "roles": ["producer", "licensor"]}]


def _is_sentinel(facts: StackFacts) -> bool:
    return bool(facts.platforms) and all(name.startswith("S1") for name in facts.platforms)


def _time_of_day(text: str) -> str:
    found = re.search(r"(\d{2}:\d{2}:\d{2}(?:\.\d+)?)", text)
    return found.group(1) if found else ""


def _instant(facts: CatalogFacts, day: date) -> str:
    return f"{day.isoformat()}T{_time_of_day(facts.facts.centre_time) or '00:00:00'}Z"


def _projection(grid: MapGrid) -> dict[str, Any]:
    authority = CRS.from_user_input(grid.crs).to_authority()
    name = (
        {"proj:code": ":".join(authority)}
        if authority
        else {"proj:wkt2": CRS.from_user_input(grid.crs).to_wkt()}
    )
    return {
        **name,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform),
        "proj:bbox": list(grid.bounds),
    }


def _satellite(facts: StackFacts) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if facts.pass_direction:
        fields["sat:orbit_state"] = facts.pass_direction
    if facts.relative_orbit is not None:
        fields["sat:relative_orbit"] = facts.relative_orbit
    if _is_sentinel(facts):
        fields |= {"constellation": "sentinel-1", "instruments": ["c-sar"]}
        if len(facts.platforms) == 1:
            fields["platform"] = f"sentinel-1{facts.platforms[0][2:].lower()}"
    return fields


def _radar(facts: CatalogFacts) -> dict[str, Any]:
    frequency = SPEED_OF_LIGHT / facts.wavelength / 1e9
    fields: dict[str, Any] = {"sar:center_frequency": round(frequency, 6)}
    band = [name for start, name in _BANDS if frequency >= start]
    if band and frequency < 40.0:
        fields["sar:frequency_band"] = band[-1]
    if facts.polarisations:
        fields["sar:polarizations"] = list(facts.polarisations)
    if facts.facts.looks is not None:
        fields |= {"sar:looks_range": facts.facts.looks.range, "sar:looks_azimuth": facts.facts.looks.azimuth}
    if _is_sentinel(facts.facts):
        fields["sar:observation_direction"] = "right"
    return fields


def _view(facts: CatalogFacts) -> dict[str, Any]:
    fields = {}
    if facts.incidence is not None:
        fields["view:incidence_angle"] = round(float(np.rad2deg(facts.incidence)), 4)
    if facts.facts.heading is not None and _is_sentinel(facts.facts):
        # Sentinel-1 looks right of its flight
        fields["view:azimuth"] = round(float(np.rad2deg(facts.facts.heading) + 90.0) % 360.0, 4)
    return fields


def _reference(reference: Reference) -> dict[str, Any]:
    return {
        "row": reference.row,
        "column": reference.col,
        "x": reference.x,
        "y": reference.y,
        "radius_pixels": reference.radius,
        "n_pixels": reference.n_pixels,
        "date": reference.when.isoformat(),
        "how": reference.how,
        "reason": reference.reason,
    }
