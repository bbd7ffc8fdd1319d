"""From whole cycles row by row to the unwrapped phases of components with their reference points."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fringeworks.errors import OutOfRangeError
from fringeworks.model.tally import Tally
from fringeworks.timeseries.points.spacetime_dates import Rows
from fringeworks.timeseries.points.spacetime_islands import place_islands
from fringeworks.timeseries.points.spacetime_protocol import PLACED, UNPLACED, UnwrappedPoints

Reals: TypeAlias = NDArray[np.float32]
Counts: TypeAlias = NDArray[np.int32]


def find_components(
    phase: Reals, edges: Counts, used: NDArray[np.bool_], variance: Reals, wanted: int | None
) -> tuple[Counts, NDArray[np.int64]]:
    """Return the component of each point, and the reference point of each component.

    Parameters
    ----------
    phase : float32, (date, point)
        NaN where missing.
    edges : int32, (edge, 2)
        Arcs.
    used : bool, (edge,)
        Arcs that join.
    variance : float32, (edge,)
        Of the arcs [rad2].
    wanted : int, optional
        Reference point that is asked for.

    Returns
    -------
    component : int32, (point,)
        From 1, the largest first; 0 = without phase at any date.
    references : int64, (component,)
        The wanted point, or the one with the most dates and, of these, the least mean variance of its arcs.

    Raises
    ------
    OutOfRangeError
        The wanted point does not exist or has no phase.
    """
    n_points = phase.shape[1]
    n_dates = np.isfinite(phase).sum(axis=0)
    alive = n_dates > 0
    if wanted is not None and not (0 <= wanted < n_points and alive[wanted]):
        raise OutOfRangeError(
            f"reference point {wanted}",
            expected=f"a point with phase, 0 to {n_points - 1}",
            hint="choose another",
        )
    kept = edges[used & alive[edges].all(axis=1)]
    links = coo_array((np.ones(len(kept), np.int8), (kept[:, 0], kept[:, 1])), shape=(n_points, n_points))
    _, label = connected_components(links, directed=False)
    label = np.where(alive, label, -1)
    names, first, sizes = np.unique(label[alive], return_index=True, return_counts=True)
    ranked = names[np.lexsort((first, -sizes))]
    component = np.zeros(n_points, np.int32)
    total = np.bincount(edges.ravel(), weights=np.repeat(variance, 2), minlength=n_points)
    noise = total / np.maximum(np.bincount(edges.ravel(), minlength=n_points), 1)
    best = np.lexsort((np.arange(n_points), noise, -n_dates))
    rank = np.empty(n_points, np.int64)
    rank[best] = np.arange(n_points)
    if wanted is not None:
        rank[wanted] = -1
    number = np.zeros(int(label.max(initial=0)) + 2, np.int32)
    number[ranked] = np.arange(1, len(ranked) + 1)
    component[alive] = number[label[alive]]
    order = np.lexsort((rank, component))
    _, place = np.unique(component[order], return_index=True)
    seeds = order[place]
    return component, seeds[component[seeds] > 0].astype(np.int64)


def assemble(
    phase: Reals,
    rows: Rows,
    component: Counts,
    seeds: NDArray[np.int64],
    years: NDArray[np.float64],
    arc_std: Reals,
) -> UnwrappedPoints:
    """Subtract the reference points, add the cycles, place islands, and count.

    Parameters
    ----------
    phase : float32, (date, point)
        Wrapped [rad]; NaN where missing.
    rows : Rows
        Whole cycles relative to the reference points.
    component, seeds
        As :func:`find_components` returns them.
    years : float64, (date,)
        Time of the dates [yr].
    arc_std : float32, (edge,)
        To be handed on [rad].

    Returns
    -------
    UnwrappedPoints
    """
    present = np.isfinite(phase)
    flags = np.zeros(phase.shape, np.uint8)
    own = seeds[np.maximum(component - 1, 0)] if len(seeds) else np.zeros(len(component), np.int64)
    unwrapped = (phase - phase[:, own] if len(seeds) else phase) + np.float32(2.0 * np.pi) * rows.cycles
    unwrapped = unwrapped.astype(np.float32)
    away = present & (rows.group != component - 1)
    flags[away] = UNPLACED
    if away.any():
        placed = place_islands(unwrapped, away, rows.group, years)
        flags[placed] = PLACED
        unwrapped[away & ~placed] = np.nan
    lost = int(np.count_nonzero(present & ~np.isfinite(unwrapped)))
    tally = Tally(
        "phases",
        phase.size,
        int(np.count_nonzero(np.isfinite(unwrapped))),
        {"missing": int(np.count_nonzero(~present)), "without a way to the reference": lost},
    )
    return UnwrappedPoints(
        phase=unwrapped,
        component=component,
        references=seeds,
        flags=flags,
        arc_std=arc_std,
        arc_changes=rows.arc_changes,
        residues=rows.residues,
        changed=rows.changed[:, 0],
        reviewed=np.zeros(len(phase), np.int32),
        tally=tally,
    )
