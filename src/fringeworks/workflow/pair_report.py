"""From what the steps recorded to the data of one interferogram's page."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from fringeworks.io.raster_source import open_raster
from fringeworks.products.report.pair_data import PairReportData, UnwrappingSummary
from fringeworks.products.standard import INTERFEROGRAM_FOLDER
from fringeworks.workflow.image_records import recorded
from fringeworks.workflow.image_report import IMAGE_STEPS, images_of
from fringeworks.workflow.records import centre_value, product_files
from fringeworks.workflow.reports import configuration_text, input_exclusions, step_findings, step_tallies
from fringeworks.workflow.software import versions
from fringeworks.workflow.stage import StageContext

_DRAWN: Final = frozenset(
    {"wrapped", "filtered", "coherence", "displacement", "amplitude", "connected_components", "unwrapped"}
)


def pair_report_data(context: StageContext) -> PairReportData:
    """Gather what the page says from a run of one pair whose products are published.

    Parameters
    ----------
    context : StageContext
        Of a step after ``publish``.
    """
    stack, network = context.survey.stack, context.survey.network
    pair = network.pairs[0]
    folder = context.output / INTERFEROGRAM_FOLDER / str(pair)
    layers = {
        file.name: open_raster(file.path)
        for file in product_files(context)
        if file.path.parent == folder and file.name in _DRAWN
    }
    baseline = network.perpendicular_baseline
    formed = recorded(context.store, "interferograms", "pairs")
    window = formed.get("coherence_window", [0, 0])
    mapped = context.upstream("geocode")
    return PairReportData(
        title=stack.facts.title,
        pair=pair,
        grid=next(iter(layers.values())).grid,
        layers=layers,
        facts=stack.facts,
        wavelength=stack.wavelength,
        baseline=math.nan if baseline is None else float(baseline[0]),
        slant_range=centre_value(mapped, "slant_range"),
        incidence=centre_value(mapped, "incidence"),
        coherence_window=(int(window[0]), int(window[1])),
        effective_looks=float(formed.get("effective_looks", np.nan)),
        images=images_of(context),
        unwrapping=_unwrapping(context),
        excluded=tuple(input_exclusions(context)),
        findings=step_findings(context, IMAGE_STEPS),
        tallies=step_tallies(context, IMAGE_STEPS),
        configuration=configuration_text(context),
        config_hash=context.config_hash,
        versions=versions(),
    )


def _unwrapping(context: StageContext) -> UnwrappingSummary:
    rows = recorded(context.store, "unwrap", "pairs").get("pairs", [])
    if not rows:
        return UnwrappingSummary()
    row = rows[0]
    bridges = row.get("bridges", {})
    return UnwrappingSummary(
        method=row.get("method", ""),
        licence=row.get("licence", ""),
        n_components=int(row.get("n_components", -1)),
        n_bridges=int(bridges.get("used", 0)),
        n_bridges_considered=int(bridges.get("considered", 0)),
    )
