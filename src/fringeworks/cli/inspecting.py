"""Commands that look at products: inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fringeworks.cli.matrix import matrix_lines
from fringeworks.cli.show import as_json, err, findings_table, out
from fringeworks.errors import InputRefusedError, RequestError
from fringeworks.io.safe import open_safe
from fringeworks.model.identity import BurstId, Swath
from fringeworks.workflow.inventory import Inventory, take_inventory
from fringeworks.workflow.scene_facts import ProductFacts, check_geometry, product_facts

Refused = list[tuple[Path, InputRefusedError]]


def inspect_command(
    files: Annotated[list[Path], typer.Argument(help="SAFE zips or folders.", show_default=False)],
    *,
    stack: Annotated[
        bool,
        typer.Option(
            "--stack", help="Arrange them as a stack: dates x bursts, duplicates, gaps, what is missing."
        ),
    ] = False,
    geometry: Annotated[
        bool,
        typer.Option(
            "--check-geometry", help="Compare our geometry with the product's own geolocation grid."
        ),
    ] = False,
    orbits: Annotated[
        Path | None,
        typer.Option("--orbits", help="Folder of EOF files for a second comparison.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Show what products hold, before any pixel is read.

    Example: `fringeworks inspect --stack slc/*.zip`
    """
    if geometry:
        if stack or len(files) != 1:
            raise RequestError(
                f"--check-geometry with {len(files)} products" + (" and --stack" if stack else ""),
                expected="one product, without --stack",
            )
        _show_geometry(files[0], orbits=orbits, json=json)
        return 0
    if orbits is not None:
        raise RequestError("--orbits without --check-geometry", expected="both, or neither")
    found, refused = _read(files)
    if stack and found:
        _show_stack(take_inventory(found), found, refused, json=json)
    elif json:
        as_json({"products": [f.as_dict() for f in found], "refused": _refused_values(refused)})
    else:
        for facts in found:
            _show_product(facts)
    for path, error in refused:
        err().print(f"refused: {path}: {error}", style="bold red", markup=False)
    return refused[0][1].exit_status if refused else 0


def _read(files: list[Path]) -> tuple[list[ProductFacts], Refused]:
    found: list[ProductFacts] = []
    refused: Refused = []
    for path in files:
        try:
            found.append(product_facts(open_safe(path)))
        except InputRefusedError as error:  # one damaged product does not hide the others
            refused.append((path, error))
    return found, refused


def _refused_values(refused: Refused) -> list[dict[str, Any]]:
    return [{"path": str(path), "code": f"FW{e.code:04d}", "reason": str(e)} for path, e in refused]


def _show_product(facts: ProductFacts) -> None:
    console = out()
    table = Table(title=facts.name, title_justify="left", show_header=False)
    track = " to ".join(str(t) for t in dict.fromkeys(facts.tracks))
    rows = {
        "platform, mode": f"{facts.key.platform} {facts.mode}",
        "polarisations": " ".join(facts.polarisations),
        "track, pass": f"{track} {facts.pass_direction}",
        "orbit, data take": f"{facts.key.absolute_orbit} {facts.key.datatake}",
        "time": f"{facts.key.start} to {facts.stop}",
        "processor": f"IPF {facts.processor_version or 'not named'}",
    }
    for swath in facts.swaths:
        ids = [b.id.opera for b in facts.bursts if b.swath == swath and b.id is not None]
        rows[f"{swath} bursts"] = f"{len(ids)}: {ids[0]} to {ids[-1]}" if ids else "one strip"
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    console.print(findings_table(facts.findings))


def _show_stack(inventory: Inventory, products: list[ProductFacts], refused: Refused, *, json: bool) -> None:
    if json:
        as_json(
            {
                **inventory.as_dict(),
                "products": {p.name: str(p.path) for p in products},
                "refused": _refused_values(refused),
            }
        )
        return
    console = out()
    console.print(
        f"{len(inventory.dates)} dates of {inventory.mode} track {inventory.track} {inventory.pass_direction}, "
        f"{'+'.join(inventory.polarisations)}, {len(inventory.columns)} bursts"
    )
    for line in _matrix_lines(inventory):
        console.print(line, markup=False)
    if inventory.findings:
        console.print(findings_table(inventory.findings))


def _matrix_lines(inventory: Inventory) -> list[str]:
    """Draw dates x bursts: one sign for each burst, in the order of flight."""
    rows = []
    for date, held in zip(inventory.dates, inventory.matrix(), strict=True):
        first = [date.date, date.key.platform.name, str(len(date.slices)), " ".join(date.processors)]
        rows.append((first, "".join("#" if h else "." for h in held)))
    return matrix_lines(
        title="bursts by date (# held, . missing)",
        heads=("date", "platform", "slices", "IPF"),
        rows=rows,
        swaths=[_swath_of(c).value for c in inventory.columns],
        names=[c.opera if isinstance(c, BurstId) else str(c) for c in inventory.columns],
    )


def _swath_of(ground: BurstId | Swath) -> Swath:
    return ground.swath if isinstance(ground, BurstId) else ground


def _show_geometry(path: Path, *, orbits: Path | None, json: bool) -> None:
    figures = check_geometry(open_safe(path), orbits=orbits)
    if json:
        as_json(dict(figures))
        return
    table = Table(title="Our geometry against the product's grid: p99 of differences", title_justify="left")
    names = ("latitude_m", "longitude_m", "incidence_deg", "line", "pixel")
    for column in ("swath", "orbit", "IPF", *names, "points"):
        table.add_column(column, justify="right")
    for swath, own in figures.items():
        second = {k: v for k, v in own.items() if k in {"precise", "restituted"}}
        for orbit, row in {"own": own, **second}.items():
            values = (f"{row[n]['p99']:.2g}" for n in names)
            table.add_row(swath, orbit, row["ipf"], *values, str(row["points"]))
    out().print(table)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("inspect")(inspect_command)
