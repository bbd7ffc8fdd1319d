"""Stage `interferograms`: the pairs of the network, looked down and joined across bursts and sub-swaths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fringeworks.model.grids import Looks, Shape
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.frame import intersection
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.extra_looks import array_of, extra_looks, ingredients
from fringeworks.workflow.scenes.cells import kept_cells, phase_step
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.banding import range_band
from fringeworks.workflow.tasks.forming import FormSpec, LookSet, form
from fringeworks.workflow.tasks.linked_pairs import LinkedPairSpec, form_linked

_ENOUGH = 40.0
"""Independent samples a coherence window should hold: its bias is then below 0.01 from coherence 0.3 on."""
_LARGEST = 9


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {
        "looks": list(config.pairs.looks),
        "spacing_m": config.products.spacing_m,
        **ingredients(config),
        **_banding(config),
        "network": {k: getattr(config.pairs.network, k) for k in config.pairs.network.__slots__},
    }


def _banding(config: RunConfig) -> dict[str, Any]:
    if config.pairs.common_band == "off":
        return {}
    return {"common_band": config.pairs.common_band, "common_band_from": config.pairs.common_band_from}


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=16.0 * (scenes.looked.size + scenes.extra_cells) * scale.n_pairs,
        seconds=0.5 + scale.n_pairs * (scenes.n_samples / 55e6 + scenes.looked.size / 8e6),
        n_tasks=scale.n_pairs,
        task_bytes=60.0 * (scenes.looked.size + scenes.extra_cells) + 32.0 * 256 * scenes.largest.cols,
    )


def coherence_window(scenes: SceneStack, looks: Looks | None = None) -> tuple[Shape, float]:
    """Return the cells of the coherence window and the independent samples it holds, for the run's looks or others."""
    looks = scenes.looks if looks is None else looks
    share = looks.azimuth * looks.range * scenes.effective_share
    size = next((n for n in range(1, _LARGEST + 1, 2) if n * n * share >= _ENOUGH), _LARGEST)
    return Shape(size, size), max(size * size * share, 1.0)


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network = context.scenes, context.survey.network
    days = {d: k for k, d in enumerate(scenes.days)}
    window, looks = coherence_window(scenes)
    jumps = context.upstream("joins").get("phases")
    n = len(network.pairs)
    _create_images(context)
    extra = tuple(LookSet(each, *coherence_window(scenes, each)) for each in extra_looks(context.config))
    for each in extra:
        _create_images(context, each.looks)
    filters = context.config.pairs.common_band == "range"
    bands = {name: range_band(scenes, name) for name in scenes.names} if filters else {}
    specs, lost = [], []
    for index, pair in enumerate(network.pairs):
        ends = days[pair.reference], days[pair.secondary]
        names = [k for k in scenes.names if all(k in scenes.dates[d].bursts for d in ends)]
        keep = {k: intersection(_burst(scenes, k).keep, scenes.stored[k]) for k in names}
        kept = {k: w for k, w in keep.items() if w is not None}
        steps = {k: phase_step(jumps, pair, scenes, k) for k in kept}
        baselines = scenes.dates[ends[0]].baseline, scenes.dates[ends[1]].baseline
        lost.append(max((bands[k].lost(baselines) for k in kept if k in bands), default=0.0))
        narrow = lost[-1] >= context.config.pairs.common_band_from
        specs.append(
            FormSpec(
                store=str(context.store.folder),
                index=index,
                dates=ends,
                shape=scenes.frame.grid.shape,
                stored={k: scenes.stored[k] for k in kept},
                keep=kept,
                steps=steps,
                own=LookSet(scenes.looks, window, looks),
                extra=extra,
                bands={k: bands[k] for k in kept if k in bands and narrow},
                baselines=baselines,
            )
        )
    payloads = context.each(form, specs)
    if filters:
        context.note(_band_finding(network, payloads, lost))
        payloads = [{**p, "band_lost": round(share, 5)} for p, share in zip(payloads, lost, strict=True)]
    context.step.put(
        "pairs",
        {
            "coherence_window": [window.rows * scenes.looks.azimuth, window.cols * scenes.looks.range],
            "effective_looks": looks,
            "looks": [scenes.looks.azimuth, scenes.looks.range],
            "pairs": [{"pair": str(p), **row} for p, row in zip(network.pairs, payloads, strict=True)],
        },
    )
    empty = sum(p["n_valid"] == 0 for p in payloads)
    return (Tally("interferograms", n, n - empty, {"no common burst": empty}),)


