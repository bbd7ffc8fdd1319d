"""Stage `fit`: series relative to the reference area, velocity and models with sigmas, flags and mask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from fringeworks.model.arrays import Block
from fringeworks.model.quality import Quality
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.standard import recommended
from fringeworks.timeseries.models import (
    TemporalCorrelation,
    build_design,
    estimate_correlation,
    fit,
    layer_names,
)
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.noise import SeriesNoise, sample_tiles, series_noise
from fringeworks.workflow.records import series_network
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_SAMPLE = 6000
"""Pixels from which the memory of the date noise is estimated, at most."""
_SAMPLE_BYTES = 12 * 2**20
"""Memory their covariances may take."""


def stage(after: str) -> Stage:
    """Return the stage; ``after`` names the step whose series it reads."""
    return Stage(
        name="fit",
        version=5,
        after=tuple(dict.fromkeys(("import", "pairs", "invert", after, "reference"))),
        meaning="fit velocity and models to each series, with standard deviations and quality flags",
        parameters=_parameters,
        work=lambda context: _work(context, after),
        cost=_cost,
    )


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    products = config.products
    return {
        "models": plain(config.series.models),
        "minimum_temporal_coherence": products.minimum_temporal_coherence,
        "minimum_coherence": products.minimum_coherence,
        "maximum_misclosure_rad": products.maximum_misclosure_rad,
        "maximum_closure_bias_rad": products.maximum_closure_bias_rad,
    }


def _cost(scale: Scale) -> Cost:
    return Cost(
        bytes_per_pixel=4.0 * (4 * scale.n_dates + 2 * scale.n_pairs + 40),
        disk_bytes=4.0 * (scale.n_dates + 12) * scale.shape.size,
        seconds=6 + scale.shape.size * scale.n_dates**2 / 30e6,
    )


def _work(context: StageContext, after: str) -> tuple[Tally, ...]:
    dates = series_network(context)[0].dates
    removed = np.array(context.upstream("reference").get("reference")["removed_m"], np.float64)
    design = build_design(dates, context.config.series.models)
    for finding in design.findings:
        context.note(finding)
    wanted = context.config.series.models.minimum_dates
    if len(dates) < wanted:
        text = (
            f"the stack holds {len(dates)} dates: velocities come from pixels with a value on all of them, and with "
            f"{max(len(dates) - 2, 0)} dates to spare their standard deviations are weak"
        )
        context.note(Finding("warning", "fit", text))
    names = layer_names(design)
    plan = context.blocks()
    _create(context, names, len(dates), plan.block.rows)
    noise = series_noise(context)
    correlation = _correlation(context, after, dates, noise)
    for finding in (noise.sharing.finding, correlation.finding):
        context.note(finding)
    tally: Tally | None = None
    for block in context.pending(plan):
        context.step.finish_block(block.index, _one_block(context, after, block, removed, noise, correlation))
    payloads = context.payloads(plan)
    for payload in payloads:
        part = Tally(**payload["tally"])
        tally = part if tally is None else tally + part
    published = [*names, "displacement", "temporal_coherence", "quality_flags", "recommended_mask"]
    context.step.put("fit", {"layers": sorted(published), **_figures(payloads, dates, correlation)})
    flags = Tally("pixels", *_mask_counts(payloads))
    return (flags,) if tally is None else (tally, flags)


def _create(context: StageContext, names: tuple[str, ...], n_dates: int, block_rows: int) -> None:
    shape = tuple(context.grid.shape)
    for name in (*names, "temporal_coherence"):
        context.step.create(name, shape, dtype="float32", dims=("y", "x"), block_rows=block_rows)
    context.step.create(
        "displacement", (n_dates, *shape), dtype="float32", dims=("date", "y", "x"), block_rows=block_rows
    )
    context.step.create(
        "quality_flags", shape, dtype="uint16", dims=("y", "x"), fill=65535, block_rows=block_rows
    )
    context.step.create(
        "recommended_mask", shape, dtype="uint8", dims=("y", "x"), fill=255, block_rows=block_rows
    )


def _correlation(
    context: StageContext, after: str, dates: tuple[date, ...], noise: SeriesNoise
) -> TemporalCorrelation:
    """Estimate the memory of the date noise on a sample of pixels, the same however blocks are cut."""
    series = context.upstream(after).array("displacement")
    removed = np.array(context.upstream("reference").get("reference")["removed_m"], np.float32)[:, None]
    samples, covariances = [], []
    wanted = min(_SAMPLE, _SAMPLE_BYTES // (4 * len(dates) ** 2))
    for rows, cols, step in sample_tiles(context.grid.shape, wanted):
        context.check_cancel()
        tile = np.asarray(series[(slice(None), rows, cols)])[:, ::step, ::step]
        samples.append(tile.reshape(len(dates), -1) - removed)
        covariances.append(noise.covariance(context, (rows, cols), step=step)(slice(None), slice(None)))
    return estimate_correlation(
        np.concatenate(samples, axis=1),
        dates=dates,
        options=context.config.series.models,
        covariance=np.concatenate(covariances),
    )


def _one_block(
    context: StageContext,
    after: str,
    block: Block,
    removed: np.ndarray,
    noise: SeriesNoise,
    correlation: TemporalCorrelation,
) -> dict[str, Any]:
    at = block.keep.slices
    series = np.asarray(context.upstream(after).array("displacement")[(slice(None), *at)])
    displacement = np.asarray(series - removed[:, None, None], np.float32)
    result = fit(
        displacement,
        dates=series_network(context)[0].dates,
        options=context.config.series.models,
        covariance=noise.covariance(context, at),
        correlation=correlation,
    )
    for name, image in result.layers.items():
        context.step.sink(name)[at] = image
    context.step.sink("displacement")[(slice(None), *at)] = displacement
    flags, coherence = _flags(context, block)
    context.step.sink("quality_flags")[at] = flags
    context.step.sink("recommended_mask")[at] = recommended(flags)
    context.step.sink("temporal_coherence")[at] = coherence
    sigma = result.layers["velocity_std"][recommended(flags) == 1]
    return {
        "tally": result.tally.as_dict(),
        "residual_square_sum": result.residual_square_sum.tolist(),
        "residual_count": result.residual_count.tolist(),
        "sigma_sum": float(np.nansum(sigma, dtype=np.float64)),
        "sigma_count": int(np.isfinite(sigma).sum()),
        "flags": {q.name: int(((flags & q.value) != 0).sum()) for q in Quality},
        "n_pixels": int(flags.size),
        "n_recommended": int(recommended(flags).sum()),
    }


def _flags(context: StageContext, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Add what products asks for to the flags of the inversion."""
    at, products = block.keep.slices, context.config.products
    invert, pairs, imported = (
        context.upstream("invert"),
        context.upstream("pairs"),
        context.upstream("import"),
    )
    flags = np.asarray(invert.array("flags")[at]).copy()
    coherence = np.asarray(invert.array("temporal_coherence")[at])

    def raise_where(condition: np.ndarray, flag: Quality) -> None:
        flags[condition] |= np.uint16(flag)

    raise_where(coherence < products.minimum_temporal_coherence, Quality.LOW_TEMPORAL_COHERENCE)
    misclosure = np.asarray(invert.array("misclosure_rms")[at])
    raise_where(misclosure > products.maximum_misclosure_rad, Quality.HIGH_MISCLOSURE)
    if imported.has("water"):
        raise_where(np.asarray(imported.array("water")[at]) != 0, Quality.WATER)
    if context.survey.scenes is not None:
        rows, cols = (slice(s.start + o, s.stop + o) for s, o in zip(at, _origin(context), strict=True))
        hidden = np.asarray(context.upstream("lookup").array("hidden")[rows, cols])
        raise_where(hidden != 0, Quality.LAYOVER_OR_SHADOW)
    if imported.has("coherence"):
        mean = np.asarray(imported.array("coherence_mean")[at])
        raise_where(mean < products.minimum_coherence, Quality.LOW_COHERENCE)
    if pairs.has("n_unwrapping_errors"):
        raise_where(np.asarray(pairs.array("n_unwrapping_errors")[at]) > 0, Quality.UNWRAPPING_ERROR)
        bias = np.abs(np.asarray(pairs.array("closure_bias")[at]))
        raise_where(bias > products.maximum_closure_bias_rad, Quality.CLOSURE_BIAS)
    if invert.has("bias_susceptible"):
        raise_where(np.asarray(invert.array("bias_susceptible")[at]) == 1, Quality.CLOSURE_BIAS)
    return flags, coherence


