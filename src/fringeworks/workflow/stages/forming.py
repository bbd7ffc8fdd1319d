"""Stage `interferograms`: the pairs of the network, looked down and joined across bursts and sub-swaths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fringeworks.model.grids import Shape
from fringeworks.model.tally import Tally
from fringeworks.tops.frame import intersection
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes.cells import kept_cells, phase_step
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.forming import FormSpec, form
from fringeworks.workflow.tasks.linked_pairs import LinkedPairSpec, form_linked

_ENOUGH = 40.0
"""Independent samples a coherence window should hold: its bias is then below 0.01 from coherence 0.3 on."""
_LARGEST = 9


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {
        "looks": list(config.pairs.looks),
        "spacing_m": config.products.spacing_m,
        "network": {k: getattr(config.pairs.network, k) for k in config.pairs.network.__slots__},
    }


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    return Cost(
        disk_bytes=16.0 * scenes.looked.size * scale.n_pairs,
        seconds=0.5 + scale.n_pairs * (scenes.n_samples / 55e6 + scenes.looked.size / 8e6),
        n_tasks=scale.n_pairs,
        task_bytes=60.0 * scenes.looked.size + 32.0 * 256 * scenes.largest.cols,
    )


def coherence_window(scenes: SceneStack) -> tuple[Shape, float]:
    """Return the cells of the coherence window and the independent samples it holds."""
    share = scenes.looks.azimuth * scenes.looks.range * scenes.effective_share
    size = next((n for n in range(1, _LARGEST + 1, 2) if n * n * share >= _ENOUGH), _LARGEST)
    return Shape(size, size), max(size * size * share, 1.0)


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network = context.scenes, context.survey.network
    days = {d: k for k, d in enumerate(scenes.days)}
    window, looks = coherence_window(scenes)
    jumps = context.upstream("joins").get("phases")
    n = len(network.pairs)
    create_images(context)
    specs = []
    for index, pair in enumerate(network.pairs):
        ends = days[pair.reference], days[pair.secondary]
        names = [k for k in scenes.names if all(k in scenes.dates[d].bursts for d in ends)]
        keep = {k: intersection(_burst(scenes, k).keep, scenes.stored[k]) for k in names}
        kept = {k: w for k, w in keep.items() if w is not None}
        steps = {k: phase_step(jumps, pair, scenes, k) for k in kept}
        specs.append(
            FormSpec(
                store=str(context.store.folder),
                index=index,
                dates=ends,
                shape=scenes.frame.grid.shape,
                stored={k: scenes.stored[k] for k in kept},
                keep=kept,
                steps=steps,
                looks=scenes.looks,
                window=window,
                effective_looks=looks,
            )
        )
    payloads = context.each(form, specs)
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


def _burst(scenes: SceneStack, name: str) -> Any:
    return scenes.frame.bursts[scenes.place_of(name)]


def create_images(context: StageContext) -> None:
    """Create the arrays of interferograms, one image a pair."""
    n, (rows, cols) = len(context.survey.network.pairs), context.scenes.looked
    for name, dtype in (("phasor", "complex64"), ("coherence", "float32"), ("amplitude", "float32")):
        context.step.create_chunked(name, (n, rows, cols), dtype=dtype, chunks=(1, min(512, rows), cols))


def _linked_parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"network": {k: getattr(config.pairs.network, k) for k in config.pairs.network.__slots__}}


def _linked_work(context: StageContext) -> tuple[Tally, ...]:
    scenes, network = context.scenes, context.survey.network
    days = {d: k for k, d in enumerate(scenes.days)}
    jumps = context.upstream("joins").get("phases")
    looks = float(context.upstream("linking").get("linking")["effective_looks"])
    cells = {name: kept_cells(scenes, name) for name in scenes.names}
    n = len(network.pairs)
    create_images(context)
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
