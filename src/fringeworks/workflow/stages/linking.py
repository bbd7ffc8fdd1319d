"""Stage `linking`: one phase a date for every cell, from all interferograms between all dates at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from fringeworks.model.grids import Shape
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.scenes.cells import days_of, kept_cells
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext, block_budget
from fringeworks.workflow.tasks.cells import halo_of, strips
from fringeworks.workflow.tasks.linking import LinkSpec, array_of, create_linked, link_strip
from fringeworks.workflow.tasks.matrices import MatrixSpec, show_matrices

_MOST_ROWS: Final = 64
_CHANCE: Final = 0.01
"""Share of cells that three sigmas are exceeded on by chance, and a little more."""
_SHOWN_ROWS, _SHOWN_COLS = 8, 6
"""Rows of cells, and cells of each, whose coherence matrix is kept."""
_BYTES_PER_SAMPLE: Final = 28.0
"""Working memory for one sample of one date: the samples, their copy and the sums over windows [bytes]."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {
        "linking": plain(config.linking),
        "looks": list(config.pairs.looks),
        "spacing_m": config.products.spacing_m,
    }


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    n = scale.n_dates
    cells = scenes.looked.size
    per_cell = 20e-6 * (n / 30) ** 2 + 1e-6 * n
    return Cost(
        disk_bytes=cells * (8.0 * n + 20.0),
        seconds=2 + 0.5 * cells * per_cell + scenes.n_samples * n / 60e6,
        task_bytes=_BYTES_PER_SAMPLE * n * scenes.largest.cols * 64,
    )


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, linking = context.scenes, context.config.linking
    once = halo_of(linking.window_shape, scenes.looks)
    many = len(scenes.dates) > linking.sequential_above
    halo = Shape(3 * once.rows, 3 * once.cols) if many else once  # of mini-stacks, see sequential_halo
    days = days_of(scenes)
    specs: list[LinkSpec] = []
    for name in scenes.names:
        cells, dates = kept_cells(scenes, name), scenes.holders(name)
        if cells is None or len(dates) < 2:
            context.note(Finding("warning", "linking", f"burst {name} has fewer than two dates, or no cell"))
            continue
        rows = rows_of_strip(
            context.config.memory_bytes,
            n_dates=len(dates),
            cols=cells.cols * scenes.looks.range + 2 * halo.cols,
            halo=halo.rows,
            azimuth=scenes.looks.azimuth,
        )
        create_linked(context.step, name, n_dates=len(scenes.dates), cells=cells, rows=rows)
        burst = strips(
            store=str(context.store.folder),
            name=name,
            stored=scenes.stored[name],
            cells=cells,
            dates=dates,
            looks=scenes.looks,
            halo=halo,
            rows=rows,
        )
        specs += [
            LinkSpec(
                strip=strip,
                first_row=strip.cells.row - cells.row,
                days=tuple(days[k] for k in dates),
                reference=0,
                effective_share=scenes.effective_share,
                options=linking,
                neighbours=linking.neighbours,
                sequential=linking.sequential if many else None,
            )
            for strip in burst
        ]
    payloads = context.each(link_strip, specs)
    for spec in _rows_to_show(context, specs):
        show_matrices(spec)
    tally = Tally("cells", 0, 0)
    for payload in payloads:
        tally = tally + Tally(**payload["tally"])
    record = _record(context, halo)
    context.step.put("linking", record)
    if record["fading"]:
        context.note(Finding("note", "fading bias", fading_text(record["fading"])))
    return (tally,)


def _rows_to_show(context: StageContext, specs: list[LinkSpec]) -> list[MatrixSpec]:
    """Choose cells, spread over the image, whose coherence matrix is kept for the report."""
    window = context.config.linking.window_shape
    chosen = (
        np.unique(np.linspace(0, len(specs) - 1, min(len(specs), _SHOWN_ROWS)).astype(int)) if specs else ()
    )
    found = []
    for k in chosen:
        strip = specs[k].strip
        cells = replace(strip.cells, row=strip.cells.row + strip.cells.rows // 2, rows=1)
        columns = (np.arange(_SHOWN_COLS) + 0.5) / _SHOWN_COLS * cells.cols
        found.append(
            MatrixSpec(
                strip=replace(strip, cells=cells),
                columns=tuple(int(c) for c in np.unique(columns.astype(int))),
                window=window,
            )
        )
    return found


def rows_of_strip(cap: int, *, n_dates: int, cols: int, halo: int, azimuth: int) -> int:
    """Return how many rows of cells a strip may have below a memory cap [bytes].

    Parameters
    ----------
    cap : int
        ``compute.max_memory``.
    n_dates, cols : int
        Dates, and samples of a line with its halo.
    halo : int
        Lines of the halo on either side.
    azimuth : int
        Lines of a cell.
    """
    lines = int(block_budget(cap) / (_BYTES_PER_SAMPLE * n_dates * cols)) - 2 * halo
    return min(max(lines // azimuth, 1), max(_MOST_ROWS, 256 // azimuth))


def _record(context: StageContext, halo: Any) -> dict[str, Any]:
    scenes = context.scenes
    looks = [
        np.asarray(context.step.array(array_of("looks", name))[:, :])
        for name in scenes.names
        if context.step.has(array_of("looks", name))
    ]
    finite = np.concatenate([x[np.isfinite(x)] for x in looks]) if looks else np.zeros(0)
    return {
        "fading": _fading(context),
        "effective_looks": float(np.median(finite)) if finite.size else 1.0,
        "halo": [halo.rows, halo.cols],
    }


def _fading(context: StageContext) -> dict[str, float]:
    """Sum up the bias of short pairs and of linked phases on ground that shows one; nothing without long pairs."""
    parts = []
    for name in context.scenes.names:
        if not context.step.has(array_of("short_bias", name)):
            continue
        short, linked, flagged = (
            np.asarray(context.step.array(array_of(what, name))[:, :], np.float64)
            for what in ("short_bias", "linked_bias", "susceptible")
        )
        known = np.isfinite(short) & np.isfinite(linked)
        parts.append(np.stack([short[known], linked[known], flagged[known]]))
    found = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))
    if not found.size:
        return {}
    biased = found[:, found[2] > 0]
    metres = context.scenes.wavelength / (4.0 * math.pi)
    short_rate, linked_rate = (float(np.median(np.abs(row))) if row.size else 0.0 for row in biased[:2])
    return {
        "share": float((found[2] > 0).mean()),
        "short_m_per_year": metres * short_rate,
        "linked_m_per_year": metres * linked_rate,
    }


def fading_text(found: Mapping[str, float]) -> str:
    """Say how biased chains of short pairs are, and what of it linked phases keep."""
    if found["share"] < _CHANCE:
        return "chains of consecutive pairs agree with long pairs: no bias that fades with time is seen"
    return (
        f"on {100 * found['share']:.0f} % of the ground chains of consecutive pairs run away from long pairs, by "
        f"{1e3 * found['short_m_per_year']:.1f} mm/yr in the median; of linked phases {1e3 * found['linked_m_per_year']:.1f} "
        "mm/yr is left, noise of the long pairs included"
    )


STAGE = Stage(
    name="linking",
    version=1,
    after=("coregister",),
    meaning="link the phases of all dates from the covariance of each cell's surroundings",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
