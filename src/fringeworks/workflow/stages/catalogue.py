"""Stage `catalogue`: the run folder becomes a static STAC catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.catalog.fields import CatalogFacts
from fringeworks.catalog.stac import write_catalog
from fringeworks.io.raster_source import open_raster
from fringeworks.io.rasters import ProductFile
from fringeworks.model.stack import Pair
from fringeworks.model.tally import Tally
from fringeworks.products.standard import INTERFEROGRAM_FOLDER, STANDARD_FOLDER
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.records import model_terms, product_files, reference_of, series_network
from fringeworks.workflow.stage import Cost, Stage, StageContext


def _parameters(_: RunConfig) -> Mapping[str, Any]:
    return {}


def _work(context: StageContext) -> tuple[Tally, ...]:
    files = product_files(context)
    standard = [f for f in files if f.path.is_relative_to(context.output / STANDARD_FOLDER)]
    by_name: dict[str, list[ProductFile]] = {}
    for file in files:
        if file.path.is_relative_to(context.output / INTERFEROGRAM_FOLDER):
            by_name.setdefault(file.path.parent.name, []).append(file)
    names = {str(pair): pair for pair in context.survey.network.pairs}
    interferograms: dict[Pair, list[ProductFile]] = {names[name]: group for name, group in by_name.items()}
    path = write_catalog(
        context.output,
        facts=_facts(context, standard[0].path),
        standard=standard,
        interferograms=interferograms,
        documents={"report": context.output / "report.html", "manifest": context.output / "manifest.json"},
    )
    written = [
        path,
        *context.output.glob("products/**/item.json"),
        *context.output.glob("products/**/collection.json"),
    ]
    context.written.extend(sorted(written))
    return (Tally("documents", len(written), len(written)),)


def _facts(context: StageContext, raster: Path) -> CatalogFacts:
    survey, stack = context.survey, context.survey.stack
    first, last = survey.network.dates[0], survey.network.dates[-1]
    title = stack.facts.title or Path(context.config.inputs.interferograms.path).name
    identifier = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{title}-{first:%Y%m%d}-{last:%Y%m%d}").strip("-").lower()
    incidence = context.upstream("import")
    centre = None
    if incidence.has("incidence"):
        rows, cols = context.grid.shape
        value = float(
            np.asarray(incidence.array("incidence")[rows // 2 : rows // 2 + 1, cols // 2 : cols // 2 + 1])[
                0, 0
            ]
        )
        centre = value if np.isfinite(value) else None
    return CatalogFacts(
        identifier=identifier,
        title=f"{title}, {first} to {last}",
        description="Ground motion along the line of sight of Sentinel-1, by small baselines.",
        grid=open_raster(raster).grid,
        network=series_network(context)[0],
        wavelength=stack.wavelength,
        facts=stack.facts,
        reference=reference_of(context.upstream("reference").get("reference")),
        model_terms=("linear", *model_terms(context)),
        config_hash=context.config_hash,
        incidence=centre,
        polarisations=(),
        lineage="Unwrapped interferograms were checked by triplet closure, inverted per pixel by weighted least squares "
        "with NSBAS constraints, referenced to a stable area and fitted with temporal models.",
    )


STAGE = Stage(
    name="catalogue",
    version=1,
    after=("import", "pairs", "reference", "fit", "publish"),
    meaning="describe the products as a static STAC catalogue",
    parameters=_parameters,
    work=_work,
    cost=lambda _: Cost(seconds=1),
)
