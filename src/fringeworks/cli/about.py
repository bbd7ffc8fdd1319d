"""Commands about the machine: doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fringeworks.cli.show import as_json, findings_table, out
from fringeworks.workflow.doctor import examine, plugins


def doctor(
    folder: Annotated[Path, typer.Argument(help="Where output would go.")] = Path(),
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Check whether this machine can do the work: versions, memory, disk, rasters, plug-ins.

    Example: `fringeworks doctor`
    """
    findings = examine(folder)
    bad = [f for f in findings if f.level == "error"]
    if json:
        as_json(
            {
                "ok": not bad,
                "checks": [f.as_dict() for f in findings],
                "plugins": {k: list(v) for k, v in plugins().items()},
            }
        )
    else:
        out().print(findings_table(findings))
        out().print("all is well" if not bad else f"{len(bad)} checks failed")
    return 4 if bad else 0


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("doctor")(doctor)
