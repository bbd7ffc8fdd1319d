"""Seams of bursts and sub-swaths as plain rows: what was found, what is left, what it is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from fringeworks.tops.diversity import OverlapTable
from fringeworks.tops.gates import VERDICTS, Verdicts


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
