"""Which date the others are aligned with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import OutOfRangeError, ShapeMismatchError

TIME_SCALE = 1500.0
BASELINE_SCALE = 5000.0
DOPPLER_SCALE = 300.0
"""Where expected coherence is gone: days, the critical baseline of IW [m], the azimuth bandwidth [Hz]."""
SEASON_WEIGHT = 0.2
"""Share of coherence lost half a year away from the season of a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceChoice:
    """The reference date and why it was taken.

    Attributes
    ----------
    index : int
        Which date.
    reason : str
        One sentence with the figures.
    score : float64, (date)
        Expected coherence summed over the other dates; -inf for dates that lack bursts.
    """

    index: int
    reason: str
    score: NDArray[np.float64]


def choose_reference(
    dates: Sequence[date],
    *,
    baselines: NDArray[np.float64],
    doppler: NDArray[np.float64],
    n_bursts: NDArray[np.int64],
    wanted: date | None = None,
) -> ReferenceChoice:
    """Choose the date with the highest expected coherence with all others.

    Parameters
    ----------
    dates : sequence of date
        In order.
    baselines : float64, (date)
        Perpendicular baselines from any common origin [m].
    doppler : float64, (date)
        Doppler centroids [Hz].
    n_bursts : int64, (date)
        Bursts each date holds; only dates with the most are candidates.
    wanted : date, optional
        The user's choice, taken as it is.

    Raises
    ------
    OutOfRangeError
        The wanted date is none of the dates.
    ShapeMismatchError
        The arrays differ in length.

    Notes
    -----
    Expected coherence is a product of linear losses in time, perpendicular baseline and Doppler [Zebker1992,
    Hooper2007], and of a yearly one for season.
    """
    if not len(dates) == baselines.size == doppler.size == n_bursts.size:
        raise ShapeMismatchError(
            f"{len(dates)} dates, {baselines.size} baselines, {doppler.size} centroids",
            expected="one of each for a date",
        )
    time = np.array([(d - dates[0]).days for d in dates], np.float64)
    apart = np.abs(time[:, None] - time)
    season = 1.0 - SEASON_WEIGHT * np.sin(np.pi * apart / DAYS_PER_YEAR) ** 2
    loss = season.copy()
    for difference, scale in (
        (apart, TIME_SCALE),
        (np.abs(baselines[:, None] - baselines), BASELINE_SCALE),
        (np.abs(doppler[:, None] - doppler), DOPPLER_SCALE),
    ):
        loss *= np.clip(1.0 - difference / scale, 0.0, 1.0)
    score = loss.sum(axis=1) - 1.0
    if wanted is not None:
        if wanted not in dates:
            raise OutOfRangeError(
                f"reference date {wanted.isoformat()}",
                expected=f"one of {', '.join(d.isoformat() for d in dates[:6])} ...",
            )
        return ReferenceChoice(index=list(dates).index(wanted), reason="given by the user", score=score)
    score = np.where(n_bursts == n_bursts.max(), score, -np.inf)
    best = int(np.argmax(score))
    reason = (
        f"highest expected coherence with the other {len(dates) - 1} dates by time, baseline, Doppler and season, "
        f"of {int((n_bursts == n_bursts.max()).sum())} dates with {int(n_bursts.max())} bursts"
    )
    return ReferenceChoice(index=best, reason=reason, score=score)
