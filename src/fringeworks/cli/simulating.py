"""Commands that invent data with a known answer: simulate."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

from fringeworks.cli.show import err
from fringeworks.errors import OutOfRangeError, RequestError
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.gamma_layout import write_gamma
from fringeworks.simulate.scene.presets import PRESETS, preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.simulate.stack import simulate_interferograms
from fringeworks.simulate.truth import write_truth

simulation = typer.Typer(help="Invent data with a known answer.", no_args_is_help=True)


def simulate_demo_stack(
    stack: Path, truth: Path, *, shape: Shape, n_dates: int, seed: int
) -> tuple[int, int]:
    """Write the demonstration's stack and its truth; returns the numbers of dates and interferograms."""
    scenario = demo_scenario(shape=shape, n_dates=n_dates)
    simulated = simulate_interferograms(scenario, rng=np.random.default_rng(seed))
    write_gamma(simulated, stack)
    write_truth(simulated, truth)
    return len(simulated.network.dates), len(simulated.network.pairs)


@simulation.command("stack")
def simulate_stack(
    folder: Annotated[Path, typer.Argument(help="New folder; gets `stack` and `truth`.", show_default=False)],
    *,
    rows: Annotated[int, typer.Option(help="Rows of about 55 m.", min=16)] = 300,
    cols: Annotated[int, typer.Option(help="Columns.", min=16)] = 400,
    dates: Annotated[int, typer.Option(help="Dates, 12 days apart.", min=3)] = 40,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 1,
) -> None:
    """Invent a stack of unwrapped interferograms in the GAMMA GeoTIFF layout, with its truth beside it.

    Example: `fringeworks simulate stack invented --rows 200 --cols 300`
    """
    if folder.exists() and any(folder.iterdir()):
        raise RequestError(f"{folder} is not empty", expected="a new folder")
    n_dates, n_pairs = simulate_demo_stack(
        folder / "stack", folder / "truth", shape=Shape(rows, cols), n_dates=dates, seed=seed
    )
    err().print(
        f"{n_pairs} interferograms of {n_dates} dates in {folder / 'stack'}, truth in {folder / 'truth'}"
    )


@simulation.command("scene")
def simulate_safe_scene(
    folder: Annotated[
        Path, typer.Argument(help="New folder, or that of a run to go on with.", show_default=False)
    ],
    *,
    preset: Annotated[str, typer.Option(help=f"What to invent: {', '.join(PRESETS)}.")] = "town",
    dates: Annotated[int | None, typer.Option(help="Passes, 12 days apart.", min=1)] = None,
    swaths: Annotated[
        str | None, typer.Option(help="Neighbouring sub-swaths, as IW1,IW2; or S3 of strip map.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Samples of a line; some 20000 are real.", min=200)
    ] = None,
    slices: Annotated[int | None, typer.Option(help="Products of a date along the track.", min=1)] = None,
    bursts: Annotated[int | None, typer.Option(help="Bursts of each product.", min=1)] = None,
    coarseness: Annotated[
        int | None,
        typer.Option(help="Line interval over the real one: scenes that many times cheaper.", min=1),
    ] = None,
    polarisations: Annotated[str | None, typer.Option(help="VV or VV,VH.")] = None,
    direction: Annotated[str | None, typer.Option(help="ascending or descending.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 1,
    workers: Annotated[int, typer.Option(help="Bursts rendered at a time.", min=1)] = 1,
) -> None:
    """Invent Sentinel-1 SLC products (SAFE), orbit files and a DEM, with their truth beside them.

    A run that was stopped goes on where it was when it is given the same folder and options again.

    Example: `fringeworks simulate scene invented --preset demo --workers 2`
    """
    if direction not in {None, "ascending", "descending"}:
        raise RequestError(f"--direction {direction}", expected="ascending or descending")
    facts = {
        "n_dates": dates,
        "seed": seed,
        "samples": samples,
        "swaths": None if swaths is None else tuple(swaths.split(",")),
        "slices": slices,
        "bursts": bursts,
        "coarseness": coarseness,
        "polarisations": None if polarisations is None else tuple(polarisations.split(",")),
        "pass_direction": direction,
    }
    try:
        scenario = preset_scene(preset, {k: v for k, v in facts.items() if v is not None})
    except OutOfRangeError as error:
        raise RequestError(error.found, expected=error.expected) from error
    began = perf_counter()
    written = simulate_scene(
        scenario, folder, rng=np.random.default_rng(seed), workers=workers, report=err().print
    )
    spent = perf_counter() - began
    cost = "" if written.n_kept else f", {spent / written.n_samples * 1e6:.2f} microseconds a sample"
    err().print(
        f"{written.n_samples / 1e6:.1f} million samples in {spent:.0f} s{cost}; truth in {folder / 'truth'}"
    )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(simulation, name="simulate")
