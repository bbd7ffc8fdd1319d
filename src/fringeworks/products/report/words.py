"""The sentences of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from fringeworks.model.layers import layer_of
from fringeworks.model.quality import NOT_RECOMMENDED, QUALITY_MEANING
from fringeworks.products.report.curves import signed
from fringeworks.products.report.data import (
    APPLIED,
    DOWN_WEIGHTED,
    EXCLUDED,
    AccuracyFigure,
    Exclusion,
    PairSummary,
    ReportData,
    TripletSummary,
)
from fringeworks.products.report.figures import Summary

_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_METHODS: Final = (
    (
        "P. Berardino, G. Fornaro, R. Lanari, E. Sansosti (2002): A new algorithm for surface deformation monitoring based on "
        "small baseline differential SAR interferograms. IEEE Transactions on Geoscience and Remote Sensing 40(11), 2375–2383."
    ),
    (
        "P. López-Quiroz, M.-P. Doin, F. Tupin, P. Briole, J.-M. Nicolas (2009): Time series analysis of Mexico City subsidence "
        "constrained by radar interferometry. Journal of Applied Geophysics 69(1), 1–15."
    ),
    (
        "A. Pepe, R. Lanari (2006): On the extension of the minimum cost flow algorithm for phase unwrapping of multitemporal "
        "differential SAR interferograms. IEEE Transactions on Geoscience and Remote Sensing 44(9), 2374–2383."
    ),
)
_WORST: Final = 15


def spoken_date(day: date) -> str:
    """Return ``6 January 2018``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def number(value: float, digits: int = 1) -> str:
    """Write a number with a true minus, ``–`` where it is not known."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    return ("−" if value < 0 and float(text) != 0 else "") + text


def count(value: int) -> str:
    """Write a whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def plural(value: int, word: str) -> str:
    """Return ``1 date``, ``2 dates``."""
    return f"{count(value)} {word}{'' if value == 1 else 's'}"


def place(longitude: float, latitude: float) -> str:
    """Return a position in degrees with its hemispheres."""
    return f"{abs(latitude):.4f}° {'N' if latitude >= 0 else 'S'}, {abs(longitude):.4f}° {'E' if longitude >= 0 else 'W'}"


def opening(data: ReportData, summary: Summary) -> list[str]:
    """Return the headline in plain words, one text a paragraph."""
    track = " ".join(
        part
        for part in (
            data.facts.pass_direction,
            f"track {data.facts.relative_orbit}" if data.facts.relative_orbit is not None else "pass",
        )
        if part
    )
    first = (
        f"This is how the ground moved between {spoken_date(data.dates[0])} and {spoken_date(data.dates[-1])} "
        f"({number(summary.years)} years) over {number(summary.width_km)} by {number(summary.height_km)} km around "
        f"{place(summary.longitude, summary.latitude)}, seen along the line of sight of "
        f"{'the satellite' if not track else 'the ' + track}."
    )
    return [first, _network_sentence(summary), _result_sentence(data, summary)]


def _network_sentence(summary: Summary) -> str:
    text = f"{plural(summary.n_dates, 'date')}; {count(summary.n_used)} of {plural(summary.n_found, 'interferogram')} carry weight"
    if summary.n_down_weighted:
        text += f", {count(summary.n_down_weighted)} of these less than their coherence would give them"
    if summary.n_excluded:
        return f"{text}; {count(summary.n_excluded)} {'was' if summary.n_excluded == 1 else 'were'} excluded."
    return f"{text}; none was excluded."


def _result_sentence(data: ReportData, summary: Summary) -> str:
    if not summary.n_recommended:
        return "No pixel is recommended for use: the maps below show why."
    text = (
        f"{summary.recommended_share:.0%} of the pixels are recommended for use. On these the velocity runs from "
        f"{signed(summary.velocity_low)} to {signed(summary.velocity_high)} mm/yr (1st to 99th percentile)"
    )
    if math.isfinite(summary.sigma):
        text += f" and its typical standard deviation is {number(summary.sigma, 2 if summary.sigma < 1 else 1)} mm/yr"
    where = (
        "."
        if data.reference is None
        else f", all relative to the reference area at row {data.reference.row}, column {data.reference.col}."
    )
    return text + where


def cards(summary: Summary) -> list[dict[str, str]]:
    """Return the figures at the top of the page."""
    known = summary.n_recommended > 0
    span = f"{signed(summary.velocity_low)} to {signed(summary.velocity_high)}" if known else "–"
    return [
        {"label": "dates", "value": count(summary.n_dates), "note": f"{number(summary.years)} years"},
        {
            "label": "interferograms used",
            "value": count(summary.n_used),
            "note": f"of {count(summary.n_found)}; {count(summary.n_excluded)} excluded",
        },
        {
            "label": "velocity, mm/yr",
            "value": span,
            "note": "1st to 99th percentile; negative = away",
        },
        {
            "label": "typical sigma, mm/yr",
            "value": number(summary.sigma, 2 if summary.sigma < 1 else 1),
            "note": "median over recommended pixels",
        },
        {
            "label": "recommended",
            "value": f"{summary.recommended_share:.0%}",
            "note": f"of {count(summary.n_pixels)} pixels looked at",
        },
    ]


def verdict_rows(data: ReportData) -> list[dict[str, str]]:
    """Return the pairs that are not simply used, and all else that was left out, with the reasons."""
    rows = [
        {
            "kind": "interferogram",
            "name": str(p.pair),
            "verdict": p.verdict,
            "reason": p.reason or "no reason recorded",
        }
        for p in sorted(data.pairs, key=lambda p: (p.verdict != EXCLUDED, p.pair))
        if p.verdict in {EXCLUDED, DOWN_WEIGHTED}
    ]
    return rows + exclusion_rows(data.excluded)


