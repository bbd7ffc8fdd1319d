"""The sentences and tables of the report on images and their alignment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fringeworks.products.report.data import EXCLUDED
from fringeworks.products.report.images import EMPTY, FAIL, MISSING, OUTSIDE, PASS, USED, WARN, Images, Seam
from fringeworks.products.report.words import count, number, plural, spoken_date

_WORST: Final = 15
_ALL: Final = 400
_NAMED: Final = 6
_SEVERITY: Final = {FAIL: 0, WARN: 1}


def image_opening(images: Images) -> list[str]:
    """Return what was aligned with what, in plain words."""
    first = images.dates[images.reference]
    platforms = sorted({d.platform for d in images.dates})
    used, all_of_them = int((images.states == USED).sum()), images.states.size
    counts = (
        f"{plural(len(images.dates), 'image')} of {', '.join(platforms)} in {images.polarisation}; {count(used)} of "
        f"{count(all_of_them)} bursts of dates are used. Interferograms average {images.looks[0]} lines by "
        f"{images.looks[1]} samples."
    )
    texts = [
        counts,
        f"All dates are aligned with {spoken_date(first.day)}: {images.reference_reason}.",
    ]
    for seams, what in ((images.seams, "bursts"), (images.boundaries, "sub-swaths")):
        verdicts = Counter(s.verdict for s in seams if s.verdict in {PASS, WARN, FAIL})
        total = sum(verdicts.values())
        if total and verdicts[PASS] == total:
            texts.append(f"All {plural(total, 'seam')} between {what} pass.")
        elif total:
            texts.append(
                f"Of {plural(total, 'seam')} between {what} {count(verdicts[PASS])} pass, {count(verdicts[WARN])} are doubtful and "
                f"{count(verdicts[FAIL])} fail."
            )
    return texts


def date_rows(images: Images) -> list[dict[str, str]]:
    """Return one row for each date."""
    n_bursts = len(images.bursts)
    return [
        {
            "date": d.day.isoformat(),
            "platform": d.platform,
            "orbit": d.orbit,
            "orbit_doubt": "warn" if d.orbit == "annotation" else "",
            "baseline": "reference" if k == images.reference else number(d.baseline, 0),
            "doppler": number(d.doppler, 0),
            "bursts": f"{int((images.states[k] == USED).sum())} of {n_bursts}",
            "products": ", ".join(d.products),
        }
        for k, d in enumerate(images.dates)
    ]


def shift_rows(images: Images) -> list[dict[str, str]]:
    """Return one row for each date and sub-swath, the largest tables cut."""
    return [
        {
            "date": s.day.isoformat(),
            "swath": s.swath,
            "lines": _with_sigma(s.lines, s.lines_sigma, 4),
            "samples": _with_sigma(s.samples, s.samples_sigma, 3),
        }
        for s in images.shifts[:_ALL]
    ]


def _with_sigma(value: float, sigma: float, digits: int) -> str:
    if not math.isfinite(value):
        return "–"
    known = f" ± {number(sigma, digits)}" if math.isfinite(sigma) else " (not estimated)"
    return "0" if value == 0 and (sigma == 0 or not math.isfinite(sigma)) else number(value, digits) + known


def seam_rows(seams: Sequence[Seam]) -> tuple[list[dict[str, str]], list[dict[str, str]], str]:
    """Return the worst seams, all of them where they are not too many, and a sentence on what is not listed."""
    known = [s for s in seams if math.isfinite(s.after) or math.isfinite(s.before)]
    worst = sorted(known, key=_badness)[:_WORST]
    rest = len(known) - len(worst)
    if not rest:
        return [_seam_row(s) for s in worst], [], ""
    if len(known) <= _ALL:
        return [_seam_row(s) for s in worst], [_seam_row(s) for s in known], ""
    return (
        [_seam_row(s) for s in worst],
        [],
        f"{plural(rest, 'further seam')}: see coregistration.overlaps in manifest.json.",
    )


def _badness(seam: Seam) -> tuple[int, float, str, str]:
    size = abs(seam.after) if math.isfinite(seam.after) else -1.0
    return _SEVERITY.get(seam.verdict, 2), -size, seam.overlap, seam.day.isoformat()


def _seam_row(seam: Seam) -> dict[str, str]:
    return {
        "overlap": seam.overlap,
        "date": seam.day.isoformat(),
        "before": number(seam.before, 3),
        "after": number(seam.after, 4),
        "sigma": number(seam.sigma, 4),
        "verdict": seam.verdict,
        "class": {PASS: "good", WARN: "warn", FAIL: "bad"}.get(seam.verdict, ""),
    }


def join_rows(images: Images) -> list[dict[str, str]]:
    """Return the phase added to each date and sub-swath so that sub-swaths meet."""
    return [
        {"date": day.isoformat(), "swath": swath, "phase": number(phase, 3)}
        for day, swath, phase in images.joins[:_ALL]
    ]


def constant_rows(images: Images) -> list[dict[str, str]]:
    """Return what all dates of a platform share."""
    return [
        {
            "platform": c.platform,
            "what": c.what,
            "where": c.where,
            "value": f"{_with_sigma(c.value, c.sigma, 4 if c.unit == 'lines' else 3)} {c.unit}",
            "dates": str(c.n_dates),
            "verdict": "beyond doubt" if c.is_significant else "not significant",
        }
        for c in images.constants
    ]


def left_out_rows(images: Images | None) -> list[dict[str, str]]:
    """Return the bursts that are not used, one row for each date and reason."""
    if images is None:
        return []
    words = {
        MISSING: "no product of this date holds it",
        EMPTY: "no valid sample",
        OUTSIDE: "outside the area",
    }
    rows = []
    for k, d in enumerate(images.dates):
        for state, reason in words.items():
            names = [b for b, s in zip(images.bursts, images.states[k], strict=True) if s == state]
            if names:
                rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                name = f"{d.day.isoformat()}: {', '.join(names[:_NAMED])}{rest}"
                kind = "burst" if len(names) == 1 else f"{len(names)} bursts"
                rows.append({"kind": kind, "name": name, "verdict": EXCLUDED, "reason": reason})
    return rows


def images_of_page(images: Images | None) -> dict[str, Any] | None:
    """Return all that the page's section on images says; None for a run that starts from interferograms."""
    if images is None:
        return None
    worst, everyone, rest = seam_rows(images.seams)
    worst_joins, all_joins, joins_rest = seam_rows(images.boundaries)
    return {
        "opening": image_opening(images),
        "dates": date_rows(images),
        "shifts": shift_rows(images),
        "worst_seams": worst,
        "all_seams": everyone,
        "seams_rest": rest,
        "joins": join_rows(images),
        "worst_joins": worst_joins,
        "all_joins": all_joins,
        "joins_rest": joins_rest,
        "constants": constant_rows(images),
    }
