"""Further sets of looks of the interferograms of a run: formed in the same pass, shown on the same map."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any, Final

from fringeworks.io.rasters import ProductFile
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import Looks
from fringeworks.products.standard import publish_interferogram
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.pair_layers import OfPair
from fringeworks.workflow.stage import StageContext

LAYERS: Final = {"phasor": "wrapped", "coherence": "coherence", "amplitude": "amplitude"}
"""Array of the step `interferograms`, and layer on the map."""


def extra_looks(config: RunConfig) -> tuple[Looks, ...]:
    """Return the sets of looks that are asked for beside the run's own."""
    return tuple(Looks(*each) for each in config.pairs.extra_looks)


def ingredients(config: RunConfig) -> dict[str, Any]:
    """Return what of them changes a step's outcome; nothing where none is asked for."""
    found = extra_looks(config)
    return {"extra_looks": [[each.azimuth, each.range] for each in found]} if found else {}


def array_of(name: str, looks: Looks) -> str:
    """Return the name of an array of a set of looks, such as ``phasor_2x8``."""
    return f"{name}_{looks.azimuth}x{looks.range}"


def folder_of(looks: Looks) -> str:
    """Return the folder of their products in the output folder."""
    return f"products/interferograms_{looks.azimuth}x{looks.range}"


def publish_extra(context: StageContext, tags: Mapping[str, str]) -> list[ProductFile]:
    """Write the interferograms of the further sets of looks, each set into a folder of its own."""
    for old in context.output.glob("products/interferograms_*x*"):
        shutil.rmtree(old, ignore_errors=True)
    step, files = context.upstream("geocode"), []
    for looks in extra_looks(context.config):
        for k, pair in enumerate(context.survey.network.pairs):
            context.check_cancel()
            layers: dict[str, ArraySource] = {
                layer: OfPair(step.array(array_of(layer, looks)), k) for layer in LAYERS.values()
            }
            files += publish_interferogram(
                context.output,
                pair=pair,
                layers=layers,
                grid=context.survey.stack.grid,
                wavelength=context.survey.stack.wavelength,
                tags={**tags, "LOOKS": f"{looks.azimuth} azimuth, {looks.range} range"},
                folder=folder_of(looks),
            )
    return files
