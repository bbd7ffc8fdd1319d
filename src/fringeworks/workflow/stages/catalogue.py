"""Stage `catalogue`: the run folder becomes a static STAC catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.catalog.fields import CatalogFacts
from fringeworks.catalog.stac import write_catalog
from fringeworks.io.raster_source import open_raster
from fringeworks.io.rasters import ProductFile
from fringeworks.model.stack import Pair
from fringeworks.model.tally import Tally
from fringeworks.products.standard import INTERFEROGRAM_FOLDER, POINTS, STANDARD_FOLDER
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.records import (
    centre_value,
    model_terms,
    product_files,
    reference_of,
    series_network,
)
from fringeworks.workflow.stage import Cost, Stage, StageContext


def _parameters(_: RunConfig) -> Mapping[str, Any]:
    return {}


def _work(context: StageContext) -> tuple[Tally, ...]:
    survey = context.survey
    first, last = survey.network.dates[0], survey.network.dates[-1]
    facts = CatalogFacts(
        **_common(context, step="import"),
        title=f"{_title(context)}, {first} to {last}",
        description=f"Ground motion along the line of sight of Sentinel-1, by {_method(context.config)}.",
        network=series_network(context)[0],
        reference=reference_of(context.upstream("reference").get("reference")),
        model_terms=("linear", *model_terms(context)),
        lineage=f"{_formed(context)}{_linked(context.config)}Unwrapped interferograms were checked by triplet closure, inverted per pixel by weighted least "
        "squares with NSBAS constraints, referenced to a stable area and fitted with temporal models.",
    )
    return _written(context, facts)


def _pair_work(context: StageContext) -> tuple[Tally, ...]:
    network = context.survey.network
    first, last = network.dates[0], network.dates[-1]
    facts = CatalogFacts(
        **_common(context, step="geocode"),
        title=f"{_title(context)}, {first} and {last}",
        description="Displacement along the line of sight of Sentinel-1 between two dates, from one interferogram.",
        network=network,
        lineage=_formed(context).strip(),
    )
    return _written(context, facts)


def _written(context: StageContext, facts: CatalogFacts) -> tuple[Tally, ...]:
    files = product_files(context)
    by_name: dict[str, list[ProductFile]] = {}
    for file in files:
        if file.path.is_relative_to(context.output / INTERFEROGRAM_FOLDER):
            by_name.setdefault(file.path.parent.name, []).append(file)
    names = {str(pair): pair for pair in context.survey.network.pairs}
    interferograms: dict[Pair, list[ProductFile]] = {names[name]: group for name, group in by_name.items()}
    path = write_catalog(
        context.output,
        facts=facts,
        standard=[f for f in files if f.path.is_relative_to(context.output / STANDARD_FOLDER)],
        interferograms=interferograms,
        documents=_documents(context.output, has_points=context.config.links_phases),
    )
    written = [
        path,
        *context.output.glob("products/**/item.json"),
        *context.output.glob("products/**/collection.json"),
    ]
    context.written.extend(sorted(written))
    return (Tally("documents", len(written), len(written)),)


def _documents(out: Path, *, has_points: bool) -> dict[str, Path]:
    """Return what belongs to the products and is no raster, by its key in the catalogue."""
    documents = {"report": out / "report.html", "manifest": out / "manifest.json"}
    return documents | ({"points": out / POINTS} if has_points else {})


def _common(context: StageContext, *, step: str) -> dict[str, Any]:
    """Return what any run knows: where, when, of what; ``step`` holds the incidence."""
    survey, stack = context.survey, context.survey.stack
    first, last = survey.network.dates[0], survey.network.dates[-1]
    text = f"{_title(context)}-{first:%Y%m%d}-{last:%Y%m%d}"
    incidence = centre_value(context.upstream(step), "incidence")
    scenes = survey.scenes
    return {
        "identifier": re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-").lower(),
        "grid": open_raster(product_files(context)[0].path).grid,
        "wavelength": stack.wavelength,
        "facts": stack.facts,
        "config_hash": context.config_hash,
        "incidence": incidence if np.isfinite(incidence) else None,
        "polarisations": () if scenes is None else (scenes.polarisation.value,),
    }


def _method(config: RunConfig) -> str:
    rasters = "linked phases of distributed scatterers" if config.rasters_linked else "small baselines"
    return f"{rasters}, with persistent scatterers as points" if config.seeks_persistent else rasters


def _linked(config: RunConfig) -> str:
    """Return how phases were linked, with a space after; nothing where they were not."""
    if not config.rasters_linked:
        return ""
    return (
        f"Phases of all dates were linked from the covariance of {config.linking.window_azimuth} x "
        f"{config.linking.window_range} samples around each cell ({config.linking.method}). "
    )


def _title(context: StageContext) -> str:
    return context.survey.stack.facts.title or Path(context.config.inputs.interferograms.path).name


def _formed(context: StageContext) -> str:
    """Return how interferograms came from images, with a space after; nothing where another program made them."""
    scenes = context.survey.scenes
    if scenes is None:
        return ""
    config = context.config
    timing = "" if config.coregistration.diversity == "off" else ", their timing refined by burst overlaps"
    filtered = "" if config.filter.method == "none" else f", filtered ({config.filter.method})"
    return (
        f"Single-look complex images were aligned with {scenes.dates[scenes.reference].day} by orbits and elevation{timing}; "
        f"interferograms were formed, averaged{filtered}, unwrapped by {config.unwrap.method} and brought onto the map. "
    )


STAGE = Stage(
    name="catalogue",
    version=2,
    after=("import", "pairs", "reference", "fit", "publish"),
    meaning="describe the products as a static STAC catalogue",
    parameters=_parameters,
    work=_work,
    cost=lambda _: Cost(seconds=1),
)
OF_PAIR = replace(STAGE, version=1, after=("geocode", "publish"), work=_pair_work)
