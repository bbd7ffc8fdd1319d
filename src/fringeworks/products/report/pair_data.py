"""What the page of one interferogram is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.stack import Pair, StackFacts
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report.data import Exclusion
from fringeworks.products.report.images import Images


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappingSummary:
    """How the whole cycles of an interferogram were found.

    Attributes
    ----------
    method : str
        Name of the unwrapper; empty where not recorded.
    licence : str
        Of its solver.
    n_components : int
        Regions unwrapped by themselves; -1 where not recorded.
    n_bridges, n_bridges_considered : int
        Regions placed against a neighbour, and pairs of regions looked at.
    """

    method: str = ""
    licence: str = ""
    n_components: int = -1
    n_bridges: int = 0
    n_bridges_considered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReportData:
    """Everything the page of one interferogram says.

    Attributes
    ----------
    title : str
        Name of the area or the run.
    pair : Pair
        Its two dates.
    grid : MapGrid
        Grid of all layers.
    layers : mapping of str to ArraySource, (y, x)
        By layer-table names, in the units of the published files. ``wrapped`` and ``coherence`` are needed; drawn too,
        where they are there: ``filtered``, ``displacement``, ``amplitude``, ``connected_components``.
    facts : StackFacts
        What is known of the acquisitions.
    wavelength : float
        Radar wavelength [m].
    baseline : float
        Perpendicular baseline, secondary from reference [m]; NaN where unknown.
    slant_range, incidence : float
        At the middle of the map [m], [rad]; NaN where unknown.
    coherence_window : tuple of int
        Lines and samples a coherence value rests on; zeros where not recorded.
    effective_looks : float
        Independent samples of it; NaN where not recorded.
    images : Images, optional
        The two images and their alignment.
    unwrapping : UnwrappingSummary
        How the whole cycles were found.
    excluded : tuple of Exclusion
        What was left out, and why.
    findings : tuple of Finding
        Checks of the input and notes of the steps.
    tallies : tuple of Tally
        What the steps considered, used and rejected.
    configuration, config_hash : str
        Resolved configuration as YAML, and its digest.
    versions : mapping of str to str
        Of the program and its libraries.
    """

    title: str
    pair: Pair
    grid: MapGrid
    layers: Mapping[str, ArraySource]
    facts: StackFacts
    wavelength: float
    baseline: float = math.nan
    slant_range: float = math.nan
    incidence: float = math.nan
    coherence_window: tuple[int, int] = (0, 0)
    effective_looks: float = math.nan
    images: Images | None = None
    unwrapping: UnwrappingSummary = field(default_factory=UnwrappingSummary)
    excluded: tuple[Exclusion, ...] = ()
    findings: tuple[Finding, ...] = ()
    tallies: tuple[Tally, ...] = ()
    configuration: str = ""
    config_hash: str = ""
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in ("wrapped", "coherence"):
            if name not in self.layers:
                raise OutOfRangeError(f"no layer {name} for the page", expected="wrapped and coherence")
        for name, layer in self.layers.items():
            if tuple(layer.shape[-2:]) != tuple(self.grid.shape):
                raise ShapeMismatchError(
                    f"layer {name} of shape {tuple(layer.shape)}", expected=f"{tuple(self.grid.shape)}"
                )

    @property
    def height_of_ambiguity(self) -> float:
        """Height that turns the phase by one cycle [m]; NaN where geometry is not known.

        wavelength R sin(incidence) / (2 perpendicular baseline) [Hanssen2001, section 2.4].
        """
        if not abs(self.baseline) > 0:
            return math.nan
        return abs(self.wavelength * self.slant_range * math.sin(self.incidence) / (2.0 * self.baseline))
