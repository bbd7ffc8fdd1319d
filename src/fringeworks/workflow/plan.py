"""The plan of a run: steps, what they need, what is missing; made before anything runs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import Transformer

from fringeworks.errors import (
    ConfigurationError,
    DisconnectedNetworkError,
    MemoryLimitError,
    ReferenceUnusableError,
    RequestError,
    UnknownStepError,
)
from fringeworks.io.store import StepFolder, WorkingStore
from fringeworks.model.grids import Looks
from fringeworks.model.tally import Finding
from fringeworks.workflow.config import RunConfig, resolved
from fringeworks.workflow.digest import FileDigests, digest_of
from fringeworks.workflow.extra_looks import extra_looks
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.stage import (
    PROGRAM_BYTES,
    Cost,
    Scale,
    SceneScale,
    Stage,
    block_budget,
    plan_blocks,
)
from fringeworks.workflow.stages import stages_for
from fringeworks.workflow.survey import Survey, survey_inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of a plan.

    Attributes
    ----------
    stage : Stage
        What it is.
    ingredients : dict
        Everything that decides its outcome, and the digest of it.
    state : str
        ``done``, ``stale``, ``interrupted``, ``new``.
    cost : Cost
        Estimate.
    n_blocks, memory_bytes : int
        Blocks, and the memory one takes with the program [bytes].
    """

    stage: Stage
    ingredients: dict[str, Any]
    state: str
    cost: Cost
    n_blocks: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps of a run in order, with checks.

    Attributes
    ----------
    config : RunConfig
        What was asked.
    config_hash : str
        Digest of the resolved configuration without places and machine settings.
    survey : Survey
        What the inputs hold.
    scale : Scale
        How large the work is.
    steps : tuple of PlannedStep
        In the order they run.
    findings : tuple of Finding
        Checks of inputs, memory and disk.
    """

    config: RunConfig
    config_hash: str
    survey: Survey
    scale: Scale
    steps: tuple[PlannedStep, ...]
    findings: tuple[Finding, ...]

    @property
    def to_do(self) -> tuple[PlannedStep, ...]:
        """Steps that are not done."""
        return tuple(s for s in self.steps if s.state != "done")

    @property
    def disk_bytes(self) -> float:
        """Disk that the steps to do will take [bytes]."""
        return sum(s.cost.disk_bytes for s in self.to_do)

    @property
    def seconds(self) -> float:
        """Time that the steps to do will take [s]."""
        return sum(s.cost.seconds for s in self.to_do)


def config_hash(config: RunConfig) -> str:
    """Return the digest of what decides the products: paths and machine settings do not."""
    values = resolved(config)
    values.pop("compute")
    values.pop("output")
    values["inputs"]["interferograms"].pop("path")
    for key in ("slc", "orbits", "dem", "water_mask"):
        values["inputs"].pop(key)
    return digest_of(values)


def identity_of(config: RunConfig) -> dict[str, Any]:
    """Return what an output folder belongs to: other inputs, area or method are another run."""
    values = resolved(config)
    if config.inputs.slc_patterns:
        return {
            **{
                f"inputs.{k}": values["inputs"][k] for k in ("slc", "orbits", "dem", "polarisation", "swaths")
            },
            "area": {k: v for k, v in values["area"].items() if v},
        }
    return {
        "inputs.interferograms.path": values["inputs"]["interferograms"]["path"],
        "inputs.interferograms.format": values["inputs"]["interferograms"]["format"],
        "area": {k: v for k, v in values["area"].items() if v},
        "method": list(config.methods),
    }


def make_plan(
    config: RunConfig, *, survey: Survey | None = None, forced_from: str = "", until: str = ""
) -> Plan:
    """Make the plan of a run; reads the inputs' headers, writes nothing but the memory of file digests.

    Parameters
    ----------
    config : RunConfig
        What was asked.
    survey : Survey, optional
        Given where the inputs were looked at already.
    forced_from : str
        This step and all after it run again, even where nothing changed.
    until : str
        The last step to run.

    Raises
    ------
    FringeworksError
        What can be known to fail is refused here, before hours are spent.
    """
    survey = survey_inputs(config) if survey is None else survey
    stages = _chosen(stages_for(config), forced_from=forced_from, until=until)
    scale = Scale(
        shape=survey.grid.shape,
        n_pairs=len(survey.network.pairs),
        n_dates=len(survey.network.dates),
        scenes=scene_scale(survey.scenes, extra=extra_looks(config)),
    )
    output = Path(config.output.directory)
    store = WorkingStore(output / "work")
    files = _file_digests(survey, output)
    digests: dict[str, str] = {}
    steps, forced = [], False
    for stage in stages:
        forced = forced or stage.name == forced_from
        ingredients = _ingredients(stage, config, digests, files if stage.reads_inputs else {})
        digests[stage.name] = ingredients["digest"]
        steps.append(_planned(stage, ingredients, scale, config, store.step(stage.name), forced=forced))
    plan = Plan(
        config=config,
        config_hash=config_hash(config),
        survey=survey,
        scale=scale,
        steps=tuple(steps),
        findings=(),
    )
    return Plan(
        config=config,
        config_hash=plan.config_hash,
        survey=survey,
        scale=scale,
        steps=plan.steps,
        findings=(*survey.findings, *_checks(plan, output)),
    )


def _file_digests(survey: Survey, output: Path) -> dict[str, str]:
    if survey.scenes is not None:
        return dict(survey.scenes.files)
    return FileDigests(output / "work" / "files.json").of(survey.stack.files)


def scene_scale(scenes: SceneStack | None, *, extra: tuple[Looks, ...] = ()) -> SceneScale | None:
    """Return how large the work on images is; ``extra`` are sets of looks beside the run's own."""
    if scenes is None:
        return None
    windows = list(scenes.stored.values())
    largest = max(windows, key=lambda w: w.shape.size)
    frame = scenes.frame
    single = sum(len(frame.of_swath(s)) == 1 for s in frame.swaths())
    return SceneScale(
        n_bursts=len(windows),
        n_samples=sum(w.shape.size for w in windows),
        largest=largest.shape,
        n_overlaps=len(frame.azimuth_overlaps()) + single,
        n_swaths=len(frame.swaths()),
        looked=scenes.looked,
        extra_cells=sum(frame.grid.shape.size // (each.azimuth * each.range) for each in extra),
    )


def _chosen(stages: tuple[Stage, ...], *, forced_from: str, until: str) -> tuple[Stage, ...]:
    names = [s.name for s in stages]
    for name in (forced_from, until):
        if name and name not in names:
            raise UnknownStepError(f"step {name!r}", expected=f"one of {', '.join(names)}")
    chosen = stages[: names.index(until) + 1] if until else stages
    if forced_from and forced_from not in {s.name for s in chosen}:
        raise RequestError(
            f"--from {forced_from} comes after --until {until}", expected="the other way round"
        )
    return chosen


def _ingredients(
    stage: Stage, config: RunConfig, digests: dict[str, str], files: dict[str, str]
) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "stage": stage.name,
        "version": stage.version,
        "parameters": dict(stage.parameters(config)),
        "inputs": {name: digests[name] for name in stage.after},
        "files": sorted(f"{Path(path).name}:{digest}" for path, digest in files.items()),
    }
    digest = digest_of(parts)
    return {**parts, "files": files, "digest": digest}


