"""What a stage is: a name, what it depends on, what it costs, and the function that does it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fringeworks.errors import CancelledError, MemoryLimitError, MissingInputError
from fringeworks.io.store import StepFolder, WorkingStore
from fringeworks.model.arrays import Block, BlockPlan, plan_rows
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.tally import Finding, Tally
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.engines import Engine, LocalEngine, Payload
from fringeworks.workflow.events import Event, EventSink
from fringeworks.workflow.memory import give_back
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.survey import Survey

PROGRAM_BYTES: Final = 490 * 2**20
"""Memory of the program itself: interpreter, libraries, kernels and their compiler [bytes]; measured, rounded up."""
BLOCK_SHARE: Final = 0.6
"""Share of what is left that a block may take; the rest is for the temporaries of libraries."""
CHUNK_ROWS: Final = 128
"""Blocks of at least this many rows are a multiple of it: chunks of the store then end where blocks end."""
LEAST_ROWS: Final = 16
"""Smaller blocks are a multiple of this many rows: cells of the common zero do not span two blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneScale:
    """How large the work on images is.

    Attributes
    ----------
    n_bursts : int
        Bursts of the frame that are processed.
    n_samples : int
        Samples of all of them, for one date.
    largest : Shape
        Largest burst.
    n_overlaps : int
        Overlaps of consecutive bursts, and single bursts without one.
    n_swaths : int
        Sub-swaths.
    looked : Shape
        Shape of the averaged interferograms.
    extra_cells : int
        Cells of those of further sets of looks, all together.
    """

    n_bursts: int
    n_samples: int
    largest: Shape
    n_overlaps: int
    n_swaths: int
    looked: Shape
    extra_cells: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large the work is."""

    shape: Shape
    n_pairs: int
    n_dates: int
    scenes: SceneScale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a stage needs, estimated before anything runs.

    Attributes
    ----------
    bytes_per_pixel : float
        Working memory for one pixel of a block [bytes].
    disk_bytes : float
        What it writes [bytes].
    seconds : float
        Time on two processors, good to a factor of two [s].
    n_tasks : int
        Tasks of their own (a burst, a pair); 0 for steps that go through the map by blocks.
    task_bytes : float
        Working memory of one task [bytes]; of a step without tasks what it would take at once, where it cuts blocks of
        its own to stay below the cap.
    """

    bytes_per_pixel: float = 0.0
    disk_bytes: float = 0.0
    seconds: float = 1.0
    n_tasks: int = 0
    task_bytes: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the chain.

    Attributes
    ----------
    name : str
        Name in ``--from``, ``--until``, ``status`` and on disk.
    version : int
        Raised whenever the same inputs would give other outputs.
    after : tuple of str
        Steps whose outputs it reads.
    meaning : str
        One line for a person.
    parameters : callable
        What of the configuration changes its outcome.
    work : callable
        Does it; returns what was considered, used and rejected.
    cost : callable
        Estimate from the scale.
    outputs : tuple of str
        Files it leaves in the output folder, beside the store.
    reads_inputs : bool
        Whether the content of the input files is among its ingredients.
    """

    name: str
    version: int
    after: tuple[str, ...]
    meaning: str
    parameters: Callable[[RunConfig], Mapping[str, Any]]
    work: Callable[[StageContext], tuple[Tally, ...]]
    cost: Callable[[Scale], Cost]
    outputs: tuple[str, ...] = ()
    reads_inputs: bool = False


def block_budget(max_memory: int) -> float:
    """Return the memory a block may take under a cap [bytes].

    Raises
    ------
    MemoryLimitError
        The cap does not even hold the program itself.
    """
    left = (max_memory - PROGRAM_BYTES) * BLOCK_SHARE
    if left < 2**20:
        raise MemoryLimitError(
            f"compute.max_memory is {max_memory / 2**20:.0f} MiB",
            expected=f"at least {(PROGRAM_BYTES + 2 * 2**20) / 2**20:.0f} MiB: the program and its libraries take most of it",
            hint="raise compute.max_memory",
        )
    return left


def plan_blocks(shape: Shape, *, bytes_per_pixel: float, max_memory: int) -> BlockPlan:
    """Cut an image into strips that stay below the memory cap; depends on nothing but its arguments."""
    budget = block_budget(max_memory)
    plan = plan_rows(shape, bytes_per_pixel=bytes_per_pixel, budget=budget, multiple=LEAST_ROWS)
    if plan.block.rows >= shape.rows or plan.block.rows < CHUNK_ROWS:
        return plan
    return BlockPlan(shape, Shape(plan.block.rows - plan.block.rows % CHUNK_ROWS, shape.cols))


@dataclass(slots=True, kw_only=True)
class StageContext:
    """What a stage is given while it works."""

    config: RunConfig
    store: WorkingStore
    step: StepFolder
    output: Path
    survey: Survey
    events: EventSink
    cancel: threading.Event
    cost: Cost
    config_hash: str = ""
    engine: Engine = field(default_factory=LocalEngine)
    findings: list[Finding] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)

    @property
    def grid(self) -> MapGrid:
        """Grid of the area that is processed."""
        return self.survey.grid

    @property
    def scenes(self) -> SceneStack:
        """The images; only steps of chains that start from images ask for them.

        Raises
        ------
        MissingInputError
            The run starts from interferograms.
        """
        if self.survey.scenes is None:
            raise MissingInputError("this run starts from interferograms", expected="inputs.slc")
        return self.survey.scenes

    def upstream(self, name: str) -> StepFolder:
        """Return the folder of a step before this one."""
        return self.store.step(name)

    def check_cancel(self) -> None:
        """Stop here if the user asked for it.

        Raises
        ------
        CancelledError
            The run was cancelled; finished blocks are kept.
        """
        if self.cancel.is_set():
            raise CancelledError(
                f"cancelled in step {self.step.name!r}", hint="run the same command again to go on from here"
            )

    def progress(self, done: int, total: int) -> None:
        """Tell how far the step is."""
        self.events(Event("step_progress", self.step.name, done, total))

    def note(self, finding: Finding) -> None:
        """Keep something a person should read."""
        self.findings.append(finding)
        if finding.level in {"warning", "error"}:
            self.events(Event("message", self.step.name, text=finding.text))

    def blocks(self, shape: Shape | None = None) -> BlockPlan:
        """Cut the area into blocks for this stage's cost."""
        return plan_blocks(
            shape or self.grid.shape,
            bytes_per_pixel=self.cost.bytes_per_pixel,
            max_memory=self.config.memory_bytes,
        )

    def pending(self, plan: BlockPlan) -> Iterator[Block]:
        """Iterate the blocks that are not finished yet, with progress and a look for cancellation between them."""
        total = len(plan)
        for number, block in enumerate(plan):
            self.check_cancel()
            self.progress(number, total)
            if self.step.block(block.index) is None:
                yield block
                give_back()
        self.progress(total, total)

    def each(self, function: Callable[[Any], Payload], specs: Sequence[Any]) -> list[Payload]:
        """Carry out tasks that are not finished yet, keep what each leaves, and return all of it in order.

        Parameters
        ----------
        function : callable
            Module-level; takes a record, writes arrays into the store, returns plain values.
        specs : sequence
            One record for each task, in an order that does not change between runs.
        """
        to_do = [k for k in range(len(specs)) if self.step.block(k) is None]
        done = len(specs) - len(to_do)
        self.check_cancel()
        self.progress(done, len(specs))

        def finished(number: int, payload: Payload) -> None:
            nonlocal done
            self.step.finish_block(to_do[number], payload)
            done += 1
            self.progress(done, len(specs))

        self.engine.each(function, [specs[k] for k in to_do], finished=finished, cancelled=self.cancel.is_set)
        found = [self.step.block(k) for k in range(len(specs))]
        return [p for p in found if p is not None]

    def payloads(self, plan: BlockPlan) -> list[dict[str, Any]]:
        """Return what every block left, in order, whether finished now or before an interruption."""
        found = [self.step.block(block.index) for block in plan]
        return [p for p in found if p is not None]
