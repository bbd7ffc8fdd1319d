"""The sentences of the page of one interferogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fringeworks.products.report.curves import signed
from fringeworks.products.report.figures import MM, extent_of
from fringeworks.products.report.pair_data import PairReportData
from fringeworks.products.report.pair_maps import component_shares
from fringeworks.products.report.pair_sampling import SampledPair
from fringeworks.products.report.words import count, number, place, plural, spoken_date

_MOST_COMPONENTS: Final = 8
_LEAST_SHARE: Final = 0.001
_METHODS: Final = (
    ("R. Bamler, P. Hartl (1998): Synthetic aperture radar interferometry. Inverse Problems 14(4), R1–R54."),
    (
        "N. Yague-Martinez, P. Prats-Iraola, F. Rodriguez Gonzalez, R. Brcic, R. Shau, D. Geudtner, M. Eineder, R. Bamler (2016): "
        "Interferometric processing of Sentinel-1 TOPS data. IEEE Transactions on Geoscience and Remote Sensing 54(4), 2220–2234."
    ),
    (
        "R. M. Goldstein, C. L. Werner (1998): Radar interferogram filtering for geophysical applications. Geophysical Research "
        "Letters 25(21), 4035–4038."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSummary:
    """The figures of the headline.

    Attributes
    ----------
    low, high : float
        Percentiles 1 and 99 of the displacement about its median [mm]; NaN without any.
    coherence : float
        Mean; NaN without any.
    covered, unwrapped : float
        Shares of the map with a coherence, and of these that were unwrapped.
    width_km, height_km, longitude, latitude : float
        Of the map, and its centre [degrees].
    """

    low: float
    high: float
    coherence: float
    covered: float
    unwrapped: float
    width_km: float
    height_km: float
    longitude: float
    latitude: float


def summarise_pair(data: PairReportData, sampled: SampledPair) -> PairSummary:
    """Compute the figures of the headline from the sampled pixels."""
    coherence = sampled.layers["coherence"]
    valid = np.isfinite(coherence)
    moved = sampled.layers.get("displacement", np.full(coherence.shape, np.nan, np.float32))
    known = moved[np.isfinite(moved)] * MM
    low, high = np.percentile(known - np.median(known), [1, 99]) if known.size else (math.nan, math.nan)
    longitude, latitude, width, height = extent_of(data.grid)
    return PairSummary(
        low=float(low),
        high=float(high),
        coherence=float(coherence[valid].mean()) if valid.any() else math.nan,
        covered=float(valid.mean()),
        unwrapped=known.size / max(int(valid.sum()), 1),
        width_km=width,
        height_km=height,
        longitude=longitude,
        latitude=latitude,
    )


def pair_opening(data: PairReportData, summary: PairSummary) -> list[str]:
    """Return the headline in plain words, one text a paragraph."""
    pair, facts = data.pair, data.facts
    track = (
        f" by the {facts.pass_direction} track {facts.relative_orbit}"
        if facts.relative_orbit is not None
        else ""
    )
    first = (
        f"Two images of {number(summary.width_km)} by {number(summary.height_km)} km around "
        f"{place(summary.longitude, summary.latitude)}, taken{track} on {spoken_date(pair.reference)} and "
        f"{spoken_date(pair.secondary)}, {plural(pair.days, 'day')} apart. The displacement is that of the later date against the "
        "earlier one."
    )
    if not math.isfinite(summary.low):
        return [first, "No pixel was unwrapped: the maps below show why."]
    second = (
        f"The mean coherence is {number(summary.coherence, 2)}; {summary.unwrapped:.0%} of the pixels with data were unwrapped. Their "
        f"displacement runs from {signed(summary.low)} to {signed(summary.high)} mm about its median (1st to 99th percentile)."
    )
    return [first, second]


def pair_cards(data: PairReportData, sampled: SampledPair, summary: PairSummary) -> list[dict[str, str]]:
    """Return the figures at the top of the page."""
    known = math.isfinite(summary.low)
    ambiguity = data.height_of_ambiguity
    shares = component_shares(sampled) if "connected_components" in sampled.layers else []
    whole = sum(share for _, share in shares)
    return [
        {
            "label": "days apart",
            "value": count(data.pair.days),
            "note": f"{data.pair.reference} to {data.pair.secondary}",
        },
        {
            "label": "perpendicular baseline, m",
            "value": number(data.baseline, 0),
            "note": f"one cycle for {number(ambiguity, 0)} m of height" if math.isfinite(ambiguity) else "",
        },
        {
            "label": "mean coherence",
            "value": number(summary.coherence, 2),
            "note": f"{summary.covered:.0%} of the map has data",
        },
        {
            "label": "displacement, mm",
            "value": f"{signed(summary.low)} to {signed(summary.high)}" if known else "–",
            "note": "about the median; negative = away",
        },
        {
            "label": "regions unwrapped",
            "value": count(len(shares)),
            "note": f"the largest holds {shares[0][1] / whole:.0%}" if shares else "",
        },
    ]


def fact_rows(data: PairReportData) -> list[dict[str, str]]:
    """Return the facts of the pair, one row each."""
    facts, pair = data.facts, data.pair
    rows = [
        ("reference", _image_text(data, 0)),
        ("secondary", _image_text(data, 1)),
        ("days apart", count(pair.days)),
        ("perpendicular baseline", f"{number(data.baseline)} m"),
        (
            "height of ambiguity",
            f"{number(data.height_of_ambiguity)} m of height turn the phase by one cycle",
        ),
        (
            "wavelength",
            f"{data.wavelength * MM:.4f} mm: one cycle is {0.5 * data.wavelength * MM:.2f} mm along the line of sight",
        ),
        ("incidence", f"{number(math.degrees(data.incidence))}° at the middle of the map"),
        ("polarisation", data.images.polarisation if data.images is not None else "–"),
        (
            "looks",
            "–" if facts.looks is None else f"{facts.looks.azimuth} lines by {facts.looks.range} samples",
        ),
        ("coherence window", _window_text(data)),
        ("sign", facts.sign_reason or "–"),
    ]
    return [
        {"name": name, "text": text}
        for name, text in rows
        if "–" not in text or name in {"reference", "secondary"}
    ]


def _image_text(data: PairReportData, index: int) -> str:
    day = data.pair.reference if index == 0 else data.pair.secondary
    if data.images is None:
        return spoken_date(day)
    found = next((d for d in data.images.dates if d.day == day), None)
    if found is None:
        return spoken_date(day)
    return f"{spoken_date(day)}, {found.platform}, {found.orbit} orbit"


def _window_text(data: PairReportData) -> str:
    lines, samples = data.coherence_window
    if not lines:
        return "–"
    return f"{lines} lines by {samples} samples, some {number(data.effective_looks, 0)} independent ones"


def unwrapping_rows(data: PairReportData, sampled: SampledPair) -> list[dict[str, str]]:
    """Return how the whole cycles were found, one row each."""
    found = data.unwrapping
    rows = []
    if found.method:
        rows.append(
            {"name": "unwrapper", "text": found.method + (f" ({found.licence})" if found.licence else "")}
        )
    if found.n_components >= 0:
        bridges = (
            f"{count(found.n_bridges)} of {plural(found.n_bridges_considered, 'gap')} between regions bridged"
        )
        rows.append(
            {
                "name": "regions",
                "text": f"{plural(found.n_components, 'region')} in the radar image; {bridges}",
            }
        )
    shares = component_shares(sampled) if "connected_components" in sampled.layers else []
    if shares:
        named = [
            f"region {label}: {share:.1%} of the map"
            for label, share in shares[:_MOST_COMPONENTS]
            if share >= _LEAST_SHARE
        ]
        rest = f"; {count(len(shares) - len(named))} smaller" if len(shares) > len(named) else ""
        rows.append({"name": "on the map", "text": "; ".join(named) + rest})
    return rows


def pair_citations(data: PairReportData) -> list[str]:
    """Return what to cite, the notice of the data first."""
    first, last = data.pair.reference.year, data.pair.secondary.year
    span = str(first) if first == last else f"{first}–{last}"
    program = f"Fringeworks {data.versions.get('fringeworks', '')}".strip()
    return [
        f"Contains modified Copernicus Sentinel data {span}.",
        f"Processed with {program}, configuration {data.config_hash or 'not recorded'}.",
        *_METHODS,
    ]