def _planned(
    stage: Stage,
    ingredients: dict[str, Any],
    scale: Scale,
    config: RunConfig,
    folder: StepFolder,
    *,
    forced: bool,
) -> PlannedStep:
    cost = stage.cost(scale)
    n_blocks, memory = 1, PROGRAM_BYTES
    if cost.bytes_per_pixel:
        blocks = plan_blocks(
            scale.shape, bytes_per_pixel=cost.bytes_per_pixel, max_memory=config.memory_bytes
        )
        n_blocks = len(blocks)
        memory += int(cost.bytes_per_pixel * blocks.block.size)
    else:
        budget = block_budget(config.memory_bytes)
        if not cost.n_tasks:
            memory += int(min(cost.task_bytes, budget))
        else:
            n_blocks = cost.n_tasks
            memory += int(cost.task_bytes)
            if cost.task_bytes * _workers(config) > budget:
                raise MemoryLimitError(
                    f"step {stage.name!r} takes {cost.task_bytes / 2**20:,.0f} MiB for a task, beside the program, for "
                    f"each of {_workers(config)} workers; compute.max_memory is {config.memory_bytes / 2**20:,.0f} MiB",
                    hint="raise compute.max_memory, take a coarser products.spacing_m, use fewer workers, or process "
                    "fewer sub-swaths at a time",
                )
    return PlannedStep(
        stage=stage,
        ingredients=ingredients,
        state="stale" if forced else state_of(ingredients, folder, Path(config.output.directory)),
        cost=cost,
        n_blocks=n_blocks,
        memory_bytes=memory,
    )


