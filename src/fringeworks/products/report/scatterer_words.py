"""The sentences, counts and matrices of the report on scatterers."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.products.report.scatterers import ScattererFacts
from fringeworks.products.report.words import count, number, plural


def scatterer_opening(found: ScattererFacts) -> list[str]:
    """Say in plain words how many scatterers there are."""
    n_ps, n_ds = found.n_points.get("ps", 0), found.n_points.get("ds", 0)
    if n_ps + n_ds == 0:
        text = "No point holds what was asked for: look at the counts below, and at points.* and linking.* in the "
        return [text + "configuration."]
    text = f"<b>points.parquet</b> holds {plural(n_ds, 'distributed scatterer')}"
    if n_ps or found.dispersion_all.size:
        text += f" and {plural(n_ps, 'persistent scatterer')}"
    texts = [text + ", each with its series, height correction and direction of view."]
    if found.arc_coherence.size:
        texts.append(
            f"Half of the arcs of their network have a temporal coherence above "
            f"{number(float(np.median(found.arc_coherence)), 2)}."
        )
    return texts + [f"{escape(text[:1].upper() + text[1:])}." for text in found.notes]


def scatterer_counts(found: ScattererFacts) -> list[dict[str, str]]:
    """Return what was considered, used and rejected, a row each."""
    return [
        {
            "what": tally.what,
            "considered": count(tally.considered),
            "used": count(tally.used),
            "rejected": "; ".join(f"{count(n)} {why}" for why, n in sorted(tally.rejected.items())) or "none",
        }
        for tally in found.tallies
    ]


def matrix_data(found: ScattererFacts) -> dict[str, Any]:
    """Return what the page's script draws of the matrices: coordinates, dates, and bytes in base64."""
    return {
        "dates": [d.isoformat() for d in found.dates],
        "cells": [
            {
                "x": round(m.x, 6),
                "y": round(m.y, 6),
                "longitude": round(m.longitude, 5),
                "latitude": round(m.latitude, 5),
                "mean": round(_mean(m.coherence), 3),
                "data": base64.b64encode(m.coherence.tobytes()).decode(),
            }
            for m in found.matrices
        ],
    }


def _mean(coherence: NDArray[np.uint8]) -> float:
    """Return the mean off the diagonal."""
    n = len(coherence)
    if n < 2:
        return 0.0
    return float(
        (coherence.sum(dtype=np.float64) - np.trace(coherence.astype(np.float64))) / (n * (n - 1)) / 255.0
    )
