"""The demonstration: invent a stack or take a real one, run the chain, say how good the result is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fringeworks.cli.image_demonstration import SHOWN, image_demo
from fringeworks.cli.running import run_shown
from fringeworks.cli.show import as_json, err, out
from fringeworks.cli.simulating import simulate_demo_stack
from fringeworks.model.grids import Shape
from fringeworks.products.standard import STANDARD_FOLDER
from fringeworks.simulate.compare import ReferenceArea, compare_with_truth
from fringeworks.workflow.config import RunConfig, config_from
from fringeworks.workflow.manifest import add_accuracy
from fringeworks.workflow.run import Outcome
from fringeworks.workflow.view import open_run

SEED = 20_230_104
_SHOWN = {
    "velocity_error_median_m_per_year": ("velocity error, median", 1e3, "mm/yr"),
    "velocity_error_rms_m_per_year": ("velocity error, rms", 1e3, "mm/yr"),
    "velocity_correlation": ("velocity, correlation with the truth", 1.0, ""),
    "velocity_standardised_error_rms": ("velocity error over its sigma, rms (1 = honest)", 1.0, ""),
    "displacement_plus_atmosphere_error_rms_m": (
        "displacement error, weather counted as truth, rms",
        1e3,
        "mm",
    ),
    "displacement_error_rms_m": ("displacement error, weather counted as error, rms", 1e3, "mm"),
    "recommended_fraction": ("share of pixels recommended", 100.0, "%"),
}


def demo(
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for everything.", show_default="demo-out")
    ] = None,
    *,
    real: Annotated[
        Path | None, typer.Option("--real", help="Take this real GAMMA stack instead of inventing one.")
    ] = None,
    slc: Annotated[
        bool, typer.Option("--slc", help="Start from invented Sentinel-1 images instead of interferograms.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Invent 40 dates of a volcano, a sinking plain and a fault, run the chain, and compare with the truth.

    Example: `fringeworks demo`, or from images `fringeworks demo --slc`
    """
    if slc:
        _say(*image_demo(folder or Path("demo-slc-out")), json=json)
        return 0
    if real is not None:
        return _real(folder or Path("real-out"), real, json=json)
    place = folder or Path("demo-out")
    err().print("inventing a stack of 40 dates with a known answer ...")
    for part in ("stack", "truth"):
        shutil.rmtree(place / part, ignore_errors=True)
    simulate_demo_stack(place / "stack", place / "truth", shape=Shape(300, 400), n_dates=40, seed=SEED)
    outcome = run_shown(demo_config(place, place / "stack"))
    accuracy = measure(outcome, place / "truth")
    add_accuracy(outcome.output, accuracy)
    from fringeworks.workflow.rewriting import rewrite_report  # noqa: PLC0415  (pictures are slow to import)

    rewrite_report(outcome.output, accuracy=accuracy)
    _say(outcome, accuracy, json=json)
    return 0


def demo_config(folder: Path, stack: Path) -> RunConfig:
    """Return the configuration of the demonstration."""
    return config_from(
        {
            "inputs": {
                "interferograms": {"format": "gamma", "path": str(stack.resolve())},
                "dem_datum": "ellipsoid",
            },
            "series": {"inversion": {"dem_error": True}, "models": {"annual": True}},
            "output": {"directory": str((folder / "out").resolve())},
            "compute": {"max_memory": "2 GiB"},
        },
        folder=folder.resolve(),
    )


def measure(outcome: Outcome, truth: Path) -> dict[str, Any]:
    """Compare a run with the truth of its input."""
    reference = open_run(outcome.output).manifest["reference"]
    area = ReferenceArea(row=reference["row"], col=reference["col"], radius=reference["radius"])
    return compare_with_truth(outcome.output / STANDARD_FOLDER, truth, reference=area)


def _real(folder: Path, stack: Path, *, json: bool) -> int:
    config = config_from(
        {
            "inputs": {"interferograms": {"format": "gamma", "path": str(stack.resolve())}},
            "output": {"directory": str(folder.resolve())},
            "compute": {"max_memory": "2 GiB"},
        },
        folder=folder.resolve(),
    )
    _say(run_shown(config), {}, json=json)
    return 0


def _say(outcome: Outcome, accuracy: dict[str, Any], *, json: bool) -> None:
    report = outcome.output / "report.html"
    if json:
        as_json({"report": str(report), "seconds": round(outcome.seconds, 2), "accuracy": accuracy})
        return
    if accuracy:
        table = Table(title="How close to the truth", title_justify="left", show_header=False)
        for key, (words, factor, unit) in {**_SHOWN, **SHOWN}.items():
            if key in accuracy:
                table.add_row(
                    words,
                    f"{factor * accuracy[key]:.{4 if unit in {'line', 'sample'} else 2}f} {unit}".strip(),
                )
        out().print(table)
    out().print(f"report: {report}", markup=False)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("demo")(demo)
