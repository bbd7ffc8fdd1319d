"""What finished steps recorded, as the house's own types again."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.rasters import ProductFile
from fringeworks.io.store import StepFolder
from fringeworks.model.grids import MapGrid
from fringeworks.model.results import Reference
from fringeworks.model.stack import InterferogramStack, PairNetwork
from fringeworks.workflow.stage import StageContext


def stack_values(stack: InterferogramStack, grid: MapGrid) -> dict[str, Any]:
    """Return what is known of a stack, and the grid that is processed, as plain values for JSON."""
    facts = stack.facts
    return {
        "source_format": facts.source_format,
        "wavelength_m": stack.wavelength,
        "sign_reason": facts.sign_reason,
        "platforms": list(facts.platforms),
        "pass_direction": facts.pass_direction,
        "relative_orbit": facts.relative_orbit,
        "heading_rad": facts.heading,
        "centre_time": facts.centre_time,
        "looks": None if facts.looks is None else [facts.looks.azimuth, facts.looks.range],
        "effective_looks": facts.effective_looks,
        "title": facts.title,
        "licence": facts.licence,
        "crs": grid.crs,
        "transform": list(grid.transform),
        "shape": list(grid.shape),
    }


def reference_values(reference: Reference) -> dict[str, Any]:
    """Return a reference as plain values for JSON."""
    return {
        "row": reference.row,
        "col": reference.col,
        "x": reference.x,
        "y": reference.y,
        "radius": reference.radius,
        "n_pixels": reference.n_pixels,
        "when": reference.when.isoformat(),
        "how": reference.how,
        "reason": reference.reason,
        "removed_m": reference.removed.tolist(),
    }


def reference_of(values: dict[str, Any]) -> Reference:
    """Return the reference that plain values describe."""
    return Reference(
        row=values["row"],
        col=values["col"],
        x=values["x"],
        y=values["y"],
        radius=values["radius"],
        n_pixels=values["n_pixels"],
        when=date.fromisoformat(values["when"]),
        how=values["how"],
        reason=values["reason"],
        removed=np.array(values["removed_m"], np.float64),
    )


def centre_value(step: StepFolder, name: str) -> float:
    """Return what a map of a step holds at its middle; NaN where there is no such map or no value."""
    if not step.has(name):
        return math.nan
    source = step.array(name)
    row, col = source.shape[0] // 2, source.shape[1] // 2
    return float(np.asarray(source[row : row + 1, col : col + 1])[0, 0])


def product_files(context: StageContext) -> list[ProductFile]:
    """Return the published rasters as the publish step recorded them."""
    return [
        ProductFile(
            path=context.output / name,
            name=row["name"],
            band_names=tuple(row["bands"]),
            unit=row["unit"],
            dtype=row["dtype"],
            fill=float(row["fill"]),
            size=row["size"],
            sha256=row["sha256"],
        )
        for name, row in sorted(context.upstream("publish").get("products").items())
    ]


def series_network(context: StageContext) -> tuple[PairNetwork, NDArray[np.int64]]:
    """Return the network of the interferograms that are inverted, and where each lies among those imported.

    Excluded interferograms are left out, and with them the dates that none of the others reaches.
    """
    verdicts = context.upstream("pairs").get("verdicts")["pairs"]
    used = np.array([row["factor"] > 0 for row in verdicts], np.bool_)
    part = context.survey.network.select(used)
    reached = {d for pair in part.pairs for d in (pair.reference, pair.secondary)}
    return replace(part, dates=tuple(d for d in part.dates if d in reached)), np.flatnonzero(used)


def model_terms(context: StageContext) -> list[str]:
    """Return the temporal terms beside the straight line, by their layers."""
    layers = context.upstream("fit").get("fit")["layers"]
    known = {
        "acceleration": "acceleration",
        "seasonal_amplitude": "annual",
        "semiannual_amplitude": "semi-annual",
    }
    terms = [word for name, word in known.items() if name in layers]
    return terms + [
        n.replace("_", " ")
        for n in layers
        if n.startswith(("step_", "postseismic_")) and not n.endswith("_std")
    ]
