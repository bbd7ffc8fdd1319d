"""What the report says of the images behind the interferograms: dates, bursts, timing, seams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError

PASS, WARN, FAIL = "pass", "warn", "fail"
USED, OUTSIDE, MISSING, EMPTY = 3, 2, 1, 0
"""States of a burst of a date: used; held but outside the area; in no product of the date; without a valid sample."""
STATE_WORDS: Final = {USED: "used", OUTSIDE: "outside the area", MISSING: "missing", EMPTY: "no valid sample"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDate:
    """One date.

    Attributes
    ----------
    day : date
        When.
    platform : str
        ``S1A`` ...
    products : tuple of str
        Products it is read from.
    orbit : str
        ``precise``, ``restituted`` or ``annotation``.
    baseline : float
        Perpendicular baseline from the reference date [m], signed as those of interferograms are.
    doppler : float
        Doppler centroid [Hz].
    n_bursts : int
        Bursts it holds.
    """

    day: date
    platform: str
    products: tuple[str, ...]
    orbit: str
    baseline: float
    doppler: float
    n_bursts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What was added to where geometry looks for the samples of a date and sub-swath.

    Attributes
    ----------
    day : date
        When.
    swath : str
        Sub-swath.
    lines, lines_sigma : float
        Along azimuth, and its sigma; NaN where not known.
    samples, samples_sigma : float
        Along range, and its sigma; NaN where not known.
    """

    day: date
    swath: str
    lines: float = math.nan
    lines_sigma: float = math.nan
    samples: float = math.nan
    samples_sigma: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Double difference of phase of one overlap and date, against the other dates.

    Attributes
    ----------
    overlap : str
        Two bursts: ``IW2 3-4``, or of two sub-swaths ``T107-228513-IW1 / T107-228513-IW2``.
    day : date
        When.
    before, after, sigma : float
        Before and after the adjustment, and sigma of the latter [rad]; NaN where not known.
    verdict : str
        ``pass``, ``warn``, ``fail``, or ``none`` where the date has no data there.
    """

    overlap: str
    day: date
    before: float
    after: float
    sigma: float
    verdict: str = "none"

    @property
    def group(self) -> str:
        """Sub-swath of two bursts, or the two sub-swaths whose boundary it is."""
        if " / " not in self.overlap:
            return self.overlap.split(" ")[0]
        return "/".join(name.split("-")[-1] for name in self.overlap.split(" / "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """What all dates of a platform share; the shifts and phases of dates hold it already.

    Attributes
    ----------
    what, platform, where : str
        Kind, platform, and sub-swath or boundary.
    value, sigma : float
        The constant and its sigma; NaN where not known.
    unit : str
        Of both.
    is_significant : bool
        Whether it exceeds its sigma so far that it is reported as such.
    n_dates : int
        Dates it rests on.
    """

    what: str
    platform: str
    where: str
    value: float
    sigma: float
    unit: str
    is_significant: bool
    n_dates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The images of a run.

    Attributes
    ----------
    dates : tuple of ImageDate
        In order of time.
    reference : int
        Index of the date all others are aligned with.
    reference_reason : str
        Why that one.
    polarisation : str
        ``VV`` ...
    looks : tuple of int
        Lines and samples averaged.
    bursts, swaths : tuple of str
        Names of the bursts by sub-swath and along the flight, and the sub-swath of each.
    states : int8, (date, burst)
        ``USED``, ``OUTSIDE``, ``MISSING`` or ``EMPTY``.
    shifts : tuple of Shift
        Timing of each date and sub-swath.
    seams : tuple of Seam
        Burst overlaps.
    limits : tuple of float
        Up to where a seam passes, and from where it fails [rad]; NaN where no limit is known.
    joins : tuple of (date, str, float)
        Phase added to each date and sub-swath so that sub-swaths meet [rad].
    boundaries : tuple of Seam
        Range overlaps of sub-swaths.
    constants : tuple of Constant
        What all dates of a platform share.
    """

    dates: tuple[ImageDate, ...]
    reference: int
    reference_reason: str
    polarisation: str
    looks: tuple[int, int]
    bursts: tuple[str, ...]
    swaths: tuple[str, ...]
    states: NDArray[np.int8]
    shifts: tuple[Shift, ...] = ()
    seams: tuple[Seam, ...] = ()
    limits: tuple[float, float] = (math.nan, math.nan)
    joins: tuple[tuple[date, str, float], ...] = ()
    boundaries: tuple[Seam, ...] = ()
    constants: tuple[Constant, ...] = ()

    def __post_init__(self) -> None:
        if self.states.shape != (len(self.dates), len(self.bursts)):
            raise ShapeMismatchError(
                f"states of bursts of shape {self.states.shape}",
                expected=f"({len(self.dates)}, {len(self.bursts)}): dates x bursts",
            )

    @property
    def days(self) -> tuple[date, ...]:
        """Dates in order."""
        return tuple(d.day for d in self.dates)
