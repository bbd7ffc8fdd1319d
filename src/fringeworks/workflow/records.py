"""What finished steps recorded, as the house's own types again."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from fringeworks.io.rasters import ProductFile
from fringeworks.model.results import Reference
from fringeworks.model.stack import PairNetwork
from fringeworks.workflow.stage import StageContext


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


def used_network(context: StageContext) -> PairNetwork:
    """Return the network of the pairs that carry weight."""
    verdicts = context.upstream("pairs").get("verdicts")["pairs"]
    return context.survey.network.select(np.array([row["factor"] > 0 for row in verdicts]))


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
