"""Stage `invert`: from pairs to dates, per pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.bias import find_ladders, indicate_bias, longest_ladders
from fringeworks.model.arrays import ArraySource, Block
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Finding, Tally
from fringeworks.timeseries.smallbaseline import InversionOptions, invert
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.noise import DEFAULT_EFFECTIVE_LOOKS
from fringeworks.workflow.records import series_network
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_IMAGES = {
    "variance_factor": "float32",
    "bridge_scatter": "float32",
    "dem_error": "float32",
    "dem_error_std": "float32",
    "misclosure_rms": "float32",
    "temporal_coherence": "float32",
    "n_interferograms": "int16",
    "n_dates": "int16",
    "n_subsets": "int16",
    "flags": "uint16",
}
_BIASED = 5.0
"""Share of the pixels with biased short interferograms above which the run warns [%]."""
_SUMS = ("pair_square_sum", "date_square_sum", "pair_count", "date_count", "pair_rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """The interferograms that are inverted: where they lie, their share of weight, their constant."""

    network: PairNetwork
    index: NDArray[np.int64]
    factor: NDArray[np.float64]
    constant: NDArray[np.float32]


def inversion_options(config: RunConfig, *, has_coherence: bool) -> InversionOptions:
    """Return the options of the inversion; without coherence all interferograms weigh the same."""
    options = config.series.inversion
    return options if has_coherence else replace(options, weighting="uniform")


def _stacked(source: ArraySource, index: NDArray[np.int64], at: tuple[slice, slice]) -> NDArray[np.float32]:
    """Read some of the interferograms in a window."""
    if len(index) == source.shape[0]:
        return np.asarray(source[(slice(None), *at)], np.float32)
    return np.stack([np.asarray(source[(int(k), *at)], np.float32) for k in index])


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"inversion": plain(config.series.inversion)}


def _cost(scale: Scale) -> Cost:
    per_pixel = 4.0 * (4 * scale.n_pairs + 5 * scale.n_dates + 30)
    disk = 4.0 * (scale.n_pairs + 2 * scale.n_dates + 9) * scale.shape.size
    seconds = 8 + scale.shape.size * scale.n_pairs * scale.n_dates / 150e6
    return Cost(bytes_per_pixel=per_pixel, disk_bytes=disk, seconds=seconds)


def _work(context: StageContext) -> tuple[Tally, ...]:
    network, index = series_network(context)
    rows = [context.upstream("pairs").get("verdicts")["pairs"][k] for k in index]
    pairs = _Pairs(
        network=network,
        index=index,
        factor=np.array([row["factor"] for row in rows], np.float64),
        constant=np.array([row["constant_rad"] for row in rows], np.float32),
    )
    if context.survey.stack.coherence is None and context.config.series.inversion.weighting == "coherence":
        text = "the stack holds no coherence: all interferograms have the same weight"
        context.note(Finding("warning", "weights", text))
    plan = context.blocks()
    length = longest_ladders(network)
    _create(context, network, plan.block.rows, with_bias=length > 0)
    tally: Tally | None = None
    for block in context.pending(plan):
        context.step.finish_block(block.index, _one_block(context, block, pairs, length))
    payloads = context.payloads(plan)
    for payload in payloads:
        part = Tally(**payload["tally"])
        tally = part if tally is None else tally + part
    context.step.put("residuals", _residuals(network, payloads))
    context.step.put("bias", _bias_record(network, payloads, length))
    context.note(_bias_finding(payloads, length))
    return () if tally is None else (tally,)


def _create(context: StageContext, network: PairNetwork, block_rows: int, *, with_bias: bool) -> None:
    rows, cols = context.grid.shape
    n_dates, n_pairs = len(network.dates), len(network.pairs)

    def make(name: str, shape: tuple[int, ...], dims: tuple[str, ...], dtype: str) -> None:
        fill = {"float32": np.nan, "int16": -1, "uint8": 255}.get(dtype, 0)
        context.step.create(name, shape, dtype=dtype, dims=dims, fill=fill, block_rows=block_rows)

    make("displacement", (n_dates, rows, cols), ("date", "y", "x"), "float32")
    make("displacement_std", (n_dates, rows, cols), ("date", "y", "x"), "float32")
    make("weight", (n_pairs, rows, cols), ("pair", "y", "x"), "float32")
    for name, dtype in _IMAGES.items():
        make(name, (rows, cols), ("y", "x"), dtype)
    if with_bias:
        make("bias_rate", (rows, cols), ("y", "x"), "float32")
        make("bias_susceptible", (rows, cols), ("y", "x"), "uint8")


def _indicated(
    context: StageContext, block: Block, pairs: _Pairs, phase: NDArray[np.float32], length: int
) -> dict[str, int]:
    """Keep what closures of consecutive and long interferograms say about the bias of short ones."""
    if length == 0:
        return {"n_closed": 0, "n_susceptible": 0}
    found = indicate_bias(phase, network=pairs.network, length=length)
    metres = context.survey.stack.wavelength / (4.0 * np.pi)
    context.step.sink("bias_rate")[block.keep.slices] = np.asarray(-metres * found.rate, np.float32)
    known = np.isfinite(found.rate)
    flag = np.where(known, found.susceptible, np.uint8(255)).astype(np.uint8)
    context.step.sink("bias_susceptible")[block.keep.slices] = flag
    return {"n_closed": int(known.sum()), "n_susceptible": int(found.susceptible.sum())}


def _bias_record(network: PairNetwork, payloads: list[dict[str, Any]], length: int) -> dict[str, int]:
    return {
        "length": length,
        "n_closures": len(find_ladders(network, length=length)) if length else 0,
        "n_pixels": sum(p["n_closed"] for p in payloads),
        "n_susceptible": sum(p["n_susceptible"] for p in payloads),
    }


def _bias_finding(payloads: list[dict[str, Any]], length: int) -> Finding:
    if length == 0:
        text = (
            "no interferograms of consecutive dates close with longer ones: bias of short ones cannot be seen"
        )
        return Finding("note", "closure bias", text)
    closed, biased = (sum(p[name] for p in payloads) for name in ("n_closed", "n_susceptible"))
    share = 100.0 * biased / max(closed, 1)
    text = f"short interferograms look biased on {share:.1f} % of {closed} pixels (closures over {length} consecutive dates)"
    return Finding("warning" if share > _BIASED else "ok", "closure bias", text)


def _one_block(context: StageContext, block: Block, pairs: _Pairs, length: int) -> dict[str, Any]:
    stack, source, at = context.survey.stack, context.upstream("import"), block.keep.slices
    phase = _stacked(source.array("phase"), pairs.index, at)
    phase -= pairs.constant[:, None, None]
    bias = _indicated(context, block, pairs, phase, length)
    coherence = _stacked(source.array("coherence"), pairs.index, at) if source.has("coherence") else None

    def image(name: str) -> np.ndarray | None:
        return np.asarray(source.array(name)[at]) if source.has(name) else None

    result = invert(
        phase,
        coherence,
        network=pairs.network,
        wavelength=stack.wavelength,
        effective_looks=stack.facts.effective_looks or DEFAULT_EFFECTIVE_LOOKS,
        slant_range=image("slant_range"),
        incidence=image("incidence"),
        perpendicular_baseline=_baseline(context, block, pairs),
        pair_weight=pairs.factor,
        options=inversion_options(context.config, has_coherence=coherence is not None),
    )
    known = linked_quality(context, at, network=pairs.network) if context.config.rasters_linked else {}
    for name in ("displacement", "displacement_std", "weight"):
        context.step.sink(name)[(slice(None), *at)] = known.get(name, getattr(result, name))
    for name in _IMAGES:
        values = getattr(result, name)
        context.step.sink(name)[at] = np.fmin(values, known[name]) if name in known else values
    sums = {name: np.asarray(getattr(result, name)).tolist() for name in _SUMS}
    return {**sums, **bias, "tally": result.tally.as_dict()}


def _baseline(context: StageContext, block: Block, pairs: _Pairs) -> np.ndarray | None:
    source: ArraySource | None = context.survey.stack.perpendicular_baseline
    if source is None or not context.config.series.inversion.dem_error:
        return None
    window, keep = context.survey.window, block.keep
    rows = slice(window.row + keep.row, window.row + keep.row + keep.rows)
    cols = slice(window.col + keep.col, window.col + keep.col + keep.cols)
    return np.stack(
        [np.asarray(source[(k, rows, cols)]) for k in np.asarray(context.survey.index)[pairs.index]]
    )


def _residuals(network: PairNetwork, payloads: list[dict[str, Any]]) -> dict[str, Any]:
    total = {name: np.sum([p[name] for p in payloads], axis=0) for name in _SUMS}
    n = float(total["pair_count"].sum())

    def rms(square: float, count: float) -> float | None:
        return float(np.sqrt(square / count)) if count > 0 else None

    return {
        "rms_rad": rms(float(total["pair_square_sum"].sum()), n),
        "n_residuals": int(n),
        "pairs": [
            {
                "pair": str(pair),
                "rms_rad": rms(total["pair_square_sum"][k], total["pair_count"][k]),
                "n": int(total["pair_count"][k]),
                "n_rejected": int(total["pair_rejected"][k]),
            }
            for k, pair in enumerate(network.pairs)
        ],
        "dates": [
            {
                "date": day.isoformat(),
                "rms_rad": rms(total["date_square_sum"][k], total["date_count"][k]),
                "n": float(total["date_count"][k]),
            }
            for k, day in enumerate(network.dates)
        ],
    }


def linked_quality(
    context: StageContext, at: tuple[slice, slice], *, network: PairNetwork
) -> dict[str, NDArray[np.float32]]:
    """Return what linking says of its phases in a window; pairs of linked phases close, and say nothing.

    Returns
    -------
    dict
        ``displacement_std`` (date, y, x) [m] against the first date, and ``temporal_coherence`` (y, x).
    """
    linked = context.upstream("linked")
    days = linked.get("dates")
    index = [days.index(d.isoformat()) for d in network.dates]
    sigma = np.stack([np.asarray(linked.array("phase_std")[(k, *at)], np.float32) for k in index])
    metres = np.float32(context.survey.stack.wavelength / (4.0 * math.pi))
    return {
        "displacement_std": metres * sigma,
        "temporal_coherence": np.asarray(linked.array("temporal_coherence")[at], np.float32),
    }


STAGE = Stage(
    name="invert",
    version=3,
    after=("import", "pairs"),
    meaning="solve each pixel's network of interferograms for its displacement series (NSBAS)",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
OF_LINKED = replace(
    STAGE,
    version=1,
    after=("import", "pairs", "linked"),
    meaning="bring the unwrapped pairs of linked phases into one series, with the sigmas of linking",
)
