"""Whether seams are as small as promised: pass, warn or fail for every overlap of every date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.diversity import OverlapTable
from fringeworks.tops.options import GateOptions

VERDICTS: Final = ("none", "pass", "warn", "fail")
"""In order of severity; ``none``: the date has no data in the overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What each seam of each date is worth.

    Attributes
    ----------
    table : OverlapTable
        What was judged.
    verdict : int8, (overlap, date)
        Index into :data:`VERDICTS`.
    worst : int8, (date)
        The worst verdict of each date.
    tally : Tally
        Seams: passed ones are used; warnings and failures, and those without data, are counted by reason.
    findings : tuple of Finding
        One for each date that does not pass, with its worst figure.
    """

    table: OverlapTable
    verdict: NDArray[np.int8]
    worst: NDArray[np.int8]
    tally: Tally
    findings: tuple[Finding, ...]

    def rows(self, dates: list[str]) -> list[dict[str, Any]]:
        """Return one plain row for each seam with data, for manifest, plot and report: rad, rounded to 1e-4."""
        table = self.table
        return [
            {
                "overlap": table.names[o],
                "date": dates[d],
                "before_rad": round(float(table.before[o, d]), 4),
                "residual_rad": round(float(table.residual[o, d]), 4),
                "sigma_rad": round(float(table.sigma[o, d]), 4),
                "verdict": VERDICTS[self.verdict[o, d]],
            }
            for o, d in zip(*np.nonzero(self.verdict), strict=True)
        ]


def judge(table: OverlapTable, *, dates: list[str], options: GateOptions) -> Verdicts:
    """Judge the double differences that an adjustment left.

    Parameters
    ----------
    table : OverlapTable
        Of burst overlaps or of sub-swath boundaries.
    dates : list of str
        Names of the dates, for findings.
    options : GateOptions
        Limits.

    Returns
    -------
    Verdicts

    Notes
    -----
    What counts is how far a step exceeds ``sigmas`` of its standard deviations: a step of 0.1 +- 0.1 rad is no evidence
    of a seam, nor of its absence, and is a warning because its sigma alone exceeds ``pass_rad``.
    """
    known = np.isfinite(table.residual) & np.isfinite(table.sigma)
    size, sigma = np.where(known, np.abs(table.residual), 0.0), np.where(known, table.sigma, 0.0)
    beyond = size - options.sigmas * sigma
    doubtful = (sigma > options.pass_rad) | (beyond > options.pass_rad)
    verdict = np.where(beyond > options.fail_rad, 3, np.where(doubtful, 2, 1)).astype(np.int8)
    verdict[~known] = 0
    worst = verdict.max(axis=0, initial=0)
    counts = {name: int((verdict == k).sum()) for k, name in enumerate(VERDICTS)}
    rejected = {"no data": counts["none"], "warn": counts["warn"], "fail": counts["fail"]}
    return Verdicts(
        table=table,
        verdict=verdict,
        worst=worst,
        tally=Tally("seams", verdict.size, counts["pass"], rejected),
        findings=tuple(_findings(table, verdict, worst, dates)),
    )


def _findings(
    table: OverlapTable, verdict: NDArray[np.int8], worst: NDArray[np.int8], dates: list[str]
) -> list[Finding]:
    findings = []
    for d in np.flatnonzero(worst >= 2):
        at = np.flatnonzero(verdict[:, d] == worst[d])
        o = int(at[np.argmax(np.abs(table.residual[at, d]))])
        found = f"{table.residual[o, d]:+.3f} +- {table.sigma[o, d]:.3f} rad in {table.names[o]}"
        text = f"{dates[d]}: {at.size} of {int((verdict[:, d] > 0).sum())} seams {VERDICTS[worst[d]]}, the worst {found}"
        findings.append(Finding("error" if worst[d] == 3 else "warning", "seams", text))
    return findings
