"""From what the steps recorded to the report's data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from fringeworks.io.raster_source import open_raster
from fringeworks.model.arrays import ArraySource
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report.data import (
    APPLIED,
    DOWN_WEIGHTED,
    EXCLUDED,
    NOT_APPLIED,
    USED,
    AccuracyFigure,
    CorrectionSummary,
    Exclusion,
    PairSummary,
    ReportData,
    TripletSummary,
)
from fringeworks.products.report.scatterers import ScattererFacts
from fringeworks.products.standard import STANDARD_FOLDER
from fringeworks.workflow.config import resolved
from fringeworks.workflow.image_records import unwrapping_values
from fringeworks.workflow.image_report import IMAGE_STEPS, POINT_STEPS, images_of, unwrapping_texts
from fringeworks.workflow.records import model_terms, product_files, reference_of, series_network
from fringeworks.workflow.scenes.account import lost_days
from fringeworks.workflow.software import versions
from fringeworks.workflow.stage import StageContext

_NOT_CORRECTED = (
    (
        "troposphere",
        "delays by weather remain in the series: millimetres to centimetres on single dates, more on slopes",
    ),
    (
        "ionosphere",
        "at C band its slopes remain; they matter most near the equator and near the poles, on ascending dusk passes",
    ),
    (
        "solid earth tides",
        "they remain; across one scene they are nearly a constant, which the reference takes out",
    ),
    ("plate motion", "it remains as a nearly constant velocity, which the reference takes out"),
)
_SERIES_STEPS: Final = ("import", "pairs", "invert", "correct", "reference", "fit")
_VERDICTS = {"good": USED, "suspect": DOWN_WEIGHTED, "excluded": EXCLUDED}


def report_data(
    context: StageContext,
    *,
    accuracy: tuple[AccuracyFigure, ...] = (),
    truth_velocity: ArraySource | None = None,
) -> ReportData:
    """Gather what the report says from a run whose products are published.

    Parameters
    ----------
    context : StageContext
        Of a step after ``catalogue``.
    accuracy : tuple of AccuracyFigure
        Against a known truth, where there is one.
    truth_velocity : ArraySource, optional
        Known velocity relative to the run's reference [m/yr].
    """
    network, _ = series_network(context)
    stack = context.survey.stack
    verdicts = context.upstream("pairs").get("verdicts")
    layers = {
        file.name: open_raster(file.path)
        for file in product_files(context)
        if file.path.is_relative_to(context.output / STANDARD_FOLDER)
    }
    return ReportData(
        title=stack.facts.title or Path(context.config.inputs.interferograms.path).name,
        grid=layers["velocity"].grid,
        dates=network.dates,
        layers=layers,
        network=context.survey.network,
        pairs=_pairs(context, verdicts),
        facts=stack.facts,
        wavelength=stack.wavelength,
        reference=reference_of(context.upstream("reference").get("reference")),
        date_residuals=_date_residuals(context, network),
        triplets=_triplets(verdicts),
        excluded=_exclusions(context, verdicts),
        corrections=_corrections(context),
        findings=step_findings(context, steps_before(context)),
        tallies=step_tallies(context, steps_before(context)),
        model_terms=tuple(model_terms(context)),
        accuracy=accuracy,
        truth_velocity=truth_velocity,
        configuration=configuration_text(context),
        config_hash=context.config_hash,
        versions=versions(),
        images=images_of(context),
        unwrapping=unwrapping_texts(unwrapping_values(context.store)),
        scatterers=_scatterers(context),
    )


def _scatterers(context: StageContext) -> ScattererFacts | None:
    if not context.config.links_phases:
        return None
    from fringeworks.workflow.scatterer_report import scatterers_of  # noqa: PLC0415  (tables are slow to import)

    return scatterers_of(context)


def accuracy_figures(found: dict[str, Any]) -> tuple[AccuracyFigure, ...]:
    """Choose and word the figures of a comparison with truth."""

    def figure(key: str, name: str, factor: float, unit: str, expected: str = "") -> AccuracyFigure | None:
        value = found.get(key)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        passed = 0.8 <= value <= 1.2 if key == "velocity_standardised_error_rms" else None
        return AccuracyFigure(name=name, value=factor * value, unit=unit, expected=expected, passed=passed)

    rows = (
        figure("velocity_error_median_m_per_year", "velocity error, median", 1e3, "mm/year", "0: no bias"),
        figure(
            "velocity_error_rms_m_per_year",
            "velocity error, root mean square",
            1e3,
            "mm/year",
            "as velocity_std says",
        ),
        figure("velocity_std_median_m_per_year", "velocity_std, median", 1e3, "mm/year"),
        figure(
            "velocity_standardised_error_rms", "velocity error over its sigma, rms", 1.0, "", "0.8 to 1.2"
        ),
        figure("velocity_correlation", "velocity, correlation with the truth", 1.0, ""),
        figure(
            "displacement_plus_atmosphere_error_rms_m",
            "displacement error, weather counted as truth, rms",
            1e3,
            "mm",
        ),
        figure("displacement_error_rms_m", "displacement error, weather counted as error, rms", 1e3, "mm"),
    )
    return tuple(row for row in rows if row is not None)


def _pairs(context: StageContext, verdicts: dict[str, Any]) -> tuple[PairSummary, ...]:
    imported = {row["pair"]: row for row in context.upstream("import").get("stack")["pairs"]}
    residuals = {row["pair"]: row for row in context.upstream("invert").get("residuals")["pairs"]}
    failed = {row["pair"]: row["message"] for row in unwrapping_values(context.store).get("failed", [])}
    summaries = []
    for pair, row in zip(context.survey.network.pairs, verdicts["pairs"], strict=True):
        residual = residuals.get(str(pair), {"rms_rad": None, "n": 0, "n_rejected": 0})
        n = residual["n"] + residual["n_rejected"]
        reason = "" if row["verdict"] == "good" else row["reason"]
        summaries.append(
            PairSummary(
                pair=pair,
                verdict=_VERDICTS[row["verdict"]],
                reason=f"it could not be unwrapped: {failed[str(pair)]}" if str(pair) in failed else reason,
                coherence=_number(imported[str(pair)]["coherence_mean"]),
                residual_rms=_number(residual["rms_rad"]),
                rejected_fraction=residual["n_rejected"] / n if n else math.nan,
            )
        )
    return tuple(summaries)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _date_residuals(context: StageContext, network: PairNetwork) -> NDArray[np.float64]:
    rows = {row["date"]: row["rms_rad"] for row in context.upstream("invert").get("residuals")["dates"]}
    return np.array([_number(rows.get(d.isoformat())) for d in network.dates], np.float64)


def _triplets(verdicts: dict[str, Any]) -> tuple[TripletSummary, ...]:
    rows = []
    for row in verdicts["closure"]["triplets"]:
        first, second, third = (date(int(t[:4]), int(t[4:6]), int(t[6:])) for t in row["dates"])
        rows.append(
            TripletSummary(
                dates=(first, second, third),
                n_pixels=row["n_pixels"],
                mean=_number(row["mean_rad"]),
                std=_number(row["std_rad"]),
                cycle_fraction=_number(row["cycle_fraction"]),
            )
        )
    return tuple(rows)


def _exclusions(context: StageContext, verdicts: dict[str, Any]) -> tuple[Exclusion, ...]:
    survey = context.survey
    rows = input_exclusions(context)
    rows += [Exclusion(kind="pair", name=name, reason=why) for name, why in survey.left_out]
    rows += [Exclusion(kind="date", name=row["date"], reason=row["reason"]) for row in verdicts["lost_dates"]]
    found = set(survey.stack.network.dates)
    if survey.scenes is not None:
        found |= set(survey.scenes.days)
    found -= set(survey.network.dates)
    rows += [
        Exclusion(kind="date", name=day.isoformat(), reason="no pair that is used reaches it")
        for day in sorted(found)
    ]
    return tuple(rows)


def input_exclusions(context: StageContext) -> list[Exclusion]:
    """Return the files that could not be used, and the dates of images that are not processed."""
    rows = [Exclusion(kind="file", name=name, reason=why) for name, why in context.survey.missing]
    scenes = context.survey.scenes
    if scenes is not None:
        days = (*scenes.left_out, *lost_days(scenes))
        rows += [Exclusion(kind="date", name=day, reason=why) for day, why in days]
    return rows


def _corrections(context: StageContext) -> tuple[CorrectionSummary, ...]:
    applied = [
        CorrectionSummary(
            name=name, state=APPLIED, text="taken out of the series; kept as a layer of its own in the store"
        )
        for name in context.config.corrections.names
    ]
    rest = [
        CorrectionSummary(name=name, state=NOT_APPLIED, text=text)
        for name, text in _NOT_CORRECTED
        if not any(name.split()[0] in asked for asked in context.config.corrections.names)
    ]
    return (*applied, *rest)


def steps_before(context: StageContext) -> tuple[str, ...]:
    """Return the steps whose findings and counts a report on the series tells."""
    points = POINT_STEPS if context.config.links_phases else ()
    return (*(IMAGE_STEPS if context.survey.scenes is not None else ()), *points, *_SERIES_STEPS)


def step_findings(context: StageContext, names: Sequence[str]) -> tuple[Finding, ...]:
    """Return the checks of the inputs and what the named steps noted, each once."""
    rows = list(context.survey.findings)
    for name in names:
        record = context.upstream(name).record()
        rows += [Finding(**f) for f in (record or {}).get("findings", [])]
    return tuple(dict.fromkeys(rows))


def step_tallies(context: StageContext, names: Sequence[str]) -> tuple[Tally, ...]:
    """Return what the named steps counted."""
    rows = []
    for name in names:
        record = context.upstream(name).record() or {}
        rows += [
            Tally(f"{t['what']} in step {name}", t["considered"], t["used"], t["rejected"])
            for t in record.get("tallies", [])
        ]
    return tuple(rows)


def configuration_text(context: StageContext) -> str:
    """Return the resolved configuration as YAML, without places and machine settings."""
    values = resolved(context.config)
    values.pop("output")
    values.pop("compute")
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
