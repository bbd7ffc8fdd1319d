"""Commands that invent data with a known answer: simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from fringeworks.cli.show import err
from fringeworks.errors import RequestError
from fringeworks.model.grids import Shape
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.gamma_layout import write_gamma
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


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(simulation, name="simulate")