def _band_finding(network: PairNetwork, payloads: Sequence[Payload], lost: Sequence[float]) -> Finding:
    worst = int(np.argmax(lost))
    n = sum(bool(p["common_band"]) for p in payloads)
    text = (
        f"{n} of {len(payloads)} interferograms are formed of the common band in range; {network.pairs[worst]} lacks "
        f"most of it, {100 * lost[worst]:.1f} %"
    )
    return Finding("note", "common band", text)


def _burst(scenes: SceneStack, name: str) -> Any:
    return scenes.frame.bursts[scenes.place_of(name)]


def _create_images(context: StageContext, looks: Looks | None = None) -> None:
    """Create the arrays of interferograms, one image a pair, of the run's looks or others."""
    n, shape, looked = (
        len(context.survey.network.pairs),
        context.scenes.frame.grid.shape,
        context.scenes.looked,
    )
    if looks is not None:
        looked = Shape(max(shape.rows // looks.azimuth, 1), max(shape.cols // looks.range, 1))
    for name, dtype in (("phasor", "complex64"), ("coherence", "float32"), ("amplitude", "float32")):
        array = name if looks is None else array_of(name, looks)
        chunks = (1, min(512, looked.rows), looked.cols)
        context.step.create_chunked(array, (n, *looked), dtype=dtype, chunks=chunks)


def _linked_parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"network": {k: getattr(config.pairs.network, k) for k in config.pairs.network.__slots__}}


def _linked_work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network = context.scenes, context.survey.network
    days = {d: k for k, d in enumerate(scenes.days)}
    jumps = context.upstream("joins").get("phases")
    looks = float(context.upstream("linking").get("linking")["effective_looks"])
    cells = {name: kept_cells(scenes, name) for name in scenes.names}
    n = len(network.pairs)
    _create_images(context)
    specs = []
    for index, pair in enumerate(network.pairs):
        ends = days[pair.reference], days[pair.secondary]
        held = _held(scenes, ends)
        specs.append(
            LinkedPairSpec(
                store=str(context.store.folder),
                index=index,
                dates=ends,
                looked=scenes.looked,
                cells={k: w for k in held if (w := cells[k]) is not None},
                steps={k: phase_step(jumps, pair, scenes, k) for k in held},
                effective_looks=looks,
            )
        )
    payloads = context.each(form_linked, specs)
    context.step.put(
        "pairs",
        {
            "coherence_window": [scenes.looks.azimuth, scenes.looks.range],
            "effective_looks": looks,
            "looks": [scenes.looks.azimuth, scenes.looks.range],
            "pairs": [{"pair": str(p), **row} for p, row in zip(network.pairs, payloads, strict=True)],
        },
    )
    empty = sum(p["n_valid"] == 0 for p in payloads)
    return (Tally("interferograms", n, n - empty, {"no common burst": empty}),)


def _held(scenes: SceneStack, ends: tuple[int, int]) -> list[str]:
    return [k for k in scenes.names if all(k in scenes.dates[d].bursts for d in ends)]


STAGE = Stage(
    name="interferograms",
    version=1,
    after=("coregister", "joins"),
    meaning="form the interferograms, look them down and join bursts and sub-swaths",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
FROM_LINKED = replace(
    STAGE,
    after=("linking", "joins"),
    meaning="form interferograms from linked phases and join bursts and sub-swaths",
    parameters=_linked_parameters,
    work=_linked_work,
)
