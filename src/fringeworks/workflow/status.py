"""How far a run is, and why a step would run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fringeworks.errors import MissingInputError, UnknownStepError
from fringeworks.io.store import StepFolder, WorkingStore, read_json
from fringeworks.workflow.config import RunConfig, config_from
from fringeworks.workflow.plan import Plan, make_plan, missing_outputs
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.scenes.account import burst_table


def config_of(output: Path) -> RunConfig:
    """Return the configuration that an output folder was last run with.

    Raises
    ------
    MissingInputError
        The folder is not a run.
    """
    path = output / "work" / "config.json"
    if not path.is_file():
        raise MissingInputError(
            f"{output} is not a run: {path} is not there",
            expected="an output folder, or a configuration file",
        )
    return config_from(read_json(path), folder=output.parent)


def status(config: RunConfig) -> dict[str, Any]:
    """Return the state of every step of a run, as plain values.

    Returns
    -------
    dict
        ``output``, ``complete``, and ``steps``: name, state (done, stale, interrupted, new), blocks_done, n_blocks,
        seconds of a finished step; ``seconds_left`` as planned; ``n_dates``, ``n_pairs``; of a run from images also
        ``images``: reference date, track, dates and bursts used and missing.
    """
    plan = make_plan(config)
    store = WorkingStore(Path(config.output.directory) / "work")
    steps = []
    for planned in plan.steps:
        folder = store.step(planned.stage.name)
        record = folder.record() or {}
        steps.append(
            {
                "name": planned.stage.name,
                "meaning": planned.stage.meaning,
                "state": planned.state,
                "blocks_done": folder.n_blocks_done(),
                "n_blocks": planned.n_blocks,
                "seconds": record.get("seconds"),
            }
        )
    return {
        "output": config.output.directory,
        "complete": all(s["state"] == "done" for s in steps),
        "steps": steps,
        "seconds_left": round(plan.seconds, 1),
        "n_dates": len(plan.survey.network.dates),
        "n_pairs": len(plan.survey.network.pairs),
        **({} if plan.survey.scenes is None else {"images": _images(plan.survey.scenes)}),
    }


def _images(scenes: SceneStack) -> dict[str, Any]:
    table = burst_table(scenes)
    return {
        "reference_date": scenes.dates[scenes.reference].day.isoformat(),
        "track": scenes.track,
        "pass": scenes.pass_direction,
        "polarisation": scenes.polarisation.value,
        "n_dates": len(scenes.dates),
        "n_bursts": len(table.names),
        "bursts_used": int(table.used.sum()),
        "bursts_not_used": len(table.excluded),
        "products_not_used": len(scenes.missing),
    }


def explain(config: RunConfig, step: str = "") -> list[dict[str, Any]]:
    """Say of each step why it is done, or why it would run again.

    Parameters
    ----------
    config : RunConfig
        The run.
    step : str
        Only this step; all by default.

    Returns
    -------
    list of dict
        ``name``, ``state`` and ``reasons`` (sentences).

    Raises
    ------
    UnknownStepError
        No such step.
    """
    plan = make_plan(config)
    names = [s.stage.name for s in plan.steps]
    if step and step not in names:
        raise UnknownStepError(f"step {step!r}", expected=f"one of {', '.join(names)}")
    store = WorkingStore(Path(config.output.directory) / "work")
    states = {s.stage.name: s.state for s in plan.steps}
    return [
        {
            "name": planned.stage.name,
            "state": planned.state,
            "reasons": _reasons(plan, planned.stage.name, store.step(planned.stage.name), states),
        }
        for planned in plan.steps
        if step in {"", planned.stage.name}
    ]


def _reasons(plan: Plan, name: str, folder: StepFolder, states: dict[str, str]) -> list[str]:
    planned = next(s for s in plan.steps if s.stage.name == name)
    now = planned.ingredients
    if planned.state == "done":
        return ["finished, and nothing it depends on has changed"]
    before = folder.record() or folder.begun()
    if before is None:
        return ["it has never run here"]
    if planned.state == "interrupted":
        return [
            f"it was interrupted: {folder.n_blocks_done()} of {planned.n_blocks} blocks are finished and are kept"
        ]
    reasons = _changed_parameters(before["parameters"], now["parameters"])
    reasons += _changed_files(before.get("files", {}), now.get("files", {}))
    for upstream, digest in now["inputs"].items():
        if before["inputs"].get(upstream) != digest:
            why = {
                "done": "has run anew",
                "stale": "is stale",
                "new": "has never run",
                "interrupted": "is unfinished",
            }
            reasons.append(f"step {upstream!r}, which it reads, {why[states[upstream]]}")
    if before["version"] != now["version"]:
        reasons.append(f"the step's code has changed (version {before['version']} to {now['version']})")
    record = folder.record()
    if record is not None:
        lost = missing_outputs(record, Path(plan.config.output.directory))
        reasons += [f"its output {path} is gone or has changed size" for path in lost]
    return reasons or ["it was asked to run again"]


def _changed_parameters(before: dict[str, Any], now: dict[str, Any], path: str = "") -> list[str]:
    reasons = []
    for key in sorted({*before, *now}):
        place = f"{path}.{key}" if path else key
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            reasons += _changed_parameters(old, new, place)
        elif _plain(old) != _plain(new):
            reasons.append(f"parameter {place} changed from {old!r} to {new!r}")
    return reasons


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value


def _changed_files(before: dict[str, str], now: dict[str, str]) -> list[str]:
    reasons = [f"input {path} is new" for path in sorted(set(now) - set(before))]
    reasons += [f"input {path} is gone" for path in sorted(set(before) - set(now))]
    reasons += [
        f"input {path} has changed" for path in sorted(set(before) & set(now)) if before[path] != now[path]
    ]
    if len(reasons) > 5:
        return [*reasons[:5], f"and {len(reasons) - 5} more inputs have changed"]
    return reasons
