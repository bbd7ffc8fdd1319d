"""Commands that plan and run: config, plan, run, status, explain."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from fringeworks.cli.images import image_lines, left_out_table
from fringeworks.cli.show import (
    STATES,
    ProgressShow,
    as_json,
    counted,
    err,
    findings_table,
    out,
    plan_table,
    plan_values,
)
from fringeworks.errors import MissingInputError
from fringeworks.workflow.config import RunConfig, load_config, template
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import Outcome, run
from fringeworks.workflow.status import config_of, explain, status

Config = Annotated[Path, typer.Argument(help="Configuration file (YAML).", show_default=False)]
ConfigOrRun = Annotated[
    Path, typer.Argument(help="Configuration file, or the output folder of a run.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

configuration = typer.Typer(help="Write a configuration.", no_args_is_help=True)


@configuration.command("new")
def config_new() -> None:
    """Print a configuration that holds every key with meaning, unit, range and default.

    Example: `fringeworks config new > run.yaml`
    """
    sys.stdout.write(template())


@configuration.command("check")
def config_check(path: Config) -> None:
    """Check a configuration without looking at the inputs."""
    load_config(path)
    err().print(f"{path}: the configuration is valid", style="green")


def config_from_path(path: Path) -> RunConfig:
    """Read a configuration file, or the configuration an output folder was run with."""
    if path.is_dir():
        return config_of(path)
    if not path.exists():
        raise MissingInputError(f"{path} is not there", expected="a configuration file or an output folder")
    return load_config(path)


def plan_command(
    path: Config,
    *,
    start: Annotated[str, typer.Option("--from", help="Run this step and all after it again.")] = "",
    until: Annotated[str, typer.Option("--until", help="Stop after this step.")] = "",
    json: Json = False,
) -> None:
    """Show what a run would do: steps, memory, disk, time, and what is missing. Nothing is computed.

    Example: `fringeworks plan run.yaml`
    """
    plan = make_plan(load_config(path), forced_from=start, until=until)
    if json:
        as_json(plan_values(plan))
        return
    console = out()
    network, scenes = plan.survey.network, plan.survey.scenes
    if scenes is not None:
        for line in image_lines(scenes):
            console.print(line, markup=False)
        left_out = left_out_table(scenes)
        if left_out is not None:
            console.print(left_out)
    console.print(
        f"{counted(len(network.pairs), 'interferogram')} of {len(network.dates)} dates, {network.dates[0]} to {network.dates[-1]}, "
        f"on {plan.scale.shape.rows} x {plan.scale.shape.cols} pixels"
    )
    console.print(findings_table(plan.findings))
    console.print(plan_table(plan))
    console.print(
        f"To do: {len(plan.to_do)} of {len(plan.steps)} steps, about {plan.seconds:,.0f} s, "
        f"{plan.disk_bytes / 2**20:,.0f} MiB, into {plan.config.output.directory}"
    )


def run_command(
    path: Config,
    *,
    start: Annotated[str, typer.Option("--from", help="Run this step and all after it again.")] = "",
    until: Annotated[str, typer.Option("--until", help="Stop after this step.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Exit 0 although an input was missing or unreadable.")
    ] = False,
    json: Json = False,
) -> int:
    """Run a configuration from its inputs to products, catalogue and report.

    Steps that are done are skipped; an interrupted run goes on where it stopped.

    Example: `fringeworks run run.yaml`
    """
    if dry_run:
        plan_command(path, start=start, until=until, json=json)
        return 0
    outcome = run_shown(load_config(path), start=start, until=until)
    return report_outcome(outcome, allow_missing=allow_missing, json=json)


def run_shown(config: RunConfig, *, start: str = "", until: str = "") -> Outcome:
    """Run with progress on the terminal; the first Ctrl-C stops after the block in hand, a second at once."""
    cancel = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        err().print("stopping after the block in hand; once more to stop at once", style="yellow")

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        with ProgressShow() as show:
            return run(config, events=show, cancel=cancel, forced_from=start, until=until)
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


def report_outcome(outcome: Outcome, *, allow_missing: bool, json: bool) -> int:
    """Say how a run ended, and give its exit status."""
    console = err()
    for name, why in outcome.missing:
        console.print(f"not used: {name}: {why}", style="yellow", markup=False)
    if json:
        as_json(
            {
                "output": str(outcome.output),
                "manifest": str(outcome.output / "manifest.json"),
                "ran": list(outcome.ran),
                "skipped": list(outcome.skipped),
                "missing": [{"name": n, "reason": r} for n, r in outcome.missing],
                "seconds": round(outcome.seconds, 3),
            }
        )
    else:
        console.print(
            f"{len(outcome.ran)} steps run, {len(outcome.skipped)} already done, {outcome.seconds:.1f} s",
            style="green",
        )
        report = outcome.output / "report.html"
        if report.is_file():
            console.print(f"report: {report}", style="green", markup=False)
    if outcome.missing and not allow_missing:
        console.print(
            f"{len(outcome.missing)} inputs that were asked for could not be used (exit 5); "
            "--allow-missing makes that a success"
        )
        return 5
    return 0


def status_command(path: ConfigOrRun, *, json: Json = False) -> None:
    """Show how far a run is.

    Example: `fringeworks status out`
    """
    found = status(config_from_path(path))
    if json:
        as_json(found)
        return
    console = out()
    images = found.get("images")
    if images is not None:
        console.print(
            f"{images['n_dates']} images of track {images['track']} {images['pass']}, {images['polarisation']}, "
            f"{images['bursts_used']} of {images['bursts_used'] + images['bursts_not_used']} bursts of dates used, aligned with "
            f"{images['reference_date']}; {counted(found['n_pairs'], 'interferogram')}"
        )
    for step in found["steps"]:
        blocks = f"{step['blocks_done']}/{step['n_blocks']} blocks" if step["state"] == "interrupted" else ""
        seconds = f"{step['seconds']:.1f} s" if step["seconds"] is not None else ""
        console.print(f"{step['name']:<12} [{STATES[step['state']]}]{step['state']:<12}[/] {seconds}{blocks}")
    left = f"not complete: `fringeworks run` goes on, about {found['seconds_left']:,.0f} s more"
    console.print("complete" if found["complete"] else left)


def explain_command(
    path: ConfigOrRun,
    step: Annotated[str, typer.Argument(help="Only this step.")] = "",
    *,
    json: Json = False,
) -> None:
    """Say why each step is done, or why it would run again.

    Example: `fringeworks explain run.yaml invert`
    """
    found = explain(config_from_path(path), step)
    if json:
        as_json(found)
        return
    console = out()
    for row in found:
        console.print(f"{row['name']}: [{STATES[row['state']]}]{row['state']}[/]")
        for reason in row["reasons"]:
            console.print(f"    {reason}", markup=False)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(configuration, name="config")
    app.command("plan")(plan_command)
    app.command("run")(run_command)
    app.command("status")(status_command)
    app.command("explain")(explain_command)
