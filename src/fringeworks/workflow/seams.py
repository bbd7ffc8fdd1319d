"""Seams of bursts and sub-swaths: plain rows of what was found, what is left, what it is worth; what it costs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fringeworks.tops.diversity import OverlapTable
from fringeworks.tops.gates import VERDICTS, Verdicts
from fringeworks.tops.options import DiversityOptions

_PER_DATE: Final = 40e-9
"""Time to read a sample of a date from the store and to prepare it, on two processors [s]."""
_PER_PAIR: Final = 2.5e-9
"""Time to compare a sample between two dates, on two processors [s]."""


def comparing_seconds(n_samples: float, *, n_dates: int) -> float:
    """Return the time to compare two images of the same ground over a network of dates [s].

    Parameters
    ----------
    n_samples : float
        Samples of one date that both images hold.
    n_dates : int
        Dates; each is compared with as many before and after it as is usual.
    """
    reach = min(DiversityOptions().neighbours, max(n_dates - 1, 0))
    n_pairs = reach * n_dates - reach * (reach + 1) // 2
    return n_samples * (n_dates * _PER_DATE + n_pairs * _PER_PAIR)


def seam_rows(table: OverlapTable, verdicts: Verdicts, days: list[str]) -> list[dict[str, Any]]:
    """Return one row for each overlap and date, for store, manifest and report."""
    return [
        {
            "overlap": name,
            "date": day,
            "before_rad": _number(table.before[k, d]),
            "residual_rad": _number(table.residual[k, d]),
            "sigma_rad": _number(table.sigma[k, d]),
            "verdict": VERDICTS[int(verdicts.verdict[k, d])],
        }
        for k, name in enumerate(table.names)
        for d, day in enumerate(days)
    ]


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
