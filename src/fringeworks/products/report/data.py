"""What the report is made from: plain values, small arrays, and sources that are read window by window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.results import Reference
from fringeworks.model.stack import Pair, PairNetwork, StackFacts
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report.images import Images
from fringeworks.products.report.scatterers import ScattererFacts

USED, DOWN_WEIGHTED, EXCLUDED = "used", "down-weighted", "excluded"
APPLIED, NOT_APPLIED = "applied", "not applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSummary:
    """What became of one interferogram.

    Attributes
    ----------
    pair : Pair
        Its two dates.
    verdict : str
        ``used``, ``down-weighted`` or ``excluded``.
    reason : str
        Why, where it is not simply used.
    coherence : float
        Mean coherence; NaN where unknown.
    residual_rms : float
        Of the network inversion [rad]; NaN where it was not used.
    rejected_fraction : float
        Share of its pixels that the robust iteration rejected; NaN where unknown.
    """

    pair: Pair
    verdict: str = USED
    reason: str = ""
    coherence: float = math.nan
    residual_rms: float = math.nan
    rejected_fraction: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class TripletSummary:
    """How three interferograms of three dates close.

    Attributes
    ----------
    dates : tuple of date
        Three dates in order.
    n_pixels : int
        Pixels with all three phases.
    mean, std : float
        Of the closure [rad]; NaN without pixels.
    cycle_fraction : float
        Fraction of the pixels that close on whole cycles other than zero.
    """

    dates: tuple[date, date, date]
    n_pixels: int
    mean: float
    std: float
    cycle_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Something asked for that is not in the products.

    Attributes
    ----------
    kind : str
        ``date``, ``file``, ``burst`` ... (pairs are in ``ReportData.pairs``).
    name : str
        Which one.
    reason : str
        Why.
    """

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionSummary:
    """A correction, applied or not.

    Attributes
    ----------
    name : str
        ``troposphere (height-dependent)``, ``solid earth tides`` ...
    state : str
        ``applied`` or ``not applied``.
    text : str
        What was done, or what leaving it out means.
    """

    name: str
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyFigure:
    """One figure of accuracy against a known truth.

    Attributes
    ----------
    name : str
        What was measured.
    value : float
        The figure.
    unit : str
        Its unit, empty for pure numbers.
    expected : str
        What it should be.
    passed : bool, optional
        Whether it is; None where nothing is promised.
    """

    name: str
    value: float
    unit: str = ""
    expected: str = ""
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything the report says.

    Attributes
    ----------
    title : str
        Name of the area or the run.
    grid : MapGrid
        Grid of all layers.
    dates : tuple of date
        One for each band of ``displacement``.
    layers : mapping of str to ArraySource
        By layer-table names, in the units of the published files. ``velocity`` (y, x) and ``displacement``
        (date, y, x) are needed; read too, where they are there: ``velocity_std``, ``temporal_coherence``,
        ``recommended_mask``, ``displacement_std``, ``misclosure_rms`` and the closure layers. All others appear in the glossary.
    network : PairNetwork
        Every interferogram that was found, excluded ones included, and their baselines.
    pairs : tuple of PairSummary
        One for each pair of the network.
    facts : StackFacts
        What is known of the acquisitions.
    wavelength : float
        Radar wavelength [m].
    reference : Reference, optional
        Where and when the series is zero.
    date_residuals : float64, (date), optional
        Root mean square of the residuals at each date [rad]; NaN where unknown.
    triplets : tuple of TripletSummary
        Closure.
    excluded : tuple of Exclusion
        What else was left out, and why.
    corrections : tuple of CorrectionSummary
        Applied or not.
    findings : tuple of Finding
        Checks of the input and notes of the steps.
    tallies : tuple of Tally
        What the steps considered, used and rejected.
    model_terms : tuple of str
        Temporal terms fitted besides the straight line.
    accuracy : tuple of AccuracyFigure
        Against a known truth, where there is one.
    truth_velocity : ArraySource, optional
        Known velocity, (y, x) [m/yr], relative to the same reference.
    configuration : str
        Resolved configuration as YAML.
    config_hash : str
        Its digest.
    versions : mapping of str to str
        Of the program and its libraries.
    citations : tuple of str
        Further works to cite, complete references.
    images : Images, optional
        The images behind the interferograms, where the run started from them.
    unwrapping : tuple of (str, str)
        Facts of the unwrapping by name, where it was done here.
    scatterers : ScattererFacts, optional
        Points, arcs and covariance, where scatterers were processed.
    """

    title: str
    grid: MapGrid
    dates: tuple[date, ...]
    layers: Mapping[str, ArraySource]
    network: PairNetwork
    pairs: tuple[PairSummary, ...]
    facts: StackFacts
    wavelength: float
    reference: Reference | None = None
    date_residuals: NDArray[np.float64] | None = None
    triplets: tuple[TripletSummary, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    corrections: tuple[CorrectionSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    tallies: tuple[Tally, ...] = ()
    model_terms: tuple[str, ...] = ()
    accuracy: tuple[AccuracyFigure, ...] = ()
    truth_velocity: ArraySource | None = None
    configuration: str = ""
    config_hash: str = ""
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    citations: tuple[str, ...] = ()
    images: Images | None = None
    unwrapping: tuple[tuple[str, str], ...] = ()
    scatterers: ScattererFacts | None = None

    def __post_init__(self) -> None:
        _check(self)


def _check(data: ReportData) -> None:
    for name in ("velocity", "displacement"):
        if name not in data.layers:
            raise OutOfRangeError(f"no layer {name} for the report", expected="velocity and displacement")
    wanted = (len(data.dates), *data.grid.shape)
    if tuple(data.layers["displacement"].shape) != wanted:
        raise ShapeMismatchError(
            f"displacement of shape {tuple(data.layers['displacement'].shape)}", expected=f"{wanted}"
        )
    if tuple(p.pair for p in data.pairs) != data.network.pairs:
        raise ShapeMismatchError(
            f"{len(data.pairs)} summaries of pairs",
            expected=f"one for each of {len(data.network.pairs)}, in order",
        )
    if data.date_residuals is not None and data.date_residuals.shape != (len(data.dates),):
        raise ShapeMismatchError(
            f"{data.date_residuals.shape} residuals of dates", expected=f"({len(data.dates)},)"
        )