def exclusion_rows(excluded: Sequence[Exclusion]) -> list[dict[str, str]]:
    """Return what else was left out, and why."""
    return [{"kind": e.kind, "name": e.name, "verdict": EXCLUDED, "reason": e.reason} for e in excluded]


def pair_rows(data: ReportData) -> list[dict[str, str]]:
    """Return one row for each interferogram."""
    baseline = data.network.perpendicular_baseline
    return [
        _pair_row(p, math.nan if baseline is None else float(baseline[k])) for k, p in enumerate(data.pairs)
    ]


def _pair_row(summary: PairSummary, baseline: float) -> dict[str, str]:
    rejected = summary.rejected_fraction
    return {
        "pair": f"{summary.pair.reference.isoformat()} – {summary.pair.secondary.isoformat()}",
        "days": str(summary.pair.days),
        "baseline": number(baseline, 0),
        "coherence": number(summary.coherence, 2),
        "residual": number(summary.residual_rms, 2),
        "rejected": f"{rejected:.1%}" if math.isfinite(rejected) else "–",
        "verdict": summary.verdict,
    }


def triplet_rows(data: ReportData) -> tuple[list[dict[str, str]], str]:
    """Return the triplets that close worst, and a sentence on the others."""
    worst = sorted(data.triplets, key=_badness)[:_WORST]
    rows = [
        {
            "dates": " · ".join(d.isoformat() for d in t.dates),
            "mean": signed(t.mean, 2) if math.isfinite(t.mean) else "–",
            "std": number(t.std, 2),
            "cycles": f"{t.cycle_fraction:.1%}" if math.isfinite(t.cycle_fraction) else "–",
            "pixels": count(t.n_pixels),
        }
        for t in worst
    ]
    rest = len(data.triplets) - len(rows)
    return rows, f"{plural(rest, 'triplet')} that close better are not listed." if rest else ""


def _badness(triplet: TripletSummary) -> tuple[float, float, tuple[date, ...]]:
    """Order by whole cycles to the per cent, then by spread; what is not known comes last."""
    cycles = round(triplet.cycle_fraction, 2) if math.isfinite(triplet.cycle_fraction) else -1.0
    return -cycles, -triplet.std if math.isfinite(triplet.std) else 0.0, triplet.dates


def accuracy_rows(figures: tuple[AccuracyFigure, ...]) -> list[dict[str, str]]:
    """Return accuracy figures as text."""
    words = {True: "holds", False: "does not hold", None: ""}
    return [
        {
            "name": f.name,
            "value": f"{f.value:.4g}".replace("-", "−") + (f" {f.unit}" if f.unit else ""),
            "expected": f.expected,
            "verdict": words[f.passed],
        }
        for f in figures
    ]


def correction_note(data: ReportData) -> str:
    """Say what the list of corrections means for the reader."""
    if not data.corrections:
        return (
            "No correction for troposphere, ionosphere or tides was applied; weather remains in the series."
        )
    applied = [c.name for c in data.corrections if c.state == APPLIED]
    return (
        f"Applied: {', '.join(applied)}."
        if applied
        else "None was applied; what that means is said beside each."
    )


def glossary(data: ReportData) -> list[dict[str, str]]:
    """Return name, unit, sign and meaning of each layer that was published."""
    return layer_rows(sorted(data.layers))


def layer_rows(names: Sequence[str]) -> list[dict[str, str]]:
    """Return name, unit, sign and meaning of layers."""
    return [
        {
            "name": name,
            "long_name": layer.long_name,
            "unit": "" if layer.unit == "1" else layer.unit,
            "sign": layer.sign,
            "meaning": layer.meaning,
        }
        for name in names
        for layer in [layer_of(name)]
    ]


def flag_rows() -> list[dict[str, str]]:
    """Return the bits of ``quality_flags``."""
    return [
        {
            "bit": str(int(bit)),
            "name": bit.name or "",
            "meaning": text,
            "use": "do not use" if bit & NOT_RECOMMENDED else "know of it",
        }
        for bit, text in QUALITY_MEANING.items()
    ]


def citations(data: ReportData) -> list[str]:
    """Return what to cite, the notice of the data first."""
    years = sorted({d.year for d in data.network.dates} | {d.year for d in data.dates})
    span = str(years[0]) if years[0] == years[-1] else f"{years[0]}–{years[-1]}"
    notice = (f"Contains modified Copernicus Sentinel data {span}.",) if _is_sentinel(data) else ()
    program = f"Fringeworks {data.versions.get('fringeworks', '')}".strip()
    return [
        *notice,
        f"Processed with {program}, configuration {data.config_hash or 'not recorded'}.",
        *_METHODS,
        *data.citations,
    ]


def _is_sentinel(data: ReportData) -> bool:
    invented = data.facts.title.lower().startswith("simulated")
    return not invented and all(name.startswith("S1") for name in data.facts.platforms)


def _position(value: float) -> str:
    return number(value, 5 if abs(value) <= 360 else 1)


def reference_rows(data: ReportData) -> list[dict[str, Any]]:
    """Return the record of the reference."""
    reference = data.reference
    if reference is None:
        return []
    side = 2 * reference.radius + 1
    return [
        {
            "name": "where",
            "text": f"row {reference.row}, column {reference.col} (x {_position(reference.x)}, y {_position(reference.y)})",
        },
        {
            "name": "area",
            "text": f"{side} by {side} pixels, {plural(reference.n_pixels, 'pixel')} of them valid",
        },
        {"name": "when", "text": f"{spoken_date(reference.when)}: the series is zero there"},
        {"name": "how", "text": reference.how},
        {"name": "why", "text": reference.reason},
    ]
