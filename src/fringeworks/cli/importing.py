"""The command that translates another program's project: import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fringeworks.cli.show import as_json, err, findings_table, out
from fringeworks.errors import OutputFolderError
from fringeworks.io.files import write_text
from fringeworks.workflow.snap import Translation, translate


def import_command(
    path: Annotated[
        Path,
        typer.Argument(
            help="A project.conf of snap2stamps (v1 or v2), a graph of SNAP (.xml), or a folder that holds one of these.",
            show_default=False,
        ),
    ],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Configuration to write; printed where this is left out.", show_default=False
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option("--project", help="Where PROJECTFOLDER lies now, if it was moved.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a configuration that is there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Translate a snap2stamps project, or graphs of SNAP, into a run configuration. No product is opened.

    Says what was taken from where, what has no counterpart, and what to check. An operator that is not known is refused
    by name.

    Example: `fringeworks import /data/etna/project.conf --out run.yaml`
    """
    if to is not None and to.exists() and not overwrite:
        raise OutputFolderError(f"{to} is there already", hint="choose another name, or add --overwrite")
    folder = (to if to is not None else Path("run.yaml")).resolve().parent
    found = translate(path, folder=folder, moved_to=None if project is None else project.resolve())
    if to is not None:
        write_text(to, found.yaml)
    if json:
        as_json({**found.as_dict(), "written": None if to is None else str(to)})
        return
    if to is None:
        sys.stdout.write(found.yaml)
        return
    _show(found, to)


def _show(found: Translation, written: Path) -> None:
    console = out()
    graphs = (
        f", {len(found.graphs)} graphs: {', '.join(p.name for p in found.graphs)}" if found.graphs else ""
    )
    console.print(f"{found.origin}: {found.kind}{graphs}", markup=False)
    console.print("Taken:")
    for row in found.taken:
        console.print(f"  {row.key} = {row.value}    ({row.reason})", markup=False)
    console.print("Without a counterpart:")
    for left in found.left_out:
        console.print(f"  {left.source}: {left.what}: {left.why}", markup=False)
    if found.findings:
        console.print(findings_table(found.findings))
    err().print(f"wrote {written}; look at it, then: fringeworks plan {written}", style="green", markup=False)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("import")(import_command)
