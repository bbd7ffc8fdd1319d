"""A look at the inputs before anything runs: what is there, what is asked for, what fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from fringeworks.errors import ConfigurationError, MissingInputError, TooFewDataError
from fringeworks.interferometry.design import design_network
from fringeworks.io.importers import ReaderOptions, reader_named
from fringeworks.model.arrays import BoolImage
from fringeworks.model.grids import MapGrid, Window
from fringeworks.model.stack import InterferogramStack, Pair, PairNetwork
from fringeworks.model.tally import Finding
from fringeworks.workflow.area import Area, area_of
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.scenes import SceneStack, survey_scenes
from fringeworks.workflow.scenes.virtual import stack_to_be


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the inputs hold and what of it is used.

    Attributes
    ----------
    stack : InterferogramStack
        As the reader gives it, whole.
    area : Area
        Window of the stack's grid, and the pixels inside a polygon.
    grid : MapGrid
        Grid of the window.
    network : PairNetwork
        Pairs that are used.
    index : tuple of int
        Where each used pair lies in the stack.
    left_out : tuple of (str, str)
        Pairs not used, with the reason: asked for by the user, or unreadable.
    missing : tuple of (str, str)
        Inputs that were asked for and could not be used, with the reason.
    scenes : SceneStack, optional
        The images the interferograms are formed from; None for a stack of another program.
    """

    stack: InterferogramStack
    area: Area
    grid: MapGrid
    network: PairNetwork
    index: tuple[int, ...]
    left_out: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    scenes: SceneStack | None = None

    @property
    def window(self) -> Window:
        """Window of the stack's grid."""
        return self.area.window

    @property
    def inside(self) -> BoolImage | None:
        """Pixels of the window inside the polygon; None = all."""
        return self.area.inside

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Checks of the reader."""
        return self.stack.findings


def survey_inputs(config: RunConfig) -> Survey:
    """Open the inputs lazily and settle what is processed.

    Raises
    ------
    InputRefusedError
        The inputs contradict each other or cannot be read at all.
    ConfigurationError
        Dates, pairs or an area were named that the stack does not hold.
    """
    if config.inputs.slc_patterns:
        return _from_scenes(config)
    wanted = config.inputs.interferograms
    reader = reader_named(wanted.format)
    options = ReaderOptions(
        phase_sign=wanted.phase_sign, dem_datum=config.inputs.dem_datum, unreadable="exclude"
    )
    stack = reader.read(Path(wanted.path), options=options)
    if config.series.inversion.dem_error and (stack.slant_range is None or stack.incidence is None):
        raise MissingInputError(
            "series.inversion.dem_error needs slant range and incidence, which the stack does not hold",
            hint="set series.inversion.dem_error to false, or add the stack's headers",
        )
    area = area_of(config.area, stack.grid)
    used, left_out = _selection(config, stack.network)
    network = _subset(stack.network, used)
    if not network.pairs:
        raise TooFewDataError(
            "no interferogram is left", hint="look at inputs.interferograms.exclude_dates and exclude_pairs"
        )
    return Survey(
        stack=stack,
        area=area,
        grid=stack.grid.crop(area.window),
        network=network,
        index=tuple(int(k) for k in np.flatnonzero(used)),
        left_out=tuple(left_out),
        missing=stack.excluded,
    )


def _from_scenes(config: RunConfig) -> Survey:
    scenes = survey_scenes(config)
    network = _network(config, scenes)
    stack = stack_to_be(scenes, network, store=Path(config.output.directory) / "work")
    area = area_of(config.area, stack.grid)
    return Survey(
        stack=stack,
        area=area,
        grid=stack.grid.crop(area.window),
        network=stack.network,
        index=tuple(range(len(stack.network.pairs))),
        left_out=(),
        missing=scenes.missing,
        scenes=scenes,
    )


def _network(config: RunConfig, scenes: SceneStack) -> PairNetwork:
    if "pair" in config.methods:
        if len(scenes.days) != 2:
            raise ConfigurationError(
                f"method pair with {len(scenes.days)} dates", expected="two dates", hint="use method sbas"
            )
        return PairNetwork.of([Pair(*scenes.days)])
    if len(scenes.days) < 3:
        raise TooFewDataError(
            f"{len(scenes.days)} dates: {', '.join(str(d) for d in scenes.days)}",
            expected="at least three for a series: a velocity of two has no standard deviation",
            hint="add images, or take method pair",
        )
    baselines = np.array([d.baseline for d in scenes.dates])
    return design_network(scenes.days, baselines, options=config.pairs.network).network


def _selection(config: RunConfig, network: PairNetwork) -> tuple[np.ndarray, list[tuple[str, str]]]:
    dates = _dates(config.inputs.interferograms.exclude_dates, network)
    names = {str(p) for p in network.pairs}
    pairs = set()
    for text in config.inputs.interferograms.exclude_pairs:
        name = text.replace("-", "_")
        if name not in names:
            raise ConfigurationError(
                f"inputs.interferograms.exclude_pairs names {text!r}, which the stack does not hold",
                expected="pairs written YYYYMMDD_YYYYMMDD",
            )
        pairs.add(name)
    used, left_out = np.ones(len(network.pairs), bool), []
    for k, pair in enumerate(network.pairs):
        hit = _hit(pair, dates)
        if str(pair) in pairs or hit:
            used[k] = False
            left_out.append(
                (str(pair), f"date {hit} left out by the user" if hit else "left out by the user")
            )
    return used, left_out


def _hit(pair: Pair, dates: set[date]) -> str:
    return next((d.isoformat() for d in (pair.reference, pair.secondary) if d in dates), "")


def _dates(texts: tuple[str, ...], network: PairNetwork) -> set[date]:
    found = set()
    for text in texts:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise ConfigurationError(
                f"inputs.interferograms.exclude_dates holds {text!r}", expected="ISO dates such as 2018-03-07"
            ) from error
        if day not in network.dates:
            raise ConfigurationError(
                f"inputs.interferograms.exclude_dates names {text}, which the stack does not hold"
            )
        found.add(day)
    return found


def _subset(network: PairNetwork, used: np.ndarray) -> PairNetwork:
    part = network.select(used)
    dates = {d for p in part.pairs for d in (p.reference, p.secondary)}
    return replace(part, dates=tuple(d for d in part.dates if d in dates))
