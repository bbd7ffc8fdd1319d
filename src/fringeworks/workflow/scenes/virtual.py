"""The stack of interferograms that the images will give: known by shape now, readable once the map step is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.geometry.baseline import as_height_sensitivity
from fringeworks.io.store import WorkingStore
from fringeworks.model.stack import InterferogramStack, PairNetwork, StackFacts
from fringeworks.model.tally import Finding
from fringeworks.workflow.scenes.stack import SceneStack

MAP_STEP = "geocode"
"""Step whose arrays the stack reads."""
BASELINE_CELL = 64
"""Map pixels between nodes at which baselines of dates are kept: they change by less than a millimetre between."""


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array of a step, opened when it is sliced (an ArraySource)."""

    store: str
    step: str
    name: str
    shape: tuple[int, ...]
    kind: str = "float32"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return np.dtype(self.kind)

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Read a basic slice."""
        return np.asarray(WorkingStore(Path(self.store)).step(self.step).array(self.name)[key])


@dataclass(frozen=True, slots=True)
class PairBaselines:
    """Perpendicular baselines of pairs on the map, interpolated from nodes (an ArraySource).

    Attributes
    ----------
    nodes : StoredArray
        float32, (date, node row, node column): of each date from the reference date [m], signed as
        :mod:`fringeworks.geometry.baseline` says.
    endpoints : tuple of (int, int)
        Reference and secondary date of each pair.
    shape : tuple of int
        (pair, y, x).
    """

    nodes: StoredArray
    endpoints: tuple[tuple[int, int], ...]
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    def __getitem__(self, key: Any, /) -> NDArray[np.float32]:
        """Give the baselines of one pair in a window of rows and columns, signed as the stack's."""
        pair, rows, cols = key
        first, second = self.endpoints[int(pair)]
        nodes = self.nodes[:]
        apart = as_height_sensitivity(nodes[second].astype(np.float64) - nodes[first])
        row = np.arange(*rows.indices(self.shape[1])) / BASELINE_CELL
        col = np.arange(*cols.indices(self.shape[2])) / BASELINE_CELL
        r = np.minimum(row.astype(np.int64), apart.shape[0] - 2)
        c = np.minimum(col.astype(np.int64), apart.shape[1] - 2)
        fr, fc = (row - r)[:, None], (col - c)[None]
        top = apart[r][:, c] * (1.0 - fc) + apart[r][:, c + 1] * fc
        low = apart[r + 1][:, c] * (1.0 - fc) + apart[r + 1][:, c + 1] * fc
        return np.asarray(top * (1.0 - fr) + low * fr, np.float32)


def baseline_nodes(shape: tuple[int, int]) -> tuple[int, int]:
    """Return how many nodes of baselines a map has, at least two each way."""
    return (shape[0] - 1) // BASELINE_CELL + 2, (shape[1] - 1) // BASELINE_CELL + 2


def stack_to_be(scenes: SceneStack, network: PairNetwork, *, store: Path) -> InterferogramStack:
    """Return the stack as the back of the chain wants it; its arrays can be read once the map step is done.

    Parameters
    ----------
    scenes : SceneStack
        The images.
    network : PairNetwork
        Pairs to be formed.
    store : Path
        The working store.
    """
    rows, cols = scenes.grid.shape
    n_pairs = len(network.pairs)
    days = {d.day: k for k, d in enumerate(scenes.dates)}
    ends = tuple((days[p.reference], days[p.secondary]) for p in network.pairs)
    apart = [scenes.dates[b].baseline - scenes.dates[a].baseline for a, b in ends]

    def stored(name: str, n: int = 0, kind: str = "float32") -> StoredArray:
        shape = (n, rows, cols) if n else (rows, cols)
        return StoredArray(str(store), MAP_STEP, name, shape, kind)

    nodes = StoredArray(str(store), MAP_STEP, "baseline", (len(scenes.dates), *baseline_nodes((rows, cols))))
    return InterferogramStack(
        grid=scenes.grid,
        network=replace(network, perpendicular_baseline=as_height_sensitivity(np.array(apart))),
        wavelength=scenes.wavelength,
        phase=stored("phase", n_pairs),
        coherence=stored("coherence", n_pairs),
        components=stored("components", n_pairs, "uint16"),
        height=stored("height"),
        incidence=stored("incidence"),
        los_enu=stored("los_enu", 3),
        slant_range=stored("slant_range"),
        perpendicular_baseline=PairBaselines(nodes, ends, (n_pairs, rows, cols)),
        facts=_facts(scenes),
        findings=(*scenes.findings, Finding("ok", "reference date", _reference_text(scenes))),
        files=tuple(scenes.files),
        excluded=(),
    )


def _reference_text(scenes: SceneStack) -> str:
    return f"images are aligned with {scenes.dates[scenes.reference].day}: {scenes.reference_reason}"


def _facts(scenes: SceneStack) -> StackFacts:
    looks = scenes.looks
    return StackFacts(
        source_format="sentinel-1 slc",
        sign_reason="formed here: reference times conjugate of secondary, positive = away from the satellite",
        platforms=tuple(sorted({d.platform for d in scenes.dates})),
        pass_direction=scenes.pass_direction,
        relative_orbit=scenes.track,
        heading=scenes.heading,
        centre_time=scenes.centre_time,
        looks=looks,
        effective_looks=max(looks.azimuth * looks.range * scenes.effective_share, 1.0),
        title=f"Sentinel-1 track {scenes.track} {scenes.pass_direction}",
        licence="Copernicus Sentinel data, free and open (see the terms of the Copernicus programme)",
        height_datum="ellipsoid",
    )
