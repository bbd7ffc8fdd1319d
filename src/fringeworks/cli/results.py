"""Commands on finished runs: validate, compare, export."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from fringeworks.cli.intermediates import list_layers, write_layer
from fringeworks.cli.show import as_json, err, findings_table, out
from fringeworks.errors import RequestError
from fringeworks.products.compare import compare
from fringeworks.products.validate import validate_run
from fringeworks.workflow.view import RunView, open_run

Run = Annotated[Path, typer.Argument(help="Output folder of a run.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def validate_command(folder: Run, *, json: Json = False) -> int:
    """Check that the products of a run keep their contract: units, types, ranges, dates, links, checksums.

    Example: `fringeworks validate out`
    """
    findings = validate_run(folder)
    bad = [f for f in findings if f.level == "error"]
    if json:
        as_json({"valid": not bad, "findings": [f.as_dict() for f in findings]})
    else:
        out().print(findings_table(findings))
        out().print("valid" if not bad else f"{len(bad)} faults")
    return 4 if bad else 0


def compare_command(
    first: Run,
    second: Annotated[Path, typer.Argument(help="Another run.", show_default=False)],
    *,
    json: Json = False,
) -> int:
    """Compare the products of two runs, layer by layer.

    Example: `fringeworks compare out-a out-b`
    """
    rows = compare(first, second)
    if json:
        as_json([r.as_dict() for r in rows])
    else:
        for row in rows:
            out().print(row.text(), markup=False)
    return 0


def export_command(
    folder: Run,
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for displacement.tif and velocity.tif of this view.")
    ] = None,
    reference: Annotated[str, typer.Option(help="LONGITUDE,LATITUDE of another reference area.")] = "",
    radius: Annotated[int, typer.Option(help="Half width of the reference area in pixels.")] = 2,
    series: Annotated[str, typer.Option(help="LONGITUDE,LATITUDE of a point: print its series as CSV.")] = "",
    step: Annotated[str, typer.Option("--step", help="Write what this step left, finished run or not.")] = "",
    layer: Annotated[str, typer.Option(help="Which of the step's layers; --list shows them.")] = "",
    date: Annotated[str, typer.Option(help="ISO date, with --step.")] = "",
    pair: Annotated[str, typer.Option(help="YYYYMMDD_YYYYMMDD, with --step.")] = "",
    burst: Annotated[str, typer.Option(help="Name of a burst, with --step.")] = "",
    out_file: Annotated[
        Path | None, typer.Option("--out", help="File to write, with --step: GeoTIFF, or JSON for numbers.")
    ] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="Complex values as two bands, real and imaginary.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List what --step can write.")] = False,
    json: Json = False,
) -> None:
    """Take another reference without running anything again; write rasters, one series, or what a step left.

    Examples: `fringeworks export out --reference -99.10,19.43 --to out-moved`,
    `fringeworks export out --step unwrap --pair 20230108_20230120 --out unwrapped.tif`
    """
    if listed:
        list_layers(folder, step=step, json=json)
        return
    choice = {"date": date, "pair": pair, "burst": burst}
    if step:
        if to is not None or reference or series:
            raise RequestError("--step with --to, --reference or --series", expected="one or the other")
        write_layer(folder, out_file, step=step, layer=layer, choice=choice, parts=parts, json=json)
        return
    if layer or any(choice.values()) or out_file is not None or parts:
        raise RequestError(
            "--layer, --date, --pair, --burst, --out or --parts without --step", expected="--step NAME"
        )
    view = open_run(folder)
    if reference:
        view = view.referenced_to(*_point(reference, "--reference"), radius=radius)
    if to is None and not series:
        raise RequestError(
            "nothing to export", expected="--to FOLDER, --series LONGITUDE,LATITUDE or --step NAME"
        )
    if to is not None:
        for file in view.export(to):
            err().print(f"wrote {file.path}", markup=False)
    if series:
        _print_series(view, series)


def _print_series(view: RunView, text: str) -> None:
    values = view.series(*_point(text, "--series"))
    writer = csv.writer(sys.stdout)
    writer.writerow(["date", "displacement_toward_satellite_m"])
    for day, value in zip(view.dates, values, strict=True):
        writer.writerow([day.isoformat(), f"{value:.5f}"])


def _point(text: str, name: str) -> tuple[float, float]:
    try:
        longitude, latitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RequestError(
            f"{name} {text!r}", expected="LONGITUDE,LATITUDE in degrees, such as -99.10,19.43"
        ) from error
    return longitude, latitude


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("validate")(validate_command)
    app.command("compare")(compare_command)
    app.command("export")(export_command)
