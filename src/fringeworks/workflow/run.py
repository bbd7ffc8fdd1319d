"""Carry out a plan: step by step, resumable, cancellable, and honest about failures."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fringeworks.errors import DiskFullError, FringeworksError, MemoryLimitError, OutputBusyError, RunError
from fringeworks.io.store import WorkingStore, disk_full_is_named, write_json
from fringeworks.model.tally import Tally
from fringeworks.workflow.config import RunConfig, resolved
from fringeworks.workflow.engines import Engine, engine_of
from fringeworks.workflow.events import Event, EventSink, silent
from fringeworks.workflow.manifest import write_manifest
from fringeworks.workflow.memory import give_back, peak_memory
from fringeworks.workflow.plan import Plan, PlannedStep, identity_of, make_plan
from fringeworks.workflow.stage import StageContext
from fringeworks.workflow.survey import survey_inputs

CHUNKS_AT_ONCE: Final = 2
"""Chunks of the store decoded at the same time: each takes some megabytes of the memory cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    plan : Plan
        What was carried out.
    ran, skipped : tuple of str
        Steps computed now, and steps found whole.
    missing : tuple of (str, str)
        Inputs that were asked for and could not be used, with the reason.
    seconds : float
        Elapsed time [s].
    """

    plan: Plan
    ran: tuple[str, ...]
    skipped: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def output(self) -> Path:
        """Output folder."""
        return Path(self.plan.config.output.directory)


def run(
    config: RunConfig,
    *,
    events: EventSink = silent,
    cancel: threading.Event | None = None,
    forced_from: str = "",
    until: str = "",
) -> Outcome:
    """Run a configuration from its inputs to its products.

    Finished steps whose ingredients have not changed are skipped; an interrupted step goes on at the block
    where it stopped.

    Parameters
    ----------
    config : RunConfig
        What to do.
    events : callable
        Told what happens.
    cancel : threading.Event, optional
        Set it to stop after the block in hand.
    forced_from, until : str
        First step to run again whatever its state; last step to run.

    Raises
    ------
    FringeworksError
        With the exit status of its kind; what was finished is kept.
    """
    started = time.monotonic()
    cancel = threading.Event() if cancel is None else cancel
    survey = survey_inputs(config)
    output = Path(config.output.directory)
    store = WorkingStore(output / "work")
    store.claim(identity_of(config))
    with _alone(output / "work"), _threads(config):
        plan = make_plan(config, survey=survey, forced_from=forced_from, until=until)
        write_json(output / "work" / "config.json", resolved(config))
        events(Event("run_started", total=len(plan.steps), text=str(output)))
        with engine_of(config) as engine:
            ran, skipped = _carry_out(plan, store, events, cancel, engine)
        write_manifest(plan, store)
    outcome = Outcome(
        plan=plan, ran=ran, skipped=skipped, missing=survey.missing, seconds=time.monotonic() - started
    )
    events(Event("run_finished", text=str(output)))
    return outcome


def _carry_out(
    plan: Plan, store: WorkingStore, events: EventSink, cancel: threading.Event, engine: Engine
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ran: list[str] = []
    skipped: list[str] = []
    for number, planned in enumerate(plan.steps):
        name = planned.stage.name
        if planned.state == "done":
            skipped.append(name)
            events(Event("step_skipped", name, number, len(plan.steps), "nothing has changed"))
            continue
        events(Event("step_started", name, number, len(plan.steps), planned.stage.meaning))
        try:
            _do_step(plan, planned, store, events, cancel, engine)
        except BaseException as error:
            failure = _named(error, name)
            events(Event("run_failed", name, text=str(failure)))
            with contextlib.suppress(OSError, FringeworksError):
                write_manifest(plan, store, failure=failure)
            if failure is error:
                raise
            raise failure from error
        give_back()
        ran.append(name)
        events(Event("step_finished", name, number + 1, len(plan.steps)))
    return tuple(ran), tuple(skipped)


def _do_step(
    plan: Plan,
    planned: PlannedStep,
    store: WorkingStore,
    events: EventSink,
    cancel: threading.Event,
    engine: Engine,
) -> None:
    stage, folder = planned.stage, store.step(planned.stage.name)
    started, moment = time.monotonic(), time.time()
    if planned.state == "stale" and folder.record() is not None:
        folder.remove()
    resumed = folder.begin({**planned.ingredients, "n_blocks": planned.n_blocks})
    context = StageContext(
        config=plan.config,
        store=store,
        step=folder,
        output=Path(plan.config.output.directory),
        survey=plan.survey,
        events=events,
        cancel=cancel,
        cost=planned.cost,
        config_hash=plan.config_hash,
        engine=engine,
    )
    context.check_cancel()
    tallies = stage.work(context)
    folder.finish(_record(planned, context, tallies, resumed=resumed, started=started, moment=moment))


def _record(
    planned: PlannedStep,
    context: StageContext,
    tallies: tuple[Tally, ...],
    *,
    resumed: bool,
    started: float,
    moment: float,
) -> dict[str, Any]:
    outputs = context.written
    return {
        **planned.ingredients,
        "meaning": planned.stage.meaning,
        "tallies": [t.as_dict() for t in tallies],
        "findings": [f.as_dict() for f in context.findings],
        "outputs": {str(p.relative_to(context.output)): p.stat().st_size for p in outputs},
        "started_unix": moment,
        "seconds": time.monotonic() - started,
        "resumed": resumed,
        "n_blocks": planned.n_blocks,
        "peak_memory_bytes": peak_memory(),
    }


def _named(error: BaseException, step: str) -> BaseException:
    """Give a failure of the operating system or of a library our own name, and leave all others alone."""
    if isinstance(error, FringeworksError) or not isinstance(error, Exception):
        return error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return DiskFullError(
                f"no space left in step {step!r}",
                hint="free space or choose another output.directory, then run again: finished blocks are kept",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, MemoryError):
        return MemoryLimitError(
            f"out of memory in step {step!r}", hint="lower compute.max_memory or the workers"
        )
    return RunError(
        f"step {step!r} failed: {type(error).__name__}: {error}",
        hint="what was finished is kept; run again with the cause removed, or report this with the manifest",
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the output folder for this process.

    Raises
    ------
    OutputBusyError
        Another process holds it.
    """
    with disk_full_is_named(folder):
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputBusyError(
                f"{folder.parent} is in use by another run",
                hint="wait for it, or choose another output.directory",
            ) from error
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _threads(config: RunConfig) -> Iterator[None]:
    """Use as many threads as the configuration says."""
    import numba  # noqa: PLC0415  (slow to import; a plan does not need it)
    import zarr  # noqa: PLC0415

    before = numba.get_num_threads()
    wanted = config.compute.workers
    numba.set_num_threads(before if wanted == "auto" else min(int(wanted), numba.config.NUMBA_NUM_THREADS))
    try:
        with zarr.config.set({"async.concurrency": CHUNKS_AT_ONCE, "threading.max_workers": CHUNKS_AT_ONCE}):
            yield
    finally:
        numba.set_num_threads(before)
