"""The command that makes one interferogram: pair."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fringeworks.cli.running import report_outcome, run_shown
from fringeworks.errors import DateOrderError
from fringeworks.io.safe import open_safe
from fringeworks.workflow.config import config_from


def pair_command(
    reference: Annotated[Path, typer.Argument(help="SAFE of the earlier date.", show_default=False)],
    secondary: Annotated[Path, typer.Argument(help="SAFE of the later date.", show_default=False)],
    *,
    dem: Annotated[Path, typer.Option("--dem", help="Elevation model: GeoTIFF or a folder of tiles.")],
    out: Annotated[Path, typer.Option("--out", help="Output folder.")],
    orbits: Annotated[
        Path | None,
        typer.Option("--orbits", help="Folder of EOF files; none: annotated orbits.", show_default=False),
    ] = None,
    dem_datum: Annotated[
        str, typer.Option("--dem-datum", help="ellipsoid, egm96 or egm2008; empty: as the file says.")
    ] = "",
    polarisation: Annotated[str, typer.Option("--polarisation", help="VV, VH, HH or HV.")] = "",
    swath: Annotated[
        list[str] | None, typer.Option("--swath", help="Sub-swath; may be repeated.", show_default=False)
    ] = None,
    spacing: Annotated[float, typer.Option("--spacing", help="Posting of the map [m].", min=1.0)] = 30.0,
    crs: Annotated[str, typer.Option("--crs", help="Coordinate system of the map; auto: UTM.")] = "auto",
    bbox: Annotated[str, typer.Option("--bbox", help="west,south,east,north in degrees; empty: all.")] = "",
    unwrap: Annotated[str, typer.Option("--unwrap", help="Unwrapper.")] = "whirlwind",
    diversity: Annotated[
        str, typer.Option("--diversity", help="network, pair or off: azimuth timing from burst overlaps.")
    ] = "network",
    max_memory: Annotated[str, typer.Option("--max-memory", help="Cap for the whole process.")] = "8 GiB",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Make one interferogram from two images: coregistered, formed, filtered, unwrapped, on the map.

    Example: `fringeworks pair S1A_A.zip S1A_B.zip --orbits orbits --dem dem.tif --out my-pair`
    """
    first, second = (open_safe(p).manifest.key.start for p in (reference, secondary))
    if first >= second:
        raise DateOrderError(
            f"the reference was taken at {first}, the secondary at {second}",
            expected="a reference earlier than its secondary",
            hint="swap the two products",
        )
    values: dict[str, Any] = {
        "inputs": {
            "slc": [str(reference), str(secondary)],
            "orbits": str(orbits) if orbits else "",
            "dem": str(dem),
            "dem_datum": dem_datum,
            "polarisation": polarisation,
            "swaths": list(swath or []),
        },
        "method": "pair",
        "coregistration": {"reference_date": first.iso[:10], "diversity": diversity},
        "unwrap": {"method": unwrap},
        "products": {"spacing_m": spacing, "crs": crs, "interferograms": True},
        "output": {"directory": str(out)},
        "compute": {"max_memory": max_memory},
    }
    if bbox:
        values["area"] = {"bbox": [float(v) for v in bbox.split(",")]}
    outcome = run_shown(config_from(values, folder=Path.cwd()))
    return report_outcome(outcome, allow_missing=False, json=json)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("pair")(pair_command)