def _origin(context: StageContext) -> tuple[int, int]:
    """Return where the area begins on the grid of the images' map."""
    return context.survey.window.row, context.survey.window.col


def _mask_counts(payloads: list[dict[str, Any]]) -> tuple[int, int, dict[str, int]]:
    considered, used = sum(p["n_pixels"] for p in payloads), sum(p["n_recommended"] for p in payloads)
    return considered, used, {"not recommended": considered - used}


def _figures(
    payloads: list[dict[str, Any]], dates: tuple[date, ...], correlation: TemporalCorrelation
) -> dict[str, Any]:
    square = np.sum([p["residual_square_sum"] for p in payloads], axis=0)
    count = np.maximum(np.sum([p["residual_count"] for p in payloads], axis=0), 1)
    n_sigma = sum(p["sigma_count"] for p in payloads)
    names = [q.name for q in Quality]
    return {
        "residual_rms_m": [
            {"date": d.isoformat(), "rms_m": float(np.sqrt(s / c))}
            for d, s, c in zip(dates, square, count, strict=True)
        ],
        "mean_velocity_std": sum(p["sigma_sum"] for p in payloads) / n_sigma if n_sigma else None,
        "flags": {name: sum(p["flags"][name] for p in payloads) for name in names},
        "n_pixels": sum(p["n_pixels"] for p in payloads),
        "n_recommended": sum(p["n_recommended"] for p in payloads),
        "temporal_correlation": {
            "scale_days": correlation.scale_days,
            "share": correlation.share,
            "n_pixels": correlation.n_pixels,
        },
    }
