"""Pairs of dates, their network, and a stack of interferograms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import DateOrderError, DuplicatePairError, ShapeMismatchError
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import Looks, MapGrid
from fringeworks.model.tally import Finding


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two dates of an interferogram, the reference strictly earlier.

    Raises
    ------
    DateOrderError
        The reference is not earlier than the secondary.
    """

    reference: date
    secondary: date

    def __post_init__(self) -> None:
        if self.reference >= self.secondary:
            raise DateOrderError(
                f"pair {self.reference:%Y%m%d}-{self.secondary:%Y%m%d}",
                expected="a reference earlier than its secondary",
                hint="swap the two dates and change the sign of the phase, or rename the file",
            )

    @property
    def days(self) -> int:
        """Days between the two dates."""
        return (self.secondary - self.reference).days

    def __str__(self) -> str:
        """Return ``YYYYMMDD_YYYYMMDD``."""
        return f"{self.reference:%Y%m%d}_{self.secondary:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class PairNetwork:
    """The dates, and which pairs of them were formed.

    Attributes
    ----------
    dates : tuple of date
        Sorted, without repeats; every date of every pair.
    pairs : tuple of Pair
        Sorted, without repeats.
    perpendicular_baseline : float64, (pair), optional
        Secondary minus reference at scene centre [m], signed as :class:`InterferogramStack` says; NaN where unknown.
    """

    dates: tuple[date, ...]
    pairs: tuple[Pair, ...]
    perpendicular_baseline: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        _check_network(self)

    @classmethod
    def of(cls, pairs: list[Pair], perpendicular_baseline: NDArray[np.float64] | None = None) -> PairNetwork:
        """Make the network of a list of pairs, in sorted order; baselines follow their pairs."""
        order = sorted(range(len(pairs)), key=lambda k: pairs[k])
        dates = sorted({d for pair in pairs for d in (pair.reference, pair.secondary)})
        baseline = (
            None if perpendicular_baseline is None else np.asarray(perpendicular_baseline, float)[order]
        )
        return cls(tuple(dates), tuple(pairs[k] for k in order), baseline)

    @property
    def years(self) -> NDArray[np.float64]:
        """Time of each date since the first [years of 365.25 days], (date)."""
        return np.array([(d - self.dates[0]).days for d in self.dates], float) / DAYS_PER_YEAR

    def endpoints(self) -> NDArray[np.int64]:
        """Return the indices of reference and secondary date of each pair, (pair, 2)."""
        index = {d: k for k, d in enumerate(self.dates)}
        rows = [(index[p.reference], index[p.secondary]) for p in self.pairs]
        return np.array(rows, np.int64).reshape(-1, 2)

    def incidence(self) -> NDArray[np.int8]:
        """Return the incidence matrix, (pair, date): -1 at the reference, +1 at the secondary."""
        matrix = np.zeros((len(self.pairs), len(self.dates)), np.int8)
        ends, rows = self.endpoints(), np.arange(len(self.pairs))
        matrix[rows, ends[:, 0]] = -1
        matrix[rows, ends[:, 1]] = 1
        return matrix

    def components(self, used: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Return the connected subset each date belongs to, (date), numbered from 0 in order of time.

        Parameters
        ----------
        used : bool, (pair), optional
            Pairs to count; all by default.
        """
        parent = list(range(len(self.dates)))

        def root(k: int) -> int:
            while parent[k] != k:
                parent[k] = parent[parent[k]]
                k = parent[k]
            return k

        for n, (i, j) in enumerate(self.endpoints()):
            if used is None or used[n]:
                a, b = sorted((root(int(i)), root(int(j))))
                parent[b] = a
        labels: dict[int, int] = {}
        return np.array([labels.setdefault(root(k), len(labels)) for k in range(len(self.dates))], np.int64)

    def select(self, used: NDArray[np.bool_]) -> PairNetwork:
        """Return the network of some of the pairs, with all dates kept."""
        baseline = self.perpendicular_baseline
        return PairNetwork(
            self.dates,
            tuple(p for p, keep in zip(self.pairs, used, strict=True) if keep),
            None if baseline is None else baseline[used],
        )


def _check_network(network: PairNetwork) -> None:
    seen: set[Pair] = set()
    for pair in network.pairs:
        if pair in seen:
            raise DuplicatePairError(f"pair {pair} is given twice", hint="remove one of the two files")
        seen.add(pair)
    baseline = network.perpendicular_baseline
    if baseline is not None and baseline.shape != (len(network.pairs),):
        raise ShapeMismatchError(
            f"{baseline.shape} baselines", expected=f"one for each of {len(network.pairs)} pairs"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """What is known of the acquisitions behind a stack; None where no input says it.

    Attributes
    ----------
    source_format : str
        Name of the reader that gave the stack.
    sign_reason : str
        Why the phase's sign is what the reader says it is.
    platforms : tuple of str
        ``S1A`` ...
    pass_direction : str
        ``ascending``, ``descending`` or empty.
    relative_orbit : int, optional
        Track number, 1 to 175.
    heading : float, optional
        Direction of flight, clockwise from north [rad].
    centre_time : str
        UTC time of day of the scene centre, ISO 8601, or empty.
    looks : Looks, optional
        Looks of the unwrapped phase.
    effective_looks : float, optional
        Independent samples behind one coherence value.
    height_datum : str
        What heights are measured from: ``ellipsoid``, ``egm96``, ``egm2008``, or empty where nobody says it.
    """

    source_format: str
    sign_reason: str
    platforms: tuple[str, ...] = ()
    pass_direction: str = ""
    relative_orbit: int | None = None
    heading: float | None = None
    centre_time: str = ""
    looks: Looks | None = None
    effective_looks: float | None = None
    title: str = ""
    licence: str = ""
    height_datum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterferogramStack:
    """Unwrapped interferograms on one map grid, as a reader gives them.

    Attributes
    ----------
    grid : MapGrid
        Grid of all rasters.
    network : PairNetwork
        Dates, pairs and baselines.
    wavelength : float
        Radar wavelength [m].
    phase : ArraySource
        float32, (pair, y, x): unwrapped phase [rad], reference times conjugate of secondary, positive = away
        from the satellite; NaN where there is no data.
    coherence : ArraySource, optional
        float32, (pair, y, x) in [0, 1]; NaN where there is no data.
    components : ArraySource, optional
        uint16, (pair, y, x): connected component of the unwrapping, 0 = none.
    height : ArraySource, optional
        float32, (y, x): height as the source gives it [m].
    incidence : ArraySource, optional
        float32, (y, x): incidence angle at the ground from the ellipsoid's normal [rad].
    los_enu : ArraySource, optional
        float32, (3, y, x): unit vector from ground to satellite (east, north, up).
    slant_range : ArraySource, optional
        float32, (y, x): one-way slant range [m].
    perpendicular_baseline : ArraySource, optional
        float32, (pair, y, x): perpendicular baseline per pixel [m], where it is known better than at the centre.
        Signed so that a scatterer that lies ``dh`` above the height used adds ``+4 pi / lambda * B dh / (R sin(incidence))``
        to the phase: positive where the secondary flies lower, or farther from the scene. The network's is signed alike.
    facts : StackFacts
        What is known of the acquisitions.
    findings : tuple of Finding
        Checks the reader made, with their outcome.
    files : tuple of str
        Every file the stack is read from, for the digest of the inputs.
    excluded : tuple of (str, str)
        Pairs that were asked for and cannot be used, as ``YYYYMMDD_YYYYMMDD``, each with the reason.
    """

    grid: MapGrid
    network: PairNetwork
    wavelength: float
    phase: ArraySource
    facts: StackFacts
    coherence: ArraySource | None = None
    components: ArraySource | None = None
    height: ArraySource | None = None
    incidence: ArraySource | None = None
    los_enu: ArraySource | None = None
    slant_range: ArraySource | None = None
    perpendicular_baseline: ArraySource | None = None
    findings: tuple[Finding, ...] = field(default=())
    files: tuple[str, ...] = field(default=())
    excluded: tuple[tuple[str, str], ...] = field(default=())
