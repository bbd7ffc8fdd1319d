"""The working store of a run, opened to read what its steps left: dates, pairs, bursts, grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fringeworks.errors import MissingInputError, RequestError, UnknownStepError
from fringeworks.io.store import StepFolder, WorkingStore
from fringeworks.model.grids import Looks, MapGrid, Shape
from fringeworks.workflow.scenes.layout import FrameLayout, layout_from


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run's working store.

    Attributes
    ----------
    output : Path
        Output folder of the run.
    store : WorkingStore
        Its steps.
    """

    output: Path
    store: WorkingStore

    def finished(self) -> tuple[str, ...]:
        """Return the steps that are whole, in the order in which they were begun."""
        folders = [p for p in self.store.folder.iterdir() if (p / "record.json").is_file()]
        return tuple(p.name for p in sorted(folders, key=lambda p: (p / "begun.json").stat().st_mtime_ns))

    def step(self, name: str) -> StepFolder:
        """Return a finished step.

        Raises
        ------
        UnknownStepError
            The run has no finished step of this name.
        """
        folder = self.store.step(name)
        if folder.record() is None:
            done = ", ".join(self.finished())
            state = "is not finished" if folder.begun() is not None else "is not in this run"
            raise UnknownStepError(
                f"step {name!r} {state}",
                expected=f"one of {done}",
                hint=f"`fringeworks run --until {name}` gets there",
            )
        return folder

    def values(self, step: str, name: str) -> Any:
        """Return a small result of a step, or None where it is not there."""
        folder = self.store.step(step)
        if folder.record() is None or not (folder.folder / "values" / f"{name}.json").is_file():
            return None
        return folder.get(name)

    @property
    def layout(self) -> FrameLayout:
        """Bursts and dates on the common grid.

        Raises
        ------
        MissingInputError
            The run starts from interferograms, or was made before the layout was kept.
        """
        values = self.values("heights", "layout")
        if values is None:
            raise MissingInputError(
                f"{self.output} does not say where bursts lie",
                expected="a run that starts from images, its step heights finished",
                hint="`fringeworks run CONFIGURATION --from heights` writes it anew",
            )
        return layout_from(values)

    @property
    def has_layout(self) -> bool:
        """Whether :attr:`layout` is there."""
        return self.values("heights", "layout") is not None

    @property
    def looks(self) -> Looks:
        """Samples averaged for interferograms.

        Raises
        ------
        MissingInputError
            The run was made before they were kept.
        """
        for step, name in (("interferograms", "pairs"), ("lookup", "grid")):
            values = self.values(step, name) or {}
            if "looks" in values:
                return Looks(*values["looks"])
        raise MissingInputError(
            f"{self.output} does not say how many samples were averaged",
            hint="`fringeworks run CONFIGURATION --from interferograms` writes it anew",
        )

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pairs, YYYYMMDD_YYYYMMDD, in the order of the store."""
        formed = self.values("interferograms", "pairs") or self.values("import", "stack") or {}
        return tuple(row["pair"] for row in formed.get("pairs", []))

    @property
    def dates(self) -> tuple[date, ...]:
        """Dates of series, in the order of the store."""
        values = self.values("import", "stack")
        if values is not None:
            return tuple(date.fromisoformat(d) for d in values["dates"])
        return self.layout.dates if self.has_layout else ()

    @property
    def grid(self) -> MapGrid | None:
        """Grid of the map; None before it is settled."""
        values = self.values("lookup", "grid") or (self.values("import", "stack") or {}).get("facts")
        if not values or "transform" not in values:
            return None
        a, _, c, _, e, f = values["transform"]
        return MapGrid(values["crs"], c, f, a, e, Shape(*values["shape"]))


def open_intermediates(output: Path) -> OpenedRun:
    """Open the working store of a run, finished or not.

    Raises
    ------
    MissingInputError
        The folder is no run.
    """
    store = WorkingStore(output / "work")
    if store.identity() is None:
        raise MissingInputError(
            f"{output} is not a run: it holds no work/store.json", expected="an output folder"
        )
    return OpenedRun(output=output, store=store)


def chosen(what: str, wanted: str, known: Sequence[str]) -> int:
    """Return the index of the date, pair or burst that is meant; the only one where none is named.

    Raises
    ------
    RequestError
        It is not there, or none is named of several.
    """
    if wanted in known:
        return known.index(wanted)
    if not wanted and len(known) == 1:
        return 0
    listed = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    found = f"no {what} {wanted!r}" if wanted else f"no {what} is named"
    raise RequestError(found, expected=f"one of {listed}" if known else f"a step that has a {what}")
