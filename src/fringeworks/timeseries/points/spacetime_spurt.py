"""Space-time unwrapping by spurt (extra ``spacetime``): extended minimum cost flow."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MissingExtraError, SolverError, TooFewDataError
from fringeworks.timeseries.points.spacetime_assembly import assemble, find_components
from fringeworks.timeseries.points.spacetime_dates import Rows
from fringeworks.timeseries.points.spacetime_protocol import PointPhases, UnwrappedPoints

Reals: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int32]

_FEWEST_DATES: Final = 4
_TURN: Final = 2.0 * np.pi


@dataclass(frozen=True, slots=True)
class _Graph:
    """A triangulation in the words of spurt: corners counter-clockwise, arcs from the lower to the higher point."""

    points: NDArray[np.float64]
    cycles: Counts
    links: Counts

    @property
    def npoints(self) -> int:
        """Number of points."""
        return len(self.points)


@dataclass(frozen=True, slots=True)
class SpurtUnwrapper:
    """Extended minimum cost flow: every arc over pairs of dates up to three apart, then every pair over all arcs.

    Raises
    ------
    MissingExtraError
        The library is not installed.

    Notes
    -----
    spurt takes no variances and no missing phases: a missing one is filled with that of the date before, and dropped from
    the result.  A prior is taken off before and put back after.  Its pairs are put together to dates by least squares,
    and each date takes the whole cycles nearest to that.  All runs in this process, one solver after the other.
    """

    def __post_init__(self) -> None:
        if find_spec("spurt") is None:
            raise MissingExtraError(
                "space-time unwrapping method 'spurt', whose library is not installed",
                expected="the extra spacetime: pip install 'fringeworks[spacetime]'",
                hint="or choose method flow, which needs nothing more",
            )

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        return "spurt"

    @property
    def licence(self) -> str:
        """Licence of the solver."""
        return "BSD-3-Clause OR Apache-2.0"

    def unwrap(self, phases: PointPhases) -> UnwrappedPoints:
        """Unwrap a network of points.

        Raises
        ------
        TooFewDataError
            Fewer than four dates, or no triangle.
        SolverError
            The solver stopped.
        OutOfRangeError
            The reference point has no phase.
        """
        phase, edges = phases.usable(), phases.edges
        n_dates = len(phase)
        if n_dates < _FEWEST_DATES or not len(phases.triangles):
            raise TooFewDataError(
                f"{n_dates} dates and {len(phases.triangles)} triangles for spurt",
                expected=f"at least {_FEWEST_DATES} dates and one triangle",
                hint="use method flow",
            )
        prior = np.zeros_like(phase) if phases.prior is None else phases.prior
        filled = _filled(phase - prior, phases.years)
        corners = np.unique(phases.triangles)
        order = np.argsort(phases.years, kind="stable")
        try:
            dates = _dates_by_spurt(filled[np.ix_(order, corners)], _graph_of(phases, corners))
        except (RuntimeError, ValueError, AssertionError) as error:
            raise SolverError(f"spurt stopped: {error}", hint="use method flow") from error
        whole = filled.astype(np.float64)
        whole[np.ix_(order, corners)] = dates
        _hang(whole, phases, corners)
        variance = np.full(len(edges), np.nan, np.float32)
        component, seeds = find_components(
            phase, edges, np.ones(len(edges), np.bool_), variance, phases.reference_point
        )
        own = seeds[np.maximum(component - 1, 0)]
        target = (whole - whole[:, own]) + (prior - prior[:, own])
        target -= target[phases.reference]
        with np.errstate(invalid="ignore"):
            turns = np.round((target - (phase - phase[:, own])) / _TURN)
        present = np.isfinite(phase)
        rows = Rows(
            cycles=np.where(np.isfinite(turns), turns, 0).astype(np.int32),
            group=np.where(present & present[:, own], component - 1, -1 - present.astype(np.int32)).astype(
                np.int32
            ),
            residues=np.zeros(n_dates, np.int32),
            changed=np.zeros((n_dates, 2), np.int32),
            arc_changes=np.zeros(len(edges), np.int32),
        )
        return assemble(phase, rows, component, seeds, phases.years, variance)


def _filled(phase: Reals, years: NDArray[np.float64]) -> Reals:
    """Fill missing phases with those of the nearest date before, else after, else zero."""
    order = np.argsort(years, kind="stable")
    series = phase[order]
    for step in (series, series[::-1]):
        for t in range(1, len(step)):
            step[t] = np.where(np.isfinite(step[t]), step[t], step[t - 1])
    out = np.empty_like(phase)
    out[order] = np.nan_to_num(series)
    return out


def _graph_of(phases: PointPhases, corners: NDArray[np.int32]) -> _Graph:
    """Return triangles and their sides, points renumbered."""
    number = np.full(phases.phase.shape[1], -1, np.int32)
    number[corners] = np.arange(len(corners), dtype=np.int32)
    triangles = number[phases.triangles]
    sides = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    return _Graph(np.zeros((len(corners), 2)), triangles, np.unique(np.sort(sides, axis=1), axis=0))


def _dates_by_spurt(phase: Reals, graph: _Graph) -> NDArray[np.float64]:
    """Return unwrapped phases of ascending dates, (date, point) [rad], relative to the first date and point."""
    mcf: Any = import_module("spurt.mcf")
    emcf: Any = import_module("spurt.workflows.emcf")
    in_time = mcf.ORMCFSolver(import_module("spurt.graph").Hop3Graph(len(phase)))
    in_space = mcf.ORMCFSolver(graph)
    settings = emcf.SolverSettings(t_worker_count=1, s_worker_count=1)
    solver = emcf.Solver(in_space, in_time, settings)
    phasor = np.exp(1j * phase).astype(np.complex64)
    journal: Any = import_module("spurt.utils").logger
    words = {"input_is_ifg": False}
    before = journal.level
    journal.setLevel("WARNING")  # it tells of every batch on the standard error stream
    try:
        gradients = solver.unwrap_gradients_in_time(phasor, **words)
    finally:
        journal.setLevel(before)
    cost = np.ones(len(graph.links), np.int64)
    pairs = np.empty((len(gradients), phase.shape[1]))
    for row, gradient in enumerate(gradients):
        flows = in_space.residues_to_flows(in_space.compute_residues_from_gradients(gradient), cost)
        pairs[row] = mcf.utils.flood_fill(gradient, in_space.edges, flows, mode="gradients")
    links = np.asarray(in_time.edges)
    design = np.zeros((len(links), len(phase)))
    design[np.arange(len(links)), links[:, 1]] = 1.0
    design[np.arange(len(links)), links[:, 0]] = -1.0
    dates = np.zeros(phase.shape)
    dates[1:] = np.linalg.lstsq(design[:, 1:], pairs, rcond=None)[0]
    return dates


def _hang(whole: NDArray[np.float64], phases: PointPhases, corners: NDArray[np.int32]) -> None:
    """Place points that are no corner beside the corner on which they hang."""
    is_corner = np.zeros(whole.shape[1], np.bool_)
    is_corner[corners] = True
    hanging = phases.edges[~is_corner[phases.edges].all(axis=1)]
    for low, high in hanging:
        corner, point = (low, high) if is_corner[low] else (high, low)
        step = whole[:, point] - whole[:, corner]
        whole[:, point] -= _TURN * np.round(step / _TURN)