def _workers(config: RunConfig) -> int:
    """Return how many tasks run at the same time: kernels of one task use all threads of this process."""
    if config.compute.engine == "local":
        return 1
    return (os.cpu_count() or 1) if config.compute.workers == "auto" else int(config.compute.workers)


def state_of(ingredients: dict[str, Any], folder: StepFolder, output: Path) -> str:
    """Return ``done``, ``stale``, ``interrupted`` or ``new`` for a step as it lies on disk."""
    record = folder.record()
    if record is not None:
        whole = record.get("digest") == ingredients["digest"] and not missing_outputs(record, output)
        return "done" if whole else "stale"
    begun = folder.begun()
    if begun is None:
        return "new"
    return "interrupted" if begun.get("digest") == ingredients["digest"] else "stale"


def missing_outputs(record: dict[str, Any], output: Path) -> list[str]:
    """Return files a finished step has left that are no longer there, or have another size."""
    lost = []
    for name, size in record.get("outputs", {}).items():
        path = output / name
        if not path.is_file() or path.stat().st_size != size:
            lost.append(name)
    return lost


def _check_reference(plan: Plan) -> None:
    """Refuse a given reference that lies outside the area, before anything runs."""
    wanted, grid = plan.config.reference, plan.survey.grid
    if wanted.where != "auto":
        longitude, latitude = (float(v) for v in wanted.where)
        if not (-180 <= longitude <= 360 and -90 <= latitude <= 90):
            raise ConfigurationError(
                f"reference.where = [{longitude}, {latitude}]", expected="[longitude, latitude] in degrees"
            )
        x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(longitude, latitude)
        if not grid.holds(*grid.index_of(x, y)):
            west, south, east, north = grid.bounds
            raise ReferenceUnusableError(
                f"reference.where = [{longitude}, {latitude}] lies outside the area",
                expected=f"a point inside x {west:.4f} to {east:.4f}, y {south:.4f} to {north:.4f} ({grid.crs})",
            )


def _checks(plan: Plan, output: Path) -> list[Finding]:
    place = next(p for p in (output, *output.parents) if p.exists())
    free = shutil.disk_usage(place).free
    need = plan.disk_bytes
    level = "ok" if free > need * 1.1 else "warning"
    findings = [
        Finding(
            level,
            "disk",
            f"{need / 2**20:,.0f} MiB will be written, {free / 2**20:,.0f} MiB are free at {place}",
        ),
        Finding(
            "ok",
            "memory",
            f"blocks are sized so that the process stays below {plan.config.memory_bytes / 2**20:,.0f} MiB",
        ),
    ]
    _check_reference(plan)
    labels = plan.survey.network.components()
    if labels.max(initial=0) > 0:
        if plan.config.series.inversion.gaps == "refuse":
            network = plan.survey.network
            second = next(d for d, label in zip(network.dates, labels, strict=True) if label > 0)
            raise DisconnectedNetworkError(
                f"{len(network.pairs)} interferograms fall into {labels.max() + 1} subsets without a common date; "
                f"the second one starts on {second}",
                expected="a connected network",
                hint="add interferograms across the gap, or set series.inversion.gaps to bridge",
            )
        findings.append(
            Finding(
                "warning",
                "network",
                f"the interferograms fall into {labels.max() + 1} subsets without a common date; "
                "series.inversion.gaps decides what happens",
            )
        )
    findings += [
        Finding("warning", "inputs", f"{name} is not used: {why}") for name, why in plan.survey.missing
    ]
    return findings
