"""The commands, gathered, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fringeworks import __version__
from fringeworks.cli import (
    about,
    demonstration,
    fetching,
    importing,
    inspecting,
    pairing,
    results,
    running,
    simulating,
)
from fringeworks.cli.show import err
from fringeworks.errors import FringeworksError

# typer brings its own copy of click in newer versions; the root of its errors is found through one it exports
_CommandError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    name="fringeworks",
    help="From Sentinel-1 interferograms to trusted maps of how the ground moves.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(*, value: bool) -> None:
    if value:
        typer.echo(f"fringeworks {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _version(value=value),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Give every command its common options."""


for room in (running, pairing, importing, results, about, inspecting, fetching, simulating, demonstration):
    room.register(app)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Words after the program's name; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 done; 2 bad request; 3 input refused; 4 failed while running; 5 finished, but an input that
        was asked for was missing or unreadable.
    """
    try:
        result = app(args=arguments, standalone_mode=False)
    except FringeworksError as error:
        err().print(f"error {error}", style="bold red", markup=False)
        status = error.exit_status
    except _CommandError as error:
        _show(error)
        status = 2
    except (typer.Abort, KeyboardInterrupt):
        err().print("stopped by the user; run the same command again to go on", style="yellow")
        status = 4
    except BrokenPipeError:
        sys.stderr.close()
        status = 0
    else:
        status = result if isinstance(result, int) else 0
    return status


def _show(error: Exception) -> None:
    show = getattr(error, "show", None)
    if callable(show):
        show()
