"""Stage `pairs`: what the interferograms say about one another, which of them are trusted, and their common zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fringeworks.errors import TooFewDataError
from fringeworks.interferometry.alignment import (
    CellSums,
    cells_of,
    choose_cell,
    constants_from_triplets,
    sum_cells,
)
from fringeworks.interferometry.closure import (
    ClosureSums,
    close_triplets,
    closure_constants,
    tabulate,
)
from fringeworks.interferometry.network import date_baselines, find_triplets
from fringeworks.interferometry.quality import PairVerdict, judge_pairs
from fringeworks.model.arrays import Block
from fringeworks.model.grids import Window
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_LAYERS = {
    "closure_rms": "float32",
    "closure_bias": "float32",
    "closure_coherence": "float32",
    "n_unwrapping_errors": "int16",
}
_SAMPLE = 40_000
_JUDGES = 2_000
_TILE = 128


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"pairs": plain(config.pairs)}


def _cost(scale: Scale) -> Cost:
    return Cost(
        bytes_per_pixel=4.0 * (2 * scale.n_pairs + 20),
        disk_bytes=14.0 * scale.shape.size,
        seconds=4 + scale.shape.size * scale.n_pairs / 25e6,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    network = context.survey.network
    triplets = find_triplets(network)
    if len(triplets) == 0:
        context.note(
            Finding("warning", "closure", "no triplet of interferograms closes: cycle errors cannot be seen")
        )
    sample, positions = _sample(context)
    constants = closure_constants(sample, triplets=triplets)
    plan = context.blocks()
    for name, dtype in _LAYERS.items():
        fill = np.nan if dtype == "float32" else -1
        context.step.create(
            name,
            tuple(context.grid.shape),
            dtype=dtype,
            dims=("y", "x"),
            fill=fill,
            block_rows=plan.block.rows,
        )
    verdicts = _verdicts(context, sample, positions)
    excluded = np.flatnonzero([v.factor == 0 for v in verdicts])
    trusted = np.asarray(~np.isin(triplets, excluded).any(axis=1), np.bool_)
    for block in context.pending(plan):
        context.step.finish_block(block.index, _one_block(context, block, triplets, constants, trusted))
    payloads = context.payloads(plan)
    sums = _closure_sums(payloads)
    records = tabulate(sums, network=network, triplets=triplets, constants=constants)
    zero, cell = _common_zero(context, payloads, triplets, constants)
    verdicts = [_without_zero(v, zero[k]) for k, v in enumerate(verdicts)]
    _refuse_too_little(context, verdicts)
    context.step.put("verdicts", _values(context, records, verdicts, zero, cell))
    return (_tally(verdicts),)


def _sample(context: StageContext) -> tuple[np.ndarray, np.ndarray]:
    """Read a lattice of pixels from tiles spread over the image: (pair, pixel), and their (pixel, 2) rows and columns."""
    phase, shape = context.upstream("import").array("phase"), context.grid.shape
    tiles = [(r, c) for r in range(0, shape.rows, _TILE) for c in range(0, shape.cols, _TILE)]
    chosen = [tiles[k] for k in np.unique(np.linspace(0, len(tiles) - 1, min(len(tiles), 36)).astype(int))]
    pixels = min(shape.size, len(chosen) * _TILE**2)
    step = max(int(np.ceil(np.sqrt(pixels / _SAMPLE))), 1)
    parts, places = [], []
    for row, col in chosen:
        context.check_cancel()
        part = np.asarray(phase[:, row : min(row + _TILE, shape.rows), col : min(col + _TILE, shape.cols)])
        part = part[:, ::step, ::step]
        rows, cols = np.mgrid[0 : part.shape[1], 0 : part.shape[2]] * step
        parts.append(part.reshape(part.shape[0], -1))
        places.append(np.column_stack([rows.ravel() + row, cols.ravel() + col]))
    return np.concatenate(parts, axis=1), np.concatenate(places).astype(np.float64)


def _one_block(
    context: StageContext, block: Block, triplets: np.ndarray, constants: np.ndarray, trusted: np.ndarray
) -> dict[str, Any]:
    """Close all triplets for the table, and those without an excluded pair for the layers."""
    at, source = block.keep.slices, context.upstream("import")
    phase = np.asarray(source.array("phase")[(slice(None), *at)])
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    kept = closure
    if not trusted.all():
        kept = close_triplets(phase, triplets=triplets[trusted], constants=constants[trusted])
    for name in _LAYERS:
        context.step.sink(name)[at] = kept.layers[name]
    errors = np.asarray(kept.layers["n_unwrapping_errors"], np.int16)
    cells = sum_cells(phase, np.asarray(source.array("coherence_mean")[at]), errors)
    return {
        "count": closure.sums.count.tolist(),
        "total": closure.sums.total.tolist(),
        "square": closure.sums.square.tolist(),
        "n_cycles": closure.sums.n_cycles.tolist(),
        "n_valid": cells.n_valid.tolist(),
        "coherence": cells.coherence.tolist(),
        "n_doubted": cells.n_doubted.tolist(),
    }


def _closure_sums(payloads: list[dict[str, Any]]) -> ClosureSums:
    names = ("count", "total", "square", "n_cycles")
    return ClosureSums(*(np.sum([np.array(p[name], float) for p in payloads], axis=0) for name in names))


def _verdicts(context: StageContext, sample: np.ndarray, positions: np.ndarray) -> list[PairVerdict]:
    network = context.survey.network
    rows = context.upstream("import").get("stack")["pairs"]
    coherence = [row["coherence_mean"] for row in rows]
    n_valid = np.isfinite(sample).sum(axis=0)
    # pixels that at least as many interferograms reach as a median pixel, thinned evenly over the image
    reached = np.flatnonzero(n_valid >= np.median(n_valid))
    chosen = reached[np.unique(np.linspace(0, len(reached) - 1, min(len(reached), _JUDGES)).astype(int))]
    found = judge_pairs(
        np.ascontiguousarray(sample[:, chosen]),
        network=network,
        options=context.config.pairs,
        coherence=None if None in coherence else np.array(coherence, float),
        positions=positions[chosen],
    )
    for verdict in found.verdicts:
        if verdict.verdict != "good":
            context.note(Finding("warning", "pairs", f"{verdict.pair}: {verdict.verdict}: {verdict.reason}"))
    if network.perpendicular_baseline is not None and np.isfinite(network.perpendicular_baseline).all():
        for finding in date_baselines(network).findings:
            context.note(finding)
    return list(found.verdicts)


def _common_zero(
    context: StageContext, payloads: list[dict[str, Any]], triplets: np.ndarray, constants: np.ndarray
) -> tuple[np.ndarray, Window]:
    """Choose the cell all interferograms are set to zero on, and their constants there."""
    cells = cells_of(context.grid.shape)
    sums = CellSums(
        np.concatenate([np.array(p["n_valid"], np.int64) for p in payloads], axis=1),
        np.concatenate([np.array(p["coherence"], float) for p in payloads]),
        np.concatenate([np.array(p["n_doubted"], np.int64) for p in payloads]),
    )
    cell = cells[choose_cell(sums, cells)]
    area = np.asarray(context.upstream("import").array("phase")[(slice(None), *cell.slices)], np.float64)
    flat = area.reshape(area.shape[0], -1)
    some = np.isfinite(flat).any(axis=1)
    zero = np.full(len(flat), np.nan)
    zero[some] = np.nanmedian(flat[some], axis=1)
    return constants_from_triplets(zero, triplets=triplets, closure=constants), cell


def _refuse_too_little(context: StageContext, verdicts: list[PairVerdict]) -> None:
    """Stop here where nothing is left to invert: later steps could only say it less clearly."""
    used = [v for v in verdicts if v.factor > 0]
    dates = {d for v in used for d in (v.pair.reference, v.pair.secondary)}
    if len(dates) >= 3:
        return
    rows = context.upstream("import").get("stack")["pairs"]
    n_empty = sum(row["valid_fraction"] == 0 for row in rows)
    raise TooFewDataError(
        f"{len(used)} of {len(verdicts)} interferograms are left, of {len(dates)} dates; {n_empty} hold no valid pixel "
        "inside the area",
        expected="at least three dates",
        hint="look at area, and at the reasons in the manifest's pairs",
    )


def _without_zero(verdict: PairVerdict, constant: float) -> PairVerdict:
    if np.isfinite(constant):
        return verdict
    reason = (
        "it has no value in the area where all interferograms are set to zero, nor a triplet that leads there"
    )
    return replace(verdict, verdict="excluded", factor=0.0, reason=reason)


def _values(
    context: StageContext, records: Any, verdicts: list[PairVerdict], zero: np.ndarray, cell: Window
) -> dict[str, Any]:
    network = context.survey.network
    used = np.array([v.factor > 0 for v in verdicts])
    ends = network.endpoints()
    reached = {int(k) for k in ends[used].ravel()}
    return {
        "pairs": [
            {
                "pair": str(v.pair),
                "verdict": v.verdict,
                "factor": v.factor,
                "reason": v.reason,
                "misfit_rad": _number(v.misfit),
                "cycle_fraction": _number(v.cycle_fraction),
                "redundancy": v.redundancy,
                "constant_rad": float(zero[k]) if np.isfinite(zero[k]) else 0.0,
            }
            for k, v in enumerate(verdicts)
        ],
        "zero_area": {"row": cell.row, "col": cell.col, "rows": cell.rows, "cols": cell.cols},
        "lost_dates": [
            {"date": day.isoformat(), "reason": "all its interferograms are excluded"}
            for k, day in enumerate(network.dates)
            if k not in reached
        ],
        "closure": {
            "n_triplets": len(records),
            "triplets": [
                {
                    "dates": list(r.dates),
                    "mean_rad": _number(r.mean),
                    "std_rad": _number(r.std),
                    "cycle_fraction": _number(r.cycle_fraction),
                    "n_pixels": r.n_pixels,
                }
                for r in records
            ],
        },
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _tally(verdicts: list[PairVerdict]) -> Tally:
    used = sum(v.factor > 0 for v in verdicts)
    return Tally("pairs", len(verdicts), used, {"excluded": len(verdicts) - used})


STAGE = Stage(
    name="pairs",
    version=3,
    after=("import",),
    meaning="close triplets of interferograms, find those with cycle errors, and set all to a common zero",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
